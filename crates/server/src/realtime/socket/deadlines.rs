//! When a socket does something by itself: asks whether the client is there, has it read everything
//! again, ends.

use std::future::pending;

use convoke_wire::rta::CloseReason;
use jiff::{SignedDuration, Timestamp};

use crate::auth::Principal;
use crate::clock::{Clock, Sleep, later};
use crate::lifetime;

/// How long nothing may come before the client is asked whether it is there. `Inferred:` handles 7.5
const PING_AFTER: SignedDuration = SignedDuration::from_secs(20);
/// Questions without an answer after which it is not: nothing has come for a minute then.
const MAX_UNANSWERED: u32 = 2;
/// Time between two requests to read everything again. `Inferred:` handles 7.6
const RESYNC_PAUSE: SignedDuration = SignedDuration::from_secs(60);

/// When a socket does something by itself.
pub(super) struct Deadlines {
    end: (Timestamp, CloseReason),
    ping: Timestamp,
    unanswered: u32,
    /// When the client may be told again that it has missed something.
    resync: Timestamp,
    /// It has.
    missed: bool,
}

/// Whether the client is to be asked if it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asking {
    /// Something has come lately.
    NotYet,
    /// Now.
    Now,
    /// It has been asked in vain.
    InVain,
}

impl Deadlines {
    pub(super) fn new(principal: &Principal, now: Timestamp) -> Self {
        let (age, token) = (CloseReason::Lifetime, CloseReason::TokenExpired);
        Self {
            end: lifetime::end(principal.expires, now, age, token),
            ping: later(now, PING_AFTER),
            unanswered: 0,
            resync: now,
            missed: false,
        }
    }

    /// When there is something to do next.
    pub(super) fn earliest(&self) -> Timestamp {
        let resync = self.missed.then_some(self.resync);
        let other = resync.map_or(self.ping, |resync| resync.min(self.ping));
        other.min(self.end.0)
    }

    /// Why the socket's time is over, once it is.
    pub(super) fn over(&self, now: Timestamp) -> Option<CloseReason> {
        let (end, reason) = self.end;
        (end <= now).then_some(reason)
    }

    /// Something has come from the client.
    pub(super) fn heard(&mut self, now: Timestamp) {
        self.unanswered = 0;
        self.ping = later(now, PING_AFTER);
    }

    /// Whether the client is to be asked if it is there, which counts as done.
    pub(super) fn ask(&mut self, now: Timestamp) -> Asking {
        if now < self.ping {
            return Asking::NotYet;
        }
        if MAX_UNANSWERED <= self.unanswered {
            return Asking::InVain;
        }
        self.unanswered += 1;
        self.ping = later(now, PING_AFTER);
        Asking::Now
    }

    /// The client has missed something.
    pub(super) fn missed(&mut self) {
        self.missed = true;
    }

    /// Whether the client is to read everything again, which counts as done.
    pub(super) fn resync(&mut self, now: Timestamp) -> bool {
        let due = self.missed && self.resync <= now;
        if due {
            self.missed = false;
            self.resync = later(now, RESYNC_PAUSE);
        }
        due
    }
}

/// Waits for the earliest deadline; set again at no cost while that stays the same.
pub(super) struct Alarm(Option<(Timestamp, Sleep)>);

impl Alarm {
    pub(super) fn none() -> Self {
        Self(None)
    }

    /// Has it ring at a moment, whatever it was set to.
    pub(super) fn set(&mut self, at: Timestamp, clock: &dyn Clock) {
        if self.0.as_ref().is_none_or(|(set, _)| *set != at) {
            self.0 = Some((at, clock.sleep_until(at)));
        }
    }

    /// Waits for the moment; it is then no longer set.
    pub(super) async fn rings(&mut self) {
        match &mut self.0 {
            Some((_, sleep)) => sleep.await,
            None => pending().await,
        }
        self.0 = None;
    }
}
