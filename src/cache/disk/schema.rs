//! The tables, as steps from each version of the file to the next.
//!
//! A step is never edited once a release has run it; a change is a new step at the end. A table of another part of the
//! program (the archive's items) is a step here, and its statements stand in that part's own file, run by
//! [`Disk::read`](super::Disk::read) and [`Disk::write`](super::Disk::write).

use std::collections::HashSet;

use rusqlite::Connection;

use super::file::OpenError;

/// `refd`: tells our files from other programs' (SQLite's `application_id`).
const APPLICATION: i64 = 0x7265_6664;

/// Step N brings a file of version N to N + 1; the version is SQLite's `user_version`.
const STEPS: &[&str] = &[
    // A rowid table: WITHOUT ROWID was measured four times slower with bodies in it.
    "CREATE TABLE records (
        id INTEGER PRIMARY KEY,
        kind INTEGER NOT NULL,
        key BLOB NOT NULL,
        label TEXT NOT NULL,
        version INTEGER NOT NULL,
        meta BLOB NOT NULL,
        codec INTEGER NOT NULL,
        length INTEGER NOT NULL,
        sum BLOB NOT NULL,
        size INTEGER NOT NULL,
        stored INTEGER NOT NULL,
        used INTEGER NOT NULL,
        body BLOB NOT NULL,
        UNIQUE (kind, key)
    );
    CREATE INDEX records_by_use ON records (used, kind, size);
    CREATE INDEX records_by_label ON records (label, kind, size, stored, used);",
    // The archive: `cache::items`.
    "CREATE TABLE archives (
        id INTEGER PRIMARY KEY,
        feed BLOB NOT NULL UNIQUE,
        label TEXT NOT NULL,
        digest BLOB NOT NULL,
        next INTEGER NOT NULL,
        revision INTEGER NOT NULL
    );
    CREATE TABLE items (
        id INTEGER PRIMARY KEY,
        archive INTEGER NOT NULL REFERENCES archives (id),
        item BLOB NOT NULL,
        place INTEGER NOT NULL,
        revision INTEGER NOT NULL,
        seen INTEGER NOT NULL,
        changed INTEGER NOT NULL,
        present INTEGER NOT NULL,
        family INTEGER NOT NULL,
        length INTEGER NOT NULL,
        sum BLOB NOT NULL,
        raw BLOB NOT NULL,
        UNIQUE (archive, item)
    );
    CREATE INDEX items_by_place ON items (archive, place);",
];

/// Brings the file to today's form, all steps or none.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), OpenError> {
    let transaction = connection.transaction()?;
    let number = |name| transaction.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let (version, application) = (number("user_version")?, number("application_id")?);
    if application != APPLICATION && (application != 0 || version != 0) {
        return Err(OpenError::Damaged("it is another program's database".to_owned()));
    }
    let Some(steps) = usize::try_from(version).ok().and_then(|done| STEPS.get(done..)) else {
        return Err(OpenError::Damaged(format!("it has version {version}, this refeed knows {}", STEPS.len())));
    };
    for step in steps {
        transaction.execute_batch(step)?;
    }
    if !steps.is_empty() {
        // nothing is written to a file of today's form: it opens on a full disk, too
        transaction.pragma_update(None, "application_id", APPLICATION)?;
        transaction.pragma_update(None, "user_version", i64::try_from(STEPS.len()).unwrap_or_default())?;
    }
    let wanted = {
        let fresh = Connection::open_in_memory()?;
        STEPS.iter().try_for_each(|step| fresh.execute_batch(step))?;
        objects(&fresh)?
    };
    // a flipped byte in the schema shows here, not at the first reader
    let found = objects(&transaction)?;
    if wanted.iter().any(|object| !found.contains(object)) {
        return Err(OpenError::Damaged("its tables are not those of its version".to_owned()));
    }
    transaction.commit()?;
    Ok(())
}

/// The name and text of each table and index.
fn objects(of: &Connection) -> rusqlite::Result<HashSet<(String, Option<String>)>> {
    let mut statement = of.prepare("SELECT name, sql FROM sqlite_schema")?;
    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}
