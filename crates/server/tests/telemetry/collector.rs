//! A small collector of OTLP over HTTP, which keeps what it is sent.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use http::{HeaderMap, StatusCode};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use tokio::net::TcpListener;

/// What a collector was sent.
#[derive(Debug, Default)]
pub(crate) struct Received {
    pub(crate) headers: Vec<HeaderMap>,
    pub(crate) resources: Vec<Resource>,
    pub(crate) spans: Vec<Span>,
}

pub(crate) struct Collector {
    pub(crate) address: SocketAddr,
    received: Arc<Mutex<Received>>,
}

#[derive(Clone)]
struct Taking {
    received: Arc<Mutex<Received>>,
    status: StatusCode,
}

impl Collector {
    /// One that takes everything.
    pub(crate) async fn start() -> Self {
        Self::start_with(StatusCode::OK).await
    }

    /// One that answers with this status.
    pub(crate) async fn start_with(status: StatusCode) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.expect("a port");
        let address = listener.local_addr().expect("an address");
        let received = Arc::<Mutex<Received>>::default();
        let taking = Taking {
            received: Arc::clone(&received),
            status,
        };
        let router = Router::new()
            .route("/otlp/v1/traces", post(take))
            .with_state(taking);
        // It ends with the test's runtime.
        tokio::spawn(serve(listener, router));
        Self { address, received }
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}/otlp", self.address)
    }

    /// What it was sent so far.
    pub(crate) fn received(&self) -> Received {
        std::mem::take(&mut *self.received.lock().expect("whole"))
    }
}

/// Serves one connection after the other, each in a task of its own.
async fn serve(listener: TcpListener, router: Router) {
    loop {
        let (stream, _) = listener.accept().await.expect("a connection");
        let service = TowerToHyperService::new(router.clone());
        tokio::spawn(async move {
            let connection = http1::Builder::new();
            // Whoever goes away does so.
            let _ = connection
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn take(State(taking): State<Taking>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let message = ExportTraceServiceRequest::decode(body).expect("a message of the protocol");
    assert_eq!(headers["content-type"], "application/x-protobuf");
    let mut received = taking.received.lock().expect("whole");
    received.headers.push(headers);
    for resource in message.resource_spans {
        received.resources.extend(resource.resource);
        let scopes = resource.scope_spans.into_iter();
        received.spans.extend(scopes.flat_map(|scope| scope.spans));
    }
    taking.status
}

/// The value of an attribute, as text.
pub(crate) fn attribute(attributes: &[KeyValue], key: &str) -> Option<String> {
    let found = attributes.iter().find(|attribute| attribute.key == key)?;
    match found.value.clone() {
        Some(AnyValue { value: Some(value) }) => match value {
            Value::StringValue(text) => Some(text),
            Value::IntValue(number) => Some(number.to_string()),
            other => panic!("{key}: {other:?}"),
        },
        _ => None,
    }
}
