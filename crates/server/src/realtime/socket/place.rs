//! What others know of a socket, and no longer than it lives.

use std::collections::HashSet;
use std::sync::Arc;

use convoke_wire::{Sandbox, Xuid};
use uuid::Uuid;

use crate::auth::Principal;
use crate::commit::Directory;
use crate::metrics::Up;
use crate::realtime::RealTime;
use crate::realtime::listeners::Listening;
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
    /// To the people lists that it is subscribed to.
    people: Listening<Xuid>,
    /// To the users whose notifications it is subscribed to.
    notifications: Listening<(Sandbox, Xuid)>,
    subscriptions: usize,
    _counted: Up,
}

impl Place {
    pub(super) fn take(directory: &Arc<Directory>, principal: &Principal) -> Self {
        let mailbox = Arc::<Mailbox>::default();
        let owner = Owner::of(principal);
        let realtime = &directory.realtime;
        realtime.owners.enter(owner.clone(), &mailbox);
        Self {
            people: Listening::new(&realtime.people, &mailbox),
            notifications: Listening::new(&realtime.audience, &mailbox),
            owner,
            sandbox: principal.sandbox.clone(),
            mailbox,
            connection: None,
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

    /// These are the users whose people lists and whose notifications it is subscribed to now.
    pub(super) fn listen(&mut self, people: HashSet<Xuid>, notified: HashSet<Xuid>) {
        self.people.listen(people);
        let notified = notified.into_iter();
        let here = notified.map(|xuid| (self.sandbox.clone(), xuid));
        self.notifications.listen(here.collect());
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
        self.count(0);
        self.realtime().owners.leave(&self.owner, &self.mailbox);
    }
}
