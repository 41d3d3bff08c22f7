//! How fast work goes that is done beside the writer: as fast as the log needs it.
//!
//! Work is done in pieces, and each has a price: bytes by which the log has to grow before the
//! next piece. So a disk that writers wait for gets little else to do at a time, and work is done
//! when it is needed. Work that has fallen behind does not wait, and none waits for long.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The most that work gives the disk at once: whoever brings a batch to it meanwhile waits for that.
pub(super) const PIECE_BYTES: usize = 256 * 1024;
/// How long work waits for a byte of its price: as if 25 MB were written a second.
const PATIENCE: Duration = Duration::from_nanos(40);

/// What one piece of work and the writer know of each other.
#[derive(Debug)]
pub(super) struct Pace {
    patience: Duration,
    progress: Mutex<Progress>,
    changed: Condvar,
}

#[derive(Debug)]
struct Progress {
    appended: u64,
    /// What has to be appended before the next piece.
    due: u64,
    haste: Haste,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Haste {
    Paced,
    /// Somebody waits for the end.
    Hurried,
    /// Nobody wants what the work comes to.
    GivenUp,
}

impl Pace {
    pub(super) fn gentle() -> Self {
        Self::new(PATIENCE, Haste::Paced)
    }

    /// For work that somebody waits for.
    pub(super) fn hurried() -> Self {
        Self::new(PATIENCE, Haste::Hurried)
    }

    fn new(patience: Duration, haste: Haste) -> Self {
        let progress = Progress {
            appended: 0,
            due: 0,
            haste,
        };
        Self {
            patience,
            progress: Mutex::new(progress),
            changed: Condvar::new(),
        }
    }

    /// Waits after a piece of work.
    pub(super) fn give_way(&self, price: u64) {
        let mut progress = self.progress();
        progress.due += price;
        let longest = u32::try_from(price).unwrap_or(u32::MAX);
        let longest = self.patience.saturating_mul(longest);
        let waited = self
            .changed
            .wait_timeout_while(progress, longest, |progress| progress.is_early());
        let (mut progress, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            // This piece was waited for enough; later ones do not pay for it.
            progress.due = progress.appended;
        }
    }

    /// Says by how much the log has grown.
    pub(super) fn appended(&self, bytes: u64) {
        let mut progress = self.progress();
        progress.appended += bytes;
        if !progress.is_early() {
            self.changed.notify_one();
        }
    }

    /// Ends all waiting.
    pub(super) fn hurry(&self) {
        self.progress().haste = Haste::Hurried;
        self.changed.notify_one();
    }

    /// Ends the work before it is done.
    pub(super) fn give_up(&self) {
        self.progress().haste = Haste::GivenUp;
        self.changed.notify_one();
    }

    pub(super) fn is_given_up(&self) -> bool {
        self.progress().haste == Haste::GivenUp
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Progress {
    fn is_early(&self) -> bool {
        self.haste == Haste::Paced && self.appended < self.due
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::mpsc::{Receiver, channel};
    use std::thread;

    use super::*;

    /// Some pieces of work, by a thread that waits for ever if it is not told to go on.
    fn work(pace: &Arc<Pace>, prices: &[u64]) -> Receiver<u64> {
        let (done, pieces) = channel();
        let (pace, prices) = (Arc::clone(pace), prices.to_vec());
        thread::spawn(move || {
            for price in prices {
                pace.give_way(price);
                done.send(price).unwrap();
            }
        });
        pieces
    }

    #[test]
    fn a_piece_waits_until_its_price_is_appended() {
        let pace = Arc::new(Pace::new(Duration::MAX, Haste::Paced));
        let pieces = work(&pace, &[10, 20]);
        pace.appended(9);
        assert!(pieces.try_recv().is_err());
        pace.appended(1);
        assert_eq!(pieces.recv(), Ok(10));
        pace.appended(19);
        assert!(pieces.try_recv().is_err());
        pace.appended(1);
        assert_eq!(pieces.recv(), Ok(20));
    }

    #[test]
    fn work_that_has_fallen_behind_does_not_wait() {
        let pace = Arc::new(Pace::new(Duration::MAX, Haste::Paced));
        pace.appended(35);
        let pieces = work(&pace, &[10, 20, 10]);
        assert_eq!((pieces.recv(), pieces.recv()), (Ok(10), Ok(20)));
        assert!(pieces.try_recv().is_err());
        pace.appended(5);
        assert_eq!(pieces.recv(), Ok(10));
    }

    #[test]
    fn work_that_somebody_waits_for_does_not_wait() {
        let pace = Arc::new(Pace::new(Duration::MAX, Haste::Paced));
        let pieces = work(&pace, &[10, 20, 1 << 40]);
        pace.hurry();
        assert_eq!(pieces.iter().count(), 3);
    }

    #[test]
    fn patience_ends_and_is_not_made_up_for() {
        let pace = Arc::new(Pace::new(Duration::ZERO, Haste::Paced));
        let pieces = work(&pace, &[10, 20]);
        assert_eq!(pieces.iter().count(), 2);
        let progress = pace.progress();
        assert_eq!((progress.due, progress.appended), (0, 0));
    }
}
