//! Identifiers that a rule may need, drawn before the rule runs.

use uuid::Uuid;

/// Random values for one write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entropy {
    /// The branch of a session, should one be created.
    pub branch: Uuid,
}
