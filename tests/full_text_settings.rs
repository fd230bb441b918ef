//! What each setting of `full_text` does to an item, with its page at hand.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Arc;

use refeed::base::clock::Time;
use refeed::base::url::Url;
use refeed::config::RuleList;
use refeed::feed::Feed;
use refeed::rules::pages::Body;
use refeed::rules::{BuildContext, Chain, Context, Page, Want};

const PAGE: &str = "<html><head><title>Site</title></head><body><h1>The page's title</h1><span class=by>Ann Li</span>\
<time datetime=\"2024-05-01T08:00:00+08:00\">May</time><a class=cat>World</a>\
<figure class=lead><img src=/lead.jpg><figcaption>At the port</figcaption></figure><audio src=/a.mp3></audio>\
<div id=a><p>The whole text of the article, long enough to count.</p><font color=red>red</font><p class=quote>Said</p>\
<img src=wait.gif data-real=/real.jpg>one<br><br>two [ad]</div><div id=b>Another part of it.</div></body></html>";

/// The one item of a feed after `full_text = { SETTINGS }`; `more` stands in it before.
fn item(settings: &str, more: &str) -> String {
    let feed = format!(
        "<rss version=\"2.0\"><channel><title>t</title><link>https://site.example/</link><description>d</description><item>\
         <title>Feed's</title><link>https://site.example/1</link><guid>1</guid>{more}<description>&lt;p&gt;summary&lt;/p&gt;</description></item></channel></rss>"
    );
    let list = RuleList::parse("test", &format!("[{{ full_text = {{ {settings} }} }}]")).unwrap();
    let chain = Chain::build(&list, &BuildContext::default()).unwrap_or_else(|problems| panic!("{problems}"));
    let mut context = Context::new(Time::from_secs(0), None);
    let url = Url::parse("https://site.example/1").unwrap();
    let body = Body { bytes: PAGE.into(), content_type: Some("text/html".into()), url: url.clone() };
    context.pages.put(Want::page(url), Page::Ready(Arc::new(body)));
    let mut feed = Feed::read(feed.as_bytes(), None, None).unwrap();
    chain.apply(&mut feed, &context).unwrap();
    assert!(feed.notes().is_empty(), "{settings}: {:?}", feed.notes());
    htmlize::unescape(feed.into_string().split("<item>").nth(1).unwrap()).into_owned()
}

#[test]
fn what_the_page_says_beside_its_text_is_taken_where_asked() {
    let picks = "content = '#a', title = 'h1', author = '.by', date = 'time', category = '.cat', image = '.lead img', caption = 'figcaption', audio = 'audio'";
    let bare = item(picks, "");
    for gone in ["The page's title", "Ann Li", "pubDate", "World", "lead.jpg", "At the port", "a.mp3"] {
        assert!(!bare.contains(gone), "{gone}: {bare}");
    }
    let all = ", take = ['title', 'author', 'date', 'category', 'image', 'caption', 'audio']";
    let taken = item(&format!("{picks}{all}"), "");
    for there in [
        "<title>The page's title</title>",
        "Ann Li",
        "Wed, 01 May 2024 00:00:00 +0000",
        "<category>World</category>",
        "<figure><img src=\"https://site.example/lead.jpg\"><figcaption>At the port</figcaption></figure><p>The whole text",
        "<enclosure url=\"https://site.example/a.mp3\" length=\"0\" type=\"audio/mpeg\"",
    ] {
        assert!(taken.contains(there), "{there}: {taken}");
    }
    // what the item has itself stays, but for the title
    let own = "<author>Bo</author><pubDate>Fri, 01 Mar 2024 00:00:00 GMT</pubDate><category>Own</category><enclosure url=\"https://site.example/own.mp3\" length=\"1\" type=\"audio/mpeg\"/>";
    let kept = item(&format!("{picks}{all}"), own);
    assert!(kept.contains(own), "{kept}");
    for gone in ["Ann Li", "May 2024", "World", "a.mp3"] {
        assert!(!kept.contains(gone), "{gone}: {kept}");
    }
}

#[test]
fn each_setting_does_what_it_says() {
    for (settings, there, gone) in [
        ("content = '#a'", &["<p>summary</p>", "The whole text"][..], &["Another part"][..]),
        ("content = ['#none', '#b'], min = 5", &["Another part"], &["The whole text"]),
        ("content = '#a, #b'", &["The whole text", "Another part"], &[]),
        ("content = '#a', remove = '.quote'", &["The whole text"], &["Said"]),
        ("content = '#a', unwrap = 'font'", &["red"], &["<font"]),
        ("content = '#a', tags = ['p'], attributes = []", &["<p>Said</p>", "red"], &["<font", "<img", "class"]),
        (
            "content = '#a', wrap = { '.quote' = 'blockquote' }",
            &["<blockquote><p class=quote>Said</p></blockquote>"],
            &[],
        ),
        ("content = '#a', lazy = ['data-real']", &["https://site.example/real.jpg"], &["wait.gif"]),
        ("content = '#a', paragraphs = true", &["one</p><p>two"], &["<br><br>"]),
        ("content = '#a', replace = [[' [ad]', '']]", &["two"], &["[ad]"]),
        ("content = '#none', readability = true", &["The whole text"], &[]),
        (
            "content = '#a', template = '{{ item.title }}|{{ title }}|{{ content }}'",
            &["Feed's|Feed's|<p>The whole"],
            &[],
        ),
        ("from = 'item', min = 5", &["summary"], &["The whole text"]),
    ] {
        let found = item(settings, "");
        for text in there {
            assert!(found.contains(text), "{settings}: {text}: {found}");
        }
        for text in gone {
            assert!(!found.contains(text), "{settings}: {text}: {found}");
        }
    }
}

#[test]
fn the_text_stands_before_or_after_the_items_own() {
    let order = |settings: &str| {
        let own = "<content:encoded xmlns:content=\"http://purl.org/rss/1.0/modules/content/\">&lt;p&gt;own&lt;/p&gt;</content:encoded>";
        let found = item(settings, own);
        let at = |text: &str| found.find(text).unwrap_or_else(|| panic!("{text}: {found}"));
        at("<p>own</p>").cmp(&at("The whole text"))
    };
    assert_eq!(order("content = '#a', mode = 'append'"), std::cmp::Ordering::Less);
    assert_eq!(order("content = '#a', mode = 'prepend'"), std::cmp::Ordering::Greater);
}
