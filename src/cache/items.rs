//! The archive's items: what a feed has and had, each as it came, before any rule, so that a changed rule applies to old ones too.
//!
//! An item has a *place* (0, 1, 2 … in the order in which items were first seen, for ever), a *revision* (the archive's counter when
//! it was new or last changed), and the times of both by our clock. A changed item replaces its older form at the same place. What
//! is in upstream's window is never removed; what has left it goes with its age or when too many are newer. An item whose bytes
//! are not what was written is not there. The statements run on the store's threads (`cache::disk`); called by `pipeline`.

use std::collections::HashMap;
use std::io::Read;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, ToSql, Transaction, params};

use super::disk::{Disk, DiskError};
use super::memory::Key;
use crate::base::clock::Time;
use crate::base::limits;

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keeping {
    /// At most so many items, those in upstream's window included.
    pub items: usize,
    /// Items that left the window: so long after they were first seen.
    pub age: Option<Duration>,
}

/// What upstream has now.
#[derive(Clone, Debug)]
pub struct Window {
    /// The items, oldest first: what each is (a digest of its id) and its text.
    pub items: Vec<(Key, String)>,
    /// Which feeds can take the items: items of another family are kept and not given out.
    pub family: u8,
    /// A digest of it all: the same is not recorded twice.
    pub digest: Key,
}

/// Where an archive stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// The place of the oldest item that is kept.
    pub first: u64,
    /// The place of the next item.
    pub next: u64,
    /// Counts the changes.
    pub revision: u64,
}

/// An item that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What it is.
    pub key: Key,
    /// As it came; empty for one that is [present](Item::present) where the newest are asked for: upstream's document has it.
    pub raw: String,
    /// When it was first seen.
    pub seen: Time,
    /// True while it is in upstream's window.
    pub present: bool,
}

/// Which items are wanted; all are given newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The newest, so many, and all in upstream's window.
    Newest(usize),
    /// Those at these places, from the first to before the second.
    Places(u64, u64),
    /// Those that were new or changed after a moment.
    Since(Time),
    /// Those that were new or changed after a revision.
    After(u64),
}

/// Records what upstream has now, and lets go what need not be kept any more.
pub async fn record(
    disk: &Disk,
    feed: Key,
    label: &str,
    window: Window,
    keeping: Keeping,
    now: Time,
) -> Result<State, DiskError> {
    let label = label.to_owned();
    disk.write(move |on| {
        let archive = open(on, &feed, &label)?;
        if archive.digest != *window.digest.as_bytes() {
            put(on, &archive, &window, now)?;
        }
        prune(on, archive.id, keeping, now)?;
        state(on, archive.id)
    })
    .await
}

/// The items of `feed` that are wanted and that feeds of `family` can take.
pub async fn load(disk: &Disk, feed: Key, family: u8, which: Which) -> Result<Vec<Item>, DiskError> {
    disk.read(move |on| get(on, &feed, family, which)).await
}

/// How many items are kept in all, and their bytes.
pub(super) fn count_all(on: &Connection) -> rusqlite::Result<(usize, usize)> {
    let counts = on.query_row("SELECT count(*), coalesce(sum(length(raw)), 0) FROM items", [], |row| {
        Ok((count(row.get(0)?), count(row.get(1)?)))
    })?;
    Ok((usize::try_from(counts.0).unwrap_or_default(), usize::try_from(counts.1).unwrap_or_default()))
}

/// The bytes of all items, about.
pub(super) fn bytes(on: &Connection) -> rusqlite::Result<i64> {
    on.query_row("SELECT coalesce(sum(length(raw)), 0) + ?1 * count(*) FROM items", [row()], |row| row.get(0))
}

