//! The files of a mirror: whole or not there, written only where they differ, one writer at a time.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::emit::EmitError;
use crate::pipeline;

/// Why a mirror cannot be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum MirrorError {
    /// The feed has no answer. The next run tries again.
    #[error("{0}")]
    Feed(Arc<pipeline::Error>),
    /// A document cannot be made.
    #[error(transparent)]
    Emit(#[from] EmitError),
    /// A file or folder cannot be read or written.
    #[error("cannot {what} {}: {error}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// With what.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// Another run is at work.
    #[error("another run is at work in {}", path.display())]
    Locked {
        /// The folder.
        path: PathBuf,
    },
    /// The index is not one of ours. It is never written over.
    #[error("{} cannot be read: {what}; take it away to begin anew", path.display())]
    Index {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
}

/// What writing a file did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Put {
    /// Nothing: it holds these bytes already.
    Same,
    /// It was not there.
    New,
    /// It held other bytes.
    Changed,
}

/// The folder of one feed.
pub(super) struct Folder(PathBuf);

/// Makes `folder` and locks it for this process; the system gives the lock back however the process ends.
pub(super) fn lock(folder: &Path) -> Result<File, MirrorError> {
    let failed = |what| move |error| MirrorError::Io { what, path: folder.to_owned(), error };
    fs::create_dir_all(folder).map_err(failed("make the folder"))?;
    let handle = File::open(folder).map_err(failed("open the folder"))?;
    match handle.try_lock() {
        Ok(()) => Ok(handle),
        Err(TryLockError::WouldBlock) => Err(MirrorError::Locked { path: folder.to_owned() }),
        Err(TryLockError::Error(error)) => Err(failed("lock the folder")(error)),
    }
}

impl Folder {
    /// Makes it, and takes away what a run that was killed left half-written.
    pub(super) fn open(path: PathBuf) -> Result<Folder, MirrorError> {
        let folder = Folder(path);
        fs::create_dir_all(&folder.0).map_err(|error| folder.failed("make the folder", "", error))?;
        for entry in fs::read_dir(&folder.0).map_err(|error| folder.failed("read the folder", "", error))? {
            let entry = entry.map_err(|error| folder.failed("read the folder", "", error))?;
            if is_half_written(&entry.file_name().to_string_lossy()) {
                fs::remove_file(entry.path()).map_err(|error| folder.failed("remove", "", error))?;
            }
        }
        Ok(folder)
    }

    /// The path of a file in it.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// True where it has a file whose name without its ending is `stem`.
    pub(super) fn has_stem(&self, stem: &str) -> bool {
        ["md", "html"].iter().any(|ending| self.path(&format!("{stem}.{ending}")).exists())
    }

    /// Makes `name` hold `bytes`.
    pub(super) fn put(&self, name: &str, bytes: &[u8]) -> Result<Put, MirrorError> {
        let path = self.path(name);
        let found = match fs::read(&path) {
            Ok(old) if old == bytes => return Ok(Put::Same),
            Ok(_) => Put::Changed,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Put::New,
            Err(error) => return Err(self.failed("read", name, error)),
        };
        self.write(&path, bytes).map_err(|error| self.failed("write", name, error))?;
        Ok(found)
    }

    /// Removes a file, if it is there.
    pub(super) fn remove(&self, name: &str) -> Result<(), MirrorError> {
        match fs::remove_file(self.path(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(self.failed("remove", name, error)),
            _ => Ok(()),
        }
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let waiting = path.with_file_name(half_written(&path.file_name().unwrap_or_default().to_string_lossy()));
        let mut file = File::create(&waiting)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&waiting, path)
    }

    fn failed(&self, what: &'static str, name: &str, error: io::Error) -> MirrorError {
        MirrorError::Io { what, path: self.path(name), error }
    }
}

fn half_written(name: &str) -> String {
    format!(".{name}.refeed-new")
}

fn is_half_written(name: &str) -> bool {
    name.starts_with('.') && name.ends_with(".refeed-new")
}
