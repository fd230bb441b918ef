//! What the headers of a response say of its use (RFC 9111 §5), read once and kept with the copy. Pure; no header makes it fail.
//!
//! [`Said::read`] reads them, [`Said::renewed`] lays a later 304 over them (§4.3.4), [`super::freshness`] draws the
//! conclusions. Error handling is that of §4.2.1 and of the implementations that <https://cache-tests.fyi> compares: of a
//! directive said twice the first counts, a lifetime that cannot be read is none at all, an `Age` that cannot be read is zero.

use std::time::Duration;

use hyper::HeaderMap;
use hyper::header::{self, HeaderName};
use serde::{Deserialize, Serialize};

use super::answer::Scope;
use crate::base::clock::Time;

/// What upstream said with one answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// When it was received.
    pub received: Time,
    /// `Date`; the time of receipt stands in for a missing one.
    date: Time,
    /// `Age`, and the time on the way.
    age: Duration,
    /// `Cache-Control`, where there was one.
    control: Option<Control>,
    /// `Expires`; one that cannot be read is long past.
    expires: Option<Time>,
    /// `Last-Modified`.
    modified: Option<Time>,
    /// `Vary: *`: this answer is for that request alone. (Any other `Vary` is met: refeed's requests for a URL are all alike.)
    varies: bool,
}

/// `Cache-Control` (RFC 9111 §5.2.2, RFC 5861).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Control {
    s_maxage: Option<Duration>,
    max_age: Option<Duration>,
    no_cache: bool,
    no_store: bool,
    private: bool,
    /// `must-revalidate` or `proxy-revalidate`.
    revalidate: bool,
    stale_while_revalidate: Option<Duration>,
    stale_if_error: Option<Duration>,
}

const LONG_PAST: Time = Time(0);

impl Said {
    /// Reads the headers of a response that came in at `now`.
    pub fn read(headers: &HeaderMap, now: Time) -> Said {
        let stars = headers.get_all(header::VARY).iter().filter_map(|line| line.to_str().ok());
        Said {
            received: now,
            date: header_date(headers, header::DATE).unwrap_or(now),
            age: age(headers),
            control: headers.contains_key(header::CACHE_CONTROL).then(|| Control::read(headers)),
            expires: expires(headers),
            modified: header_date(headers, header::LAST_MODIFIED),
            varies: stars.flat_map(|line| line.split(',')).any(|name| name.trim() == "*"),
        }
    }

    /// The same, asked for `delay` before it was received: it may have aged for all that time on the way (RFC 9111 §4.2.3).
    pub fn on_the_way(self, delay: Duration) -> Said {
        Said { age: self.age.saturating_add(delay), ..self }
    }

    /// For what can be looked at again at no cost, a file of this machine: never to be used unasked.
    pub fn local(now: Time) -> Said {
        let control = Control {
            max_age: Some(Duration::ZERO),
            stale_while_revalidate: Some(Duration::ZERO),
            ..Control::default()
        };
        let (age, expires, modified, varies) = (Duration::ZERO, None, None, false);
        Said { received: now, date: now, age, control: Some(control), expires, modified, varies }
    }

    /// This with what `newer`, a 304, says anew; what it does not repeat still holds.
    pub fn renewed(&self, newer: Said) -> Said {
        Said {
            control: newer.control.or_else(|| self.control.clone()),
            expires: newer.expires.or(self.expires),
            modified: newer.modified.or(self.modified),
            varies: newer.varies || self.varies,
            ..newer
        }
    }

    /// How old it was when it was received (RFC 9111 §4.2.3).
    pub fn age(&self) -> Duration {
        self.age.max(self.received.since(self.date))
    }

    /// The lifetime that upstream gives it, counted from its origin. `None`: it says nothing.
    pub fn lifetime(&self) -> Option<Duration> {
        let control = self.control.as_ref();
        if self.varies || control.is_some_and(|control| control.no_store || control.no_cache) {
            return Some(Duration::ZERO);
        }
        // both dates by upstream's clock, so that a wrong one does no harm
        let expires = || self.expires.map(|at| at.since(self.date));
        control.and_then(|control| control.s_maxage.or(control.max_age)).or_else(expires)
    }