/// Lets go of the items that were first seen longest ago, of all archives, until `excess` bytes are gone or none is left that is
/// not in its feed's window; how many they were.
pub(super) fn evict(on: &mut Connection, excess: i64) -> rusqlite::Result<usize> {
    let transaction = on.transaction()?;
    let doomed = {
        let mut statement =
            transaction.prepare("SELECT id, length(raw) FROM items WHERE present = 0 ORDER BY seen, place")?;
        let mut rows = statement.query([])?;
        let (mut doomed, mut freed) = (Vec::new(), 0);
        while let Some(item) = rows.next()?.filter(|_| freed < excess) {
            doomed.push(item.get::<_, i64>(0)?);
            freed += item.get::<_, i64>(1)? + row();
        }
        doomed
    };
    for id in &doomed {
        transaction.prepare_cached("DELETE FROM items WHERE id = ?1")?.execute([id])?;
    }
    transaction.commit()?;
    Ok(doomed.len())
}

fn row() -> i64 {
    whole(limits::DISK_ROW_OVERHEAD)
}

/// Forgets all archives under a label; how many items they had.
pub(super) fn purge(on: &Connection, label: &str) -> rusqlite::Result<usize> {
    let items = on.execute("DELETE FROM items WHERE archive IN (SELECT id FROM archives WHERE label = ?1)", [label])?;
    on.execute("DELETE FROM archives WHERE label = ?1", [label])?;
    Ok(items)
}

struct Archive {
    id: i64,
    digest: Vec<u8>,
    next: i64,
    revision: i64,
}

fn open(on: &Transaction<'_>, feed: &Key, label: &str) -> rusqlite::Result<Archive> {
    let found = on
        .prepare_cached("SELECT id, digest, next, revision FROM archives WHERE feed = ?1")?
        .query_row([feed.as_bytes()], |row| {
            Ok(Archive { id: row.get(0)?, digest: row.get(1)?, next: row.get(2)?, revision: row.get(3)? })
        })
        .optional()?;
    if let Some(archive) = found {
        return Ok(archive);
    }
    on.execute(
        "INSERT INTO archives (feed, label, digest, next, revision) VALUES (?1, ?2, x'', 0, 0)",
        params![feed.as_bytes(), label],
    )?;
    Ok(Archive { id: on.last_insert_rowid(), digest: Vec::new(), next: 0, revision: 0 })
}

fn put(on: &Transaction<'_>, archive: &Archive, window: &Window, now: Time) -> rusqlite::Result<()> {
    let mut known = known(on, archive.id)?;
    let (mut next, mut revision) = (archive.next, archive.revision);
    for (key, raw) in &window.items {
        let sum = sum(raw);
        match known.remove(key.as_bytes()) {
            Some((_, true, old)) if old == sum => {}
            Some((id, false, old)) if old == sum => {
                on.prepare_cached("UPDATE items SET present = 1 WHERE id = ?1")?.execute([id])?;
            }
            Some((id, ..)) => {
                revision += 1;
                on.prepare_cached(
                    "UPDATE items SET present = 1, revision = ?2, changed = ?3, family = ?4, length = ?5, sum = ?6, raw = ?7
                     WHERE id = ?1",
                )?
                .execute(params![id, revision, now.0, window.family, whole(raw.len()), sum, pack(raw)])?;
            }
            None => {
                // ignored: a second item of the same id, of which there is one place
                let added = on
                    .prepare_cached(
                        "INSERT OR IGNORE INTO items
                             (archive, item, place, revision, seen, changed, present, family, length, sum, raw)
                         VALUES (?1, ?2, ?3, ?4, ?5, ?5, 1, ?6, ?7, ?8, ?9)",
                    )?
                    .execute(params![
                        archive.id,
                        key.as_bytes(),
                        next,
                        revision + 1,
                        now.0,
                        window.family,
                        whole(raw.len()),
                        sum,
                        pack(raw)
                    ])?;
                if added > 0 {
                    revision += 1;
                    next += 1;
                }
            }
        }
    }
    for (id, is_present, _) in known.into_values() {
        if is_present {
            on.prepare_cached("UPDATE items SET present = 0 WHERE id = ?1")?.execute([id])?;
        }
    }
    on.prepare_cached("UPDATE archives SET digest = ?2, next = ?3, revision = ?4 WHERE id = ?1")?.execute(params![
        archive.id,
        window.digest.as_bytes(),
        next,
        revision
    ])?;
    Ok(())
}

