//! The promises of the store, with a real disk.

use std::fs;
use std::path::Path;

use bytes::Bytes;
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::base::limits::{self, KIB, MIB};

const NOW: Time = Time::from_secs(1_800_000_000);

fn key(n: usize) -> Key {
    Key::of(&[&n.to_le_bytes()])
}

/// Text that does not compress much, different for each `n`.
fn body(n: usize, length: usize) -> Bytes {
    let mut out = vec![0; length];
    blake3::Hasher::new().update(&n.to_le_bytes()).finalize_xof().fill(&mut out);
    out.into()
}

fn record(n: usize, length: usize) -> Record {
    Record::new(1, &n, body(n, length))
}

fn open(directory: &Path) -> Disk {
    Disk::open(directory, 64 * MIB, Clock::manual(NOW))
}

async fn holds(disk: &Disk, n: usize, length: usize) -> bool {
    disk.load(Kind::Fetched, &key(n)).await == Some(record(n, length))
}

fn directory() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn aside(directory: &Path) -> usize {
    let names = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.contains(".bad-") && !name.ends_with("-wal")).count()
}

#[tokio::test]
async fn what_is_stored_is_found_before_and_after_it_is_written_and_after_a_restart() {
    let directory = directory();
    let disk = open(directory.path());
    disk.store(Kind::Fetched, key(1), "voa", record(1, 5000));
    assert!(holds(&disk, 1, 5000).await);
    disk.flush().await.unwrap();
    assert!(holds(&disk, 1, 5000).await);
    disk.store(Kind::Fetched, key(1), "voa", record(1, 10));
    disk.store(Kind::Fetched, key(2), "voa", record(2, 10));
    disk.remove(Kind::Fetched, key(2));
    drop(disk); // waits until all is written
    let disk = open(directory.path());
    assert!(holds(&disk, 1, 10).await);
    assert_eq!(disk.load(Kind::Fetched, &key(2)).await, None);
    assert_eq!(disk.load(Kind::Answer, &key(1)).await, None);
    assert_eq!(aside(directory.path()), 0);
}

#[tokio::test]
async fn a_removed_record_is_gone_at_once() {
    let directory = directory();
    let disk = open(directory.path());
    disk.store(Kind::State, key(1), "voa", record(1, 10));
    disk.flush().await.unwrap();
    disk.remove(Kind::State, key(1));
    assert_eq!(disk.load(Kind::State, &key(1)).await, None);
    disk.flush().await.unwrap();
    assert_eq!(disk.load(Kind::State, &key(1)).await, None);
}

#[tokio::test]
async fn all_of_a_kind_are_loaded_at_once() {
    let directory = directory();
    let disk = open(directory.path());
    for n in 0..100 {
        disk.store(Kind::State, key(n), "voa", record(n, 0));
    }
    disk.store(Kind::Seen, key(0), "voa", record(0, 0));
    let mut found = disk.load_all(Kind::State).await;
    found.sort_by_key(|(_, record)| record.meta::<usize>(1));
    assert_eq!(found, (0..100).map(|n| (key(n), record(n, 0))).collect::<Vec<_>>());
}

#[tokio::test]
async fn the_longest_unused_bodies_go_and_state_stays() {
    let directory = directory();
    let clock = Clock::manual(NOW);
    let disk = Disk::open(directory.path(), 4 * MIB, clock.clone());
    for n in 0..20 {
        disk.store(Kind::State, key(n), "voa", record(n, 0));
    }
    for n in 0..50 {
        disk.store(Kind::Fetched, key(n), "voa", record(n, 200 * KIB));
        disk.store(Kind::Page, key(n), "pages", record(n, 50 * KIB));
        disk.flush().await.unwrap();
        clock.advance(limits::DISK_TOUCH);
        assert!(holds(&disk, 0, 200 * KIB).await, "the first one is used all the time");
    }
    let stats = disk.stats().await.unwrap();
    assert!(stats.used <= 4 * MIB, "{stats:?}");
    assert!(stats.counts.iter().any(|count| count.kind == Kind::State && count.records == 20), "{stats:?}");
    let pages = stats.counts.iter().find(|count| count.kind == Kind::Page).map_or(0, |count| count.records);
    assert!((5..20).contains(&pages), "pages are bodies: {stats:?}");
    assert!(holds(&disk, 49, 200 * KIB).await);
    assert!(!holds(&disk, 10, 200 * KIB).await);
    drop(disk);
    let length = fs::metadata(directory.path().join("refeed.sqlite")).unwrap().len();
    assert!(length <= 4 * MIB as u64, "freed pages are given back: {length}");
}

