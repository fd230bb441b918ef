//! What `refeed serve` serves without a configuration: a small feed of our own through four rules, without a network.

use std::sync::Arc;

use super::Failure;
use crate::config::{Config, Origin, Source};
use crate::rules;

const FEED: &str = include_str!("demo.xml");
const CONFIG: &str = include_str!("demo.toml");

/// The defaults, and the feed `demo`, whose document is part of the program.
pub(super) fn config() -> Result<Config, Failure> {
    let mut config = Config::parse(&Source::new("the built-in demo.toml", CONFIG), rules::check)?;
    for feed in config.feeds.values_mut() {
        if let Some(url) = feed.origin.base().cloned() {
            feed.origin = Arc::new(Origin::Embedded { body: FEED, url });
        }
    }
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::{BuildContext, Chain};

    #[test]
    fn the_demo_is_one_sound_feed_of_our_own() {
        let config = config().unwrap();
        let chain = Chain::build(&config.feeds["demo"].rules, &BuildContext::default()).unwrap();
        assert_eq!(chain.names().collect::<Vec<_>>(), ["drop", "opencc", "links", "images"]);
        assert!(matches!(*config.feeds["demo"].origin, Origin::Embedded { .. }));
    }
}
