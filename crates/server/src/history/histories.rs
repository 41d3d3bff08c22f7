//! Who follows sessions, and the histories of sessions that are gone.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use convoke_core::Session;
use convoke_wire::SessionKey;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::History;
use crate::clock::{Clock, later};

/// Most followers of all sessions together. Ours.
const MAX_FOLLOWERS: usize = 1024;
/// How long states are kept after a session's last follower is gone, who may come again. Ours.
const RESUMABLE: SignedDuration = SignedDuration::from_mins(5);
/// Most sessions that are remembered after their end. Ours.
const MAX_ENDED: usize = 1024;
/// For how long they are. Ours.
const REMEMBERED: SignedDuration = SignedDuration::from_mins(10);

/// All that is not about one living session.
#[derive(Debug)]
pub(crate) struct Histories {
    places: Arc<Semaphore>,
    left: Mutex<VecDeque<Left>>,
    ended: Mutex<AllEnded>,
}

/// A session that a follower has left, and until when it may come again.
#[derive(Debug)]
struct Left {
    until: Timestamp,
    history: Weak<History>,
}

/// A session that is gone.
#[derive(Debug, Clone)]
pub(crate) struct Ended {
    pub(crate) history: Arc<History>,
    /// Whoever might read this may read of its end.
    pub(crate) last: Arc<Session>,
    until: Timestamp,
}

#[derive(Debug, Default)]
struct AllEnded {
    /// By the folded key of the session.
    sessions: HashMap<String, Ended>,
    /// The first to end first.
    order: VecDeque<(Timestamp, String)>,
}

impl Default for Histories {
    fn default() -> Self {
        Self {
            places: Arc::new(Semaphore::new(MAX_FOLLOWERS)),
            left: Mutex::default(),
            ended: Mutex::default(),
        }
    }
}

impl Histories {
    /// A session is gone, and this was its last state.
    pub(crate) fn end(
        &self,
        key: &SessionKey,
        history: Arc<History>,
        last: Arc<Session>,
        now: Timestamp,
    ) {
        let until = later(now, REMEMBERED);
        let ended = Ended {
            history,
            last,
            until,
        };
        lock(&self.ended).add(key.folded(), ended, now);
    }

    /// What is remembered of the last session of a name.
    pub(crate) fn ended(&self, key: &SessionKey, now: Timestamp) -> Option<Ended> {
        let ended = lock(&self.ended).sessions.get(&key.folded()).cloned();
        ended.filter(|ended| now < ended.until)
    }

    /// Keeps the states of a session for one more follower; none when there are too many.
    pub(crate) fn follow(
        self: &Arc<Self>,
        history: Arc<History>,
        clock: &Arc<dyn Clock>,
    ) -> Option<Following> {
        let place = Arc::clone(&self.places).try_acquire_owned().ok()?;
        history.told().followers += 1;
        Some(Following {
            history,
            histories: Arc::clone(self),
            clock: Arc::clone(clock),
            _place: place,
        })
    }

    /// A follower is gone. What others have left for too long is let go.
    fn leave(&self, history: &Arc<History>, now: Timestamp) {
        let until = later(now, RESUMABLE);
        let mut told = history.told();
        told.followers -= 1;
        told.resumable = Some(until);
        drop(told);
        let mut left = lock(&self.left);
        left.push_back(Left {
            until,
            history: Arc::downgrade(history),
        });
        let is_over = |first: &mut Left| first.until <= now;
        while let Some(first) = left.pop_front_if(is_over) {
            first.let_go();
        }
        while MAX_FOLLOWERS < left.len()
            && let Some(first) = left.pop_front()
        {
            first.let_go();
        }
    }
}

impl Left {
    fn let_go(&self) {
        let Some(history) = self.history.upgrade() else {
            return;
        };
        let mut told = history.told();
        // Somebody may follow it again, or have left it later.
        let is_last = told.resumable.is_none_or(|until| until <= self.until);
        if told.followers == 0 && is_last {
            told.let_go();
        }
    }
}

impl AllEnded {
    fn add(&mut self, key: String, ended: Ended, now: Timestamp) {
        self.order.push_back((ended.until, key.clone()));
        self.sessions.insert(key, ended);
        while let Some((until, _)) = self.order.front() {
            if now < *until && self.order.len() <= MAX_ENDED {
                break;
            }
            let Some((until, key)) = self.order.pop_front() else {
                break;
            };
            // A later session of the same name has a later place.
            if self.sessions.get(&key).is_some_and(|it| it.until <= until) {
                self.sessions.remove(&key);
            }
        }
    }
}

/// One follower of a session, until this is dropped.
#[derive(Debug)]
pub(crate) struct Following {
    pub(crate) history: Arc<History>,
    histories: Arc<Histories>,
    clock: Arc<dyn Clock>,
    _place: OwnedSemaphorePermit,
}

impl Drop for Following {
    fn drop(&mut self) {
        self.histories.leave(&self.history, self.clock.now());
    }
}

fn lock<T>(held: &Mutex<T>) -> MutexGuard<'_, T> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}
