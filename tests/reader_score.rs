//! How refeed treats an upstream, judged as Rachel Kroll's feed-reader score judges readers
//! (<https://rachelbythebay.com/fs/help.html>): an upstream of our own watches it for simulated weeks. Perfect marks are asked for.
//!
//! `bench/reader-score.sh` prints the table.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use refeed::base::clock::{Clock, Time};
use refeed::base::url::Url;
use refeed::cache::Disk;
use refeed::config::{Config, Feed, Origin, RuleList};
use refeed::pipeline::{Ask, How, Pipeline};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const NOW: Time = Time::from_secs(1_800_000_000); // Fri, 15 Jan 2027 08:00:00 GMT
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);
/// The path of the feed; everything else is invented.
const PATH: &str = "/feed.xml";

/// What the upstream is like.
#[derive(Clone, Copy)]
struct Habits {
    /// A new item so often.
    every: Duration,
    /// `touch feed.xml` so often: other validators, the same bytes.
    touched: Duration,
    etag: bool,
    last_modified: bool,
    /// From the third day on it answers 429 for half a day.
    limits: bool,
}

const BLOG: Habits = Habits {
    every: Duration::from_secs(3 * 24 * 3600),
    touched: Duration::from_secs(29 * 3600),
    etag: true,
    last_modified: true,
    limits: false,
};

/// The marks. All but the first count what should not happen.
#[derive(Default)]
struct Marks {
    requests: usize,
    unconditional: usize,
    stale_validators: usize,
    invented_validators: usize,
    one_validator_of_two: usize,
    sooner_than_an_hour: usize,
    bursts: usize,
    asked_while_told_to_wait: usize,
    cookies: usize,
    referrers: usize,
    invented_addresses: usize,
    queries: usize,
}

impl Marks {
    fn are_perfect(&self) -> bool {
        let faults = self.stale_validators
            + self.invented_validators
            + self.one_validator_of_two
            + self.sooner_than_an_hour
            + self.bursts
            + self.asked_while_told_to_wait
            + self.cookies
            + self.referrers
            + self.invented_addresses
            + self.queries;
        // the first request cannot be conditional
        faults == 0 && self.unconditional == 1 && self.requests > 1
    }
}

impl fmt::Display for Marks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, count) in [
            ("requests", self.requests),
            ("unconditional requests (the first is one)", self.unconditional),
            ("validators out of sequence", self.stale_validators),
            ("validators invented", self.invented_validators),
            ("one validator where two were sent", self.one_validator_of_two),
            ("sooner than an hour after the last", self.sooner_than_an_hour),
            ("within a minute of the last", self.bursts),
            ("within the time of a Retry-After", self.asked_while_told_to_wait),
            ("with cookies", self.cookies),
            ("with a referrer", self.referrers),
            ("to addresses nobody named", self.invented_addresses),
            ("with a query nobody wrote", self.queries),
        ] {
            writeln!(f, "  {count:>5} {name}")?;
        }
        Ok(())
    }
}

/// The upstream, which is the judge.
struct Judge {
    clock: Clock,
    habits: Habits,
    marks: Mutex<Marks>,
    /// When the last request came, and until when it was told to wait.
    last: Mutex<(Option<Time>, Option<Time>)>,
}

