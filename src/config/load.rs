//! From a file to a [`Config`]: the file, the environment, the parsing. All problems are found in one go; those that take more than
//! one key to see are `together`'s.
//!
//! The only place that reads the process's environment. `${VAR}` in a file is not expanded. A file larger than
//! [`MAX_CONFIG`] is refused.

use std::collections::{BTreeMap, HashSet};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use super::archive::Archive;
use super::decode::decode;
use super::fields::{self, has_credentials, parse_url};
use super::name;
use super::problem::{Problems, Report, Source};
use super::rule_list::RuleList;
use super::schema::{Config, Feed, Origin, Refresh, Relative, Settings, Templates, Times, Undated};
use super::shared::{self, Around, Set, SetTable};
use super::shown::{self, TemplateFiles};
use super::sources::{self, References};
use super::suggest;
use super::together::{self, Forbidden};
use super::value::{Data, Entry, Value};
use crate::base::limits::MAX_CONFIG;
use crate::base::text::{human_size, line_column};

/// Why there is no configuration. The operator is to blame for each.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {path}: {error}")]
    Read {
        /// The file as it was named.
        path: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// The file is longer than the caller wants.
    #[error("{path} is larger than {}{}", human_size(*.limit), key.map(|key| format!(", the limit that `{key}` sets")).unwrap_or_default())]
    TooLarge {
        /// The file as it was named.
        path: String,
        /// The limit, in bytes.
        limit: usize,
        /// The key that changes it, if there is one.
        key: Option<&'static str>,
    },
    /// TOML is UTF-8.
    #[error("{path} is not UTF-8: line {line} holds other bytes")]
    NotUtf8 {
        /// The file as it was named.
        path: String,
        /// The first line with such bytes.
        line: usize,
    },
    /// What the file says is wrong.
    #[error("{0}")]
    Problems(#[from] Problems),
}

/// An environment variable, if it is set, not empty, and UTF-8.
#[allow(clippy::disallowed_methods)] // the one place that may
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The configuration file to use: the one that was asked for, or the one that `REFEED_CONFIG` names.
pub fn path(asked: Option<PathBuf>) -> Option<PathBuf> {
    asked.or_else(|| environment("REFEED_CONFIG").map(PathBuf::from))
}

/// The platform's place for what a program keeps: systemd's `StateDirectory`, else the user's own; none for a user without
/// a home.
pub fn data_directory() -> Option<PathBuf> {
    let absolute = |name| environment(name).map(PathBuf::from).filter(|path| path.is_absolute());
    // systemd: several are parted by colons, the first is the unit's own
    let systemd = environment("STATE_DIRECTORY").and_then(|list| Some(PathBuf::from(list.split(':').next()?)));
    let home = if cfg!(target_os = "macos") { "Library/Application Support" } else { ".local/share" };
    systemd
        .filter(|path| path.is_absolute())
        .or_else(|| Some(absolute("XDG_DATA_HOME").or_else(|| Some(absolute("HOME")?.join(home)))?.join("refeed")))
}

/// The bytes of a file (or of standard input, where it is `-`), at most `limit` of them; `key` is what changes the
/// limit. Blocks.
pub fn read_capped(path: &Path, limit: usize, key: Option<&'static str>) -> Result<Vec<u8>, ConfigError> {
    let named = || if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() };
    let failed = |error| ConfigError::Read { path: named(), error };
    let (input, size): (Box<dyn Read>, u64) = match path == Path::new("-") {
        true => (Box::new(std::io::stdin().lock()), 0),
        false => {
            let file = std::fs::File::open(path).map_err(failed)?;
            let size = file.metadata().map_err(failed)?.len();
            (Box::new(file), size)
        }
    };
    let mut bytes = Vec::with_capacity(limit.min(usize::try_from(size).unwrap_or(limit)));
    let read = input.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    if read > limit {
        return Err(ConfigError::TooLarge { path: named(), limit, key });
    }
    Ok(bytes)
}

