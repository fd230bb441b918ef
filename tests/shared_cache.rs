//! Several refeeds share one Valkey or Redis (`cache.shared`): what one fetched the others serve, and what one was asked for the others
//! heed; and whatever becomes of the store, each goes on as without it.
//!
//! Needs `redis-server` or `valkey-server`: `./test` installs one and runs the tests that are reported as ignored elsewhere.
#![allow(clippy::unwrap_used, clippy::expect_used)] // helpers of tests

mod serve_support;

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use redis::Commands;
use refeed::base::clock::Clock;
use refeed::base::limits;
use refeed::config::Config;
use refeed::config::fields::Secret;
use serve_support::{NOW, PATIENCE, Server, Upstream, config, feed};
use tempfile::TempDir;

const HOUR: Duration = Duration::from_secs(3600);

/// A server of its own, which keeps nothing and ends with the test.
struct Redis {
    child: Child,
    port: u16,
    folder: TempDir,
    password: Option<&'static str>,
}

impl Redis {
    fn start() -> Redis {
        Redis::with(None)
    }

    fn with(password: Option<&'static str>) -> Redis {
        let folder = tempfile::tempdir().unwrap();
        let (mut port, mut child);
        loop {
            port = free_port();
            child = spawn(port, folder.path(), password);
            while child.try_wait().unwrap().is_none() && TcpStream::connect(("127.0.0.1", port)).is_err() {
                std::thread::sleep(Duration::from_millis(5));
            }
            if child.try_wait().unwrap().is_none() {
                break; // else somebody was faster with the port
            }
        }
        let redis = Redis { child, port, folder, password };
        redis.connection();
        redis
    }

