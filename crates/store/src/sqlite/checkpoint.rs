//! Carries the log over into the data file, so that it does not grow without end.
//!
//! Done by the writer between two batches: it is the only time at which nothing is appended, so
//! the log can start anew. The answers of the last batch are out by then.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use rusqlite::Connection;

use super::writer::Counters;

/// Pages of the log after which it is carried over: 16 MiB.
///
/// Pages that were written several times in the meantime are carried over once.
const PAGES: i32 = 4096;
/// Pages after which readers that hold the log back are waited for: 256 MiB.
const PAGES_AT_MOST: i32 = 16 * PAGES;

/// Watches the length of the log.
#[derive(Debug)]
pub(super) struct Checkpoints {
    /// Set by the engine after each commit.
    length: Arc<AtomicI32>,
    /// The length at which to act next.
    next: i32,
}

impl Checkpoints {
    pub(super) fn watch(conn: &mut Connection) -> Self {
        let length = Arc::new(AtomicI32::new(0));
        let hook = {
            let length = Arc::clone(&length);
            move |_: &mut rusqlite::hooks::Wal, pages| {
                length.store(pages, Ordering::Relaxed);
                Ok(())
            }
        };
        if let Err(error) = conn.wal_hook(Some(hook)) {
            tracing::error!(%error, "the length of the log cannot be watched");
        }
        Self {
            length,
            next: PAGES,
        }
    }

    /// Carries the log over when it is long enough.
    pub(super) fn after_commit(&mut self, conn: &Connection, counters: &Counters) {
        let length = self.length.load(Ordering::Relaxed);
        if length < self.next {
            return;
        }
        // A passive one never waits: what a reader still needs stays in the log until next time.
        let mode = if length < PAGES_AT_MOST {
            "PASSIVE"
        } else {
            "RESTART"
        };
        match checkpoint(conn, mode) {
            Ok(Progress { whole: true }) => {
                counters.checkpoints.fetch_add(1, Ordering::Relaxed);
                self.next = PAGES;
            }
            Ok(Progress { whole: false }) => self.next = length.saturating_add(PAGES),
            Err(error) => {
                tracing::warn!(%error, "the log could not be carried over");
                self.next = length.saturating_add(PAGES);
            }
        }
    }
}

/// Carries over what is left when the store is closed.
pub(super) fn at_end(conn: &Connection) {
    if let Err(error) = checkpoint(conn, "TRUNCATE") {
        // Nothing is lost: the next start reads the log.
        tracing::warn!(%error, "the log could not be carried over");
    }
}

struct Progress {
    /// The log can start anew.
    whole: bool,
}

fn checkpoint(conn: &Connection, mode: &str) -> rusqlite::Result<Progress> {
    conn.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| {
        let (blocked, log, carried): (bool, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(Progress {
            whole: !blocked && log == carried,
        })
    })
}
