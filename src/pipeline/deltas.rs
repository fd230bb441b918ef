//! RFC 3229 for feeds: which revision of its archive a document showed that a reader has, so that it gets only what came since.
//!
//! The tags of the last documents are remembered per feed and form, on disk too: they are the same after a restart.

use std::sync::{Arc, Mutex, PoisonError};

use std::collections::HashMap;

use bytes::Bytes;

use super::Pipeline;
use super::ask::{Ask, Haste, Route, Served, Window};
use super::error::Failure;
use crate::base::limits::{MAX_HELD_FAILURES, TAGS_REMEMBERED};
use crate::cache::disk::{Disk, Kind, Record};
use crate::cache::{Answer, Key};

/// The form of what [`Kind::Archive`] keeps.
const VERSION: u8 = 1;

/// Tags and the revisions that they stand for, the newest last.
type Known = Vec<(String, u64)>;

/// The tags of all archived feeds and forms. Clones share them.
#[derive(Clone)]
pub(super) struct Tags {
    disk: Disk,
    known: Arc<Mutex<HashMap<Key, Known>>>,
}

impl Tags {
    pub(super) fn new(disk: Disk) -> Tags {
        Tags { disk, known: Arc::default() }
    }

    /// The document of `answer` shows `revision`.
    pub(super) async fn remember(&self, route: &Route, answer: &Answer, revision: u64) {
        let tag = base(answer.content.etag(None).to_str().unwrap_or_default()).to_owned();
        let mut known = self.of(&route.answer).await;
        if known.last() == Some(&(tag.clone(), revision)) {
            return;
        }
        known.retain(|(other, _)| *other != tag);
        known.push((tag, revision));
        known.drain(..known.len().saturating_sub(TAGS_REMEMBERED));
        self.disk.store(Kind::Archive, route.answer, &route.label, Record::new(VERSION, &known, Bytes::new()));
        let mut all = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() as u64 >= MAX_HELD_FAILURES {
            all.clear(); // the disk has them
        }
        all.insert(route.answer, known);
    }

    async fn of(&self, key: &Key) -> Known {
        let here = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned();
        match here {
            Some(known) => known,
            None => {
                self.disk.load(Kind::Archive, key).await.and_then(|record| record.meta(VERSION)).unwrap_or_default()
            }
        }
    }
}

impl Pipeline {
    /// What came after the newest document that a reader has of the tags it names, and the tag of that document as it was named;
    /// none where that is not known.
    pub async fn delta<'t>(
        &self,
        served: &Served,
        ask: &Ask<'_>,
        tags: &[&'t str],
    ) -> Result<Option<(Served, &'t str)>, Failure> {
        let known = self.0.tags.of(&served.key).await;
        let named = |tag: &str| tags.iter().find(|named| base(named) == tag).copied();
        let newest = known.iter().rev().find_map(|(tag, revision)| Some((named(tag)?, *revision)));
        let Some((tag, revision)) = newest else { return Ok(None) };
        let ask = Ask { window: Window::After(revision), ..ask.clone() };
        let delta = self.answer_of(self.route(&ask)?, None, Haste::AtOnce).await?;
        Ok(Some((delta, tag)))
    }
}

/// A tag without its quotes, weakness and encoding: what names the document.
fn base(tag: &str) -> &str {
    let tag = tag.trim().trim_start_matches("W/").trim_matches('"');
    tag.split('-').next().unwrap_or(tag)
}
