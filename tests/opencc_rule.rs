//! The rule `opencc` converts what is Chinese text in the other script, all of it and nothing else.

#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods)]

use refeed::base::clock::Time;
use refeed::config::RuleList;
use refeed::feed::Feed;
use refeed::rules::{BuildContext, Chain, Context};
use std::fmt::Write;

const SIMPLIFIED: &str = "我们在这里发布软件";
const TRADITIONAL: &str = "我們在這裡發布軟體，馬里蘭";

fn chain(rule: &str) -> Result<Chain, String> {
    let rules =
        RuleList::parse("rules", &format!("[{{ opencc = {rule} }}]")).map_err(|problems| problems.to_string())?;
    Chain::build(&rules, &BuildContext::default()).map_err(|problems| problems.to_string())
}

/// A feed through the rule.
fn run(rule: &str, source: &str) -> String {
    let mut feed = Feed::read(source.as_bytes(), None, None).unwrap();
    let context = Context::new(Time::from_secs(1_764_000_000), None);
    chain(rule).unwrap_or_else(|problems| panic!("{problems}")).apply(&mut feed, &context).unwrap();
    feed.into_string()
}

/// An RSS feed in a language, its items with these descriptions of HTML.
fn feed(language: &str, items: &[&str]) -> String {
    let mut out = format!("<rss version=\"2.0\"><channel><title>x</title><language>{language}</language>");
    for (number, html) in items.iter().enumerate() {
        let _ = write!(out, "<item><guid>{number}</guid><description><![CDATA[{html}]]></description></item>");
    }
    out + "</channel></rss>"
}

/// What becomes of the HTML of one item.
fn html(rule: &str, html: &str) -> String {
    let out = run(rule, &feed("zh", &[html]));
    let start = out.find("<![CDATA[").unwrap() + 9;
    out[start..out.find("]]>").unwrap()].to_owned()
}

#[test]
fn a_target_finds_the_source_by_itself() {
    for (target, from, to) in [
        ("zh-Hant", SIMPLIFIED, "我們在這裏發佈軟件"),
        ("zh-TW", SIMPLIFIED, "我們在這裡釋出軟體"),
        ("zh-HK", SIMPLIFIED, "我們在這裏發佈軟件"),
        ("zh-tw", TRADITIONAL, TRADITIONAL),
        ("zh-Hans", TRADITIONAL, "我们在这里发布软体，马里兰"),
        ("zh-CN", TRADITIONAL, "我们在这里发布软件，马里兰"),
        ("zh-CN", SIMPLIFIED, SIMPLIFIED),
    ] {
        assert_eq!(html(&format!("'{target}'"), from), to, "{target}");
    }
}

#[test]
fn every_configuration_and_target_is_accepted_and_no_other_name() {
    let names = "s2t t2s s2tw tw2s s2twp tw2sp s2hk hk2s s2hkp hk2sp t2tw tw2t t2hk hk2t t2jp jp2t zh-Hans zh-CN zh-Hant zh-TW zh-HK";
    for name in names.split(' ') {
        assert!(chain(&format!("'{name}'")).is_ok(), "{name}");
    }
    let problem = chain("'s2twq'").err().unwrap();
    assert!(problem.contains("did you mean `s2tw`"), "{problem}");
}

/// Converting what is in the target script already would damage it: 馬里蘭 would become 馬裏蘭.
#[test]
fn each_item_is_judged_by_itself() {
    let out = run("'s2t'", &feed("zh", &[SIMPLIFIED, TRADITIONAL]));
    assert!(out.contains("我們在這裏發佈軟件") && out.contains(TRADITIONAL), "{out}");
    let forced = run("{ config = 's2t', force = true }", &feed("zh", &[TRADITIONAL]));
    assert!(forced.contains("馬裏蘭"), "{forced}");
}

#[test]
fn japanese_and_korean_items_are_left_alone() {
    for text in ["会社の発表について、新しい製品を発売します", "한국어 기사 国会는 会议를"]
    {
        assert_eq!(html("'s2t'", text), text);
        assert_ne!(html("{ config = 's2t', force = true }", text), text);
    }
    // Too little to see it by the text: then the label tells.
    for language in ["ja", "ja-JP", "ko"] {
        assert!(run("'s2t'", &feed(language, &["会社"])).contains("会社"), "{language}");
    }
}

#[test]
fn a_wrong_language_label_stops_nothing() {
    let out = run("'s2t'", &feed("en-US", &[SIMPLIFIED]));
    assert!(out.contains("我們在這裏發佈軟件") && out.contains("<language>en-US</language>"), "{out}");
}

#[test]
fn language_tags_that_named_chinese_name_the_target() {
    for (rule, tag) in [("'s2t'", "zh-Hant"), ("'s2twp'", "zh-Hant-TW"), ("'s2hk'", "zh-Hant-HK")] {
        let out = run(rule, &feed("zh-cn", &[&format!("<p lang=\"zh_CN\">{SIMPLIFIED}</p><p xml:lang=\"zh\">头</p>")]));
        let named = format!("<language>{tag}</language>");
        assert!(out.contains(&named) && out.contains(&format!("<p lang=\"{tag}\">")), "{out}");
        assert!(out.contains(&format!("<p xml:lang=\"{tag}\">")), "{out}");
    }
    assert!(run("'t2s'", &feed("zh-TW", &[TRADITIONAL])).contains("<language>zh-Hans</language>"));
}

