//! What happens on people lists, told to whoever listens: sockets, and the process itself.
//!
//! Events are told after they are durable, at most once, and to listeners of this process only.
//! A listener that falls behind loses the oldest and learns that it did.

use std::sync::Arc;

use convoke_wire::Xuid;
use convoke_wire::people::PeopleEvent;
use tokio::sync::broadcast::{self, Receiver, Sender};

use crate::realtime::RealTime;

/// Events that are kept for listeners who have not read them yet.
const CAPACITY: usize = 1024;

/// An event and whose list it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeopleChange {
    /// Whose list.
    pub owner: Xuid,
    /// What happened, as the friends resource of the owner tells it.
    pub event: PeopleEvent,
}

/// Where changes are published.
#[derive(Debug)]
pub struct PeopleFeed {
    changes: Sender<PeopleChange>,
    realtime: Arc<RealTime>,
}

impl PeopleFeed {
    pub(crate) fn new(realtime: Arc<RealTime>) -> Self {
        Self {
            changes: broadcast::channel(CAPACITY).0,
            realtime,
        }
    }

    /// All changes from now on.
    pub fn subscribe(&self) -> Receiver<PeopleChange> {
        self.changes.subscribe()
    }

    pub(crate) fn publish(&self, change: PeopleChange) {
        self.realtime.people_changed(&change);
        // Nobody need be listening.
        let _ = self.changes.send(change);
    }
}
