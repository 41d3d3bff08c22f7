//! One process at a time uses a data directory.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;

use crate::StoreError;

const LOCK: &str = "convoke.lock";

/// Keeps other processes out until it is dropped; the system also drops it when the process dies.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Creates the directory if need be, and takes it.
    pub(crate) fn acquire(dir: &Path) -> Result<Self, StoreError> {
        let failed = |error: io::Error| failed(dir, &error);
        fs::create_dir_all(dir).map_err(failed)?;
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(dir.join(LOCK))
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse(dir.display().to_string())),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }
}

/// Refuses a directory in which another engine has written.
pub(crate) fn refuse_other(dir: &Path, name: &str, engine: &'static str) -> Result<(), StoreError> {
    let path = dir.join(name);
    match path.try_exists() {
        Ok(false) => Ok(()),
        Ok(true) => Err(StoreError::OtherEngine {
            file: path.display().to_string(),
            engine,
        }),
        Err(error) => Err(failed(&path, &error)),
    }
}

/// An error of the file system, with the path.
pub(crate) fn failed(path: &Path, error: &io::Error) -> StoreError {
    StoreError::Failed(format!("{}: {error}", path.display()))
}

/// Brings the names in a directory to the disk.
#[cfg(unix)]
pub(crate) fn sync_directory(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// Other systems do it by themselves, or cannot.
#[cfg(not(unix))]
pub(crate) fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}
