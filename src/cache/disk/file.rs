//! The file: opened, claimed for this process, brought to today's form, and set aside where it is not what it should be.
//!
//! The directory is its owner's alone (0700), because addresses may hold secrets. One process at a time: a lock file says
//! so, and the system gives the lock back however the process ends. SQLite runs on its `unix-excl` layer, which keeps the
//! index of the write-ahead log in this process's memory: a mapped index file that somebody empties would kill the process.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::schema;
use crate::base::clock::Time;
use crate::base::limits;

/// The database's name in `cache.path`.
pub(super) const NAME: &str = "refeed.sqlite";
/// What its name is followed by once it was set aside.
const BAD: &str = ".bad-";

/// Why the store cannot be used now. All of them are retried.
#[derive(Debug, thiserror::Error)]
pub(super) enum OpenError {
    /// The directory is not there and cannot be made, or is not ours.
    #[error("{0}")]
    Directory(io::Error),
    /// Another refeed has it.
    #[error("another refeed uses it; give each its own `cache.path`")]
    InUse,
    /// SQLite says no.
    #[error("{0}")]
    Sqlite(rusqlite::Error),
    /// The file is not what we wrote: no retry helps, it must go.
    #[error("{0}")]
    Damaged(String),
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> OpenError {
        if is_damage(&error) { OpenError::Damaged(error.to_string()) } else { OpenError::Sqlite(error) }
    }
}

/// The directory of a store, claimed while this lives.
pub(super) struct Place {
    path: PathBuf,
    #[allow(dead_code)] // dropped, not read
    lock: File,
}

/// Which files are open: device and number of each that is there and not empty.
pub(super) struct Identity {
    database: Option<(u64, u64)>,
    log: Option<(u64, u64)>,
}

impl Identity {
    /// False where somebody has replaced, emptied or removed a file. (The log of a store just opened comes with its first write.)
    pub(super) fn holds(&mut self, place: &Place) -> bool {
        let was = std::mem::replace(self, place.identity());
        self.database.is_some() && self.database == was.database && (was.log.is_none() || self.log == was.log)
    }
}

impl Place {
    /// Claims `directory`, making it where it is not there.
    pub(super) fn claim(directory: &Path) -> Result<Place, OpenError> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(OpenError::Directory)?;
        let lock = directory.join("refeed.lock");
        let mut lock = private().truncate(false).open(lock).map_err(OpenError::Directory)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(OpenError::InUse),
            Err(TryLockError::Error(error)) => return Err(OpenError::Directory(error)),
        }
        // for whoever looks who it is; the lock holds without it
        let _ = lock.set_len(0).and_then(|()| writeln!(lock, "{}", std::process::id()));
        Ok(Place { path: directory.join(NAME), lock })
    }

    /// The database's file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The connection that writes. What cannot be read as our database is set aside, and the reason returned with the
    /// empty one that takes its place.
    pub(super) fn open(&self, now: Time) -> Result<(Connection, Option<String>), OpenError> {
        let why = match self.writer() {
            Err(OpenError::Damaged(why)) => why,
            other => return other.map(|connection| (connection, None)),
        };
        let moved = self.set_aside(now).map_err(OpenError::Directory)?;
        Ok((self.writer()?, Some(format!("{why}; it is now {}", moved.display()))))
    }

    fn writer(&self) -> Result<Connection, OpenError> {
        // SQLite would make it readable for all; an existing one is left as it is
        match private().create_new(true).open(&self.path) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(OpenError::Directory(error)),
            _ => {}
        }
        let mut connection = self.connect()?;
        connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?; // before the first table
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
        connection.pragma_update(None, "journal_size_limit", limits::DISK_LOG_KEPT)?;
        schema::migrate(&mut connection)?;
        Ok(connection)
    }

    /// A connection that reads, of a file that [`Place::open`] has opened.
    pub(super) fn reader(path: &Path) -> rusqlite::Result<Connection> {
        let connection = connect(path)?;
        connection.pragma_update(None, "query_only", true)?;
        Ok(connection)
    }

    fn connect(&self) -> Result<Connection, OpenError> {
        connect(&self.path).map_err(|error| match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => OpenError::InUse,
            _ => error.into(),
        })
    }

    /// The files as they are now.
    pub(super) fn identity(&self) -> Identity {
        let of =
            |path: PathBuf| fs::metadata(path).ok().filter(|meta| meta.len() > 0).map(|meta| (meta.dev(), meta.ino()));
        Identity { database: of(self.path.clone()), log: of(with(&self.path, "-wal")) }
    }

    /// Gives the database another name, which it returns; of those set aside before, none is kept.
    pub(super) fn set_aside(&self, now: Time) -> io::Result<PathBuf> {
        self.forget_aside();
        let at = Timestamp::from_second(now.secs()).unwrap_or_default().strftime("%Y%m%dT%H%M%SZ");
        let aside = with(&self.path, &format!("{BAD}{at}"));
        for suffix in ["", "-wal", "-journal", "-shm"] {
            match fs::rename(with(&self.path, suffix), with(&aside, suffix)) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(aside)
    }

    fn forget_aside(&self) {
        let Some(entries) = self.path.parent().and_then(|directory| fs::read_dir(directory).ok()) else { return };
        for entry in entries.flatten() {
            if entry.file_name().to_string_lossy().starts_with(&format!("{NAME}{BAD}")) {
                let _ = fs::remove_file(entry.path()); // room is all that it costs
            }
        }
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags_and_vfs(path, flags, c"unix-excl")?;
    connection.busy_timeout(limits::DISK_BUSY)?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    // a damaged file shall fail, not surprise
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cache_size", limits::DISK_PAGE_CACHE)?;
    Ok(connection)
}

/// True where the file itself is wrong, so that no retry helps: SQLite says so, or a column holds what nobody wrote.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::Error as E;
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
        || matches!(
            error,
            E::InvalidColumnType(..)
                | E::FromSqlConversionFailure(..)
                | E::IntegralValueOutOfRange(..)
                | E::Utf8Error(..)
        )
}

fn private() -> fs::OpenOptions {
    let mut options = File::options();
    options.read(true).write(true).create(true).mode(0o600);
    options
}

fn with(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
