//! What others know of a socket, and no longer than it lives.

use std::collections::BTreeSet;
use std::sync::Arc;

use convoke_wire::{Sandbox, Xuid};
use uuid::Uuid;

use crate::auth::Principal;
use crate::commit::Directory;
use crate::metrics::Up;
use crate::realtime::RealTime;
use crate::realtime::mailbox::Mailbox;
use crate::realtime::owners::Owner;

/// What keeps others from knowing a socket longer than it lives.
pub(super) struct Place {
    directory: Arc<Directory>,
    owner: Owner,
    sandbox: Sandbox,
    pub(super) mailbox: Arc<Mailbox>,
    /// The connection that it stands for, while it is subscribed to it.
    connection: Option<Uuid>,
    /// The users whose notifications it is subscribed to.
    listening: BTreeSet<Xuid>,
    subscriptions: usize,
    _counted: Up,
}

impl Place {
    pub(super) fn take(directory: &Arc<Directory>, principal: &Principal) -> Self {
        let mailbox = Arc::<Mailbox>::default();
        let owner = Owner::of(principal);
        directory.realtime.owners.enter(owner.clone(), &mailbox);
        Self {
            owner,
            sandbox: principal.sandbox.clone(),
            mailbox,
            connection: None,
            listening: BTreeSet::new(),
            subscriptions: 0,
            _counted: directory.metrics.socket_opened(),
            directory: Arc::clone(directory),
        }
    }

    fn realtime(&self) -> &RealTime {
        &self.directory.realtime
    }

    /// The connection that the socket stands for: the same as long as it is subscribed to.
    pub(super) fn connect(&mut self) -> Uuid {
        if let Some(id) = self.connection {
            return id;
        }
        let id = self.directory.entropy.uuid();
        let now = self.directory.clock.now();
        let mailbox = Arc::clone(&self.mailbox);
        self.realtime().attachments.connect(id, mailbox, now);
        self.connection = Some(id);
        id
    }

    /// Nobody is subscribed to the connection any more, which is its loss. `Inferred:` handles 6.6
    pub(super) fn disconnect(&mut self) {
        if let Some(id) = self.connection.take() {
            let now = self.directory.clock.now();
            self.realtime().attachments.disconnect(id, now);
        }
    }

    /// These are the users whose notifications it is subscribed to now.
    pub(super) fn listen(&mut self, users: BTreeSet<Xuid>) {
        let audience = &self.realtime().audience;
        for xuid in self.listening.difference(&users) {
            audience.leave(&self.sandbox, *xuid, &self.mailbox);
        }
        for xuid in users.difference(&self.listening) {
            audience.enter(&self.sandbox, *xuid, &self.mailbox);
        }
        self.listening = users;
    }

    pub(super) fn count(&mut self, subscriptions: usize) {
        self.directory
            .metrics
            .subscriptions_changed(self.subscriptions, subscriptions);
        self.subscriptions = subscriptions;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.disconnect();
        self.listen(BTreeSet::new());
        self.count(0);
        self.realtime().owners.leave(&self.owner, &self.mailbox);
    }
}
