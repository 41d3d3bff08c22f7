//! Measures time, monotonically and finer than the service's clock.

use std::time::{Duration, Instant};

/// A moment to measure from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(
        clippy::disallowed_methods,
        reason = "what is measured here is real time"
    )]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "what is measured here is real time"
    )]
    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }

    /// Waits until this long after the start; at once if that is over.
    #[expect(clippy::disallowed_methods, reason = "load is paced in real time")]
    pub(crate) async fn until(self, moment: Duration) {
        if self.elapsed() < moment {
            tokio::time::sleep_until((self.0 + moment).into()).await;
        }
    }
}
