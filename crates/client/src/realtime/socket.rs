//! A websocket: the handshake of RFC 6455 over the client's own HTTP, and frames.

use std::time::Duration;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use convoke_wire::RawJson;
use convoke_wire::json::read_answer;
use convoke_wire::rta::{ClientMessage, SUB_PROTOCOL, ServerFrame};
use futures_util::{SinkExt as _, StreamExt as _};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{
    AUTHORIZATION, CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use reqwest::{Method, Response, StatusCode, Upgraded};
use serde::Deserialize;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use super::Opening;
use crate::client::Client;
use crate::environment::Environment;
use crate::error::Error;
use crate::hosts::Service;
use crate::raw::{Answer, Call};
use crate::refusal::Refusal;
use crate::token::Token;

/// Largest message that is read. Ours: the service's own are far shorter.
const MAX_MESSAGE: usize = 1024 * 1024;
/// Bytes that are read at a time.
const READ_BUFFER: usize = 4096;
/// What the key of a handshake is answered with. RFC 6455, 1.3
const HANDSHAKE_GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

pub(super) struct Socket {
    stream: WebSocketStream<Upgraded>,
}

/// What came.
#[derive(Debug)]
pub(super) enum Heard {
    Frame(ServerFrame),
    /// Something that only shows that the service is there.
    Life,
    /// The end, and why.
    End(String),
}

impl Socket {
    /// Opens a socket.
    pub(super) async fn open(client: &Client, opening: Opening) -> Result<Self, Error> {
        if opening == Opening::Nonce {
            let target = format!("/connect?nonce={}", nonce(client).await?);
            return Self::shake_hands(client, &target, None).await;
        }
        let token = client.token().await?;
        match Self::shake_hands(client, "/connect", token.as_ref()).await {
            Err(error) if error.status() == Some(StatusCode::UNAUTHORIZED) => {
                let Some(fresh) = client.renew(token.as_ref()).await? else {
                    return Err(error);
                };
                Self::shake_hands(client, "/connect", Some(&fresh)).await
            }
            opened => opened,
        }
    }

    async fn shake_hands(
        client: &Client,
        target: &str,
        token: Option<&Token>,
    ) -> Result<Self, Error> {
        let transport = &client.shared.transport;
        let failed = |error| transport.failed(Service::RealTime, error);
        let url = transport.hosts.url(Service::RealTime, target)?;
        let key = STANDARD.encode(client.shared.environment.uuid().as_bytes());
        let mut request = transport
            .http
            .request(Method::GET, url)
            .timeout(transport.limits.timeout)
            .header(CONNECTION, "Upgrade")
            .header(UPGRADE, "websocket")
            .header(SEC_WEBSOCKET_VERSION, "13")
            .header(SEC_WEBSOCKET_PROTOCOL, SUB_PROTOCOL)
            .header(SEC_WEBSOCKET_KEY, &key);
        if let Some(token) = token {
            request = request.header(AUTHORIZATION, token.value().clone());
        }
        let response = request.send().await.map_err(failed)?;
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Err(refusal(response).await.into());
        }
        check(&response, &key)?;
        let io = response.upgrade().await.map_err(failed)?;
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(0)
            .max_message_size(Some(MAX_MESSAGE))
            .max_frame_size(Some(MAX_MESSAGE));
        let stream = WebSocketStream::from_raw_socket(io, Role::Client, Some(config)).await;
        Ok(Self { stream })
    }

    /// What comes next. Nothing is lost when the wait for it is given up.
    pub(super) async fn hear(&mut self) -> Heard {
        match self.stream.next().await {
            Some(Ok(Message::Text(text))) => match ServerFrame::read(text.as_bytes()) {
                Ok(Some(frame)) => Heard::Frame(frame),
                Ok(None) => Heard::Life,
                Err(error) => {
                    tracing::debug!(%error, "a frame that cannot be read is passed over");
                    Heard::Life
                }
            },
            Some(Ok(Message::Close(Some(frame)))) => {
                Heard::End(format!("closed with {}: {}", frame.code, frame.reason))
            }
            Some(Ok(Message::Close(None))) => Heard::End("closed".to_owned()),
            Some(Ok(_)) => Heard::Life,
            Some(Err(error)) => Heard::End(error.to_string()),
            None => Heard::End("the connection ended".to_owned()),
        }
    }

    /// Says something, and waits no longer than this for the service to take it.
    pub(super) async fn say(
        &mut self,
        message: &ClientMessage,
        environment: &dyn Environment,
        limit: Duration,
    ) -> Result<(), String> {
        self.send(Message::text(message.to_string()), environment, limit)
            .await
    }

    /// Asks whether the service is there.
    pub(super) async fn ping(
        &mut self,
        environment: &dyn Environment,
        limit: Duration,
    ) -> Result<(), String> {
        self.send(Message::Ping(Bytes::new()), environment, limit)
            .await
    }

    /// Says that this is the end. What the service still has to say can be heard until it closes too.
    pub(super) async fn say_goodbye(
        &mut self,
        environment: &dyn Environment,
        limit: Duration,
    ) -> Result<(), String> {
        self.send(Message::Close(None), environment, limit).await
    }

    async fn send(
        &mut self,
        message: Message,
        environment: &dyn Environment,
        limit: Duration,
    ) -> Result<(), String> {
        tokio::select! {
            biased;
            sent = self.stream.send(message) => sent.map_err(|error| error.to_string()),
            () = environment.sleep(limit) => Err("the service does not read".to_owned()),
        }
    }
}

#[derive(Debug, Deserialize)]
struct Nonce {
    nonce: RawJson,
}

/// A nonce as the query takes it: the service writes a number or a text. `[client]`
async fn nonce(client: &Client) -> Result<String, Error> {
    let call = Call::new(Method::GET, "/nonce").service(Service::RealTime);
    let answer = client.send(&call).await?;
    if !answer.status.is_success() {
        return Err(Refusal::of(&answer).into());
    }
    let read: Nonce = read_answer(&answer.body).map_err(|problem| Error::Unreadable {
        what: "nonce",
        problem,
    })?;
    let text = read.nonce.text();
    let nonce = serde_json::from_str::<String>(text).unwrap_or_else(|_| text.to_owned());
    Ok(utf8_percent_encode(&nonce, NON_ALPHANUMERIC).to_string())
}

/// Whether the answer belongs to the handshake.
fn check(response: &Response, key: &str) -> Result<(), Error> {
    let header = |name| response.headers().get(name).and_then(|it| it.to_str().ok());
    let expected = digest(
        &SHA1_FOR_LEGACY_USE_ONLY,
        &[key.as_bytes(), HANDSHAKE_GUID].concat(),
    );
    if header(SEC_WEBSOCKET_ACCEPT) != Some(STANDARD.encode(expected).as_str()) {
        return Err(Error::Handshake(
            "the answer does not belong to the question",
        ));
    }
    // A service of old may not confirm it; one that confirms another speaks another language.
    match header(SEC_WEBSOCKET_PROTOCOL) {
        None | Some(SUB_PROTOCOL) => Ok(()),
        Some(_) => Err(Error::Handshake("the service speaks another sub-protocol")),
    }
}

async fn refusal(response: Response) -> Refusal {
    let (status, headers) = (response.status(), response.headers().clone());
    // The text is for people only.
    let body = response.bytes().await.unwrap_or_default();
    Refusal::of(&Answer {
        status,
        headers,
        body,
    })
}
