//! The task that keeps a connection: hears and asks over the socket, connects again when it is gone,
//! replaces it before the service ends it, and has sessions written again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use convoke_wire::json::read_answer;
use convoke_wire::notification::{ActivityInviteEvent, InviteEvent};
use convoke_wire::rta::{ErrorCode, Resource, TapEvent};
use convoke_wire::{RawJson, SessionRef};
use jiff::Timestamp;
use reqwest::StatusCode;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::event::{Event, Tap};
use super::link::{About, Link, Meaning, later};
use super::queue::Queue;
use super::refresh::{Refreshed, refresh};
use super::registry::Registry;
use super::seen::Seen;
use super::socket::Heard;
use super::{Command, RealTimeOptions, SubscriptionKey};
use crate::client::Client;
use crate::error::Error;
use crate::retry::backoff;

/// Most subscriptions. Ours: the service has limits of its own for each kind.
const MAX_SUBSCRIPTIONS: usize = 1000;
/// Pings without an answer after which the service is not there.
const MAX_UNANSWERED: u32 = 2;
/// How long the service may take to close after the client has. Ours.
const GOODBYE: Duration = Duration::from_secs(2);
/// How long to wait before a connection is replaced after that has failed. Ours.
const ROTATE_AGAIN: Duration = Duration::from_mins(1);
/// How often a subscription is asked for again when the service has no time for it. Ours.
const MAX_SUBSCRIBE_ATTEMPTS: u32 = 8;

pub(super) struct Driver {
    client: Client,
    options: RealTimeOptions,
    queue: Arc<Queue>,
    registry: Arc<Registry>,
    connected: watch::Sender<Option<Uuid>>,
    closing: CancellationToken,
    subscriptions: BTreeMap<SubscriptionKey, Resource>,
    next_key: u64,
    seen: Seen,
    refreshing: JoinSet<Option<Refreshed>>,
    /// Subscriptions that are asked for again at some time.
    postponed: Vec<(Timestamp, SubscriptionKey, u32)>,
}

/// Why a link is no longer used.
enum End {
    /// The caller wants no connection any more.
    Closed,
    /// It is gone.
    Gone(String),
}

impl Driver {
    pub(super) fn new(
        client: Client,
        options: RealTimeOptions,
        queue: Arc<Queue>,
        registry: Arc<Registry>,
        connected: watch::Sender<Option<Uuid>>,
        closing: CancellationToken,
    ) -> Self {
        Self {
            client,
            options,
            queue,
            registry,
            connected,
            closing,
            subscriptions: BTreeMap::new(),
            next_key: 0,
            seen: Seen::default(),
            refreshing: JoinSet::new(),
            postponed: Vec::new(),
        }
    }

    /// Keeps the connection until it is closed or given up.
    pub(super) async fn drive(mut self, first: Link, mut commands: mpsc::Receiver<Command>) {
        let mut link = first;
        loop {
            match self.live(&mut link, &mut commands).await {
                End::Closed => {
                    self.retire(link).await;
                    break;
                }
                End::Gone(reason) => {
                    tracing::debug!(reason, "the real-time connection is gone");
                    drop(link);
                    self.connected.send_replace(None);
                    self.queue.push(Event::Disconnected { reason });
                }
            }
            match self.connect_again().await {
                Ok(Some(next)) => link = next,
                Ok(None) => break,
                Err(error) => {
                    self.queue.push(Event::GivenUp { error });
                    break;
                }
            }
        }
        self.connected.send_replace(None);
        // Whoever waits for another connection, and has a session's turn, waits no longer.
        self.closing.cancel();
        // What is on its way to the service is waited for, so that nothing comes after the end.
        while self.refreshing.join_next().await.is_some() {}
        self.queue.close();
    }

