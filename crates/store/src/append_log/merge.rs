//! Makes one base of a base and full segments, while writing goes on.

use std::fs;
use std::io::Write;
use std::path::Path;

use super::files::{self, Name};
use super::pace::{PIECE_BYTES, Pace};
use super::{frame, scan};
use crate::StoreError;
use crate::lock::{failed, sync_directory};

/// The price of writing a byte of a base is half a byte of the log: with what reading costs, a
/// merge ends before segments have again become as large as the base.
const SHARE_OF_WRITING: u64 = 2;

/// Merges the files before a segment, if it is time to.
pub(super) fn merge_before(folder: &Path, next: Name, pace: &Pace) -> Result<(), StoreError> {
    let mut full = files::list(folder)?;
    full.retain(|name| name.number() < next.number());
    let merged = if is_due(folder, &full)? {
        merge(folder, &full, next, pace)
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

fn merge(folder: &Path, full: &[Name], next: Name, pace: &Pace) -> Result<(), StoreError> {
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
    remove_before(folder, name)
}

/// Removes what a base replaces.
fn remove_before(folder: &Path, base: Name) -> Result<(), StoreError> {
    for name in files::all(folder)? {
        if name.number() < base.number() {
            let path = folder.join(name.to_string());
            fs::remove_file(&path).map_err(|error| failed(&path, &error))?;
        }
    }
    sync_directory(folder).map_err(|error| failed(folder, &error))
}