/// What is kept: by what it is, the row, whether it is in the window, and the sum of its text.
type Known = HashMap<[u8; 16], (i64, bool, [u8; 16])>;

fn known(on: &Transaction<'_>, archive: i64) -> rusqlite::Result<Known> {
    let mut statement = on.prepare_cached("SELECT item, id, present, sum FROM items WHERE archive = ?1")?;
    let rows = statement.query_map([archive], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?, row.get(3)?))))?;
    rows.collect()
}

fn prune(on: &Transaction<'_>, archive: i64, keeping: Keeping, now: Time) -> rusqlite::Result<()> {
    if let Some(age) = keeping.age {
        let before = (now - age).0;
        on.prepare_cached("DELETE FROM items WHERE archive = ?1 AND present = 0 AND seen < ?2")?
            .execute(params![archive, before])?;
    }
    on.prepare_cached(
        "DELETE FROM items WHERE archive = ?1 AND present = 0 AND place <=
             (SELECT place FROM items WHERE archive = ?1 ORDER BY place DESC LIMIT 1 OFFSET ?2)",
    )?
    .execute(params![archive, whole(keeping.items)])?;
    Ok(())
}

fn state(on: &Connection, archive: i64) -> rusqlite::Result<State> {
    let sql =
        "SELECT next, revision, (SELECT min(place) FROM items WHERE archive = archives.id) FROM archives WHERE id = ?1";
    on.prepare_cached(sql)?.query_row([archive], |row| {
        let next: i64 = row.get(0)?;
        let first: Option<i64> = row.get(2)?;
        Ok(State { first: count(first.unwrap_or(next)), next: count(next), revision: count(row.get(1)?) })
    })
}

fn get(on: &Connection, feed: &Key, family: u8, which: Which) -> rusqlite::Result<Vec<Item>> {
    let (condition, arguments) = match which {
        Which::Newest(number) => ("(present = 1 OR place >= archives.next - ?3)", vec![whole(number)]),
        Which::Places(from, to) => ("place >= ?3 AND place < ?4", vec![written(from), written(to)]),
        Which::Since(time) => ("changed > ?3", vec![time.0]),
        Which::After(revision) => ("items.revision > ?3", vec![written(revision)]),
    };
    // what is in upstream's document need not be read
    let unread = if let Which::Newest(_) = which { "present = 1" } else { "0" };
    let sql = format!(
        "SELECT item, seen, present, length, sum, CASE WHEN {unread} THEN NULL ELSE raw END FROM items JOIN archives ON archives.id = items.archive
         WHERE feed = ?1 AND family = ?2 AND {condition} ORDER BY place DESC"
    );
    let feed = feed.as_bytes();
    let mut bound: Vec<&dyn ToSql> = vec![feed, &family];
    bound.extend(arguments.iter().map(|argument| argument as &dyn ToSql));
    let mut statement = on.prepare_cached(&sql)?;
    let mut rows = statement.query(bound.as_slice())?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let raw = match row.get::<_, Option<Vec<u8>>>(5)? {
            None => Some(String::new()),
            Some(packed) => unpack(&packed, row.get(3)?).filter(|raw| row.get(4) == Ok(sum(raw))),
        };
        let Some(raw) = raw else {
            tracing::warn!("an item of the archive is damaged: it is left out");
            continue;
        };
        found.push(Item { key: Key::from_bytes(row.get(0)?), raw, seen: Time(row.get(1)?), present: row.get(2)? });
    }
    Ok(found)
}

fn pack(raw: &str) -> Vec<u8> {
    // Memory alone could make it fail; an empty text then fails its sum.
    zstd::bulk::compress(raw.as_bytes(), limits::ARCHIVE_ZSTD_LEVEL).unwrap_or_default()
}

/// `length` is a damaged file's word: no room is made for it before the bytes are there.
fn unpack(packed: &[u8], length: i64) -> Option<String> {
    let (mut raw, length) = (String::new(), u64::try_from(length).ok()?);
    zstd::stream::read::Decoder::new(packed).ok()?.take(length).read_to_string(&mut raw).ok()?;
    Some(raw)
}

fn sum(raw: &str) -> [u8; 16] {
    *Key::of(&[raw.as_bytes()]).as_bytes()
}

