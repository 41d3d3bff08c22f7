//! Connections: accepted, bounded in number, served until they end or the service stops.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use crate::clock::Clock;
use crate::exchange;

/// Time for open requests to end when the service stops.
const DRAIN: Duration = Duration::from_secs(10);
/// Most connections at a time; more wait to be accepted.
const MAX_CONNECTIONS: usize = 16_384;
/// Time for a connection to send the head of a request.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);

/// The other end of a connection; an extension of every request that came over it.
#[derive(Debug, Clone)]
pub struct Peer {
    /// Its address and port.
    pub address: SocketAddr,
}

/// Serves until told to stop, then lets open requests end.
pub(crate) async fn serve(
    listener: TcpListener,
    service: Router,
    clock: Arc<dyn Clock>,
    shutdown: impl Future<Output = ()>,
    tasks: &TaskTracker,
) {
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
                    clock.sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
        };
        let connection = converse(
            stream,
            Peer { address },
            service.clone(),
            graceful.watcher(),
        );
        tasks.spawn(async move {
            let _place = place;
            connection.await;
        });
    }
    drop(listener);
    tokio::select! {
        () = graceful.shutdown() => {}
        () = clock.sleep(DRAIN) => tracing::warn!("some requests did not end in time"),
    }
}

/// Answers the requests of one connection.
async fn converse(stream: TcpStream, peer: Peer, service: Router, watcher: Watcher) {
    // Small answers must not wait for the acknowledgement of the one before.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection went away at once");
        return;
    }
    let service = service.map_request(move |mut request: Request<_>| {
        request.extensions_mut().insert(peer.clone());
        request
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_headers(exchange::MAX_HEADERS)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%error, "a connection ended badly");
    }
}
