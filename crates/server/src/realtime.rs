//! Real time: sockets, the connections they stand for, and how sessions tap them.
//!
//! | | |
//! |---|---|
//! | `opening` | what makes a request a socket |
//! | `nonces` | opening one without a header |
//! | `socket` | its life: frames in, frames out, pings, deadlines |
//! | `subscriptions` | what a socket is subscribed to, and its limits |
//! | `mailbox` | what waits to be told to a socket; bounded |
//! | `listeners` | who listens for changes of people lists, and for notifications |
//! | `invitations` | which invitations to sessions are told, and to whom |
//! | `notices` | what is told to whoever listens, and kept nowhere |
//! | `attachments` | which sessions depend on a connection, and which tap it |
//! | `losses` | what happens when a connection is lost |
//!
//! Not here: the frames themselves (`convoke_wire::rta`), and who is tapped by a change
//! (`convoke_core::session::taps`).

mod attachments;
pub(crate) mod invitations;
mod listeners;
pub(crate) mod losses;
mod mailbox;
mod nonces;
mod notices;
mod opening;
mod owners;
mod socket;
mod subscriptions;

use std::sync::Arc;

use convoke_core::session::Session;
use convoke_core::session::connections::changes;
use convoke_core::session::taps::{Taps, taps};
use convoke_wire::{Sandbox, SessionKey, Xuid};
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::config::RealTimeConfig;
use crate::metrics::{Metrics, TapOutcome};
use crate::people_feed::PeopleChange;

pub(crate) use attachments::{Attachments, Place};
use invitations::Inviters;
use listeners::Listeners;
use mailbox::Posted;
use nonces::Nonces;
pub(crate) use notices::Notice;
pub(crate) use opening::{Opening, identity, open};
use owners::Owners;
pub(crate) use socket::serve;

/// All sockets and connections of the service.
#[derive(Debug)]
pub(crate) struct RealTime {
    pub(crate) nonces: Nonces,
    pub(crate) attachments: Arc<Attachments>,
    owners: Owners,
    /// For changes of a user's people list.
    people: Arc<Listeners<Xuid>>,
    /// For a user's notifications, whichever the title.
    audience: Arc<Listeners<(Sandbox, Xuid)>>,
    inviters: Inviters,
    metrics: Arc<Metrics>,
    closing: Closing,
    stopping: CancellationToken,
}

/// How the service closes sockets whose time is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Closing {
    /// With a close frame.
    Politely,
    /// Without one, which makes some clients connect again.
    Abruptly,
}

impl RealTime {
    /// No socket is open yet.
    pub(crate) fn new(config: &RealTimeConfig, metrics: Arc<Metrics>) -> Self {
        let grace = SignedDuration::from_secs(i64::from(config.disconnect_grace));
        Self {
            nonces: Nonces::default(),
            attachments: Arc::new(Attachments::new(grace)),
            owners: Owners::default(),
            people: Arc::default(),
            audience: Arc::default(),
            inviters: Inviters::default(),
            metrics,
            closing: if config.abrupt_close {
                Closing::Abruptly
            } else {
                Closing::Politely
            },
            stopping: CancellationToken::new(),
        }
    }

    /// A session was read from the store: nobody is connected yet, so all its connections are lost
    /// unless their members write new ones in time.
    pub(crate) fn restored(&self, key: &SessionKey, session: &Session, now: Timestamp) {
        self.followed(key, None, Some(session), now);
    }

    /// Another process has changed a session, and tells of it.
    pub(crate) fn followed(
        &self,
        key: &SessionKey,
        before: Option<&Session>,
        after: Option<&Session>,
        now: Timestamp,
    ) {
        self.attachments.apply(key, &changes(before, after), now);
    }

    /// A change has been published. To be called before the next one of the same session begins, so
    /// that its taps come in order.
    pub(crate) fn published(
        &self,
        key: &SessionKey,
        before: Option<&Session>,
        after: Option<&Session>,
        now: Timestamp,
    ) {
        self.followed(key, before, after, now);
        if let Some(taps) = taps(before, after) {
            self.tap(&taps, now);
        }
    }

    /// A change of a people list is durable: whoever listens is told.
    pub(crate) fn people_changed(&self, change: &PeopleChange) {
        for mailbox in self.people.of(&change.owner) {
            mailbox.post_people(change.clone());
        }
    }

    fn tap(&self, taps: &Taps, committed: Timestamp) {
        for (tap, told) in taps.shoulder_taps(committed) {
            let outcome = match self.attachments.mailbox(tap.connection) {
                None => TapOutcome::Nobody,
                Some(mailbox) => match mailbox.post(tap.member, told) {
                    Posted::Queued => TapOutcome::Queued,
                    Posted::Merged => TapOutcome::Merged,
                    Posted::Dropped => TapOutcome::Dropped,
                },
            };
            self.metrics.tapped(outcome);
        }
    }

    /// A place for a session among the `most` that tap a connection, if one is free.
    pub(crate) fn place(
        &self,
        connection: Uuid,
        session: &SessionKey,
        most: usize,
    ) -> Option<Place> {
        self.attachments.place(connection, session, most)
    }

    /// Returns when the service stops.
    pub(crate) async fn stopping(&self) {
        self.stopping.cancelled().await;
    }

    /// Has every socket close, and those that are only being opened.
    pub(crate) fn stop(&self) {
        self.stopping.cancel();
    }
}
