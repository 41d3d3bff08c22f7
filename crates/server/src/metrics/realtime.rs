//! What is counted of real-time activity: sockets, subscriptions, taps and notifications.

use std::sync::Arc;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::cells::{Counts, Held};
use super::{Metrics, Up, labelled};

/// What became of a tap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TapOutcome {
    /// It waits for a socket.
    Queued,
    /// It took the place of one that waited.
    Merged,
    /// Too many waited.
    Dropped,
    /// Its connection leads to no socket.
    Nobody,
}

const TAP_OUTCOMES: [&str; 4] = ["queued", "merged", "dropped", "nobody"];

/// What became of a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoticeOutcome {
    /// It was written to a socket.
    Told,
    /// Nobody listened; it waits for a subscription.
    Waits,
    /// Nobody listened, and it is kept nowhere.
    Nobody,
    /// Too many waited for a socket, and it is kept nowhere.
    Dropped,
}

const NOTICE_OUTCOMES: [&str; 4] = ["told", "waits", "nobody", "dropped"];

/// How a socket ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SocketEnd {
    /// The service closed it.
    Closed,
    /// The client closed it, or the network.
    Gone,
    /// Nothing came for a minute.
    Dead,
    /// The client did not read.
    Stalled,
}

const SOCKET_ENDS: [&str; 4] = ["closed", "gone", "dead", "stalled"];

/// The counters of sockets.
#[derive(Debug)]
pub(super) struct RealTime {
    sockets_open: Gauge,
    sockets_ended: Arc<Counts<1>>,
    subscriptions: Gauge,
    taps: Arc<Counts<1>>,
    notices: Arc<Counts<1>>,
    resyncs: Counter,
    members_lost: Counter,
    change_streams: Gauge,
}

impl RealTime {
    pub(super) fn new() -> Self {
        Self {
            sockets_open: Gauge::default(),
            sockets_ended: labelled("end", &SOCKET_ENDS),
            subscriptions: Gauge::default(),
            taps: labelled("outcome", &TAP_OUTCOMES),
            notices: labelled("outcome", &NOTICE_OUTCOMES),
            resyncs: Counter::default(),
            members_lost: Counter::default(),
            change_streams: Gauge::default(),
        }
    }

    pub(super) fn register(&self, held: &mut Registry) {
        held.register(
            "rta_sockets_open",
            "Sockets that are open",
            self.sockets_open.clone(),
        );
        held.register(
            "rta_sockets_ended",
            "Sockets that have ended, by how",
            Held(Arc::clone(&self.sockets_ended)),
        );
        held.register(
            "rta_subscriptions",
            "Subscriptions of all sockets",
            self.subscriptions.clone(),
        );
        held.register(
            "rta_taps",
            "Taps of changed sessions, by what became of them",
            Held(Arc::clone(&self.taps)),
        );
        held.register(
            "rta_notifications",
            "Notifications of users, by what became of them",
            Held(Arc::clone(&self.notices)),
        );
        held.register(
            "rta_resyncs",
            "Times a client was told to read everything again",
            self.resyncs.clone(),
        );
        held.register(
            "rta_members_lost",
            "Members made inactive because their connection was lost",
            self.members_lost.clone(),
        );
        held.register(
            "change_streams_open",
            "Streams of a session's changes that are open",
            self.change_streams.clone(),
        );
    }
}

impl Metrics {
    /// Counts a stream of changes as open for as long as the value lives.
    pub(crate) fn change_stream_opened(&self) -> Up {
        Up::new(&self.realtime.change_streams)
    }

    /// Counts a socket as open for as long as the value lives.
    pub(crate) fn socket_opened(&self) -> Up {
        Up::new(&self.realtime.sockets_open)
    }

    /// Counts a socket that has ended.
    pub(crate) fn socket_ended(&self, end: SocketEnd) {
        self.realtime.sockets_ended.add(end as usize);
    }

    /// A socket has another number of subscriptions.
    pub(crate) fn subscriptions_changed(&self, before: usize, after: usize) {
        let count = |number| i64::try_from(number).unwrap_or(i64::MAX);
        self.realtime
            .subscriptions
            .inc_by(count(after) - count(before));
    }

    /// Counts a tap.
    pub(crate) fn tapped(&self, outcome: TapOutcome) {
        self.realtime.taps.add(outcome as usize);
    }

    /// Counts a notification.
    pub(crate) fn noticed(&self, outcome: NoticeOutcome) {
        self.realtime.notices.add(outcome as usize);
    }

    /// Counts a client that was told to read everything again.
    pub(crate) fn resynced(&self) {
        self.realtime.resyncs.inc();
    }

    /// Counts members that turned inactive because their connection was lost.
    pub(crate) fn members_lost(&self, members: usize) {
        self.realtime.members_lost.inc_by(members as u64);
    }
}
