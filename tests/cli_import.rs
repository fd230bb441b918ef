//! What `refeed import` prints is a configuration that `refeed check` accepts, and what it leaves out is said with its line.
#![allow(clippy::unwrap_used, clippy::expect_used)] // helpers of tests

mod cli_common;

use cli_common::{refeed, refeed_with, text};

/// Imports, and checks what came out: the configuration, and what was said.
fn import(arguments: &[&str], input: &str) -> (String, String) {
    let output = refeed_with(&[&["import"], arguments].concat(), input.as_bytes());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("refeed.toml");
    std::fs::write(&path, &output.stdout).unwrap();
    let check = refeed(&["check", "--config", path.to_str().unwrap()]);
    assert_eq!(check.status.code(), Some(0), "{}{}", text(&output.stdout), text(&check.stderr));
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn what_is_imported_passes_the_check() {
    let lines = "EntryTitle=(?i)sponsored\nEntryNothing=x\nadd_dynamic_image,remove(\".ad\"),fix_everything\n";
    let (config, said) = import(&["miniflux", "-"], lines);
    assert!(config.contains("{ drop = { title = \"(?i)sponsored\", exact = true } },"), "{config}");
    assert!(said.contains("line 2: ") && said.contains("line 3: `fix_everything()` is not translated"), "{said}");

    let (config, _) = import(&["miniflux", "--keep", "-"], "EntryTitle=x\nEntryURL=y\n");
    assert!(config.contains("{ keep = { any_of = [\n    { title = "), "{config}");

    let feeds = "[{\"title\":\"台灣 news\",\"feed_url\":\"https://a.example/f\",\"keeplist_rules\":\"a|b\",\"rewrite_rules\":\"replace(\\\"a\\\"|\\\"b\\\")\"}]";
    let (config, _) = import(&["miniflux", "-"], feeds);
    assert!(config.starts_with("[feeds.\"台灣-news\"]\nurl = \"https://a.example/f\"\n"), "{config}");

    let (config, said) = import(&["rsshub-url", "https://rsshub.app/a/b?filterout=x&format=atom&limit=3"], "");
    assert!(config.contains("{ drop = { title = \"x\"") && said.contains("`format`"), "{config}{said}");

    let (config, said) = import(&["freshrss", "-"], "intitle:ads (#a OR author:'b c') date:2024-03/\nlabel:x\n");
    assert!(
        config.contains("{ drop = { when = ") && said.contains("line 2: `label:x` is not translated"),
        "{config}{said}"
    );

    let yaml = "endpoints:\n  - path: /a.xml\n    source: https://a.example/f\n    filters:\n      - keep_only: [x, y]\n      - js: z\n";
    let (config, said) = import(&["rss-funnel", "-"], yaml);
    assert!(config.contains("[feeds.a]") && said.contains("line 6: `js` is not translated"), "{config}{said}");
}

#[test]
fn what_cannot_be_read_is_said() {
    for (arguments, input) in [
        (&["miniflux", "-"][..], "<opml/>"),
        (&["rss-funnel", "-"], "a: ["),
        (&["rsshub-url", "nonsense"], ""),
        (&["rsshub-url", "https://rsshub.app/a?limit=none"], ""),
    ] {
        let output = refeed_with(&[&["import"], arguments].concat(), input.as_bytes());
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty());
    }
}

#[test]
fn a_site_config_becomes_a_rule_set_of_the_site() {
    let text = "body: //div[@id='a']\nstrip_id_or_class: social\nfoo: bar\ntest_url: https://site.example/1\n";
    let (config, said) = import(&["fivefilters", "-"], text);
    assert!(config.contains("[sites.\"site.example\"]") && config.contains("content = [\"div#a\"]"), "{config}");
    assert!(config.starts_with("# Tested by its authors with https://site.example/1\n"), "{config}");
    assert_eq!(said, "line 3: unknown command `foo`\n");
}

#[test]
fn a_line_that_cannot_be_translated_takes_no_other_with_it() {
    let (config, said) = import(&["miniflux", "--keep", "-"], "EntryTitle=(?<=x)y\nEntryTag=go\nEntryURL=/a/\n");
    assert!(
        config.contains("keep = { any_of = [") && config.contains("\"/a/\"") && config.contains("\"go\""),
        "{config}"
    );
    assert!(said.contains("line 1: ") && said.contains("look-around"), "{said}");

    let (config, said) = import(&["freshrss", "--keep", "-"], "intitle:/(?<=x)y/\nintitle:a\nintitle:b\n");
    assert!(config.contains("contains(\"a\")") && config.contains("contains(\"b\")"), "{config}");
    assert!(said.contains("line 1: "), "{said}");
}

