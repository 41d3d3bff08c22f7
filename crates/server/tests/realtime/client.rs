//! The other end of a socket, as strict as the clients there are.

use std::fmt::Write as _;
use std::net::SocketAddr;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};

pub(crate) const CONNECTIONS: &str = "https://sessiondirectory.xboxlive.com/connections/";

pub(crate) struct Socket {
    pub(crate) stream: WebSocketStream<TcpStream>,
    /// The head of the answer to the handshake.
    pub(crate) head: String,
}

/// An answer that opens no socket.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) status: u16,
    pub(crate) head: String,
}

impl Socket {
    /// The handshake of RFC 6455 with further headers.
    pub(crate) async fn open(
        address: SocketAddr,
        target: &str,
        headers: &[(&str, &str)],
    ) -> Result<Self, Refused> {
        let mut all = vec![
            ("upgrade", "websocket"),
            ("connection", "Upgrade"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
            (
                "sec-websocket-extensions",
                "permessage-deflate; client_max_window_bits",
            ),
        ];
        all.extend(headers);
        let mut text = format!("GET {target} HTTP/1.1\r\nhost: rta.xboxlive.com\r\n");
        for (name, value) in all {
            write!(text, "{name}: {value}\r\n").expect("writing to a string");
        }
        let mut tcp = TcpStream::connect(address).await.expect("connected");
        tcp.write_all((text + "\r\n").as_bytes())
            .await
            .expect("sent");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(tcp.read_u8().await.expect("the head of an answer"));
        }
        let head = String::from_utf8(head).expect("text").to_ascii_lowercase();
        let status = head.split(' ').nth(1).and_then(|it| it.parse().ok());
        let status = status.expect("a status");
        if status != 101 {
            return Err(Refused { status, head });
        }
        // The example of RFC 6455, 1.3; in lower case as the whole head here.
        assert!(
            head.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="),
            "{head}"
        );
        assert!(!head.contains("sec-websocket-extensions"), "{head}");
        let stream = WebSocketStream::from_raw_socket(tcp, Role::Client, None).await;
        Ok(Self { stream, head })
    }

    /// Sends a frame after the pongs that are owed: the library would send them behind it, and the
    /// service might hear them after a test that has the answer has moved the clock on.
    pub(crate) async fn say(&mut self, text: &str) {
        self.stream.flush().await.expect("sent");
        let sent = self.stream.send(Message::text(text)).await;
        sent.expect("sent");
    }

    /// The next frame; pings are answered, and a pong that nobody asked for is an error.
    pub(crate) async fn hear_text(&mut self) -> String {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => return text.to_string(),
                Some(Ok(Message::Ping(_))) => {}
                other => panic!("no frame but {other:?}"),
            }
        }
    }

    pub(crate) async fn hear(&mut self) -> Value {
        let text = self.hear_text().await;
        serde_json::from_str(&text).expect("JSON")
    }

    /// Asks, and hears the answer and nothing before it.
    pub(crate) async fn ask(&mut self, text: &str) -> Value {
        self.say(text).await;
        self.hear().await
    }

    /// The connection that the socket stands for.
    pub(crate) async fn connection(&mut self) -> String {
        let answer = self.ask(&format!("[1,1,\"{CONNECTIONS}\"]")).await;
        assert_eq!(answer[2], 0, "{answer}");
        answer[4]["ConnectionId"]
            .as_str()
            .expect("an id")
            .to_owned()
    }

    /// Nothing was told before this.
    pub(crate) async fn assert_silent(&mut self) {
        let answer = self.ask("[2,4294967295,2147483647]").await;
        assert_eq!(
            answer,
            json!([2, 4_294_967_295_u32, 5, "unknown subscription"])
        );
    }

    /// Says something and hears the answer, whatever was told before.
    pub(crate) async fn round_trip(&mut self) {
        self.say("[2,4294967295,2147483647]").await;
        while self.hear().await[0] != 2 {}
    }

    /// The taps of the next event.
    pub(crate) async fn taps(&mut self) -> Vec<Value> {
        let event = self.hear().await;
        assert_eq!(event[0], 3, "{event}");
        assert!(event[2]["ncid"].is_string(), "{event}");
        event[2]["shoulderTaps"].as_array().expect("taps").clone()
    }

    /// Hears until a tap has this change number.
    pub(crate) async fn until_tapped(&mut self, change_number: u64) {
        loop {
            let event = self.hear().await;
            let taps = event[2]["shoulderTaps"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            if taps
                .iter()
                .any(|tap| Some(change_number) <= tap["changeNumber"].as_u64())
            {
                return;
            }
        }
    }

    /// The close frame that ends it; `None` when there is none.
    pub(crate) async fn closed(&mut self) -> Option<(u16, String)> {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Close(frame))) => {
                    let frame: CloseFrame = frame.expect("a reason");
                    return Some((frame.code.into(), frame.reason.to_string()));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    }
}

/// What a close frame says.
#[expect(clippy::unnecessary_wraps, reason = "compared with what may be none")]
pub(crate) fn reason(code: u16, text: &str) -> Option<(u16, String)> {
    Some((code, text.to_owned()))
}