#[tokio::test]
async fn a_second_refeed_says_so_and_takes_over_when_the_first_has_gone() {
    let directory = directory();
    let first = open(directory.path());
    first.store(Kind::Fetched, key(1), "voa", record(1, 100));
    first.flush().await.unwrap();
    let second = open(directory.path());
    second.store(Kind::Fetched, key(2), "voa", record(2, 100));
    let error = second.flush().await.unwrap_err().to_string();
    assert!(error.contains("another refeed uses it; give each its own `cache.path`"), "{error}");
    assert!(!holds(&second, 1, 100).await);
    drop(first);
    second.flush().await.unwrap(); // asked for: not only once a minute
    assert!(holds(&second, 1, 100).await);
}

#[tokio::test]
async fn a_directory_that_cannot_be_made_means_memory_only() {
    let directory = directory();
    let file = directory.path().join("file");
    fs::write(&file, "x").unwrap();
    let disk = open(&file.join("store"));
    disk.store(Kind::Fetched, key(1), "voa", record(1, 100));
    let error = disk.flush().await.unwrap_err().to_string();
    assert!(error.contains("cache.path"), "{error}");
    assert!(holds(&disk, 1, 100).await, "it waits, and is found");
    fs::remove_file(&file).unwrap();
    disk.flush().await.unwrap();
    assert!(holds(&disk, 1, 100).await);
}

#[tokio::test]
async fn without_a_store_nothing_is_kept() {
    let disk = Disk::none();
    disk.store(Kind::Fetched, key(1), "voa", record(1, 1));
    assert_eq!(disk.load(Kind::Fetched, &key(1)).await, None);
    assert_eq!(disk.flush().await, Err(DiskError::None));
}

/// Lets SQLite refuse writes as it does on a full or read-only disk.
async fn refuse(disk: &Disk, pragma: &'static str) {
    disk.write(move |on| on.execute_batch(pragma)).await.unwrap();
}

#[tokio::test]
async fn a_full_or_read_only_disk_is_read_on_and_written_again_when_it_can_be() {
    let cases = [
        ("PRAGMA max_page_count = 1", "PRAGMA max_page_count = 1000000", "full"),
        ("PRAGMA query_only = 1", "PRAGMA query_only = 0", "readonly"),
    ];
    for (break_it, mend_it, reason) in cases {
        let directory = directory();
        let disk = open(directory.path());
        disk.store(Kind::Fetched, key(1), "voa", record(1, 100));
        disk.flush().await.unwrap();
        refuse(&disk, break_it).await;
        disk.store(Kind::Fetched, key(2), "voa", record(2, 100 * KIB));
        let error = disk.flush().await.unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
        assert!(holds(&disk, 1, 100).await && holds(&disk, 2, 100 * KIB).await);
        refuse(&disk, mend_it).await;
        disk.flush().await.unwrap();
        assert_eq!(aside(directory.path()), 0, "nothing was wrong with the file");
        drop(disk);
        assert!(holds(&open(directory.path()), 2, 100 * KIB).await);
    }
}

#[tokio::test]
async fn while_the_disk_refuses_the_queue_is_bounded_and_state_comes_before_bodies() {
    let directory = directory();
    let disk = open(directory.path());
    refuse(&disk, "PRAGMA query_only = 1").await;
    for n in 0..200 {
        disk.store(Kind::Fetched, key(n), "voa", record(n, MIB));
        let _ = disk.flush().await;
    }
    disk.store(Kind::State, key(0), "voa", record(0, 0));
    assert!(disk.flush().await.is_err());
    refuse(&disk, "PRAGMA query_only = 0").await;
    let stats = disk.stats().await.unwrap();
    assert!(stats.lost >= 150, "{stats:?}");
    assert!(disk.load(Kind::State, &key(0)).await.is_some());
}

