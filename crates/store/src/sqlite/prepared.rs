//! A step as it goes into the tables, made by whoever commits, so that the writer only writes.

use std::sync::Arc;

use convoke_core::activity::{ActivityKey, Stamp};
use convoke_core::handle::Handle;
use convoke_core::session::Session;
use convoke_wire::{HandleId, Sandbox};
use uuid::Uuid;

use super::endings::PlayChange;
use super::members::{self, MembersChange};
use super::values::nanoseconds;
use crate::codec::{self, Encoded};
use crate::store::SessionState;
use crate::{Commit, HandleOp, PeopleOp, SessionWrite, StoreError, Version, apart};

/// One step.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) sessions: Vec<SessionChange>,
    /// Handles that must be there and end after the given time.
    pub(super) require_handles: Vec<(String, i64)>,
    pub(super) require_free_keys: Vec<String>,
    pub(super) require_activities: Vec<(ActivityKey, Option<Stamp>)>,
    pub(super) handles: Vec<HandleChange>,
    pub(super) people: Vec<PeopleOp>,
    pub(super) play: Vec<PlayChange>,
}

/// A guarded write of one session.
#[derive(Debug)]
pub(super) struct SessionChange {
    /// Folded.
    pub(super) key: String,
    /// Folded.
    pub(super) sandbox: String,
    pub(super) expected: Option<(Uuid, i64)>,
    pub(super) next: Option<SessionRow>,
    /// Of a session whose members are or were stored apart.
    pub(super) members: Option<MembersChange>,
}

/// The columns of a session.
#[derive(Debug)]
pub(super) struct SessionRow {
    /// In the writer's spelling, as the session's reference.
    pub(super) sandbox: Sandbox,
    pub(super) session: Arc<Session>,
    pub(super) change_number: i64,
    pub(super) next_timer: Option<i64>,
    /// JSON array; `None` where they are those of the state before.
    pub(super) entries: Option<String>,
    pub(super) body: Encoded,
}

/// A change of handles.
#[derive(Debug)]
pub(super) enum HandleChange {
    Put(Box<HandleRow>),
    Delete(String),
    DeleteActivity {
        /// Folded key.
        session: String,
        owner: String,
    },
    DeleteOfSession {
        /// Folded key.
        session: String,
        kinds: Vec<&'static str>,
    },
    ClearExpiry {
        /// Folded key.
        session: String,
        kind: &'static str,
    },
    Settle(HandleId),
    DeleteExpired {
        now: i64,
    },
}

/// The columns of a handle.
#[derive(Debug)]
pub(super) struct HandleRow {
    pub(super) id: String,
    pub(super) session: String,
    pub(super) kind: &'static str,
    pub(super) sandbox: String,
    pub(super) owner: Option<String>,
    pub(super) created: i64,
    pub(super) expires: Option<i64>,
    pub(super) body: Encoded,
    pub(super) keys: Vec<String>,
}

impl Prepared {
    pub(super) fn new(commit: &Commit) -> Result<Self, StoreError> {
        let sessions = commit.sessions.iter().map(session_change);
        let handles = commit.handles.iter().map(handle_change);
        let play = commit.play.iter().map(PlayChange::new);
        Ok(Self {
            sessions: sessions.collect::<Result<_, _>>()?,
            require_handles: commit
                .require_handles
                .iter()
                .map(|(id, now)| (id.to_string(), nanoseconds(*now)))
                .collect(),
            require_free_keys: commit.require_free_keys.clone(),
            require_activities: commit.require_activities.clone(),
            handles: handles.collect::<Result<_, _>>()?,
            people: commit.people.clone(),
            play: play.collect::<Result<_, _>>()?,
        })
    }

    /// Bytes of its documents.
    pub(super) fn bytes(&self) -> usize {
        let sessions = self.sessions.iter().map(|change| {
            let next = change.next.as_ref().map_or(0, |next| next.body.text.len());
            next + change.members.as_ref().map_or(0, MembersChange::bytes)
        });
        let handles = self.handles.iter().filter_map(|change| match change {
            HandleChange::Put(handle) => Some(handle.body.text.len()),
            _ => None,
        });
        let activities = self.play.iter().filter_map(|change| match change {
            PlayChange::Do(row) => Some(row.body.text.len()),
            _ => None,
        });
        sessions.chain(handles).chain(activities).sum()
    }
}

fn session_change(write: &SessionWrite) -> Result<SessionChange, StoreError> {
    Ok(SessionChange {
        key: write.key.folded(),
        sandbox: write.key.sandbox.folded().into_owned(),
        expected: write.expected.map(version).transpose()?,
        next: write
            .next
            .as_ref()
            .map(|next| session_row(write, next))
            .transpose()?,
        members: MembersChange::of(write)?,
    })
}

fn version(version: Version) -> Result<(Uuid, i64), StoreError> {
    Ok((version.branch, number(version.change_number)?))
}

fn session_row(write: &SessionWrite, next: &SessionState) -> Result<SessionRow, StoreError> {
    let session = &next.session;
    Ok(SessionRow {
        sandbox: write.key.sandbox.clone(),
        session: Arc::clone(session),
        change_number: number(session.change_number)?,
        next_timer: next.next_timer.map(nanoseconds),
        entries: if members::keep_column(apart::known(write), session) {
            None
        } else {
            Some(members::column(session)?)
        },
        body: codec::encode_session(&apart::head(session))?,
    })
}

fn handle_change(op: &HandleOp) -> Result<HandleChange, StoreError> {
    Ok(match op {
        HandleOp::Put(handle) => HandleChange::Put(Box::new(handle_row(handle)?)),
        HandleOp::Delete(id) => HandleChange::Delete(id.to_string()),
        HandleOp::DeleteActivity { session, owner } => HandleChange::DeleteActivity {
            session: session.folded(),
            owner: owner.to_string(),
        },
        HandleOp::DeleteOfSession { session, kinds } => HandleChange::DeleteOfSession {
            session: session.folded(),
            kinds: kinds.iter().map(|kind| kind.as_str()).collect(),
        },
        HandleOp::ClearExpiry { session, kind } => HandleChange::ClearExpiry {
            session: session.folded(),
            kind: kind.as_str(),
        },
        HandleOp::Settle(id) => HandleChange::Settle(*id),
        HandleOp::DeleteExpired { now } => HandleChange::DeleteExpired {
            now: nanoseconds(*now),
        },
    })
}

/// The columns that a handle has.
pub(super) fn handle_row(handle: &Handle) -> Result<HandleRow, StoreError> {
    Ok(HandleRow {
        id: handle.id.to_string(),
        session: handle.session_key().folded(),
        kind: handle.kind().as_str(),
        sandbox: handle.sandbox.folded().into_owned(),
        owner: handle.found_by().map(|owner| owner.to_string()),
        created: nanoseconds(handle.created),
        expires: handle.expires.map(nanoseconds),
        body: codec::encode_handle(handle)?,
        keys: handle.unique_keys(),
    })
}

/// A change number as a column.
fn number(change_number: u64) -> Result<i64, StoreError> {
    i64::try_from(change_number).map_err(|_| {
        StoreError::Failed(format!("the change number {change_number} is out of range"))
    })
}
