//! The life of one socket: what is asked over it, what it is told, and when it ends.
//!
//! One task reads and writes, so that a client which does not read is not read from either.
//!
//! | | |
//! |---|---|
//! | `deadlines` | when it does something by itself |
//! | `invitations` | what its users are told of invitations |
//! | `place` | what others know of it |

mod deadlines;
mod invitations;
mod place;

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use convoke_wire::rta::{
    ClientMessage, CloseReason, ConnectionData, ErrorCode, MAX_FRAME_BYTES, Resource, ServerFrame,
    ShoulderTap, TapEvent,
};
use convoke_wire::{HandleId, RawJson};
use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::error::{CapacityError, Error};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};

use super::mailbox::Post;
use super::subscriptions::Subscriptions;
use super::{Closing, Opening};
use crate::auth::Principal;
use crate::commit::Directory;
use crate::metrics::SocketEnd;
use crate::people_feed::PeopleChange;
use crate::shared::Shared;
use crate::when_woken::WhenWoken;
use deadlines::{Alarm, Asking, Deadlines};
use place::Place;

/// How long the client may take to read what it is told. Ours.
const WRITE_TIMEOUT: Duration = Duration::from_secs(20);
/// How long the client may take to end the connection after it was told. Ours.
const LINGER: Duration = Duration::from_secs(5);
/// Most bytes that are thrown away meanwhile. Ours.
const MAX_LINGERING_BYTES: usize = 1024 * 1024;
/// Most taps in one frame. Ours.
const MAX_TAPS_PER_EVENT: usize = 64;
/// Bytes that are read at a time: frames of clients are short, and idle sockets many.
const READ_BUFFER: usize = 1024;

/// Serves a socket until it ends.
pub(crate) async fn serve(shared: Arc<Shared>, opening: Opening) {
    let directory = Arc::clone(&shared.directory);
    let realtime = Arc::clone(&directory.realtime);
    let io = match opening.upgrade.await {
        Ok(upgraded) => TokioIo::new(upgraded),
        Err(error) => {
            tracing::debug!(%error, "a socket went away before it was open");
            return;
        }
    };
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_message_size(Some(MAX_FRAME_BYTES))
        .max_frame_size(Some(MAX_FRAME_BYTES));
    let stream = WebSocketStream::from_raw_socket(io, Role::Server, Some(config)).await;
    let now = directory.clock.now();
    let mut socket = Socket {
        stream,
        subscriptions: Subscriptions::new(now),
        place: Place::take(&directory, &opening.principal),
        deadlines: Deadlines::new(&opening.principal, now),
        told: VecDeque::new(),
        principal: opening.principal,
        directory,
        shared,
    };
    let end = socket.live().await;
    // Whoever sees that it has ended may count on its connection being lost.
    socket.place.disconnect();
    realtime.metrics.socket_ended(match end {
        End::Closed(_) => SocketEnd::Closed,
        End::Gone => SocketEnd::Gone,
        End::Dead => SocketEnd::Dead,
        End::Stalled => SocketEnd::Stalled,
    });
    if let End::Closed(reason) = end {
        socket.close(reason).await;
    }
}

/// Why a socket ends.
#[derive(Debug)]
enum End {
    /// The service closes it.
    Closed(CloseReason),
    /// The client has closed it, or the network.
    Gone,
    /// Nothing comes any more.
    Dead,
    /// The client does not read.
    Stalled,
}

struct Socket {
    stream: WebSocketStream<TokioIo<Upgraded>>,
    subscriptions: Subscriptions,
    place: Place,
    deadlines: Deadlines,
    /// Invitations that were told when their user subscribed.
    told: VecDeque<HandleId>,
    principal: Arc<Principal>,
    directory: Arc<Directory>,
    shared: Arc<Shared>,
}

impl Socket {
    /// Waits for one thing to happen, does what it asks for, and begins again.
    ///
    /// What is waited for most often in vain, the stop and the deadline, is not waited for anew each
    /// time: all sockets share the stop, and all of a thread share its timers.
    async fn live(&mut self) -> End {
        let directory = Arc::clone(&self.directory);
        let stopping = pin!(directory.realtime.stopping.cancelled());
        let mut stop = WhenWoken::new(stopping);
        let mut alarm = Alarm::none();
        loop {
            alarm.set(self.deadlines.earliest(), &*directory.clock);
            let done = tokio::select! {
                biased;
                () = &mut stop => Err(End::Closed(CloseReason::ShuttingDown)),
                () = alarm.rings() => self.time_has_come().await,
                () = self.place.mailbox.filled() => self.deliver().await,
                read = self.stream.next() => self.receive(read).await,
            };
            if let Err(end) = done {
                return end;
            }
        }
    }