#[tokio::test]
async fn files_that_are_emptied_replaced_or_deleted_while_in_use_are_made_anew() {
    type Harm = fn(&Path);
    let empty: Harm = |path| fs::write(path, "").unwrap();
    let delete: Harm = |path| fs::remove_file(path).unwrap();
    let overwrite: Harm = |path| fs::write(path, vec![b'x'; 100_000]).unwrap();
    let noise: Harm = |path| {
        let length = fs::metadata(path).unwrap().len();
        fs::write(path, vec![0xA5; usize::try_from(length).unwrap()]).unwrap();
    };
    for (what, harm) in [("emptied", empty), ("deleted", delete), ("overwritten", overwrite), ("noise", noise)] {
        for names in
            [&["refeed.sqlite"][..], &["refeed.sqlite-wal"], &["refeed.sqlite", "refeed.sqlite-wal", "refeed.lock"]]
        {
            let directory = directory();
            let disk = open(directory.path());
            for n in 0..50 {
                disk.store(Kind::Fetched, key(n), "voa", record(n, 10_000));
            }
            disk.flush().await.unwrap();
            names.iter().for_each(|name| harm(&directory.path().join(name)));
            for n in 0..50 {
                let found = disk.load(Kind::Fetched, &key(n)).await;
                assert!(found.is_none() || found == Some(record(n, 10_000)), "{what} {names:?}: damaged");
            }
            disk.store(Kind::Fetched, key(100), "voa", record(100, 10_000));
            let (mut tries, mut written) = (0, false);
            while !written && tries < 3 {
                (tries, written) = (tries + 1, disk.flush().await.is_ok());
            }
            assert!(written, "{what} {names:?}: {:?}", disk.flush().await);
            assert!(holds(&disk, 100, 10_000).await, "{what} {names:?}");
            drop(disk);
            let again = open(directory.path());
            assert!(holds(&again, 100, 10_000).await, "{what} {names:?}: acknowledged, and lost");
        }
    }
}

#[tokio::test]
async fn another_programs_database_and_a_newer_one_are_set_aside() {
    for sql in
        ["CREATE TABLE a (b); PRAGMA user_version = 1", "PRAGMA application_id = 1919247972; PRAGMA user_version = 999"]
    {
        let directory = directory();
        let path = directory.path().join("refeed.sqlite");
        rusqlite::Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        let disk = open(directory.path());
        disk.store(Kind::Fetched, key(1), "voa", record(1, 100));
        disk.flush().await.unwrap();
        assert_eq!(aside(directory.path()), 1);
    }
}

#[tokio::test]
async fn the_directory_and_its_files_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let directory = directory();
    let store = directory.path().join("new");
    let disk = open(&store);
    disk.store(Kind::Fetched, key(1), "voa", record(1, 100));
    disk.flush().await.unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&store), 0o700);
    for entry in fs::read_dir(&store).unwrap() {
        assert_eq!(mode(&entry.unwrap().path()), 0o600);
    }
}

#[tokio::test]
async fn the_store_is_listed_and_purged_by_label() {
    let directory = directory();
    let disk = open(directory.path());
    for n in 0..3 {
        disk.store(Kind::Fetched, key(n), "voa", record(n, 10_000));
    }
    disk.store(Kind::Answer, key(9), "rfa", record(9, 10));
    disk.flush().await.unwrap();
    let list = disk.list().await.unwrap();
    assert_eq!(list.iter().map(|l| (l.label.as_str(), l.records)).collect::<Vec<_>>(), [("voa", 3), ("rfa", 1)]);
    assert_eq!((list[0].stored, list[0].bytes > 30_000), (NOW, true));
    assert_eq!(disk.purge("voa").await.unwrap().records, 3);
    assert!(!holds(&disk, 0, 10_000).await);
    assert_eq!(disk.purge("voa").await, Ok(Gone::default()));
    assert_eq!(disk.list().await.unwrap().len(), 1);
}

