//! FiveFilters' site configs do as rules of ours what they did: every command that changes an article, on pages that show it.
#![allow(clippy::unwrap_used, clippy::panic)]

mod cli_common;
mod serve_support;

use std::fs;

use cli_common::{refeed, text};
use serve_support::{Server, Upstream, config, response};

const CONFIG: &str = "\
# every command that is documented, and those in use beside them
title: //h1
body: //div[@id='story'] | //article
author: //span[@class='by']
date: //time/@datetime
strip: //aside
strip_id_or_class: social
strip_image_src: /ads/
dissolve: //div[@id='story']//font
wrap_in(blockquote): //p[@class='quote']
find_string: <x-p>
replace_string: <p>
replace_string(</x-p>): </p>
single_page_link_in_feed: //a[@class='full']
single_page_link: //a[@id='print']
if_page_contains: //div[@class='pages']
next_page_link: //a[@id='next']
http_header(Cookie): consent=yes
src_lazy_load_attr: data-real
insert_detected_image: yes
convert_double_br_tags: no
autodetect_on_failure: no
tidy: no
prune: no
parser: html5php
test_url: https://site.example/a
test_contains: x
requires_login: yes
made_up: x
";

/// What the program makes of `config`: the list of rules, and what it complains of.
fn imported(config: &str) -> (String, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("site.example.txt");
    fs::write(&path, config).unwrap();
    let out = refeed(&["import", "fivefilters", &path.display().to_string()]);
    assert!(out.status.success(), "{}", text(&out.stderr));
    let set = text(&out.stdout);
    let list = set.split_once("rules = ").unwrap().1.trim().to_owned();
    (list, text(&out.stderr))
}

#[tokio::test]
async fn an_imported_config_reads_its_site() {
    let (rules, complaints) = tokio::task::spawn_blocking(|| imported(CONFIG)).await.unwrap();
    let lines: Vec<_> = complaints.lines().filter(|line| line.contains(':')).collect();
    assert_eq!(lines.len(), 2, "{complaints}");
    assert!(complaints.contains("28") && complaints.contains("requires_login"), "{complaints}");
    assert!(complaints.contains("29") && complaints.contains("made_up"), "{complaints}");
    let upstream = Upstream::start("").await;
    let base = upstream.url("");
    upstream.script(move |head| {
        let page = |body: &str| response(200, "Content-Type: text/html\r\n", &format!("<html><head><meta property=\"og:image\" content=\"/lead.jpg\"></head><body>{body}</body></html>"));
        match head.split(' ').nth(1).unwrap() {
            "/feed" => response(200, "", &format!("<rss version=\"2.0\"><channel><title>t</title><link>x</link><description>d</description>\
                <item><title>Feed's</title><link>{base}/teaser</link><guid>1</guid><description>&lt;a class=\"full\" href=\"/story\"&gt;more&lt;/a&gt;</description></item></channel></rss>")),
            "/story" => page("<h1>Page's</h1><div class=pages>1 2</div><a id=print href=/print>print</a>"),
            "/print" => page(
                "<h1>T</h1><span class=by>Ann</span><time datetime=\"2024-05-01T08:00:00Z\">May</time><div id=story>\
                 <x-p>First, and long enough to be a text of its own.</x-p><aside>Aside</aside><div class=\"social-bar\">Share</div>\
                 <img src=/ads/1.gif><img src=blank.gif data-real=/real.jpg><font color=red>Red</font><p class=quote>Said</p></div><a id=next href=/print2>next</a>",
            ),
            "/print2" => page("<article><p>Second part.</p></article>"),
            _ => response(404, "", ""),
        }
    });
    let server = Server::start(&config(&[("a", upstream.url("/feed"), &rules)])).await;
    let body = htmlize::unescape(server.get("/feed/a", &[]).await.text()).into_owned();
    for there in [
        "<p>First, and long",
        "<p>Second part.</p>",
        "Red",
        "<blockquote><p class=quote>Said</p></blockquote>",
        &upstream.url("/real.jpg"),
        &upstream.url("/lead.jpg"),
        "Ann",
        "01 May 2024",
        "<title>Feed's</title>",
    ] {
        assert!(body.contains(there), "{there}: {body}");
    }
    for gone in ["Aside", "Share", "/ads/", "<font", "x-p", "blank.gif"] {
        assert!(!body.contains(gone), "{gone}: {body}");
    }
    let asked: Vec<_> = upstream.lines().iter().map(|line| line.trim_start_matches("GET ").to_owned()).collect();
    assert_eq!(asked, ["/feed", "/story", "/print", "/print2"]);
    assert_eq!(upstream.asked("cookie"), "consent=yes");
}

#[tokio::test]
async fn what_is_imported_reads_the_pages_of_its_host_for_every_feed() {
    let upstream = Upstream::start("").await;
    let base = upstream.url("");
    upstream.script(move |head| match head.split(' ').nth(1).unwrap() {
        "/feed" => response(200, "", &format!("<rss version=\"2.0\"><channel><title>t</title><link>x</link><description>d</description>\
            <item><title>i</title><link>{base}/a</link><guid>1</guid></item></channel></rss>")),
        _ => response(200, "Content-Type: text/html\r\n", "<p>Not this, though it is a long paragraph of text.</p><i id=story>The story, and it is long enough to be one.</i>"),
    });
    let folder = tempfile::tempdir().unwrap();
    let (site, toml) = (folder.path().join("127.0.0.1.txt"), folder.path().join("refeed.toml"));
    fs::write(&site, "body: //i[@id='story']\n").unwrap();
    let out = tokio::task::spawn_blocking(move || refeed(&["import", "fivefilters", &site.display().to_string()]));
    let sites = text(&out.await.unwrap().stdout);
    let rest = format!(
        "[fetch]\nallow = [\"127.0.0.0/8\"]\n[feeds.a]\nurl = \"{}\"\nrules = [{{ full_text = true }}]\n",
        upstream.url("/feed")
    );
    fs::write(&toml, sites + &rest).unwrap();
    let config = refeed::config::Config::load(&toml, refeed::rules::check).unwrap();
    let body = Server::start(&config).await.get("/feed/a", &[]).await.text();
    assert!(body.contains("The story") && !body.contains("Not this"), "{body}");
    // and other settings for the site make another answer
    let of = |rules: &str| {
        let text = format!("[sites.\"site.example\"]\nrules = {rules}\n");
        let config =
            refeed::config::Config::parse(&refeed::config::Source::new("t", &text), refeed::rules::check).unwrap();
        let context = refeed::rules::BuildContext::of(&config);
        let chain = |rules: &str| {
            refeed::rules::Chain::build(&refeed::config::RuleList::parse("t", rules).unwrap(), &context).unwrap().hash()
        };
        (chain("[{ full_text = true }]"), chain("[{ limit = 1 }]"))
    };
    let (one, other) = (of("[{ full_text = '#a' }]"), of("[{ full_text = '#b' }]"));
    assert!(one.0 != other.0 && one.1 == other.1);
}
