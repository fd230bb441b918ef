//! Why a fetch failed, who is to blame, and whether trying again can help.
//!
//! Promises: a message is one lower-case line that names host and path, the cause, the limit and the config key that
//! changes it. It never holds a query string, user information, a header, a body, or an address that a name resolved
//! to. Everything upstream may write into a message is cut to a bounded length.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::limits;
use crate::base::text::{excerpt, human_size};

/// Who has to change something before the fetch can succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Blame {
    /// The one who asked for this URL.
    Reader,
    /// The server that was asked, or the way to it.
    Upstream,
    /// This process, its configuration or its network.
    Us,
}

/// How a URL came to be fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Led {
    /// It was typed: in the config or by the reader.
    Typed,
    /// A redirect of an upstream led to it.
    Redirected,
}

/// A URL as messages name it: host, port where it is unusual, path; no scheme, user information, query or fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place(String);

impl Place {
    /// The place of a URL.
    pub fn of(url: &url::Url) -> Place {
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        Place(excerpt(&format!("{}{port}{}", url.host_str().unwrap_or_default(), url.path()), limits::REASON_CHARS))
    }

    /// For a text that is no URL: nothing of it may be shown.
    pub(super) fn unreadable() -> Place {
        Place("the URL".into())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What the guard or the URL rules refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not a URL that can be fetched: the text says what is wrong.
    #[error("not a usable URL: {0}")]
    Url(&'static str),
    /// A scheme other than `http` and `https`.
    #[error("only http and https URLs are fetched")]
    Scheme,
    /// `user:password@` in the URL.
    #[error("a user name or password in a URL is not accepted")]
    Userinfo,
    /// A port that is not the web's.
    #[error("port {0} is not fetched; only 80, 443, 8080, 8443 and those that `fetch.allow` names are")]
    Port(u16),
    /// No public address behind the host.
    #[error("the host has no public address, and `fetch.allow` does not name it")]
    Address,
    /// `https` led to `http`.
    #[error("a redirect from https to http is not followed")]
    Downgrade,
}

/// The part of a fetch that took too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Phase {
    /// The name lookup.
    #[error("no answer from the name servers")]
    Dns,
    /// Opening the connection.
    #[error("no connection")]
    Connect,
    /// The TLS handshake.
    #[error("no end of the TLS handshake")]
    Tls,
    /// The response head.
    #[error("no response head")]
    Head,
    /// Between two pieces of the body.
    #[error("silence within the body")]
    Body,
    /// Waiting for other fetches of the same host: none of its doing.
    #[error("{} fetches of this host are under way already, and none ended", limits::FETCHES_PER_HOST)]
    Turn,
    /// Everything together, waiting for other fetches included: `fetch.timeout`.
    #[error("no complete answer (`fetch.timeout`)")]
    Whole,
}

/// The bound that a response broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// Bytes or fields of the head.
    Head,
    /// Bytes off the wire.
    Wire(usize),
    /// Bytes after decompression: `fetch.max_body`.
    Body(usize),
    /// The same of a page that an item leads to.
    Page(usize),
    /// Growth under decompression.
    Ratio,
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Bound::Head => {
                write!(
                    f,
                    "the response head exceeds {} or {} fields",
                    human_size(limits::MAX_HEAD),
                    limits::MAX_HEAD_FIELDS
                )
            }
            Bound::Wire(limit) => write!(f, "the body exceeds {} on the wire", human_size(limit)),
            Bound::Body(limit) => write!(f, "the body exceeds {} (`fetch.max_body`)", human_size(limit)),
            Bound::Page(limit) => write!(f, "the page exceeds {}", human_size(limit)),
            Bound::Ratio => write!(f, "the compressed body grows more than {} times", limits::MAX_RATIO),
        }
    }
}

/// A redirect that cannot be followed, other than by a [`Refusal`] of its target.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRedirect {
    /// It leads back to a URL already asked in this fetch.
    #[error("the redirects go in a circle")]
    Loop,
    /// More than `fetch.max_redirects`.
    #[error("more than {0} redirects (`fetch.max_redirects`)")]
    TooMany(usize),
    /// No `Location`, or several.
    #[error("a redirect without one `Location`")]
    NoLocation,
}

