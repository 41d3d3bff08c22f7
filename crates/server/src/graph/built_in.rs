//! The people graph that is kept in the store.

use std::collections::BTreeSet;
use std::sync::Arc;

use convoke_core::handle::query::PeopleSet;
use convoke_core::privacy::PrivateList;
use convoke_core::privacy::permission::{Asked, Permission};
use convoke_store::{AnyStore, Store as _};
use convoke_wire::Xuid;

use super::{GraphError, SocialGraph, Verdict};
use crate::config::FriendModel;
use crate::friendship::are_friends;
use crate::privacy::Asker;

/// The graph of a store.
#[derive(Debug)]
pub(crate) struct BuiltIn {
    pub(crate) store: Arc<AnyStore>,
    pub(crate) friends: FriendModel,
}

impl SocialGraph for BuiltIn {
    async fn following(&self, users: &[Xuid], whom: Xuid) -> Result<BTreeSet<Xuid>, GraphError> {
        let mut following = BTreeSet::new();
        for user in users {
            following.extend(self.store.follow(*user, whom)?.map(|follow| follow.owner));
        }
        Ok(following)
    }

    async fn blocking(&self, users: &[Xuid], whom: Xuid) -> Result<BTreeSet<Xuid>, GraphError> {
        let blocking = self.store.listing(PrivateList::Blocked, users, whom)?;
        Ok(blocking.into_iter().collect())
    }

    async fn people(&self, of: Xuid, set: PeopleSet) -> Result<Vec<Xuid>, GraphError> {
        let mut people = Vec::new();
        for follow in self.store.following(of)? {
            let wanted = match set {
                PeopleSet::People => true,
                PeopleSet::Favorites => follow.favorite,
                PeopleSet::Friends => are_friends(&self.store, self.friends, of, follow.target)?,
            };
            people.extend(wanted.then_some(follow.target));
        }
        Ok(people)
    }

    async fn verdicts(
        &self,
        asker: &Asker<'_>,
        permission: Permission,
        targets: &[Xuid],
    ) -> Result<Vec<Verdict>, GraphError> {
        let asked = Asked::Permission(permission);
        let verdicts = targets.iter().map(|target| asker.verdict(asked, *target));
        Ok(verdicts.collect::<Result<_, _>>()?)
    }
}
