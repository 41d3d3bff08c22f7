//! A server that says what a test tells it to, and nothing of Convoke's own.

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use convoke_client::{Client, ClientBuilder};
use http::{HeaderMap, Method};
use tokio::net::TcpListener;

/// One scripted answer: status, headers, body.
pub(crate) type Said = (u16, Vec<(&'static str, String)>, String);

/// What was asked.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// A running script.
pub(crate) struct Script {
    pub(crate) url: String,
    answers: Arc<Mutex<VecDeque<Said>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Script {
    /// Serves these answers one after the other.
    pub(crate) async fn of(answers: Vec<Said>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let script = Self {
            url,
            answers: Arc::new(Mutex::new(answers.into())),
            asked: Arc::default(),
        };
        let (answers, asked) = (Arc::clone(&script.answers), Arc::clone(&script.asked));
        let router = Router::new().fallback(move |request: Request| {
            let (answers, asked) = (Arc::clone(&answers), Arc::clone(&asked));
            async move {
                let noted = note(request).await;
                asked.lock().expect("whole").push(noted);
                let next = answers.lock().expect("whole").pop_front();
                say(next.expect("an answer in the script"))
            }
        });
        tokio::spawn(async move { axum::serve(listener, router).await });
        script
    }

    pub(crate) fn client(&self) -> Client {
        self.builder().build().expect("a client")
    }

    pub(crate) fn builder(&self) -> ClientBuilder {
        Client::builder(&self.url)
    }

    /// Everything that was asked, when all answers have been given.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        let left = self.answers.lock().expect("whole").len();
        assert_eq!(left, 0, "answers nobody asked for");
        self.asked.lock().expect("whole").clone()
    }
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// A plain answer.
pub(crate) fn said(status: u16, body: &str) -> Said {
    (status, Vec::new(), body.to_owned())
}

async fn note(request: Request) -> Asked {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.expect("a body");
    Asked {
        method: head.method,
        target: head.uri.to_string(),
        headers: head.headers,
        body: String::from_utf8(body.to_vec()).expect("text"),
    }
}

fn say((status, headers, body): Said) -> Response {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(name, value);
    }
    response.body(Body::from(body)).expect("an answer")
}