    /// How long it had not changed when it was sent: what a heuristic can go by (RFC 9111 §4.2.2).
    pub fn unchanged_for(&self) -> Option<Duration> {
        self.modified.map(|modified| self.date.since(modified))
    }

    /// True where it must not be used once stale, not even when upstream is down (RFC 9111 §4.2.4).
    pub fn forbids_stale(&self) -> bool {
        let control = self.control.as_ref();
        self.varies || control.is_some_and(|c| c.no_store || c.no_cache || c.revalidate || c.s_maxage.is_some())
    }

    /// `stale-while-revalidate`.
    pub fn stale_while_revalidate(&self) -> Option<Duration> {
        self.control.as_ref()?.stale_while_revalidate
    }

    /// `stale-if-error`.
    pub fn stale_if_error(&self) -> Option<Duration> {
        self.control.as_ref()?.stale_if_error
    }

    /// Who may keep it.
    pub fn scope(&self) -> Scope {
        match &self.control {
            Some(control) if control.no_store => Scope::Unstored,
            Some(control) if control.private => Scope::Private,
            _ => Scope::Public,
        }
    }

    /// True where it must not be written to a disk.
    pub fn forbids_storing(&self) -> bool {
        self.scope() == Scope::Unstored
    }
}

impl Control {
    fn read(headers: &HeaderMap) -> Control {
        let mut control = Control::default();
        let mut understood = false;
        for line in headers.get_all(header::CACHE_CONTROL) {
            for (name, argument) in directives(line.to_str().unwrap_or_default()) {
                // an unreadable lifetime is no lifetime; an unreadable permission is none
                let lifetime = || Some(seconds(argument).unwrap_or_default());
                match name.to_ascii_lowercase().as_str() {
                    "s-maxage" => control.s_maxage = control.s_maxage.or_else(lifetime),
                    "max-age" => control.max_age = control.max_age.or_else(lifetime),
                    // with a list of fields (`private="set-cookie"`) only those are meant, and we pass none on
                    "no-cache" => control.no_cache |= argument.is_empty(),
                    "private" => control.private |= argument.is_empty(),
                    "no-store" => control.no_store = true,
                    "must-revalidate" | "proxy-revalidate" => control.revalidate = true,
                    "must-understand" => understood = true,
                    "stale-while-revalidate" => {
                        control.stale_while_revalidate = control.stale_while_revalidate.or_else(|| seconds(argument));
                    }
                    "stale-if-error" => control.stale_if_error = control.stale_if_error.or_else(|| seconds(argument)),
                    _ => {}
                }
            }
        }
        control.no_store &= !understood; // a 200 is understood (§5.2.2.3)
        control
    }
}

/// The directives of a line with their arguments, unquoted. A comma within quotes separates nothing.
fn directives(line: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = line;
    let members = std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (mut quoted, mut escaped) = (false, false);
        let end = rest.find(|c| {
            let ends = c == ',' && !quoted;
            (quoted, escaped) = match c {
                _ if escaped => (quoted, false),
                '\\' if quoted => (true, true),
                '"' => (!quoted, false),
                _ => (quoted, false),
            };
            ends
        });
        let (member, after) = rest.split_at(end.unwrap_or(rest.len()));
        rest = after.get(1..).unwrap_or("");
        Some(member.trim())
    });
    members.map(|member| {
        let (name, argument) = member.split_once('=').unwrap_or((member, ""));
        let quoted = argument.strip_prefix('"').and_then(|inner| inner.strip_suffix('"'));
        (name, quoted.unwrap_or(argument))
    })
}

/// RFC 9111 §1.2.2: digits; more than fit count as the most that fit.
fn seconds(text: &str) -> Option<Duration> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| Duration::from_secs(text.parse::<u32>().unwrap_or(u32::MAX).into()))
}

