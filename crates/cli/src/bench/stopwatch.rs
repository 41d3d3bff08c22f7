//! The clock of the measurements: monotonic, and finer than the service's.

use std::time::{Duration, Instant};

/// A moment to measure from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(
        clippy::disallowed_methods,
        reason = "what is measured here is real time"
    )]
    pub(super) fn start() -> Self {
        Self(Instant::now())
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "what is measured here is real time"
    )]
    pub(super) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }

    /// Waits until this long after the start; at once if that is over.
    #[expect(clippy::disallowed_methods, reason = "load is paced in real time")]
    pub(super) async fn until(self, moment: Duration) {
        if self.elapsed() < moment {
            tokio::time::sleep_until((self.0 + moment).into()).await;
        }
    }
}
