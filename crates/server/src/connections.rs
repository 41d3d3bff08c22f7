//! Connections: accepted, bounded in number, served until they end or the service stops.
//!
//! | | |
//! |---|---|
//! | `lanes` | the threads that serve them, each connection on one |
//! | `progress` | how long the other end may take nothing |
//! | `timer` | hyper's limits on the service's clock |

mod lanes;
mod progress;
mod timer;

use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpStream as Unregistered};
use std::num::NonZeroUsize;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::available_parallelism;
use std::time::Duration;

use axum::body::Body;
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::auth::ClientCertificate;
use crate::edge::Edge;
use crate::exchange;
use crate::metrics::ConnectionRefusal;
use crate::realtime::{self, Opening};
use crate::tls::{Accepted, Tls};
use crate::when_woken::WhenWoken;
use lanes::Lanes;
pub(crate) use progress::Progress;
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

/// Serves until told to stop, then lets open requests end. Fails if no lane can be started.
pub(crate) async fn serve(
    listener: TcpListener,
    tls: Option<Arc<Tls>>,
    edge: Arc<Edge>,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let shared = Arc::clone(&edge.shared);
    let (clock, metrics) = (&shared.directory.clock, &shared.directory.metrics);
    let count = available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let lanes = Lanes::start(count, &shared.directory.commits.left_over).await?;
    let open = Open::default();
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
        // Small answers must not wait for the acknowledgement of the one before.
        let ready = stream.set_nodelay(true).and_then(|()| stream.into_std());
        let stream = match ready {
            Ok(stream) => stream,
            Err(error) => {
                tracing::debug!(%error, "a connection went away at once");
                continue;
            }
        };
        let until_closed = (place, connected, metrics.connection_accepted());
        let (tls, edge) = (tls.clone(), Arc::clone(&edge));
        lanes.serve(attend(stream, peer, tls, edge, open.clone(), until_closed));
    }
    drop(listener);
    shared.directory.realtime.stop();
    tokio::select! {
        () = open.end() => {}
        () = clock.sleep(DRAIN) => tracing::warn!("some requests did not end in time"),
    }
    lanes.end().await;
    Ok(())
}

/// All of one connection on its lane: the requests, and the socket that the last may open.
async fn attend(
    stream: Unregistered,
    peer: Peer,
    tls: Option<Arc<Tls>>,
    edge: Arc<Edge>,
    open: Open,
    _until_closed: impl Send,
) {
    let stream = match TcpStream::from_std(stream) {
        Ok(stream) => stream,
        Err(error) => {
            tracing::debug!(%error, "a connection went away at once");
            return;
        }
    };
    let shared = Arc::clone(&edge.shared);
    // In boxes, or a socket would keep the room of the requests before it.
    let opened = Box::pin(secure(stream, peer, tls, edge, open)).await;
    if let Some((opening, _stay)) = opened {
        Box::pin(realtime::serve(shared, opening)).await;
    }
}

/// The connections whose requests are waited for when the service stops.
#[derive(Clone, Default)]
struct Open {
    stopping: CancellationToken,
    all: TaskTracker,
}

/// One of them, until this is dropped.
struct Stay {
    stopping: CancellationToken,
    _counted: TaskTrackerToken,
}

impl Open {
    fn enter(&self) -> Stay {
        Stay {
            stopping: self.stopping.clone(),
            _counted: self.all.token(),
        }
    }

    /// Asks all to end, and waits until they have.
    async fn end(&self) {
        self.stopping.cancel();
        self.all.close();
        self.all.wait().await;
    }
}

/// Takes the steps that come before the first request, then answers.
async fn secure(
    stream: TcpStream,
    mut peer: Peer,
    tls: Option<Arc<Tls>>,
    edge: Arc<Edge>,
    open: Open,
) -> Option<(Opening, Stay)> {
    let shared = Arc::clone(&edge.shared);
    let clock = &shared.directory.clock;
    let stream = Progress::new(stream, Arc::clone(clock), shared.write_timeout);
    let timer = ClockTimer(Arc::clone(clock));
    let Some(tls) = tls else {
        return converse(stream, peer, edge, timer, open.enter()).await;
    };
    match tls.accept(stream).await {
        Ok(Accepted {
            stream,
            certificate,
        }) => {
            peer.certificate = certificate;
            converse(stream, peer, edge, timer, open.enter()).await
        }
        Err(error) => {
            tracing::debug!(%error, "a connection ended before its first request");
            shared.directory.metrics.handshake_failed();
            None
        }
    }
}

/// Answers the requests of one connection, of which the last may open a socket.
async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: Peer,
    edge: Arc<Edge>,
    timer: ClockTimer,
    stay: Stay,
) -> Option<(Opening, Stay)> {
    let peer = Arc::new(peer);
    let opening = Arc::new(Mutex::new(None));
    let opened = Arc::clone(&opening);
    let answer = service_fn(move |request: http::Request<Incoming>| {
        let (edge, peer) = (Arc::clone(&edge), Arc::clone(&peer));
        let opened = Arc::clone(&opened);
        async move {
            let mut response = edge.answer(request.map(body), Some(&peer)).await;
            if let Some(opening) = response.extensions_mut().remove::<Opening>() {
                *lock(&opened) = Some(opening);
            }
            Ok::<_, Infallible>(response)
        }
    });
    let connection = http1::Builder::new()
        .timer(timer)
        .header_read_timeout(HEADER_TIMEOUT)
        .max_headers(exchange::MAX_HEADERS)
        .max_buf_size(MAX_HEAD_BYTES)
        // An answer of some kilobytes is copied behind its head faster than sent from two places.
        .writev(false)
        // Who has said all may still hear the answer, as HTTP has it. And it need not be watched for,
        // which takes a buffer of 8 KiB for every request that waits for the disk.
        .half_close(true)
        .serve_connection(TokioIo::new(stream), answer)
        .with_upgrades();
    let mut connection = pin!(connection);
    let stopping = pin!(stay.stopping.clone().cancelled_owned());
    let stop = WhenWoken::new(stopping);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended badly");
        return None;
    }
    let opening = lock(&opening).take()?;
    Some((opening, stay))
}

/// What a request carries; nothing is made for the many that carry nothing.
fn body(incoming: Incoming) -> Body {
    if incoming.is_end_stream() {
        Body::empty()
    } else {
        Body::new(incoming)
    }
}

/// The place where a request leaves the socket that it opens; a panic leaves it whole.
fn lock(opening: &Mutex<Option<Opening>>) -> MutexGuard<'_, Option<Opening>> {
    opening.lock().unwrap_or_else(PoisonError::into_inner)
}