    async fn time_has_come(&mut self) -> Result<(), End> {
        let now = self.directory.clock.now();
        if let Some(reason) = self.deadlines.over(now) {
            return Err(End::Closed(reason));
        }
        self.resync(now).await?;
        match self.deadlines.ask(now) {
            Asking::NotYet => Ok(()),
            Asking::Now => self.send(Message::Ping(Vec::new().into())).await,
            Asking::InVain => Err(End::Dead),
        }
    }

    async fn deliver(&mut self) -> Result<(), End> {
        let Post {
            taps,
            people,
            lost_taps,
            notices,
            invitations,
            more_invitations,
            closing,
        } = self.place.mailbox.take();
        if let Some(reason) = closing {
            return Err(End::Closed(reason));
        }
        if lost_taps {
            self.deadlines.missed();
            self.resync(self.directory.clock.now()).await?;
        }
        if taps.len() <= MAX_TAPS_PER_EVENT {
            self.tell(taps).await?;
        } else {
            for taps in taps.chunks(MAX_TAPS_PER_EVENT) {
                self.tell(taps.to_vec()).await?;
            }
        }
        for change in &people {
            self.tell_people(change).await?;
        }
        for notice in &notices {
            self.tell_notice(notice).await?;
        }
        if invitations.is_empty() {
            return Ok(());
        }
        // Boxed, or every idle socket would carry the room of it.
        Box::pin(async {
            self.tell_invitations(&invitations).await?;
            if more_invitations {
                self.tell_all_waiting().await?;
            }
            Ok(())
        })
        .await
    }

    async fn tell_people(&mut self, change: &PeopleChange) -> Result<(), End> {
        let subscribed: Vec<u32> = self.subscriptions.to_people_of(change.owner).collect();
        self.send_all(ServerFrame::events(&subscribed, &change.event))
            .await
    }

    async fn tell(&mut self, shoulder_taps: Vec<ShoulderTap>) -> Result<(), End> {
        if shoulder_taps.is_empty() {
            return Ok(());
        }
        let event = TapEvent {
            ncid: self.directory.entropy.uuid(),
            shoulder_taps,
        };
        let texts = ServerFrame::events(self.subscriptions.connections(), &event);
        self.send_all(texts).await
    }

    async fn send_all(&mut self, texts: Vec<String>) -> Result<(), End> {
        for text in texts {
            self.send(Message::text(text)).await?;
        }
        Ok(())
    }

    /// Has everything read again, if something was missed and it was not said lately.
    async fn resync(&mut self, now: Timestamp) -> Result<(), End> {
        if !self.deadlines.resync(now) {
            return Ok(());
        }
        self.directory.metrics.resynced();
        self.send_frame(&ServerFrame::Resync).await
    }