    /// A connection with all that was there before. Callers may use it from then on.
    pub(super) async fn bring_up(&mut self) -> Result<Link, Error> {
        let limit = self.options.answer_timeout;
        let mut link = Link::open(&self.client, self.options.opening, limit).await?;
        let environment = Arc::clone(&self.client.shared.environment);
        let (whole, chance) = (self.options.rotate_after, environment.random());
        // Clients that began together do not all come back together: up to a tenth earlier.
        let early = whole / 10_240 * u32::try_from(chance % 1024).unwrap_or(0);
        link.rotate_at = later(environment.now(), whole.saturating_sub(early));
        self.postponed.clear();
        for (key, resource) in &self.subscriptions {
            let (uri, about) = (resource.to_string(), About::Again(*key, 1));
            let asked = link.subscribe(uri, about, &*environment, limit).await;
            asked.map_err(|_| Error::Handshake("the socket broke off at once"))?;
        }
        self.queue.push(Event::Connected {
            connection: link.connection,
        });
        self.connected.send_replace(Some(link.connection));
        for registered in self.registry.list() {
            self.refreshing.spawn(refresh(
                registered,
                link.connection,
                Arc::clone(&self.registry),
                self.connected.subscribe(),
                Arc::clone(&environment),
            ));
        }
        Ok(link)
    }

    async fn live(&mut self, link: &mut Link, commands: &mut mpsc::Receiver<Command>) -> End {
        loop {
            let environment = Arc::clone(&self.client.shared.environment);
            let wait = self.next_time(link).duration_since(environment.now());
            let wait = Duration::try_from(wait).unwrap_or(Duration::ZERO);
            let step = tokio::select! {
                biased;
                () = self.closing.cancelled() => return End::Closed,
                () = environment.sleep(wait) => self.time_has_come(link).await,
                Some(done) = self.refreshing.join_next() => {
                    if let Ok(Some(refreshed)) = done {
                        self.tell_refreshed(refreshed);
                    }
                    Ok(())
                }
                heard = link.socket.hear() => self.heard(link, heard),
                Some(command) = commands.recv(), if !link.is_busy() => {
                    self.obey(link, command).await
                }
            };
            if let Err(reason) = step {
                return End::Gone(reason);
            }
        }
    }

    /// When something has to be done although nothing comes.
    fn next_time(&self, link: &Link) -> Timestamp {
        let quiet = self.options.max_quiet.saturating_mul(link.unanswered + 1);
        let postponed = self.postponed.iter().map(|(time, ..)| *time);
        let others = link.earliest_deadline().into_iter().chain(postponed);
        let first = later(link.heard, quiet).min(link.rotate_at);
        others.fold(first, Timestamp::min)
    }

    async fn time_has_come(&mut self, link: &mut Link) -> Result<(), String> {
        let environment = Arc::clone(&self.client.shared.environment);
        let (now, limit) = (environment.now(), self.options.answer_timeout);
        for about in link.overdue(now) {
            self.unanswered(about, limit);
        }
        let (due, left) = std::mem::take(&mut self.postponed)
            .into_iter()
            .partition(|(time, ..)| *time <= now);
        self.postponed = left;
        let due: Vec<(Timestamp, SubscriptionKey, u32)> = due;
        for (_, key, attempt) in due {
            if let Some(resource) = self.subscriptions.get(&key) {
                let (uri, about) = (resource.to_string(), About::Again(key, attempt));
                link.subscribe(uri, about, &*environment, limit).await?;
            }
        }
        let quiet = self.options.max_quiet.saturating_mul(link.unanswered + 1);
        if later(link.heard, quiet) <= now {
            if MAX_UNANSWERED <= link.unanswered {
                return Err("the service does not answer".to_owned());
            }
            link.unanswered += 1;
            link.socket.ping(&*environment, limit).await?;
        }
        if link.rotate_at <= now {
            self.rotate(link, now).await;
        }
        Ok(())
    }

    /// Replaces a connection by a new one, before anybody notices.
    async fn rotate(&mut self, link: &mut Link, now: Timestamp) {
        // Answers that are on their way come over the old one.
        if !link.is_settled() {
            link.rotate_at = later(now, self.options.answer_timeout);
            return;
        }
        match self.bring_up().await {
            Ok(next) => {
                let old = std::mem::replace(link, next);
                self.retire(old).await;
            }
            Err(error) => {
                tracing::debug!(%error, "the real-time connection could not be replaced yet");
                link.rotate_at = later(now, ROTATE_AGAIN);
            }
        }
    }

