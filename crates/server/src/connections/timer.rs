//! The service's clock as hyper wants it, so that its limits follow the clock of a test.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::rt::{Sleep, Timer};

use crate::clock::Clock;

/// Waits on the service's clock.
#[derive(Debug, Clone)]
pub(super) struct ClockTimer(pub(super) Arc<dyn Clock>);

impl Timer for ClockTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        Box::pin(Wait(Mutex::new(self.0.sleep(duration))))
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        // hyper has just added a duration to its own `now`; this is that duration again.
        self.sleep(deadline.saturating_duration_since(self.now()))
    }
}

/// A wait that has begun.
///
/// hyper asks for waits that can be shared between threads, which ours need not be able to; nobody
/// ever locks this.
struct Wait(Mutex<Pin<Box<dyn Future<Output = ()> + Send>>>);

impl Sleep for Wait {}

impl Future for Wait {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let wait = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        wait.as_mut().poll(context)
    }
}
