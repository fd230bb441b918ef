//! What a feed says of its own rhythm: `ttl`, `skipHours`, `skipDays` (RSS 2.0), `sy:updatePeriod` and its neighbours (RSS
//! 1.0's syndication module, in any XML format), `expired` (JSON Feed).
//!
//! [`Feed::rhythm`] gives plain data; what becomes of it is `cache::freshness`'s. What cannot be read counts as not said.
//! One pass over the head's children, without its items.

use std::cmp::Reverse;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::codec::{Coding, decode};
use super::names::Ns;
use super::tree::{Kind, NodeId};
use super::{Feed, dates};
use crate::base::clock::Time;
use crate::base::limits;

/// When a feed changes, in its own words. The default says nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rhythm {
    /// `ttl`: how long it can be kept.
    pub ttl: Option<Duration>,
    /// `sy:updatePeriod` divided by `sy:updateFrequency`: from one change to the next.
    pub period: Option<Duration>,
    /// `sy:updateBase`: a moment from which the periods are counted.
    pub base: Option<Time>,
    /// `skipHours`: the hours of the day (GMT) in which nobody need ask; bit 0 is midnight to one o'clock.
    pub skip_hours: u32,
    /// `skipDays`: the days of the week (GMT); bit 0 is Monday.
    pub skip_days: u8,
    /// It will never change again.
    pub finished: bool,
    /// The usual time from one item to the next, by the dates of the newest ones.
    pub gap: Option<Duration>,
}

const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

impl Feed {
    /// What the feed says of its own rhythm.
    pub fn rhythm(&self) -> Rhythm {
        let (tree, source) = (&self.document.tree, self.source.as_str());
        let mut rhythm = Rhythm::default();
        let (mut period, mut frequency) = (None, None);
        for id in tree.children(self.head) {
            let (node, text) = (tree.node(id), || self.text(id));
            match (node.ns, node.name(source)) {
                (Ns::None | Ns::Rss, "ttl") => rhythm.ttl = rhythm.ttl.or_else(|| minutes(&text())),
                (Ns::None | Ns::Rss, "skipHours") => {
                    let hours = tree.children(id).filter_map(|id| self.text(id).trim().parse::<u32>().ok());
                    // 24 is how RSS 0.91 writes midnight
                    rhythm.skip_hours = hours.filter(|hour| *hour <= 24).fold(0, |all, hour| all | 1 << (hour % 24));
                }
                (Ns::None | Ns::Rss, "skipDays") => {
                    let days = tree.children(id).filter_map(|id| day(&self.text(id)));
                    rhythm.skip_days = days.fold(0, |all, day| all | 1 << day);
                }
                (Ns::Syndication, "updatePeriod") => period = period.or_else(|| span_of(&text())),
                (Ns::Syndication, "updateFrequency") => frequency = frequency.or_else(|| text().trim().parse().ok()),
                (Ns::Syndication, "updateBase") => rhythm.base = dates::parse(&text()),
                (Ns::None, "expired") if self.format.is_json() => rhythm.finished = text() == "true",
                _ => {}
            }
        }
        rhythm.gap = self.gap();
        rhythm.period = period.map(|period: Duration| period / frequency.unwrap_or(1).max(1));
        rhythm
    }

    /// The median of the newest gaps. Items of one moment count: a feed that brings ten a day brings them so.
    fn gap(&self) -> Option<Duration> {
        let mut dates: Vec<Time> = self.items().iter().filter_map(|item| self.date(*item)).collect();
        dates.sort_unstable_by_key(|date| Reverse(*date));
        let newest = dates.iter().take(limits::RHYTHM_ITEMS);
        let mut gaps: Vec<Duration> =
            newest.clone().zip(newest.skip(1)).map(|(late, early)| late.since(*early)).collect();
        gaps.sort_unstable();
        gaps.get(gaps.len() / 2).copied()
    }

    fn text(&self, id: NodeId) -> std::borrow::Cow<'_, str> {
        let node = self.document.tree.node(id);
        let (span, coding) = match node.kind {
            Kind::Element => (node.inner(), Coding::Text),
            Kind::String => (node.inner(), Coding::Json),
            Kind::Scalar => (node.span(), Coding::Markup),
            _ => (0..0, Coding::Empty),
        };
        decode(&self.source[span], coding)
    }
}

/// Zero is no time to keep anything, and no feed means it: many generators write it for "not set".
fn minutes(text: &str) -> Option<Duration> {
    let minutes: u32 = text.trim().parse().ok()?;
    (minutes > 0).then(|| limits::MINUTE * minutes)
}

fn day(text: &str) -> Option<usize> {
    DAYS.iter().position(|day| day.eq_ignore_ascii_case(text.trim()))
}

