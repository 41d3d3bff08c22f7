//! Ownership of sessions with `hasOwners`.

use convoke_wire::Xuid;
use convoke_wire::session::constants::{Capability, OwnershipMigration};

use super::Session;
use crate::caller::Caller;

/// The users who own the session, by the order of their places.
pub fn users(session: &Session) -> Vec<Xuid> {
    let owners = session.properties.owners.iter();
    owners
        .filter_map(|index| session.members.get(index))
        .map(|member| member.xuid)
        .collect()
}

/// Whether a user owns the session.
pub fn is_owner(session: &Session, xuid: Xuid) -> bool {
    session
        .member_of(xuid)
        .is_some_and(|(index, _)| session.properties.owners.contains(&index))
}

/// Whether a user owns the session, where sessions have owners.
pub fn owns_or_unowned(session: &Session, caller: &Caller) -> bool {
    !session.constants.has(Capability::HasOwners)
        || caller.xuid().is_some_and(|xuid| is_owner(session, xuid))
}

/// Finds a new owner when the last one has been removed, or ends the session. `[doc]`
///
/// `Leaving` is removal for any reason, not inactivity. `Inferred:` session 8.2
pub(super) fn migrate(session: &mut Session, had_owners: bool) -> Option<OwnershipMigration> {
    let lost = had_owners && session.properties.owners.is_empty();
    if !lost || !session.constants.has(Capability::HasOwners) {
        return None;
    }
    let policy = session
        .constants
        .ownership_policies
        .as_ref()
        .and_then(|policies| policies.migration)
        .unwrap_or(OwnershipMigration::EndSession);
    match (policy, session.members.first_to_come()) {
        (OwnershipMigration::Oldest, Some(index)) => session.properties.owners.push(index),
        // Nobody is left who could look after it, so it is not found any more (handles 1.13).
        (OwnershipMigration::Oldest, None) => session.search_handle = None,
        (OwnershipMigration::EndSession, _) => {}
    }
    Some(policy)
}
