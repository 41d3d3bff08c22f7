//! A directory that believes identity providers, with a clock that only tests move.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use axum::body::Body;
use convoke_server::app::App;
use convoke_server::config::{Config, StoreChoice};
use http::header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::fixed::{TestClock, TestEntropy};
use crate::provider::part;

/// The start of the addresses of sessions of the sample's own title, which takes tokens without a title.
const SESSION: &str =
    "/serviceconfigs/00000000-0000-4000-8000-00000000c0de/sessionTemplates/game/sessions/g";

pub(crate) struct World {
    app: App,
    auth: String,
    dev_issuer: bool,
    clock: Arc<TestClock>,
    dir: TempDir,
    /// How many sessions have been made.
    sessions: AtomicU64,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// The reason in `WWW-Authenticate`.
    pub(crate) reason: Option<String>,
    pub(crate) body: Value,
}

impl World {
    /// A directory without development issuer; `auth` is that section of the configuration.
    pub(crate) fn new(auth: &str) -> Self {
        Self::with_dev_issuer(auth, false)
    }

    pub(crate) fn with_dev_issuer(auth: &str, dev_issuer: bool) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let clock = Arc::new(TestClock(AtomicI64::new(0)));
        Self {
            app: open(auth, dev_issuer, &dir, &clock),
            auth: auth.to_owned(),
            dev_issuer,
            clock,
            dir,
            sessions: AtomicU64::new(0),
        }
    }

    /// The same data and time, in a new process.
    pub(crate) async fn restart(self, dev_issuer: bool) -> Self {
        self.app.close().await;
        Self {
            app: open(&self.auth, dev_issuer, &self.dir, &self.clock),
            dev_issuer,
            ..self
        }
    }

    pub(crate) async fn restart_as_it_is(self) -> Self {
        let dev_issuer = self.dev_issuer;
        self.restart(dev_issuer).await
    }

    /// Moves the clock to a Unix second.
    pub(crate) fn set_clock(&self, second: i64) {
        self.clock.0.store(1_000 * second, Ordering::SeqCst);
    }

    /// Moves the clock to the moment a token was made.
    pub(crate) fn at_issue_of(&self, token: &str) {
        self.set_clock(time_claim(token, "iat"));
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.clock.0.fetch_add(1_000 * seconds, Ordering::SeqCst);
    }

    /// Does what the background task does now and then.
    pub(crate) async fn refresh_keys(&self) {
        self.app.refresh_provider_keys().await;
    }

    /// Asks for the caller's own people list, which takes a user and nothing else.
    pub(crate) async fn ask(&self, authorization: &str) -> Answer {
        let request = Request::get("/users/me/people").header(AUTHORIZATION, authorization);
        self.send(
            request
                .header("x-xbl-contract-version", "3")
                .body(Body::empty()),
        )
        .await
    }

    /// The reason why this token is refused as a bearer token.
    pub(crate) async fn refusal(&self, token: &str) -> String {
        let answer = self.ask(&format!("Bearer {token}")).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{answer:?}");
        answer.reason.expect("a challenge")
    }

    pub(crate) async fn accepts(&self, token: &str) -> bool {
        let answer = self.ask(&format!("Bearer {token}")).await;
        if answer.status != StatusCode::OK {
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{answer:?}");
        }
        answer.status == StatusCode::OK
    }

    /// Joins a session, if that is allowed.
    pub(crate) async fn joins(&self, session: &str, authorization: &str) -> Answer {
        let connection = "aaaaaaaa-0000-4000-8000-000000000001";
        let system = json!({"active": true, "connection": connection});
        let body = json!({"members": {"me": {"properties": {"system": system}}}});
        let request = Request::put(session)
            .header(AUTHORIZATION, authorization)
            .header("x-xbl-contract-version", "107")
            .header(CONTENT_TYPE, "application/json");
        self.send(request.body(Body::from(body.to_string()))).await
    }

    /// Posts an activity in the first session.
    pub(crate) async fn posts_activity(&self, authorization: &str) -> Answer {
        let scid = "00000000-0000-4000-8000-00000000c0de";
        let session = json!({"scid": scid, "templateName": "game", "name": "g0"});
        let body = json!({"type": "activity", "version": 1, "sessionRef": session});
        let request = Request::post("/handles")
            .header(AUTHORIZATION, authorization)
            .header("x-xbl-contract-version", "107")
            .header(CONTENT_TYPE, "application/json");
        self.send(request.body(Body::from(body.to_string()))).await
    }

    /// Joins a new session and says as whom.
    pub(crate) async fn joins_as(&self, authorization: &str) -> (String, String) {
        let number = self.sessions.fetch_add(1, Ordering::SeqCst);
        let session = format!("{SESSION}{number}");
        let answer = self.joins(&session, authorization).await;
        assert!(answer.status.is_success(), "{answer:?}");
        let members = answer.body["members"].as_object().expect("members");
        let me = members.values().next_back().expect("a member");
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        (
            text(&me["constants"]["system"]["xuid"]),
            text(&me["gamertag"]),
        )
    }

    /// Reads the first session as a server, which may read any.
    pub(crate) async fn read_session(&self, authorization: &str) -> Answer {
        self.read_first_session("", authorization).await
    }

    /// Asks why this user has access to the first session.
    pub(crate) async fn explain_access(&self, xuid: &str, authorization: &str) -> Answer {
        let query = format!("?explain=access&xuid={xuid}");
        self.read_first_session(&query, authorization).await
    }

    async fn read_first_session(&self, query: &str, authorization: &str) -> Answer {
        let request = Request::get(format!("{SESSION}0{query}"))
            .header(AUTHORIZATION, authorization)
            .header("x-xbl-contract-version", "107");
        self.send(request.body(Body::empty())).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        let request = Request::post(path).header(CONTENT_TYPE, "application/json");
        self.send(request.body(Body::from(body.to_string()))).await
    }

    async fn send(&self, request: http::Result<Request<Body>>) -> Answer {
        let request = request.expect("a request");
        let response = self.app.edge().answer(request, None).await;
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.expect("a body in memory").to_bytes();
        let challenge = parts.headers.get(WWW_AUTHENTICATE);
        let challenge = challenge.map(|value| value.to_str().expect("ASCII"));
        Answer {
            status: parts.status,
            reason: challenge
                .and_then(|text| text.strip_prefix("XBL3.0 error="))
                .map(str::to_owned),
            body: serde_json::from_slice(&bytes)
                .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned())),
        }
    }
}

/// A time in a token's claims, in Unix seconds.
pub(crate) fn time_claim(token: &str, name: &str) -> i64 {
    part(token, 1)[name].as_i64().expect("a time")
}

fn open(auth: &str, dev_issuer: bool, dir: &TempDir, clock: &Arc<TestClock>) -> App {
    let config = Config {
        store: StoreChoice::Sqlite,
        data: dir.path().join("data"),
        auth: toml::from_str(auth).expect("a valid section"),
        dev_issuer,
        ..Config::default()
    };
    let entropy = Arc::new(TestEntropy::default());
    App::open(config, Arc::clone(clock) as _, entropy).expect("the service opens")
}
