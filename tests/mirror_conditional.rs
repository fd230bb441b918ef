//! `refeed mirror` asks a feed only whether it has changed, and an article once, however often it is run.
#![allow(clippy::unwrap_used)]

mod cli_common;
mod serve_support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use cli_common::{refeed, text};
use serve_support::{Upstream, response};

const FEED: &str = "<rss version=\"2.0\"><channel><title>T</title><link>https://a.example/</link><description>d</description>\
<item><title>Item 1</title><link>ARTICLE</link><guid isPermaLink=\"false\">1</guid><description>short</description></item></channel></rss>";
const ARTICLE: &str = "<div id=a><p>The whole text of the article, which is long enough to count as one.</p></div>";

/// A feed with an `ETag` and a `304` for who knows it, and its article.
async fn upstream() -> Upstream {
    let upstream = Upstream::start("").await;
    let feed = FEED.replace("ARTICLE", &upstream.url("/article"));
    upstream.script(move |head| match head {
        head if head.starts_with("GET /article ") => response(200, "Content-Type: text/html\r\n", ARTICLE),
        head if head.contains("if-none-match: \"1\"") => response(304, "ETag: \"1\"\r\n", ""),
        _ => response(200, "ETag: \"1\"\r\n", &feed),
    });
    upstream
}

fn configured(upstream: &Upstream, folder: &Path, rules: &str) -> String {
    let path = folder.join("refeed.toml");
    let config = format!(
        "[fetch]\nallow = [\"127.0.0.0/8\"]\n[cache]\npath = \"{}\"\nmin_ttl = \"0s\"\ndefault_ttl = \"0s\"\n[feeds.a]\nurl = \"{}\"\nrules = {rules}\n",
        folder.join("cache").display(),
        upstream.url("/feed")
    );
    fs::write(&path, config).unwrap();
    path.display().to_string()
}

/// One run; what it said.
async fn mirror(config: &str, out: &Path) -> (Option<i32>, String) {
    let (config, out) = (config.to_owned(), out.display().to_string());
    let run = move || refeed(&["mirror", "--config", &config, "--out", &out]);
    let done = tokio::task::spawn_blocking(run).await.unwrap();
    (done.status.code(), text(&done.stderr))
}

fn files(folder: &Path) -> BTreeMap<PathBuf, (Vec<u8>, std::time::SystemTime)> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let of = |path: PathBuf| {
        let changed = fs::metadata(&path).unwrap().modified().unwrap();
        (path.clone(), (fs::read(&path).unwrap(), changed))
    };
    entries.map(of).collect()
}

#[tokio::test]
async fn an_unchanged_feed_is_a_304_and_changes_no_file() {
    let (upstream, folder) = (upstream().await, tempfile::tempdir().unwrap());
    let config = configured(&upstream, folder.path(), "[{ full_text = '#a' }]");
    let out = folder.path().join("out");
    let said = |text: &str| (Some(0), text.to_owned());
    assert_eq!(mirror(&config, &out).await, said("a: 1 new, 0 changed\n"));
    let first = files(&out.join("a"));
    assert_eq!(mirror(&config, &out).await, said("a: 0 new, 0 changed\n"));
    assert_eq!(upstream.asked("if-none-match"), "\"1\"");
    assert_eq!(files(&out.join("a")), first);
    // changed rules are applied to what is at hand, and the article is not fetched again
    let config = configured(&upstream, folder.path(), "[{ full_text = '#a' }, { set = { title = 'Other' } }]");
    assert_eq!(mirror(&config, &out).await, said("a: 0 new, 1 changed\n"));
    assert_eq!(upstream.lines(), ["GET /feed", "GET /article", "GET /feed", "GET /feed"]);
    assert_eq!(upstream.asked("if-none-match"), "\"1\"");
}

#[tokio::test]
async fn an_upstream_that_fails_is_named_although_an_older_copy_is_at_hand() {
    let (upstream, folder) = (upstream().await, tempfile::tempdir().unwrap());
    let config = configured(&upstream, folder.path(), "[]");
    let out = folder.path().join("out");
    mirror(&config, &out).await;
    let first = files(&out.join("a"));
    upstream.answers(503, "", "");
    let (code, said) = mirror(&config, &out).await;
    assert!(code == Some(1) && said.contains("a: ") && said.contains("503"), "{said}");
    // and is left in peace by the next run
    let asked = upstream.hits();
    let (code, said) = mirror(&config, &out).await;
    assert!(code == Some(1) && said.contains("503"), "{said}");
    assert_eq!((upstream.hits(), files(&out.join("a"))), (asked, first));
}
