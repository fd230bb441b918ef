//! The password of the shared store (`cache.shared`) is never shown: not by `check`, not in errors, not in the log.
#![allow(clippy::unwrap_used)] // helpers of tests

mod cli_common;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;
use std::time::{Duration, Instant};

use cli_common::{Server, command, refeed, text};

fn written(folder: &tempfile::TempDir, shared: &str) -> String {
    let path = folder.path().join("refeed.toml");
    let text = format!(
        "[server]\nlisten = '127.0.0.1:0'\n[fetch]\nallow = ['127.0.0.1']\n[cache]\npath = 'none'\nshared = {shared}\n\
         [feeds.a]\nurl = 'http://127.0.0.1:8080/'\n"
    );
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn not_by_check() {
    let folder = tempfile::tempdir().unwrap();
    for (shared, good) in [
        ("'redis://me:geheim@cache:6379/1'", true),
        ("'rediss://me:geheim@cache:6379'", false),
        ("'http://me:geheim@cache:6379'", false),
        ("'redis://me:geheim@cache:port'", false),
        ("'redis://:x/geheim#?@cache'", false),
        ("['redis://me:geheim@cache:6379']", false),
        ("'redis://me:geheim@cache:6379", false),
    ] {
        let output = refeed(&["check", "--config", &written(&folder, shared)]);
        let said = text(&output.stdout) + &text(&output.stderr);
        assert_eq!(output.status.success(), good, "{said}");
        assert!(!said.contains("geheim"), "{said}");
    }
}

#[test]
fn not_in_the_log_nor_to_readers() {
    let folder = tempfile::tempdir().unwrap();
    // a store that repeats what it was sent, and one that is not there
    let store = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = store.local_addr().unwrap().port();
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = store.accept() {
            let _ = stream.write_all(b"-WRONGPASS geheim is not the password\r\n-ERR geheim\r\n-ERR geheim\r\n");
            std::thread::spawn(move || std::io::copy(&mut stream, &mut std::io::sink()));
        }
    });
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for port in [port, gone] {
        let config = written(&folder, &format!("'redis://:geheim@127.0.0.1:{port}'"));
        let log = folder.path().join(format!("log{port}"));
        let mut command = command(&["--log", "trace,refeed=trace", "serve", "--config", &config]);
        command.stdout(Stdio::null()).stderr(std::fs::File::create(&log).unwrap());
        let _server = Server(command.spawn().unwrap());
        // whole lines up to one that has `what`
        let said = |what: &str| {
            let until = Instant::now() + Duration::from_secs(20);
            loop {
                let said = std::fs::read_to_string(&log).unwrap();
                if said.split_inclusive('\n').any(|line| line.contains(what) && line.ends_with('\n')) {
                    return said;
                }
                assert!(Instant::now() < until, "{what} in {said}");
                std::thread::sleep(Duration::from_millis(10));
            }
        };
        let listening = said("listening on http://");
        let address = listening.lines().find_map(|line| line.strip_prefix("listening on http://")).unwrap();
        let mut all = String::new();
        let mut stream = TcpStream::connect(address.trim()).unwrap();
        stream.write_all(b"GET /feed/a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        stream.read_to_string(&mut all).unwrap();
        all += &said("the shared store (`cache.shared`) cannot be used");
        assert!(!all.contains("geheim"), "{all}");
        let warned = all.lines().filter(|line| line.contains("WARN") && line.contains("cache.shared")).count();
        assert_eq!(warned, 1, "{all}");
    }
}
