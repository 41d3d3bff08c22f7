//! One socket with its subscriptions, and the questions that it has not answered yet.

use std::collections::HashMap;
use std::time::Duration;

use convoke_wire::json::read_answer;
use convoke_wire::rta::{ClientMessage, ConnectionData, ErrorCode, Resource, ServerFrame};
use convoke_wire::{RawJson, rta};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::oneshot;
use uuid::Uuid;

use super::SubscriptionKey;
use super::socket::{Heard, Socket};
use crate::client::Client;
use crate::environment::Environment;
use crate::error::Error;

/// Questions without an answer at a time. Ours.
const MAX_QUESTIONS: usize = 1024;

pub(super) struct Link {
    pub(super) socket: Socket,
    /// The id that members write.
    pub(super) connection: Uuid,
    /// When the service was heard last.
    pub(super) heard: Timestamp,
    /// Pings since then.
    pub(super) unanswered: u32,
    /// When it is to be replaced.
    pub(super) rotate_at: Timestamp,
    /// What the service's numbers stand for.
    numbers: HashMap<u32, SubscriptionKey>,
    /// The number of the socket's own connection.
    own: u32,
    questions: HashMap<u32, Question>,
    next_seq: u32,
}

/// Something that was asked.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) about: About,
    pub(super) deadline: Timestamp,
}

#[derive(Debug)]
pub(super) enum About {
    /// A new subscription; its caller waits.
    Subscribe(
        SubscriptionKey,
        Resource,
        oneshot::Sender<Result<SubscriptionKey, Error>>,
    ),
    /// One that was there before the reconnect, and how often it was tried since.
    Again(SubscriptionKey, u32),
    /// The end of one; its caller waits.
    Unsubscribe(oneshot::Sender<Result<(), Error>>),
}

/// What a frame means here.
#[derive(Debug)]
pub(super) enum Meaning {
    /// Data of the socket's own connection.
    Taps(RawJson),
    /// Data of another subscription.
    Data(SubscriptionKey, RawJson),
    /// A question was answered with success, or with a code.
    Answered(About, Option<ErrorCode>),
    /// Everything is to be read again.
    Resync,
    /// Nothing: late data of a subscription that was ended, for instance.
    Nothing,
}

impl Link {
    /// Opens a socket and learns which connection it stands for.
    pub(super) async fn open(
        client: &Client,
        opening: super::Opening,
        limit: Duration,
    ) -> Result<Self, Error> {
        let environment = &*client.shared.environment;
        let mut socket = Socket::open(client, opening).await?;
        let question = ClientMessage::Subscribe {
            seq: 1,
            uri: Resource::Connections.to_string(),
        };
        let broken = |_| Error::Handshake("the socket broke off at once");
        socket
            .say(&question, environment, limit)
            .await
            .map_err(broken)?;
        let (own, connection) = tokio::select! {
            biased;
            answered = first_answer(&mut socket) => answered?,
            () = environment.sleep(limit) => return Err(Error::Silent(limit)),
        };
        let heard = environment.now();
        Ok(Self {
            socket,
            connection,
            heard,
            unanswered: 0,
            rotate_at: Timestamp::MAX,
            numbers: HashMap::new(),
            own,
            questions: HashMap::new(),
            next_seq: 2,
        })
    }

    /// Asks for a subscription.
    pub(super) async fn subscribe(
        &mut self,
        uri: String,
        about: About,
        environment: &dyn Environment,
        limit: Duration,
    ) -> Result<(), String> {
        let seq = self.ask(about, environment, limit);
        let message = ClientMessage::Subscribe { seq, uri };
        self.socket.say(&message, environment, limit).await
    }

