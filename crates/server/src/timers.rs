//! Wakes sessions when they are due, so that they change without traffic.
//!
//! Only for tidiness: every access settles a session first, so a late timer gives no wrong answer.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use convoke_store::{Commit, HandleOp, Store};
use convoke_wire::SessionKey;
use jiff::Timestamp;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::commit::Directory;

/// Sessions woken before the queue is looked at again.
const BATCH: usize = 256;
/// Most times the queue is looked at before other work gets a turn.
const MAX_ROUNDS: usize = 64;
/// Longest sleep: handles that have ended by themselves are swept this often.
const SWEEP: Duration = Duration::from_mins(10);
/// Pause after the store failed.
const RETRY: Duration = Duration::from_secs(1);

/// The next timer of every session, earliest first.
#[derive(Debug, Default)]
pub struct TimerQueue {
    entries: Mutex<BTreeSet<(Timestamp, SessionKey)>>,
    earlier: Notify,
}

impl TimerQueue {
    /// Replaces a session's timer.
    pub fn set(&self, key: &SessionKey, former: Option<Timestamp>, next: Option<Timestamp>) {
        if former == next {
            return;
        }
        let mut entries = self.entries();
        if let Some(former) = former {
            entries.remove(&(former, key.clone()));
        }
        let Some(next) = next else { return };
        let is_earliest = entries.first().is_none_or(|(first, _)| next < *first);
        entries.insert((next, key.clone()));
        drop(entries);
        if is_earliest {
            self.earlier.notify_one();
        }
    }

    /// Sessions that are due, earliest first.
    fn due(&self, now: Timestamp) -> Vec<SessionKey> {
        let entries = self.entries();
        let due = entries.iter().take_while(|(at, _)| *at <= now);
        due.take(BATCH).map(|(_, key)| key.clone()).collect()
    }

    fn earliest(&self) -> Option<Timestamp> {
        self.entries().first().map(|(at, _)| *at)
    }

    /// How many sessions have a timer.
    pub fn len(&self) -> usize {
        self.entries().len()
    }

    /// Whether no session has a timer.
    pub fn is_empty(&self) -> bool {
        self.entries().is_empty()
    }

    fn entries(&self) -> MutexGuard<'_, BTreeSet<(Timestamp, SessionKey)>> {
        // The set is whole after every operation, whatever panicked meanwhile.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Settles every session that is due now. False when the store failed.
pub async fn run_due(directory: &Directory) -> bool {
    for _ in 0..MAX_ROUNDS {
        let due = directory.timers.due(directory.clock.now());
        if due.is_empty() {
            return true;
        }
        for key in due {
            if let Err(error) = directory.settle(&key).await {
                tracing::error!(session.ref = %key.reference.resource(), %error, "a due session could not be settled");
                return false;
            }
        }
    }
    true
}

/// Removes handles that have ended by themselves.
async fn sweep_handles(directory: &Directory) {
    let commit = Commit {
        handles: vec![HandleOp::DeleteExpired {
            now: directory.clock.now(),
        }],
        ..Commit::default()
    };
    if let Err(error) = directory.store.commit(commit).await {
        tracing::error!(%error, "ended handles could not be removed");
    }
}

/// Runs until it is told to stop.
pub async fn run(directory: Arc<Directory>, stop: CancellationToken) {
    let mut next_sweep = directory.clock.now();
    loop {
        let settled = run_due(&directory).await;
        let now = directory.clock.now();
        if next_sweep <= now {
            sweep_handles(&directory).await;
            next_sweep = now.checked_add(SWEEP).unwrap_or(now);
        }
        let wait = if settled {
            until(directory.timers.earliest(), now)
        } else {
            RETRY
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = directory.timers.earlier.notified() => {}
            () = directory.clock.sleep(wait) => {}
        }
    }
}

fn until(due: Option<Timestamp>, now: Timestamp) -> Duration {
    let Some(due) = due else { return SWEEP };
    Duration::try_from(due.duration_since(now))
        .unwrap_or(Duration::ZERO)
        .min(SWEEP)
}
