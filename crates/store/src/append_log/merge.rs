//! Makes one base of a base and full segments, while writing goes on.

use std::fs;
use std::io::Write;
use std::path::Path;

use bytes::Bytes;

use super::files::{self, Name};
use super::{frame, scan};
use crate::StoreError;
use crate::lock::{failed, sync_directory};

/// Bytes of a frame of a base, and at the same time the most that the disk is given at once:
/// whoever brings a batch to the disk meanwhile waits for it.
const CHUNK_BYTES: usize = 1024 * 1024;

/// Merges the files before a segment, if it is time to.
pub(super) fn merge_before(folder: &Path, next: Name) -> Result<(), StoreError> {
    let mut full = files::list(folder)?;
    full.retain(|name| name.number() < next.number());
    if is_due(folder, &full)? {
        merge(folder, &full, next)?;
    }
    Ok(())
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

fn merge(folder: &Path, full: &[Name], next: Name) -> Result<(), StoreError> {
    let name = Name::Base(next.number());
    let contents = scan::Contents::whole(folder, full)?;
    let (mut file, unfinished) = files::begin(folder, name)?;
    let (mut chunk, mut bytes, mut number) = (Vec::new(), 0, 0);
    let mut buffer = Vec::new();
    let mut write = |records: &[_]| {
        frame::encode(&mut buffer, number, records)
            .map_err(|error| StoreError::Failed(error.to_string()))?;
        number += 1;
        file.write_all(&buffer)
            .and_then(|()| file.sync_data())
            .map_err(|error| failed(&unfinished, &error))
    };
    for record in contents {
        let record = record?;
        bytes += record.key.len() + record.value.as_ref().map_or(0, Bytes::len);
        chunk.push(record);
        if CHUNK_BYTES <= bytes {
            write(&chunk)?;
            chunk.clear();
            bytes = 0;
        }
    }
    if !chunk.is_empty() {
        write(&chunk)?;
    }
    // The end: a base without it is cut off.
    write(&[])?;
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
