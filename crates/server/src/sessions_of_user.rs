//! In how many sessions of a service configuration a user may be at a time.
//!
//! Counted before the session is locked, because counting settles other sessions. Two joins of one
//! user at the same moment may therefore both be let in.

use convoke_core::index::IndexEntry;
use convoke_core::refusal::{Refusal, Rule};
use convoke_core::session::Session;
use convoke_store::{Store as _, StoreError};
use convoke_wire::{SessionKey, Xuid};

use crate::config::{Limits, MAX_SESSIONS_PER_USER, Mode};
use crate::shared::Shared;

/// Most sessions that are looked at of those that name a user; in further ones nothing is counted.
/// Places that others keep for a user are among them, and must hold nobody up.
const MAX_LOOKED_AT: usize = MAX_SESSIONS_PER_USER as usize + 1;

/// How many sessions a user may be a member of; `None` for any number.
pub(crate) fn limit(limits: &Limits) -> Option<usize> {
    let most = limits.sessions_per_user.most()?;
    let enforced = limits.mode == Mode::Enforce;
    usize::try_from(most).ok().filter(|_| enforced)
}

/// Those of the users who are in as many other sessions as they may be.
pub(crate) async fn crowded(
    shared: &Shared,
    key: &SessionKey,
    users: impl Iterator<Item = Xuid>,
) -> Result<Vec<Xuid>, StoreError> {
    let Some(limit) = shared.sessions_per_user else {
        return Ok(Vec::new());
    };
    let here = shared.directory.live.get(key);
    let mut crowded = Vec::new();
    for user in users {
        let inside = here
            .as_ref()
            .is_some_and(|it| it.session.has_accepted(user));
        if !inside && limit <= others(shared, key, user, limit).await? {
            crowded.push(user);
        }
    }
    Ok(crowded)
}

/// In how many other sessions of the configuration a user is, up to a limit.
async fn others(
    shared: &Shared,
    key: &SessionKey,
    user: Xuid,
    limit: usize,
) -> Result<usize, StoreError> {
    let directory = &shared.directory;
    let entry = IndexEntry::Member(user);
    let found = directory.store.find(&key.sandbox, &entry, MAX_LOOKED_AT)?;
    if found.len() < limit {
        return Ok(found.len());
    }
    let folded = key.folded();
    let mut count = 0;
    for other in found {
        if other.reference.scid != key.reference.scid || other.folded() == folded {
            continue;
        }
        let state = directory.read(&other).await?;
        count += usize::from(state.is_some_and(|it| it.session.has_accepted(user)));
        if limit <= count {
            break;
        }
    }
    Ok(count)
}

/// Refuses a step that makes a member of somebody who is in enough sessions.
pub(crate) fn check(
    shared: &Shared,
    before: Option<&Session>,
    after: &Session,
    crowded: &[Xuid],
) -> Result<(), Refusal> {
    let comes = |user: &&Xuid| {
        let was_in = before.is_some_and(|session| session.has_accepted(**user));
        after.has_accepted(**user) && !was_in
    };
    let Some(user) = crowded.iter().find(comes) else {
        return Ok(());
    };
    let limit = shared.sessions_per_user.unwrap_or_default();
    let detail = format!(
        "the user {user} is in {limit} sessions of the service configuration, as many as are allowed"
    );
    Err(Rule::TooManySessions.at("members.me", detail))
}
