//! `refeed serve` says where it listens, works without a configuration, and refuses to start on a wrong one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)] // helpers of tests

mod cli_common;

use std::io::{BufRead, BufReader, Write};

use cli_common::{refeed, start, text};

#[test]
fn without_a_configuration_it_listens_on_the_port_that_was_picked() {
    let (_server, address) = start(&["serve", "--listen", "127.0.0.1:0"]);
    assert!(address.starts_with("127.0.0.1:") && !address.ends_with(":0"), "{address}");
    assert!(std::net::TcpStream::connect(&address).is_ok());
}

#[test]
fn an_address_that_is_taken_is_an_error_that_names_the_key() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let output = refeed(&["serve", "--listen", &taken.local_addr().unwrap().to_string()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("server.listen"), "{}", text(&output.stderr));
}

#[test]
fn without_a_configuration_it_offers_any_feed_to_this_machine_only() {
    for (host, said) in [("127.0.0.1", "any feed at /feed?url=URL"), ("0.0.0.0", "`server.access_key`")] {
        let taken = std::net::TcpListener::bind((host, 0)).unwrap(); // so that it ends
        let output = refeed(&["serve", "--listen", &taken.local_addr().unwrap().to_string()]);
        let shown = text(&output.stderr);
        assert!(shown.contains("/feed/demo") && shown.contains(said), "{host}: {shown}");
        assert_eq!(shown.contains("URL"), host == "127.0.0.1", "{host}: {shown}");
    }
}

#[test]
fn a_wrong_configuration_is_refused_before_it_listens() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("refeed.toml");
    std::fs::write(
        &path,
        "[server]\nlisten = '127.0.0.1:0'\n[feeds.a]\nurl = 'https://example.org/'\nrules = ['zh']\n",
    )
    .unwrap();
    let output = refeed(&["serve", "--config", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    let shown = text(&output.stderr);
    assert!(shown.contains("unknown rule set `zh`") && !shown.contains("listening on"), "{shown}");
}

#[test]
fn sighup_takes_up_a_changed_configuration() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("refeed.toml");
    std::fs::write(dir.path().join("feed.xml"), cli_common::DEMO).unwrap();
    let feed = |name: &str| format!("[feeds.{name}]\nurl = 'file://{}/feed.xml'\n", dir.path().display());
    std::fs::write(&path, format!("[cache]\npath = 'none'\n{}", feed("old"))).unwrap();
    let (server, address) = start(&["serve", "--listen", "127.0.0.1:0", "--config", path.to_str().unwrap()]);
    let status = |name: &str| {
        let mut stream = std::net::TcpStream::connect(&address).unwrap();
        write!(stream, "GET /feed/{name} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).unwrap();
        line.split(' ').nth(1).unwrap().to_owned()
    };
    assert_eq!((status("old").as_str(), status("new").as_str()), ("200", "404"));
    std::fs::write(&path, format!("[cache]\npath = 'none'\n{}", feed("new"))).unwrap();
    let told = std::process::Command::new("kill").args(["-HUP", &server.0.id().to_string()]).status().unwrap();
    assert!(told.success());
    let started = std::time::Instant::now();
    while status("new") != "200" {
        assert!(started.elapsed().as_secs() < 20, "the change is not taken up");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert_eq!(status("old"), "404");
}
