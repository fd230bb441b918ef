//! What is kept under one key: a small description and a body, and the form they have on disk.
//!
//! The description is any serde type, written as JSON so that an operator can read it with `sqlite3`. Its writer gives it a
//! version; a reader that expects another version, or other fields, finds nothing. A checksum over all of it and over the
//! key is what a damaged file cannot forge: whatever comes out of the store is what went in.

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Kind;
use crate::base::limits;
use crate::cache::Key;

/// A description and a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    version: u8,
    meta: Bytes,
    /// The bytes; empty where the description says it all.
    pub body: Bytes,
}

impl Record {
    /// `meta` in its `version`, with `body`. A description that JSON cannot hold (a map with keys that are no strings) is
    /// written as `null`, which no reader accepts.
    pub fn new<M: Serialize>(version: u8, meta: &M, body: Bytes) -> Record {
        let meta = serde_json::to_vec(meta).unwrap_or_else(|_| b"null".to_vec());
        Record { version, meta: meta.into(), body }
    }

    /// The description, where it has this `version` and form.
    pub fn meta<M: DeserializeOwned>(&self, version: u8) -> Option<M> {
        (self.version == version).then(|| serde_json::from_slice(&self.meta).ok()).flatten()
    }

    /// The description as it is written.
    pub(super) fn written(&self) -> &[u8] {
        &self.meta
    }

    /// Bytes held.
    pub fn weight(&self) -> usize {
        self.meta.len() + self.body.len() + limits::ENTRY_OVERHEAD
    }

    /// As it is stored; the body is compressed where that pays. CPU work.
    pub(in crate::cache) fn seal(&self, kind: Kind, key: &Key) -> Sealed {
        let packed = (self.body.len() >= limits::MIN_COMPRESSED)
            .then(|| zstd::bulk::compress(&self.body, limits::DISK_ZSTD_LEVEL).ok())
            .flatten()
            .filter(|packed| packed.len() < self.body.len());
        let (codec, body) = match packed {
            Some(packed) => (Codec::Zstd, packed),
            None => (Codec::Plain, self.body.to_vec()),
        };
        let mut sealed = Sealed {
            version: self.version,
            meta: self.meta.to_vec(),
            codec: codec as u8,
            length: self.body.len(),
            body,
            sum: [0; 16],
        };
        sealed.sum = sealed.checksum(kind, key);
        sealed
    }
}

/// How a body is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Codec {
    Plain = 0,
    Zstd = 1,
}

/// The columns of a record.
pub(in crate::cache) struct Sealed {
    pub(in crate::cache) version: u8,
    pub(in crate::cache) meta: Vec<u8>,
    pub(in crate::cache) codec: u8,
    /// Of the body before compression.
    pub(in crate::cache) length: usize,
    pub(in crate::cache) body: Vec<u8>,
    pub(in crate::cache) sum: [u8; 16],
}

impl Sealed {
    /// What went in, or nothing where a single bit of it is another.
    pub(in crate::cache) fn open(self, kind: Kind, key: &Key) -> Option<Record> {
        if self.checksum(kind, key) != self.sum {
            return None;
        }
        let body = match self.codec {
            codec if codec == Codec::Plain as u8 => self.body,
            codec if codec == Codec::Zstd as u8 => zstd::bulk::decompress(&self.body, self.length).ok()?,
            _ => return None, // of a newer refeed
        };
        Some(Record { version: self.version, meta: self.meta.into(), body: body.into() })
    }

    fn checksum(&self, kind: Kind, key: &Key) -> [u8; 16] {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&[kind as u8, self.version, self.codec]).update(key.as_bytes());
        for length in [self.length, self.meta.len(), self.body.len()] {
            hasher.update(&(length as u64).to_le_bytes());
        }
        hasher.update(&self.meta).update(&self.body);
        let mut sum = [0; 16];
        hasher.finalize_xof().fill(&mut sum);
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Meta {
        etag: String,
    }

    fn record(body: &[u8]) -> Record {
        Record::new(3, &Meta { etag: "\"a\"".to_owned() }, Bytes::copy_from_slice(body))
    }

    #[test]
    fn another_version_or_form_is_nothing() {
        let record = record(b"x");
        assert_eq!(record.meta::<Meta>(3), Some(Meta { etag: "\"a\"".to_owned() }));
        assert_eq!(record.meta::<Meta>(4), None);
        assert_eq!(record.meta::<Vec<u8>>(3), None);
    }

    #[test]
    fn text_is_compressed_and_noise_is_not() {
        let key = Key::of(&[b"k"]);
        let text = record(&b"feed ".repeat(1000)).seal(Kind::Fetched, &key);
        assert!(text.body.len() < 500);
        let noise: Vec<u8> = (0..200u32).flat_map(|n| *blake3::hash(&n.to_le_bytes()).as_bytes()).collect();
        assert_eq!(record(&noise).seal(Kind::Fetched, &key).body, noise);
    }

    proptest! {
        #[test]
        fn what_went_in_comes_out_or_nothing(body in prop::collection::vec(any::<u8>(), 0..3000), at in any::<prop::sample::Index>(), bit in 0..8u8) {
            let (record, key) = (record(&body), Key::of(&[&body]));
            let whole = record.seal(Kind::Answer, &key);
            prop_assert_eq!(whole.open(Kind::Answer, &key), Some(record.clone()));
            prop_assert_eq!(record.seal(Kind::Answer, &key).open(Kind::Fetched, &key), None);
            let mut flipped = record.seal(Kind::Answer, &key);
            if !flipped.body.is_empty() {
                let at = at.index(flipped.body.len());
                flipped.body[at] ^= 1 << bit;
                prop_assert_eq!(flipped.open(Kind::Answer, &key), None);
            }
        }
    }
}