    /// Closes a connection, and hears what is still on its way.
    async fn retire(&mut self, mut link: Link) {
        let environment = Arc::clone(&self.client.shared.environment);
        let said = link.socket.say_goodbye(&*environment, GOODBYE).await;
        if said.is_err() {
            return;
        }
        let mut over = environment.sleep(GOODBYE);
        loop {
            let heard = tokio::select! {
                biased;
                heard = link.socket.hear() => heard,
                () = &mut over => return,
            };
            match heard {
                Heard::Frame(frame) => {
                    let meaning = link.meaning(frame);
                    self.tell(meaning);
                }
                Heard::Life => {}
                Heard::End(_) => return,
            }
        }
    }

    /// A new connection, however long it takes; `None` when the caller wants none any more.
    async fn connect_again(&mut self) -> Result<Option<Link>, Error> {
        let environment = Arc::clone(&self.client.shared.environment);
        let closing = self.closing.clone();
        let mut attempt = 1;
        loop {
            let RealTimeOptions {
                first_wait,
                max_wait,
                max_attempts,
                ..
            } = self.options;
            let wait = backoff(first_wait, max_wait, attempt, environment.random());
            let next = tokio::select! {
                biased;
                () = closing.cancelled() => return Ok(None),
                next = async {
                    environment.sleep(wait).await;
                    self.bring_up().await
                } => next,
            };
            match next {
                Ok(link) => return Ok(Some(link)),
                Err(error) if is_final(&error) || max_attempts <= attempt => return Err(error),
                Err(error) => {
                    tracing::debug!(%error, attempt, "no real-time connection yet");
                    attempt += 1;
                }
            }
        }
    }

    fn heard(&mut self, link: &mut Link, heard: Heard) -> Result<(), String> {
        let frame = match heard {
            Heard::Frame(frame) => Some(frame),
            Heard::Life => None,
            Heard::End(reason) => return Err(reason),
        };
        link.heard = self.client.shared.environment.now();
        link.unanswered = 0;
        if let Some(frame) = frame {
            let meaning = link.meaning(frame);
            self.tell(meaning);
        }
        Ok(())
    }

    async fn obey(&mut self, link: &mut Link, command: Command) -> Result<(), String> {
        let environment = Arc::clone(&self.client.shared.environment);
        let limit = self.options.answer_timeout;
        match command {
            Command::Subscribe(resource, reply) => {
                if MAX_SUBSCRIPTIONS <= self.subscriptions.len() {
                    // Whoever asked may have gone away.
                    let _ = reply.send(Err(Error::TooMany(MAX_SUBSCRIPTIONS)));
                    return Ok(());
                }
                let key = SubscriptionKey(self.next_key);
                self.next_key += 1;
                let uri = resource.to_string();
                let about = About::Subscribe(key, resource, reply);
                link.subscribe(uri, about, &*environment, limit).await
            }
            Command::Reconnect => Err("the caller wants another one".to_owned()),
            Command::Unsubscribe(key, reply) => {
                self.subscriptions.remove(&key);
                link.unsubscribe(key, reply, &*environment, limit).await
            }
        }
    }

    fn tell(&mut self, meaning: Meaning) {
        match meaning {
            Meaning::Taps(data) => self.tell_taps(&data),
            Meaning::Data(key, data) => self.tell_data(key, data),
            Meaning::Answered(about, code) => self.answered(about, code),
            Meaning::Resync => self.queue.push(Event::Resync),
            Meaning::Nothing => {}
        }
    }

    fn tell_taps(&mut self, data: &RawJson) {
        let Ok(event) = read_answer::<TapEvent>(data.text().as_bytes()) else {
            tracing::debug!("an event that is no tap is passed over");
            return;
        };
        for tap in event.shoulder_taps {
            let Some(session) = SessionRef::from_resource(&tap.resource) else {
                continue;
            };
            let tap = Tap {
                session,
                branch: tap.branch,
                change_number: tap.change_number,
                timestamp: tap.timestamp,
                subscription: tap.subscription.as_deref().map(str::to_owned),
            };
            if self.seen.is_news(&tap) {
                self.queue.push(Event::Tapped(tap));
            }
        }
    }