impl Judge {
    async fn start(clock: &Clock, habits: Habits) -> (Arc<Judge>, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let judge = Arc::new(Judge { clock: clock.clone(), habits, marks: Mutex::default(), last: Mutex::default() });
        let of = Arc::clone(&judge);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = of.serve(stream).await;
            }
        });
        (judge, address)
    }

    async fn serve(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await?);
        }
        let reply = self.answer(&String::from_utf8_lossy(&head));
        stream.write_all(reply.as_bytes()).await
    }

    /// The feed's and its validators' state at `now`: the bytes, and how often it was touched.
    fn state(&self, now: Time) -> (u64, u64, Time) {
        let age = now.since(NOW - 30 * DAY);
        let (items, touches) =
            (age.as_secs() / self.habits.every.as_secs(), age.as_secs() / self.habits.touched.as_secs());
        let start = (NOW - 30 * DAY).secs();
        let at = |count: u64, every: Duration| start + i64::try_from(count * every.as_secs()).unwrap();
        (items, touches, Time::from_secs(at(items, self.habits.every).max(at(touches, self.habits.touched))))
    }

    fn validators(&self, now: Time) -> (Option<String>, Option<String>) {
        let (items, touches, modified) = self.state(now);
        let etag = self.habits.etag.then(|| format!("W/\"{items}-{touches} as they are\""));
        let modified = self.habits.last_modified.then(|| httpdate::fmt_http_date(modified.to_system()));
        (etag, modified)
    }

    fn answer(&self, head: &str) -> String {
        let now = self.clock.now();
        let header = |name: &str| {
            let mut lines = head.lines().filter_map(|line| line.split_once(": "));
            lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
        };
        let mut marks = self.marks.lock().unwrap();
        let (last, told) = *self.last.lock().unwrap();
        marks.requests += 1;
        let target = head.split(' ').nth(1).unwrap_or_default();
        marks.queries += usize::from(target.contains('?'));
        marks.invented_addresses += usize::from(target.split('?').next() != Some(PATH));
        marks.cookies += usize::from(header("cookie").is_some());
        marks.referrers += usize::from(header("referer").is_some());
        if let Some(last) = last {
            marks.sooner_than_an_hour += usize::from(now.since(last) < HOUR);
            marks.bursts += usize::from(now.since(last) < MINUTE);
        }
        marks.asked_while_told_to_wait += usize::from(told.is_some_and(|until| now < until));
        let (sent_etag, sent_date) = (header("if-none-match"), header("if-modified-since"));
        let current = self.validators(now);
        // what was valid when it last asked, which is what it must have kept
        let known = last.map(|last| self.validators(last));
        match (&sent_etag, &sent_date) {
            (None, None) => marks.unconditional += 1,
            sent => {
                let expected = known.clone().unwrap_or_default();
                for (sent, expected, all) in [(sent.0, &expected.0, 0), (sent.1, &expected.1, 1)] {
                    let Some(sent) = sent else {
                        marks.one_validator_of_two += usize::from(expected.is_some());
                        continue;
                    };
                    if Some(sent) != expected.as_ref() {
                        let hours = 0..now.since(NOW).as_secs() / 3600 + 1;
                        let issued = hours.map(|hour| self.validators(NOW + HOUR * u32::try_from(hour).unwrap()));
                        let known =
                            issued.map(|pair| [pair.0, pair.1][all].clone()).any(|one| one.as_ref() == Some(sent));
                        marks.stale_validators += usize::from(known);
                        marks.invented_validators += usize::from(!known);
                    }
                }
            }
        }
        let since = now.since(NOW);
        let refused = self.habits.limits && since > 3 * DAY && since < 3 * DAY + DAY / 2;
        if refused {
            let wait = (NOW + 3 * DAY + DAY / 2).since(now);
            *self.last.lock().unwrap() = (last, Some(now + wait));
            return format!(
                "HTTP/1.1 429 Slow down\r\nRetry-After: {}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                wait.as_secs()
            );
        }
        *self.last.lock().unwrap() = (Some(now), None);
        let mut headers = String::new();
        headers.extend(current.0.iter().map(|etag| format!("ETag: {etag}\r\n")));
        headers.extend(current.1.iter().map(|date| format!("Last-Modified: {date}\r\n")));
        let same = sent_etag.is_some() && sent_etag == current.0
            || sent_etag.is_none() && sent_date.is_some() && sent_date == current.1;
        if same {
            return format!("HTTP/1.1 304 Not Modified\r\n{headers}Connection: close\r\n\r\n");
        }
        let body = self.feed(now);
        let length = body.len();
        format!(
            "HTTP/1.1 200 OK\r\n{headers}Content-Type: application/rss+xml\r\nSet-Cookie: id=tracked\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        )
    }

    fn feed(&self, now: Time) -> String {
        let (newest, _, _) = self.state(now);
        let item = |n: u64| {
            let at = NOW - 30 * DAY + self.habits.every * u32::try_from(n).unwrap();
            let date = httpdate::fmt_http_date(at.to_system());
            format!("<item><title>Post {n}</title><guid>urn:{n}</guid><pubDate>{date}</pubDate></item>")
        };
        let items: String = (newest.saturating_sub(10)..=newest).rev().map(item).collect();
        format!(
            "<rss version=\"2.0\"><channel><title>Blog</title><link>https://example.org/</link><description>d</description>{items}</channel></rss>"
        )
    }
}

