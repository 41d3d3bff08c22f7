//! The folder of the log and the names in it: whole and ours, or refused.
//!
//! `<n>.log` is a segment whose first frame has the number n; `<n>.base` has what all frames
//! before n come to. Both begin with a header: `CVKELOG`, a zero, the version (4 bytes), the
//! number n (8), and a checksum of the other three (8).

use std::fmt;
use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use crate::StoreError;
use crate::codec::checksum;
use crate::lock::{failed, sync_directory};

/// The name of the folder.
pub(crate) const FOLDER: &str = "convoke.log";
const UNFINISHED: &str = "new";
const MAGIC: [u8; 8] = *b"CVKELOG\0";
/// The layout of the files; documents have a format of their own. Each version has more tables, and
/// the fourth another checksum.
pub(super) const VERSION: u32 = 4;
/// The oldest layout that can be read. Nothing is appended to a file of it.
const OLDEST: u32 = 1;
/// Bytes before the first frame.
pub(super) const HEADER_BYTES: usize = 28;

/// The name of a file; bases come before segments of the same number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Name {
    Base(u64),
    Segment(u64),
}

impl Name {
    pub(super) fn number(self) -> u64 {
        match self {
            Self::Base(number) | Self::Segment(number) => number,
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let (number, kind) = text.split_once('.')?;
        let number = number.parse().ok()?;
        let name = match kind {
            "base" => Self::Base(number),
            "log" => Self::Segment(number),
            _ => return None,
        };
        (name.to_string() == text).then_some(name)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Base(number) => write!(f, "{number:020}.base"),
            Self::Segment(number) => write!(f, "{number:020}.log"),
        }
    }
}

/// Creates the folder of a new directory.
pub(super) fn prepare(dir: &Path) -> Result<PathBuf, StoreError> {
    let folder = dir.join(FOLDER);
    match fs::metadata(&folder) {
        Ok(_) => return Ok(folder),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(failed(&folder, &error)),
    }
    // Under another name first: an interrupted start leaves nothing that looks like damage.
    let unfinished = dir.join(format!("{FOLDER}-{UNFINISHED}"));
    match fs::remove_dir_all(&unfinished) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(failed(&unfinished, &error));
        }
        _ => {}
    }
    fs::create_dir(&unfinished).map_err(|error| failed(&unfinished, &error))?;
    create(&unfinished, Name::Segment(1))?;
    fs::rename(&unfinished, &folder)
        .and_then(|()| sync_directory(dir))
        .map_err(|error| failed(&folder, &error))?;
    Ok(folder)
}

/// The files that count: the newest base, if there is one, and the segments since, in order.
///
/// What a merge has left behind is passed over; `merge` removes it.
pub(super) fn list(folder: &Path) -> Result<Vec<Name>, StoreError> {
    let all = all(folder)?;
    let base = all.iter().filter(|name| matches!(name, Name::Base(_)));
    let base = base.max_by_key(|name| name.number()).copied();
    let first = base.map_or(1, Name::number);
    let segments = all
        .into_iter()
        .filter(|name| matches!(name, Name::Segment(_)));
    let mut segments: Vec<Name> = segments.filter(|name| first <= name.number()).collect();
    segments.sort_by_key(|name| name.number());
    // Whether the numbers join is known when they are read.
    if segments.first().map(|name| name.number()) != Some(first) {
        let missing = folder.join(Name::Segment(first).to_string());
        return Err(corrupt(&missing, "it is missing"));
    }
    Ok(base.into_iter().chain(segments).collect())
}

/// All files with a name that counts or counted.
pub(super) fn all(folder: &Path) -> Result<Vec<Name>, StoreError> {
    let entries = fs::read_dir(folder).map_err(|error| match error.kind() {
        ErrorKind::NotADirectory => corrupt(folder, "it was written by another program"),
        _ => failed(folder, &error),
    })?;
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| failed(folder, &error))?;
        names.extend(entry.file_name().to_str().and_then(Name::parse));
    }
    Ok(names)
}

