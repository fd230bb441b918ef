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
    assert!(config.contains("{ keep = { when = "), "{config}");

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
