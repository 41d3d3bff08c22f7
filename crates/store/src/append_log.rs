//! A log in files that are only ever appended to.
//!
//! Every batch is one frame, written and brought to the disk at once. Beside the writer one thread
//! makes the next segment before it is needed, and another merges full segments into a base: the
//! latest value of every key.
//! A file that is damaged anywhere but at its torn end is refused, and not changed.

mod beside;
mod files;
mod frame;
mod merge;
mod pace;
mod scan;
mod spare;

use std::fs::File;
use std::io::{ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::StoreError;
use crate::lock::failed;
use crate::log::{Contents, Log, Record};
use beside::Beside;
pub(crate) use files::FOLDER;
use files::Name;
use merge::Removal;
use pace::Pace;
use spare::NextSegment;

/// Bytes after which a segment is full.
const SEGMENT_BYTES: u64 = 64 * 1024 * 1024;

/// Bytes of the write buffer that are kept between batches.
const BUFFER_BYTES: usize = 1024 * 1024;
/// A spare segment is begun when a quarter of the active one is full: long before it is needed, and
/// never for a log that stays small.
const PARTS_BEFORE_SPARE: u64 = 4;

/// Opens the log of a directory, or creates it.
pub(crate) fn open(dir: &Path) -> Result<Arc<dyn Log>, StoreError> {
    let folder = files::prepare(dir)?;
    Ok(Arc::new(AppendLog::open(folder, SEGMENT_BYTES)?))
}

/// The log of one folder.
#[derive(Debug)]
struct AppendLog {
    folder: PathBuf,
    segment_bytes: u64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// What was found when the log was opened, until it is asked for or changed.
    found: Option<scan::Contents>,
    active: File,
    /// Bytes of the active segment that count; a torn frame after them goes with the next write.
    length: u64,
    /// Bytes that the file has.
    end: u64,
    /// Whether there may be something but zeros after those that count.
    torn: bool,
    /// Whether an older version wrote it: whoever knows only that one must not find more in it.
    outdated: bool,
    /// Number of the next frame.
    next_frame: u64,
    buffer: Vec<u8>,
    next: NextSegment,
    merging: Option<Beside<()>>,
    /// Held once more by each who reads what was there at some moment.
    reading: Arc<()>,
}

/// The documents of a moment, whatever is written meanwhile.
struct Reading {
    contents: scan::Contents,
    _held: Arc<()>,
}

impl AppendLog {
    fn open(folder: PathBuf, segment_bytes: u64) -> Result<Self, StoreError> {
        let files = files::list(&folder)?;
        let scanned = scan::index(&folder, &files, scan::Tail::MayBeTorn, &Pace::hurried())?;
        let last = files.last().expect("a list of files is never empty");
        let path = folder.join(last.to_string());
        let (length, next_frame) = (scanned.length, scanned.next_frame);
        let active = File::options().write(true).open(&path);
        let active = active.and_then(|mut active| {
            active.seek(SeekFrom::Start(length))?;
            Ok(active)
        });
        let active = active.map_err(|error| failed(&path, &error))?;
        let end = active.metadata().map_err(|error| failed(&path, &error))?;
        let (torn, outdated) = (scanned.torn, scanned.version < files::VERSION);
        if torn {
            tracing::warn!(
                file = %path.display(),
                at = length,
                "the last write before the end of the process was not finished; it is given up"
            );
        }
        Ok(Self {
            segment_bytes,
            state: Mutex::new(State {
                found: Some(scan::Contents::of(scanned)),
                active,
                length,
                end: end.len(),
                torn,
                outdated,
                next_frame,
                buffer: Vec::new(),
                next: NextSegment::default(),
                merging: None,
                reading: Arc::default(),
            }),
            folder,
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn append(state: &mut State, records: &[Record]) -> std::io::Result<()> {
        frame::encode(&mut state.buffer, state.next_frame, records)
            .map_err(|error| std::io::Error::new(ErrorKind::FileTooLarge, error))?;
        if let Err(error) = state.active.write_all(&state.buffer) {
            state.make_room(error)?;
            state.active.write_all(&state.buffer)?;
        }
        state.active.sync_data()?;
        let bytes = state.buffer.len() as u64;
        state.length += bytes;
        state.next_frame += 1;
        state.end = state.end.max(state.length);
        state.next.appended(bytes);
        if let Some(merging) = &state.merging {
            merging.pace().appended(bytes);
        }
        // A rare large batch shall not be paid for ever after.
        state.buffer.clear();
        state.buffer.shrink_to(BUFFER_BYTES);
        Ok(())
    }

    /// Begins a new segment, and the merging of the full ones when they have become many.
    ///
    /// Before a write and not after one: when it fails, nothing has been written.
    fn rotate(&self, state: &mut State) -> Result<(), StoreError> {
        let next = Name::Segment(state.next_frame);
        state.active = self.begin_segment(state, next)?;
        let metadata = state.active.metadata();
        state.end = metadata
            .map_err(|error| failed(&self.folder, &error))?
            .len();
        state.length = files::HEADER_BYTES as u64;
        state.outdated = false;
        if state.merging.as_ref().is_some_and(Beside::is_finished) {
            state.end_merging();
        }
        if state.merging.is_none() {
            let folder = self.folder.clone();
            // Nobody begins to read while it goes on: `read` ends it first.
            let removal = match Arc::strong_count(&state.reading) {
                1 => Removal::InPieces,
                _ => Removal::AtOnce,
            };
            let merge = move |pace: &Pace| merge::merge_before(&folder, next, removal, pace);
            // The next segment brings the next attempt.
            state.merging = Beside::start("convoke-merge", merge)
                .inspect_err(|error| tracing::error!(%error, "the log could not be merged"))
                .ok();
        }
        Ok(())
    }

    /// The documents as of now, in files that no merge is about to remove.
    fn read(&self, state: &mut State) -> Result<scan::Contents, StoreError> {
        state.end_merging();
        let files = files::list(&self.folder)?;
        scan::Contents::open(&self.folder, &files, state.length)
    }

    fn begin_segment(&self, state: &mut State, name: Name) -> Result<File, StoreError> {
        if let Some(spare) = state.next.take() {
            return spare.become_segment(&self.folder, name);
        }
        match files::create(&self.folder, name) {
            // A spare that is not ready yet may have taken the last of the disk.
            Err(_) if state.next.give_up() => files::create(&self.folder, name),
            created => created,
        }
    }
}

impl State {
    /// Waits until no files are replaced any more; when it fails, they stay as they were.
    fn end_merging(&mut self) {
        if let Some(Err(error)) = self.merging.take().map(Beside::end) {
            tracing::error!(%error, "the log could not be merged");
        }
    }

    /// Makes that a write can be attempted again, when a spare segment may be why it has failed.
    fn make_room(&mut self, error: std::io::Error) -> std::io::Result<()> {
        let is_full = matches!(
            error.kind(),
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded
        );
        if !is_full || !self.next.give_up() {
            return Err(error);
        }
        self.cut()
    }

    /// Takes away what stands after the last frame.
    fn cut(&mut self) -> std::io::Result<()> {
        self.active.set_len(self.length)?;
        self.active.seek(SeekFrom::Start(self.length))?;
        self.active.sync_data()?;
        self.end = self.length;
        self.torn = false;
        Ok(())
    }
}

impl Iterator for Reading {
    type Item = Result<Record, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.contents.next()
    }
}

impl Log for AppendLog {
    fn write(&self, records: Vec<Record>) -> Result<(), StoreError> {
        let mut state = self.state();
        state.found = None;
        let is_full = state.outdated || self.segment_bytes <= state.length;
        // Before another segment begins: only the last one may be torn, or have room left.
        if state.torn || is_full && state.length < state.end {
            state.cut().map_err(|error| failed(&self.folder, &error))?;
        }
        if is_full {
            self.rotate(&mut state)?;
        }
        let appended = Self::append(&mut state, &records);
        appended.map_err(|error| failed(&self.folder, &error))?;
        if self.segment_bytes / PARTS_BEFORE_SPARE <= state.length {
            state.next.make(&self.folder, self.segment_bytes);
        }
        Ok(())
    }

    fn contents(&self) -> Contents {
        let mut state = self.state();
        let found = state.found.take();
        let contents = found.map_or_else(|| self.read(&mut state), Ok);
        match contents {
            Ok(contents) => Box::new(Reading {
                contents,
                _held: Arc::clone(&state.reading),
            }),
            Err(error) => Box::new(std::iter::once(Err(error))),
        }
    }

    fn close(&self) {
        let mut state = self.state();
        state.end_merging();
        state.next.give_up();
    }
}

impl Drop for AppendLog {
    fn drop(&mut self) {
        self.close();
    }
}

#[cfg(test)]
mod tests;