/// Lets refeed live for `days`, with a reader who asks every `reader`, and ended and started again every `restart`.
async fn watch(habits: Habits, days: u32, reader: Option<Duration>, restart: Option<Duration>) -> Marks {
    let clock = Clock::manual(NOW);
    let (judge, address) = Judge::start(&clock, habits).await;
    let directory = tempfile::tempdir().unwrap();
    let mut config = Config::default();
    config.fetch.allow = vec![format!("{address}").parse().unwrap()];
    let url = Url::parse(&format!("http://{address}{PATH}")).unwrap();
    config.feeds.insert("blog".into(), Feed::new(url.as_str(), Origin::Http(url.clone()), RuleList::empty()));
    let end = NOW + DAY * days;
    while clock.now() < end {
        let disk = Disk::open(directory.path(), 16 << 20, clock.clone());
        let pipeline = Pipeline::with_disk(&config, clock.clone(), disk.clone()).unwrap();
        let mut background = pipeline.background().await;
        let stop = restart.map_or(end, |restart| clock.now() + restart).min(end);
        let mut asks = clock.now() + reader.unwrap_or(DAY * (days + 1));
        while clock.now() < stop {
            background.settle().await;
            if clock.now() >= asks {
                ask(&pipeline).await;
                asks = clock.now() + reader.unwrap();
            }
            let next =
                background.next_due().unwrap_or(stop).min(asks).min(stop).max(clock.now() + Duration::from_secs(1));
            clock.advance(next.since(clock.now()));
        }
        disk.flush().await.unwrap();
    }
    std::mem::take(&mut *judge.marks.lock().unwrap())
}

/// A reader asks, and whatever that sets off is done when this returns.
async fn ask(pipeline: &Pipeline) {
    loop {
        let served = pipeline.answer(Ask::named("blog"), None).await.unwrap();
        if !matches!(served.how, How::Refreshing) {
            return;
        }
        tokio::task::yield_now().await;
    }
}

async fn perfect(name: &str, habits: Habits, reader: Option<Duration>, restart: Option<Duration>) {
    let marks = watch(habits, 7, reader, restart).await;
    println!("{name}, 7 days:\n{marks}");
    assert!(marks.are_perfect(), "{name}:\n{marks}");
}

#[tokio::test]
async fn a_blog_that_nobody_reads() {
    perfect("a blog that nobody reads", BLOG, None, None).await;
}

#[tokio::test]
async fn a_blog_read_every_ten_minutes() {
    perfect("a blog read every ten minutes", BLOG, Some(10 * MINUTE), None).await;
}

#[tokio::test]
async fn with_one_validator_only() {
    perfect("with ETag only", Habits { last_modified: false, ..BLOG }, Some(HOUR), None).await;
    perfect("with Last-Modified only", Habits { etag: false, ..BLOG }, Some(HOUR), None).await;
}

#[tokio::test]
async fn a_blog_read_every_ten_minutes_with_a_restart_every_hour() {
    perfect(
        "a blog read every ten minutes, refeed started anew every 50 minutes",
        BLOG,
        Some(10 * MINUTE),
        Some(50 * MINUTE),
    )
    .await;
}

#[tokio::test]
async fn an_upstream_that_asks_to_slow_down() {
    perfect("429 with Retry-After", Habits { limits: true, ..BLOG }, Some(10 * MINUTE), Some(7 * HOUR)).await;
}
