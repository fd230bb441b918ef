//! `refeed opml`: a subscription list into the configuration, and the list of its feeds out.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::load::{ConfigArg, load};
use super::names::Names;
use super::{Failure, terminal};
use crate::base::clock::Clock;
use crate::base::limits::MAX_BODY;
use crate::base::url::Url;
use crate::config::value::{key, quoted};
use crate::config::{Config, RuleList, Source, read_capped};
use crate::emit::opml::{self, Outline};
use crate::feed::charset;
use crate::pipeline::Pipeline;
use crate::rules;

const EXAMPLES: &str = "\
Examples:
  refeed opml import subscriptions.opml              as TOML, to look at
  refeed opml import --use zh-tw,weserv subs.opml    with rule sets for each feed
  refeed opml import --write subscriptions.opml      added to refeed.toml
  refeed opml export > refeed.opml                   all feeds, through this proxy

The server has the same list at /opml, with the titles that the feeds themselves have.";

/// Read a subscription list into the configuration, or write the list of its feeds
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// A list as a reader exports it, as TOML for the configuration
    Import {
        #[command(flatten)]
        config: ConfigArg,

        /// Names of rule sets for each feed, with commas between
        #[arg(long = "use", value_name = "NAME,…")]
        sets: Option<String>,

        /// Add the feeds to the configuration instead of printing them
        #[arg(long)]
        write: bool,

        /// The list, or - for standard input
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// The list of all feeds of the configuration, for readers to import
    Export {
        #[command(flatten)]
        config: ConfigArg,

        /// Where readers reach this proxy [default: server.public_url, else http:// and server.listen]
        #[arg(long, value_name = "URL")]
        base: Option<Url>,
    },
}

pub(super) fn run(args: Args) -> Result<(), Failure> {
    match args.what {
        What::Import { config, sets, write, file } => import(config.path_or_default(), sets.as_deref(), write, &file),
        What::Export { config, base } => export(&config.path_or_default(), base),
    }
}

fn export(path: &Path, base: Option<Url>) -> Result<(), Failure> {
    let mut config = load(path)?;
    let listen = config.server.listen.to_string();
    config.server.public_url = base.or(config.server.public_url);
    let pipeline = Pipeline::from_config(&config, Clock::system())?;
    let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(Failure::failed)?;
    terminal::print(runtime.block_on(pipeline.opml(&listen)).map_err(Failure::failed)?.as_bytes())
}

fn import(path: PathBuf, sets: Option<&str>, write: bool, file: &Path) -> Result<(), Failure> {
    let list = sets.map(|names| RuleList::names("--use", names));
    if let Some(problems) =
        list.as_ref().map(|list| rules::check(list, &std::sync::Arc::default())).filter(|p| !p.is_empty())
    {
        return Err(problems.into());
    }
    let bytes = read_capped(file, MAX_BODY, None).map_err(Failure::failed)?;
    let outlines = opml::read(&charset::decode(&bytes, None).text);
    if outlines.is_empty() {
        return Err(Failure::Failed(format!("{}: no feeds (outlines with `xmlUrl`) are in it", file.display())));
    }
    let old = if path.exists() { Some(load(&path)?) } else { None };
    let Imported { toml, added, notes } = imported(&outlines, old.as_ref(), sets);
    for note in &notes {
        let _ = writeln!(std::io::stderr(), "note: {note}");
    }
    if !write {
        return terminal::print(toml.as_bytes());
    }
    let before = if path.exists() { Config::read(&path)?.text.clone() } else { String::new() };
    let gap = if before.is_empty() || before.ends_with("\n\n") { "" } else { "\n" };
    let after = format!("{before}{gap}{toml}");
    Config::parse(&Source::new(path.display().to_string(), after.clone()), rules::check)?; // never a file that is refused
    replace(&path, &after).map_err(|error| Failure::Failed(format!("cannot write {}: {error}", path.display())))?;
    let plural = if added == 1 { "feed" } else { "feeds" };
    let _ = writeln!(std::io::stderr(), "{}: {added} {plural} added", path.display());
    Ok(())
}