#[test]
fn what_is_not_prose_is_left_alone() {
    for kept in [
        "<a href=\"/软件?头=发\" class=\"软件\" id=\"头发\" data-x=\"头发\">x</a>",
        "<code>软件</code><pre>头发</pre><kbd>头</kbd><samp>头</samp><var>头</var><tt>头</tt>",
        "<script>头发</script><style>.头发{}</style><textarea>头发</textarea><math><mi>头</mi></math><svg><text>头</text></svg>",
        "<p translate=\"no\">头<b>发</b></p><p class=\"a notranslate\" title=\"头\">头发</p>",
        "<p lang=\"ja\">会社<i>会社</i></p><p xml:lang=\"en-GB\">头发</p><p lang='ko' title='头'>头发</p>",
        "<!-- 头发 -->",
    ] {
        let text = format!("<p>{SIMPLIFIED}</p>");
        assert_eq!(html("'s2t'", &format!("{text}{kept}")), format!("<p>我們在這裏發佈軟件</p>{kept}"));
    }
}

#[test]
fn attributes_that_a_person_reads_are_converted() {
    for name in ["title", "alt", "aria-label", "placeholder", "label", "summary"] {
        let from = format!("<p {name}=\"头&quot;发展\" src=\"头\">{SIMPLIFIED}</p>");
        let to = format!("<p {name}=\"頭&quot;發展\" src=\"头\">我們在這裏發佈軟件</p>");
        assert_eq!(html("'s2t'", &from), to);
    }
    // Of two of one name the first is the one that counts.
    assert_eq!(html("'s2t'", "<img alt=\"头\" alt=\"发\">我们"), "<img alt=\"頭\" alt=\"发\">我們");
}

#[test]
fn words_are_converted_across_tags_references_and_zero_widths() {
    for (from, to) in [
        ("<b>人工智</b>能软件", "<b>人工智</b>慧軟體"),
        ("人<i>工</i>&#26234;<a href=x>能</a>软件", "人<i>工</i>&#26234;<a href=x>慧</a>軟體"),
        ("人工智<wbr>能&nbsp;&amp;&nbsp;软件 > 头", "人工智<wbr>慧&nbsp;&amp;&nbsp;軟體 > 頭"),
        ("人工\u{200B}智能软件", "人工\u{200B}智慧軟體"),
        ("<p>人工智</p><p>能软件</p>", "<p>人工智</p><p>能軟體</p>"),
        ("<ruby>头<rt>tóu 软</rt>发</ruby>软件", "<ruby>頭<rt>tóu 軟</rt>髮</ruby>軟體"),
    ] {
        assert_eq!(html("'s2twp'", from), to);
    }
}

#[test]
fn addresses_and_ids_of_the_feed_stay() {
    let source = format!(
        "<feed xmlns=\"http://www.w3.org/2005/Atom\"><id>tag:头发</id><title>{SIMPLIFIED}</title><link href=\"http://例子.example/头发\"/>\
         <entry><id>头发</id><link href=\"/软件\" title=\"软件\"/><author><name>张头</name><uri>http://头</uri></author><category term=\"头发\" label=\"软件\"/><title>{SIMPLIFIED}</title></entry></feed>"
    );
    let out = run("'s2t'", &source);
    for kept in [
        "<id>tag:头发</id>",
        "href=\"http://例子.example/头发\"",
        "<id>头发</id>",
        "href=\"/软件\"",
        "<uri>http://头</uri>",
    ] {
        assert!(out.contains(kept), "{kept} in {out}");
    }
    assert!(out.contains("<name>張頭</name>") && !out.contains(SIMPLIFIED), "{out}");
}

#[test]
fn words_and_protected_words_come_from_files() {
    let folder = tempfile::tempdir().unwrap();
    let (words, keep) = (folder.path().join("words.txt"), folder.path().join("keep.txt"));
    std::fs::write(&words, "\u{FEFF}# mine\n软件\t軟件 軟體\n").unwrap();
    std::fs::write(&keep, "这里\n打印机\t印表機\n").unwrap();
    let rule = format!("{{ config = 's2twp', words = '{}', keep = '{}' }}", words.display(), keep.display());
    assert_eq!(html(&rule, "我们这里的软件和打印机"), "我們这里的軟件和打印机");
}

#[test]
fn a_wrong_dictionary_is_refused_with_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("words.txt");
    let problem = |text: &[u8], key: &str| {
        std::fs::write(&path, text).unwrap();
        chain(&format!("{{ config = 's2t', {key} = '{}' }}", path.display())).err().unwrap()
    };
    let wrong = problem("软件\t軟體\n没有\n\t空\n软件\t軟件\n".as_bytes(), "words");
    for line in
        ["words.txt: line 2: `没有` has no tab", "words.txt: line 3:", "words.txt: line 4: `软件` is already given"]
    {
        assert!(wrong.contains(line), "{line} in {wrong}");
    }
    assert!(problem(&[0xFF], "words").contains("not UTF-8"));
    assert!(problem("长".repeat(100).as_bytes(), "keep").contains("line 1: a word has 300 bytes"));
    assert!(problem(&vec![b'\n'; 1024 * 1024 + 1], "words").contains("words.txt"));
    let many: String = (0..10_001).map(|n| format!("{n}\n")).collect();
    assert!(problem(many.as_bytes(), "keep").contains("line 10001: more than 10000 words"));
    std::fs::remove_file(&path).unwrap();
    let missing = chain(&format!("{{ config = 's2t', words = '{}' }}", path.display())).err().unwrap();
    assert!(missing.contains("words.txt"), "{missing}");
}

#[test]
fn the_engine_is_chosen_by_name() {
    assert!(chain("{ config = 's2t', engine = 'han' }").is_ok());
    assert!(chain("{ config = 's2t', engine = 'hen' }").err().unwrap().contains("han"));
    if !cfg!(feature = "libopencc") {
        assert!(chain("{ config = 's2t', engine = 'opencc' }").err().unwrap().contains("--features libopencc"));
    }
}
