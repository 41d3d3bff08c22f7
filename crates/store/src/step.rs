//! A step made ready by whoever commits, so that the one who takes steps does little.

use std::sync::Arc;

use bytes::Bytes;
use convoke_core::handle::Handle;
use convoke_core::session::{Members, Session};
use convoke_wire::{Sandbox, SessionKey};
use jiff::Timestamp;

use crate::store::SessionState;
use crate::{Commit, HandleOp, StoreError, apart, codec};

/// A commit with its keys folded and, for a log, its documents written.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) commit: Commit,
    /// What the writes of sessions come to, in their order.
    pub(crate) sessions: Vec<SessionChange>,
    /// The documents of the handles that are put, in their order; empty without a log.
    pub(crate) handles: Vec<Bytes>,
}

/// What a write of one session comes to.
#[derive(Debug)]
pub(crate) struct SessionChange {
    /// Folded.
    pub(crate) key: Arc<str>,
    pub(crate) next: Option<StoredSession>,
}

/// A session as it is kept in memory.
#[derive(Debug, Clone)]
pub(crate) struct StoredSession {
    /// In its writer's spelling.
    pub(crate) sandbox: Sandbox,
    pub(crate) session: Arc<Session>,
    pub(crate) next_timer: Option<Timestamp>,
    /// As it goes into the log; empty once it is there, and without a log.
    pub(crate) written: Bytes,
    /// Whether a log of old has the members of this large session in its document.
    pub(crate) is_whole: bool,
}

impl Step {
    /// A step that is kept in memory only.
    pub(crate) fn in_memory(commit: Commit) -> Self {
        let sessions = commit.sessions.iter().map(|write| SessionChange {
            key: write.key.folded().into(),
            next: write
                .next
                .as_ref()
                .map(|next| StoredSession::new(&write.key, next)),
        });
        Self {
            sessions: sessions.collect(),
            handles: Vec::new(),
            commit,
        }
    }

    /// A step that goes into a log too.
    pub(crate) fn for_log(commit: Commit) -> Result<Self, StoreError> {
        let mut step = Self::in_memory(commit);
        for next in step.sessions.iter_mut().filter_map(|it| it.next.as_mut()) {
            next.written = codec::pack_session(&next.sandbox, &apart::head(&next.session))?;
        }
        let puts = step.commit.handles.iter().filter_map(|op| match op {
            HandleOp::Put(handle) => Some(codec::pack_handle(handle)),
            _ => None,
        });
        step.handles = puts.collect::<Result<_, _>>()?;
        Ok(step)
    }
}

impl StoredSession {
    fn new(key: &SessionKey, state: &SessionState) -> Self {
        Self {
            sandbox: key.sandbox.clone(),
            session: Arc::clone(&state.session),
            next_timer: state.next_timer,
            written: Bytes::new(),
            is_whole: false,
        }
    }

    /// The members that are stored apart.
    pub(crate) fn members_apart(&self) -> Members {
        let session = Some(&*self.session).filter(|_| !self.is_whole);
        apart::members(session)
    }

    /// The key, in its writers' spelling.
    pub(crate) fn key(&self) -> SessionKey {
        SessionKey {
            sandbox: self.sandbox.clone(),
            reference: self.session.reference.clone(),
        }
    }
}

/// A handle that shall be there, and how it goes into a log; empty without one.
#[derive(Debug, Clone)]
pub(crate) struct PutHandle {
    pub(crate) handle: Arc<Handle>,
    pub(crate) written: Bytes,
}
