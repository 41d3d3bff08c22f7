//! Reading a log: every frame is checked, and the latest value of each key is found.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::vec;

use bytes::Bytes;

use super::files::{self, HEADER_BYTES, Name, Opened, corrupt};
use super::frame::{self, HEAD};
use super::pace::Pace;
use crate::StoreError;
use crate::lock::failed;
use crate::log::{Record, Table};

/// Bytes that are read of a file at a time, when no frame is larger.
const WINDOW: usize = 1024 * 1024;
/// The price of reading a byte is an eighth of a byte of the log.
const SHARE_OF_READING: u64 = 8;

/// What is known of a log once it has been read.
#[derive(Debug)]
pub(super) struct Index {
    values: HashMap<(Table, Bytes), Place>,
    files: Vec<(File, PathBuf)>,
    /// Bytes of the last file up to the end of its last whole frame.
    pub(super) length: u64,
    /// Whether anything but zeros stands after it.
    pub(super) torn: bool,
    /// The layout of the last file.
    pub(super) version: u32,
    pub(super) next_frame: u64,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    file: usize,
    at: u64,
    length: usize,
}

/// Reads all files; the last may end within a frame, or in zeros, if it is said so.
pub(super) fn index(
    folder: &Path,
    names: &[Name],
    last: Tail,
    pace: &Pace,
) -> Result<Index, StoreError> {
    let mut buffer = Vec::with_capacity(2 * WINDOW);
    let mut index = Index {
        values: HashMap::new(),
        files: Vec::new(),
        length: 0,
        torn: false,
        version: files::VERSION,
        next_frame: 1,
    };
    for (at, name) in names.iter().enumerate() {
        let opened = files::open(folder, *name)?;
        let tail = if at + 1 == names.len() {
            last
        } else {
            Tail::Whole
        };
        let window = Window::new(opened, &mut buffer, pace)?;
        index.read(*name, window, tail)?;
    }
    Ok(index)
}

/// How a file ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tail {
    Whole,
    MayBeTorn,
}

impl Index {
    fn read(&mut self, name: Name, mut window: Window<'_>, tail: Tail) -> Result<(), StoreError> {
        let path = window.opened.path.clone();
        // Frames of a base are numbered from zero and end with an empty one.
        let is_base = matches!(name, Name::Base(_));
        let mut expected = if is_base { 0 } else { name.number() };
        if !is_base && expected != self.next_frame {
            return Err(corrupt(&path, "what stands before it is missing"));
        }
        let mut ended = false;
        loop {
            let at = window.position;
            let bytes = window.frame()?;
            if bytes.is_empty() {
                break;
            }
            let Some(found) = frame::decode(bytes).filter(|it| it.number == expected && !ended)
            else {
                let damaged = || corrupt(&path, &format!("it is damaged at byte {at}"));
                if tail == Tail::Whole {
                    return Err(damaged());
                }
                let rest = window.after_zeros()?;
                if frame::any_after(rest, expected) {
                    return Err(damaged());
                }
                self.torn = !rest.is_empty();
                break;
            };
            let (file, start) = (self.files.len(), at + HEAD as u64);
            ended = is_base && found.payload.is_empty();
            for place in frame::records(found.payload) {
                let place = place.ok_or_else(|| corrupt(&path, "a record cannot be read"))?;
                match &place.value {
                    None => self.values.remove(&place.identity()),
                    Some(value) => self.values.insert(
                        place.identity(),
                        Place {
                            file,
                            at: start + value.start as u64,
                            length: value.len(),
                        },
                    ),
                };
            }
            let length = HEAD + found.payload.len();
            window.advance(length);
            expected += 1;
        }
        if is_base && !ended {
            return Err(corrupt(&path, "it is cut off"));
        }
        self.length = window.position;
        self.version = window.opened.version;
        self.next_frame = if is_base { name.number() } else { expected };
        self.files.push((window.opened.file, path));
        Ok(())
    }
}

/// A part of a file in memory.
struct Window<'a> {
    opened: Opened,
    /// Where in the file the next frame begins.
    position: u64,
    /// Where it begins in the buffer.
    start: usize,
    buffer: &'a mut Vec<u8>,
    /// Bytes of the file that are not in the buffer yet.
    left: u64,
    pace: &'a Pace,
}

