//! `refeed cache` shows and forgets what is on disk, and a wrong `cache.path` or `cache.disk` is refused with what to write.
#![allow(clippy::unwrap_used)]

mod cli_common;

use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use cli_common::{command, refeed, said_until_listening, start, text};
use refeed::base::clock::Clock;
use refeed::cache::Key;
use refeed::cache::disk::{Disk, Kind, Record};

/// A configuration whose store is in `directory`.
fn config(directory: &Path) -> PathBuf {
    let path = directory.join("refeed.toml");
    fs::write(&path, format!("[cache]\npath = {:?}\ndisk = \"8 MiB\"\n", directory.join("store"))).unwrap();
    path
}

fn fill(directory: &Path) {
    let disk = Disk::open(directory.join("store"), 8 << 20, Clock::system());
    for (name, label, length) in [("a", "voa", 20_000), ("b", "voa", 3000), ("c", "https://example.org/feed", 10)] {
        let body: Vec<u8> = blake3::hash(name.as_bytes()).as_bytes().iter().copied().cycle().take(length).collect();
        disk.store(Kind::Fetched, Key::of(&[name.as_bytes()]), label, Record::new(1, &(), Bytes::from(body)));
    }
    disk.store(Kind::State, Key::of(&[b"a"]), "voa", Record::new(1, &(), Bytes::new()));
}

#[test]
fn what_is_kept_is_counted_listed_and_purged() {
    let directory = tempfile::tempdir().unwrap();
    let config = config(directory.path());
    let cache = |arguments: &[&str]| refeed(&[&["cache"], arguments, &["--config", config.to_str().unwrap()]].concat());
    assert!(text(&cache(&["stats"]).stdout).starts_with("nothing is kept yet in "));
    assert!(!directory.path().join("store").exists(), "looking makes no store");
    fill(directory.path());
    let stats = text(&cache(&["stats"]).stdout);
    assert!(
        stats.contains("of 8.0 MiB (`cache.disk`)") && stats.contains("3 fetched") && stats.contains("1 state"),
        "{stats}"
    );
    let list = text(&cache(&["list"]).stdout);
    let lines: Vec<&str> = list.lines().collect();
    assert!(lines.len() == 3 && lines[1].ends_with("voa") && lines[2].ends_with("https://example.org/feed"), "{list}");
    assert_eq!(text(&cache(&["purge", "voa"]).stdout), "3 records forgotten\n");
    assert_eq!(text(&cache(&["list"]).stdout).lines().count(), 2);
    let again = cache(&["purge", "voa"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(text(&again.stderr).contains("`refeed cache list` shows what is"), "{again:?}");
}

#[test]
fn while_a_server_runs_it_is_asked() {
    let directory = tempfile::tempdir().unwrap();
    let config = config(directory.path());
    fill(directory.path());
    let config = config.to_str().unwrap();
    let (_server, _) = start(&["serve", "--config", config, "--listen", "127.0.0.1:0"]);
    let socket = directory.path().join("store/refeed.socket");
    while !socket.exists() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let cache = |arguments: &[&str]| refeed(&[&["cache"], arguments, &["--config", config]].concat());
    assert!(text(&cache(&["stats"]).stdout).contains("3 fetched"));
    assert_eq!(text(&cache(&["purge", "voa"]).stdout), "3 records forgotten\n");
    assert_eq!(text(&cache(&["list"]).stdout).lines().count(), 2);
    assert_eq!(cache(&["purge", "voa"]).status.code(), Some(1));
    let second = command(&["serve", "--config", config, "--listen", "127.0.0.1:0"]).spawn().unwrap();
    let second = said_until_listening(second);
    assert!(second.contains("another refeed uses it; give each its own `cache.path`"), "{second}");
}

#[test]
fn the_default_is_the_platforms_place_for_data() {
    let home = tempfile::tempdir().unwrap();
    let run = |name: &str, value: &str| text(&command(&["cache", "stats"]).env(name, value).output().unwrap().stdout);
    let home = home.path().to_str().unwrap();
    let default = if cfg!(target_os = "macos") { "Library/Application Support" } else { ".local/share" };
    assert!(run("HOME", home).contains(&format!("{home}/{default}/refeed")));
    assert!(run("XDG_DATA_HOME", home).contains(&format!("{home}/refeed")));
    assert!(run("STATE_DIRECTORY", &format!("{home}/state:/other")).contains(&format!("{home}/state")));
    let none = refeed(&["cache", "stats"]);
    assert!(text(&none.stderr).contains("there is no home directory"), "{none:?}");
}

#[test]
fn run_and_check_touch_no_store() {
    let directory = tempfile::tempdir().unwrap();
    let config = config(directory.path());
    let feed = directory.path().join("feed.xml");
    fs::write(&feed, "<rss version=\"2.0\"><channel><title>t</title></channel></rss>").unwrap();
    let said = refeed(&["check", "--config", config.to_str().unwrap()]);
    assert!(said.status.success(), "{said:?}");
    let said = command(&["run", feed.to_str().unwrap()]).env("HOME", directory.path()).output().unwrap();
    assert!(said.status.success(), "{said:?}");
    let names: Vec<_> = fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
}

#[test]
fn a_path_that_depends_on_the_start_and_a_size_too_small_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("refeed.toml");
    fs::write(&config, "[cache]\npath = \"data\"\ndisk = \"10 KiB\"\n").unwrap();
    let said = refeed(&["check", "--config", config.to_str().unwrap()]);
    let message = text(&said.stderr);
    assert_eq!(said.status.code(), Some(2));
    for part in [
        "refeed.toml:2:8",
        "not an absolute path",
        "`/var/lib/refeed`",
        "refeed.toml:3:8",
        "at least 1.0 MiB",
        "2 problems",
    ] {
        assert!(message.contains(part), "no {part} in {message}");
    }
}
