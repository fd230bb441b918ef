//! The mirror on disk: every item once, nothing changed that did not change, and taken up again after a kill.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cli_common;

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use cli_common::{command, refeed, text};
use refeed::base::clock::{Clock, Time};
use refeed::base::url::Url;
use refeed::config::fields::Allow;
use refeed::config::{Config, Feed, Origin, RuleList};
use refeed::emit::Format;
use refeed::mirror::{Done, Media, Mirror, MirrorError, Options, Quiet, Removed};
use refeed::pipeline::Pipeline;

const NOW: Time = Time(1_709_386_743_000);
const PATIENCE: Duration = Duration::from_secs(20);

/// Answers `/feed` and files; what is not there stays without an answer until it is.
struct Upstream {
    address: SocketAddr,
    files: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Upstream {
    fn start() -> Upstream {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let upstream =
            Upstream { address: listener.local_addr().unwrap(), files: Arc::default(), asked: Arc::default() };
        let (files, asked) = (upstream.files.clone(), upstream.asked.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (mut stream, files, asked) = (stream.unwrap(), files.clone(), asked.clone());
                std::thread::spawn(move || {
                    let mut head = [0; 4096];
                    let length = stream.read(&mut head).unwrap_or(0);
                    let line = String::from_utf8_lossy(&head[..length]).into_owned();
                    let path = line.split(' ').nth(1).unwrap_or("/").to_owned();
                    asked.lock().unwrap().push(path.clone());
                    let started = Instant::now();
                    let body = loop {
                        if let Some(body) = files.lock().unwrap().get(&path) {
                            break body.clone();
                        }
                        if started.elapsed() > PATIENCE {
                            return;
                        }
                        std::thread::sleep(Duration::from_millis(5));
                    };
                    let status = if body.is_empty() { "404 Not Found" } else { "200 OK" };
                    let mime = if path == "/feed" { "application/rss+xml" } else { "image/png" };
                    let head = format!(
                        "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Type: {mime}\r\nContent-Length: {}\r\n\r\n",
                        body.len()
                    );
                    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
                });
            }
        });
        upstream
    }

    fn put(&self, path: &str, body: impl Into<Vec<u8>>) {
        self.files.lock().unwrap().insert(path.to_owned(), body.into());
    }

    /// The feed has these items: id and text, newest first.
    fn feed(&self, items: &[(u32, &str)]) {
        let item = |(id, text): &(u32, &str)| {
            format!(
                "<item><title>第{id}篇</title><link>https://a.example/{id}</link><guid isPermaLink=\"false\">g{id}</guid>\
                 <pubDate>Sat, 02 Mar 2024 1{id}:00:00 GMT</pubDate><description><![CDATA[{text}]]></description></item>"
            )
        };
        let items: String = items.iter().map(item).collect();
        let feed = format!(
            "<rss version=\"2.0\"><channel><title>港口</title><link>https://a.example/</link><description/>{items}</channel></rss>"
        );
        self.put("/feed", feed);
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn pipeline(&self, clock: &Clock) -> Pipeline {
        let mut config = Config::default();
        config.cache.min_ttl = Duration::ZERO;
        config.cache.default_ttl = Duration::ZERO;
        config.fetch.allow.push(Allow { net: "127.0.0.0/8".parse().unwrap(), port: None });
        let url = self.url("/feed");
        let feed = Feed::new(url.as_str(), Origin::Http(Url::parse(&url).unwrap()), RuleList::empty());
        config.feeds.insert("a".into(), feed);
        Pipeline::from_config(&config, clock.clone()).unwrap()
    }
}

fn options(out: &Path) -> Options {
    Options { out: out.to_owned(), format: Format::Markdown, removed: Removed::Keep, media: Media::Links }
}

async fn run(upstream: &Upstream, clock: &Clock, options: &Options) -> Done {
    let mirror = Mirror::open(options.clone()).unwrap();
    mirror.feed(&upstream.pipeline(clock), "a", &Quiet).await.unwrap()
}

/// All files below `folder`, with what they hold and when they were written.
fn files(folder: &Path) -> BTreeMap<String, (String, std::time::SystemTime)> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            let name = path.strip_prefix(folder).unwrap().display().to_string();
            let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
            found.insert(name, (text, fs::metadata(&path).unwrap().modified().unwrap()));
        }
    }
    found
}

fn names(folder: &Path) -> Vec<String> {
    files(folder).into_keys().collect()
}

