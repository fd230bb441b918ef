//! Miniflux's own lines and rules, and what they become.

use super::*;

fn translated(text: &str) -> String {
    let draft = read(text, false).unwrap();
    format!("{draft}---\n{}", draft.notes().join("\n"))
}

#[test]
fn filter_lines_keep_their_meaning() {
    let text = "EntryTitle=(?i)广告|推广\nEntryURL=/shorts/\nEntryDate=max-age:30d\nEntryDate=future\nEntryDate=between:2024-01-01,2024-01-31\n\
                EntryContent=<video\nEntryFoo=x\nEntryTitle=(?<=x)\nkeep\nEntryTag=科技\nEntryAuthor=^Li \"L\"\n";
    let expected = "[sets.miniflux]
rules = [
  # not translated: EntryFoo=x (`EntryFoo` is no kind of filter; Miniflux ignores the line)
  # not translated: EntryTitle=(?<=x) (bad pattern: look-around, including look-ahead and look-behind, is not supported; patterns run in linear time and cannot look around: match the words themselves, or add a second rule (`drop` before `k…)
  { drop = { title = \"(?i)广告|推广\", exact = true } },
  { drop = { link = \"/shorts/\", exact = true } },
  { drop = { content = \"<video\", exact = true, markup = true } },
  { drop = { older_than = \"30d\" } },
  { drop = { when = \"age < 0\" } },
  { drop = { after = \"2024-01-01\", before = \"2024-01-31\" } },
  { keep = { any_of = [
    { category = \"科技\", exact = true },
    { author = '^Li \"L\"', exact = true },
  ] } },
]
";
    let found = translated(text);
    assert!(found.starts_with(expected), "{found}");
    assert!(found.contains("line 7: `EntryFoo=x`") && found.contains("line 8: "), "{found}");
}

#[test]
fn rewrite_rules_become_rules() {
    let calls = calls(r#"add_dynamic_image,remove("div.ad, .promo"),replace("a\"b"|"c")"#);
    let expected = [("add_dynamic_image", vec![]), ("remove", vec!["div.ad, .promo"]), ("replace", vec!["a\"b", "c"])];
    let found: Vec<_> =
        calls.iter().map(|(name, all)| (name.as_str(), all.iter().map(String::as_str).collect())).collect();
    assert_eq!(found, expected);
    let found = translated("remove(\"div.ad, .promo\"), remove_tables, add_nothing\n");
    assert!(found.contains("  { remove = \"div.ad, .promo\" },\n  { remove = { css = \"table, "), "{found}");
    assert!(found.contains("line 1: `add_nothing()` is not translated"), "{found}");
}

/// Every name that Miniflux knows.
const NAMES: &str = "add_image_title,add_mailto_subject,add_dynamic_image,add_dynamic_iframe,add_youtube_video,add_invidious_video,\
    add_youtube_video_using_invidious_player,add_youtube_video_from_id,add_pdf_download_link,nl2br,convert_text_link,convert_text_links,\
    fix_medium_images,use_noscript_figure_images,replace(\"a\"|\"b\"),replace_title(\"a\"|\"b\"),remove(\"p\"),add_enclosure_links,\
    add_castopod_episode,base64_decode,base64_decode(\".x\"),add_hn_links_using_hack,add_hn_links_using_opener,remove_tables,\
    remove_clickbait,fix_ghost_cards,remove_img_blur_params,strip_image_query_params";

#[test]
fn every_rewrite_rule_of_miniflux_is_translated() {
    let found = translated(NAMES);
    assert!(!found.contains("not translated"), "{found}");
}

/// The content of an item after a rewrite rule's translation.
fn rewritten(rule: &str, link: &str, html: &str) -> String {
    let text = read(rule, false).unwrap().to_string();
    let table: toml::Table = toml::from_str(&text).unwrap();
    let rules = table["sets"]["miniflux"]["rules"].to_string();
    let list = crate::config::RuleList::parse("rules", &rules).unwrap_or_else(|problems| panic!("{problems}"));
    let chain = crate::rules::Chain::build(&list, &crate::rules::BuildContext::default());
    let chain = chain.unwrap_or_else(|problems| panic!("{problems}"));
    let json = serde_json::json!({
        "version": "https://jsonfeed.org/version/1.1", "title": "t", "items": [{ "id": "1", "url": link, "content_html": html }],
    });
    let mut feed = crate::feed::Feed::read(json.to_string().as_bytes(), None, None).unwrap();
    chain.apply(&mut feed, &crate::rules::Context::new(crate::base::clock::Time(0), None)).unwrap();
    let out: Value = serde_json::from_str(&feed.into_string()).unwrap();
    out["items"][0]["content_html"].as_str().unwrap().to_owned()
}

#[test]
fn rewrite_rules_without_a_rule_of_their_own_do_what_minifluxs_do() {
    let page = "https://pod.example/@a/episodes/b";
    let hn = "<p><a href=\"https://news.ycombinator.com/item?id=7\">Comments</a></p>";
    for (rule, link, html, becomes) in [
        (
            "add_castopod_episode",
            page,
            "x",
            "<iframe width=\"650\" frameborder=\"0\" src=\"https://pod.example/@a/episodes/b/embed/light\"></iframe><br>x",
        ),
        (
            "add_invidious_video",
            "https://inv.example/watch?a=1&v=xyz",
            "x",
            "<iframe width=\"650\" height=\"350\" frameborder=\"0\" src=\"https://inv.example/embed/xyz\" allowfullscreen></iframe><br>x",
        ),
        ("add_invidious_video", "https://inv.example/about", "x", "x"),
        (
            "add_hn_links_using_hack",
            page,
            hn,
            "<p><a href=\"https://news.ycombinator.com/item?id=7\">Comments</a> <a href=\"hack://item?id=7\">Open with HACK</a></p>",
        ),
        (
            "add_hn_links_using_opener",
            page,
            hn,
            "<p><a href=\"https://news.ycombinator.com/item?id=7\">Comments</a> \
             <a href=\"opener://x-callback-url/show-options?url=https%3A%2F%2Fnews.ycombinator.com%2Fitem%3Fid%3D7\">Open with Opener</a></p>",
        ),
        (
            "strip_image_query_params",
            page,
            "<img alt='?' src='https://a.example/b.png?c=d'><img src=\"e.png\">?",
            "<img alt='?' src='https://a.example/b.png'><img src=\"e.png\">?",
        ),
        ("base64_decode(\".x\")", page, "<p class=x>5riv5Y+j</p><p>5riv5Y+j</p>", "<p class=x>港口</p><p>5riv5Y+j</p>"),
        ("base64_decode", page, "<p>5riv5Y+j</p>a b", "<p>港口</p>a b"),
        ("replace(\"\\\\bAI\\\\b\"|\"x\")", page, "用AI写", "用x写"),
    ] {
        assert_eq!(rewritten(rule, link, html), becomes, "{rule}");
    }
}

#[test]
fn feeds_of_the_api_become_feeds() {
    let text = r#"[{"id": 1, "title": "My Blog", "feed_url": "https://a.example/feed", "crawler": true, "scraper_rules": "article.main",
 "rewrite_rules": "remove(\".ad\")", "blocklist_rules": "spam", "keep_filter_entry_rules": "EntryTitle=x", "cookie": "a=b"},
 {"title": "My Blog", "feed_url": "https://b.example/feed"}]"#;
    let found = translated(text);
    let expected = "[feeds.my-blog]
url = \"https://a.example/feed\"
rules = [
  { drop = { any_of = [{ link = \"spam\", exact = true }, { title = \"spam\", exact = true }, { author = \"spam\", exact = true }, { category = \"spam\", exact = true }] } },
  { keep = { title = \"x\", exact = true } },
  { full_text = { content = \"article.main\" } },
  { remove = \".ad\" },
  # not translated: cookie (refeed has no such setting for a feed)
]

[feeds.my-blog-2]
url = \"https://b.example/feed\"
---
line 1: `cookie` is not translated: refeed has no such setting for a feed";
    assert_eq!(found, expected);
    assert!(read("<opml/>", false).is_err() && read("{", false).is_err());
}

proptest::proptest! {
    #[test]
    fn nothing_panics(text in "((EntryTitle|EntryDate|keep|replace\\(\"a\"\\|\"b\"\\)|[\\[{\"])?\\PC{0,10}\n?){0,6}") {
        let _ = read(&text, false).map(|draft| draft.to_string());
    }
}
