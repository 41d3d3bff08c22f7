//! Real-time activity: one connection that comes back by itself, and what it tells.
//!
//! | | |
//! |---|---|
//! | `event` | what a client is told |
//! | `queue` | what waits to be told; bounded |
//! | `seen` | which taps have been told |
//! | `socket` | the handshake, and frames |
//! | `link` | one socket with its subscriptions |
//! | `registry` | the sessions that are written again after a reconnect |
//! | `refresh` | that writing |
//! | `driver` | the task that owns all of it |

mod driver;
mod event;
mod link;
mod queue;
mod refresh;
mod registry;
mod seen;
mod socket;

use std::sync::Arc;
use std::time::Duration;

use convoke_wire::SessionRef;
use convoke_wire::rta::Resource;
use convoke_wire::session::change_type::ChangeType;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::change::Change;
use crate::client::Client;
use crate::error::Error;
use crate::session::RemoteSession;
use crate::written::{WriteMode, Written};
use driver::Driver;
pub use event::{Event, Tap};
use queue::Queue;
use registry::{Registry, Tracked};

/// Requests of callers that may wait for the connection. Ours.
const MAX_WAITING: usize = 64;
/// How often a session is written when the connection changes meanwhile. Ours.
const MAX_ENTRIES: usize = 3;

/// How a client shows who it is when it opens a socket. `[client]`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Opening {
    /// With its token in a header.
    #[default]
    Header,
    /// With a number for one use in the address, for places where sockets have no headers.
    Nonce,
}

/// How patiently a client keeps its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RealTimeOptions {
    /// How it shows who it is.
    pub opening: Opening,
    /// The first wait before connecting again; it doubles with every failure.
    pub first_wait: Duration,
    /// The longest wait.
    pub max_wait: Duration,
    /// Failures in a row after which it is given up.
    pub max_attempts: u32,
    /// The age at which a connection is replaced before the service ends it. `[client]`
    pub rotate_after: Duration,
    /// How long the service may take to answer.
    pub answer_timeout: Duration,
    /// How long nothing may come before the service is asked whether it is there.
    pub max_quiet: Duration,
    /// Events that wait for the caller; when there are more, they make way for [`Event::Resync`].
    pub max_events: usize,
}

impl Default for RealTimeOptions {
    /// The service ends connections after two hours, and libraries replace theirs after 90 minutes;
    /// they wait 15 s for an answer. `[doc]` `[client]` The rest is ours.
    fn default() -> Self {
        Self {
            opening: Opening::default(),
            first_wait: Duration::from_millis(500),
            max_wait: Duration::from_secs(30),
            max_attempts: 20,
            rotate_after: Duration::from_mins(90),
            answer_timeout: Duration::from_secs(15),
            max_quiet: Duration::from_secs(30),
            max_events: 256,
        }
    }
}

/// A subscription; the same after a reconnect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubscriptionKey(u64);

/// A real-time connection. It ends when [`RealTime::close`] is called, or the last clone is dropped.
#[derive(Debug, Clone)]
pub struct RealTime {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    client: Client,
    commands: mpsc::Sender<Command>,
    registry: Arc<Registry>,
    connection: watch::Receiver<Option<Uuid>>,
    tasks: TaskTracker,
    closing: CancellationToken,
    _closing: DropGuard,
}

/// What a connection tells, in order.
#[derive(Debug)]
pub struct Events {
    queue: Arc<Queue>,
}

#[derive(Debug)]
enum Command {
    Subscribe(Resource, oneshot::Sender<Result<SubscriptionKey, Error>>),
    Unsubscribe(SubscriptionKey, oneshot::Sender<Result<(), Error>>),
    Reconnect,
}

impl Client {
    /// Opens a real-time connection.
    ///
    /// The first attempt is the only one: its error is the caller's. From then on the connection
    /// comes back by itself.
    pub async fn connect(&self, options: RealTimeOptions) -> Result<(RealTime, Events), Error> {
        let queue = Arc::new(Queue::new(options.max_events));
        let registry = Arc::<Registry>::default();
        let (commands, waiting) = mpsc::channel(MAX_WAITING);
        let (connected, connection) = watch::channel(None);
        let closing = CancellationToken::new();
        let mut driver = Driver::new(
            self.clone(),
            options,
            Arc::clone(&queue),
            Arc::clone(&registry),
            connected,
            closing.clone(),
        );
        let link = driver.bring_up().await?;
        let tasks = TaskTracker::new();
        tasks.spawn(driver.drive(link, waiting));
        tasks.close();
        let inner = Inner {
            client: self.clone(),
            commands,
            registry,
            connection,
            tasks,
            _closing: closing.clone().drop_guard(),
            closing,
        };
        let realtime = RealTime {
            inner: Arc::new(inner),
        };
        Ok((realtime, Events { queue }))
    }
}

