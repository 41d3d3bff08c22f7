//! Queries for sessions: the body of a batch, and what is found.

use serde::{Deserialize, Serialize};

use super::constants::word_enum;
use super::properties::Restriction;
use crate::ids::{SessionRef, Xuid};
use crate::time::WireTime;

/// The body of `POST …/batch`. Unknown fields are ignored. `Inferred:`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchQuery {
    /// Whose sessions, in the order of the answer; 1 to 100. `Inferred:` handles 4.1 for the numbers
    pub xuids: Vec<Xuid>,
}

/// What a query answers. `[doc]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionResults {
    /// At most 100; there is no next page.
    pub results: Vec<SessionResult>,
}

/// One session that was found. `[doc]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionResult {
    /// Whose session it is; absent when found by keyword.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub xuid: Option<Xuid>,
    /// When it was made, or begun anew.
    pub start_time: WireTime,
    /// Which it is.
    pub session_ref: SessionRef,
    /// How many members are no longer reserved.
    pub accepted: u32,
    /// What that user does in it; absent when found by keyword.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<MemberStatus>,
    /// Who may see it, or that it is full.
    pub visibility: FoundVisibility,
    /// Who may join, when it is open or full and not everybody may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub join_restriction: Option<Restriction>,
    /// Whether it is that user's turn; absent when it is not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub my_turn: bool,
    /// Absent when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keywords: Vec<String>,
}

word_enum! {
    /// What a user does in a session that was found. `[doc]`
    MemberStatus {
        /// A place is kept.
        Reserved = "reserved",
        /// In it and not playing, or about to.
        Inactive = "inactive",
        /// Playing.
        Active = "active",
    }
}

word_enum! {
    /// Who may see a session, as queries tell it. `[doc]`
    FoundVisibility {
        /// Only those inside.
        Private = "private",
        /// Everybody; only reserved users may join.
        Visible = "visible",
        /// Everybody, and no place is free.
        Full = "full",
        /// Everybody.
        Open = "open",
    }
}