/// Creates a file with its header, durably; it is there whole or not at all.
pub(super) fn create(folder: &Path, name: Name) -> Result<File, StoreError> {
    let (file, unfinished) = begin(folder, name)?;
    finish(folder, name, &file, &unfinished)?;
    Ok(file)
}

/// Begins a file that gets its name when it is finished.
pub(super) fn begin(folder: &Path, name: Name) -> Result<(File, PathBuf), StoreError> {
    let unfinished = folder.join(format!("{name}-{UNFINISHED}"));
    remove_if_there(&unfinished)?;
    let file = File::create_new(&unfinished)
        .and_then(|mut file| {
            file.write_all(&header(name))?;
            Ok(file)
        })
        .map_err(|error| failed(&unfinished, &error))?;
    Ok((file, unfinished))
}

/// What a file begins with.
pub(super) fn header(name: Name) -> Vec<u8> {
    let mut header = Vec::with_capacity(HEADER_BYTES);
    header.extend(MAGIC);
    header.extend(VERSION.to_le_bytes());
    header.extend(name.number().to_le_bytes());
    header.extend(checksum(&header).to_le_bytes());
    header
}

pub(super) fn remove_if_there(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(failed(path, &error)),
        _ => Ok(()),
    }
}

/// Removes bases that nobody will finish.
pub(super) fn remove_unfinished_bases(folder: &Path) -> Result<(), StoreError> {
    for entry in fs::read_dir(folder).map_err(|error| failed(folder, &error))? {
        let name = entry.map_err(|error| failed(folder, &error))?.file_name();
        let name = name.to_str().and_then(|name| name.strip_suffix(UNFINISHED));
        let name = name.and_then(|name| name.strip_suffix('-'));
        if let Some(base @ Name::Base(_)) = name.and_then(Name::parse) {
            remove_if_there(&folder.join(format!("{base}-{UNFINISHED}")))?;
        }
    }
    Ok(())
}

/// Gives a file its name, once all of it is on the disk.
pub(super) fn finish(
    folder: &Path,
    name: Name,
    file: &File,
    unfinished: &Path,
) -> Result<(), StoreError> {
    file.sync_all()
        .and_then(|()| fs::rename(unfinished, folder.join(name.to_string())))
        .and_then(|()| sync_directory(folder))
        .map_err(|error| failed(unfinished, &error))
}

/// A file whose header is as it should be.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) file: File,
    pub(super) path: PathBuf,
    pub(super) version: u32,
}

/// Opens a file for reading and checks its header.
pub(super) fn open(folder: &Path, name: Name) -> Result<Opened, StoreError> {
    let path = folder.join(name.to_string());
    let mut header = [0; HEADER_BYTES];
    let file = File::open(&path).and_then(|mut file| {
        file.read_exact(&mut header)?;
        Ok(file)
    });
    let file = file.map_err(|error| match error.kind() {
        ErrorKind::UnexpectedEof => corrupt(&path, "it is cut off"),
        ErrorKind::NotFound => corrupt(&path, "it is missing"),
        _ => failed(&path, &error),
    })?;
    let (checked, expected) = header.split_at(HEADER_BYTES - 8);
    if !checked.starts_with(&MAGIC) {
        return Err(corrupt(&path, "it was written by another program"));
    }
    if expected != checksum(checked).to_le_bytes() {
        return Err(corrupt(&path, "its header is damaged"));
    }
    let mut version = [0; 4];
    version.copy_from_slice(&checked[8..12]);
    let version = u32::from_le_bytes(version);
    match version {
        OLDEST..=VERSION => {}
        found if VERSION < found => {
            return Err(StoreError::TooNew {
                found,
                known: VERSION,
            });
        }
        found => {
            return Err(corrupt(
                &path,
                &format!("it has the unknown version {found}"),
            ));
        }
    }
    if checked[12..] != name.number().to_le_bytes() {
        return Err(corrupt(&path, "it had another name"));
    }
    Ok(Opened {
        file,
        path,
        version,
    })
}

pub(super) fn corrupt(path: &Path, reason: &str) -> StoreError {
    StoreError::Corrupt(format!("{}: {reason}", path.display()))
}