/// Why a fetch failed. Cheap to clone, so that all who waited for one fetch can be told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)] // the fields are named by what they hold; `at` is the URL of the hop that failed
pub enum FetchError {
    /// Settings that no client can be made of.
    #[error("{0}")]
    Settings(String),
    /// Never asked: the URL or the address behind it is not fetched.
    #[error("{at}: {why}")]
    Refused { at: Place, why: Refusal, led: Led },
    /// The URL leads back to this process.
    #[error("{at}: this leads back to refeed itself")]
    OwnLoop { at: Place },
    /// Not asked: the host has asked to be left alone, perhaps about another of its feeds.
    #[error("{at}: the host asked for a pause, which is not over")]
    Held { at: Place, left: Duration },
    /// Nobody is asked.
    #[error("{at}: nothing is fetched, as `--offline` wants it")]
    Offline { at: Place },
    /// Too many fetches at once.
    #[error("{at}: {} fetches are under way or waiting already", limits::FETCHES_PENDING)]
    Busy { at: Place },
    /// No addresses for the name; the reason says so.
    #[error("{at}: {reason}")]
    Dns { at: Place, reason: String },
    /// No address accepted a connection.
    #[error("{at}: cannot connect: {reason}")]
    Connect { at: Place, reason: String },
    /// The outgoing proxy refused, or does not work.
    #[error("{at}: the outgoing proxy failed: {reason} (`fetch.proxy`)")]
    Proxy { at: Place, reason: String },
    /// No secure connection.
    #[error("{at}: TLS failed: {reason}")]
    Tls { at: Place, reason: String },
    /// Too slow.
    #[error("{at}: {phase} within {limit:?}")]
    Timeout { at: Place, phase: Phase, limit: Duration },
    /// Too large.
    #[error("{at}: {bound}")]
    TooLarge { at: Place, bound: Bound },
    /// A content coding that is unknown, stacked or damaged.
    #[error("{at}: the body cannot be decompressed: {reason}")]
    Encoding { at: Place, reason: String },
    /// The body ended before its announced end.
    #[error("{at}: the body is cut short")]
    Truncated { at: Place },
    /// Not HTTP as it should be, or a connection broken within it.
    #[error("{at}: {reason}")]
    Protocol { at: Place, reason: String },
    /// A redirect that cannot be followed.
    #[error("{at}: {why}")]
    Redirect { at: Place, why: BadRedirect },
    /// A status that is neither success nor redirect nor an expected 304.
    #[error("{at}: the server answered {status}")]
    Status { at: Place, status: u16, retry_after: Option<Duration> },
}

impl FetchError {
    /// Who has to change something.
    pub fn blame(&self) -> Blame {
        match self {
            FetchError::Refused { led: Led::Typed, .. } => Blame::Reader,
            FetchError::OwnLoop { .. } => Blame::Reader,
            FetchError::Settings(_)
            | FetchError::Offline { .. }
            | FetchError::Busy { .. }
            | FetchError::Proxy { .. } => Blame::Us,
            FetchError::Timeout { phase: Phase::Turn, .. } => Blame::Us,
            _ => Blame::Upstream,
        }
    }

    /// How long upstream (or this process, when busy) asked to be left alone. At most [`limits::MAX_RETRY_AFTER`].
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            FetchError::Status { retry_after, .. } => *retry_after,
            FetchError::Held { left, .. } => Some(*left),
            FetchError::Busy { .. } | FetchError::Timeout { phase: Phase::Turn, .. } => Some(limits::BUSY_RETRY),
            _ => None,
        }
    }

    /// The message without its place: for readers of a feed whose URL is the operator's own business.
    pub fn without_place(&self) -> String {
        use FetchError as E;
        let text = self.to_string();
        let at = match self {
            E::Settings(_) => return text,
            E::Refused { why, led: Led::Redirected, .. } => return format!("it redirects elsewhere: {why}"),
            E::Refused { at, .. }
            | E::Offline { at }
            | E::OwnLoop { at }
            | E::Busy { at }
            | E::Dns { at, .. }
            | E::Connect { at, .. } => at,
            E::Proxy { at, .. } | E::Tls { at, .. } | E::Timeout { at, .. } | E::TooLarge { at, .. } => at,
            E::Encoding { at, .. } | E::Truncated { at } | E::Protocol { at, .. } | E::Redirect { at, .. } => at,
            E::Status { at, .. } | E::Held { at, .. } => at,
        };
        text.strip_prefix(&format!("{at}: ")).map(str::to_owned).unwrap_or(text)
    }

    /// True where the same fetch may succeed later with nothing changed but time.
    pub fn may_pass(&self) -> bool {
        match self {
            FetchError::Status { status, .. } => *status >= 500 || matches!(status, 408 | 425 | 429),
            FetchError::Settings(_)
            | FetchError::Refused { .. }
            | FetchError::OwnLoop { .. }
            | FetchError::TooLarge { .. }
            | FetchError::Encoding { .. }
            | FetchError::Redirect { .. } => false,
            _ => true,
        }
    }
}

/// A reason from outside on one bounded line.
pub(super) fn reason(text: impl fmt::Display) -> String {
    excerpt(&text.to_string(), limits::REASON_CHARS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_holds_no_credential_and_no_query() {
        let url = url::Url::parse("https://user:secret@example.org:8443/a/b?token=secret#secret").unwrap();
        assert_eq!(Place::of(&url).to_string(), "example.org:8443/a/b");
    }

    #[test]
    fn messages_name_the_limit_and_its_key() {
        let at = Place::of(&url::Url::parse("http://example.org/feed").unwrap());
        let error = FetchError::TooLarge { at: at.clone(), bound: Bound::Body(limits::MAX_BODY) };
        assert_eq!(error.to_string(), "example.org/feed: the body exceeds 32.0 MiB (`fetch.max_body`)");
        let error = FetchError::Timeout { at, phase: Phase::Whole, limit: limits::FETCH_TIMEOUT };
        assert_eq!(error.to_string(), "example.org/feed: no complete answer (`fetch.timeout`) within 25s");
    }

    #[test]
    fn a_refusal_blames_who_named_the_url() {
        let at = Place::unreadable();
        let refused = |led| FetchError::Refused { at: at.clone(), why: Refusal::Address, led };
        assert_eq!(refused(Led::Typed).blame(), Blame::Reader);
        assert_eq!(refused(Led::Redirected).blame(), Blame::Upstream);
    }
}