fn whole(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

fn written(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::Clock;
    use crate::base::limits::MIB;
    use crate::cache::disk::{Kind, Record};

    const NOW: Time = Time::from_secs(1_800_000_000);
    const DAY: Duration = Duration::from_secs(86_400);
    const EVERY: Which = Which::Places(0, u64::MAX);
    const ALL: Keeping = Keeping { items: 1000, age: None };

    fn window(items: &[(&str, &str)]) -> Window {
        let digest = Key::of(&items.iter().flat_map(|(id, raw)| [id.as_bytes(), raw.as_bytes()]).collect::<Vec<_>>());
        let items = items.iter().map(|(id, raw)| (Key::of(&[id.as_bytes()]), (*raw).to_owned())).collect();
        Window { items, family: 1, digest }
    }

    fn feed() -> Key {
        Key::of(&[b"feed"])
    }

    async fn raws(disk: &Disk, which: Which) -> Vec<String> {
        load(disk, feed(), 1, which).await.unwrap().into_iter().map(|item| item.raw).collect()
    }

    #[tokio::test]
    async fn items_keep_their_place_and_updates_replace() {
        let directory = tempfile::tempdir().unwrap();
        let disk = Disk::open(directory.path(), 64 * MIB, Clock::manual(NOW));
        let first = record(&disk, feed(), "f", window(&[("a", "a1"), ("b", "b1")]), ALL, NOW).await.unwrap();
        assert_eq!(first, State { first: 0, next: 2, revision: 2 });
        let later = NOW + DAY;
        let again = record(&disk, feed(), "f", window(&[("b", "b2"), ("c", "c1")]), ALL, later).await.unwrap();
        assert_eq!(again, State { first: 0, next: 3, revision: 4 });
        assert_eq!(raws(&disk, Which::Newest(10)).await, ["", "", "a1"], "upstream's document has the others");
        assert_eq!(raws(&disk, Which::Newest(1)).await, ["", ""], "what is in the window is always there");
        assert_eq!(raws(&disk, EVERY).await, ["c1", "b2", "a1"]);
        assert_eq!(raws(&disk, Which::Places(0, 2)).await, ["b2", "a1"]);
        assert_eq!(raws(&disk, Which::After(2)).await, ["c1", "b2"]);
        assert_eq!(raws(&disk, Which::Since(NOW)).await, ["c1", "b2"]);
        assert_eq!(load(&disk, feed(), 2, Which::Newest(10)).await.unwrap(), []);
        let seen: Vec<_> =
            load(&disk, feed(), 1, Which::Newest(10)).await.unwrap().iter().map(|item| item.seen).collect();
        assert_eq!(seen, [later, NOW, NOW]);
        let stats = disk.stats().await.unwrap();
        assert_eq!(stats.counts.iter().map(|count| count.records).collect::<Vec<_>>(), [3]);
        assert_eq!(
            disk.list().await.unwrap().iter().map(|one| (one.label.as_str(), one.records)).collect::<Vec<_>>(),
            [("f", 3)]
        );
        drop(disk);
        let disk = Disk::open(directory.path(), 64 * MIB, Clock::manual(NOW));
        assert_eq!(raws(&disk, EVERY).await, ["c1", "b2", "a1"]);
        assert_eq!(disk.purge("f").await.unwrap().records, 3);
        assert_eq!(raws(&disk, EVERY).await, [""; 0]);
    }

    #[tokio::test]
    async fn what_left_the_window_goes_with_its_age_or_number() {
        let directory = tempfile::tempdir().unwrap();
        let disk = Disk::open(directory.path(), 64 * MIB, Clock::manual(NOW));
        record(&disk, feed(), "f", window(&[("a", "a"), ("b", "b")]), ALL, NOW).await.unwrap();
        let two = window(&[("b", "b"), ("c", "c"), ("d", "d")]);
        let aged = Keeping { items: 10, age: Some(2 * DAY) };
        record(&disk, feed(), "f", two.clone(), aged, NOW + DAY).await.unwrap();
        assert_eq!(raws(&disk, EVERY).await, ["d", "c", "b", "a"]);
        let state = record(&disk, feed(), "f", two.clone(), aged, NOW + 3 * DAY).await.unwrap();
        assert_eq!(raws(&disk, EVERY).await, ["d", "c", "b"], "b is old but in the window");
        assert_eq!(state.first, 1);
        let three = window(&[("d", "d")]);
        record(&disk, feed(), "f", three, Keeping { items: 2, age: None }, NOW + 3 * DAY).await.unwrap();
        assert_eq!(raws(&disk, EVERY).await, ["d", "c"]);
    }

    #[tokio::test]
    async fn an_item_with_other_bytes_than_were_written_is_not_there() {
        let directory = tempfile::tempdir().unwrap();
        let disk = Disk::open(directory.path(), 64 * MIB, Clock::manual(NOW));
        record(&disk, feed(), "f", window(&[("a", "a1"), ("b", "b1")]), ALL, NOW).await.unwrap();
        let other = pack("a2");
        disk.write(move |on| on.execute("UPDATE items SET raw = ?1 WHERE place = 0", [other])).await.unwrap();
        assert_eq!(raws(&disk, EVERY).await, ["b1"]);
        // a length that no memory holds is no reason to end the process
        disk.write(move |on| on.execute("UPDATE items SET length = ?1", [i64::MAX])).await.unwrap();
        assert_eq!(raws(&disk, EVERY).await, ["b1"]);
        disk.write(move |on| on.execute("UPDATE items SET length = 1", [])).await.unwrap();
        assert_eq!(raws(&disk, EVERY).await, [""; 0]);
    }

    #[tokio::test]
    async fn two_items_of_one_id_take_one_place_however_often_they_come() {
        let directory = tempfile::tempdir().unwrap();
        let disk = Disk::open(directory.path(), 64 * MIB, Clock::manual(NOW));
        for n in 0..5 {
            let news = format!("c{n}");
            let items = [("a", "a1"), ("a", "a2"), ("b", "b"), ("c", news.as_str())];
            let state = record(&disk, feed(), "f", window(&items), ALL, NOW + DAY * n).await.unwrap();
            assert_eq!((state.next, state.revision), (3, u64::from(3 + n)));
        }
        assert_eq!(raws(&disk, EVERY).await, ["c4", "b", "a1"]);
    }

    #[tokio::test]
    async fn archives_keep_within_their_part_of_the_disk_and_leave_state_alone() {
        let directory = tempfile::tempdir().unwrap();
        let disk = Disk::open(directory.path(), 4 * MIB, Clock::manual(NOW));
        let noise = |n: u32| {
            let mut bytes = vec![0; 50_000];
            blake3::Hasher::new().update(&n.to_le_bytes()).finalize_xof().fill(&mut bytes);
            bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()
        };
        let state = Record::new(1, &7, bytes::Bytes::new());
        disk.store(Kind::State, feed(), "f", state.clone());
        for n in 0..120 {
            let (id, raw) = (n.to_string(), noise(n));
            record(&disk, feed(), "f", window(&[(&id, &raw)]), ALL, NOW + DAY * n).await.unwrap();
            disk.store(Kind::Fetched, Key::of(&[&n.to_le_bytes()]), "f", Record::new(1, &n, noise(n).into()));
            disk.flush().await.unwrap();
        }
        assert!(disk.stats().await.unwrap().used <= 4 * MIB);
        assert_eq!(disk.load(Kind::State, &feed()).await, Some(state));
        let kept = raws(&disk, EVERY).await;
        assert!((30..=70).contains(&kept.len()) && kept[0] == noise(119), "{} items, the newest first", kept.len());
        let newest = disk.load(Kind::Fetched, &Key::of(&[&119u32.to_le_bytes()])).await;
        assert!(newest.is_some(), "bodies have room, too");
    }

    #[tokio::test]
    async fn without_a_disk_nothing_is_kept_and_it_says_why() {
        let recorded = record(&Disk::none(), feed(), "f", window(&[]), ALL, NOW).await;
        assert_eq!(recorded, Err(DiskError::None));
    }
}
