//! Time and randomness as tests want them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use convoke_client::{Environment, Sleep};
use convoke_server::clock::Clock as _;
use jiff::Timestamp;

use crate::clock::TestClock;

/// Waits for nothing, and remembers for how long it should have.
#[derive(Debug, Clone, Default)]
pub(crate) struct Impatient {
    waits: Arc<Mutex<Vec<Duration>>>,
}

impl Impatient {
    pub(crate) fn waits(&self) -> Vec<Duration> {
        self.waits.lock().expect("whole").clone()
    }
}

impl Environment for Impatient {
    fn now(&self) -> Timestamp {
        "2026-01-01T00:00:00Z".parse().expect("a time")
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        self.waits.lock().expect("whole").push(duration);
        Box::pin(std::future::ready(()))
    }

    fn random(&self) -> u64 {
        1023
    }
}

/// Lives by a clock that only tests move.
#[derive(Debug, Clone)]
pub(crate) struct Steady {
    clock: Arc<TestClock>,
    drawn: Arc<AtomicU64>,
}

impl Steady {
    pub(crate) fn by(clock: &Arc<TestClock>) -> Self {
        Self {
            clock: Arc::clone(clock),
            drawn: Arc::default(),
        }
    }
}

impl Environment for Steady {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        self.clock.sleep(duration)
    }

    fn random(&self) -> u64 {
        let drawn = self.drawn.fetch_add(1, Ordering::Relaxed);
        drawn.wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}
