//! One change, as it is remembered and as it is told.

use std::sync::Arc;

use convoke_core::session::ChangeTypes;
use convoke_core::session::departures::Departures;
use convoke_wire::session::changes::{Cause, Change, ChangeId};
use jiff::Timestamp;

use crate::live::LiveSession;

/// One committed change.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) id: ChangeId,
    pub(crate) timestamp: Timestamp,
    pub(crate) cause: Cause,
    pub(crate) changes: ChangeTypes,
    /// Who is gone; nobody, mostly.
    pub(crate) departures: Option<Box<Departures>>,
    /// Kept only while somebody follows.
    pub(crate) states: Option<States>,
}

/// The states around a change.
#[derive(Debug, Clone)]
pub(crate) struct States {
    pub(crate) before: Option<Arc<LiveSession>>,
    pub(crate) after: Option<Arc<LiveSession>>,
}

impl Record {
    /// The change as it is told, without its patch.
    pub(crate) fn told(&self) -> Change {
        let departures = self.departures.as_deref();
        Change {
            change_number: self.id.change_number,
            branch: self.id.branch,
            timestamp: self.timestamp.into(),
            cause: self.cause,
            change_types: self.changes.iter().collect(),
            departures: departures.map_or_else(Vec::new, |gone| gone.members.clone()),
            ended: departures.and_then(|gone| gone.ended),
            patch: None,
        }
    }

    /// Bytes of titles in the state that it keeps.
    pub(super) fn weight(&self) -> usize {
        let after = self
            .states
            .as_ref()
            .and_then(|states| states.after.as_ref());
        after.map_or(0, |state| state.session.weight())
    }
}
