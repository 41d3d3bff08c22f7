//! The only place that asks the system for the time.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

/// Tells the time and waits for it. Tests bring their own.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// The present moment, in steps of 100 ns: what documents can express.
    fn now(&self) -> Timestamp;

    /// Time since some moment, for measuring: it never goes back, whatever happens to [`now`](Self::now).
    fn elapsed(&self) -> Duration {
        Duration::try_from(self.now().as_duration()).unwrap_or_default()
    }

    /// Waits for a while.
    fn sleep(&self, duration: Duration) -> Sleep;

    /// Waits for a moment, whatever happens between asking for the time and beginning to wait.
    fn sleep_until(&self, moment: Timestamp) -> Sleep {
        self.sleep(until(moment, self.now()))
    }
}

/// Ends when a while is over.
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A while after a moment; the end of the calendar where there is none.
pub(crate) fn later(moment: Timestamp, by: SignedDuration) -> Timestamp {
    moment.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// How long it is until a moment; no time once it has come.
pub(crate) fn until(moment: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(moment.duration_since(now)).unwrap_or_default()
}

/// The present moment of the machine, for what is not part of a service.
pub fn now() -> Timestamp {
    SystemClock.now()
}

/// The clock of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one clock of the service")]
    fn now(&self) -> Timestamp {
        let now = Timestamp::now().as_nanosecond();
        Timestamp::from_nanosecond(now - now.rem_euclid(100))
            .expect("an earlier moment of the same second")
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that measures")]
    fn elapsed(&self) -> Duration {
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        START.elapsed()
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that waits")]
    fn sleep(&self, duration: Duration) -> Sleep {
        Box::pin(tokio::time::sleep(duration))
    }
}
