//! Lanes: threads that serve connections, each with a runtime of its own.
//!
//! A connection stays on its lane until it ends, with all its requests and the socket that it may
//! become. So memory is freed by the thread that took it, no work is looked for on other threads,
//! and none of them is woken (`docs/adr/0010-lanes.md`).
//!
//! What is unevenly spread stays so: a new connection goes to the lane that has the fewest, because
//! turns would drift apart where some connections last and others do not. And who keeps a lane's
//! thread keeps all its connections waiting; handlers await, or leave the work to other threads.
//!
//! Not here: accepting connections, and what is nobody's request, timers for instance. That is done
//! by the runtime that the service was started in.

use std::io;
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::thread;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;
use tracing::Dispatch;

use super::MAX_CONNECTIONS;
use crate::to_the_end::LeftOver;

/// One turn in so many is for what another thread made ready: a write that is on the disk, a
/// socket that is tapped. In turns with the lane's own, or under load a tap would wait until the next
/// one of its session takes its place.
const REMOTE_EVERY: u32 = 2;

/// All of a connection, from its first byte to its last.
type Connection = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The lanes of a service. Dropped, they end by themselves.
pub(super) struct Lanes {
    /// At least one.
    lanes: Vec<Lane>,
    running: TaskTracker,
}

struct Lane {
    arrivals: mpsc::Sender<Connection>,
    open: TaskTracker,
}

impl Lanes {
    /// Starts so many threads. They do not end before what is left over by then is done.
    pub(super) async fn start(count: NonZeroUsize, left_over: &LeftOver) -> io::Result<Self> {
        let mut lanes = Vec::with_capacity(count.get());
        let running = TaskTracker::new();
        for number in 0..count.get() {
            lanes.push(Lane::start(number, left_over.clone(), running.token()).await?);
        }
        Ok(Self { lanes, running })
    }

    /// Hands a connection to the lane that has the fewest.
    pub(super) fn serve(&self, connection: impl Future<Output = ()> + Send + 'static) {
        let lanes = self.lanes.iter();
        let lane = lanes.min_by_key(|lane| lane.open.len());
        let lane = lane.expect("there is at least one");
        let counted = lane.open.track_future(connection);
        let handed = lane.arrivals.try_send(Box::pin(counted));
        handed.expect("a lane has room for all there may be, and outlives this");
    }

    /// Gives up what is left of all connections; returns when every thread is at its end.
    pub(super) async fn end(self) {
        let Self { lanes, running } = self;
        drop(lanes);
        running.close();
        running.wait().await;
    }
}

impl Lane {
    async fn start(
        number: usize,
        left_over: LeftOver,
        running: TaskTrackerToken,
    ) -> io::Result<Self> {
        let (arrivals, arriving) = mpsc::channel(MAX_CONNECTIONS);
        let (started, has_started) = oneshot::channel();
        // What happens on a lane is logged where it would be without lanes.
        let log = tracing::dispatcher::get_default(Dispatch::clone);
        let run = move || {
            let _log = tracing::dispatcher::set_default(&log);
            // A runtime cannot be dropped within another, so it is made and dropped here.
            // Whoever gave up starting a lane hears nothing, and leaves it nothing to serve.
            let _ = match runtime() {
                Ok(runtime) => {
                    let told = started.send(Ok(()));
                    runtime.block_on(keep(arriving, left_over));
                    told
                }
                Err(error) => started.send(Err(error)),
            };
            drop(running);
        };
        let name = format!("convoke-lane-{number}");
        thread::Builder::new().name(name).spawn(run)?;
        has_started.await.map_err(io::Error::other)??;
        let open = TaskTracker::new();
        Ok(Self { arrivals, open })
    }
}

fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread()
        .enable_all()
        .global_queue_interval(REMOTE_EVERY)
        .build()
}

/// Keeps the connections of a lane for as long as there is somebody who may hand it another.
async fn keep(mut arriving: mpsc::Receiver<Connection>, left_over: LeftOver) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            arrived = arriving.recv() => match arrived {
                Some(connection) => drop(connections.spawn(connection)),
                None => break,
            },
            // One that panicked has told so, and ended nothing but itself.
            Some(_ended) = connections.join_next() => {}
        }
    }
    connections.shutdown().await;
    // Given up just now, or before: it waits for the disk and for nothing else.
    left_over.done().await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::to_the_end::ToTheEnd;

    async fn start(count: usize) -> (Lanes, LeftOver) {
        let left_over = LeftOver::default();
        let count = NonZeroUsize::new(count).expect("some");
        let lanes = Lanes::start(count, &left_over).await.expect("threads");
        (lanes, left_over)
    }

    /// A connection that says which thread it is on, and lasts until it is told to end.
    async fn connect(lanes: &Lanes) -> (String, oneshot::Sender<()>) {
        let (told, tells) = oneshot::channel();
        let (end, ended) = oneshot::channel();
        lanes.serve(async {
            let name = thread::current().name().map(str::to_owned);
            told.send(name.expect("a name")).expect("somebody looks");
            // A test that is over does not tell.
            let _ = ended.await;
        });
        (tells.await.expect("it is served"), end)
    }

    /// Returns when a lane has nothing to serve.
    async fn idle(lane: &Lane) {
        lane.open.close();
        lane.open.wait().await;
    }

    #[tokio::test]
    async fn a_connection_goes_to_the_lane_that_has_the_fewest() {
        let (lanes, _) = start(2).await;
        let (first, _stays) = connect(&lanes).await;
        assert_eq!(first, "convoke-lane-0");
        for _ in 0..3 {
            let (next, end) = connect(&lanes).await;
            assert_eq!(next, "convoke-lane-1");
            end.send(()).expect("it lasts");
            idle(&lanes.lanes[1]).await;
        }
    }

    #[tokio::test]
    async fn a_connection_that_panics_ends_no_other() {
        let (lanes, _) = start(1).await;
        let (_, before) = connect(&lanes).await;
        lanes.serve(async { unreachable!("a defect that one request meets") });
        let (_, after) = connect(&lanes).await;
        for end in [before, after] {
            end.send(()).expect("it lasts");
        }
        idle(&lanes.lanes[0]).await;
    }

    #[tokio::test]
    async fn lanes_end_when_what_must_not_be_left_half_done_is_done() {
        let (lanes, left_over) = start(2).await;
        let (begun, has_begun) = oneshot::channel();
        let (lasting, given_up) = oneshot::channel::<()>();
        let (go, gone) = oneshot::channel();
        let (done, mut is_done) = oneshot::channel();
        lanes.serve(async move {
            let _lasting = lasting;
            begun.send(()).expect("somebody looks");
            let commit = async move {
                gone.await.expect("told to go on");
                done.send(()).expect("somebody looks");
            };
            ToTheEnd::new(&left_over, commit).await;
        });
        has_begun.await.expect("it is served");
        let disk = async {
            given_up.await.expect_err("its connection ends");
            go.send(()).expect("it goes on");
        };
        tokio::join!(lanes.end(), disk);
        is_done.try_recv().expect("it ran to its end");
    }

    #[tokio::test]
    async fn lanes_that_are_dropped_end_by_themselves() {
        let (lanes, _) = start(2).await;
        let running = lanes.running.clone();
        let (_, mut lasting) = connect(&lanes).await;
        drop(lanes);
        lasting.closed().await;
        running.close();
        running.wait().await;
    }
}
