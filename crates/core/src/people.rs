//! The people graph: who follows whom.

use convoke_wire::Xuid;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One directed edge: `owner` follows `target`. `[doc]`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Follow {
    /// Whose list it is on.
    pub owner: Xuid,
    /// Who is followed.
    pub target: Xuid,
    /// Marked by the owner.
    pub favorite: bool,
    /// Since when.
    pub added_at: Timestamp,
}
