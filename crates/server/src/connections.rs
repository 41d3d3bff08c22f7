//! Connections: accepted, bounded in number, served until they end or the service stops.

mod timer;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

use crate::auth::ClientCertificate;
use crate::edge::Edge;
use crate::exchange;
use crate::metrics::{ConnectionRefusal, Metrics};

use crate::tls::{Accepted, Tls};
use timer::ClockTimer;

/// Time for open requests to end when the service stops.
const DRAIN: Duration = Duration::from_secs(10);
/// Most connections at a time; more wait to be accepted.
const MAX_CONNECTIONS: usize = 16_384;
/// Most bytes of a request that are kept before its head is whole: room for the longest line and the
/// largest headers that `exchange` lets in, and little else that 16,384 strangers could fill.
const MAX_HEAD_BYTES: usize = 64 * 1024;
/// Time for a connection to send the head of a request.
pub const HEADER_TIMEOUT: Duration = Duration::from_secs(30);

/// The other end of a connection.
#[derive(Debug, Clone)]
pub struct Peer {
    /// Its address and port.
    pub address: SocketAddr,
    /// The certificate whose key it has proven to hold, if it sent one.
    pub certificate: Option<Arc<ClientCertificate>>,
}

/// Serves until told to stop, then lets open requests end.
pub(crate) async fn serve(
    listener: TcpListener,
    tls: Option<Arc<Tls>>,
    edge: Arc<Edge>,
    shutdown: impl Future<Output = ()>,
    tasks: &TaskTracker,
) {
    let shared = Arc::clone(&edge.shared);
    let (clock, metrics) = (&shared.directory.clock, &shared.directory.metrics);
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut shutdown = pin!(shutdown);
    loop {
        let accept = async {
            let place = Arc::clone(&places).acquire_owned().await;
            listener.accept().await.map(|accepted| (accepted, place))
        };
        let ((stream, address), place) = tokio::select! {
            () = &mut shutdown => break,
            accepted = accept => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors, say: others may be closed meanwhile.
                    tracing::warn!(%error, "a connection was not accepted");
                    metrics.connection_refused(ConnectionRefusal::Accept);
                    clock.sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
        };
        let Some(connected) = shared.addresses.connect(address.ip(), clock.now()) else {
            tracing::debug!(peer.address = %address.ip(), "an address has too many connections");
            metrics.connection_refused(ConnectionRefusal::Limit);
            continue;
        };
        let peer = Peer {
            address,
            certificate: None,
        };
        let timer = ClockTimer(Arc::clone(clock));
        let watcher = graceful.watcher();
        let (tls, edge, counts) = (tls.clone(), Arc::clone(&edge), Arc::clone(metrics));
        let connection = secure(stream, peer, tls, edge, timer, watcher, counts);
        let counted = metrics.connection_accepted();
        tasks.spawn(async move {
            let _until_closed = (place, connected, counted);
            connection.await;
        });
    }
    drop(listener);
    tokio::select! {
        () = graceful.shutdown() => {}
        () = clock.sleep(DRAIN) => tracing::warn!("some requests did not end in time"),
    }
}

/// Takes the steps that come before the first request, then answers.
async fn secure(
    stream: TcpStream,
    mut peer: Peer,
    tls: Option<Arc<Tls>>,
    edge: Arc<Edge>,
    timer: ClockTimer,
    watcher: Watcher,
    metrics: Arc<Metrics>,
) {
    // Small answers must not wait for the acknowledgement of the one before.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection went away at once");
        return;
    }
    let Some(tls) = tls else {
        return converse(stream, peer, edge, timer, watcher).await;
    };
    match tls.accept(stream).await {
        Ok(Accepted {
            stream,
            certificate,
        }) => {
            peer.certificate = certificate;
            converse(stream, peer, edge, timer, watcher).await;
        }
        Err(error) => {
            metrics.handshake_failed();
            tracing::debug!(%error, "a connection ended before its first request");
        }
    }
}

/// Answers the requests of one connection.
async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: Peer,
    edge: Arc<Edge>,
    timer: ClockTimer,
    watcher: Watcher,
) {
    let peer = Arc::new(peer);
    let answer = service_fn(move |request: http::Request<Incoming>| {
        let (edge, peer) = (Arc::clone(&edge), Arc::clone(&peer));
        async move { Ok::<_, Infallible>(edge.answer(request.map(body), Some(&peer)).await) }
    });
    let connection = http1::Builder::new()
        .timer(timer)
        .header_read_timeout(HEADER_TIMEOUT)
        .max_headers(exchange::MAX_HEADERS)
        .max_buf_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), answer);
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%error, "a connection ended badly");
    }
}

/// What a request carries; nothing is made for the many that carry nothing.
fn body(incoming: Incoming) -> Body {
    if incoming.is_end_stream() {
        Body::empty()
    } else {
        Body::new(incoming)
    }
}