#[tokio::test]
async fn every_item_is_a_file_named_by_when_it_was_first_seen_and_keeps_it() {
    let (upstream, out) = (Upstream::start(), tempfile::tempdir().unwrap());
    let (clock, options) = (Clock::manual(NOW), options(out.path()));
    upstream.feed(&[(2, "<p>two</p>"), (1, "one")]);
    let done = run(&upstream, &clock, &options).await;
    assert_eq!(done, Done { new: 2, ..Done::default() });
    assert_eq!(names(out.path()), ["a/1709386743000.md", "a/1709386743001.md", "a/index.json", "a/index.md"]);
    let first = files(out.path());
    assert_eq!(
        first["a/1709386743001.md"].0,
        "<!--1709386743001-->\n[第2篇](https://a.example/2)\n------\n\n<div><i>Sat, 02 Mar 2024 12:00:00 GMT</i></div><p>two</p>\n"
    );
    assert_eq!(
        first["a/index.md"].0,
        "# 港口\n\n- [第2篇](1709386743001.md) Sat, 02 Mar 2024 12:00:00 GMT\n- [第1篇](1709386743000.md) Sat, 02 Mar 2024 11:00:00 GMT\n"
    );
    serde_json::from_str::<serde_json::Value>(&first["a/index.json"].0).unwrap();

    // a run that finds nothing new changes no file, whatever the time
    clock.advance(Duration::from_secs(3600));
    assert_eq!(run(&upstream, &clock, &options).await, Done::default());
    assert_eq!(files(out.path()), first);

    // what is new gets the next name, what changed is written again, what is gone stays
    upstream.feed(&[(3, "three"), (2, "<p>two, mended</p>")]);
    assert_eq!(run(&upstream, &clock, &options).await, Done { new: 1, changed: 1, ..Done::default() });
    let second = files(out.path());
    assert!(second["a/1709390343000.md"].0.contains("three"));
    assert!(second["a/1709386743001.md"].0.contains("two, mended"));
    assert_eq!(second["a/1709386743000.md"], first["a/1709386743000.md"]);
}

#[tokio::test]
async fn what_the_feed_took_back_is_marked_by_choice_and_what_left_its_window_is_not() {
    let (upstream, out) = (Upstream::start(), tempfile::tempdir().unwrap());
    let (clock, mut options) = (Clock::manual(NOW), options(out.path()));
    options.removed = Removed::Mark;
    upstream.feed(&[(3, "three"), (2, "two"), (1, "one")]);
    run(&upstream, &clock, &options).await;
    upstream.feed(&[(4, "four"), (2, "two")]);
    let done = run(&upstream, &clock, &options).await;
    assert_eq!((done.new, done.removed), (1, 1));
    let index = &files(out.path())["a/index.md"].0;
    assert!(index.contains("- ~~[第3篇]") && index.contains("- [第1篇]"), "{index}");
    assert!(files(out.path()).contains_key("a/1709386743002.md"));
    upstream.feed(&[(4, "four"), (3, "three"), (2, "two")]);
    run(&upstream, &clock, &options).await;
    assert!(!files(out.path())["a/index.md"].0.contains("~~"));
}

#[tokio::test]
async fn pictures_and_sounds_are_copied_once_and_links_lead_to_the_copies() {
    let (upstream, out) = (Upstream::start(), tempfile::tempdir().unwrap());
    let (clock, mut options) = (Clock::manual(NOW), options(out.path()));
    options.media = Media::Copies;
    let (picture, gone) = (upstream.url("/p.png?a=1&b=2"), upstream.url("/gone.png"));
    upstream.put("/p.png?a=1&b=2", "PNG");
    upstream.put("/gone.png", "");
    let html = format!(
        "<img src=\"{}\"><a href=\"https://a.example/x\">x</a><img src='{gone}'>",
        picture.replace('&', "&amp;")
    );
    upstream.feed(&[(2, &html), (1, &html)]);
    let done = run(&upstream, &clock, &options).await;
    assert_eq!((done.files, done.missing.len()), (2, 2), "{done:?}");
    let all = files(out.path());
    let copy = all.keys().find(|name| name.starts_with("a/media/")).unwrap();
    assert_eq!((all[copy].0.as_str(), all.len()), ("PNG", 5));
    let local = copy.strip_prefix("a/").unwrap();
    assert!(
        all["a/1709386743001.md"]
            .0
            .contains(&format!("<img src=\"{local}\"><a href=\"https://a.example/x\">x</a><img src='{gone}'>"))
    );
    let asked = upstream.asked.lock().unwrap().len();
    let again = run(&upstream, &clock, &options).await;
    assert_eq!((again.files, again.changed), (0, 0));
    assert_eq!(upstream.asked.lock().unwrap().len() - asked, 3, "the feed, and what was missing twice");
    assert_eq!(files(out.path()), all);
}

