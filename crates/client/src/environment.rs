//! The only place that asks the system for time and randomness.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

/// A wait that ends by itself.
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Time and randomness. Tests bring their own, and so wait for nothing.
pub trait Environment: fmt::Debug + Send + Sync + 'static {
    /// The present moment.
    fn now(&self) -> Timestamp;

    /// Waits for a while.
    fn sleep(&self, duration: Duration) -> Sleep;

    /// A number, every one of them as likely as the others.
    fn random(&self) -> u64;

    /// A new identifier.
    fn uuid(&self) -> Uuid {
        Uuid::from_u64_pair(self.random(), self.random())
    }
}

/// Those of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEnvironment;

impl Environment for SystemEnvironment {
    #[expect(clippy::disallowed_methods, reason = "the one clock of the client")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    #[expect(clippy::disallowed_methods, reason = "the one clock of the client")]
    fn sleep(&self, duration: Duration) -> Sleep {
        Box::pin(tokio::time::sleep(duration))
    }

    fn random(&self) -> u64 {
        self.uuid().as_u64_pair().1.rotate_left(32)
    }

    #[expect(clippy::disallowed_methods, reason = "the one source of randomness")]
    fn uuid(&self) -> Uuid {
        Uuid::new_v4()
    }
}
