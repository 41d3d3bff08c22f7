//! A people service of the operator's on a port, and a directory that asks it.
//!
//! It is another world, whose people graph counts, until a test makes it answer something else.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt as _;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use convoke_server::config::Mode;
use convoke_server::edge::Edge;
use serde_json::json;
use tokio::net::TcpListener;

use crate::world::{StoreKind, World};

/// Milliseconds that the directory waits for an answer.
const TIMEOUT_MS: u32 = 2_000;

/// What it answers.
#[derive(Debug, Clone)]
pub(crate) enum Answers {
    /// What its people graph says.
    Graph,
    /// This status, header and body.
    This(u16, Option<(&'static str, String)>, String),
    /// Nothing at all.
    Nothing,
}

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What the service shares with its handler.
struct Inner {
    edge: Edge,
    answers: Mutex<Answers>,
    before: Mutex<Option<Work>>,
    asked: AtomicUsize,
}

pub(crate) struct PeopleService {
    pub(crate) world: World,
    address: SocketAddr,
    inner: Arc<Inner>,
}

impl PeopleService {
    pub(crate) async fn start() -> Self {
        let world = World::new(StoreKind::Memory).await;
        let inner = Arc::new(Inner {
            edge: world.app().edge(),
            answers: Mutex::new(Answers::Graph),
            before: Mutex::new(None),
            asked: AtomicUsize::new(0),
        });
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.expect("a port");
        let address = listener.local_addr().expect("an address");
        let router = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&inner));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self {
            world,
            address,
            inner,
        }
    }

    /// A directory whose people are kept here.
    pub(crate) async fn directory(&self) -> World {
        self.directory_with(TIMEOUT_MS).await
    }

    pub(crate) async fn directory_with(&self, timeout_ms: u32) -> World {
        let authorization = self.authorization().await;
        World::configured(StoreKind::Memory, |config| {
            config.limits.mode = Mode::Off;
            let folder = config.data.parent().expect("a folder");
            let file = folder.join("authorization");
            fs::write(&file, authorization + "\n").expect("written");
            let own = fs::Permissions::from_mode(0o600);
            fs::set_permissions(&file, own).expect("changed");
            let url = format!("http://{}", self.address);
            config.people.url = Some(url.try_into().expect("an address"));
            config.people.authorization_file = Some(file);
            config.people.timeout_ms = timeout_ms.try_into().expect("not zero");
        })
        .await
    }

    /// The credentials of a service that reads people and asks for all of them.
    async fn authorization(&self) -> String {
        let body = json!({ "roles": ["people.read", "privacy.read"] });
        let issued = self
            .world
            .nobody()
            .post("/dev/token", body)
            .await
            .expect(200);
        let issued = issued.json();
        format!("XBL3.0 x=-;{}", issued["Token"].as_str().expect("a token"))
    }

    /// What it answers from now on.
    pub(crate) fn answers(&self, answers: Answers) {
        *self.inner.answers.lock().expect("no panic") = answers;
    }

    /// Has something happen before the next answer.
    pub(crate) fn before_answering(&self, work: impl Future<Output = ()> + Send + 'static) {
        *self.inner.before.lock().expect("no panic") = Some(Box::pin(work));
    }

    /// How often it has been asked.
    pub(crate) fn asked(&self) -> usize {
        self.inner.asked.load(Ordering::SeqCst)
    }
}

async fn answer(State(inner): State<Arc<Inner>>, request: Request) -> Response {
    inner.asked.fetch_add(1, Ordering::SeqCst);
    let before = inner.before.lock().expect("no panic").take();
    if let Some(before) = before {
        before.await;
    }
    let answers = inner.answers.lock().expect("no panic").clone();
    match answers {
        Answers::Graph => inner.edge.answer(request, None).await,
        Answers::This(status, header, body) => {
            let mut response = Response::builder().status(status);
            if let Some((name, value)) = header {
                response = response.header(name, value);
            }
            response.body(Body::from(body)).expect("an answer")
        }
        Answers::Nothing => std::future::pending().await,
    }
}
