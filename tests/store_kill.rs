//! The store survives kill -9: a real process that writes under load is killed 200 times at random points. The store opens every
//! time, nothing that was acknowledged is lost, no record is damaged, and no file had to be set aside.
#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use refeed::base::clock::Clock;
use refeed::cache::Key;
use refeed::cache::disk::{Disk, Kind, Record};

const KILLS: u64 = 200;
const KEYS: u64 = 100;
const LIMIT: usize = 256 * 1024 * 1024;
/// Tells this test's binary to be the process that is killed: the directory of the store, and the first number to write.
const CHILD: &str = "REFEED_TEST_STORE";

fn open(directory: &Path) -> Disk {
    Disk::open(directory, LIMIT, Clock::system())
}

fn key(number: u64) -> Key {
    Key::of(&[&(number % KEYS).to_le_bytes()])
}

fn kind(number: u64) -> Kind {
    [Kind::Fetched, Kind::Answer, Kind::State][usize::try_from(number % KEYS % 3).unwrap()]
}

/// Up to 60 KB, half of them compressible.
fn record(number: u64) -> Record {
    let mut body = vec![0; usize::try_from(number * 7919 % 60_000).unwrap()];
    let noise = body.len() / 2;
    blake3::Hasher::new().update(&number.to_le_bytes()).finalize_xof().fill(&mut body[..noise]);
    Record::new(1, &number, Bytes::from(body))
}

/// Not a test of its own: the process that is killed. It stores without end and prints each number that is acknowledged.
#[test]
fn the_process_that_is_killed() {
    let Some(told) = std::env::var_os(CHILD) else { return };
    let (directory, first) =
        told.to_str().unwrap().split_once(' ').map(|(n, d)| (d, n.parse::<u64>().unwrap())).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let disk = open(Path::new(directory));
        for number in first.. {
            disk.store(kind(number), key(number), "load", record(number));
            if number % 7 == 0 {
                let of = key(number / 7);
                let _ = disk.load(kind(number / 7), &of).await;
            }
            if number % 13 == 0 && disk.flush().await.is_ok() {
                writeln!(std::io::stdout(), "acknowledged {number}").unwrap();
            }
        }
    });
}

#[test]
fn killed_200_times_it_opens_and_has_all_that_was_acknowledged() {
    let directory = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (mut first, mut random) = (1, 0x9E37_79B9_7F4A_7C15_u64);
    let mut held = HashMap::new();
    for round in 0..KILLS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "the_process_that_is_killed", "--nocapture"])
            .env(CHILD, format!("{first} {}", directory.path().display()))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let acknowledged = Arc::new(AtomicU64::new(0));
        let (said, seen) = (BufReader::new(child.stdout.take().unwrap()), Arc::clone(&acknowledged));
        let reader = std::thread::spawn(move || {
            for line in said.lines().map_while(Result::ok) {
                if let Some(number) = line.strip_prefix("acknowledged ").and_then(|number| number.parse().ok()) {
                    seen.store(number, Ordering::SeqCst);
                }
            }
        });
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        std::thread::sleep(Duration::from_micros(20_000 + (random >> 33) % 80_000));
        child.kill().unwrap(); // SIGKILL
        child.wait().unwrap();
        reader.join().unwrap();
        let acknowledged = acknowledged.load(Ordering::SeqCst);
        // what this child was told is on disk, by key; what was there before it is known already
        held.extend((first..=acknowledged).map(|number| (number % KEYS, number)));
        first = runtime.block_on(verify(directory.path(), &mut held, first, round));
    }
    let aside = fs::read_dir(directory.path())
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().contains(".bad-"));
    assert_eq!(aside.count(), 0);
    assert!(first > KILLS * 13, "the children hardly wrote: {first}");
}

/// Looks at every key, of which `held` is the least that must be there; returns the first number for the next child.
async fn verify(directory: &Path, held: &mut HashMap<u64, u64>, first: u64, round: u64) -> u64 {
    let disk = open(directory);
    for of in 0..KEYS {
        let found = disk.load(kind(of), &key(of)).await;
        let number = found.as_ref().and_then(|record| record.meta::<u64>(1));
        let least = held.get(&of).copied();
        assert!(number >= least, "round {round}, key {of}: {least:?} was acknowledged, {number:?} is there");
        if let Some(number) = number {
            assert_eq!(found, Some(record(number)), "round {round}: {number} is damaged");
            held.insert(of, number);
        }
    }
    held.values().max().map_or(first, |newest| newest + 1)
}
