//! The memory store: what was fetched and what was made of it, together within `cache.memory` bytes.
//!
//! The two are entries of their own, so that any number of rule sets over one URL cost one fetch. Freshness is judged by
//! whoever asks, with the injected clock; a stale entry stays until its room is needed, because the next answer is
//! compared with it. The least recently asked goes first, and what was just fetched always comes in: leaving it out
//! would send the next reader upstream again. So a body heavier than the whole store displaces everything else; a store of
//! no bytes holds nothing.

use std::sync::Arc;

use moka::future::Cache;
use moka::ops::compute::Op;
use moka::policy::EvictionPolicy;
use serde::{Deserialize, Serialize};

use super::answer::Answer;
use super::fetched::Fetched;
use crate::base::limits;

/// Name of an entry or of a piece of work: 128 bits of BLAKE3 over what identifies it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Key([u8; 16]);

impl Key {
    /// The key of `parts`; the parts' bounds count (`["ab", "c"]` is not `["a", "bc"]`).
    pub fn of(parts: &[&[u8]]) -> Key {
        let mut hasher = blake3::Hasher::new();
        for part in parts {
            hasher.update(&(part.len() as u64).to_le_bytes()).update(part);
        }
        let mut key = [0; 16];
        hasher.finalize_xof().fill(&mut key);
        Key(key)
    }

    /// The key whose bytes these are.
    pub fn from_bytes(bytes: [u8; 16]) -> Key {
        Key(bytes)
    }

    /// As a store writes it.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The name of another entry or piece of work about the same thing.
    pub fn of_kind(&self, kind: &[u8]) -> Key {
        Key::of(&[kind, &self.0])
    }

    /// The first half, where the chance of two alike in 2^64 is small enough.
    pub fn short(&self) -> u64 {
        u64::from_le_bytes(*self.0.first_chunk().unwrap_or(&[0; 8]))
    }

    /// A number that is the key's own, evenly spread over all keys: what happens to many at once need not happen to all of
    /// them in the same second.
    pub fn spread(&self) -> u8 {
        self.0[0]
    }
}

impl AsRef<[u8]> for Key {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

#[derive(Clone)]
enum Entry {
    Fetched(Arc<Fetched>),
    Answer(Arc<Answer>),
}

impl Entry {
    fn weight(&self) -> usize {
        let bytes = match self {
            Entry::Fetched(fetched) => fetched.body.len(),
            Entry::Answer(answer) => answer.content.weight(),
        };
        bytes + limits::ENTRY_OVERHEAD
    }
}

/// The store. Clones share it.
#[derive(Clone)]
pub struct Memory {
    entries: Cache<Key, Entry>,
}

impl Memory {
    /// Room for `bytes` (`cache.memory`).
    pub fn new(bytes: usize) -> Memory {
        let entries = Cache::builder()
            .max_capacity(bytes as u64)
            .weigher(move |_, entry: &Entry| {
                // an entry heavier than the store counts as all of it: one beyond its room would not come in
                let weight = entry.weight().min(bytes.max(1));
                u32::try_from(weight).unwrap_or(u32::MAX)
            })
            .eviction_policy(EvictionPolicy::lru())
            .build();
        Memory { entries }
    }

    /// The answer of `key`, fresh or not.
    pub async fn answer(&self, key: &Key) -> Option<Arc<Answer>> {
        match self.entries.get(key).await? {
            Entry::Answer(answer) => Some(answer),
            Entry::Fetched(_) => None,
        }
    }

    /// The fetched body of `key`, fresh or not.
    pub async fn fetched(&self, key: &Key) -> Option<Arc<Fetched>> {
        match self.entries.get(key).await? {
            Entry::Fetched(fetched) => Some(fetched),
            Entry::Answer(_) => None,
        }
    }

    /// Stores an answer. False where there is no room for any.
    pub async fn put_answer(&self, key: Key, answer: Arc<Answer>) -> bool {
        self.put(key, Entry::Answer(answer)).await;
        self.entries.contains_key(&key)
    }

    /// Stores a fetched body.
    pub async fn put_fetched(&self, key: Key, fetched: Arc<Fetched>) {
        self.put(key, Entry::Fetched(fetched)).await;
    }

    /// The store evicts when it has time or some dozen writes have come, and of large bodies a dozen is too many.
    async fn put(&self, key: Key, entry: Entry) {
        self.entries.insert(key, entry).await;
        self.entries.run_pending_tasks().await;
    }

    /// Forgets `key`.
    pub async fn forget(&self, key: &Key) {
        self.entries.invalidate(key).await;
    }

