//! Makes one base of a base and full segments, while writing goes on.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use super::files::{self, Name};
use super::pace::{PIECE_BYTES, Pace};
use super::{frame, scan};
use crate::StoreError;
use crate::lock::{failed, sync_directory};

/// The price of writing a byte of a base is half a byte of the log: with what reading costs, a
/// merge ends before segments have again become as large as the base.
const SHARE_OF_WRITING: u64 = 2;
/// Bytes that are given back to the file system at a time. Where it tells the disk (`discard`), a
/// whole segment would keep that busy for some ten milliseconds, and the next batch waiting.
const FREED_BYTES: u64 = 1024 * 1024;
/// The price of a byte that is given back is an eighth of a byte of the log.
const SHARE_OF_FREEING: u64 = 8;

/// How files go that a base replaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Removal {
    /// Bit by bit: nobody reads them.
    InPieces,
    /// Whole, and whoever has opened them can still read them.
    AtOnce,
}

/// Merges the files before a segment, if it is time to.
pub(super) fn merge_before(
    folder: &Path,
    next: Name,
    removal: Removal,
    pace: &Pace,
) -> Result<(), StoreError> {
    let mut full = files::list(folder)?;
    full.retain(|name| name.number() < next.number());
    let merged = if is_due(folder, &full)? {
        merge(folder, &full, next, pace).and_then(|base| remove_before(folder, base, removal, pace))
    } else {
        Ok(())
    };
    // Of one that was interrupted or has just failed, maybe for want of room.
    files::remove_unfinished_bases(folder)?;
    merged
}

/// Whether segments have become larger than the base, and so at most two thirds are obsolete.
fn is_due(folder: &Path, full: &[Name]) -> Result<bool, StoreError> {
    let (mut base, mut segments) = (0, 0);
    for name in full {
        let path = folder.join(name.to_string());
        let metadata = fs::metadata(&path).map_err(|error| failed(&path, &error))?;
        match name {
            Name::Base(_) => base += metadata.len(),
            Name::Segment(_) => segments += metadata.len(),
        }
    }
    Ok(base <= segments)
}

fn merge(folder: &Path, full: &[Name], next: Name, pace: &Pace) -> Result<Name, StoreError> {
    let name = Name::Base(next.number());
    let mut contents = scan::Contents::whole(folder, full, pace)?;
    let (mut file, unfinished) = files::begin(folder, name)?;
    let mut write = |chunk: &mut Vec<u8>, number| {
        frame::end(chunk, number).map_err(|error| StoreError::Failed(error.to_string()))?;
        file.write_all(chunk)
            .and_then(|()| file.sync_data())
            .map_err(|error| failed(&unfinished, &error))
    };
    // All documents go through one buffer, so that memory is not taken and given back all the time.
    let mut chunk = Vec::with_capacity(2 * PIECE_BYTES);
    let mut number = 0;
    frame::begin(&mut chunk);
    while contents.append_next(&mut chunk)? {
        if PIECE_BYTES <= chunk.len() {
            write(&mut chunk, number)?;
            pace.give_way(chunk.len() as u64 / SHARE_OF_WRITING);
            number += 1;
            frame::begin(&mut chunk);
        }
    }
    if frame::HEAD < chunk.len() {
        write(&mut chunk, number)?;
        number += 1;
        frame::begin(&mut chunk);
    }
    // The end: a base without it is cut off.
    write(&mut chunk, number)?;
    files::finish(folder, name, &file, &unfinished)?;
    Ok(name)
}

/// Removes what a base replaces.
fn remove_before(
    folder: &Path,
    base: Name,
    removal: Removal,
    pace: &Pace,
) -> Result<(), StoreError> {
    for name in files::all(folder)? {
        if name.number() < base.number() {
            let path = folder.join(name.to_string());
            if removal == Removal::InPieces {
                shrink(&path, pace).map_err(|error| failed(&path, &error))?;
            }
            fs::remove_file(&path).map_err(|error| failed(&path, &error))?;
        }
    }
    sync_directory(folder).map_err(|error| failed(folder, &error))
}

/// Makes a file so short that it can be removed at once.
fn shrink(path: &Path, pace: &Pace) -> io::Result<()> {
    let file = File::options().write(true).open(path)?;
    let mut length = file.metadata()?.len();
    while FREED_BYTES < length {
        length -= FREED_BYTES;
        file.set_len(length)?;
        pace.give_way(FREED_BYTES / SHARE_OF_FREEING);
    }
    Ok(())
}
