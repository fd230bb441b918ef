//! What a reader gets: a body with its validators, and the time for which it may be used.
//!
//! [`Content`] is the bytes: body, strong entity tags, `Last-Modified`, encodings; it outlives a refresh that brought
//! the same bytes. [`Answer`] is a content with its freshness. Header values are made here once, so that a request
//! copies pointers only. An encoding is prepared on first ask, by `pipeline` on a blocking thread, and is kept.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use hyper::header::HeaderValue;
use serde::{Deserialize, Serialize};

use super::encode::{Encoding, compress};
use super::freshness::Freshness;
use super::memory::Key;
use crate::base::clock::Time;
use crate::base::limits;

/// Who may keep a copy of an answer (RFC 9111 §5.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Scope {
    /// Any cache.
    Public,
    /// The reader alone: upstream said `private`.
    Private,
    /// The same, and no disk either: upstream said `no-store`.
    Unstored,
}

/// One encoding of a content: its bytes and their strong entity tag.
#[derive(Clone, Debug)]
pub struct Representation {
    /// The bytes on the wire.
    pub body: Bytes,
    /// Strong, quoted.
    pub etag: HeaderValue,
}

/// The bytes of an answer, in all encodings asked for so far.
#[derive(Debug)]
pub struct Content {
    identity: Representation,
    encoded: [Encoded; Encoding::ALL.len()],
    /// `Content-Type`.
    pub content_type: HeaderValue,
    /// When these bytes were first produced, in whole seconds.
    pub modified: Time,
    /// The same as `Last-Modified`.
    pub last_modified: HeaderValue,
}

/// An encoding's tag is known from the start, its bytes once they were asked for; `None` in the cell: does not pay.
#[derive(Debug)]
struct Encoded {
    etag: HeaderValue,
    body: OnceLock<Option<Bytes>>,
}

/// What is known of an encoding of a content.
#[derive(Clone, Debug)]
pub enum Prepared {
    /// Here it is.
    Ready(Representation),
    /// Nobody asked for it yet.
    NotYet,
    /// It would not be smaller.
    Useless,
}

impl Content {
    /// The content of `body`, first produced at `now`. `previous`, the content it replaces, is kept where the bytes
    /// are the same.
    pub fn new(body: Bytes, content_type: &'static str, now: Time, previous: Option<&Arc<Content>>) -> Arc<Content> {
        let digest = blake3::hash(&body).to_hex();
        let digest = &digest[..32]; // 128 bits
        let etag = tag(digest, "");
        if let Some(same) = previous.filter(|old| old.identity.etag == etag && old.content_type == content_type) {
            return Arc::clone(same);
        }
        Content::tagged(body, digest, HeaderValue::from_static(content_type), Time::from_secs(now.secs()))
    }

    /// The content that was made before, of its parts.
    pub fn of(body: Bytes, content_type: HeaderValue, modified: Time) -> Arc<Content> {
        let digest = blake3::hash(&body).to_hex();
        Content::tagged(body, &digest[..32], content_type, modified)
    }

    fn tagged(body: Bytes, digest: &str, content_type: HeaderValue, modified: Time) -> Arc<Content> {
        let date = httpdate::fmt_http_date(modified.to_system());
        let encoded =
            Encoding::ALL.map(|encoding| Encoded { etag: tag(digest, encoding.tag_suffix()), body: OnceLock::new() });
        let identity = Representation { body, etag: tag(digest, "") };
        Arc::new(Content { identity, encoded, content_type, modified, last_modified: value(&date) })
    }

    /// The body as it is.
    pub fn identity(&self) -> &Representation {
        &self.identity
    }

    /// The strong tag of an encoding (`None`: identity), also before its bytes were made.
    pub fn etag(&self, encoding: Option<Encoding>) -> &HeaderValue {
        encoding.map_or(&self.identity.etag, |encoding| &self.encoded[encoding.index()].etag)
    }

    /// What is known of `encoding`.
    pub fn encoded(&self, encoding: Encoding) -> Prepared {
        if self.identity.body.len() < limits::MIN_COMPRESSED {
            return Prepared::Useless;
        }
        let slot = &self.encoded[encoding.index()];
        match slot.body.get() {
            None => Prepared::NotYet,
            Some(None) => Prepared::Useless,
            Some(Some(body)) => Prepared::Ready(Representation { body: body.clone(), etag: slot.etag.clone() }),
        }
    }

    /// Makes `encoding`'s bytes unless they are there: CPU work, for a blocking thread.
    pub fn prepare(&self, encoding: Encoding) {
        if let Prepared::NotYet = self.encoded(encoding) {
            let made = compress(encoding, &self.identity.body);
            // who came first has stored the same bytes
            let _ = self.encoded[encoding.index()].body.set(made);
        }
    }

    /// Bytes held in memory, encodings included.
    pub fn weight(&self) -> usize {
        let encoded = self.encoded.iter().filter_map(|slot| slot.body.get().and_then(Option::as_ref));
        self.identity.body.len() + encoded.map(Bytes::len).sum::<usize>()
    }
}

