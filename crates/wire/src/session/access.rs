//! `…/sessions/{name}?explain=access&xuid={xuid}`: why a user may or may not read, join and write.
//!
//! A question of Convoke's own, for game servers and developers.

use serde::{Deserialize, Serialize};

use super::constants::{Visibility, word_enum};
use super::properties::Restriction;
use crate::{SessionRef, TitleId, Xuid};

word_enum! {
    /// What one rule says about an access.
    Outcome {
        /// Nothing: the next rule is asked.
        Passes = "passes",
        /// The access is granted; no later rule is asked.
        Grants = "grants",
        /// The access is refused.
        Refuses = "refuses",
    }
}

/// The answer: three decisions, and what they rest on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccessExplanation {
    /// The session.
    pub session_ref: SessionRef,
    /// The state of the session that was judged.
    pub change_number: u64,
    /// What is taken to be true of the user.
    pub user: AssumedUser,
    /// What is true of the session.
    pub found: FoundAccess,
    /// Reading the session.
    pub read: Access,
    /// Taking a place in it, or going on with one.
    pub join: Access,
    /// Writing its properties and roles.
    pub write: Access,
}

/// What is taken to be true of the user: a token would say it, and here there is none of theirs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AssumedUser {
    /// The user asked about.
    pub xuid: Xuid,
    /// Whether the user has the multiplayer privilege.
    pub multiplayer: bool,
    /// The title that the user plays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title_id: Option<TitleId>,
    /// The device that the user plays on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_id: Option<String>,
    /// What kind of device that is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_type: Option<String>,
}

/// What is true of the session and of the user in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FoundAccess {
    /// Who sees it.
    pub visibility: Visibility,
    /// Who may read it.
    pub read_restriction: Restriction,
    /// Who may join it.
    pub join_restriction: Restriction,
    /// It takes nobody.
    pub closed: bool,
    /// It takes former members only.
    pub locked: bool,
    /// Places taken, reserved ones included.
    pub members_count: u32,
    /// Places that there are.
    pub max_members_count: u32,
    /// The user has a place, perhaps a reserved one.
    pub has_place: bool,
    /// An accepted member follows the user; only looked up where a restriction asks for it.
    pub followed: bool,
    /// An owner, or who published the search handle, has blocked the user.
    pub blocked: bool,
}

/// What is decided about one access.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Access {
    /// The decision.
    pub allowed: bool,
    /// The rules in the order they were asked; the last one decided.
    pub steps: Vec<WalkedStep>,
}

/// A rule that was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WalkedStep {
    /// The stable name of the step.
    pub step: String,
    /// The rule, as one sentence.
    pub rule: String,
    /// What it says.
    pub outcome: Outcome,
    /// Where it refuses: the code of the refusal, as in the reference of errors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Where it refuses: what it found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Where it refuses: what usually helps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cure: Option<String>,
}
