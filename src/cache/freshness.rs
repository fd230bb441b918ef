//! For how long what upstream sent may be used: RFC 9111 §4.2 as a shared cache reads it, then the operator's floor and
//! ceiling. Pure: headers and a time in, a time out; no header makes it fail or panic.
//!
//! Order: `no-store`/`no-cache` (nothing) → `s-maxage` → `max-age` → `Expires` − `Date` → the default. `Age` is taken
//! off. Freshness information that cannot be read counts as "already stale" (§4.2.1, §5.3). The floor holds always: it
//! protects the upstream from us.

use std::time::Duration;

use hyper::HeaderMap;
use hyper::header::{self, HeaderName};

use super::answer::Scope;
use crate::base::clock::Time;

/// The operator's part: `cache.default_ttl`, `cache.min_ttl`, `cache.max_ttl`.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// Where upstream says nothing.
    pub default: Duration,
    /// Floor.
    pub min: Duration,
    /// Ceiling; a ceiling below the floor counts as the floor.
    pub max: Duration,
}

/// How long and by whom what was fetched may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Freshness {
    /// When it left the origin: the time of the fetch less upstream's `Age`.
    pub generated: Time,
    /// Until when it may be used without asking again.
    pub fresh_until: Time,
    /// Whether others than the reader may keep it.
    pub scope: Scope,
}

impl Freshness {
    /// True while no upstream need be asked. A clock that was set back to before the fetch makes everything stale: what
    /// it fetched would stay fresh for as long as the clock was wrong.
    pub fn is_fresh(&self, now: Time) -> bool {
        self.generated <= now && now < self.fresh_until
    }
}

/// The freshness of a response with `headers` that came in at `now`.
pub fn freshness(headers: &HeaderMap, now: Time, policy: Policy) -> Freshness {
    let control = Control::read(headers);
    let age = header_seconds(headers, header::AGE).unwrap_or_default().min(policy.max);
    let lifetime = match () {
        () if control.no_store || control.no_cache => Duration::ZERO,
        () => control.s_maxage.or(control.max_age).or_else(|| expires(headers, now)).unwrap_or(policy.default),
    };
    let remaining = lifetime.saturating_sub(age).min(policy.max).max(policy.min);
    let scope = if control.private || control.no_store { Scope::Private } else { Scope::Public };
    Freshness { generated: now - age, fresh_until: now + remaining, scope }
}

/// The freshness of what no upstream speaks for (a file of this machine): the shortest allowed.
pub fn shortest(now: Time, policy: Policy) -> Freshness {
    Freshness { generated: now, fresh_until: now + policy.min, scope: Scope::Public }
}

/// `Expires` − `Date`: both by upstream's clock, so that a wrong one does no harm. Ours stands in for a missing `Date`.
fn expires(headers: &HeaderMap, now: Time) -> Option<Duration> {
    let expires = headers.get(header::EXPIRES)?;
    let sent = header_date(headers, header::DATE).unwrap_or(now);
    // `0`, `-1` and other nonsense: already expired
    Some(expires.to_str().ok().and_then(date).map_or(Duration::ZERO, |at| at.since(sent)))
}

#[derive(Default)]
struct Control {
    s_maxage: Option<Duration>,
    max_age: Option<Duration>,
    no_cache: bool,
    no_store: bool,
    private: bool,
}

impl Control {
    /// All `Cache-Control` lines. Of a directive said twice the first counts; unknown ones are passed over.
    fn read(headers: &HeaderMap) -> Control {
        let mut control = Control::default();
        for line in headers.get_all(header::CACHE_CONTROL) {
            for directive in line.to_str().unwrap_or_default().split(',') {
                let (name, argument) = directive.split_once('=').unwrap_or((directive, ""));
                let span = || Some(seconds(argument.trim().trim_matches('"')).unwrap_or_default());
                match name.trim().to_ascii_lowercase().as_str() {
                    "s-maxage" => control.s_maxage = control.s_maxage.or_else(span),
                    "max-age" => control.max_age = control.max_age.or_else(span),
                    // with a list of fields (`private="set-cookie"`) only those are meant, and we pass none on
                    "no-cache" => control.no_cache |= argument.is_empty(),
                    "private" => control.private |= argument.is_empty(),
                    "no-store" => control.no_store = true,
                    _ => {}
                }
            }
        }
        control
    }
}

/// RFC 9111 §1.2.2: digits; more than fit count as the most that fit.
fn seconds(text: &str) -> Option<Duration> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| Duration::from_secs(text.parse::<u32>().unwrap_or(u32::MAX).into()))
}