    fn tell_data(&self, key: SubscriptionKey, data: RawJson) {
        let Some(resource) = self.subscriptions.get(&key).cloned() else {
            return;
        };
        self.queue
            .push(notice(&resource, &data).unwrap_or(Event::Data {
                subscription: key,
                resource,
                data,
            }));
    }

    fn answered(&mut self, about: About, code: Option<ErrorCode>) {
        // Whoever asked may have gone away, so the results of sending are nobody's business.
        match (about, code) {
            (About::Subscribe(key, resource, reply), None) => {
                self.subscriptions.insert(key, resource);
                let _ = reply.send(Ok(key));
            }
            (About::Subscribe(_, _, reply), Some(code)) => {
                let _ = reply.send(Err(Error::Subscription(code)));
            }
            (About::Again(..), None) => {}
            (About::Again(key, attempt), Some(code)) => self.refused_again(key, attempt, code),
            // One that the service does not know has ended, too.
            (About::Unsubscribe(reply), _) => {
                let _ = reply.send(Ok(()));
            }
        }
    }

    fn refused_again(&mut self, key: SubscriptionKey, attempt: u32, code: ErrorCode) {
        let is_busy = matches!(code, ErrorCode::Throttled | ErrorCode::ServiceUnavailable);
        if is_busy && attempt < MAX_SUBSCRIBE_ATTEMPTS {
            let environment = &self.client.shared.environment;
            let RealTimeOptions {
                first_wait,
                max_wait,
                ..
            } = self.options;
            let wait = backoff(first_wait, max_wait, attempt, environment.random());
            let time = later(environment.now(), wait);
            self.postponed.push((time, key, attempt + 1));
        } else if self.subscriptions.remove(&key).is_some() {
            self.queue.push(Event::Unsubscribed {
                subscription: key,
                code,
            });
        }
    }

    fn unanswered(&mut self, about: About, limit: Duration) {
        match about {
            About::Subscribe(_, _, reply) => {
                let _ = reply.send(Err(Error::Silent(limit)));
            }
            About::Again(key, attempt) => {
                self.refused_again(key, attempt, ErrorCode::ServiceUnavailable);
            }
            About::Unsubscribe(reply) => {
                let _ = reply.send(Ok(()));
            }
        }
    }

    fn tell_refreshed(&self, refreshed: Refreshed) {
        let Refreshed {
            entry,
            session,
            connection,
            result,
        } = refreshed;
        let is_current = *self.connected.borrow() == Some(connection);
        if !is_current || !self.registry.has(&session, entry) {
            return;
        }
        self.queue.push(match result {
            Ok(snapshot) => Event::Refreshed { session, snapshot },
            Err(error) if error.is_temporary() => Event::NotRefreshed { session, error },
            Err(error) => {
                self.registry.remove(&session);
                Event::Lost { session, error }
            }
        });
    }
}

/// What the data of a resource means, if this client knows.
fn notice(resource: &Resource, data: &RawJson) -> Option<Event> {
    if !matches!(resource, Resource::Notifications { .. }) {
        return None;
    }
    let bytes = data.text().as_bytes();
    if let Ok(invite) = read_answer::<InviteEvent>(bytes) {
        return Some(Event::Invited(Box::new(invite)));
    }
    let invite = read_answer::<ActivityInviteEvent>(bytes).ok()?;
    Some(Event::InvitedToActivity(Box::new(invite)))
}

/// Whether connecting again cannot succeed: the service knows the caller and wants no socket.
fn is_final(error: &Error) -> bool {
    match error {
        Error::NoToken(_) | Error::Setup(_) => true,
        Error::Refused(refusal) => {
            refusal.status.is_client_error() && refusal.status != StatusCode::TOO_MANY_REQUESTS
        }
        _ => false,
    }
}
