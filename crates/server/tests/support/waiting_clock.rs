//! A clock that stands still until a test moves it, and knows who waits for it.

use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use convoke_server::clock::Clock;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Notify, oneshot};

#[derive(Debug)]
pub(crate) struct TestClock {
    state: Mutex<State>,
    /// Told whenever somebody begins to wait.
    waiting: Notify,
}

#[derive(Debug)]
struct State {
    now: Timestamp,
    waits: Vec<Wait>,
}

#[derive(Debug)]
struct Wait {
    length: Duration,
    end: Timestamp,
    over: oneshot::Sender<()>,
}

impl TestClock {
    pub(crate) fn new() -> Self {
        let now = "2026-01-01T00:00:00Z".parse().expect("a time");
        Self {
            state: Mutex::new(State {
                now,
                waits: Vec::new(),
            }),
            waiting: Notify::new(),
        }
    }

    /// Moves the clock and ends the waits that are over then.
    pub(crate) fn advance(&self, by: Duration) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.now += SignedDuration::try_from(by).expect("a step that fits");
        let now = state.now;
        let (over, waits) = std::mem::take(&mut state.waits)
            .into_iter()
            .partition(|wait| wait.end <= now);
        state.waits = waits;
        drop(state);
        for wait in over {
            // Whoever waited may have gone away.
            let _ = wait.over.send(());
        }
    }

    /// Returns when this many wait for as long as this, give or take a second.
    pub(crate) async fn until_waiting(&self, count: usize, length: Duration) {
        loop {
            let told = self.waiting.notified();
            if count <= self.waiting_for(length) {
                return;
            }
            told.await;
        }
    }

    /// Waits for a moment that the present one tells; it may be over.
    fn wait(
        &self,
        end: impl FnOnce(Timestamp) -> Timestamp,
    ) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let (over, ended) = oneshot::channel();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let end = end(state.now);
        let left = end.duration_since(state.now);
        if left <= SignedDuration::ZERO {
            return Box::pin(std::future::ready(()));
        }
        let length = left.unsigned_abs();
        state.waits.push(Wait { length, end, over });
        drop(state);
        self.waiting.notify_waiters();
        Box::pin(async move {
            // The clock lives as long as the service.
            let _ = ended.await;
        })
    }

    fn waiting_for(&self, length: Duration) -> usize {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let waits = state.waits.iter().filter(|wait| {
            !wait.over.is_closed() && wait.length.abs_diff(length) < Duration::from_secs(1)
        });
        waits.count()
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.now
    }

    fn sleep(&self, length: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let length = SignedDuration::try_from(length).unwrap_or(SignedDuration::MAX);
        self.wait(|now| now.checked_add(length).unwrap_or(Timestamp::MAX))
    }

    fn sleep_until(&self, moment: Timestamp) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        self.wait(|_| moment)
    }
}
