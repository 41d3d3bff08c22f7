//! The next segment, made before it is needed.
//!
//! Which one it will be is not known before the one before it is full. Until then it has a name
//! that does not count, and whoever reads the log passes over it.
//!
//! It is filled with zeros for its whole length. So a batch only changes what is there already, and
//! the disk is waited for once; a file that grows is described anew with every batch as well.

use std::fs::File;
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};

use super::beside::Beside;
use super::files::{self, Name};
use super::pace::{PIECE_BYTES, Pace};
use crate::StoreError;
use crate::lock::{failed, sync_directory};

const SPARE: &str = "spare-new";
/// The price of writing a byte is half a byte of the log: with a quarter of the active segment full
/// at the beginning, a spare is ready when the segment is full.
const SHARE_OF_WRITING: u64 = 2;

/// How far the next segment is.
#[derive(Debug, Default)]
pub(super) enum NextSegment {
    #[default]
    NotBegun,
    Making(Beside<Spare>),
    /// None is made before the active segment is full.
    GivenUp,
}

impl NextSegment {
    /// Begins to make it, unless that was done.
    pub(super) fn make(&mut self, folder: &Path, bytes: u64) {
        if !matches!(self, Self::NotBegun) {
            return;
        }
        let folder = folder.to_owned();
        let making = Beside::start("convoke-spare", move |pace| {
            Spare::make(&folder, bytes, pace)
        });
        *self = reported(making).map_or(Self::GivenUp, Self::Making);
    }

    /// Says by how much the log has grown.
    pub(super) fn appended(&self, bytes: u64) {
        if let Self::Making(making) = self {
            making.pace().appended(bytes);
        }
    }

    /// The spare, if it is ready; if not, it stays for the segment after.
    pub(super) fn take(&mut self) -> Option<Spare> {
        match std::mem::take(self) {
            Self::Making(making) if making.is_finished() => reported(making.end()),
            Self::Making(making) => {
                *self = Self::Making(making);
                None
            }
            Self::NotBegun | Self::GivenUp => None,
        }
    }

    /// Gives back what it takes of the disk; whether there was anything.
    pub(super) fn give_up(&mut self) -> bool {
        let Self::Making(making) = std::mem::replace(self, Self::GivenUp) else {
            return false;
        };
        if let Some(spare) = reported(making.give_up()) {
            spare.discard();
        }
        true
    }
}

/// Without a spare the segment is made when it is needed, and writing waits for it.
fn reported<T>(made: Result<T, StoreError>) -> Option<T> {
    made.inspect_err(|error| tracing::warn!(%error, "no segment could be made beforehand"))
        .ok()
}

/// A file that is there, and no segment yet.
#[derive(Debug)]
pub(super) struct Spare {
    file: File,
    path: PathBuf,
}

impl Spare {
    /// Makes one, in the place of one that was left over; a shorter one when it is given up.
    fn make(folder: &Path, bytes: u64, pace: &Pace) -> Result<Self, StoreError> {
        let path = folder.join(SPARE);
        files::remove_if_there(&path)?;
        let file = File::create_new(&path).map_err(|error| failed(&path, &error))?;
        let spare = Self { file, path };
        match spare.fill(folder, bytes, pace) {
            Ok(()) => Ok(spare),
            Err(error) => {
                let error = failed(&spare.path, &error);
                spare.discard();
                Err(error)
            }
        }
    }

    fn fill(&self, folder: &Path, bytes: u64, pace: &Pace) -> std::io::Result<()> {
        let zeros = vec![0; PIECE_BYTES];
        let mut left = bytes.max(files::HEADER_BYTES as u64);
        while 0 < left && !pace.is_given_up() {
            let piece = usize::try_from(left).map_or(PIECE_BYTES, |left| left.min(PIECE_BYTES));
            (&self.file).write_all(&zeros[..piece])?;
            self.file.sync_data()?;
            left -= piece as u64;
            if 0 < left {
                pace.give_way(piece as u64 / SHARE_OF_WRITING);
            }
        }
        self.file.sync_all()?;
        sync_directory(folder)
    }

    /// Makes it a segment, durably; it is one with its whole header or not at all.
    pub(super) fn become_segment(mut self, folder: &Path, name: Name) -> Result<File, StoreError> {
        let header = files::header(name);
        self.file
            .rewind()
            .and_then(|()| self.file.write_all(&header))
            .map_err(|error| failed(&self.path, &error))?;
        files::finish(folder, name, &self.file, &self.path)?;
        Ok(self.file)
    }

    /// Gives its place on the disk back.
    pub(super) fn discard(self) {
        if let Err(error) = files::remove_if_there(&self.path) {
            tracing::warn!(%error, "a spare segment stays behind");
        }
    }
}
