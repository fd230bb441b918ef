//! `refeed check` shows every problem of a configuration, or what it means; the help teaches; the small commands work.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests

mod cli_common;

use std::io::{Read, Write};
use std::net::TcpListener;

use cli_common::{command, refeed, text};

fn config(text: &str) -> (tempfile::TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("refeed.toml");
    std::fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (dir, path)
}

const SOUND: &str = "[feeds.voa]\nurl = 'https://example.org/feed'\nrules = ['weserv', { limit = 5 }]\n";

#[test]
fn a_sound_configuration_is_summed_up() {
    let (_dir, path) = config(SOUND);
    let output = refeed(&["check", "--config", &path]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let summary = text(&output.stdout);
    assert!(summary.contains("1 feed, no problems"), "{summary}");
    let resolved = "/feed/voa  https://example.org/feed
   1 { links = true }    (from weserv)
   2 { images = { via = \"weserv\" } }    (from weserv)
   3 { limit = 5 }
";
    assert!(summary.contains(resolved), "{summary}");
}

#[test]
fn the_resolved_list_has_the_rules_around_and_the_parameters_put_in() {
    let (_dir, path) = config(
        "[rules]
before = [{ drop = '广告' }]
after = ['links']
[sets.short]
params = { count = 20, by = 'newest' }
rules = [{ sort = '$by' }, { limit = '$count' }]
[feeds.a]
url = 'https://a.example/'
rules = [{ short = { count = 5 } }]
[feeds.b]
url = 'https://b.example/'
rules = ['short']
inherit = false
[sites.'example.org']
rules = [{ limit = 7 }]
",
    );
    let output = refeed(&["check", "--config", &path]);
    let expected = "/feed/a  https://a.example/
   1 { drop = \"广告\" }
   2 { sort = \"newest\" }    (from short)
   3 { limit = 5 }    (from short)
   4 { links = true }    (from links)
/feed/b  https://b.example/
   1 { sort = \"newest\" }    (from short)
   2 { limit = 20 }    (from short)
feeds of example.org, asked for through refeed as an HTTP proxy
   1 { drop = \"广告\" }
   2 { limit = 7 }
   3 { links = true }    (from links)
";
    assert!(text(&output.stdout).ends_with(expected), "{}{}", text(&output.stdout), text(&output.stderr));
}

#[test]
fn the_file_is_found_by_option_environment_or_name() {
    let (dir, path) = config(SOUND);
    let by_environment = command(&["check"]).env("REFEED_CONFIG", &path).output().unwrap();
    let by_name = command(&["check"]).current_dir(dir.path()).output().unwrap();
    let empty = tempfile::tempdir().unwrap();
    let nowhere = command(&["check"]).current_dir(empty.path()).output().unwrap();
    assert_eq!(
        (by_environment.status.code(), by_name.status.code(), nowhere.status.code()),
        (Some(0), Some(0), Some(2))
    );
    assert!(text(&nowhere.stderr).contains("cannot read refeed.toml"));
}

#[test]
fn all_problems_are_shown_and_counted_with_exit_code_2() {
    let (_dir, path) = config("[server]\nlisen = 1\n[feeds.a]\nurl = 'x'\nrules = [{ limit = 0 }]\n");
    let output = refeed(&["check", "--config", &path]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    let shown = text(&output.stderr);
    for part in ["refeed.toml:2:1", "refeed.toml:4:7", "refeed.toml:5:20", "3 problems found", "did you mean `listen`?"]
    {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
}

#[test]
fn rules_and_rule_sets_are_listed_and_shown() {
    let list = text(&refeed(&["rules"]).stdout);
    for name in ["dedupe", "drop", "images", "keep", "limit", "links", "opencc", "sort", "weserv", "zh-hk"] {
        assert!(list.contains(&format!("\n  {name} ")), "{name}\n{list}");
    }
    assert!(text(&refeed(&["rules", "limit"]).stdout).contains("## Example\n```toml\nrules = [{ limit = 20 }]"));
    assert!(text(&refeed(&["rules", "zh-tw"]).stdout).contains("{ opencc = \"zh-TW\" }"));
    let both = text(&refeed(&["rules", "links"]).stdout);
    assert!(both.contains("# links\n") && both.contains("# The rule set links\n"), "{both}");
    let unknown = refeed(&["rules", "limmit"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(text(&unknown.stderr).contains("did you mean `limit`?"));
}

#[test]
fn help_has_examples_and_fits_narrow_terminals() {
    for arguments in [&["--help"][..], &["serve", "--help"], &["run", "--help"], &["check", "--help"]] {
        let help = text(&refeed(arguments).stdout);
        assert!(help.contains("Examples:"), "{help}");
        assert!(help.lines().all(|line| line.chars().count() <= 100), "{help}");
    }
    assert_eq!(refeed(&[]).status.code(), Some(2));
    assert!(text(&refeed(&["--version"]).stdout).starts_with("refeed "));
}

#[test]
fn completions_are_printed_for_each_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = refeed(&["completions", shell]);
        assert_eq!(output.status.code(), Some(0));
        assert!(text(&output.stdout).contains("refeed"), "{shell}");
    }
}

/// Answers one request with `answer`; returns its address.
fn answer_once(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 1024];
        let read = stream.read(&mut request).unwrap();
        assert!(request[..read].starts_with(b"GET /healthz HTTP/1.1\r\n"));
        stream.write_all(answer.as_bytes()).unwrap();
    });
    address
}

#[test]
fn health_tells_a_well_server_from_a_sick_one_and_from_none() {
    let health = |address: &str| refeed(&["health", "--listen", address]);
    assert_eq!(health(&answer_once("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")).status.code(), Some(0));
    let sick = health(&answer_once("HTTP/1.1 503 Service Unavailable\r\n\r\n"));
    assert_eq!(sick.status.code(), Some(1));
    assert!(text(&sick.stderr).contains("503"));
    assert_eq!(health(&answer_once("")).status.code(), Some(1));
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    assert_eq!(health(&port).status.code(), Some(1));

    let (_dir, path) = config(&format!("[server]\nlisten = '{}'\n", answer_once("HTTP/1.1 200 OK\r\n\r\n")));
    assert_eq!(refeed(&["health", "--config", &path]).status.code(), Some(0));
    let everywhere = answer_once("HTTP/1.1 204 No Content\r\n\r\n").replace("127.0.0.1", "0.0.0.0");
    assert_eq!(health(&everywhere).status.code(), Some(0));
}