/// A content and the time for which it may be used without asking upstream.
#[derive(Debug)]
pub struct Answer {
    /// The bytes.
    pub content: Arc<Content>,
    /// How long it may be used. `Age` counts from `generated`.
    pub freshness: Freshness,
    /// What it was made of ([`super::About::digest`]), where the same would become the same again.
    pub made_of: Option<Key>,
    /// `Cache-Control`. Its `max-age` is the whole lifetime since the bytes were current, because a cache takes `Age` off it
    /// (RFC 9111 §4.2): what remains for the reader is what remains for us.
    pub cache_control: HeaderValue,
    /// What it lacks: the sources of a merged feed that had no answer, and why.
    pub errors: Option<HeaderValue>,
}

impl Answer {
    /// `content`, made of a copy with the digest `made_of`, which has this `freshness`.
    pub fn new(content: Arc<Content>, made_of: Option<Key>, freshness: Freshness) -> Answer {
        let scope = match freshness.scope {
            Scope::Public => "public",
            Scope::Private | Scope::Unstored => "private",
        };
        let lifetime = freshness.fresh_until.since(freshness.generated).as_secs();
        let cache_control = value(&format!("{scope}, max-age={lifetime}"));
        Answer { content, freshness, made_of, cache_control, errors: None }
    }

    /// The same, and what it lacks: each as `name: reason`.
    pub fn without(mut self, errors: &[String]) -> Answer {
        if !errors.is_empty() {
            let visible = |c: char| if c.is_ascii() && !c.is_ascii_control() { c } else { '?' };
            let line = errors.join("; ").chars().take(limits::MAX_ERRORS_LINE).map(visible).collect::<String>();
            self.errors = HeaderValue::try_from(line).ok();
        }
        self
    }

    /// The same, with the line that was made of what it lacks.
    pub fn with_errors(self, errors: Option<HeaderValue>) -> Answer {
        Answer { errors, ..self }
    }

    /// The same content, found good again, with this `freshness`.
    pub fn again(&self, freshness: Freshness) -> Answer {
        Answer::new(Arc::clone(&self.content), self.made_of, freshness)
    }

    /// Time since upstream's bytes were current.
    pub fn age(&self, now: Time) -> Duration {
        now.since(self.freshness.generated)
    }
}

fn tag(digest: &str, suffix: &str) -> HeaderValue {
    value(&format!("\"{digest}{suffix}\""))
}

/// Header values made here are digits, hex and dates: always valid; an empty value stands in for the impossible.
fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_secs(1_800_000_000);

    fn content(body: &str, now: Time, previous: Option<&Arc<Content>>) -> Arc<Content> {
        Content::new(Bytes::copy_from_slice(body.as_bytes()), "application/rss+xml", now, previous)
    }

    #[test]
    fn the_same_bytes_keep_their_date_and_their_encodings() {
        let first = content(&"a".repeat(4096), NOW, None);
        first.prepare(Encoding::Gzip);
        let again = content(&"a".repeat(4096), NOW + limits::MAX_TTL, Some(&first));
        assert!(Arc::ptr_eq(&first, &again));
        assert!(matches!(again.encoded(Encoding::Gzip), Prepared::Ready(_)));
    }

    #[test]
    fn each_encoding_has_its_own_strong_tag() {
        let content = content("a", NOW, None);
        let mut tags: Vec<_> = Encoding::ALL.map(|e| content.etag(Some(e)).to_str().unwrap().to_owned()).to_vec();
        tags.push(content.etag(None).to_str().unwrap().to_owned());
        assert!(tags.iter().all(|tag| tag.starts_with('"') && tag.ends_with('"')), "{tags:?}");
        tags.sort();
        tags.dedup();
        assert_eq!(tags.len(), 4);
    }

    #[test]
    fn tiny_and_incompressible_bodies_stay_as_they_are_and_encodings_are_weighed() {
        let tiny = content("a", NOW, None);
        tiny.prepare(Encoding::Gzip);
        assert!(matches!(tiny.encoded(Encoding::Gzip), Prepared::Useless));
        let large = content(&"a".repeat(4096), NOW, None);
        assert_eq!(large.weight(), 4096);
        large.prepare(Encoding::Brotli);
        assert!(large.weight() > 4096);
    }

    #[test]
    fn what_remains_for_the_reader_is_what_remains_for_us() {
        let fresh_until = NOW + limits::DEFAULT_TTL;
        let (stale_until, kept_until, scope) = (fresh_until, fresh_until, Scope::Private);
        let freshness = Freshness { generated: NOW, fresh_until, stale_until, kept_until, scope };
        let answer = Answer::new(content("a", NOW, None), None, freshness);
        assert_eq!(answer.cache_control, "private, max-age=1800");
        let now = NOW + Duration::from_millis(600_500);
        assert_eq!(answer.age(now).as_secs(), 600);
        assert!(answer.freshness.is_fresh(now) && !answer.freshness.is_fresh(fresh_until));
    }
}
