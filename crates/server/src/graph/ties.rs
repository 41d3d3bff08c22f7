//! What is known of people while a session is locked.
//!
//! Nobody waits for another service with a session locked, so what it knows is asked for before. By
//! the time of the lock the session may have other members; then it is asked again.

use std::collections::BTreeSet;

use convoke_core::privacy::PrivateList;
use convoke_store::{AnyStore, Store as _};
use convoke_wire::Xuid;

use super::{GraphError, SocialGraph};

/// What the rules may ask about a user who reads or joins a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Needs {
    /// The user.
    pub(crate) user: Xuid,
    /// Who may follow the user.
    pub(crate) members: Vec<Xuid>,
    /// Who may have blocked the user.
    pub(crate) owners: Vec<Xuid>,
}

/// What is known of people.
#[derive(Debug)]
pub(crate) enum Ties {
    /// What the store says when it is asked.
    Stored,
    /// What was fetched about some users, and nothing about others.
    Fetched {
        asked: Needs,
        following: BTreeSet<Xuid>,
        blocking: BTreeSet<Xuid>,
    },
}

impl Ties {
    pub(super) async fn fetch(graph: &impl SocialGraph, asked: Needs) -> Result<Self, GraphError> {
        Ok(Self::Fetched {
            following: graph.following(&asked.members, asked.user).await?,
            blocking: graph.blocking(&asked.owners, asked.user).await?,
            asked,
        })
    }

    /// Whether one of some members follows a user.
    pub(crate) fn is_followed(
        &self,
        store: &AnyStore,
        user: Xuid,
        members: impl Iterator<Item = Xuid>,
    ) -> Result<bool, GraphError> {
        any(members, |member| match self {
            Self::Stored => Ok(store.follow(member, user)?.is_some()),
            Self::Fetched {
                asked, following, ..
            } => known(asked.user == user, member, &asked.members, following),
        })
    }

    /// Whether one of some owners has blocked a user.
    pub(crate) fn is_blocked(
        &self,
        store: &AnyStore,
        user: Xuid,
        owners: impl Iterator<Item = Xuid>,
    ) -> Result<bool, GraphError> {
        any(owners, |owner| match self {
            Self::Stored => Ok(store.is_listed(PrivateList::Blocked, owner, user)?),
            Self::Fetched {
                asked, blocking, ..
            } => known(asked.user == user, owner, &asked.owners, blocking),
        })
    }
}

fn any(
    users: impl Iterator<Item = Xuid>,
    holds: impl Fn(Xuid) -> Result<bool, GraphError>,
) -> Result<bool, GraphError> {
    for user in users {
        if holds(user)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn known(
    same_user: bool,
    who: Xuid,
    asked: &[Xuid],
    found: &BTreeSet<Xuid>,
) -> Result<bool, GraphError> {
    if same_user && asked.contains(&who) {
        return Ok(found.contains(&who));
    }
    Err(GraphError::Unfetched)
}

#[cfg(test)]
mod tests {
    use convoke_store::MemoryStore;

    use super::*;

    #[test]
    fn what_was_not_asked_about_is_not_known() {
        let store = AnyStore::Memory(MemoryStore::default());
        let (user, a, b) = (Xuid(1), Xuid(2), Xuid(3));
        let ties = Ties::Fetched {
            asked: Needs {
                user,
                members: vec![a],
                owners: vec![b],
            },
            following: BTreeSet::from([a]),
            blocking: BTreeSet::from([b]),
        };
        let followed = |user, members: &[Xuid]| {
            let members = members.iter().copied();
            ties.is_followed(&store, user, members).ok()
        };
        assert_eq!(followed(user, &[a]), Some(true));
        assert_eq!(followed(user, &[]), Some(false));
        assert_eq!(followed(user, &[b]), None);
        assert_eq!(followed(b, &[a]), None);
        let blocked = |owner: Xuid| ties.is_blocked(&store, user, [owner].into_iter()).ok();
        assert_eq!((blocked(b), blocked(a)), (Some(true), None));
    }
}