fn span_of(period: &str) -> Option<Duration> {
    let hours = match period.trim().to_ascii_lowercase().as_str() {
        "hourly" => 1,
        "daily" => 24,
        "weekly" => 7 * 24,
        "monthly" => 30 * 24,
        "yearly" => 365 * 24,
        _ => return None,
    };
    Some(limits::HOUR * hours)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rss(head: &str) -> Rhythm {
        let sy = "xmlns:sy=\"http://purl.org/rss/1.0/modules/syndication/\" xmlns:x=\"urn:x\"";
        let text = format!(
            "<rss version=\"2.0\" {sy}><channel><title>t</title>{head}<item><ttl>9</ttl></item></channel></rss>"
        );
        Feed::read(text.as_bytes(), None, None).unwrap().rhythm()
    }

    #[test]
    fn ttl_is_minutes() {
        for (text, expected) in [
            ("<ttl>60</ttl>", Some(3600)),
            ("<ttl> 5\n</ttl>", Some(300)),
            ("<ttl><![CDATA[15]]></ttl>", Some(900)),
            ("<ttl>0</ttl>", None),
            ("<ttl>-5</ttl>", None),
            ("<ttl>soon</ttl><ttl>30</ttl>", Some(1800)),
            ("<ttl/>", None),
            ("<x:ttl>60</x:ttl>", None),
            ("<ttl>99999999999</ttl>", None),
            ("", None),
        ] {
            assert_eq!(rss(text).ttl.map(|ttl| ttl.as_secs()), expected, "{text}");
        }
    }

    #[test]
    fn hours_and_days_to_skip() {
        let found =
            rss("<skipHours><hour>0</hour><hour>23</hour><hour>24</hour><hour>25</hour><hour>x</hour></skipHours>\
             <skipDays><day>Saturday</day><day>sunday </day><day>Noday</day></skipDays>");
        assert_eq!(found.skip_hours, 1 | 1 << 23);
        assert_eq!(found.skip_days, 0b110_0000);
        assert_eq!(rss("<skipHours><hour>1</hour><hour>2</hour></skipHours>").skip_hours, 0b110);
    }

    #[test]
    fn the_syndication_module_is_a_period_and_a_base() {
        for (text, period) in [
            ("<sy:updatePeriod>hourly</sy:updatePeriod>", Some(3600)),
            (
                "<sy:updatePeriod>\n\thourly\t</sy:updatePeriod><sy:updateFrequency>\n\t2\t</sy:updateFrequency>",
                Some(1800),
            ),
            ("<sy:updateFrequency>4</sy:updateFrequency><sy:updatePeriod>daily</sy:updatePeriod>", Some(6 * 3600)),
            ("<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>0</sy:updateFrequency>", Some(86_400)),
            ("<sy:updatePeriod>sometimes</sy:updatePeriod>", None),
            ("<updatePeriod>hourly</updatePeriod>", None),
        ] {
            assert_eq!(rss(text).period.map(|period| period.as_secs()), period, "{text}");
        }
        let base = rss("<sy:updateBase>2000-01-01T12:00+00:00</sy:updateBase>").base;
        assert_eq!(base, Some(Time::from_secs(946_728_000)));
    }

    #[test]
    fn other_formats_say_it_in_their_own_way() {
        let json = |text: &str| Feed::read(text.as_bytes(), None, None).unwrap().rhythm();
        let feed = |expired| {
            format!("{{\"version\":\"https://jsonfeed.org/version/1.1\",\"expired\":{expired},\"items\":[]}}")
        };
        assert!(json(&feed("true")).finished && !json(&feed("false")).finished && !json(&feed("\"true \"")).finished);
        let atom = "<feed xmlns=\"http://www.w3.org/2005/Atom\" xmlns:s=\"http://purl.org/rss/1.0/modules/syndication/\">\
             <title>t</title><id>urn:a</id><s:updatePeriod>daily</s:updatePeriod></feed>";
        assert_eq!(json(atom).period, Some(limits::HOUR * 24));
        let rdf = "<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\" xmlns=\"http://purl.org/rss/1.0/\" \
             xmlns:sy=\"http://purl.org/rss/1.0/modules/syndication/\"><channel rdf:about=\"u\"><title>t</title>\
             <sy:updatePeriod>hourly</sy:updatePeriod></channel></rdf:RDF>";
        assert_eq!(json(rdf).period, Some(limits::HOUR));
    }

    #[test]
    fn the_usual_gap_is_the_median_of_the_newest() {
        let gap = |dates: &[&str]| {
            let item = |date: &&str| format!("<item><title>t</title><pubDate>{date}</pubDate></item>");
            let items: String = dates.iter().map(item).collect();
            let text = format!("<rss version=\"2.0\"><channel><title>t</title>{items}</channel></rss>");
            Feed::read(text.as_bytes(), None, None).unwrap().rhythm().gap.map(|gap| gap.as_secs() / 3600)
        };
        let day = |day: u32| format!("2026-11-{day:02}T00:00:00Z");
        let old: Vec<String> = (1..=8).map(|n| day(3 * n)).collect();
        assert_eq!(gap(&[]), None);
        assert_eq!(gap(&["2026-11-01T00:00:00Z", "soon"]), None);
        assert_eq!(gap(&["2026-11-02T00:00:00Z", "2026-11-01T00:00:00Z"]), Some(24));
        assert_eq!(gap(&old.iter().map(String::as_str).collect::<Vec<_>>()), Some(72), "in any order");
        let many: Vec<String> = (0..20).map(|n| format!("2026-11-25T{n:02}:00:00Z")).chain(old).collect();
        assert_eq!(gap(&many.iter().map(String::as_str).collect::<Vec<_>>()), Some(1), "the newest ten");
    }
}