#[tokio::test]
async fn a_broken_index_and_a_second_run_are_refused() {
    let (upstream, out) = (Upstream::start(), tempfile::tempdir().unwrap());
    let (clock, options) = (Clock::manual(NOW), options(out.path()));
    upstream.feed(&[(1, "one")]);
    let mirror = Mirror::open(options.clone()).unwrap();
    assert!(matches!(Mirror::open(options.clone()), Err(MirrorError::Locked { .. })));
    fs::create_dir_all(out.path().join("a")).unwrap();
    fs::write(out.path().join("a/index.json"), "[\n{\"refeed_mirror\":1},\n{oops}\n]\n").unwrap();
    let error = mirror.feed(&upstream.pipeline(&clock), "a", &Quiet).await.unwrap_err().to_string();
    assert!(error.contains("index.json") && error.contains("line 3"), "{error}");
    for name in ["../victim.md", "/etc/x.md", "media/../../victim.md", ".git", ""] {
        let entry = format!("{{\"first_seen\":1,\"id\":\"urn:1\",\"file\":\"{name}\"}}");
        fs::write(out.path().join("a/index.json"), format!("[\n{{\"refeed_mirror\":1}},\n{entry}\n]\n")).unwrap();
        let error = mirror.feed(&upstream.pipeline(&clock), "a", &Quiet).await.unwrap_err().to_string();
        assert!(error.contains("names a file that no mirror has"), "{name}: {error}");
    }
    assert_eq!(names(out.path()), ["a/index.json"]);
}

#[test]
fn a_run_that_was_killed_is_taken_up_where_it_stopped() {
    let (upstream, folder) = (Upstream::start(), tempfile::tempdir().unwrap());
    let picture = upstream.url("/slow.png");
    upstream.feed(&[(3, &format!("<img src=\"{picture}\">")), (2, "two"), (1, "one")]);
    let path = |name: &str| folder.path().join(name).display().to_string();
    let config = format!(
        "[fetch]\nallow = [\"127.0.0.1:{}\"]\n[feeds.a]\nurl = \"{}\"\nrules = [{{ sort = \"oldest\" }}]\n",
        upstream.address.port(),
        upstream.url("/feed")
    );
    fs::write(path("refeed.toml"), config).unwrap();
    let arguments = ["mirror", "--config", &path("refeed.toml"), "--out", &path("out"), "--media"];
    let mut child = command(&arguments).spawn().unwrap();
    let started = Instant::now();
    while !upstream.asked.lock().unwrap().iter().any(|path| path == "/slow.png") {
        assert!(started.elapsed() < PATIENCE, "the picture is asked for");
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let out = folder.path().join("out");
    let before = files(&out);
    let documents = |files: &BTreeMap<String, _>| {
        files.keys().filter(|name| !name.contains("index") && name.ends_with(".md")).count()
    };
    assert_eq!(documents(&before), 2, "{:?}", before.keys());
    fs::write(out.join("a/.1.md.refeed-new"), "half").unwrap();

    upstream.put("/slow.png", "PNG");
    let done = refeed(&arguments);
    assert!(done.status.success(), "{}", text(&done.stderr));
    let after = files(&out);
    assert_eq!((documents(&after), after.len()), (3, 6), "{:?}", after.keys());
    for (name, kept) in before.iter().filter(|(name, _)| !name.contains("index")) {
        assert_eq!(&after[name], kept, "{name}");
    }
    let again = refeed(&arguments);
    assert_eq!(text(&again.stderr), "a: 0 new, 0 changed\n");
    assert_eq!(files(&out), after);
}

#[test]
fn a_feed_that_fails_is_named_and_the_others_are_mirrored() {
    let (upstream, folder) = (Upstream::start(), tempfile::tempdir().unwrap());
    upstream.feed(&[(1, "one")]);
    upstream.put("/none", "");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let config = format!(
        "[fetch]\nallow = [\"127.0.0.1:{}\"]\n[feeds.a]\nurl = \"{}\"\n[feeds.b]\nurl = \"{}\"\n",
        upstream.address.port(),
        upstream.url("/none"),
        upstream.url("/feed")
    );
    fs::write(path("refeed.toml"), config).unwrap();
    let out = refeed(&["mirror", "--config", &path("refeed.toml"), "--out", &path("out"), "--to", "html"]);
    let said = text(&out.stderr);
    assert!(
        out.status.code() == Some(1) && said.contains("a: ") && said.contains("404") && said.contains("b: 1 new"),
        "{said}"
    );
    assert!(names(&folder.path().join("out/b")).iter().any(|name| name.ends_with(".html") && name != "index.html"));
    let page = fs::read_to_string(folder.path().join("out/b/index.html")).unwrap();
    assert!(page.contains("第1篇"), "{page}");
    let unknown = refeed(&["mirror", "--config", &path("refeed.toml"), "--out", &path("out"), "--feed", "c"]);
    assert_eq!(unknown.status.code(), Some(2));
}