impl Config {
    /// The file as a source, not yet understood.
    pub fn read(path: &Path) -> Result<Arc<Source>, ConfigError> {
        let bytes = read_capped(path, MAX_CONFIG, None)?;
        let named = path.display().to_string();
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Source::new(named, text)),
            Err(error) => {
                let good = String::from_utf8_lossy(&error.as_bytes()[..error.utf8_error().valid_up_to()]).into_owned();
                Err(ConfigError::NotUtf8 { path: named, line: line_column(&good, good.len()).0 })
            }
        }
    }

    /// The configuration in `path`, or every problem of it; `check` as for [`Config::parse`].
    pub fn load(path: &Path, check: impl FnMut(&RuleList, &Arc<SetTable>) -> Problems) -> Result<Config, ConfigError> {
        Ok(Config::parse(&Config::read(path)?, check)?)
    }

    /// The configuration in `source`, or every problem of it. `check` is asked for the problems of each list of rules,
    /// because what rules mean is not known here, and given the rule sets of the configuration; that of a feed which is wrong otherwise is checked too.
    pub fn parse(
        source: &Arc<Source>,
        mut check: impl FnMut(&RuleList, &Arc<SetTable>) -> Problems,
    ) -> Result<Config, Problems> {
        let mut report = Report::new(source);
        let config = match Value::document(&mut report) {
            Some(document) => understand(document, &mut check, &mut report),
            None => Config::default(),
        };
        report.finish().or(config)
    }
}

const TABLES: [&str; 8] = ["server", "fetch", "cache", "templates", "feeds", "rules", "sets", "sites"];

pub(super) type Check<'a> = &'a mut dyn FnMut(&RuleList) -> Problems;

fn understand(
    mut document: Value,
    check: &mut dyn FnMut(&RuleList, &Arc<SetTable>) -> Problems,
    report: &mut Report,
) -> Config {
    let mut part = |key: &str| document.take(key).map(|entry| entry.value);
    let (server, fetch, cache_table, feeds) = (part("server"), part("fetch"), part("cache"), part("feeds"));
    let templates = part("templates");
    let (around, sets, sites) = (part("rules"), part("sets"), part("sites"));
    if let Data::Table(strangers) = &document.data {
        for Entry { key, key_span, .. } in strangers {
            report.error(key_span.clone(), format!("unknown table `{key}`")).help(suggest::advice(key, TABLES));
        }
    }
    let mut table = |value: Option<Value>| {
        value.map(|value| shared::table(value, ("rule sets", "[sets.NAME]"), shared::set_name, Set::read, report))
    };
    let sets: Arc<SetTable> = Arc::new(table(sets).unwrap_or_default());
    for name in sets.keys() {
        report.extend(check(&RuleList::names(&report.source().name, name), &sets));
    }
    let mut sound = HashSet::new();
    let check: Check<'_> = &mut |list| {
        let digest = list.digest(); // many feeds have the rules of others
        let problems = if sound.contains(&digest) { Problems::default() } else { check(list, &sets) };
        if problems.is_empty() {
            sound.insert(digest);
        }
        problems
    };
    let around = around.map(|value| Around::read(value, check, report)).unwrap_or_default();
    let sites = sites.map(|value| {
        let read = |value, report: &mut Report| shared::site_rules(value, check, report).map(|list| around.put(list));
        shared::table(value, ("sites", "[sites.\"example.org\"]"), shared::site_name, read, report)
    });
    let templates = section::<TemplateFiles>(templates.as_ref(), report).read(report);
    let fetch = section(fetch.as_ref(), report);
    let cache = section(cache_table.as_ref(), report);
    let mut forbidden = Forbidden::new(&fetch, &cache, report);
    let every = Every { around: &around, templates: &templates };
    let feeds = feeds.map(|value| read_feeds(value, every, check, &mut forbidden, report));
    let forbidden = forbidden.told();
    let config = Config {
        server: section(server.as_ref(), report),
        fetch,
        cache,
        feeds: feeds.unwrap_or_default(),
        sites: sites.unwrap_or_default(),
        sets: Arc::clone(&sets),
        around,
    };
    if report.count() == 0 {
        together::check(&config, server.as_ref(), cache_table.as_ref(), report);
        report.extend(forbidden);
    }
    config
}