#[test]
fn lists_of_many_lines_are_translated_whole() {
    let lines = |of: &dyn Fn(usize) -> String| (0..120).map(|n| of(n) + "\n").collect::<String>();
    for (arguments, input) in [
        (&["miniflux", "-"][..], lines(&|n| format!("{}=(?i)word number {n}", ["EntryTitle", "EntryContent"][n % 2]))),
        (
            &["miniflux", "--keep", "-"],
            lines(&|n| format!("{}=(?i)word number {n}", ["EntryTitle", "EntryURL"][n % 2])),
        ),
        (&["freshrss", "-"], lines(&|n| format!("intitle:/word number {n}/"))),
        (&["freshrss", "--keep", "-"], lines(&|n| format!("intitle:/word number {n}/"))),
        (
            &["rss-funnel", "-"],
            format!(
                "endpoints:\n  - path: /a\n    source: https://a.example/\n    filters:\n      - keep_only:\n{}",
                lines(&|n| format!("          - word number {n}"))
            ),
        ),
    ] {
        let (config, said) = import(arguments, &input);
        assert_eq!(said, "", "{arguments:?}");
        for n in 0..120 {
            assert!(config.contains(&format!("word number {n}")), "{arguments:?} {n}: {config}");
        }
    }
}

#[test]
fn patterns_that_take_much_memory_are_translated_too() {
    let lines: String = (0..24).map(|n| format!("EntryTitle=(?i)\\p{{L}}{{3}} number {n}\n")).collect();
    for arguments in [&["miniflux", "-"][..], &["miniflux", "--keep", "-"]] {
        let (config, said) = import(arguments, &lines);
        assert_eq!((said.as_str(), config.matches("number").count()), ("", 24), "{config}");
        assert!((2..12).contains(&config.matches("title = ").count()), "{config}");
    }
}

#[test]
fn a_feed_that_refeed_cannot_fetch_is_a_comment() {
    let feeds = r#"[{"title":"a","feed_url":"https://me:secret@a.example/f","keeplist_rules":"x"},{"title":"b","feed_url":"https://b.example/"}]"#;
    let (config, said) = import(&["miniflux", "-"], feeds);
    assert!(config.contains("# [feeds.a]\n# url = ") && config.contains("\n[feeds.b]\n"), "{config}");
    assert!(said.contains("line 1: the feed `a`") && said.contains("leave them out of the URL"), "{said}");
    assert!(!said.contains("secret"), "{said}");

    let (config, said) = import(&["rsshub-url", "https://me:secret@rsshub.app/a?limit=3"], "");
    assert!(config.starts_with("# [feeds.a]") && said.contains("leave them out"), "{config}{said}");

    let yaml =
        "endpoints:\n  - path: /a/:id\n    source: https://a.example/${id}/f\n  - path: /b\n    source: nonsense\n";
    let (config, said) = import(&["rss-funnel", "-"], yaml);
    assert!(!config.contains("${id}") && config.contains("# [feeds.b]"), "{config}");
    assert!(said.contains("line 2: ") && said.contains("line 4: the feed `b`"), "{said}");
}

#[test]
fn what_miniflux_filters_by_content_is_filtered_again_in_the_whole_article() {
    let feeds = r#"[{"title":"a","feed_url":"https://a.example/f","crawler":true,"block_filter_entry_rules":"EntryTitle=x\nEntryContent=y"}]"#;
    let (config, _) = import(&["miniflux", "-"], feeds);
    let content = "  { drop = { content = \"y\", exact = true, markup = true } },\n";
    let rules =
        format!("{{ drop = {{ title = \"x\", exact = true }} }},\n{content}  {{ full_text = true }},\n{content}]");
    assert!(config.contains(&rules), "{config}");
}

#[test]
fn a_site_config_with_commands_twice_or_unusable_passes_the_check() {
    let text = "body: //div[@id='a']\nhttp_header(User-Agent): a\nhttp_header(user-agent): b\nhttp_header(bad name): c\n\
                wrap_in(p): //div[@class='x']\nwrap_in(blockquote): //div[@class='x']\nwrap_in(x y): //p\nfind_string:\nreplace_string: z\n";
    let (config, said) = import(&["fivefilters", "-"], text);
    assert!(config.contains("headers = { \"user-agent\" = \"b\" }") && config.contains("\"blockquote\""), "{config}");
    for line in ["line 3: ", "line 4: ", "line 6: ", "line 7: ", "line 9: "] {
        assert!(said.contains(line), "{line}{said}");
    }
    let (config, _) =
        import(&["fivefilters", "-"], "single_page_link: //a[@id='s'] | //a[@id='t']\nif_page_contains: //nav\n");
    assert!(config.contains("single = [\"html:has(nav) a#s\", \"html:has(nav) a#t\"]"), "{config}");
}
