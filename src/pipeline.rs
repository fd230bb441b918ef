//! (stand-in) The order of the work, as far as the command line needs it.

use std::collections::BTreeMap;

use crate::base::clock::Clock;
use crate::base::url::Url;
use crate::config::{Config, ConfigError, Origin, Problems, Relative, read_capped};
use crate::feed::Feed;
use crate::rules::{BuildContext, Chain, Context, RuleError};

/// What came in.
#[derive(Debug)]
pub struct Input {
    /// The body, decompressed.
    pub bytes: Vec<u8>,
    /// The `Content-Type` that it came with.
    pub content_type: Option<String>,
    /// The address that it came from, after redirects.
    pub url: Option<Url>,
}

/// What goes out.
#[derive(Debug)]
pub struct Output {
    /// The document, UTF-8.
    pub body: String,
}

/// Why nothing goes out.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// A file of the configuration.
    #[error(transparent)]
    File(#[from] ConfigError),
    /// A rule gave up.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// Not a feed.
    #[error(transparent)]
    Feed(#[from] crate::feed::FeedError),
    /// Not yet.
    #[error("fetching is not built yet: {0}")]
    Fetch(Url),
}

/// Feeds with their rules.
#[derive(Debug)]
pub struct Pipeline {
    config: Config,
    chains: BTreeMap<String, Chain>,
    clock: Clock,
}

impl Pipeline {
    /// The configured feeds, or every problem of their rules.
    pub fn from_config(config: &Config, clock: Clock) -> Result<Pipeline, Problems> {
        let mut chains = BTreeMap::new();
        for (name, feed) in &config.feeds {
            chains.insert(name.clone(), Chain::build(&feed.rules, &BuildContext::default())?);
        }
        Ok(Pipeline { config: config.clone(), chains, clock })
    }

    /// The rules of a configured feed.
    pub fn chain(&self, name: &str) -> Option<&Chain> {
        self.chains.get(name)
    }

    /// Gets a feed from where it is.
    pub async fn fetch(&self, origin: &Origin) -> Result<Input, PipelineError> {
        let bytes = match origin {
            Origin::Http(url) => return Err(PipelineError::Fetch(url.clone())),
            Origin::File(path) => read_capped(path, self.config.fetch.max_body, Some("fetch.max_body"))?,
            Origin::Embedded { body, .. } => body.as_bytes().to_vec(),
        };
        Ok(Input { bytes, content_type: None, url: origin.base().cloned() })
    }

    /// Decodes, parses, applies the rules, emits.
    pub fn run(&self, input: Input, chain: &Chain, _relative: Relative) -> Result<Output, PipelineError> {
        let mut feed = Feed::read(&input.bytes, input.content_type.as_deref(), input.url.as_ref())?;
        chain.apply(&mut feed, &Context { now: self.clock.now(), feed_url: input.url })?;
        Ok(Output { body: feed.into_string() })
    }
}
