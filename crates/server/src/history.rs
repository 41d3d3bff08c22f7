//! What has happened to sessions of late: who changed them, and why somebody is gone.
//!
//! Every session has a short history, in memory only. While somebody follows a session, the states
//! between the changes are kept too, so that each change can be told as a patch.
//!
//! | | |
//! |---|---|
//! | `record` | one change |
//! | `histories` | who follows, and the histories of sessions that are gone |
//!
//! Not here: what a follower is told, and when that ends (`routes::changes`).

mod histories;
mod record;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use convoke_core::session::departures::departures;
use convoke_core::session::{ChangeTypes, MemberState, Members, Session};
use convoke_wire::session::changes::{Cause, ChangeId};
use jiff::Timestamp;
use tokio::sync::Notify;

use crate::live::{LiveSession, session_of};
pub(crate) use histories::{Ended, Following, Histories};
pub(crate) use record::{Record, States};

/// Most changes that are remembered of a session. Ours.
const MAX_RECORDS: usize = 32;
/// Most bytes of titles in the states that are kept of a session. Ours.
const MAX_KEPT_BYTES: usize = 1024 * 1024;

/// The history of one session, from its creation to its end.
#[derive(Debug, Default)]
pub(crate) struct History {
    told: Mutex<Told>,
    /// Told of every change.
    pub(crate) news: Notify,
}

#[derive(Debug, Default)]
struct Told {
    /// The oldest first, without gaps.
    records: VecDeque<Record>,
    /// Members that are inactive because their connection was lost.
    disconnected: Vec<u32>,
    followers: usize,
    /// Until when states are kept without a follower.
    resumable: Option<Timestamp>,
    /// Bytes of titles in the states that are kept.
    kept_bytes: usize,
}

/// What a follower is to be told.
#[derive(Debug)]
pub(crate) enum News {
    /// Nothing has happened.
    Nothing,
    /// These changes, with their states.
    Changes(Vec<Record>),
    /// More than is remembered.
    TooMuch,
}

impl History {
    /// A change was committed. In the order of their numbers, while nobody else changes the session.
    pub(crate) fn record(
        &self,
        before: Option<&Arc<LiveSession>>,
        after: Option<&Arc<LiveSession>>,
        cause: Cause,
        now: Timestamp,
    ) {
        self.told().record(before, after, cause, now);
        self.news.notify_waiters();
    }

    /// Another process has changed the session, and how is not known.
    pub(crate) fn forget(&self) {
        self.told().clear();
        self.news.notify_waiters();
    }

    /// What a follower is to be told that knows of everything up to a change, while the session is
    /// at another, or gone.
    pub(crate) fn since(&self, known: ChangeId, present: Option<ChangeId>) -> News {
        self.told().since(known, present)
    }

    /// All that is remembered, the oldest first.
    pub(crate) fn records(&self) -> Vec<Record> {
        self.told().records.iter().cloned().collect()
    }

    /// The id of the last change that is remembered.
    pub(crate) fn last(&self) -> Option<ChangeId> {
        self.told().records.back().map(|record| record.id)
    }

    /// Whether the session is gone.
    pub(crate) fn is_over(&self) -> bool {
        let told = self.told();
        let last = told
            .records
            .back()
            .and_then(|last| last.departures.as_deref());
        last.is_some_and(|gone| gone.ended.is_some())
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Told {
    fn record(
        &mut self,
        before: Option<&Arc<LiveSession>>,
        after: Option<&Arc<LiveSession>>,
        cause: Cause,
        now: Timestamp,
    ) {
        let (old, new) = (session_of(before), session_of(after));
        let id = match (old, new) {
            (_, Some(new)) => id_of(new),
            (Some(old), None) => ChangeId {
                change_number: old.change_number + 1,
                ..id_of(old)
            },
            (None, None) => return,
        };
        let gone = old.map(|old| departures(old, new, cause, &self.disconnected, now));
        self.note_disconnected(old, new, cause);
        let states = self.keeps(now).then(|| States {
            before: before.cloned(),
            after: after.cloned(),
        });
        if states.is_none() && self.resumable.is_some() {
            self.let_go();
        }
        let record = Record {
            id,
            timestamp: now,
            cause,
            changes: ChangeTypes::between(old, new),
            departures: gone.filter(|gone| !gone.is_nothing()).map(Box::new),
            states,
        };
        self.kept_bytes += record.weight();
        self.records.push_back(record);
        while MAX_RECORDS < self.records.len() || MAX_KEPT_BYTES < self.kept_bytes {
            let Some(oldest) = self.records.pop_front() else {
                break;
            };
            self.kept_bytes = self.kept_bytes.saturating_sub(oldest.weight());
        }
    }

    /// Whose connection was lost, until they are active again or gone.
    fn note_disconnected(&mut self, old: Option<&Session>, new: Option<&Session>, cause: Cause) {
        if cause != Cause::Disconnect && self.disconnected.is_empty() {
            return;
        }
        let inactive = |session: Option<&Session>, index: u32| {
            let member = session.and_then(|session| session.members.get(&index));
            member.is_some_and(|member| member.state == MemberState::Inactive)
        };
        self.disconnected.retain(|index| inactive(new, *index));
        if let (Cause::Disconnect, Some(new)) = (cause, new) {
            let nobody = Members::new();
            let former = old.map_or(&nobody, |old| &old.members);
            let changed = new.members.differences(former).into_iter();
            let indices = changed.map(|changed| changed.index);
            let lost =
                indices.filter(|index| inactive(Some(new), *index) && !inactive(old, *index));
            self.disconnected.extend(lost);
        }
    }

    fn since(&self, known: ChangeId, present: Option<ChangeId>) -> News {
        let last = self.records.back().map(|record| record.id);
        let Some(newest) = present
            .or(last)
            .filter(|newest| newest.branch == known.branch)
        else {
            return News::TooMuch;
        };
        let untold: Vec<Record> = self
            .records
            .iter()
            .filter(|record| known.change_number < record.id.change_number)
            .cloned()
            .collect();
        match untold.first() {
            None if newest.change_number <= known.change_number => News::Nothing,
            None => News::TooMuch,
            Some(first) if first.id.change_number != known.change_number + 1 => News::TooMuch,
            Some(_) if untold.iter().any(|record| record.states.is_none()) => News::TooMuch,
            Some(_) => News::Changes(untold),
        }
    }

    /// Whether states are kept.
    fn keeps(&self, now: Timestamp) -> bool {
        0 < self.followers || self.resumable.is_some_and(|until| now < until)
    }

    fn let_go(&mut self) {
        self.resumable = None;
        self.kept_bytes = 0;
        for record in &mut self.records {
            record.states = None;
        }
    }

    fn clear(&mut self) {
        self.records.clear();
        self.kept_bytes = 0;
    }
}

/// The change that led to a state.
pub(crate) fn id_of(session: &Session) -> ChangeId {
    ChangeId {
        branch: session.branch,
        change_number: session.change_number,
    }
}
