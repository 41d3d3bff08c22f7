//! When what happens by itself, earliest first: changes of sessions, losses of connections.

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

/// The next timer of everything that has one, earliest first.
#[derive(Debug)]
pub struct TimerQueue<K = SessionKey> {
    entries: Mutex<BTreeSet<(Timestamp, K)>>,
    earlier: Notify,
}

impl<K> Default for TimerQueue<K> {
    fn default() -> Self {
        Self {
            entries: Mutex::default(),
            earlier: Notify::new(),
        }
    }
}

impl<K: Ord + Clone> TimerQueue<K> {
    /// Replaces a timer.
    pub fn set(&self, key: &K, former: Option<Timestamp>, next: Option<Timestamp>) {
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

    /// What is due, earliest first.
    pub fn due(&self, now: Timestamp, limit: usize) -> Vec<K> {
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

    /// How many timers there are.
    pub fn len(&self) -> usize {
        self.entries().len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries().is_empty()
    }

    fn entries(&self) -> MutexGuard<'_, BTreeSet<(Timestamp, K)>> {
        // The set is whole after every operation, whatever panicked meanwhile.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
