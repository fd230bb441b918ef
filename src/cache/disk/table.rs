//! The statements over the table of records. Runs on whichever thread holds the connection; nothing here decides when.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::record::Sealed;
use super::{Count, Kind, Listed, Record};
use crate::base::clock::Time;
use crate::base::limits;
use crate::cache::{Key, items};

type Result<T> = rusqlite::Result<T>;

/// Writes `record`, in place of what was there.
pub(super) fn put(on: &Connection, kind: Kind, key: &Key, label: &str, record: &Record, now: Time) -> Result<()> {
    let sealed = record.seal(kind, key);
    let size = sealed.meta.len() + sealed.body.len() + label.len() + limits::DISK_ROW_OVERHEAD;
    on.prepare_cached(
        "INSERT INTO records (kind, key, label, version, meta, codec, length, body, sum, size, stored, used)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?11)
         ON CONFLICT (kind, key) DO UPDATE SET label = ?3, version = ?4, meta = ?5, codec = ?6, length = ?7, body = ?8,
             sum = ?9, size = ?10, stored = ?11, used = ?11",
    )?
    .execute(params![
        kind as u8,
        key.as_bytes(),
        label,
        sealed.version,
        sealed.meta,
        sealed.codec,
        whole(sealed.length),
        sealed.body,
        sealed.sum,
        whole(size),
        now.secs()
    ])?;
    Ok(())
}

/// What a look-up found.
pub(super) enum Found {
    /// Nothing.
    Nothing,
    /// A row that is not what was written: to be removed.
    Damaged,
    /// The record, and when it was last noted as used.
    Record(Record, Time),
}

/// Reads the record of `key`.
pub(super) fn get(on: &Connection, kind: Kind, key: &Key) -> Result<Found> {
    let row = on
        .prepare_cached(
            "SELECT version, meta, codec, length, body, sum, used FROM records WHERE kind = ?1 AND key = ?2",
        )?
        .query_row(params![kind as u8, key.as_bytes()], |row| Ok((sealed(row), row.get(6))))
        .optional()?;
    Ok(match row {
        None => Found::Nothing,
        // columns of another type than they were written with are damage, too
        Some((Ok(sealed), Ok(used))) => {
            sealed.open(kind, key).map_or(Found::Damaged, |record| Found::Record(record, Time::from_secs(used)))
        }
        Some(_) => Found::Damaged,
    })
}

fn sealed(row: &Row<'_>) -> Result<Sealed> {
    Ok(Sealed {
        version: row.get(0)?,
        meta: row.get(1)?,
        codec: row.get(2)?,
        length: usize::try_from(row.get::<_, i64>(3)?).unwrap_or_default(),
        body: row.get(4)?,
        sum: row.get(5)?,
    })
}

/// True where `key` has a record with the description of this one.
pub(super) fn has(on: &Connection, kind: Kind, key: &Key, record: &Record) -> Result<bool> {
    on.prepare_cached("SELECT 1 FROM records WHERE kind = ?1 AND key = ?2 AND meta = ?3")?.exists(params![
        kind as u8,
        key.as_bytes(),
        record.written()
    ])
}

/// All records of a kind that are whole.
pub(super) fn all(on: &Connection, kind: Kind) -> Result<Vec<(Key, Record)>> {
    let mut statement =
        on.prepare_cached("SELECT version, meta, codec, length, body, sum, key FROM records WHERE kind = ?1")?;
    let mut rows = statement.query([kind as u8])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let (Ok(sealed), Ok(key)) = (sealed(row), row.get(6)) else { continue };
        let key = Key::from_bytes(key);
        found.extend(sealed.open(kind, &key).map(|record| (key, record)));
    }
    Ok(found)
}

/// Forgets `key`.
pub(super) fn remove(on: &Connection, kind: Kind, key: &Key) -> Result<()> {
    on.prepare_cached("DELETE FROM records WHERE kind = ?1 AND key = ?2")?
        .execute(params![kind as u8, key.as_bytes()])?;
    Ok(())
}

/// Notes that `key` was used.
pub(super) fn touch(on: &Connection, kind: Kind, key: &Key, now: Time) -> Result<()> {
    on.prepare_cached("UPDATE records SET used = ?3 WHERE kind = ?1 AND key = ?2 AND used < ?3")?.execute(params![
        kind as u8,
        key.as_bytes(),
        now.secs()
    ])?;
    Ok(())
}

/// Forgets all that was stored under `label`; the keys of what that was.
pub(super) fn purge(on: &Connection, label: &str) -> Result<Vec<Key>> {
    let mut statement = on.prepare("DELETE FROM records WHERE label = ?1 RETURNING key")?;
    let keys = statement.query_map([label], |row| Ok(Key::from_bytes(row.get(0)?)))?;
    keys.collect()
}

