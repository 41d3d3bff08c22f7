//! What a store's writer has done, counted alike in every store.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::CommitError;

/// Upper bounds of the sizes that [`Metrics::batch_sizes`] counts.
pub const BATCH_BOUNDS: [u16; 11] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

/// What the writer has done since the store was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metrics {
    /// Batches that reached the disk with at least one step; in memory, steps.
    pub batches: u64,
    /// Steps in them.
    pub commits: u64,
    /// Steps refused by a guard.
    pub refused: u64,
    /// Steps that failed.
    pub failed: u64,
    /// Most steps in one batch.
    pub largest_batch: u64,
    /// Bytes of documents handed to the engine; what it writes to the disk is more.
    pub bytes: u64,
    /// How long batches took to reach the disk, all together.
    pub sync: Duration,
    /// Times the log was carried over into the data file; SQLite only.
    pub checkpoints: u64,
    /// Batches by their steps: up to each of [`BATCH_BOUNDS`], the last above all.
    pub batch_sizes: [u64; BATCH_BOUNDS.len() + 1],
    /// Steps that wait to be written.
    pub queued: usize,
}

/// The same, while it is counted.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    batches: AtomicU64,
    commits: AtomicU64,
    refused: AtomicU64,
    failed: AtomicU64,
    largest_batch: AtomicU64,
    bytes: AtomicU64,
    sync_nanoseconds: AtomicU64,
    checkpoints: AtomicU64,
    batch_sizes: Box<[AtomicU64; BATCH_BOUNDS.len() + 1]>,
}

impl Counters {
    /// Counts the answers to one batch.
    pub(crate) fn answered<'a>(
        &self,
        answers: impl IntoIterator<Item = &'a Result<(), CommitError>>,
    ) {
        let (mut taken, mut refused, mut failed) = (0, 0, 0);
        for answer in answers {
            match answer {
                Ok(()) => taken += 1,
                Err(CommitError::Store(_)) => failed += 1,
                Err(_) => refused += 1,
            }
        }
        add(&self.batches, u64::from(0 < taken));
        add(&self.commits, taken);
        add(&self.refused, refused);
        add(&self.failed, failed);
        self.largest_batch.fetch_max(taken, Ordering::Relaxed);
        if 0 < taken {
            add(&self.batch_sizes[size(taken)], 1);
        }
    }

    /// Counts bytes handed to the engine.
    pub(crate) fn wrote(&self, bytes: usize) {
        add(&self.bytes, u64::try_from(bytes).unwrap_or(u64::MAX));
    }

    /// Counts the time that something takes as time on the way to the disk.
    pub(crate) fn timed<T>(&self, to_disk: impl FnOnce() -> T) -> T {
        let start = now();
        let result = to_disk();
        let took = now().saturating_duration_since(start).as_nanos();
        add(
            &self.sync_nanoseconds,
            u64::try_from(took).unwrap_or(u64::MAX),
        );
        result
    }

    /// Counts a log that was carried over.
    pub(crate) fn carried_over(&self) {
        add(&self.checkpoints, 1);
    }

    /// The counts so far; of what waits, only the writer's queue knows.
    pub(crate) fn read(&self) -> Metrics {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Metrics {
            batches: read(&self.batches),
            commits: read(&self.commits),
            refused: read(&self.refused),
            failed: read(&self.failed),
            largest_batch: read(&self.largest_batch),
            bytes: read(&self.bytes),
            sync: Duration::from_nanos(read(&self.sync_nanoseconds)),
            checkpoints: read(&self.checkpoints),
            batch_sizes: std::array::from_fn(|size| read(&self.batch_sizes[size])),
            queued: 0,
        }
    }
}

/// The position in [`Metrics::batch_sizes`] of a batch with so many steps.
fn size(steps: u64) -> usize {
    BATCH_BOUNDS.partition_point(|bound| u64::from(*bound) < steps)
}

fn add(counter: &AtomicU64, count: u64) {
    counter.fetch_add(count, Ordering::Relaxed);
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long the disk takes is reported and decides nothing"
)]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_counted_under_the_first_bound_that_holds_it() {
        for (steps, expected) in [(1, 0), (2, 1), (3, 2), (4, 2), (1024, 10), (1025, 11)] {
            assert_eq!(size(steps), expected, "{steps}");
        }
    }
}
