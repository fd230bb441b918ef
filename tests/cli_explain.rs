//! `refeed explain` tells what each rule dropped, added, changed and moved, for people and for programs.
#![allow(clippy::unwrap_used, clippy::expect_used)] // helpers of tests

mod cli_common;

use cli_common::{refeed_with, text};

const FEED: &str = "<rss version=\"2.0\"><channel><title>软件新闻</title><link>https://example.org/</link><description>d</description>\
<item><title>广告:买软件</title><guid>1</guid></item>\
<item><title>软件更新</title><guid>2</guid><description>这个软件很好</description></item>\
<item><title>Hello</title><guid>3</guid><link>/rel</link></item></channel></rss>";

fn explain(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = refeed_with(&[&["explain"], arguments].concat(), FEED.as_bytes());
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

const RULES: &str = "[{ drop = '广告' }, { opencc = 's2twp' }, { sort = 'title' }, { limit = 9 }]";

#[test]
fn each_rule_and_each_item_has_its_story() {
    let (code, out, err) = explain(&["--rules", RULES, "-"]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    let without_times: Vec<_> = out
        .lines()
        .map(|line| match line.split_once(" ms, ") {
            Some((_, facts)) => format!("   {facts}"),
            None => line.to_owned(),
        })
        .collect();
    let expected = "RSS 2.0, 3 items

 0 relative URLs made absolute
   1 item changed
   changed 3 link: {+https://example.org+}/rel

 1 { drop = \"广告\" }
   2 of 3 items left
   dropped 1 \"广告:买软件\"

 2 { opencc = \"s2twp\" }
   1 item changed
   changed the feed title: [-软件-]{+軟體+}新  新[-闻-]{+聞+}
   changed 2 title: [-软件-]{+軟體+}更新
   changed 2 summary: [-这个软件-]{+這個軟體+}很好

 3 { sort = \"title\" }
   put into another order

 4 { limit = 9 }
   no item changed

dropped   1 by 1 \"广告:买软件\"
kept      2 as 2, changed by 2 \"軟體更新\"
kept      3 as 1, changed by 0 \"Hello\"";
    assert_eq!(without_times.join("\n"), expected);
}

#[test]
fn programs_get_json() {
    let (code, out, _) = explain(&["--json", "--rules", RULES]);
    let told: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(code, Some(0));
    assert_eq!(told["rules"].as_array().unwrap().len(), 5);
    assert_eq!(told["rules"][3]["reordered"], true);
    assert!(told["rules"][2]["microseconds"].is_u64());
    assert_eq!(told["head"][0]["after"], "軟體新聞");
    assert_eq!(told["items"][0]["dropped_by"], 1);
    assert_eq!(told["items"][1]["changes"][1]["diff"][0]["added"], "這個軟體");
}

/// Items by number: fate and title; the numbers that rules name.
fn told(rules: &str, feed: &str) -> (Vec<String>, serde_json::Value) {
    let output = refeed_with(&["explain", "--json", "--rules", rules, "-"], feed.as_bytes());
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let fate = |story: &serde_json::Value| {
        let number = |key: &str| story[key].as_u64().map_or("-".to_owned(), |number| number.to_string());
        let parts = ["item", "position", "dropped_by", "added_by"].map(number);
        format!("{} {}", parts.join(" "), story["title"].as_str().unwrap())
    };
    (told["items"].as_array().unwrap().iter().map(fate).collect(), told)
}

#[test]
fn items_keep_their_numbers_where_a_rule_drops_before_and_splits_after() {
    let item = |n: usize, html: &str| {
        format!("<item><title>t{n}</title><guid>urn:{n}</guid><description><![CDATA[{html}]]></description></item>")
    };
    let items = [
        item(1, "ad"),
        item(2, "<h2>A</h2><p>a</p><h2>B</h2><p>b</p>"),
        item(3, "<p>old</p>"),
        item(4, "<h2>C</h2><p>c</p><h2>D</h2><p>old</p>"),
    ];
    let feed = format!("<rss version=\"2.0\"><channel><title>t</title>{}</channel></rss>", items.concat());
    let rules = "[{ drop = { content = '^ad$' } }, { split = 'h2' }, { replace = { pattern = 'old', with = 'new', in = 'html' } }, \
                 { drop = { title = 'C' } }]";
    let (items, told) = told(rules, &feed);
    assert_eq!(
        items,
        ["1 - 1 - t1", "2 - 2 - t2", "3 3 - - t3", "4 - 2 - t4", "5 1 - 2 A", "6 2 - 2 B", "7 - 4 2 C", "8 4 - 2 D"]
    );
    let changed: Vec<_> =
        told["items"].as_array().unwrap().iter().filter(|story| story["changes"][0].is_object()).collect();
    let numbers: Vec<_> = changed
        .iter()
        .map(|story| (story["item"].as_u64().unwrap(), story["changes"][0]["rule"].as_u64().unwrap()))
        .collect();
    assert_eq!(numbers, [(3, 3), (8, 3)], "{told}");
    assert_eq!(told["rules"][2]["reordered"], false, "what is left stands in its order");
}

#[test]
fn a_page_made_into_a_feed_is_explained_too() {
    let page = "<html><body><h1>News</h1><ul><li><a href='https://a.example/1'>one</a><li><a href='https://a.example/2'>two</a></ul></body></html>";
    let (items, _) = told("[{ page = { item = 'li' } }, { drop = 'two' }]", page);
    assert_eq!(items, ["1 1 - - one", "2 - 2 - two"]);
}
