//! Permanent redirects, remembered once they have proved themselves: one answer may be a slip, or carry an address made for
//! one visitor only. Pure; who asks, and undoes it when the new address dies, is `pipeline::upstream`.

use serde::{Deserialize, Serialize};

use crate::base::clock::Time;
use crate::base::limits;
use crate::base::url::Url;

/// Where an upstream says that a feed is from now on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// The new address.
    pub to: Url,
    /// When it was first named.
    pub since: Time,
    /// When it was last named.
    pub last: Time,
    /// How often it was named without another answer between.
    pub times: u32,
}

impl Moved {
    /// What is known after an answer that named `to`, or that came without a permanent redirect.
    pub fn heard(before: Option<&Moved>, to: Option<&Url>, now: Time) -> Option<Moved> {
        let to = to?;
        Some(match before.filter(|before| before.to == *to) {
            Some(same) => Moved { last: now, times: same.times.saturating_add(1), ..same.clone() },
            None => Moved { to: to.clone(), since: now, last: now, times: 1 },
        })
    }

    /// True where the new address is asked instead of the old one.
    pub fn is_settled(&self) -> bool {
        self.times >= limits::MOVED_TIMES && self.last.since(self.since) >= limits::MOVED_OVER
    }
}

/// Where the permanent redirects at the start of `hops` (status, URL) lead: what follows a temporary one is not for good.
pub fn permanent<'a>(hops: impl Iterator<Item = (u16, &'a Url)>) -> Option<&'a Url> {
    hops.take_while(|(status, _)| matches!(status, 301 | 308)).last().map(|(_, url)| url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(path: &str) -> Url {
        Url::parse("https://example.org/").unwrap().join(path).unwrap()
    }

    #[test]
    fn only_what_leads_on_for_good_counts() {
        let (a, b, c) = (url("a"), url("b"), url("c"));
        for (hops, expected) in [
            (&[][..], None),
            (&[(301, &a)], Some(&a)),
            (&[(308, &a), (301, &b)], Some(&b)),
            (&[(301, &a), (302, &b), (301, &c)], Some(&a)),
            (&[(307, &a), (301, &b)], None),
            (&[(303, &a)], None),
        ] {
            assert_eq!(permanent(hops.iter().copied()), expected, "{hops:?}");
        }
    }

    #[test]
    fn three_equal_answers_over_a_day_settle_it() {
        let hours = |count: u32| Time::from_secs(0) + limits::HOUR * count;
        for (answers, settled) in [
            (&[(0, "a"), (12, "a"), (24, "a")][..], true),
            (&[(0, "a"), (12, "a"), (23, "a")], false),
            (&[(0, "a"), (48, "a")], false),
            (&[(0, "a"), (12, "b"), (24, "a"), (36, "a")], false),
            (&[(0, "a"), (1, "a"), (2, "a"), (30, "a")], true),
            (&[(0, "a"), (12, ""), (24, "a"), (25, "a")], false),
        ] {
            let hear = |before: Option<Moved>, (at, to): &(u32, &str)| {
                let to = Some(url(to)).filter(|_| !to.is_empty());
                Moved::heard(before.as_ref(), to.as_ref(), hours(*at))
            };
            let known = answers.iter().fold(None, hear);
            assert_eq!(known.is_some_and(|known| known.is_settled()), settled, "{answers:?}");
        }
    }
}
