//! The queue of refreshes, with a clock that is moved by hand and an upstream that only counts.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;

use super::super::ask::{Form, policy};
use super::*;
use crate::base::url::Url;
use crate::rules::Chain;

const NOW: Time = Time::from_secs(1_800_000_000);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

fn route(url: &str) -> Arc<Route> {
    let feed = crate::config::Feed::new(url, Origin::Http(Url::parse(url).unwrap()), crate::config::RuleList::empty());
    let policy = policy(&crate::config::Cache::default(), &feed);
    Route::new(url.into(), &feed, Chain::empty(), Form::default(), policy.into())
}

fn routes(count: usize, hosts: usize) -> Vec<(Arc<Route>, Pace)> {
    let url = |n| format!("https://host{}.example.org/feed{n}", n % hosts);
    (0..count).map(|n| (route(&url(n)), Pace::Adaptive)).collect()
}

/// What was asked for, and when.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<(String, Time)>>>);

impl Log {
    fn times(&self) -> Vec<Time> {
        self.0.lock().unwrap().iter().map(|(_, time)| *time).collect()
    }

    fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

/// A feed of which an item comes every `gap`, if at all.
fn seen(now: Time, gap: Option<Duration>) -> Seen {
    let digest = gap.map_or(0, |gap| u64::try_from(now.secs()).unwrap() / gap.as_secs());
    Seen { digest, asked: now, fresh_until: now + 30 * MINUTE, validators: true, gap, told: false }
}

async fn start<F>(
    feeds: Vec<(Arc<Route>, Pace)>,
    clock: &Clock,
    disk: &Disk,
    log: &Log,
    answer: impl Fn(Time) -> Refreshed + Clone + Send + 'static,
    wrap: impl Fn(Refreshed) -> F + Send + 'static,
) -> Background
where
    F: Future<Output = Refreshed> + Send + 'static,
{
    let (of, log) = (clock.clone(), log.clone());
    let refresh = move |route: Arc<Route>| {
        log.0.lock().unwrap().push((route.label.to_string(), of.now()));
        wrap(answer(of.now()))
    };
    Background::new(feeds, clock.clone(), disk.clone(), refresh).await
}

/// Moves the clock from one due time to the next for `span`.
async fn live(background: &mut Background, clock: &Clock, span: Duration) {
    let end = clock.now() + span;
    loop {
        background.settle().await;
        let next = background.next_due().unwrap_or(end).min(clock.now() + HOUR).min(end);
        clock.advance(next.since(clock.now()));
        if clock.now() >= end {
            return;
        }
    }
}

#[tokio::test]
async fn feeds_are_refreshed_by_their_rhythm_and_those_of_one_address_once() {
    let (clock, log) = (Clock::manual(NOW), Log::default());
    let feeds = vec![(route("https://a.example/"), Pace::Adaptive), (route("https://a.example/"), Pace::Adaptive)];
    let reader = Arc::clone(&feeds[0].0);
    let answer = |now| Ok(seen(now, Some(4 * HOUR)));
    let mut background = start(feeds, &clock, &Disk::none(), &log, answer, std::future::ready).await;
    for _ in 0..48 {
        reader.read.note(clock.now());
        live(&mut background, &clock, HOUR).await;
    }
    let times = log.times();
    // an item every four hours: every two, and with each unchanged answer between three
    assert!((14..=24).contains(&times.len()), "{}", times.len());
    assert!(times.windows(2).all(|pair| pair[1].since(pair[0]) >= 2 * HOUR), "{times:?}");
}

#[tokio::test]
async fn who_reads_one_feed_of_an_address_reads_all_of_them() {
    let (clock, log) = (Clock::manual(NOW), Log::default());
    for faster in [Pace::Adaptive, Pace::Every(DAY)] {
        let feeds: Vec<_> =
            [Pace::Adaptive, Pace::Adaptive, faster].map(|pace| (route("https://a.example/"), pace)).into();
        let readers: Vec<_> = feeds.iter().map(|(route, _)| Arc::clone(&route.read)).collect();
        let answer = |now| Ok(seen(now, Some(4 * HOUR)));
        let mut background = start(feeds, &clock, &Disk::none(), &log, answer, std::future::ready).await;
        for reader in readers {
            for _ in 0..10 {
                reader.note(clock.now());
                live(&mut background, &clock, DAY).await;
            }
            let before = log.len();
            live(&mut background, &clock, DAY).await;
            assert!(log.len() > before, "somebody reads it");
        }
    }
}

#[tokio::test]
async fn a_start_is_no_burst_and_a_restart_asks_for_nothing_before_it_is_due() {
    let directory = tempfile::tempdir().unwrap();
    let (clock, log) = (Clock::manual(NOW), Log::default());
    let answer = |now| Ok(seen(now, Some(DAY)));
    let disk = Disk::open(directory.path(), 16 << 20, clock.clone());
    let mut background = start(routes(600, 600), &clock, &disk, &log, answer, std::future::ready).await;
    live(&mut background, &clock, HOUR).await;
    assert_eq!(log.len(), 600);
    let mut minutes = BTreeMap::new();
    log.times().iter().for_each(|time| *minutes.entry(time.since(NOW).as_secs() / 60).or_insert(0) += 1);
    assert!(minutes.len() == 20 && minutes.values().all(|count| *count < 60), "{minutes:?}");
    disk.flush().await.unwrap();
    drop((background, disk)); // as after kill -9: nothing is said at the end
    clock.advance(HOUR);
    let disk = Disk::open(directory.path(), 16 << 20, clock.clone());
    let mut background = start(routes(500, 500), &clock, &disk, &log, answer, std::future::ready).await;
    live(&mut background, &clock, 9 * HOUR).await; // an interval is twelve hours at least
    assert_eq!(log.len(), 600, "asked again before it was due");
    live(&mut background, &clock, 4 * HOUR).await;
    assert_eq!(log.len(), 1100);
    drop(background);
    let held = disk.load_all(Kind::Schedule).await.len();
    assert_eq!(held, 500, "what is no longer configured is forgotten");
}

#[tokio::test]
async fn feeds_that_nobody_reads_are_refreshed_less_and_then_only_wait_for_a_reader() {
    let (clock, log) = (Clock::manual(NOW), Log::default());
    let feeds = vec![(route("https://a.example/"), Pace::Adaptive)];
    let reader = Arc::clone(&feeds[0].0);
    let answer = |now| Ok(seen(now, Some(2 * HOUR)));
    let mut background = start(feeds, &clock, &Disk::none(), &log, answer, std::future::ready).await;
    let mut days = Vec::new();
    for _ in 0..10 {
        let before = log.len();
        live(&mut background, &clock, DAY).await;
        days.push(log.len() - before);
    }
    assert!(days.windows(2).all(|pair| pair[1] <= pair[0]) && days[0] > 2 * days[3] && days[6] > 0, "{days:?}");
    assert_eq!(days[8..], [0, 0], "{days:?}");
    let before = log.len();
    reader.read.note(clock.now());
    live(&mut background, &clock, DAY).await;
    assert!(log.len() > before + 3, "a reader wakes it");
}

#[tokio::test]
async fn at_once_no_more_than_two_of_a_host_and_half_of_all_fetches() {
    let (clock, log) = (Clock::manual(NOW), Log::default());
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let wrap = {
        let (gate, running, most) = (Arc::clone(&gate), Arc::clone(&running), Arc::clone(&most));
        move |refreshed: Refreshed| {
            let (gate, running, most) = (Arc::clone(&gate), Arc::clone(&running), Arc::clone(&most));
            async move {
                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                gate.acquire().await.unwrap().forget();
                running.fetch_sub(1, Ordering::SeqCst);
                refreshed
            }
        }
    };
    let mut feeds = routes(100, 1);
    feeds.extend(routes(300, 300).into_iter().skip(1));
    let answer = |now| Ok(seen(now, None));
    let mut background = start(feeds, &clock, &Disk::none(), &log, answer, wrap).await;
    clock.advance(HOUR);
    background.begin();
    let at = |host: &str| log.0.lock().unwrap().iter().filter(|(url, _)| url.contains(host)).count();
    assert_eq!((at("host0."), log.len()), (2, limits::REFRESHES_AT_ONCE));
    tokio::task::yield_now().await; // all that were started have come to the gate
    gate.add_permits(1000);
    background.settle().await;
    assert_eq!((at("host0."), log.len()), (100, 399));
    assert_eq!(most.load(Ordering::SeqCst), limits::REFRESHES_AT_ONCE);
    assert!(background.hosts.is_empty() && background.running.is_empty());
}

#[tokio::test]
async fn what_fails_or_panics_waits_as_the_upstream_asks_and_harms_no_other() {
    let (clock, log) = (Clock::manual(NOW), Log::default());
    let wrap = |refreshed: Refreshed| async move { refreshed.map_err(|retry| assert!(retry.0 != 0)).or(Err(Time(0))) };
    let answer = |now: Time| if now.since(NOW) < HOUR { Err(Time(0)) } else { Ok(seen(now, None)) };
    let mut background = start(routes(3, 3), &clock, &Disk::none(), &log, answer, wrap).await;
    live(&mut background, &clock, 30 * MINUTE).await;
    assert_eq!(log.len(), 3, "all three panicked");
    live(&mut background, &clock, 90 * MINUTE).await;
    assert_eq!(log.len(), 6, "and are asked again an interval later");
    let (clock, log) = (Clock::manual(NOW), Log::default());
    let answer = |now| Err(now + DAY);
    let mut background = start(routes(1, 1), &clock, &Disk::none(), &log, answer, std::future::ready).await;
    live(&mut background, &clock, 3 * DAY + HOUR).await;
    assert_eq!(log.len(), 4);
}

#[tokio::test]
async fn many_feeds_stay_spread_over_their_interval() {
    let (clock, log) = (Clock::manual(NOW), Log::default());
    let feeds: Vec<_> = routes(20_000, 1000).into_iter().map(|(route, _)| (route, Pace::Every(HOUR))).collect();
    let answer = |now| Ok(seen(now, Some(HOUR)));
    let mut background = start(feeds, &clock, &Disk::none(), &log, answer, std::future::ready).await;
    live(&mut background, &clock, 4 * HOUR).await;
    assert!((70_000..80_000).contains(&log.len()), "{}", log.len());
    let mut seconds = BTreeMap::new();
    log.times().iter().for_each(|time| *seconds.entry(time.secs()).or_insert(0) += 1);
    assert!(seconds.values().all(|count| *count < 25), "a burst: {:?}", seconds.values().max());
}
