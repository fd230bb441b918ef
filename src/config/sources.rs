//! `sources` of a feed: several feeds that are served as one.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use serde::Deserialize;

use super::archive::Archive;
use super::decode::decode;
use super::load::{Check, parse_origin, yes};
use super::problem::{Report, Span};
use super::rule_list::RuleList;
use super::schema::{Feed, Merge, Origin, Source, SourceFeed, Undated};
use super::shared::Around;
use super::suggest;
use super::together::Forbidden;
use super::value::{Data, Value};
use crate::base::limits::MAX_SOURCES;

/// A source in its long form, without its rules.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Table {
    url: Option<toml::Spanned<String>>,
    feed: Option<toml::Spanned<String>>,
    name: Option<String>,
    limit: Option<NonZeroUsize>,
    /// Taken out before; stands here to be among the known keys.
    #[serde(default, rename = "rules")]
    _rules: Option<()>,
}

/// The feeds that sources name, with the places.
pub(super) type References = Vec<(Span, String)>;

/// Reads the value of `sources`.
pub(super) fn read(
    value: Value,
    check: Check<'_>,
    forbidden: &mut Forbidden<'_>,
    references: &mut References,
    report: &mut Report,
) -> Option<Vec<Source>> {
    let (found, span) = (value.kind(), value.span);
    let Data::Array(items) = value.data else {
        report.error(span, format!("expected an array of sources, found {found}")).help(HELP);
        return None;
    };
    if items.is_empty() || items.len() > MAX_SOURCES {
        let message = format!("{} sources; 1 to {MAX_SOURCES} can be merged", items.len());
        report.error(span, message).help(HELP);
        return None;
    }
    let count = items.len();
    let read: Vec<Source> =
        items.into_iter().filter_map(|item| source(item, check, forbidden, references, report)).collect();
    (read.len() == count).then_some(read)
}

const HELP: &str =
    "write `[\"https://example.org/feed\", \"voa\", { feed = \"notes\", limit = 5 }]`: URLs and names of feeds";

fn source(
    mut item: Value,
    check: Check<'_>,
    forbidden: &mut Forbidden<'_>,
    references: &mut References,
    report: &mut Report,
) -> Option<Source> {
    if let Data::String(text) = &item.data {
        let feed = from_text(text, &item.span, forbidden, references, report)?;
        return Some(Source { feed, name: None, limit: None, rules: RuleList::empty() });
    }
    let rules = match item.take("rules") {
        Some(entry) => RuleList::from_value(entry.value, report)?,
        None => RuleList::empty(),
    };
    report.extend(check(&rules));
    let found = item.kind();
    if !matches!(item.data, Data::Table(_)) {
        report.error(item.span, format!("expected a source, found {found}")).help(HELP);
        return None;
    }
    let table: Table = decode(&item, report)?;
    let feed = match (&table.url, &table.feed) {
        (Some(url), None) => from_url(url.get_ref(), &url.span(), forbidden, report)?,
        (None, Some(feed)) => {
            references.push((feed.span(), feed.get_ref().clone()));
            SourceFeed::Named(feed.get_ref().clone())
        }
        _ => {
            report.error(item.span, "a source has either `url` or `feed`").help(HELP);
            return None;
        }
    };
    Some(Source { feed, name: table.name, limit: table.limit.map(NonZeroUsize::get), rules })
}

/// A URL, or the name of a feed: no URL lacks a colon.
fn from_text(
    text: &str,
    span: &Span,
    forbidden: &mut Forbidden<'_>,
    references: &mut References,
    report: &mut Report,
) -> Option<SourceFeed> {
    if text.contains("://") {
        return from_url(text, span, forbidden, report);
    }
    references.push((span.clone(), text.to_owned()));
    Some(SourceFeed::Named(text.to_owned()))
}

fn from_url(text: &str, span: &Span, forbidden: &mut Forbidden<'_>, report: &mut Report) -> Option<SourceFeed> {
    match parse_origin(text) {
        Ok(origin) => {
            forbidden.check_port(&origin, span);
            Some(SourceFeed::Url { url: text.to_owned(), origin })
        }
        Err(message) => {
            report.error(span.clone(), message);
            None
        }
    }
}

/// Sources name feeds that there are, and that are no merged ones themselves.
pub(super) fn check_references(references: &References, feeds: &BTreeMap<Arc<str>, Feed>, report: &mut Report) {
    for (span, name) in references {
        match feeds.get(name.as_str()).map(|feed| &*feed.origin) {
            Some(Origin::Merge(_)) => {
                let message = format!("`{name}` is merged of sources itself");
                report.error(span.clone(), message).help(format!("write the sources of `{name}` here"));
            }
            Some(_) => {}
            None => {
                let help = format!(
                    "{}; a URL begins with `https://`",
                    suggest::advice(name, feeds.keys().map(|name| &**name))
                );
                report.error(span.clone(), format!("there is no feed `{name}`")).help(help);
            }
        }
    }
}

/// What a merged feed says beside its sources.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Plain {
    pub title: Option<String>,
    #[serde(default)]
    source_in_title: bool,
    #[serde(default = "yes")]
    inherit: bool,
    pub(super) archive: Option<Archive>,
    pub(super) undated: Option<Undated>,
    #[serde(default, rename = "rules")]
    _rules: Option<()>,
    #[serde(default, rename = "sources")]
    _sources: Option<()>,
    #[serde(default, rename = "page")]
    _page: Option<()>,
    #[serde(default, rename = "folder")]
    _folder: Option<()>,
    #[serde(default, rename = "templates")]
    _templates: Option<()>,
}

impl Plain {
    /// With the sources; those that are no feed of the configuration have the rules `around` every feed's, too.
    pub(super) fn with(self, mut sources: Vec<Source>, around: &Around) -> Merge {
        let is_url = |source: &&mut Source| matches!(source.feed, SourceFeed::Url { .. });
        for source in sources.iter_mut().filter(|source| self.inherit && is_url(source)) {
            source.rules = around.put(std::mem::replace(&mut source.rules, RuleList::empty()));
        }
        Merge { title: self.title, source_in_title: self.source_in_title, sources }
    }
}