fn header_seconds(headers: &HeaderMap, name: HeaderName) -> Option<Duration> {
    headers.get(name).and_then(|value| seconds(value.to_str().ok()?.trim()))
}

fn header_date(headers: &HeaderMap, name: HeaderName) -> Option<Time> {
    headers.get(name).and_then(|value| date(value.to_str().ok()?))
}

fn date(text: &str) -> Option<Time> {
    httpdate::parse_http_date(text.trim()).ok().map(Time::from_system)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;
    use proptest::prelude::*;

    const NOW: Time = Time::from_secs(1_800_000_000); // Fri, 15 Jan 2027 08:00:00 GMT
    const POLICY: Policy =
        Policy { default: Duration::from_secs(1800), min: Duration::from_secs(300), max: Duration::from_secs(86_400) };
    const OPEN: Policy = Policy { default: Duration::from_secs(1800), min: Duration::ZERO, max: Duration::MAX };

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in lines {
            map.append(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        map
    }

    fn remaining(lines: &[(&'static str, &str)], policy: Policy) -> u64 {
        freshness(&headers(lines), NOW, policy).fresh_until.since(NOW).as_secs()
    }

    #[test]
    fn the_table() {
        let cc = "cache-control";
        let cases: &[(&[(&'static str, &str)], u64)] = &[
            (&[], 1800),
            (&[(cc, "max-age=600")], 600),
            (&[(cc, "MAX-AGE = 600 , public")], 600),
            (&[(cc, "max-age=\"600\"")], 600),
            (&[(cc, "max-age=600, s-maxage=900")], 900),
            (&[(cc, "max-age=600"), (cc, "s-maxage=900")], 900),
            (&[(cc, "max-age=600, max-age=60")], 600),
            (&[(cc, "max-age=600"), ("age", "100")], 500),
            (&[(cc, "max-age=600"), ("age", "900")], 0),
            (&[(cc, "max-age=600"), ("age", "-5")], 600),
            (&[(cc, "max-age=soon")], 0),
            (&[(cc, "max-age=")], 0),
            (&[(cc, "max-age=99999999999999999999")], u64::from(u32::MAX)),
            (&[(cc, "no-cache, max-age=600")], 0),
            (&[(cc, "no-cache=\"set-cookie\", max-age=600")], 600),
            (&[(cc, "no-store")], 0),
            (&[(cc, "private, max-age=600")], 600),
            (&[(cc, "immutable, foo=bar")], 1800),
            (&[("expires", "Fri, 15 Jan 2027 08:10:00 GMT")], 600),
            (&[("expires", "Fri, 15 Jan 2027 08:10:00 GMT"), ("date", "Fri, 15 Jan 2027 07:50:00 GMT")], 1200),
            (&[("expires", "Fri, 15 Jan 2027 07:50:00 GMT")], 0),
            (&[("expires", "0")], 0),
            (&[("expires", "-1"), (cc, "max-age=600")], 600),
        ];
        for (lines, expected) in cases {
            assert_eq!(remaining(lines, OPEN), *expected, "{lines:?}");
            assert_eq!(remaining(lines, POLICY), (*expected).clamp(300, 86_400), "clamped {lines:?}");
        }
    }

    #[test]
    fn age_counts_from_the_origin() {
        let found = freshness(&headers(&[("age", "100"), ("cache-control", "max-age=600")]), NOW, OPEN);
        assert_eq!(found.generated, NOW - Duration::from_secs(100));
    }

    #[test]
    fn what_upstream_calls_private_is_not_for_shared_caches() {
        for (value, scope) in [
            ("private", Scope::Private),
            ("no-store", Scope::Private),
            ("private=\"x\"", Scope::Public),
            ("max-age=1", Scope::Public),
        ] {
            assert_eq!(freshness(&headers(&[("cache-control", value)]), NOW, OPEN).scope, scope, "{value}");
        }
    }

    #[test]
    fn a_floor_above_the_ceiling_wins() {
        let policy = Policy { min: Duration::from_secs(900), max: Duration::from_secs(60), ..POLICY };
        assert_eq!(remaining(&[], policy), 900);
    }

    proptest! {
        #[test]
        fn no_header_escapes_the_bounds(control in "[ -~]{0,60}", expires in "[ -~]{0,40}", age in "[ -~]{0,20}") {
            let lines = [("cache-control", control.as_str()), ("expires", &expires), ("age", &age)];
            let left = remaining(&lines, POLICY);
            prop_assert!((300..=86_400).contains(&left));
        }
    }
}