/// A file is replaced in one step: it is the old one or the new one, whatever happens.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let waiting = folder.join(format!(".{}.new", path.file_name().unwrap_or_default().display()));
    let mut file = std::fs::File::create(&waiting)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    if let Ok(old) = std::fs::metadata(path) {
        file.set_permissions(old.permissions())?;
    }
    std::fs::rename(&waiting, path)
}

/// What became of a list.
struct Imported {
    toml: String,
    added: usize,
    notes: Vec<String>,
}

fn imported(outlines: &[Outline], old: Option<&Config>, sets: Option<&str>) -> Imported {
    let mut names = Names::with(old.iter().flat_map(|old| old.feeds.keys().map(|name| &**name)));
    let mut urls: BTreeSet<String> =
        old.iter().flat_map(|old| old.feeds.values().map(|feed| feed.url.to_string())).collect();
    let mut done = Imported { toml: String::new(), added: 0, notes: Vec::new() };
    let rules: Vec<String> = sets.into_iter().flat_map(|sets| sets.split(',')).map(|set| quoted(set.trim())).collect();
    for outline in outlines {
        let url = web_address(&outline.url);
        let Some(url) = url else {
            done.notes.push(format!("{}: not an address of the web, left out", outline.url));
            continue;
        };
        if !urls.insert(url.clone()) {
            done.notes.push(format!("{url}: is there already, left out"));
            continue;
        }
        let name = names.make(&outline.title, &url);
        let out = &mut done.toml;
        let gap = if out.is_empty() { "" } else { "\n" };
        let _ = writeln!(out, "{gap}[feeds.{}]\nurl = {}", key(&name), quoted(&url));
        if !outline.title.is_empty() {
            let _ = writeln!(out, "title = {}", shown(&outline.title));
        }
        if let Some(page) = outline.page.as_deref().and_then(web_address) {
            let _ = writeln!(out, "page = {}", quoted(&page));
        }
        let folders: Vec<_> = outline.folders.iter().map(|name| name.replace('/', "／")).collect();
        if !folders.is_empty() {
            let _ = writeln!(out, "folder = {}", shown(&folders.join("/")));
        }
        if !rules.is_empty() {
            let _ = writeln!(out, "rules = [{}]", rules.join(", "));
        }
        done.added += 1;
    }
    done
}

/// The address as it is written, if it can be fetched; `feed:` stands for `http:`.
fn web_address(text: &str) -> Option<String> {
    let text = text.trim();
    let text = match text.strip_prefix("feed:") {
        Some(rest) if rest.starts_with("//") => format!("http:{rest}"),
        Some(rest) => rest.to_owned(),
        None => text.to_owned(),
    };
    let url = Url::parse(&text).ok()?;
    let plain = url.username().is_empty() && url.password().is_none();
    (matches!(url.scheme(), "http" | "https") && plain).then_some(text)
}

/// Text that is shown to people, as a string of TOML: on one line.
fn shown(text: &str) -> String {
    quoted(&text.replace(char::is_control, " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_imported_is_a_configuration_whatever_the_titles_hold() {
        let outline = |title: &str, url: &str, folder: &str| Outline {
            title: title.into(),
            url: url.into(),
            page: Some("https://p.example/".into()),
            folders: vec![folder.into()],
        };
        let list = [
            outline("A \"quoted\" \\ title\u{7}", "https://a.example/?x=\"1\"", "News/Asia"),
            outline("A", "https://b.example/", "x"),
            outline("a", "feed://c.example/", "x"),
            outline("twice", "https://b.example/", "x"),
            outline("file", "file:///etc/passwd", "x"),
        ];
        let made = imported(&list, None, Some("zh-tw, weserv"));
        let config = Config::parse(&Source::new("made", made.toml.clone()), rules::check).unwrap();
        assert_eq!((made.added, made.notes.len()), (3, 2));
        assert_eq!(config.feeds.keys().map(|name| &**name).collect::<Vec<_>>(), ["a", "a-2", "a-quoted-title"]);
        assert_eq!(&*config.feeds["a-2"].url, "http://c.example/");
        assert_eq!(config.feeds["a-quoted-title"].settings.folder.as_deref(), Some("News／Asia"));
        let again = imported(&list, Some(&config), None);
        assert_eq!(again.added, 0, "{}", again.toml);
    }
}
