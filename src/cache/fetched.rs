//! The last good copy of what an upstream has: its bytes, and all that is known of them as one plain record.
//!
//! [`About`] is what is written to a disk beside the body, so its fields are data only. Header values are kept as the bytes
//! they came in as: validators must go back exactly so.

use bytes::Bytes;
use hyper::header::HeaderValue;
use serde::{Deserialize, Serialize};

use super::freshness::{Freshness, Policy, freshness};
use super::memory::Key;
use super::moved::Moved;
use super::said::Said;
use crate::base::url::Url;
use crate::feed::{Hubs, Rhythm};

/// A good copy.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// Decoded from its content coding.
    pub body: Bytes,
    /// What is known of it.
    pub about: About,
}

/// What is known of a copy beside its bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// `Content-Type` as sent.
    pub content_type: Option<Line>,
    /// `ETag` as sent.
    pub etag: Option<Line>,
    /// `Last-Modified` as sent.
    pub last_modified: Option<Line>,
    /// Where it was found in the end, after redirects: the validators are this address's. A file has none.
    pub url: Option<Url>,
    /// What the headers said of its use.
    pub said: Said,
    /// What the feed says of its rhythm.
    pub rhythm: Rhythm,
    /// The hubs that tell of its changes.
    pub hubs: Hubs,
    /// How many items it has.
    pub items: usize,
    /// What it is, in a digest: body, type and address. Equal digests become equal answers.
    pub digest: Key,
    /// The feed that the page at the configured address names, where that is a page.
    pub discovered: Option<Url>,
    /// Where upstream says it is from now on.
    pub moved: Option<Moved>,
}

impl About {
    /// Until when the copy may be used under `policy`.
    pub fn freshness(&self, policy: &Policy) -> Freshness {
        freshness(&self.said, &self.rhythm, policy)
    }

    /// Where to ask for the next copy, if not at the configured address: where the feed has moved for good, or where its
    /// page says that it is.
    pub fn elsewhere(&self) -> Option<&Url> {
        let moved = self.moved.as_ref().filter(|moved| moved.is_settled()).map(|moved| &moved.to);
        moved.or(self.discovered.as_ref())
    }
}

/// A header's value, as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line(pub HeaderValue);

impl Line {
    /// The value, where it is text of ASCII.
    pub fn text(&self) -> Option<&str> {
        self.0.to_str().ok()
    }
}

/// One character per byte: readable where it is ASCII, exact where it is not.
impl Serialize for Line {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.0.as_bytes().iter().copied().map(char::from).collect::<String>())
    }
}

impl<'de> Deserialize<'de> for Line {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Line, D::Error> {
        let text = String::deserialize(from)?;
        let bytes: Result<Vec<u8>, _> = text.chars().map(u8::try_from).collect();
        let bytes = bytes.map_err(serde::de::Error::custom)?;
        HeaderValue::from_bytes(&bytes).map(Line).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_value_survives_its_record_byte_for_byte() {
        for bytes in [&b"\"abc\""[..], b"W/\"x\"", b"\"\xff\xe9\x80\"", b"unquoted, with spaces", b"\"\\\""] {
            let line = Line(HeaderValue::from_bytes(bytes).unwrap());
            let text = serde_json::to_string(&line).unwrap();
            assert_eq!(serde_json::from_str::<Line>(&text).unwrap(), line, "{text}");
        }
        assert!(serde_json::from_str::<Line>("\"a\\nb\"").is_err());
        assert!(serde_json::from_str::<Line>("\"台\"").is_err());
    }
}
