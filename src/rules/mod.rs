//! STAND-IN of the serve branch: rules that append their own text as a comment.
#![allow(missing_docs)]
use crate::base::clock::Time;
use crate::base::url::Url;
use crate::config::{Problems, RuleList};
use crate::feed::Feed;

#[derive(Debug, thiserror::Error)]
#[error("rule failed")]
pub struct RuleError;
pub struct Context {
    pub now: Time,
    pub feed_url: Option<Url>,
}
#[derive(Default)]
pub struct BuildContext {}
#[derive(Debug, Clone, Default)]
pub struct Chain(String);
impl Chain {
    pub fn empty() -> Chain {
        Chain::default()
    }
    pub fn build(list: &RuleList, _cx: &BuildContext) -> Result<Chain, Problems> {
        Ok(Chain(list.0.clone()))
    }
    pub fn hash(&self) -> blake3::Hash {
        blake3::hash(self.0.as_bytes())
    }
    pub fn apply(&self, feed: &mut Feed, _context: &Context) -> Result<(), RuleError> {
        if !self.0.is_empty() {
            feed.0 += &format!("<!-- {} -->", self.0);
        }
        Ok(())
    }
}