    /// Weighs the answer of `key` again after one of its encodings was prepared; a newer one, or none, is left alone.
    pub async fn reweigh(&self, key: Key, answer: &Arc<Answer>) {
        let same = |entry: &Entry| matches!(entry, Entry::Answer(held) if Arc::ptr_eq(&held.content, &answer.content));
        let entry = self.entries.entry(key);
        let again = |held: Option<moka::Entry<Key, Entry>>| {
            let op = held.map(moka::Entry::into_value).filter(same).map_or(Op::Nop, Op::Put);
            std::future::ready(op)
        };
        entry.and_compute_with(again).await;
    }

    /// Bytes held, once pending work of the store is done.
    pub async fn weight(&self) -> u64 {
        self.entries.run_pending_tasks().await;
        self.entries.weighted_size()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::Time;
    use crate::cache::freshness::Freshness;
    use crate::cache::{Content, Encoding, Scope};

    const NOW: Time = Time::from_secs(1_800_000_000);

    fn answer(body: usize) -> Arc<Answer> {
        let until = NOW + limits::DEFAULT_TTL;
        let (fresh_until, stale_until, kept_until) = (until, until, until);
        let freshness = Freshness { generated: NOW, fresh_until, stale_until, kept_until, scope: Scope::Public };
        let content = Content::new(vec![b'a'; body].into(), "application/rss+xml", NOW, None);
        Arc::new(Answer::new(content, None, freshness))
    }

    #[test]
    fn keys_tell_parts_apart() {
        assert_ne!(Key::of(&[b"ab", b"c"]), Key::of(&[b"a", b"bc"]));
        assert_eq!(Key::of(&[b"ab"]), Key::of(&[b"ab"]));
    }

    #[tokio::test]
    async fn the_store_holds_no_more_than_its_bytes_and_keeps_the_newest() {
        let memory = Memory::new(100 * limits::KIB);
        for n in 0..50u8 {
            memory.put_answer(Key::of(&[&[n]]), answer(9 * limits::KIB)).await;
        }
        assert!(memory.weight().await <= 100 * limits::KIB as u64);
        assert!(memory.answer(&Key::of(&[&[49]])).await.is_some());
        assert!(memory.answer(&Key::of(&[&[0]])).await.is_none());
    }

    #[tokio::test]
    async fn what_is_evicted_is_freed_at_once() {
        let memory = Memory::new(4 * limits::MIB);
        let mut all = Vec::new();
        for n in 0..40u8 {
            let held = answer(limits::MIB - limits::ENTRY_OVERHEAD);
            all.push(Arc::downgrade(&held));
            memory.put_answer(Key::of(&[&[n]]), held).await;
            let alive = all.iter().filter(|held| held.strong_count() > 0).count();
            assert!(alive <= 5, "{alive} MiB are held after {n}, 4 are allowed and 1 is ours");
        }
    }

    #[tokio::test]
    async fn a_body_heavier_than_the_store_comes_in_alone_and_a_store_of_nothing_holds_nothing() {
        let (memory, big, small) = (Memory::new(10 * limits::KIB), Key::of(&[b"big"]), Key::of(&[b"small"]));
        assert!(memory.put_answer(small, answer(limits::KIB)).await);
        assert!(memory.put_answer(big, answer(64 * limits::KIB)).await);
        assert!(memory.answer(&big).await.is_some() && memory.answer(&small).await.is_none());
        assert!(memory.put_answer(small, answer(limits::KIB)).await);
        assert!(memory.answer(&big).await.is_none());
        let none = Memory::new(0);
        assert!(!none.put_answer(small, answer(limits::KIB)).await && none.answer(&small).await.is_none());
    }

    #[tokio::test]
    async fn encodings_count_once_they_are_prepared() {
        let memory = Memory::new(limits::MIB);
        let (key, held) = (Key::of(&[b"a"]), answer(9 * limits::KIB));
        memory.put_answer(key, Arc::clone(&held)).await;
        let before = memory.weight().await;
        held.content.prepare(Encoding::Gzip);
        memory.reweigh(key, &held).await;
        assert!(memory.weight().await > before);
    }

    #[tokio::test]
    async fn weighing_again_brings_nothing_back_and_replaces_nothing() {
        let memory = Memory::new(limits::MIB);
        let (key, old, new) = (Key::of(&[b"a"]), answer(9 * limits::KIB), answer(8 * limits::KIB));
        memory.reweigh(key, &old).await;
        assert!(memory.answer(&key).await.is_none());
        memory.put_answer(key, Arc::clone(&new)).await;
        memory.reweigh(key, &old).await;
        assert!(memory.answer(&key).await.is_some_and(|held| Arc::ptr_eq(&held, &new)));
    }
}
