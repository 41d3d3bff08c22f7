//! A service in memory with the sample's configurations, called without a socket.

#[path = "../../crates/server/tests/support/fixed.rs"]
mod fixed;

use std::cell::OnceCell;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use axum::body::Body;
use convoke_server::app::App;
use convoke_server::config::{Config, Mode, StoreChoice};
use convoke_server::edge::Edge;
use http::{HeaderMap, Method, Request, StatusCode, Uri};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};

use fixed::{TestClock, TestEntropy};

/// The sample's service configuration.
pub(crate) const SCID: &str = "00000000-0000-4000-8000-00000000c0de";

/// 2026-01-01T00:00:00Z, where the clock stands still.
const START_MS: i64 = 1_767_225_600_000;

/// A service and a user who calls it.
pub(crate) struct Service {
    runtime: tokio::runtime::Runtime,
    edge: Edge,
    authorization: String,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

thread_local! {
    static SERVICE: OnceCell<Service> = const { OnceCell::new() };
}

/// Calls the service of this thread; it lives as long as the thread, so that calls are cheap.
pub(crate) fn with<T>(call: impl FnOnce(&Service) -> T) -> T {
    SERVICE.with(|service| call(service.get_or_init(Service::new)))
}

impl Service {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let mut config = Config {
            store: StoreChoice::Memory,
            ..Config::default()
        };
        config.limits.mode = Mode::Off;
        let clock = Arc::new(TestClock(AtomicI64::new(START_MS)));
        let entropy = Arc::new(TestEntropy::default());
        // The store's own tasks live in the runtime.
        let guard = runtime.enter();
        let app = App::open(config, clock, entropy).expect("the service opens");
        let edge = app.edge();
        drop(guard);
        let mut service = Self {
            runtime,
            edge,
            authorization: String::new(),
        };
        let body = json!({"xuid": "1001", "gamertag": "A", "titleId": "1717113201"}).to_string();
        let path = Uri::from_static("/dev/token");
        let answer = service.call(&Method::POST, &path, body.into_bytes());
        let issued: Value = serde_json::from_slice(&answer.body).expect("a token");
        service.authorization = format!(
            "XBL3.0 x={};{}",
            issued["DisplayClaims"]["xui"][0]["uhs"]
                .as_str()
                .expect("a user hash"),
            issued["Token"].as_str().expect("a token"),
        );
        service
    }

    /// One request of the user, with a JSON body.
    pub(crate) fn call(&self, method: &Method, uri: &Uri, body: Vec<u8>) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(uri)
            .header("x-xbl-contract-version", "107")
            .header("content-type", "application/json");
        if !self.authorization.is_empty() {
            request = request.header("authorization", &self.authorization);
        }
        let request = request.body(Body::from(body)).expect("a request");
        self.runtime.block_on(async {
            let response = self.edge.answer(request, None).await;
            let (parts, body) = response.into_parts();
            let body = body.collect().await.expect("a body in memory").to_bytes();
            Answer {
                status: parts.status,
                headers: parts.headers,
                body: body.to_vec(),
            }
        })
    }
}
