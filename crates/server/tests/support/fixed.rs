//! A clock that only tests move, and identifiers that come out the same in every run.

use std::pin::Pin;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use convoke_server::clock::Clock;
use convoke_server::entropy::Entropy;
use jiff::Timestamp;
use uuid::Uuid;

/// Milliseconds since 1970, moved by tests only.
#[derive(Debug)]
pub(crate) struct TestClock(pub(crate) AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.0.load(Ordering::SeqCst)).expect("a time in range")
    }

    /// Nothing in these tests waits: tests move the clock and say when timers run.
    fn sleep(&self, _: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(std::future::pending())
    }
}

/// Numbers dressed as version 4 UUIDs: the same run draws the same identifiers. They can run out,
/// which is an error in the service.
#[derive(Debug)]
pub(crate) struct TestEntropy(pub(crate) AtomicU64);

impl Default for TestEntropy {
    fn default() -> Self {
        Self(AtomicU64::new(1))
    }
}

impl Entropy for TestEntropy {
    fn uuid(&self) -> Uuid {
        let drawn = self.0.fetch_add(1, Ordering::SeqCst);
        assert!(drawn < u64::MAX, "no identifiers are left");
        uuid::Builder::from_random_bytes(u128::from(drawn).to_be_bytes()).into_uuid()
    }
}
