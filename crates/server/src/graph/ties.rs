//! What is known of people while a session is locked.
//!
//! Nobody waits for another service with a session locked, so what it knows is asked for before. By
//! the time of the lock the session may have other members; then it is asked again.

use std::collections::BTreeSet;

use convoke_core::limits::MAX_FOLLOWERS_SHOWN;
use convoke_core::people::Follow;
use convoke_core::privacy::PrivateList;
use convoke_core::session::Session;
use convoke_store::{AnyStore, Store as _};
use convoke_wire::Xuid;

use super::{GraphError, SocialGraph};

/// Up to so many members are looked at one by one. Ours.
const FEW: usize = 64;

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

    fn is_followed(
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

    /// Whether one of those who have come to a session follows a user.
    ///
    /// Where there are more members than followers, it is the followers who are looked at.
    pub(crate) fn is_followed_in(
        &self,
        store: &AnyStore,
        user: Xuid,
        session: &Session,
    ) -> Result<bool, GraphError> {
        let most = session.members.len().min(MAX_FOLLOWERS_SHOWN);
        if matches!(self, Self::Stored) && FEW < most {
            let followers = store.followers(user, most)?;
            let has_come = |follow: &Follow| session.has_accepted(follow.owner);
            if followers.iter().any(has_come) {
                return Ok(true);
            }
            if followers.len() < most {
                return Ok(false);
            }
        }
        let come = session.accepted().map(|(_, member)| member.xuid);
        self.is_followed(store, user, come)
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
    use std::sync::Arc;

    use convoke_core::{Member, MemberState};
    use convoke_store::{Commit, MemoryStore, PeopleOp};
    use jiff::Timestamp;
    use serde_json::json;
    use uuid::Uuid;

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

    const USER: Xuid = Xuid(1_000_000);

    /// A session of members 1 to `count`, the last of whom has only a reservation.
    fn session(count: u64) -> Session {
        let now = Timestamp::UNIX_EPOCH;
        let mut session: Session = serde_json::from_value(json!({
            "reference": {"scid": "11111111-2222-3333-4444-555555555555", "templateName": "large",
                "name": "x"},
            "branch": Uuid::nil(), "change_number": 1, "start_time": now, "constants": {},
            "properties": {}, "members": {}, "next_index": count,
        }))
        .expect("a session");
        for (index, xuid) in (0..).zip(1..=count) {
            let state = if xuid == count {
                MemberState::Reserved
            } else {
                MemberState::Active
            };
            let member = Member::new(Xuid(xuid), state, now);
            session.members.insert(index, Arc::new(member));
        }
        session
    }

    async fn follow(store: &AnyStore, owners: impl IntoIterator<Item = u64>) {
        let put = |owner| {
            PeopleOp::Put(Follow {
                owner: Xuid(owner),
                target: USER,
                favorite: false,
                added_at: Timestamp::UNIX_EPOCH,
            })
        };
        let commit = Commit {
            people: owners.into_iter().map(put).collect(),
            ..Commit::default()
        };
        store.commit(commit).await.expect("stored");
    }

    #[tokio::test]
    async fn in_a_session_of_many_those_who_follow_a_user_are_looked_at_instead() {
        let store = AnyStore::Memory(MemoryStore::default());
        let (few, many) = (session(9), session(99));
        let followed = |session| {
            let followed = Ties::Stored.is_followed_in(&store, USER, session);
            followed.expect("an answer")
        };
        assert!(!followed(&few) && !followed(&many));
        // Who has a reservation has not come, and strangers do not count.
        follow(&store, [9, 99, 5000]).await;
        assert!(!followed(&few) && followed(&many));
        follow(&store, [8]).await;
        assert!(followed(&few));
    }

    #[tokio::test]
    async fn with_more_followers_than_members_the_members_are_asked_one_by_one() {
        let store = AnyStore::Memory(MemoryStore::default());
        let many = session(99);
        let followed = || Ties::Stored.is_followed_in(&store, USER, &many).ok();
        follow(&store, 1001..=1150).await;
        assert_eq!(followed(), Some(false));
        follow(&store, [98]).await;
        assert_eq!(followed(), Some(true));
    }
}
