//! Frames to groups of sockets, and nothing else.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use convoke_server::clock;
use convoke_wire::rta::{SUB_PROTOCOL, ShoulderTap, TapEvent, TapResource};
use tokio::sync::broadcast;
use uuid::Uuid;

use super::Served;

/// Frames that may wait for a socket.
const MAX_WAITING: usize = 256;

/// The server, and who is in which group.
#[derive(Clone)]
struct Groups {
    served: Arc<Served>,
    all: Arc<Mutex<HashMap<String, broadcast::Sender<Utf8Bytes>>>>,
}

/// `GET /groups/{name}` joins a group with a socket, `PUT` sends all of its sockets a frame.
pub(super) fn routes(served: Arc<Served>) -> Router {
    let groups = Groups {
        served,
        all: Arc::default(),
    };
    let group = get(join).put(send);
    Router::new()
        .route("/groups/{name}", group)
        .with_state(groups)
}

impl Groups {
    fn of(&self, name: String) -> broadcast::Sender<Utf8Bytes> {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || broadcast::channel(MAX_WAITING).0;
        all.entry(name).or_insert_with(new).clone()
    }
}

async fn join(
    State(groups): State<Groups>,
    Path(name): Path<String>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let frames = groups.of(name).subscribe();
    let upgrade = upgrade.protocols([SUB_PROTOCOL]);
    upgrade.on_upgrade(|socket| forward(socket, frames))
}

async fn forward(mut socket: WebSocket, mut frames: broadcast::Receiver<Utf8Bytes>) {
    loop {
        let frame = match frames.recv().await {
            Ok(frame) => frame,
            Err(broadcast::error::RecvError::Lagged(_)) => continue,
            Err(broadcast::error::RecvError::Closed) => return,
        };
        if socket.send(Message::Text(frame)).await.is_err() {
            return;
        }
    }
}

async fn send(State(groups): State<Groups>, Path(name): Path<String>, body: Bytes) -> Response {
    if serde_json::from_slice::<serde_json::Value>(&body).is_err() {
        return StatusCode::BAD_REQUEST.into_response();
    }
    // Nobody may be there any more.
    let _ = groups.of(name).send(frame().into());
    let served = &groups.served;
    (served.head.clone(), served.document.clone()).into_response()
}

/// A frame like those of the service.
fn frame() -> String {
    let event = TapEvent {
        ncid: Uuid::nil(),
        shoulder_taps: vec![ShoulderTap {
            timestamp: clock::now().into(),
            subscription: Some(Uuid::nil().to_string().into()),
            resource_type: TapResource::Session,
            resource: "be7c0000-0000-4000-8000-00000000be7c~bench~session-00".into(),
            branch: Uuid::nil(),
            change_number: 1000,
        }],
    };
    let event = serde_json::to_string(&event).expect("documents have text keys only");
    format!("[3,0,{event}]")
}