impl RealTime {
    /// The id that members write as their connection; `None` while there is none.
    pub fn connection(&self) -> Option<Uuid> {
        *self.inner.connection.borrow()
    }

    /// The same, when there is one.
    pub async fn connected(&self) -> Result<Uuid, Error> {
        let mut connection = self.inner.connection.clone();
        tokio::select! {
            biased;
            () = self.inner.closing.cancelled() => Err(Error::Closed),
            id = connection.wait_for(Option::is_some) => {
                id.map_err(|_| Error::Closed)?.ok_or(Error::Closed)
            }
        }
    }

    /// Subscribes to a resource, now and after every reconnect.
    pub async fn subscribe(&self, resource: Resource) -> Result<SubscriptionKey, Error> {
        self.ask(|reply| Command::Subscribe(resource, reply)).await
    }

    /// Ends a subscription. It is no error if there is none.
    pub async fn unsubscribe(&self, key: SubscriptionKey) -> Result<(), Error> {
        self.ask(|reply| Command::Unsubscribe(key, reply)).await
    }

    /// Writes a session as an active member over this connection, subscribed to these changes, and
    /// does so again with every new connection, until [`RealTime::leave`] or [`Event::Lost`].
    ///
    /// `change` is what else is to be written this time.
    pub async fn enter(
        &self,
        session: &RemoteSession,
        mode: WriteMode,
        change: Change,
        kinds: &[ChangeType],
    ) -> Result<Written, Error> {
        let id = self.inner.client.shared.environment.uuid();
        let subscription = (!kinds.is_empty()).then(|| (id, kinds.to_vec()));
        let tracked = Tracked {
            session: session.clone(),
            subscription,
        };
        let mut connection = self.connected().await?;
        let first = tracked.add_to(change, connection);
        // Before the write, so that a connection that changes during it is seen there or here.
        let registered = self.inner.registry.add(tracked.clone())?;
        let _turn = registered.turn.lock().await;
        let mut written = session.write(mode, first).await;
        for _ in 0..MAX_ENTRIES {
            if !matches!(&written, Ok(it) if it.is_done()) {
                break;
            }
            if self.connection().is_none_or(|now| now == connection) {
                return written;
            }
            connection = self.connected().await?;
            let again = tracked.add_to(Change::new(), connection);
            written = session.change(again).await;
        }
        if !matches!(&written, Ok(it) if it.is_done()) {
            self.inner.registry.remove(session.reference());
        }
        written
    }

    /// Joins an existing session; [`RealTime::enter`] with nothing else to write.
    pub async fn join(
        &self,
        session: &RemoteSession,
        kinds: &[ChangeType],
    ) -> Result<Written, Error> {
        self.enter(session, WriteMode::UpdateExisting, Change::new(), kinds)
            .await
    }

    /// Leaves a session, and writes it no more.
    pub async fn leave(&self, session: &RemoteSession) -> Result<Written, Error> {
        let Some(registered) = self.inner.registry.remove(session.reference()) else {
            return session.leave().await;
        };
        // Whatever is being written would have the caller join again if it came after the leave.
        let _turn = registered.turn.lock().await;
        session.leave().await
    }

    /// Has a session that was written otherwise be written again with every new connection.
    pub fn track(
        &self,
        session: RemoteSession,
        subscription: Option<(Uuid, Vec<ChangeType>)>,
    ) -> Result<(), Error> {
        let tracked = Tracked {
            session,
            subscription,
        };
        self.inner.registry.add(tracked).map(drop)
    }

    /// Has it be written no more. A write that is on its way may still come: who wants to be out of the
    /// session calls [`RealTime::leave`].
    pub fn untrack(&self, session: &SessionRef) {
        self.inner.registry.remove(session);
    }

    /// Drops the connection without closing it and makes another one, as when it is lost: for callers
    /// who know that the network has changed, and for trials.
    pub async fn reconnect(&self) -> Result<(), Error> {
        let sent = self.inner.commands.send(Command::Reconnect).await;
        sent.map_err(|_| Error::Closed)
    }

    /// Closes the connection and waits until nothing is left of it.
    pub async fn close(self) {
        self.inner.closing.cancel();
        self.inner.tasks.wait().await;
    }

    async fn ask<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<Result<T, Error>>) -> Command,
    ) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        let sent = self.inner.commands.send(command(reply)).await;
        sent.map_err(|_| Error::Closed)?;
        answer.await.map_err(|_| Error::Closed)?
    }
}

impl Events {
    /// The next event; `None` when the connection is closed for good and everything was told.
    pub async fn next(&mut self) -> Option<Event> {
        self.queue.next().await
    }
}