    async fn receive(&mut self, read: Option<Result<Message, Error>>) -> Result<(), End> {
        let message = match read {
            None => return Err(End::Gone),
            Some(Ok(message)) => message,
            Some(Err(error)) => return Err(end_of(&error)),
        };
        self.deadlines.heard(self.directory.clock.now());
        match message {
            Message::Text(text) => match ClientMessage::read(text.as_bytes()) {
                Ok(Some(message)) => self.answer(message).await,
                Ok(None) => Ok(()),
                Err(error) => Err(End::Closed(error.close_reason())),
            },
            Message::Binary(_) => Err(End::Closed(CloseReason::NotText)),
            // The library answers pings, and closings when it is read again.
            Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_) => Ok(()),
        }
    }

    async fn answer(&mut self, message: ClientMessage) -> Result<(), End> {
        let frame = match message {
            ClientMessage::Subscribe { seq, uri } => self.subscribe(seq, &uri),
            ClientMessage::Unsubscribe { seq, subscription } => self.unsubscribe(seq, subscription),
        };
        self.place.count(self.subscriptions.len());
        let people = self.subscriptions.people_of();
        self.place.listen(people, self.subscriptions.listened_to());
        self.send_frame(&frame).await?;
        match frame {
            ServerFrame::Subscribed { subscription, .. } => {
                Box::pin(self.tell_waiting(subscription)).await
            }
            _ => Ok(()),
        }
    }

    fn subscribe(&mut self, seq: u32, uri: &str) -> ServerFrame {
        let now = self.directory.clock.now();
        match self.subscriptions.add(uri, &self.principal, now) {
            Ok((subscription, resource)) => ServerFrame::Subscribed {
                seq,
                subscription,
                data: self.data(&resource),
            },
            Err(code) => ServerFrame::subscribe_refused(seq, code),
        }
    }

    fn unsubscribe(&mut self, seq: u32, subscription: Option<u32>) -> ServerFrame {
        if let Err(code @ ErrorCode::UnknownSubscription) = self.subscriptions.remove(subscription)
        {
            return ServerFrame::unsubscribe_refused(seq, code);
        }
        if !self.subscriptions.has_connection() {
            self.place.disconnect();
        }
        ServerFrame::Unsubscribed { seq }
    }

    /// What a resource has to say at once. `Inferred:` handles 7.7 for those that are only accepted
    fn data(&mut self, resource: &Resource) -> RawJson {
        match resource {
            Resource::Connections => raw(&ConnectionData {
                connection_id: self.place.connect(),
            }),
            Resource::Statistic { name, .. } => {
                raw(&json!({"name": name, "type": "Integer", "value": 0}))
            }
            Resource::PresenceDevices { xuid } | Resource::PresenceTitle { xuid, .. } => {
                raw(&json!({"xuid": xuid.to_string(), "state": "Offline", "devices": []}))
            }
            Resource::Notifications { .. }
            | Resource::RichPresence { .. }
            | Resource::Friends { .. }
            | Resource::Achievements { .. } => raw(&()),
        }
    }

    async fn send_frame(&mut self, frame: &ServerFrame) -> Result<(), End> {
        self.send(Message::text(frame.to_string())).await
    }

    async fn send(&mut self, message: Message) -> Result<(), End> {
        let mut sending = self.stream.send(message);
        // Nearly always there is room, and then no time needs to be watched.
        if let Some(sent) = (&mut sending).now_or_never() {
            return sent.map_err(|error| end_of(&error));
        }
        tokio::select! {
            biased;
            sent = sending => sent.map_err(|error| end_of(&error)),
            () = self.directory.clock.sleep(WRITE_TIMEOUT) => Err(End::Stalled),
        }
    }

    /// Says why, and waits a little for the client to end the connection: whoever ends it with
    /// something unread takes back what was said last.
    async fn close(mut self, reason: CloseReason) {
        use CloseReason::{Lifetime, ShuttingDown, TokenExpired};
        let in_time = matches!(reason, Lifetime | TokenExpired | ShuttingDown);
        if in_time && self.directory.realtime.closing == Closing::Abruptly {
            return;
        }
        let frame = CloseFrame {
            code: reason.code().into(),
            reason: reason.text().into(),
        };
        if self.send(Message::Close(Some(frame))).await.is_err() {
            return;
        }
        let Self {
            mut stream,
            place,
            directory,
            ..
        } = self;
        drop(place);
        let io = stream.get_mut();
        let linger = async {
            let mut thrown_away = 0;
            let mut buffer = [0; READ_BUFFER];
            if io.shutdown().await.is_err() {
                return;
            }
            while thrown_away < MAX_LINGERING_BYTES
                && let Ok(count @ 1..) = io.read(&mut buffer).await
            {
                thrown_away += count;
            }
        };
        tokio::select! {
            () = linger => {}
            () = directory.clock.sleep(LINGER) => {}
        }
    }
}

/// What the end of reading or writing means.
fn end_of(error: &Error) -> End {
    match error {
        Error::Capacity(CapacityError::MessageTooLong { .. }) => End::Closed(CloseReason::TooLarge),
        Error::Utf8(_) => End::Closed(CloseReason::Malformed),
        Error::Protocol(
            tokio_tungstenite::tungstenite::error::ProtocolError::ResetWithoutClosingHandshake,
        ) => End::Gone,
        Error::Protocol(_) => End::Closed(CloseReason::Protocol),
        _ => End::Gone,
    }
}

fn raw(value: &impl Serialize) -> RawJson {
    let text = serde_json::to_string(value).expect("text keys only");
    RawJson::parse(&text).expect("just written")
}
