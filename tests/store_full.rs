//! A real server on a disk that takes no more: it serves on, says so in one line, and nothing on the disk is damaged. The disk is
//! full for this process alone: a limit on the size of its files.
#![allow(clippy::unwrap_used)]

mod serve_support;

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use refeed::base::clock::Clock;
use refeed::cache::Disk;
use serve_support::{Reply, Upstream, read_all, response};
use tokio::io::AsyncWriteExt;

/// A feed of 100 KB that does not compress well.
fn noise(name: &str) -> String {
    let mut bytes = vec![0; 50_000];
    blake3::Hasher::new().update(name.as_bytes()).finalize_xof().fill(&mut bytes);
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("<rss version=\"2.0\"><channel><title>{name}</title><item><title>{hex}</title></item></channel></rss>")
}

#[tokio::test]
async fn a_server_on_a_full_disk_serves_on_and_says_so_once() {
    let directory = tempfile::tempdir().unwrap();
    let upstream = Upstream::start("").await;
    upstream.script(|head| response(200, "", &noise(head.split(' ').nth(1).unwrap())));
    let (config, store) = (directory.path().join("refeed.toml"), directory.path().join("store"));
    let feed = |n| format!("[feeds.f{n}]\nurl = \"{}\"\nrefresh = \"on-demand\"\n", upstream.url(&format!("/{n}")));
    let feeds: String = (0..12).map(feed).collect();
    let head = "[server]\nlisten = \"127.0.0.1:0\"\n[fetch]\nallow = [\"127.0.0.0/8\"]\n[cache]\nmemory = \"0 B\"\n";
    std::fs::write(&config, format!("{head}path = {store:?}\n{feeds}")).unwrap();
    let program = env!("CARGO_BIN_EXE_refeed");
    // no file larger than 300 KiB; a write beyond that fails instead of ending the process
    let script = format!("trap '' XFSZ; ulimit -f 300; exec {program} serve --config {}", config.display());
    let mut command = Command::new("bash");
    command.args(["-c", &script]).env_clear().stderr(Stdio::piped()).stdout(Stdio::null());
    let mut child = command.spawn().unwrap();
    let (mut said, log) = (BufReader::new(child.stderr.take().unwrap()).lines(), Arc::new(Mutex::new(Vec::new())));
    let address = loop {
        let line = said.next().unwrap().unwrap();
        match line.strip_prefix("listening on http://") {
            Some(address) => break address.to_owned(),
            None => log.lock().unwrap().push(line),
        }
    };
    let seen = Arc::clone(&log);
    std::thread::spawn(move || said.map_while(Result::ok).for_each(|line| seen.lock().unwrap().push(line)));
    for round in 0..3 {
        for n in 0..12 {
            let socket = tokio::net::TcpSocket::new_v4().unwrap();
            let mut stream = socket.connect(address.parse().unwrap()).await.unwrap();
            let request = format!("GET /feed/f{n} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
            stream.write_all(request.as_bytes()).await.unwrap();
            let reply = Reply::parse(&read_all(&mut stream).await);
            assert_eq!(reply.text(), noise(&format!("/{n}")), "round {round}");
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let log = log.lock().unwrap().clone();
    assert_eq!(log.iter().filter(|line| line.contains("cannot be written")).count(), 1, "{log:#?}");
    let disk = Disk::open(&store, 64 << 20, Clock::system());
    assert!(disk.stats().await.unwrap().counts.iter().any(|count| count.records > 0), "what it took is there");
    let mut names = std::fs::read_dir(&store).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(!names.any(|name| name.to_string_lossy().contains(".bad-")), "nothing was damaged");
}
