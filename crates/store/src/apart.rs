//! What of a session is stored apart from it: the members of a large one, each in a place of its own.
//!
//! So a change of one of ten thousand members writes that member and the rest of the document. All
//! other sessions are stored whole, in one place, because that is the least for them.

use std::borrow::Cow;
use std::sync::Arc;

use convoke_core::session::{Member, Members, Session, next_timer};
use convoke_wire::session::constants::Capability;
use jiff::Timestamp;

use crate::{SessionWrite, StoreError, Version};

/// Whether members are stored apart.
pub(crate) fn is_apart(session: &Session) -> bool {
    session.constants.has(Capability::Large)
}

/// A session as it is stored itself.
pub(crate) fn head(session: &Session) -> Cow<'_, Session> {
    if !is_apart(session) || session.members.is_empty() {
        return Cow::Borrowed(session);
    }
    // The members go before the rest is copied, because their number is what matters.
    let mut head = session.clone();
    head.members = Members::new();
    Cow::Owned(head)
}

/// The members that are stored apart.
pub(crate) fn members(session: Option<&Session>) -> Members {
    let session = session.filter(|session| is_apart(session));
    session.map_or_else(Members::new, |session| session.members.clone())
}

/// The state that a write replaces, if it was handed over with it.
pub(crate) fn known(write: &SessionWrite) -> Option<&Session> {
    let before = write.before.as_deref()?;
    (Some(Version::from(before)) == write.expected).then_some(before)
}

/// Puts members back that were stored apart; the session's next timer.
pub(crate) fn put_back(
    session: &mut Session,
    members: impl IntoIterator<Item = (u32, Arc<Member>)>,
) -> Result<Option<Timestamp>, StoreError> {
    let mut members = members.into_iter().peekable();
    if members.peek().is_some() {
        if !is_apart(session) || !session.members.is_empty() {
            let name = session.reference.resource();
            let detail = format!("session {name} has members beside those in its document");
            return Err(StoreError::Corrupt(detail));
        }
        session.members = members.collect();
    }
    Ok(next_timer(session))
}
