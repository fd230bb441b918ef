//! `refeed run` is a Unix filter: a feed in, a feed out, errors on standard error with an exit code that tells whose they
//! are.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests

mod cli_common;

use cli_common::{DEMO, refeed, refeed_with, text};

#[test]
fn standard_input_goes_through_to_standard_output() {
    for arguments in [&["run"][..], &["run", "-"]] {
        let output = refeed_with(arguments, DEMO.as_bytes());
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        assert!(text(&output.stdout).contains("<title>人工智能读懂了旧信件</title>"));
        assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
    }
}

#[test]
fn what_was_noted_on_the_way_is_in_the_log_of_who_asks_for_it() {
    let broken = DEMO.replacen("<title>", "<title>R&D ", 1);
    for (level, is_said) in [("info", true), ("warn", false)] {
        let output = refeed_with(&["run", "--log", level], broken.as_bytes());
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        assert_eq!(text(&output.stderr).contains("bare `&`"), is_said, "{level}: {}", text(&output.stderr));
    }
}

#[test]
fn a_file_is_named_by_path_or_by_url() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a b.xml");
    std::fs::write(&path, DEMO).unwrap();
    let url = url::Url::from_file_path(&path).unwrap();
    for name in [path.to_str().unwrap(), url.as_str()] {
        let output = refeed(&["run", "--rules", "[{ limit = 1 }]", name]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        assert_eq!(text(&output.stdout).matches("</item>").count(), 1);
    }
}

#[test]
fn every_rule_set_runs_on_the_demo_feed() {
    let listed = text(&refeed(&["rules"]).stdout);
    let sets = listed.split("Rule sets").nth(1).unwrap().lines().filter_map(|line| line.strip_prefix("  "));
    let names: Vec<_> = sets.filter_map(|line| line.split(' ').next()).collect();
    assert!(names.contains(&"zh-tw"), "{listed}");
    for name in names {
        let address = "https://demo.refeed.example/feed.xml";
        let output = refeed_with(&["run", "--use", name, "--url", address], DEMO.as_bytes());
        assert_eq!(output.status.code(), Some(0), "{name}: {}", text(&output.stderr));
        let out = text(&output.stdout);
        assert_eq!(out.matches("</item>").count(), 4, "{name}");
        let mut reader = quick_xml::Reader::from_str(&out);
        while reader.read_event().unwrap_or_else(|error| panic!("{name}: {error}")) != quick_xml::events::Event::Eof {}
    }
}

#[test]
fn a_configured_feed_is_read_from_its_url_or_from_the_argument() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("feed.xml"), DEMO).unwrap();
    let url = url::Url::from_file_path(dir.path().join("feed.xml")).unwrap();
    let config = dir.path().join("refeed.toml");
    std::fs::write(&config, format!("[feeds.demo]\nurl = '{url}'\nrules = [{{ limit = 2 }}]\n")).unwrap();
    let config = config.to_str().unwrap();
    for input in [&[][..], &["-"]] {
        let arguments = [&["run", "--config", config, "--feed", "demo"], input].concat();
        let output = refeed_with(&arguments, DEMO.as_bytes());
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        assert_eq!(text(&output.stdout).matches("</item>").count(), 2);
    }
    let output = refeed(&["run", "--config", config, "--feed", "dmeo"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("did you mean `demo`?"));
}

#[test]
fn wrong_rules_are_shown_under_their_caret_with_exit_code_2() {
    let output = refeed_with(&["run", "--rules", "[{ limmit = 1 }]"], b"");
    assert_eq!(output.status.code(), Some(2));
    let shown = text(&output.stderr);
    assert!(shown.contains("--> --rules:1:4") && shown.contains("did you mean `limit`?"), "{shown}");
    assert!(!shown.contains('\x1b'), "colours in a pipe");

    let output = refeed_with(&["run", "--use", "zh-tw,weserf"], b"");
    assert_eq!(output.status.code(), Some(2));
    let shown = text(&output.stderr);
    assert!(shown.contains("--> --use:1:7") && shown.contains("did you mean `weserv`?"), "{shown}");
}

#[test]
fn bad_usage_is_2_and_an_input_that_cannot_be_read_is_1() {
    for (arguments, code) in [
        (&["run", "--rules", "[]", "--use", "links"][..], 2),
        (&["run", "--feed", "x", "--use", "links"], 2),
        (&["run", "--url", "file:///x", "-"], 2),
        (&["run", "--unknown"], 2),
        (&["--log", "loud", "run"], 2),
        (&["run", "--config", "/nonexistent.toml"], 2),
        (&["run", "/nonexistent.xml"], 1),
        (&["run", "/"], 1),
    ] {
        let output = refeed_with(arguments, DEMO.as_bytes());
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", text(&output.stderr));
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn an_input_beyond_the_cap_is_refused_and_the_key_named() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("refeed.toml");
    std::fs::write(&config, "[fetch]\nmax_body = '1 KiB'\n").unwrap();
    let output = refeed_with(&["run", "--config", config.to_str().unwrap()], DEMO.as_bytes());
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("fetch.max_body"), "{}", text(&output.stderr));
}

#[test]
#[cfg(unix)]
fn a_reader_that_goes_away_is_no_error() {
    use std::process::Stdio;
    let mut child = cli_common::command(&["run"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), DEMO.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
}

#[test]
fn an_error_names_the_input() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("page.html");
    std::fs::write(&path, "<!doctype html><title>Log in</title>").unwrap();
    let page = refeed(&["run", path.to_str().unwrap()]);
    assert!(text(&page.stderr).contains("page.html: not a feed"), "{}", text(&page.stderr));
    let piped = refeed_with(&["run"], b"");
    assert!(text(&piped.stderr).contains("standard input: not a feed"), "{}", text(&piped.stderr));
    let scheme = refeed(&["run", "ftp://example.org/feed"]);
    assert_eq!(scheme.status.code(), Some(2));
    assert!(text(&scheme.stderr).contains("`ftp:` URLs cannot be read"), "{}", text(&scheme.stderr));
}
