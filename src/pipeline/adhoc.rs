//! Rules that come with a request, compiled: once for all who ask the same, and at most [`MAX_ADHOC_CHAINS`] kept.
//!
//! Compiling computes (patterns), so it runs on the workers like all computing.

use moka::future::Cache;
use moka::policy::EvictionPolicy;

use super::error::{Error, RulesError};
use super::workers::Workers;
use crate::base::limits::MAX_ADHOC_CHAINS;
use crate::cache::Key;
use crate::rules::parameters::Parameters;
use crate::rules::{BuildContext, Chain};

/// The chains kept.
pub(super) struct Adhoc(Cache<Key, Chain>);

impl Adhoc {
    pub(super) fn new() -> Adhoc {
        Adhoc(Cache::builder().max_capacity(MAX_ADHOC_CHAINS).eviction_policy(EvictionPolicy::lru()).build())
    }

    /// What `parameters` ask for, compiled.
    pub(super) async fn chain(
        &self,
        parameters: &Parameters,
        context: BuildContext,
        workers: &Workers,
    ) -> Result<Chain, RulesError> {
        if parameters.is_empty() {
            return Ok(Chain::empty());
        }
        let list = parameters.list(&context.sets)?;
        let mut hasher = blake3::Hasher::new();
        list.items.iter().for_each(|item| item.digest(&mut hasher));
        let key = Key::of(&[hasher.finalize().as_bytes()]);
        if let Some(chain) = self.0.get(&key).await {
            return Ok(chain);
        }
        let build = move || Chain::build(&list, &context);
        let built = workers.run(build).await.map_err(Error::from)?;
        let chain = built.map_err(|problems| parameters.blame(&problems))?;
        self.0.insert(key, chain.clone()).await;
        Ok(chain)
    }
}
