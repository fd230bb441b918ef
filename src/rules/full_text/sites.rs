//! The sites whose articles refeed knows, found by the host of a page: those of the configuration (`[sites."HOST"]`, each for all
//! below its host too), then the rule sets of `rules/sites/`, which say `hosts = [...]`.
//!
//! The first `full_text` of their rules that says where the text stands is how their pages are read by the rule elsewhere.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::{Config, FullText};
use crate::base::url::Url;
use crate::config::value::Data;
use crate::config::{Report, RuleList, Value, decode::decode};
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
    Some(Site { hosts, rule: rule(&rules, &mut report)?.1 })
}

/// The rule that says how a site's pages are read, and its settings.
fn rule(rules: &[Value], report: &mut Report) -> Option<(Value, FullText)> {
    let mut tables = rules.iter().filter_map(|rule| match &rule.data {
        Data::Table(entries) => entries.iter().find(|entry| entry.key == Kind::full_text.name()),
        _ => None,
    });
    tables.find_map(|entry| {
        let settings = Kind::full_text.long_form(&entry.value, report)?;
        let rule = decode::<Config>(&settings, report)?.build(report)?;
        rule.knows_its_site().then_some((settings, FullText { of_site: true, ..rule }))
    })
}

/// How the pages of the configuration's sites are read.
#[derive(Debug)]
pub struct OwnSites {
    by_host: BTreeMap<String, FullText>,
    hash: blake3::Hash,
}

impl Default for OwnSites {
    fn default() -> OwnSites {
        OwnSites::of(&BTreeMap::new())
    }
}

impl OwnSites {
    /// Those of `[sites]`: rules by host. What is wrong with them was said when they were loaded.
    pub fn of(sites: &BTreeMap<String, RuleList>) -> OwnSites {
        let (mut by_host, mut hasher) = (BTreeMap::new(), blake3::Hasher::new());
        for (host, list) in sites {
            let Some((settings, rule)) = rule(&list.items, &mut Report::new(&list.source)) else { continue };
            hasher.update(host.as_bytes()).update(&[0]);
            settings.digest(&mut hasher);
            by_host.insert(host.clone(), rule);
        }
        OwnSites { by_host, hash: hasher.finalize() }
    }

    /// What tells them from others.
    pub fn hash(&self) -> blake3::Hash {
        self.hash
    }

    /// How a page at `url` is read: as its host says, or the nearest one above it.
    pub(super) fn rule(&self, url: &Url) -> Option<&FullText> {
        let mut host = Some(url.host_str()?);
        while let Some(name) = host {
            if let Some(rule) = self.by_host.get(name) {
                return Some(rule);
            }
            host = name.split_once('.').map(|(_, above)| above);
        }
        None
    }
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
