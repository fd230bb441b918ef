//! Rules that come with a request, compiled: once for all who ask the same, and at most [`MAX_ADHOC_CHAINS`] kept.
//!
//! Compiling computes (patterns), so it runs on the workers like all computing.

use std::sync::Arc;

use moka::future::Cache;
use moka::policy::EvictionPolicy;

use super::error::{Error, RulesError};
use super::workers::Workers;
use crate::base::limits::MAX_ADHOC_CHAINS;
use crate::cache::Key;
use crate::rules::parameters::Parameters;
use crate::rules::{BuildContext, Chain};

/// The chains kept, and what they are built with.
pub(super) struct Adhoc {
    chains: Cache<Key, Chain>,
    context: Arc<BuildContext>,
}

impl Adhoc {
    pub(super) fn new(context: BuildContext) -> Adhoc {
        let chains = Cache::builder().max_capacity(MAX_ADHOC_CHAINS).eviction_policy(EvictionPolicy::lru()).build();
        Adhoc { chains, context: Arc::new(context) }
    }

    /// What `parameters` ask for, compiled.
    pub(super) async fn chain(&self, parameters: &Parameters, workers: &Workers) -> Result<Chain, RulesError> {
        if parameters.is_empty() {
            return Ok(Chain::empty());
        }
        let list = parameters.list(&self.context.sets)?;
        let mut hasher = blake3::Hasher::new();
        list.items.iter().for_each(|item| item.digest(&mut hasher));
        let key = Key::of(&[hasher.finalize().as_bytes()]);
        if let Some(chain) = self.chains.get(&key).await {
            return Ok(chain);
        }
        let context = Arc::clone(&self.context);
        let build = move || Chain::build(&list, &context);
        let built = workers.run(build).await.map_err(Error::from)?;
        let chain = built.map_err(|problems| parameters.blame(&problems))?;
        self.chains.insert(key, chain.clone()).await;
        Ok(chain)
    }
}