fn section<T: Default + serde::de::DeserializeOwned>(value: Option<&Value>, report: &mut Report) -> T {
    value.and_then(|value| decode(value, report)).unwrap_or_default()
}

/// A `[feeds.NAME]` without its rules.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Plain {
    url: toml::Spanned<String>,
    #[serde(default)]
    relative: Relative,
    archive: Option<Archive>,
    undated: Option<Undated>,
    #[serde(default = "yes")]
    inherit: bool,
    #[serde(default, deserialize_with = "fields::maybe_ttl")]
    default_ttl: Option<Duration>,
    #[serde(default, deserialize_with = "fields::maybe_ttl")]
    min_ttl: Option<Duration>,
    #[serde(default, deserialize_with = "fields::maybe_ttl")]
    max_ttl: Option<Duration>,
    #[serde(default, deserialize_with = "fields::maybe_ttl")]
    stale_while_revalidate: Option<Duration>,
    #[serde(default, deserialize_with = "fields::maybe_ttl")]
    stale_if_error: Option<Duration>,
    #[serde(default, deserialize_with = "fields::refresh")]
    refresh: Refresh,
    title: Option<String>,
    /// Taken out before; stands here to be among the known keys.
    #[serde(default, rename = "rules")]
    _rules: Option<()>,
    #[serde(default, rename = "page")]
    _page: Option<()>,
    #[serde(default, rename = "folder")]
    _folder: Option<()>,
    #[serde(default, rename = "templates")]
    _templates: Option<()>,
}

pub(super) fn yes() -> bool {
    true
}

/// What holds for every feed.
#[derive(Clone, Copy)]
struct Every<'a> {
    around: &'a Around,
    templates: &'a Templates,
}

fn read_feeds(
    value: Value,
    Every { around, templates }: Every<'_>,
    check: Check<'_>,
    forbidden: &mut Forbidden<'_>,
    report: &mut Report,
) -> BTreeMap<Arc<str>, Feed> {
    let named = |name: &str| name::check(name).map_err(|message| format!("{message}\n{}", name::ADVICE));
    let mut references = References::new();
    let mut last = Arc::<Settings>::default();
    let read = |mut value: Value, report: &mut Report| {
        let shown = shown::take(&mut value, report);
        let mut feed = match value.get("sources") {
            Some(_) => read_merged(value, around, check, forbidden, &mut references, report),
            None => read_feed(value, around, check, forbidden, report),
        }?;
        shown.put(feed.settings_mut(), templates, report);
        if feed.settings != last {
            last = Arc::clone(&feed.settings);
        }
        feed.settings = Arc::clone(&last); // where it sets what the one before does, one of both
        Some(feed)
    };
    let mut feeds = shared::table(value, ("feeds", "[feeds.NAME]"), named, read, report);
    for (name, feed) in &mut feeds {
        if matches!(*feed.origin, Origin::Merge(_)) {
            feed.url = format!("refeed:{name}").into(); // which no URL of another feed can be
        }
    }
    sources::check_references(&references, &feeds, report);
    feeds
}

fn take_rules(value: &mut Value, check: Check<'_>, report: &mut Report) -> Option<RuleList> {
    let rules = match value.take("rules") {
        Some(entry) => RuleList::from_value(entry.value, report)?,
        None => RuleList::empty(),
    };
    report.extend(check(&rules));
    Some(rules)
}

/// A feed that is made of others. The rules around every feed's come once, at its sources.
fn read_merged(
    mut value: Value,
    around: &Around,
    check: Check<'_>,
    forbidden: &mut Forbidden<'_>,
    references: &mut References,
    report: &mut Report,
) -> Option<Feed> {
    let rules = take_rules(&mut value, check, report);
    if let Some(entry) = value.take("url") {
        report.error(entry.key_span, "a feed has either `url` or `sources`").help("list the URL among the sources");
    }
    let sources = sources::read(value.take("sources")?.value, check, forbidden, references, report);
    let plain: sources::Plain = decode(&value, report)?;
    let (title, archive, undated) = (plain.title.clone(), plain.archive, plain.undated);
    let origin = Origin::Merge(Box::new(plain.with(sources?, around)));
    let settings = Settings { relative: Relative::Keep, title, archive, undated, ..Settings::default() };
    Some(Feed { settings: settings.into(), ..Feed::new("", origin, rules?) })
}