impl<'a> Window<'a> {
    fn new(opened: Opened, buffer: &'a mut Vec<u8>, pace: &'a Pace) -> Result<Self, StoreError> {
        let metadata = opened.file.metadata();
        let length = metadata
            .map_err(|error| failed(&opened.path, &error))?
            .len();
        buffer.clear();
        Ok(Self {
            opened,
            position: HEADER_BYTES as u64,
            start: 0,
            buffer,
            left: length.saturating_sub(HEADER_BYTES as u64),
            pace,
        })
    }

    /// Bytes from the next frame on: all of it, if the file has all of it.
    fn frame(&mut self) -> Result<&[u8], StoreError> {
        self.need(HEAD)?;
        let head = &self.buffer[self.start..];
        let length = head.get(12..16).and_then(|length| length.first_chunk());
        let length = length.map_or(0, |length| u32::from_le_bytes(*length) as usize);
        self.need(HEAD + length)?;
        Ok(&self.buffer[self.start..])
    }

    /// All bytes from the first on that is not zero.
    fn after_zeros(&mut self) -> Result<&[u8], StoreError> {
        loop {
            let bytes = &self.buffer[self.start..];
            if let Some(zeros) = bytes.iter().position(|byte| *byte != 0) {
                self.start += zeros;
                self.need(usize::MAX)?;
                return Ok(&self.buffer[self.start..]);
            }
            if self.left == 0 {
                return Ok(&[]);
            }
            self.start = self.buffer.len();
            self.need(1)?;
        }
    }

    fn advance(&mut self, bytes: usize) {
        self.start += bytes;
        self.position += bytes as u64;
    }

    /// Reads until so many bytes are there, or none are left.
    fn need(&mut self, bytes: usize) -> Result<(), StoreError> {
        let there = self.buffer.len() - self.start;
        if bytes <= there || self.left == 0 {
            return Ok(());
        }
        self.buffer.drain(..self.start);
        self.start = 0;
        let more = (bytes - there).max(WINDOW) as u64;
        let more = more.min(self.left);
        let Opened { file, path, .. } = &self.opened;
        let read = file.take(more).read_to_end(self.buffer);
        let read = read.map_err(|error| failed(path, &error))? as u64;
        // A file that has become shorter meanwhile ends here.
        self.left = if read < more { 0 } else { self.left - read };
        self.pace.give_way(read / SHARE_OF_READING);
        Ok(())
    }
}

/// The latest value of each key, in the order in which they lie in the files.
#[derive(Debug)]
pub(super) struct Contents {
    files: Vec<(File, PathBuf)>,
    values: vec::IntoIter<((Table, Bytes), Place)>,
}

impl Contents {
    /// Reads all files, of which the last has at least the given bytes.
    pub(super) fn open(folder: &Path, names: &[Name], least: u64) -> Result<Self, StoreError> {
        let index = index(folder, names, Tail::MayBeTorn, &Pace::hurried())?;
        match index.files.last() {
            Some((_, path)) if index.length < least => {
                Err(corrupt(path, "its end is damaged or gone"))
            }
            _ => Ok(Self::of(index)),
        }
    }

    /// Reads files that are not written to any more.
    pub(super) fn whole(folder: &Path, names: &[Name], pace: &Pace) -> Result<Self, StoreError> {
        Ok(Self::of(index(folder, names, Tail::Whole, pace)?))
    }

    pub(super) fn of(index: Index) -> Self {
        let mut values: Vec<_> = index.values.into_iter().collect();
        values.sort_unstable_by_key(|(_, place)| (place.file, place.at));
        Self {
            files: index.files,
            values: values.into_iter(),
        }
    }

    /// Appends the next record to a frame; whether there was one.
    pub(super) fn append_next(&mut self, frame: &mut Vec<u8>) -> Result<bool, StoreError> {
        let Some(((table, key), place)) = self.values.next() else {
            return Ok(false);
        };
        frame::push_head(frame, table, &key, Some(place.length))
            .map_err(|error| StoreError::Failed(error.to_string()))?;
        let start = frame.len();
        frame.resize(start + place.length, 0);
        self.read(place, &mut frame[start..])?;
        Ok(true)
    }

    fn read(&self, place: Place, value: &mut [u8]) -> Result<(), StoreError> {
        let (mut file, path) = (&self.files[place.file].0, &self.files[place.file].1);
        file.seek(SeekFrom::Start(place.at))
            .and_then(|_| file.read_exact(value))
            .map_err(|error| failed(path, &error))
    }
}

impl Iterator for Contents {
    type Item = Result<Record, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        let ((table, key), place) = self.values.next()?;
        let mut value = vec![0; place.length];
        Some(self.read(place, &mut value).map(|()| Record {
            table,
            key,
            value: Some(value.into()),
        }))
    }
}
