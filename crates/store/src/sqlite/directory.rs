//! The data file: whole and ours, or refused.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use crate::StoreError;
use crate::lock::{failed, sync_directory};

use super::schema::{self, APPLICATION_ID, OLDEST, VERSION};

/// The name of the data file.
pub(crate) const DATA: &str = "convoke.db";
const LOG: &str = "convoke.db-wal";
const UNFINISHED: &str = "convoke.db-new";

/// Data files up to this size are checked in full whenever they are opened: about a second.
///
/// In larger ones damage is found when a damaged page or document is read, and by `verify`.
const FULL_CHECK_MAX_BYTES: u64 = 256 * 1024 * 1024;

/// Creates the data file of a new directory, or checks the one that is there.
pub(super) fn prepare(dir: &Path) -> Result<PathBuf, StoreError> {
    let data = dir.join(DATA);
    match File::open(&data) {
        Ok(file) => {
            let version = check(dir, &data, file)?;
            // The log may hold a later version than the header; the engine knows.
            if version < VERSION {
                schema::upgrade(&data)?;
            }
        }
        Err(error) if error.kind() == ErrorKind::NotFound => create(dir, &data)?,
        Err(error) => return Err(failed(&data, &error)),
    }
    Ok(data)
}

/// Creates the data file under another name first: an interrupted start leaves nothing behind that
/// looks like a damaged store.
fn create(dir: &Path, data: &Path) -> Result<(), StoreError> {
    let log = dir.join(LOG);
    if log.exists() {
        return Err(StoreError::Corrupt(format!(
            "{} is there, but the data file it belongs to is not",
            log.display()
        )));
    }
    let unfinished = dir.join(UNFINISHED);
    for leftover in [&unfinished, &dir.join(format!("{UNFINISHED}-journal"))] {
        match fs::remove_file(leftover) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(failed(leftover, &error));
            }
            _ => {}
        }
    }
    schema::create(&unfinished)?;
    File::open(&unfinished)
        .and_then(|file| file.sync_all())
        .and_then(|()| fs::rename(&unfinished, data))
        .and_then(|()| sync_directory(dir))
        .map_err(|error| failed(data, &error))
}

/// Refuses a file that is not ours or not whole, without changing it; its version otherwise.
fn check(dir: &Path, data: &Path, mut file: File) -> Result<u32, StoreError> {
    let size = file.metadata().map_err(|error| failed(data, &error))?.len();
    let mut header = [0; 100];
    if let Err(error) = file.read_exact(&mut header) {
        if error.kind() == ErrorKind::UnexpectedEof {
            return Err(corrupt(data, &format!("it is only {size} bytes long")));
        }
        return Err(failed(data, &error));
    }
    let has_log = fs::metadata(dir.join(LOG)).is_ok_and(|log| 0 < log.len());
    let version = check_header(data, &header, has_log)?;
    // The engine would fill the last page up with zeros. With a log, it has the page from there.
    let page_size = u64::from(u16::from_be_bytes([header[16], header[17]]));
    if !has_log && !size.is_multiple_of(page_size) {
        return Err(corrupt(data, &format!("it is cut off after {size} bytes")));
    }
    if size <= FULL_CHECK_MAX_BYTES {
        check_pages(data)?;
    }
    Ok(version)
}

fn check_header(data: &Path, header: &[u8; 100], has_log: bool) -> Result<u32, StoreError> {
    let number = |at: usize| {
        let mut bytes = [0; 4];
        bytes.copy_from_slice(&header[at..at + 4]);
        u32::from_be_bytes(bytes)
    };
    if !header.starts_with(b"SQLite format 3\0") {
        return Err(corrupt(data, "it is not an SQLite file"));
    }
    if number(68) != APPLICATION_ID {
        return Err(corrupt(data, "it was written by another program"));
    }
    // The engine would pass over the log of a file whose header does not mention one.
    if has_log && header[18..20] != [2, 2] {
        return Err(corrupt(data, "its header does not fit the log beside it"));
    }
    match number(60) {
        found @ OLDEST..=VERSION => Ok(found),
        found if VERSION < found => Err(StoreError::TooNew {
            found,
            known: VERSION,
        }),
        found => Err(corrupt(
            data,
            &format!("it has the unknown version {found}"),
        )),
    }
}

fn check_pages(data: &Path) -> Result<(), StoreError> {
    let conn = schema::open_reader(data)?;
    let first: String = conn.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if first != "ok" {
        return Err(corrupt(data, &first.replace('\n', ": ")));
    }
    Ok(())
}

fn corrupt(path: &Path, reason: &str) -> StoreError {
    StoreError::Corrupt(format!("{}: {reason}", path.display()))
}
