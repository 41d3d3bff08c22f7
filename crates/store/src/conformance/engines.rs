//! The engines that keep data on the disk, for tests that hold for each of them.

use std::path::Path;

use crate::{AnyStore, LogStore, SqliteStore, StoreError};

/// An engine that keeps data on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// One SQLite file.
    Sqlite,
    /// Files that are appended to.
    Log,
}

impl Engine {
    /// All there are.
    pub const ALL: [Self; 2] = [Self::Sqlite, Self::Log];

    /// Opens the store of a directory, or creates both.
    pub fn open(self, dir: &Path) -> Result<AnyStore, StoreError> {
        Ok(match self {
            Self::Sqlite => AnyStore::Sqlite(SqliteStore::open(dir)?),
            Self::Log => AnyStore::Log(LogStore::open(dir)?),
        })
    }
}
