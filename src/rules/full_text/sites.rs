//! The sites whose articles refeed knows: the rule sets of `rules/sites/`, found by the host of a page.
//!
//! Each says `hosts = [...]`; its first `full_text` is how its pages are read by the rule elsewhere, and using the set by
//! name does all that it says.

use std::sync::LazyLock;

use super::{Config, FullText};
use crate::base::url::Url;
use crate::config::value::Data;
use crate::config::{Report, decode::decode};
use crate::rules::sets::{Set, Sets};
use crate::rules::{Build, Kind};

struct Site {
    hosts: Vec<String>,
    rule: FullText,
}

static SITES: LazyLock<Vec<Site>> = LazyLock::new(|| Sets::embedded().iter().filter_map(|set| site(&set)).collect());

fn site(set: &Set) -> Option<Site> {
    let mut report = Report::new(&set.source());
    let (rules, hosts) = set.read(&mut report).filter(|(_, hosts)| !hosts.is_empty())?;
    let mut given = Report::new(&set.source());
    let rules = rules.fill(None, &mut given, &mut report);
    let settings = rules.iter().find_map(|rule| match &rule.data {
        Data::Table(entries) => entries.iter().find(|entry| entry.key == Kind::full_text.name()),
        _ => None,
    })?;
    let rule = decode::<Config>(&settings.value, &mut report)?.build(&mut report)?;
    Some(Site { hosts, rule: FullText { of_site: true, ..rule } })
}

/// How a page at `url` is read, if refeed knows the site.
pub(super) fn of(url: &Url) -> Option<&'static FullText> {
    let host = url.host_str()?;
    let meant = |pattern: &String| match pattern.strip_prefix("*.") {
        Some(domain) => host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')),
        None => host == pattern,
    };
    SITES.iter().find(|site| site.hosts.iter().any(meant)).map(|site| &site.rule)
}
