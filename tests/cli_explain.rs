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
