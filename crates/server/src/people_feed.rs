//! What happens on people lists, told to whoever listens.
//!
//! Events are told after they are durable, at most once, and to listeners of this process only.
//! A listener that falls behind loses the oldest and learns that it did.

use convoke_wire::Xuid;
use convoke_wire::people::PeopleEvent;
use tokio::sync::broadcast::{self, Receiver, Sender};

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
pub struct PeopleFeed(Sender<PeopleChange>);

impl Default for PeopleFeed {
    fn default() -> Self {
        Self(broadcast::channel(CAPACITY).0)
    }
}

impl PeopleFeed {
    /// All changes from now on.
    pub fn subscribe(&self) -> Receiver<PeopleChange> {
        self.0.subscribe()
    }

    pub(crate) fn publish(&self, owner: Xuid, event: PeopleEvent) {
        // Nobody need be listening.
        let _ = self.0.send(PeopleChange { owner, event });
    }
}
