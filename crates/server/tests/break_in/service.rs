//! The service behind a real socket, with one session that attackers are after.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use convoke_server::app::App;
use convoke_server::config::{Config, StoreChoice};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::fixed::{TestClock, TestEntropy};
use crate::socket::{Response, converse};

/// The sample's service configuration.
pub(crate) const SCID: &str = "00000000-0000-4000-8000-00000000c0de";
/// A title that may use it.
pub(crate) const TITLE: &str = "1717113201";
/// The one whose session is under attack.
pub(crate) const VICTIM: u64 = 1001;
/// Somebody else, with a good token of their own.
pub(crate) const ATTACKER: u64 = 6666;

/// A service that listens.
pub(crate) struct Service {
    address: SocketAddr,
    /// The victim's `Authorization`.
    pub(crate) victim: String,
    /// The attacker's.
    pub(crate) attacker: String,
    before: Response,
}

impl Service {
    /// Starts it; the victim is in a session with something to lose.
    pub(crate) async fn new() -> Self {
        let config = Config {
            store: StoreChoice::Memory,
            ..Config::default()
        };
        let clock = Arc::new(TestClock(AtomicI64::new(now().as_millisecond())));
        let entropy = Arc::new(TestEntropy::default());
        let app = App::open(config, clock, entropy).expect("the service opens");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        // It ends with the runtime of the test.
        tokio::spawn(async move { app.serve(listener, std::future::pending()).await });
        let mut service = Self {
            address,
            victim: String::new(),
            attacker: String::new(),
            before: Response {
                status: 0,
                headers: Vec::new(),
                body: String::new(),
            },
        };
        service.victim = service.token(&user(VICTIM)).await;
        service.attacker = service.token(&user(ATTACKER)).await;
        let body = json!({
            "members": {"me": {"properties": {"system": {"active": true}}}},
            "properties": {"custom": {"treasure": 1}},
        });
        let created = service
            .ask("PUT", &session("s1"), &service.victim, &body.to_string())
            .await;
        assert_eq!(created.status, 201, "{created:?}");
        service.before = service.look().await;
        service
    }

    /// An `Authorization` header for whom a body of `/dev/token` describes.
    pub(crate) async fn token(&self, body: &Value) -> String {
        let answer = self.ask("POST", "/dev/token", "", &body.to_string()).await;
        let issued: Value = serde_json::from_str(&answer.body).expect("a token");
        let hash = issued["DisplayClaims"]["xui"][0]["uhs"]
            .as_str()
            .unwrap_or("-");
        format!(
            "XBL3.0 x={hash};{}",
            issued["Token"].as_str().expect("a token")
        )
    }

    /// Bytes and what comes back until the server closes the connection.
    pub(crate) async fn send(&self, bytes: impl AsRef<[u8]>) -> Vec<Response> {
        converse(self.address, bytes.as_ref()).await
    }

    /// Bytes of a request that ends too early, and the status of the answer to it.
    pub(crate) async fn send_half(&self, bytes: impl AsRef<[u8]>, status: u16) {
        let mut stream = TcpStream::connect(self.address).await.expect("connected");
        stream.write_all(bytes.as_ref()).await.expect("sent");
        stream.shutdown().await.expect("closed");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("an answer");
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{answer}"
        );
    }

    /// Bytes that get exactly one answer, after which the connection is closed.
    pub(crate) async fn send_one(&self, bytes: impl AsRef<[u8]>) -> Response {
        let bytes = bytes.as_ref();
        let mut answers = self.send(bytes).await;
        let shown: String = String::from_utf8_lossy(bytes).chars().take(300).collect();
        assert_eq!(answers.len(), 1, "{shown}\n{answers:#?}");
        answers.remove(0)
    }

    /// One well-formed request.
    pub(crate) async fn ask(
        &self,
        verb: &str,
        path: &str,
        authorization: &str,
        body: &str,
    ) -> Response {
        self.send_one(request(verb, path, authorization, body))
            .await
    }

    async fn look(&self) -> Response {
        self.ask("GET", &session("s1"), &self.victim, "").await
    }

    /// The session is as it was, number and tag included, and nobody else's was made.
    pub(crate) async fn assert_untouched(&self) {
        let now = self.look().await;
        assert_eq!(now.status, 200, "{now:?}");
        assert_eq!(now.body, self.before.body);
        assert_eq!(now.header("etag"), self.before.header("etag"));
        let others = self.ask("GET", &session("s2"), &self.victim, "").await;
        assert_eq!(others.status, 204, "{others:?}");
    }
}

/// The `/dev/token` body of a player.
pub(crate) fn user(xuid: u64) -> Value {
    json!({"xuid": xuid.to_string(), "titleId": TITLE})
}

/// The path of a session of the sample's lobby.
pub(crate) fn session(name: &str) -> String {
    format!("/serviceconfigs/{SCID}/sessiontemplates/lobby/sessions/{name}")
}

/// The body by which somebody would take the treasure.
pub(crate) const ROBBERY: &str = r#"{"properties":{"custom":{"treasure":0}}}"#;

/// A whole request, after which the connection is closed.
pub(crate) fn request(verb: &str, path: &str, authorization: &str, body: &str) -> String {
    head(verb, path, authorization, &[("connection", "close")], body)
}

/// A whole request with further headers.
pub(crate) fn head(
    verb: &str,
    path: &str,
    authorization: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> String {
    let mut text = format!("{verb} {path} HTTP/1.1\r\nhost: localhost\r\n");
    let mut add = |name: &str, value: &str| {
        write!(text, "{name}: {value}\r\n").expect("writing to a string");
    };
    add("x-xbl-contract-version", "107");
    if !authorization.is_empty() {
        add("authorization", authorization);
    }
    if !body.is_empty() {
        add("content-type", "application/json");
        add("content-length", &body.len().to_string());
    }
    for (name, value) in headers {
        add(name, value);
    }
    text + "\r\n" + body
}

/// 2026-01-01T00:00:00Z.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_second(1_767_225_600).expect("a time in range")
}