/// The first number of the first line; anything else is passed over (RFC 9111 §5.1).
fn age(headers: &HeaderMap) -> Duration {
    let line = headers.get(header::AGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    line.split(',').next().and_then(|first| seconds(first.trim())).unwrap_or_default()
}

/// `0`, `-1`, other nonsense and lines that contradict each other: already expired (RFC 9111 §5.3).
fn expires(headers: &HeaderMap) -> Option<Time> {
    let mut lines = headers.get_all(header::EXPIRES).iter();
    let first = lines.next()?;
    let agreed = lines.all(|line| line == first);
    Some(first.to_str().ok().and_then(date).filter(|_| agreed).unwrap_or(LONG_PAST))
}

fn header_date(headers: &HeaderMap, name: HeaderName) -> Option<Time> {
    headers.get(name).and_then(|value| date(value.to_str().ok()?))
}

fn date(text: &str) -> Option<Time> {
    httpdate::parse_http_date(text.trim()).ok().map(Time::from_system)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    pub const NOW: Time = Time::from_secs(1_800_000_000); // Fri, 15 Jan 2027 08:00:00 GMT

    /// What `lines` (`name: value`) say at [`NOW`].
    pub fn said(lines: &[&str]) -> Said {
        let mut map = HeaderMap::new();
        for line in lines {
            let (name, value) = line.split_once(':').unwrap();
            let name: HeaderName = name.parse().unwrap();
            map.append(name, HeaderValue::from_bytes(value.trim().as_bytes()).unwrap());
        }
        Said::read(&map, NOW)
    }

    #[test]
    fn lifetimes() {
        for (lines, expected) in [
            (&[][..], None),
            (&["cache-control: max-age=600"], Some(600)),
            (&["cache-control: MaX-aGe=600"], Some(600)),
            (&["cache-control: max-age=\"600\""], Some(600)),
            (&["cache-control: max-age=000600"], Some(600)),
            (&["cache-control: max-age=99999999999"], Some(u32::MAX.into())),
            (&["cache-control: max-age='600'"], Some(0)),
            (&["cache-control: max-age=600.0"], Some(0)),
            (&["cache-control: max-age=600a"], Some(0)),
            (&["cache-control: max-age=-600"], Some(0)),
            (&["cache-control: max-age= 600"], Some(0)),
            (&["cache-control: max-age"], Some(0)),
            (&["cache-control: max-age =600"], None),
            (&["cache-control: max-age=600, max-age=1"], Some(600)),
            (&["cache-control: max-age=1", "cache-control: max-age=600"], Some(1)),
            (&["cache-control: x=\"max-age=600\", max-age=1"], Some(1)),
            (&["cache-control: x=\"a, max-age=600, b\\\", max-age=500\", max-age=1"], Some(1)),
            (&["cache-control: max-age=1, x=\"max-age=600\""], Some(1)),
            (&["cache-control: ,, foo=\"unclosed, max-age=600"], None),
            (&["cache-control: max-age=3600, s-maxage=60"], Some(60)),
            (&["cache-control: max-age=60", "cache-control: s-maxage=3600"], Some(3600)),
            (&["cache-control: s-maxage=x, max-age=60"], Some(0)),
            (&["cache-control: no-cache, max-age=600"], Some(0)),
            (&["cache-control: no-cache=\"set-cookie, x\", max-age=600"], Some(600)),
            (&["cache-control: no-store"], Some(0)),
            (&["cache-control: must-understand, no-store, max-age=600"], Some(600)),
            (&["cache-control: max-age=600, private"], Some(600)),
            (&["cache-control: immutable, foobar"], None),
            (&["pragma: no-cache"], None), // a header of requests (§5.4)
            (&["vary: accept-encoding", "vary: Cookie, User-Agent", "cache-control: max-age=600"], Some(600)),
            (&["vary: cookie, *", "cache-control: max-age=600"], Some(0)),
            (&["expires: Fri, 15 Jan 2027 08:10:00 GMT"], Some(600)),
            (&["expires: Fri, 15 Jan 2027 08:10:00 GMT", "date: Fri, 15 Jan 2027 07:50:00 GMT"], Some(1200)),
            (&["expires: Fri, 15 Jan 2027 08:10:00 GMT", "date: yesterday"], Some(600)),
            (&["expires: Fri, 15 Jan 2027 08:05:00 GMT", "date: Fri, 15 Jan 2027 08:06:40 GMT"], Some(0)),
            (&["expires: Friday, 15-Jan-27 08:10:00 GMT"], Some(600)),
            (&["expires: Fri Jan 15 08:10:00 2027"], Some(600)),
            (&["expires: Fri, 15 Jan 2027 07:50:00 GMT"], Some(0)),
            (&["expires: 0"], Some(0)),
            (&["expires:"], Some(0)),
            (&["expires: Fri, 15 Jan 2027 08:10:00 GMT", "expires: Fri, 15 Jan 2027 09:10:00 GMT"], Some(0)),
            (&["expires: Fri, 15 Jan 2027 08:10:00 GMT", "expires: Fri, 15 Jan 2027 08:10:00 GMT"], Some(600)),
            (&["expires: -1", "cache-control: max-age=600"], Some(600)),
            (&["expires: Fri, 15 Jan 2027 08:10:00 GMT", "cache-control: max-age=0"], Some(0)),
            (&["expires: Fri, 15 Jan 2027 08:10:00 GMT", "cache-control: public"], Some(600)),
        ] {
            assert_eq!(said(lines).lifetime().map(|lifetime| lifetime.as_secs()), expected, "{lines:?}");
        }
    }

    #[test]
    fn ages() {
        for (lines, expected) in [
            (&[][..], 0),
            (&["age: 100"], 100),
            (&["age: 7200, 0"], 7200),
            (&["age: 0, 7200"], 0),
            (&["age: 7200", "age: 0"], 7200),
            (&["age: 7200.0"], 0),
            (&["age: -7200"], 0),
            (&["age: abc"], 0),
            (&["age: 99999999999"], u32::MAX.into()),
            (&["date: Fri, 15 Jan 2027 07:50:00 GMT"], 600),
            (&["date: Fri, 15 Jan 2027 07:50:00 GMT", "age: 60"], 600),
            (&["date: Fri, 15 Jan 2027 07:50:00 GMT", "age: 900"], 900),
            (&["date: Fri, 15 Jan 2027 09:00:00 GMT", "age: 60"], 60),
            (&["date: not a date"], 0),
        ] {
            assert_eq!(said(lines).age().as_secs(), expected, "{lines:?}");
        }
    }

    #[test]
    fn the_time_on_the_way_counts_beside_age_and_not_beside_date() {
        let aged = |lines: &[&str]| said(lines).on_the_way(Duration::from_secs(20)).age().as_secs();
        assert_eq!((aged(&[]), aged(&["age: 100"])), (20, 120));
        assert_eq!(aged(&["date: Fri, 15 Jan 2027 07:59:50 GMT"]), 20);
        assert_eq!(aged(&["date: Fri, 15 Jan 2027 07:50:00 GMT"]), 600);
    }

    #[test]
    fn who_may_keep_it_and_who_may_use_it_stale() {
        for (line, forbids_stale, scope) in [
            ("public, max-age=1", false, Scope::Public),
            ("private, max-age=1", false, Scope::Private),
            ("private=\"x\"", false, Scope::Public),
            ("private, no-store", true, Scope::Unstored),
            ("no-cache", true, Scope::Public),
            ("no-cache=\"x\"", false, Scope::Public),
            ("must-revalidate, max-age=2", true, Scope::Public),
            ("Proxy-Revalidate, max-age=2", true, Scope::Public),
            ("s-maxage=2", true, Scope::Public),
            ("max-age=2, stale-if-error=60", false, Scope::Public),
        ] {
            let said = said(&[&format!("cache-control: {line}")]);
            assert_eq!((said.forbids_stale(), said.scope()), (forbids_stale, scope), "{line}");
        }
        let said = said(&["cache-control: stale-while-revalidate=30, stale-if-error=\"60\", stale-if-error=x"]);
        assert_eq!(said.stale_while_revalidate(), Some(Duration::from_secs(30)));
        assert_eq!(said.stale_if_error(), Some(Duration::from_secs(60)));
    }

    #[test]
    fn a_304_replaces_what_it_says_and_nothing_else() {
        let before = said(&["cache-control: max-age=600", "age: 50", "last-modified: Fri, 15 Jan 2027 07:00:00 GMT"]);
        let after = before.renewed(said(&["date: Fri, 15 Jan 2027 07:59:00 GMT"]));
        assert_eq!((after.lifetime(), after.age().as_secs()), (before.lifetime(), 60));
        let other = before.renewed(said(&["cache-control: must-revalidate, max-age=60", "age: 7"]));
        assert_eq!((other.lifetime(), other.age()), (Some(Duration::from_secs(60)), Duration::from_secs(7)));
        assert!(other.forbids_stale() && other.unchanged_for().is_some());
    }
}
