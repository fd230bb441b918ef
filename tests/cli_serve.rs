//! `refeed serve` says where it listens, works without a configuration, and refuses to start on a wrong one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests

mod cli_common;

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
