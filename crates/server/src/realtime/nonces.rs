//! Opening a socket without a header: what `GET /nonce` hands out, once, for a minute.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::auth::Principal;
use crate::clock::later;

/// How long a nonce is good. `Inferred:` handles 7.1
const LIFE: SignedDuration = SignedDuration::from_secs(60);
/// Most nonces that are good at a time; the oldest end early. Ours.
const MAX_NONCES: usize = 65_536;

/// The nonces that have not been used.
#[derive(Debug, Default)]
pub(crate) struct Nonces(Mutex<Unused>);

#[derive(Debug, Default)]
struct Unused {
    principals: HashMap<Uuid, (Arc<Principal>, Timestamp)>,
    /// In the order of their ends; used ones are still in it.
    ends: VecDeque<(Timestamp, Uuid)>,
}

impl Nonces {
    /// Makes a number good for opening one socket.
    pub(crate) fn issue(&self, nonce: Uuid, principal: Arc<Principal>, now: Timestamp) {
        let end = later(now, LIFE);
        let mut unused = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        unused.forget(now);
        unused.principals.insert(nonce, (principal, end));
        unused.ends.push_back((end, nonce));
    }

    /// Uses a nonce up; whom it stands for, if it is good.
    pub(crate) fn take(&self, nonce: Uuid, now: Timestamp) -> Option<Arc<Principal>> {
        let mut unused = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (principal, end) = unused.principals.remove(&nonce)?;
        (now < end).then_some(principal)
    }
}

impl Unused {
    fn forget(&mut self, now: Timestamp) {
        while let Some((end, nonce)) = self.ends.front() {
            if now < *end && self.ends.len() < MAX_NONCES {
                return;
            }
            self.principals.remove(nonce);
            self.ends.pop_front();
        }
    }
}