/// What the store holds of each kind.
pub(super) fn counts(on: &Connection) -> Result<Vec<Count>> {
    let mut statement = on.prepare("SELECT kind, count(*), sum(size) FROM records GROUP BY kind ORDER BY kind")?;
    let rows =
        statement.query_map([], |row| Ok((row.get::<_, u8>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?)))?;
    let mut counts = Vec::new();
    for row in rows {
        let (kind, records, bytes) = row?;
        let known = Kind::ALL.into_iter().find(|known| *known as u8 == kind);
        counts.extend(known.map(|kind| Count { kind, records: positive(records), bytes: positive(bytes) }));
    }
    Ok(counts)
}

/// What the store holds under each label, the largest first.
pub(super) fn list(on: &Connection) -> Result<Vec<Listed>> {
    let mut statement = on.prepare(
        "SELECT label, count(*), sum(size), max(stored), max(used) FROM (
             SELECT label, size, stored, used FROM records
             UNION ALL
             SELECT label, length(raw), changed / 1000, changed / 1000 FROM items JOIN archives ON archives.id = archive
         ) GROUP BY label ORDER BY 3 DESC, label",
    )?;
    let rows = statement.query_map([], |row| {
        Ok(Listed {
            label: row.get(0)?,
            records: positive(row.get(1)?),
            bytes: positive(row.get(2)?),
            stored: Time::from_secs(row.get(3)?),
            used: Time::from_secs(row.get(4)?),
        })
    })?;
    rows.collect()
}

/// Makes room until the file's pages in use fit `most` bytes, the longest unused first: bodies, and where all bodies are gone
/// and what must survive still does not fit, that too. Archives have a share of their own, beyond which their oldest items go:
/// they cannot be had again, but must not take the place of all else either. Gives the pages back to the file system.
pub(super) fn evict(on: &mut Connection, most: usize) -> Result<()> {
    let page = pragma(on, "page_size")?;
    let most = whole(most);
    let used =
        |on: &Connection| Ok::<_, rusqlite::Error>((pragma(on, "page_count")? - pragma(on, "freelist_count")?) * page);
    if used(on)? <= most {
        return Ok(());
    }
    let share = |percent: i64| most / 100 * percent;
    let archived = items::bytes(on)?;
    if archived > share(limits::DISK_ARCHIVES_PERCENT) {
        let excess = archived - share(limits::DISK_ARCHIVES_PERCENT) / 100 * limits::DISK_EVICT_TO_PERCENT;
        let gone = items::evict(on, excess)?;
        tracing::warn!(items = gone, "the archives take more than their part of `cache.disk`: their oldest items went");
    }
    let target = share(limits::DISK_EVICT_TO_PERCENT);
    for bodies in [true, false] {
        loop {
            let excess = used(on)? - target;
            if excess <= 0 || evict_some(on, bodies, excess)? == 0 {
                break;
            }
        }
        if used(on)? <= most {
            break;
        }
    }
    give_back(on)
}

/// Deletes the longest unused bodies, or what is none, until `excess` bytes are gone, at most some hundred at once.
fn evict_some(on: &mut Connection, bodies: bool, excess: i64) -> Result<usize> {
    let transaction = on.transaction()?;
    let doomed = {
        let mut statement = transaction
            .prepare_cached("SELECT id, size FROM records WHERE kind IN (?1, ?2, ?3) = ?4 ORDER BY used LIMIT ?5")?;
        let [one, two, three] = Kind::BODIES.map(|kind| kind as u8);
        let of = (one, two, three, bodies, limits::DISK_EVICT_AT_ONCE);
        let mut rows = statement.query(of)?;
        let (mut doomed, mut freed) = (Vec::new(), 0);
        while let Some(row) = rows.next()? {
            doomed.push(row.get::<_, i64>(0)?);
            freed += row.get::<_, i64>(1)?;
            if freed >= excess {
                break;
            }
        }
        doomed
    };
    for id in &doomed {
        transaction.prepare_cached("DELETE FROM records WHERE id = ?1")?.execute([id])?;
    }
    transaction.commit()?;
    Ok(doomed.len())
}

/// Returns free pages to the file system.
pub(super) fn give_back(on: &Connection) -> Result<()> {
    // the pragma yields one row per page: it must be stepped to its end
    let mut statement = on.prepare("PRAGMA incremental_vacuum")?;
    let mut rows = statement.query([])?;
    while rows.next()?.is_some() {}
    Ok(())
}

/// A number that SQLite keeps of the file.
pub(super) fn pragma(on: &Connection, name: &str) -> Result<i64> {
    on.pragma_query_value(None, name, |row| row.get(0))
}

fn whole(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn positive(number: i64) -> usize {
    usize::try_from(number).unwrap_or_default()
}
