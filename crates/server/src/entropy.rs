//! The only place that asks the system for random identifiers.

use std::fmt;

use uuid::Uuid;

/// Draws identifiers. Tests bring their own.
pub trait Entropy: fmt::Debug + Send + Sync + 'static {
    /// A new identifier.
    fn uuid(&self) -> Uuid;
}

/// The randomness of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(clippy::disallowed_methods, reason = "the one source of identifiers")]
    fn uuid(&self) -> Uuid {
        Uuid::new_v4()
    }
}
