//! On which condition a session is written, and what came of it.

use reqwest::StatusCode;

use crate::error::Error;
use crate::raw::{Answer, Call};
use crate::refusal::Refusal;
use crate::snapshot::{EntityTag, Snapshot};

/// The condition of a write. `[client]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WriteMode {
    /// None: the session is created if there is none.
    UpdateOrCreate,
    /// There must be no such session (`If-None-Match: *`).
    CreateNew,
    /// There must be one (`If-Match: *`).
    UpdateExisting,
    /// It must be in this state (`If-Match: <tag>`).
    Unchanged(EntityTag),
}

/// What came of a write that the service did not refuse.
#[derive(Debug, Clone)]
pub enum Written {
    /// The session is new (201).
    Created(Snapshot),
    /// The session has changed, or was asked for nothing new (200).
    Updated(Snapshot),
    /// The session is in the state that the write was based on: nothing was asked for, or nothing new.
    Same(Snapshot),
    /// There is no such session now (204): its last member has left, for instance.
    Deleted,
    /// The condition does not hold (412). Nothing was changed; the session as it is, where the
    /// service shows it.
    Conflict(Option<Snapshot>),
}

/// What came of reading a session that the caller knows in some state.
#[derive(Debug, Clone)]
pub enum Read {
    /// It is in another state now.
    Changed(Snapshot),
    /// It is in the same state.
    Same,
    /// There is no such session.
    Absent,
}

impl WriteMode {
    pub(crate) fn add_to(&self, call: Call) -> Result<Call, Error> {
        match self {
            Self::UpdateOrCreate => Ok(call),
            Self::CreateNew => call.header("if-none-match", "*"),
            Self::UpdateExisting => call.header("if-match", "*"),
            Self::Unchanged(tag) => call.header("if-match", tag.as_str()),
        }
    }
}

impl Written {
    /// The session as it is now, where there is one and it is known.
    pub fn snapshot(&self) -> Option<&Snapshot> {
        match self {
            Self::Created(snapshot) | Self::Updated(snapshot) | Self::Same(snapshot) => {
                Some(snapshot)
            }
            Self::Conflict(snapshot) => snapshot.as_ref(),
            Self::Deleted => None,
        }
    }

    /// Whether the session is now as the write asked for.
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Created(_) | Self::Updated(_) | Self::Same(_))
    }

    /// The session that was written.
    ///
    /// [`Error::NoSession`] when there is none now, [`Error::Contended`] when the condition did not
    /// hold.
    pub fn into_session(self) -> Result<Snapshot, Error> {
        match self {
            Self::Created(snapshot) | Self::Updated(snapshot) | Self::Same(snapshot) => {
                Ok(snapshot)
            }
            Self::Deleted | Self::Conflict(None) => Err(Error::NoSession),
            Self::Conflict(Some(_)) => Err(Error::Contended(1)),
        }
    }

    /// What the answer to a write means.
    pub(crate) fn of(answer: &Answer, mode: &WriteMode) -> Result<Self, Error> {
        match answer.status {
            StatusCode::CREATED => Snapshot::of(answer).map(Self::Created),
            StatusCode::OK => {
                let snapshot = Snapshot::of(answer)?;
                let is_same =
                    matches!(mode, WriteMode::Unchanged(tag) if snapshot.tag.as_ref() == Some(tag));
                Ok(if is_same {
                    Self::Same(snapshot)
                } else {
                    Self::Updated(snapshot)
                })
            }
            StatusCode::NO_CONTENT => Ok(Self::Deleted),
            StatusCode::PRECONDITION_FAILED => Ok(Self::Conflict(Snapshot::of(answer).ok())),
            _ => Err(Refusal::of(answer).into()),
        }
    }
}

impl Read {
    /// What the answer to a read means.
    pub(crate) fn of(answer: &Answer) -> Result<Self, Error> {
        match answer.status {
            StatusCode::OK => Snapshot::of(answer).map(Self::Changed),
            StatusCode::NO_CONTENT => Ok(Self::Absent),
            StatusCode::NOT_MODIFIED => Ok(Self::Same),
            _ => Err(Refusal::of(answer).into()),
        }
    }

    /// The session, of a read without a condition.
    pub(crate) fn into_snapshot(self) -> Result<Option<Snapshot>, Error> {
        match self {
            Self::Changed(snapshot) => Ok(Some(snapshot)),
            Self::Absent => Ok(None),
            // Nothing was asked that this could be the answer to.
            Self::Same => Err(Error::Incomplete {
                status: StatusCode::NOT_MODIFIED,
                missing: "the session",
            }),
        }
    }
}

/// The header that a conditional read carries.
pub(crate) fn unless(call: Call, tag: &EntityTag) -> Result<Call, Error> {
    call.header("if-none-match", tag.as_str())
}
