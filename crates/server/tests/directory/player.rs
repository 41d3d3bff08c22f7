//! Calling the service: a person, a request being put together, and the answer to it.

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};

use axum::body::Body;
use convoke_server::connections::Peer;
use convoke_server::edge::Edge;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use http_body_util::BodyExt;
use serde_json::Value;

use crate::document;

/// Somebody who calls the service.
#[derive(Clone)]
pub(crate) struct Player {
    pub(crate) xuid: u64,
    edge: Arc<Edge>,
    authorization: Option<String>,
}

impl Player {
    pub(crate) fn new(edge: Arc<Edge>, xuid: u64, authorization: Option<String>) -> Self {
        Self {
            xuid,
            edge,
            authorization,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.request("GET", path).send().await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.request("DELETE", path).send().await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.request("POST", path).json(body).send().await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.request("PUT", path).json(body).send().await
    }

    /// A call that needs more than a path and a JSON body. It carries contract version 107.
    pub(crate) fn request(&self, method: &str, path: &str) -> Call {
        let call = Call {
            edge: Arc::clone(&self.edge),
            method: method.to_owned(),
            path: path.to_owned(),
            headers: HeaderMap::new(),
            body: Vec::new(),
            peer: None,
        };
        let call = call.contract("107");
        match &self.authorization {
            Some(value) => call.header(AUTHORIZATION.as_str(), value),
            None => call,
        }
    }
}

/// A request being put together.
pub(crate) struct Call {
    edge: Arc<Edge>,
    method: String,
    path: String,
    headers: HeaderMap,
    body: Vec<u8>,
    peer: Option<SocketAddr>,
}

impl Call {
    /// Says where the connection comes from.
    pub(crate) fn connected_from(mut self, address: &str) -> Self {
        let ip: IpAddr = address.parse().expect("an address");
        self.peer = Some(SocketAddr::new(ip, 50_000));
        self
    }

    /// Sets a header, in place of the one of that name.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a header name");
        let value = HeaderValue::from_str(value).expect("a header value");
        self.headers.insert(name, value);
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.remove(name);
        self
    }

    pub(crate) fn contract(self, version: &str) -> Self {
        self.header("x-xbl-contract-version", version)
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "bodies are made where they are sent"
    )]
    pub(crate) fn json(self, body: Value) -> Self {
        self.body(Some("application/json"), body.to_string())
    }

    pub(crate) fn body(mut self, content_type: Option<&str>, bytes: impl Into<Vec<u8>>) -> Self {
        self.body = bytes.into();
        match content_type {
            Some(value) => self.header(CONTENT_TYPE.as_str(), value),
            None => self.without(CONTENT_TYPE.as_str()),
        }
    }

    /// Sends it. Any session document that comes back is checked against the laws of its shape.
    pub(crate) async fn send(self) -> Answer {
        let body = Body::from(self.body.clone());
        self.send_arriving(body).await
    }

    /// Sends it with a body that may be on its way for a while.
    pub(crate) async fn send_arriving(self, body: Body) -> Answer {
        let mut sent = format!("{} {}", self.method, self.path);
        let shown = String::from_utf8_lossy(&self.body[..self.body.len().min(2000)]);
        write!(sent, " {shown}").expect("writing to a string");
        let mut request = Request::builder()
            .method(self.method.as_str())
            .uri(&self.path)
            .body(body)
            .expect("a request");
        *request.headers_mut() = self.headers;
        let peer = self.peer.map(|address| Peer {
            address,
            certificate: None,
        });
        let response = self.edge.answer(request, peer.as_ref()).await;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("the whole body").to_bytes();
        let answer = Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: body.to_vec(),
            sent,
            parsed: OnceLock::new(),
        };
        document::check_answer(&answer);
        document::check_refusal(&answer);
        answer
    }
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    pub(crate) sent: String,
    parsed: OnceLock<Value>,
}

impl Answer {
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert!(
            self.status == status,
            "expected {status}, answered {}\n  to {}\n  with {:?}\n  {}",
            self.status,
            self.sent,
            self.headers,
            self.text().chars().take(2000).collect::<String>(),
        );
        self
    }

    /// A refusal: plain text that is not empty, and no session.
    #[track_caller]
    pub(crate) fn expect_text(self, status: u16) -> Self {
        let answer = self.expect(status);
        assert_eq!(
            answer.header("content-type"),
            Some("text/plain; charset=utf-8"),
            "{}: {}",
            answer.sent,
            answer.text(),
        );
        assert!(!answer.body.is_empty(), "no text after {}", answer.sent);
        answer
    }

    /// A refusal that says where in the request the trouble is.
    #[track_caller]
    pub(crate) fn expect_naming(self, status: u16, place: &str) -> Self {
        let answer = self.expect_text(status);
        assert!(
            answer.text().contains(place),
            "{place} is not named\n  after {}\n  in {}",
            answer.sent,
            answer.text(),
        );
        answer
    }

    #[track_caller]
    pub(crate) fn expect_empty(self, status: u16) -> Self {
        let answer = self.expect(status);
        assert!(answer.body.is_empty(), "{}: {}", answer.sent, answer.text());
        answer
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        let parse = || {
            serde_json::from_slice(&self.body)
                .unwrap_or_else(|error| panic!("{}: {error}: {}", self.sent, self.text()))
        };
        self.parsed.get_or_init(parse).clone()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let value = self.headers.get(name)?;
        Some(value.to_str().expect("a readable header"))
    }

    #[track_caller]
    pub(crate) fn etag(&self) -> String {
        self.header("etag")
            .unwrap_or_else(|| panic!("no ETag after {}", self.sent))
            .to_owned()
    }
}
