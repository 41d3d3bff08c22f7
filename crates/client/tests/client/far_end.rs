//! The far end of a socket, saying what a test tells it to.

use std::net::Ipv4Addr;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use convoke_client::{Client, Error, Events, RealTime, RealTimeOptions};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;

use crate::clock::TestClock;
use crate::environment::Steady;

pub(crate) struct FarEnd {
    listener: TcpListener,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) client: Client,
}

/// A socket at its far end.
pub(crate) struct Accepted {
    pub(crate) stream: WebSocketStream<TcpStream>,
    /// The head of the request, in lower case.
    pub(crate) head: String,
}

impl FarEnd {
    pub(crate) async fn listen() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let clock = Arc::new(TestClock::new());
        let client = Client::builder(&url)
            .environment(Steady::by(&clock))
            .build();
        Self {
            listener,
            clock,
            client: client.expect("a client"),
        }
    }

    /// The next request, and its key.
    pub(crate) async fn request(&self) -> (TcpStream, String, String) {
        let (mut tcp, _) = self.listener.accept().await.expect("a client");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(tcp.read_u8().await.expect("a head"));
        }
        let head = String::from_utf8(head).expect("text");
        let key = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("sec-websocket-key")
                .then(|| value.to_owned())
        });
        (tcp, head.to_ascii_lowercase(), key.expect("a key"))
    }

    /// Accepts a socket as a service does that confirms no sub-protocol.
    pub(crate) async fn accept(&self) -> Accepted {
        let (mut tcp, head, key) = self.request().await;
        let guid = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
        let accept = digest(&SHA1_FOR_LEGACY_USE_ONLY, &[key.as_bytes(), guid].concat());
        let answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {}\r\n\r\n",
            STANDARD.encode(accept)
        );
        tcp.write_all(answer.as_bytes()).await.expect("sent");
        let stream = WebSocketStream::from_raw_socket(tcp, Role::Server, None).await;
        Accepted { stream, head }
    }

    /// Answers one request with a text.
    pub(crate) async fn refuse(&self, answer: &str) {
        let (mut tcp, _, _) = self.request().await;
        tcp.write_all(answer.as_bytes()).await.expect("sent");
        tcp.shutdown().await.expect("sent");
    }

    /// A client that is connected, and the far end of its socket.
    pub(crate) async fn connect(&self) -> (RealTime, Events, Accepted) {
        let connecting = self.client.connect(RealTimeOptions::default());
        let accepting = async {
            let mut accepted = self.accept().await;
            accepted.give_connection(1).await;
            accepted
        };
        let (connected, accepted) = tokio::join!(connecting, accepting);
        let (realtime, events) = connected.expect("connected");
        (realtime, events, accepted)
    }

    /// The error of a client that is not let in.
    pub(crate) async fn fail(&self, answering: impl Future<Output = ()>) -> Error {
        let connecting = self.client.connect(RealTimeOptions::default());
        let (connected, ()) = tokio::join!(connecting, answering);
        connected.expect_err("not connected")
    }
}

impl Accepted {
    pub(crate) async fn say(&mut self, text: &str) {
        self.stream.send(Message::text(text)).await.expect("sent");
    }

    /// The next text; pings are answered by the library.
    pub(crate) async fn hear(&mut self) -> String {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => return text.to_string(),
                Some(Ok(_)) => {}
                other => panic!("no text but {other:?}"),
            }
        }
    }

    /// Answers the first question of a socket.
    pub(crate) async fn give_connection(&mut self, number: u32) {
        let uri = "https://sessiondirectory.xboxlive.com/connections/";
        assert_eq!(self.hear().await, format!("[1,1,\"{uri}\"]"));
        let id = uuid::Uuid::from_u128(u128::from(number));
        self.say(&format!("[1,1,0,0,{{ \"ConnectionId\":\"{id}\" }}]"))
            .await;
    }
}