    fn address(&self) -> String {
        let password = self.password.map(|password| format!(":{password}@")).unwrap_or_default();
        format!("redis://{password}127.0.0.1:{}/0", self.port)
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Stops it as it is, or lets it go on: `STOP`, `CONT`.
    fn signal(&self, name: &str) {
        let done = Command::new("kill").args([format!("-{name}"), self.child.id().to_string()]).status().unwrap();
        assert!(done.success());
    }

    fn again(&mut self) {
        self.child = spawn(self.port, self.folder.path(), self.password);
        self.connection();
    }

    /// A client that is no refeed; waits until the server is there.
    fn connection(&self) -> redis::Connection {
        let client = redis::Client::open(self.address()).unwrap();
        let until = Instant::now() + PATIENCE;
        loop {
            match client.get_connection() {
                Ok(connection) => return connection,
                Err(error) => assert!(Instant::now() < until, "the server starts: {error}"),
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn keys(&self, what: &str) -> Vec<String> {
        self.connection().keys(format!("refeed:*:{what}:*")).unwrap()
    }

    /// Waits until `count` things of this sort are stored: refeed stores behind its answers.
    async fn stored(&self, what: &str, count: usize) -> Vec<String> {
        self.until(&format!("{count} of {what}"), || Some(self.keys(what)).filter(|keys| keys.len() == count)).await
    }

    async fn until<T>(&self, what: &str, look: impl Fn() -> Option<T>) -> T {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = look() {
                return found;
            }
            assert!(Instant::now() < until, "{what}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn spawn(port: u16, folder: &Path, password: Option<&str>) -> Child {
    let start = |program: &str| {
        let mut command = Command::new(program);
        command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
        command.arg("--dir").arg(folder);
        if let Some(password) = password {
            command.args(["--requirepass", password]);
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()
    };
    start("redis-server").or_else(|_| start("valkey-server")).expect("redis-server or valkey-server is installed")
}

/// A refeed with a folder of its own, whose clock is everybody's.
struct Refeed {
    server: Server,
    _folder: TempDir,
}

impl std::ops::Deref for Refeed {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

async fn refeed(config: &Config, clock: &Clock) -> Refeed {
    let folder = tempfile::tempdir().unwrap();
    Refeed { server: Server::on_disk(config, folder.path(), clock.clone()).await, _folder: folder }
}

/// The feed `a` of `upstream`, shared at `address`.
fn sharing(address: &str, upstream: &Upstream) -> Config {
    let mut config = config(&[("a", upstream.url("/feed"), "")]);
    config.cache.shared = Some(Secret::new(address));
    config
}

#[tokio::test]
#[ignore = "needs redis-server or valkey-server: ./test"]
async fn what_one_fetched_the_others_serve_with_its_validators_and_its_age() {
    let (redis, upstream, clock) = (Redis::start(), Upstream::start("ETag: \"one\"\r\n").await, Clock::manual(NOW));
    let config = sharing(&redis.address(), &upstream);
    let (one, two) = (refeed(&config, &clock).await, refeed(&config, &clock).await);
    let first = one.get("/feed/a", &[]).await;
    redis.stored("copy", 1).await;
    clock.advance(Duration::from_secs(60));
    let second = two.get("/feed/a", &[]).await;
    assert_eq!((first.status, second.status, upstream.hits()), (200, 200, 1));
    assert!(first.body == second.body);
    assert_eq!((first.header("age"), second.header("age")), ("0", "60"));
    // when it is old, it is asked for with what the first was told
    clock.advance(2 * HOUR);
    upstream.answers(304, "ETag: \"one\"\r\n", "");
    two.refreshed("/feed/a").await;
    upstream.came(2).await;
    assert_eq!(upstream.asked("if-none-match"), "\"one\"");
}

#[tokio::test]
#[ignore = "needs redis-server or valkey-server: ./test"]
async fn a_newer_copy_of_another_is_taken_instead_of_fetching() {
    let (redis, upstream, clock) = (Redis::start(), Upstream::start("").await, Clock::manual(NOW));
    let config = sharing(&redis.address(), &upstream);
    let (one, two) = (refeed(&config, &clock).await, refeed(&config, &clock).await);
    one.get("/feed/a", &[]).await;
    redis.stored("copy", 1).await;
    two.get("/feed/a", &[]).await;
    let before: Vec<u8> = redis.connection().get(&redis.keys("copy")[0]).unwrap();
    clock.advance(HOUR);
    upstream.answers(200, "", &feed(3));
    let newest = one.refreshed("/feed/a").await;
    assert_eq!(upstream.hits(), 2);
    let key = redis.keys("copy").remove(0);
    redis.until("it is stored", || (redis.connection().get::<_, Vec<u8>>(&key).unwrap() != before).then_some(())).await;
    let taken = two.refreshed("/feed/a").await;
    assert_eq!((taken.body == newest.body, upstream.hits()), (true, 2));
}

#[tokio::test]
#[ignore = "needs redis-server or valkey-server: ./test"]
async fn a_refeed_that_starts_with_an_empty_disk_has_the_last_good_copy_of_an_upstream_that_is_down() {
    let (redis, upstream, clock) = (Redis::start(), Upstream::start("").await, Clock::manual(NOW));
    let config = sharing(&redis.address(), &upstream);
    let before = refeed(&config, &clock).await.get("/feed/a", &[]).await;
    redis.stored("copy", 1).await;
    clock.advance(24 * HOUR);
    upstream.answers(500, "", "");
    let after = refeed(&config, &clock).await.get("/feed/a", &[]).await;
    assert_eq!((after.status, after.body == before.body, after.header("age")), (200, true, "86400"));
    assert_eq!(upstream.hits(), 2, "upstream was asked, and failed");
}

#[tokio::test]
#[ignore = "needs redis-server or valkey-server: ./test"]
async fn a_host_that_asked_one_for_a_pause_is_asked_by_none() {
    let (redis, upstream, clock) = (Redis::start(), Upstream::start("").await, Clock::manual(NOW));
    upstream.answers(429, "Retry-After: 3600\r\n", "");
    let mut config = sharing(&redis.address(), &upstream);
    let other = serve_support::config(&[("b", upstream.url("/other"), "")]);
    config.feeds.extend(other.feeds);
    let (one, two) = (refeed(&config, &clock).await, refeed(&config, &clock).await);
    one.get("/feed/a", &[]).await;
    redis.stored("hold", 1).await;
    let refused = two.get("/feed/b", &[]).await;
    assert_eq!((refused.status, upstream.hits()), (502, 1));
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((3500..=3600).contains(&wait), "{wait}");
}

#[tokio::test]
#[ignore = "needs redis-server or valkey-server: ./test"]
async fn of_those_that_want_a_feed_at_once_one_fetches_it() {
    let (redis, upstream, clock) = (Redis::start(), Upstream::start("").await, Clock::manual(NOW));
    let config = sharing(&redis.address(), &upstream);
    let (one, two) = (refeed(&config, &clock).await, refeed(&config, &clock).await);
    upstream.close().await;
    let second = async {
        upstream.came(1).await;
        let open = async {
            tokio::time::sleep(limits::SHARED_LOOK * 2).await; // it has seen that it is not its turn
            upstream.open();
        };
        tokio::join!(two.get("/feed/a", &[]), open).0
    };
    let (first, second) = tokio::join!(one.get("/feed/a", &[]), second);
    assert_eq!((first.status, second.status, first.body == second.body), (200, 200, true));
    assert_eq!(upstream.hits(), 1);
    redis.stored("turn", 0).await;
}

#[tokio::test]
#[ignore = "needs redis-server or valkey-server: ./test"]
async fn a_turn_that_is_never_given_back_holds_nobody_up_for_long_and_is_not_taken_away() {
    let (redis, upstream, clock) = (Redis::start(), Upstream::start("").await, Clock::manual(NOW));
    let config = sharing(&redis.address(), &upstream);
    refeed(&config, &clock).await.get("/feed/a", &[]).await;
    let copy = redis.stored("copy", 1).await.remove(0);
    let turn = copy.replace(":copy:", ":turn:");
    redis.stored("turn", 0).await;
    let () = redis.connection().del(&copy).unwrap();
    let () = redis.connection().set_ex(&turn, "another's", 30).unwrap();
    let began = Instant::now();
    let reply = refeed(&config, &clock).await.get("/feed/a", &[]).await;
    assert_eq!((reply.status, upstream.hits()), (200, 2));
    assert!(began.elapsed() >= limits::SHARED_WAIT, "it waited");
    redis.stored("copy", 1).await;
    assert_eq!(redis.connection().get::<_, String>(&turn).unwrap(), "another's");
}

#[tokio::test]
#[ignore = "needs redis-server or valkey-server: ./test"]
async fn a_value_that_is_damaged_cut_of_another_form_too_large_or_of_a_time_to_come_is_none() {
    let (redis, upstream, clock) = (Redis::start(), Upstream::start("").await, Clock::manual(NOW));
    let config = sharing(&redis.address(), &upstream);
    let ahead = Clock::manual(NOW + limits::SHARED_SKEW * 2);
    refeed(&config, &ahead).await.get("/feed/a", &[]).await;
    let key = redis.stored("copy", 1).await.remove(0);
    let good: Vec<u8> = redis.connection().get(&key).unwrap();
    let changed = |at: usize| {
        let mut value = good.clone();
        value[at] ^= 1;
        value
    };
    let bad = [
        good.clone(), // of a time to come
        changed(0),   // another form
        changed(good.len() - 1),
        changed(5), // another length
        good[..good.len() / 2].to_vec(),
        b"\0\xFFnothing of ours".to_vec(),
        vec![1; limits::SHARED_VALUE + 1],
    ];
    for (n, value) in bad.iter().enumerate() {
        let () = redis.connection().set(&key, value).unwrap();
        let hits = upstream.hits();
        let other = refeed(&config, &clock).await;
        let reply = other.get("/feed/a", &[]).await;
        assert_eq!((reply.status, upstream.hits()), (200, hits + 1), "value {n}");
        let is_new = || (redis.connection().get::<_, Vec<u8>>(&key).unwrap() != *value).then_some(());
        redis.until("a good one is in its place", is_new).await;
        // nor does it take the place of the good one that is at hand
        let () = redis.connection().set(&key, value).unwrap();
        upstream.answers(500, "", "");
        clock.advance(HOUR);
        let kept = other.refreshed("/feed/a").await;
        assert_eq!((kept.status, kept.body == reply.body), (200, true), "value {n}");
        upstream.answers(200, "", &feed(50));
        clock.set_back(HOUR);
        redis.stored("turn", 0).await;
    }
    // not a text at all
    let () = redis.connection().del(&key).unwrap();
    let () = redis.connection().lpush(&key, "x").unwrap();
    assert_eq!(refeed(&config, &clock).await.get("/feed/a", &[]).await.status, 200);
}

#[tokio::test]
#[ignore = "needs redis-server or valkey-server: ./test"]
async fn a_store_that_goes_away_is_missed_by_nobody_and_used_again_when_it_is_back() {
    let (mut redis, upstream, clock) = (Redis::start(), Upstream::start("").await, Clock::manual(NOW));
    let config = sharing(&redis.address(), &upstream);
    let (one, two) = (refeed(&config, &clock).await, refeed(&config, &clock).await);
    one.get("/feed/a", &[]).await;
    redis.stored("copy", 1).await;
    two.get("/feed/a", &[]).await;
    redis.kill();
    for n in 1..4 {
        clock.advance(HOUR);
        for refeed in [&one, &two] {
            assert_eq!(refeed.refreshed("/feed/a").await.status, 200);
        }
        assert_eq!(upstream.hits(), 1 + 2 * n, "each fetches for itself");
    }
    redis.again();
    let until = Instant::now() + PATIENCE;
    while redis.keys("copy").is_empty() {
        assert!(Instant::now() < until, "it is used again");
        clock.advance(HOUR);
        one.refreshed("/feed/a").await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let hits = upstream.hits();
    assert_eq!((refeed(&config, &clock).await.get("/feed/a", &[]).await.status, upstream.hits()), (200, hits));
}

#[tokio::test]
#[ignore = "needs redis-server or valkey-server: ./test"]
async fn a_store_that_stands_still_costs_one_wait_and_is_used_again_when_it_moves() {
    let (redis, upstream, clock) = (Redis::start(), Upstream::start("").await, Clock::manual(NOW));
    let config = sharing(&redis.address(), &upstream);
    let one = refeed(&config, &clock).await;
    one.get("/feed/a", &[]).await;
    let key = redis.stored("copy", 1).await.remove(0);
    let () = redis.connection().del(&key).unwrap();
    redis.signal("STOP");
    let began = Instant::now();
    for _ in 0..20 {
        clock.advance(HOUR);
        assert_eq!(one.refreshed("/feed/a").await.status, 200);
    }
    let took = began.elapsed();
    assert!(took >= limits::SHARED_PATIENCE && took < limits::SHARED_PATIENCE * 20, "{took:?}");
    redis.signal("CONT");
    let until = Instant::now() + PATIENCE;
    while redis.keys("copy").is_empty() {
        assert!(Instant::now() < until, "it is used again");
        // a question for a turn that was given up may be answered now: that turn would end by itself
        let () = redis.keys("turn").iter().map(|turn| redis.connection().del::<_, ()>(turn).unwrap()).collect();
        clock.advance(HOUR);
        assert_eq!(one.get("/feed/a", &[]).await.status, 200);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
#[ignore = "needs redis-server or valkey-server: ./test"]
async fn a_store_that_is_full_or_wants_another_password_is_gone_without() {
    let redis = Redis::with(Some("geheim"));
    let (upstream, clock) = (Upstream::start("").await, Clock::manual(NOW));
    let wrong = sharing(&redis.address().replace("geheim", "falsch"), &upstream);
    assert_eq!(refeed(&wrong, &clock).await.get("/feed/a", &[]).await.status, 200);
    let right = sharing(&redis.address(), &upstream);
    let one = refeed(&right, &clock).await;
    assert_eq!(one.get("/feed/a", &[]).await.status, 200);
    redis.stored("copy", 1).await;
    let () = redis::cmd("CONFIG").arg("SET").arg("maxmemory").arg("1").query(&mut redis.connection()).unwrap();
    for _ in 0..3 {
        clock.advance(HOUR);
        let hits = upstream.hits();
        assert_eq!((one.refreshed("/feed/a").await.status, upstream.hits()), (200, hits + 1));
    }
}

#[tokio::test]
#[ignore = "needs redis-server or valkey-server: ./test"]
async fn what_may_not_be_stored_and_files_of_one_machine_are_not_shared() {
    let (redis, upstream, clock) =
        (Redis::start(), Upstream::start("Cache-Control: no-store\r\n").await, Clock::manual(NOW));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("feed.xml");
    std::fs::write(&path, feed(2)).unwrap();
    let mut config = sharing(&redis.address(), &upstream);
    let origin = refeed::config::Origin::File(path);
    let file = refeed::config::Feed::new("file", origin, refeed::config::RuleList::empty());
    config.feeds.insert("f".into(), file);
    let one = refeed(&config, &clock).await;
    for target in ["/feed/a", "/feed/f"] {
        assert_eq!(one.get(target, &[]).await.status, 200, "{target}");
    }
    // the turn is given back after whatever was stored before it
    redis.stored("turn", 0).await;
    assert_eq!(redis.keys("copy"), Vec::<String>::new());
}

/// Takes connections and never answers, on any.
fn silent() -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (port, count) = (listener.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&count);
    std::thread::spawn(move || {
        let mut open = Vec::new();
        while let Ok((stream, _)) = listener.accept() {
            counted.fetch_add(1, Ordering::SeqCst);
            open.push(stream);
        }
    });
    (port, count)
}

#[tokio::test]
async fn a_store_that_never_answers_costs_one_wait() {
    let (port, connections) = silent();
    let (upstream, clock) = (Upstream::start("").await, Clock::manual(NOW));
    let paths: Vec<String> = (0..20).map(|n| format!("f{n}")).collect();
    let feeds: Vec<_> = paths.iter().map(|name| (name.as_str(), upstream.url(&format!("/{name}")), "")).collect();
    let mut config = config(&feeds);
    config.cache.shared = Some(Secret::new(format!("redis://:geheim@127.0.0.1:{port}")));
    let one = refeed(&config, &clock).await;
    let began = Instant::now();
    for name in &paths {
        assert_eq!(one.get(&format!("/feed/{name}"), &[]).await.status, 200);
    }
    let took = began.elapsed();
    assert!(took >= limits::SHARED_PATIENCE, "the first waited");
    assert!(took < limits::SHARED_PATIENCE * 20, "the others did not: {took:?}");
    assert_eq!(upstream.hits(), 20);
    assert!(connections.load(Ordering::SeqCst) <= 2, "and it was left alone");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_run_asks_upstream_and_not_the_store() {
    let (port, connections) = silent();
    let (upstream, folder) = (Upstream::start("").await, tempfile::tempdir().unwrap());
    let config = folder.path().join("refeed.toml");
    let text = format!(
        "[fetch]\nallow = ['127.0.0.1']\n[cache]\nshared = 'redis://127.0.0.1:{port}'\n[feeds.m]\nsources = ['{}']\n",
        upstream.url("/feed")
    );
    std::fs::write(&config, text).unwrap();
    let run =
        || Command::new(env!("CARGO_BIN_EXE_refeed")).args(["run", "--feed", "m", "--config"]).arg(&config).output();
    let output = tokio::task::block_in_place(run).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!((upstream.hits(), connections.load(Ordering::SeqCst)), (1, 0));
}

#[tokio::test]
async fn a_store_that_is_not_there_or_is_no_store_is_gone_without() {
    let (upstream, clock) = (Upstream::start("").await, Clock::manual(NOW));
    for port in [free_port(), upstream.address.port()] {
        let config = sharing(&format!("redis://127.0.0.1:{port}"), &upstream);
        assert_eq!(refeed(&config, &clock).await.get("/feed/a", &[]).await.status, 200);
    }
}
