//! When each session changes by itself, earliest first.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use convoke_wire::SessionKey;
use jiff::Timestamp;
use tokio::sync::Notify;

/// How long after its timer a moment is; nothing when it is before, or there is none.
pub fn late(timer: Option<Timestamp>, now: Timestamp) -> Duration {
    let late = timer.and_then(|due| Duration::try_from(now.duration_since(due)).ok());
    late.unwrap_or_default()
}

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
    pub fn due(&self, now: Timestamp, limit: usize) -> Vec<SessionKey> {
        let entries = self.entries();
        let due = entries.iter().take_while(|(at, _)| *at <= now);
        due.take(limit).map(|(_, key)| key.clone()).collect()
    }

    /// The earliest timer of all.
    pub fn earliest(&self) -> Option<Timestamp> {
        self.entries().first().map(|(at, _)| *at)
    }

    /// How long the earliest timer has been due.
    pub fn lag(&self, now: Timestamp) -> Duration {
        late(self.earliest(), now)
    }

    /// Waits until a timer is set that is earlier than all others.
    pub async fn earlier(&self) {
        self.earlier.notified().await;
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
