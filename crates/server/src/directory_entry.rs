//! Files that are still there after a power cut: their entry in the directory is brought to the disk.

use std::io;
use std::path::Path;

/// Makes a new directory entry durable, where directories can be opened.
#[cfg(unix)]
pub(crate) fn sync_directory(directory: &Path) -> io::Result<()> {
    std::fs::File::open(directory)?.sync_all()
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the unix version can fail")]
pub(crate) fn sync_directory(_directory: &Path) -> io::Result<()> {
    Ok(())
}
