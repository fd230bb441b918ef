//! The rules of sites, for feeds that are asked for through refeed as an HTTP proxy.

use std::collections::BTreeMap;

use crate::base::url::Url;
use crate::config::{Config, Problems, RuleList};
use crate::rules::{BuildContext, Chain};

/// The chains of all sites.
pub(super) struct Sites {
    by_host: BTreeMap<String, Chain>,
    others: Chain,
}

impl Sites {
    /// Those of `config`; other hosts have the rules around every feed's.
    pub(super) fn new(config: &Config, context: &BuildContext) -> Result<Sites, Problems> {
        let built = config.sites.iter().map(|(host, list)| Ok((host.clone(), Chain::build(list, context)?)));
        let by_host = built.collect::<Result<_, Problems>>()?;
        Ok(Sites { by_host, others: Chain::build(&config.around.put(RuleList::empty()), context)? })
    }

    /// The rules for what is at `url`: those of its host, or of the nearest host above it.
    pub(super) fn chain(&self, url: &Url) -> &Chain {
        let mut host = url.host_str().unwrap_or_default();
        loop {
            match (self.by_host.get(host), host.split_once('.')) {
                (Some(chain), _) => return chain,
                (None, Some((_, above))) => host = above,
                (None, None) => return &self.others,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Source;
    use crate::rules;

    #[test]
    fn the_nearest_host_counts() {
        let text = "[rules]\nbefore = [{ dedupe = 'link' }]\n[sites.'example.org']\nrules = [{ limit = 1 }]\n\
                    [sites.'news.example.org']\nrules = [{ sort = 'newest' }]\n";
        let config = Config::parse(&Source::new("t", text), rules::check).unwrap();
        let sites = Sites::new(&config, &BuildContext::default()).unwrap();
        for (url, expected) in [
            ("http://example.org/f", &["dedupe", "limit"][..]),
            ("http://a.b.example.org/", &["dedupe", "limit"]),
            ("http://x.news.example.org:8080/", &["dedupe", "sort"]),
            ("http://example.com/", &["dedupe"]),
            ("http://notexample.org/", &["dedupe"]),
            ("http://[::1]/", &["dedupe"]),
        ] {
            assert_eq!(sites.chain(&Url::parse(url).unwrap()).names().collect::<Vec<_>>(), expected, "{url}");
        }
    }
}