fn read_feed(
    mut value: Value,
    around: &Around,
    check: Check<'_>,
    forbidden: &mut Forbidden<'_>,
    report: &mut Report,
) -> Option<Feed> {
    let rules = take_rules(&mut value, check, report);
    let plain: Plain = decode(&value, report)?;
    let origin = match parse_origin(plain.url.get_ref()) {
        Ok(origin) => {
            forbidden.check_port(&origin, &plain.url.span());
            Some(origin)
        }
        Err(message) => {
            report.error(plain.url.span(), message);
            None
        }
    };
    let Plain { url, default_ttl, min_ttl, max_ttl, stale_while_revalidate, stale_if_error, .. } = plain;
    let Plain { refresh, relative, archive, undated, title, inherit, .. } = plain;
    let times = Times { default_ttl, min_ttl, max_ttl, stale_while_revalidate, stale_if_error };
    let own = ["min_ttl", "max_ttl", "default_ttl"].into_iter().find_map(|key| value.get(key));
    if let Some(own) = own {
        forbidden.check_times(&times, &own.span);
        if matches!(refresh, Refresh::Every(_)) {
            let message = "`refresh` and a `…_ttl` both say for how long the feed is fresh";
            report.error(own.span.clone(), message).help("leave one of the two out");
        }
    }
    let rules = if inherit { around.put(rules?) } else { rules? };
    let settings = Settings { relative, archive, undated, title, times, refresh, ..Settings::default() };
    Some(Feed { settings: settings.into(), ..Feed::new(url.into_inner(), origin?, rules) })
}

/// Where a configured `url` leads.
pub(super) fn parse_origin(text: &str) -> Result<Origin, String> {
    let url = parse_url(text, &["https", "http", "file"])?;
    if has_credentials(&url) {
        return Err("a user name or password in a URL is not accepted\nleave them out of the URL".to_owned());
    }
    if url.scheme() != "file" {
        return Ok(Origin::Http(url));
    }
    url.to_file_path()
        .map(Origin::File)
        .map_err(|()| "not a file of this machine\nwrite `file:///path/to/feed.xml`, with three slashes".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_file_means_the_defaults() {
        let config = Config::parse(&Source::new("empty", ""), |_, _| Problems::default()).unwrap();
        assert_eq!(config.server.listen.to_string(), "127.0.0.1:4600");
        assert_eq!(config.fetch.max_body, 32 * 1024 * 1024);
        assert_eq!(config.cache.min_ttl.as_secs(), 300);
        assert!(config.feeds.is_empty());
    }

    #[test]
    fn a_file_url_is_an_origin_without_a_base() {
        let origin = parse_origin("file:///tmp/a%20b.xml").unwrap();
        assert_eq!(origin, Origin::File("/tmp/a b.xml".into()));
        assert_eq!(origin.base(), None);
        assert!(parse_origin("file://host/x").is_err());
        assert!(parse_origin("ftp://example.org/").is_err());
        assert!(parse_origin("example.org/feed").is_err());
    }

    #[test]
    fn a_file_beyond_the_cap_is_refused_unread() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("big");
        std::fs::write(&path, "12345").unwrap();
        assert_eq!(read_capped(&path, 5, None).unwrap(), b"12345");
        let error = read_capped(&path, 4, Some("fetch.max_body")).unwrap_err().to_string();
        assert!(error.contains("larger than 4 B, the limit that `fetch.max_body` sets"), "{error}");
    }

    #[test]
    fn bytes_that_are_not_utf8_are_named_by_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("refeed.toml");
        std::fs::write(&path, b"[server]\n# caf\xe9\n").unwrap();
        assert!(Config::load(&path, |_, _| Problems::default()).unwrap_err().to_string().contains("line 2"));
    }
}