#[tokio::test]
async fn tables_of_other_parts_are_written_in_transactions_of_their_own() {
    let directory = directory();
    let disk = open(directory.path());
    disk.write(|on| on.execute_batch("CREATE TABLE others (n INTEGER)")).await.unwrap();
    let failed = disk.write(|on| {
        on.execute("INSERT INTO others VALUES (1)", [])?;
        on.execute("INSERT INTO nowhere VALUES (1)", [])
    });
    assert!(failed.await.unwrap_err().to_string().contains("nowhere"));
    assert_eq!(disk.write(|on| on.execute("INSERT INTO others VALUES (2)", [])).await, Ok(1));
    assert_eq!(disk.read(|on| on.query_row("SELECT sum(n) FROM others", [], |row| row.get::<_, i64>(0))).await, Ok(2));
}

/// SQLite does not see that an index is out of order: it would take a row and never find it again.
#[tokio::test]
async fn what_a_damaged_index_would_hide_is_written_to_a_new_file() {
    let directory = directory();
    let first = open(directory.path());
    let disk = open(directory.path()); // it waits, and writes all at once
    for n in 0..40 {
        first.store(Kind::Fetched, key(n), "voa", record(n, 10));
    }
    // in an order of chance, in which a few would be found again
    for n in 100..250 {
        disk.store(Kind::Fetched, key(n), "voa", record(n, 10));
    }
    first.flush().await.unwrap();
    let path = directory.path().join("refeed.sqlite");
    let number = |sql: &str| -> u32 { Connection::open(&path).unwrap().query_row(sql, [], |row| row.get(0)).unwrap() };
    assert_eq!(number("PRAGMA wal_checkpoint(TRUNCATE)"), 0);
    let size = number("PRAGMA page_size") as usize;
    let root = number("SELECT rootpage FROM sqlite_schema WHERE name = 'sqlite_autoindex_records_1'") as usize;
    let mut bytes = fs::read(&path).unwrap();
    // a leaf of an index and its cells (SQLite's file format §1.6), whose halves change places
    let page = &mut bytes[(root - 1) * size..][..size];
    assert_eq!((page[0], &page[3..5]), (10, &[0, 40][..]));
    page[8..8 + 2 * 40].rotate_left(40);
    fs::write(&path, bytes).unwrap();
    drop(first);
    assert!(disk.flush().await.is_ok() || disk.flush().await.is_ok());
    for n in 100..250 {
        assert!(disk.load(Kind::Fetched, &key(n)).await.is_some(), "{n} was acknowledged and is not found");
    }
    assert_eq!(aside(directory.path()), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Whatever becomes of the files while nobody has them open: what is found is what was stored, and the store works.
    #[test]
    fn a_file_with_flipped_or_missing_bytes_yields_what_was_stored_or_nothing(
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..20),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let directory = directory();
            let disk = open(directory.path());
            for n in 0..40 {
                disk.store(Kind::Fetched, key(n), "voa", record(n, n * 97));
            }
            drop(disk);
            let path = directory.path().join("refeed.sqlite");
            let mut bytes = fs::read(&path).unwrap();
            for (at, value) in &flips {
                let at = at.index(bytes.len());
                bytes[at] = *value;
            }
            if let Some(cut) = &cut {
                bytes.truncate(cut.index(bytes.len()));
            }
            fs::write(&path, bytes).unwrap();
            let disk = open(directory.path());
            for n in 0..40 {
                let found = disk.load(Kind::Fetched, &key(n)).await;
                assert!(found.is_none() || found == Some(record(n, n * 97)), "{n}: damaged");
            }
            disk.store(Kind::Fetched, key(100), "voa", record(100, 5000));
            let mut written = false;
            for _ in 0..3 {
                written = written || disk.flush().await.is_ok();
            }
            assert!(written, "{:?}", disk.flush().await);
            assert!(holds(&disk, 100, 5000).await);
            drop(disk);
            assert!(holds(&open(directory.path()), 100, 5000).await, "acknowledged, and lost");
        });
    }
}
