//! What an error of the engine means for the store.

use rusqlite::ffi::{SQLITE_IOERR_DIR_FSYNC, SQLITE_IOERR_FSYNC};
use rusqlite::{Error, ErrorCode};

use crate::StoreError;

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        if is_unsynced(&error) {
            return Self::Stopped(error.to_string());
        }
        let damaged = match &error {
            Error::SqliteFailure(failure, _) => matches!(
                failure.code,
                ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase
            ),
            // A column holds what this service never writes there.
            Error::FromSqlConversionFailure(..)
            | Error::IntegralValueOutOfRange(..)
            | Error::InvalidColumnType(..)
            | Error::Utf8Error(..) => true,
            _ => false,
        };
        if damaged {
            Self::Corrupt(error.to_string())
        } else {
            Self::Failed(error.to_string())
        }
    }
}

/// Whether the disk failed to confirm what was written.
fn is_unsynced(error: &Error) -> bool {
    let codes = [SQLITE_IOERR_FSYNC, SQLITE_IOERR_DIR_FSYNC];
    matches!(error, Error::SqliteFailure(failure, _) if codes.contains(&failure.extended_code))
}