    /// Asks for the end of one, if the service knows it.
    pub(super) async fn unsubscribe(
        &mut self,
        key: SubscriptionKey,
        reply: oneshot::Sender<Result<(), Error>>,
        environment: &dyn Environment,
        limit: Duration,
    ) -> Result<(), String> {
        let number = self.numbers.iter().find(|(_, known)| **known == key);
        let Some(number) = number.map(|(number, _)| *number) else {
            // Whoever asked may have gone away.
            let _ = reply.send(Ok(()));
            return Ok(());
        };
        self.numbers.remove(&number);
        let seq = self.ask(About::Unsubscribe(reply), environment, limit);
        let message = ClientMessage::Unsubscribe {
            seq,
            subscription: Some(number),
        };
        self.socket.say(&message, environment, limit).await
    }

    /// Whether nothing more may be asked before something is answered.
    pub(super) fn is_busy(&self) -> bool {
        MAX_QUESTIONS <= self.questions.len()
    }

    /// Whether everything has been answered.
    pub(super) fn is_settled(&self) -> bool {
        self.questions.is_empty()
    }

    /// When the first question has waited too long.
    pub(super) fn earliest_deadline(&self) -> Option<Timestamp> {
        self.questions.values().map(|it| it.deadline).min()
    }

    /// The questions that have waited too long.
    pub(super) fn overdue(&mut self, now: Timestamp) -> Vec<About> {
        let overdue = self.questions.extract_if(|_, it| it.deadline <= now);
        overdue.map(|(_, question)| question.about).collect()
    }

    /// What a frame means.
    pub(super) fn meaning(&mut self, frame: ServerFrame) -> Meaning {
        match frame {
            ServerFrame::Event { subscription, data } if subscription == self.own => {
                Meaning::Taps(data)
            }
            ServerFrame::Event { subscription, data } => match self.numbers.get(&subscription) {
                Some(key) => Meaning::Data(*key, data),
                None => Meaning::Nothing,
            },
            ServerFrame::Subscribed {
                seq, subscription, ..
            } => match self.questions.remove(&seq) {
                Some(question) => {
                    if let About::Subscribe(key, ..) | About::Again(key, _) = &question.about {
                        self.numbers.insert(subscription, *key);
                    }
                    Meaning::Answered(question.about, None)
                }
                None => Meaning::Nothing,
            },
            ServerFrame::Unsubscribed { seq } => self.answered(seq, None),
            ServerFrame::SubscribeRefused { seq, code, .. }
            | ServerFrame::UnsubscribeRefused { seq, code, .. } => self.answered(seq, Some(code)),
            ServerFrame::Resync => Meaning::Resync,
        }
    }

    fn answered(&mut self, seq: u32, code: Option<ErrorCode>) -> Meaning {
        match self.questions.remove(&seq) {
            Some(question) => Meaning::Answered(question.about, code),
            None => Meaning::Nothing,
        }
    }

    fn ask(&mut self, about: About, environment: &dyn Environment, limit: Duration) -> u32 {
        let seq = self.next_seq;
        self.next_seq = self.next_seq.wrapping_add(1);
        let deadline = later(environment.now(), limit);
        self.questions.insert(seq, Question { about, deadline });
        seq
    }
}

/// The answer to the first question of a socket.
async fn first_answer(socket: &mut Socket) -> Result<(u32, Uuid), Error> {
    loop {
        match socket.hear().await {
            Heard::Frame(ServerFrame::Subscribed {
                seq: 1,
                subscription,
                data,
            }) => {
                let data: rta::ConnectionData = connection(&data)?;
                return Ok((subscription, data.connection_id));
            }
            Heard::Frame(ServerFrame::SubscribeRefused { seq: 1, code, .. }) => {
                return Err(Error::Subscription(code));
            }
            Heard::Frame(_) | Heard::Life => {}
            Heard::End(_) => return Err(Error::Handshake("the socket was closed at once")),
        }
    }
}

fn connection(data: &RawJson) -> Result<ConnectionData, Error> {
    read_answer(data.text().as_bytes()).map_err(|problem| Error::Unreadable {
        what: "connection id",
        problem,
    })
}

pub(super) fn later(moment: Timestamp, by: Duration) -> Timestamp {
    let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
    moment.checked_add(by).unwrap_or(Timestamp::MAX)
}
