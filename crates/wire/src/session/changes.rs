//! `…/sessions/{name}/changes`: what happens to a session, change by change, as it happens.
//!
//! An address of Convoke's own, for tools and web clients: Server-Sent Events, so that nobody has to
//! read a session again to learn what is new in it, or why somebody is gone.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::change_type::ChangeType;
use super::constants::word_enum;
use crate::json_patch::Operation;
use crate::time::WireTime;
use crate::{RawJson, Xuid};

word_enum! {
    /// The events of the stream, by their `event` field.
    StreamEvent {
        /// The whole session as it is: a [`Snapshot`]. The first event, unless the stream is resumed.
        Snapshot = "snapshot",
        /// One change: a [`Change`].
        Change = "change",
        /// Nothing more comes: a [`StreamEnd`].
        End = "end",
    }
}

/// The id of an event: the last change that whoever has read it knows of.
///
/// Written `branch:changeNumber`. What a reader sends back as `Last-Event-ID` to be told the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangeId {
    /// Scopes the number.
    pub branch: Uuid,
    /// That of the change.
    pub change_number: u64,
}

impl fmt::Display for ChangeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.branch, self.change_number)
    }
}

/// The text is not a branch and a number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a branch and a change number with a colon between them")]
pub struct ChangeIdError;

impl FromStr for ChangeId {
    type Err = ChangeIdError;

    fn from_str(text: &str) -> Result<Self, ChangeIdError> {
        let (branch, number) = text.split_once(':').ok_or(ChangeIdError)?;
        Ok(Self {
            branch: branch.parse().map_err(|_| ChangeIdError)?,
            change_number: number.parse().map_err(|_| ChangeIdError)?,
        })
    }
}

/// The session when a reader comes, or when it has missed more than is remembered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// The document, as a read answers it; none when the session is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<RawJson>,
    /// What is remembered of the changes that led here, the oldest first, without their patches.
    ///
    /// The memory begins when the service starts, and is short.
    pub changes: Vec<Change>,
}

/// One committed change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// Its number; of a deletion, the one that the next change would have had.
    pub change_number: u64,
    /// Scopes the number.
    pub branch: Uuid,
    /// When it was committed.
    pub timestamp: WireTime,
    /// Who or what caused it.
    pub cause: Cause,
    /// What changed, in the words of subscriptions.
    pub change_types: Vec<ChangeType>,
    /// Members that are gone with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub departures: Vec<Departure>,
    /// Why the session is gone with it, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<SessionEnd>,
    /// What leads from the document before to the one after; none where the session is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patch: Option<Vec<Operation>>,
}

/// Who or what caused a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "type")]
pub enum Cause {
    /// A user wrote: a member, or one who became a member.
    Member {
        /// The user.
        xuid: Xuid,
    },
    /// A server wrote, as itself.
    Server,
    /// A timeout ran out.
    Timer,
    /// Connections were lost.
    Disconnect,
}

/// A member that is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Departure {
    /// The index that the member had.
    pub index: u32,
    /// The user.
    pub xuid: Xuid,
    /// Why.
    pub reason: DepartureReason,
}

word_enum! {
    /// Why a member is gone.
    DepartureReason {
        /// It left.
        Left = "left",
        /// Somebody else removed it.
        Removed = "removed",
        /// It never came: its reservation ran out.
        ReservedTimeout = "reservedTimeout",
        /// It was inactive for too long.
        InactiveTimeout = "inactiveTimeout",
        /// Its connection was lost, and it did not come back before its time as an inactive member ran
        /// out.
        Disconnected = "disconnected",
        /// The session is gone.
        SessionEnded = "sessionEnded",
    }
}

word_enum! {
    /// Why a session is gone.
    SessionEnd {
        /// Its last member left or was removed, and it does not outlive that.
        LastMemberLeft = "lastMemberLeft",
        /// The time of its last members ran out, and it does not outlive them.
        LastMemberTimedOut = "lastMemberTimedOut",
        /// It was empty for as long as it may be.
        EmptyTimeout = "emptyTimeout",
        /// It has no owner any more, and may not be without.
        OwnersGone = "ownersGone",
    }
}

/// Nothing more comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StreamEnd {
    /// Why.
    pub reason: EndReason,
    /// The reader's own departure, if that is why it may not read on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub departure: Option<Departure>,
}

word_enum! {
    /// Why a stream ends.
    EndReason {
        /// The session is gone.
        SessionEnded = "sessionEnded",
        /// The reader may not read it any more.
        AccessLost = "accessLost",
        /// The stream is as old as it may be: connect again.
        Lifetime = "lifetime",
        /// The reader's token has expired: connect again with a new one.
        TokenExpired = "tokenExpired",
        /// The service stops: connect again.
        Shutdown = "shutdown",
        /// The store does not answer: connect again, later.
        Unavailable = "unavailable",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_as_it_is_written() {
        let text = "5b2b6a4e-0b0f-4d6c-8b3a-9b7f3f2f7d11:42";
        let id: ChangeId = text.parse().expect("an id");
        assert_eq!(id.change_number, 42);
        assert_eq!(id.to_string(), text);
        for wrong in [
            "",
            "42",
            ":42",
            "5b2b6a4e:42",
            "5b2b6a4e-0b0f-4d6c-8b3a-9b7f3f2f7d11:-1",
        ] {
            assert_eq!(wrong.parse::<ChangeId>(), Err(ChangeIdError), "{wrong}");
        }
    }

    #[test]
    fn a_change_is_written_without_what_it_has_not() {
        let change = Change {
            change_number: 7,
            branch: Uuid::nil(),
            timestamp: "2026-01-01T00:00:00Z"
                .parse::<jiff::Timestamp>()
                .expect("a time")
                .into(),
            cause: Cause::Member { xuid: Xuid(1001) },
            change_types: vec![ChangeType::Everything, ChangeType::Host],
            departures: vec![],
            ended: None,
            patch: None,
        };
        let text = serde_json::to_string(&change).expect("JSON");
        assert_eq!(
            text,
            r#"{"changeNumber":7,"branch":"00000000-0000-0000-0000-000000000000","timestamp":"2026-01-01T00:00:00.0000000Z","cause":{"type":"member","xuid":"1001"},"changeTypes":["everything","host"]}"#
        );
        assert_eq!(
            serde_json::from_str::<Change>(&text).expect("a change"),
            change
        );
    }
}
