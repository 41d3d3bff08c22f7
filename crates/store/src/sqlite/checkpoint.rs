//! Carries the log over into the data file, so that it does not grow without end.
//!
//! A thread of its own does nearly all of it while writing goes on. Then the writer carries over
//! the little that was appended meanwhile, between two batches: only when nothing is left can the
//! log start anew, and only the writer can be sure that nothing is appended.
//!
//! The engine brings the data file to the disk with the last page, so the writer would wait for
//! the pages of the helper too, a quarter of a second here. Therefore the helper does it before.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender, TryRecvError};
use std::thread::{self, JoinHandle};

use rusqlite::Connection;

use super::schema;
use crate::StoreError;
use crate::metrics::Counters;

/// Pages of the log after which it is carried over: 64 MiB.
///
/// Pages that were written several times in the meantime are carried over once; after a crash,
/// the next start reads a log of this size in about a tenth of a second.
const PAGES: i32 = 16 * 1024;
/// Pages that the writer carries over itself, in some milliseconds.
const REST: i32 = 1024;
/// Most times that the helper is sent after what was appended during its last run.
const ROUNDS: u32 = 2;
/// Pages after which writing waits for readers that hold the log back: 512 MiB.
const PAGES_AT_MOST: i32 = 8 * PAGES;

/// Watches the length of the log, on behalf of the writer.
#[derive(Debug)]
pub(super) struct Checkpoints {
    /// Set by the engine after each commit of the writer.
    length: Arc<AtomicI32>,
    /// The length at which to act next.
    next: i32,
    state: State,
    helper: Helper,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Idle,
    /// The helper carries over the log up to this length.
    Helping {
        up_to: i32,
        rounds: u32,
    },
}

impl Checkpoints {
    pub(super) fn watch(
        path: &Path,
        data: Arc<File>,
        conn: &mut Connection,
    ) -> Result<Self, StoreError> {
        let length = Arc::new(AtomicI32::new(0));
        let hook = {
            let length = Arc::clone(&length);
            move |_: &mut rusqlite::hooks::Wal, pages| {
                length.store(pages, Ordering::Relaxed);
                Ok(())
            }
        };
        conn.wal_hook(Some(hook))?;
        Ok(Self {
            length,
            next: PAGES,
            state: State::Idle,
            helper: Helper::start(path, data)?,
        })
    }

    /// To be called between two batches.
    ///
    /// An error means that the disk did not confirm what it was given: the log, which still has it,
    /// must not start anew.
    pub(super) fn between_batches(
        &mut self,
        conn: &Connection,
        counters: &Counters,
    ) -> Result<(), StoreError> {
        let length = self.length.load(Ordering::Relaxed);
        let State::Helping { up_to, rounds } = self.state else {
            return if length < self.next {
                Ok(())
            } else {
                self.help(conn, counters, length, 1)
            };
        };
        match self.helper.outcome() {
            Some(outcome) => {
                outcome?;
                if up_to + REST < length && rounds < ROUNDS {
                    self.help(conn, counters, length, rounds + 1)
                } else {
                    self.finish(conn, counters, length)
                }
            }
            None if length < PAGES_AT_MOST => Ok(()),
            // The helper cannot keep up with the writer, so the writer waits for it.
            None => {
                self.helper.wait()?;
                self.finish(conn, counters, length)
            }
        }
    }

    fn help(
        &mut self,
        conn: &Connection,
        counters: &Counters,
        length: i32,
        rounds: u32,
    ) -> Result<(), StoreError> {
        if self.helper.ask() {
            self.state = State::Helping {
                up_to: length,
                rounds,
            };
            Ok(())
        } else {
            self.finish(conn, counters, length)
        }
    }

    /// Carries over the rest.
    fn finish(
        &mut self,
        conn: &Connection,
        counters: &Counters,
        length: i32,
    ) -> Result<(), StoreError> {
        self.state = State::Idle;
        // A passive one never waits: what a reader still needs stays in the log until next time.
        let mode = if length < PAGES_AT_MOST {
            "PASSIVE"
        } else {
            "RESTART"
        };
        match checkpoint(conn, mode) {
            Ok(Progress::Whole) => {
                counters.carried_over();
                self.next = PAGES;
            }
            Ok(Progress::Part) => self.next = length.saturating_add(PAGES),
            Err(error) => {
                self.next = length.saturating_add(PAGES);
                tolerable(error)?;
            }
        }
        Ok(())
    }

    /// Carries over what is left when the store is closed.
    pub(super) fn at_end(self, conn: &Connection) {
        drop(self.helper);
        if let Err(error) = checkpoint(conn, "TRUNCATE") {
            // Nothing is lost: the next start reads the log.
            tracing::warn!(%error, "the log could not be carried over");
        }
    }
}

/// The thread that carries over while writing goes on.
#[derive(Debug)]
struct Helper {
    /// None once the thread shall end.
    ask: Option<SyncSender<()>>,
    done: Receiver<Result<(), StoreError>>,
    thread: Option<JoinHandle<()>>,
}

impl Helper {
    fn start(path: &Path, data: Arc<File>) -> Result<Self, StoreError> {
        let conn = schema::open_writer(path)?;
        let (ask, asked) = mpsc::sync_channel(1);
        let (tell, done) = mpsc::sync_channel(1);
        let thread = thread::Builder::new()
            .name("convoke-log".to_owned())
            .spawn(move || {
                while asked.recv().is_ok() {
                    if tell.send(carry_over(&conn, &data)).is_err() {
                        break;
                    }
                }
            })
            .map_err(|error| StoreError::Failed(error.to_string()))?;
        Ok(Self {
            ask: Some(ask),
            done,
            thread: Some(thread),
        })
    }

    /// Starts a run; false when there is nobody to do it.
    fn ask(&self) -> bool {
        self.ask
            .as_ref()
            .is_some_and(|ask| ask.try_send(()).is_ok())
    }

    /// How the run that was started has ended; `None` while it goes on.
    fn outcome(&self) -> Option<Result<(), StoreError>> {
        match self.done.try_recv() {
            Ok(outcome) => Some(outcome),
            Err(TryRecvError::Empty) => None,
            // The thread is gone, which ends the run too.
            Err(TryRecvError::Disconnected) => Some(Ok(())),
        }
    }

    /// Waits for the end of the run that was started.
    fn wait(&self) -> Result<(), StoreError> {
        self.done.recv().unwrap_or(Ok(()))
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        self.ask = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that carries the log over has panicked");
        }
    }
}

/// One run of the helper.
fn carry_over(conn: &Connection, data: &File) -> Result<(), StoreError> {
    if let Err(error) = checkpoint(conn, "PASSIVE") {
        tolerable(error)?;
    }
    data.sync_data()
        .map_err(|error| StoreError::Stopped(error.to_string()))
}

/// Passes on what the disk did not confirm; everything else is tried again later.
fn tolerable(error: rusqlite::Error) -> Result<(), StoreError> {
    match StoreError::from(error) {
        stopped @ StoreError::Stopped(_) => Err(stopped),
        error => {
            tracing::warn!(%error, "the log could not be carried over");
            Ok(())
        }
    }
}

enum Progress {
    /// The log can start anew.
    Whole,
    /// Readers hold it back.
    Part,
}

fn checkpoint(conn: &Connection, mode: &str) -> rusqlite::Result<Progress> {
    conn.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| {
        let (blocked, log, carried): (bool, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let whole = !blocked && log == carried;
        Ok(if whole {
            Progress::Whole
        } else {
            Progress::Part
        })
    })
}
