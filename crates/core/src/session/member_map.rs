//! The members of a session by index, so that a change costs the same among ten or ten thousand.
//!
//! Members lie in a [`tree`], of which the states of a session share whatever a change did not touch,
//! and which knows their [`Totals`], so that nobody counts members one by one. What else they are
//! found by is kept beside it.

mod lookup;
mod totals;
pub(super) mod tree;

use std::collections::BTreeMap;
use std::sync::Arc;

use convoke_wire::Xuid;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use super::derived::Stored;
use super::{Derived, Member, connections};
use lookup::{Lookup, Marks};
pub use totals::Totals;
use tree::Tree;

/// Up to so many members are looked at one by one.
const FEW: u32 = 64;

/// The members of a session by index. Clones share what is the same in both.
#[derive(Debug, Clone, Default)]
pub struct Members {
    tree: Tree<u32, Arc<Member>, Totals>,
    lookup: Lookup,
}

/// Reading.
impl Members {
    /// Nobody.
    pub fn new() -> Self {
        Self::default()
    }

    /// The member at an index.
    pub fn get(&self, index: &u32) -> Option<&Arc<Member>> {
        self.tree.get(*index)
    }

    /// Whether there is a member at an index.
    pub fn contains_key(&self, index: &u32) -> bool {
        self.get(index).is_some()
    }

    /// The index of a user.
    pub fn index_of(&self, xuid: Xuid) -> Option<u32> {
        if !self.lookup.is_of_few() {
            return self.lookup.index_of(xuid);
        }
        let mut all = self.iter();
        all.find(|(_, member)| member.xuid == xuid)
            .map(|(index, _)| *index)
    }

    /// Whether somebody would not be active or ready without a connection.
    pub fn depend_on(&self, connection: Uuid) -> bool {
        if !self.lookup.is_of_few() {
            return self.lookup.is_depended_on(connection);
        }
        let depends = |member: &Arc<Member>| connections::depends_on(member) == Some(connection);
        self.values().any(depends)
    }

    /// Those who would not be active or ready without a connection, by index.
    pub fn on(&self, connection: Uuid) -> Vec<u32> {
        if !self.lookup.is_of_few() {
            return self.lookup.on(connection);
        }
        let all = self.iter();
        let depend = all.filter(|(_, it)| connections::depends_on(it) == Some(connection));
        depend.map(|(index, _)| *index).collect()
    }

    /// The one of those who have come who was first, by index.
    pub fn first_to_come(&self) -> Option<u32> {
        let first = self.totals().first_join?;
        let has_it = |totals: &Totals| totals.first_join == Some(first);
        let is_it = |it: &Arc<Member>| it.is_accepted() && it.join_time == first;
        self.tree.first_where(has_it, is_it).copied()
    }

    /// How many hold a role.
    pub fn holders(&self, role_type: &str, role: &str) -> u32 {
        self.lookup.holders(role_type, role)
    }

    /// All, in the order of their indices.
    pub fn iter(&self) -> Iter<'_> {
        Iter(self.tree.iter())
    }

    /// The indices, in order.
    pub fn keys(&self) -> impl Iterator<Item = &u32> + Clone {
        self.iter().map(|(index, _)| index)
    }

    /// The members, in the order of their indices.
    pub fn values(&self) -> impl Iterator<Item = &Arc<Member>> + Clone {
        self.iter().map(|(_, member)| member)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.totals().count as usize
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.totals().count == 0
    }

    /// The totals of all.
    pub fn totals(&self) -> &Totals {
        self.tree.sum()
    }

    /// A few around each member for whom this holds, and all such: it is asked of the totals of
    /// those few.
    pub fn where_totals(&self, is_wanted: impl Fn(&Totals) -> bool) -> Vec<(u32, &Arc<Member>)> {
        let mut found = Vec::new();
        let visit = |index: &u32, member| found.push((*index, member));
        self.tree.visit_where(is_wanted, visit);
        found
    }
}

/// Changing.
impl Members {
    /// Puts a member at an index; who was there before.
    pub fn insert(&mut self, index: u32, member: Arc<Member>) -> Option<Arc<Member>> {
        let after = Marks::of(&member);
        let former = self.tree.insert(index, member);
        let before = former.as_deref().map(Marks::of);
        self.lookup.follow(index, before.as_ref(), Some(&after));
        if self.lookup.is_of_few() && FEW < self.totals().count {
            self.lookup.keep_many(self.tree.iter());
        }
        former
    }

    /// Takes the member at an index away.
    pub fn remove(&mut self, index: &u32) -> Option<Arc<Member>> {
        let member = self.tree.remove(*index)?;
        let before = Marks::of(&member);
        self.lookup.follow(*index, Some(&before), None);
        Some(member)
    }

    /// Changes the member at an index; `None` when nobody is there.
    pub fn update<R>(&mut self, index: u32, change: impl FnOnce(&mut Member) -> R) -> Option<R> {
        let changed = self.tree.update(index, |member| {
            let before = Marks::of(member);
            let member = Arc::make_mut(member);
            member.derived = Derived::default();
            let result = change(member);
            (result, before, Marks::of(member))
        });
        let (result, before, after) = changed?;
        self.lookup.follow(index, Some(&before), Some(&after));
        Some(result)
    }
}

/// A member before and after a change; `None` where there was or is nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Changed<'a> {
    /// The index.
    pub index: u32,
    /// Before.
    pub before: Option<&'a Arc<Member>>,
    /// After.
    pub after: Option<&'a Arc<Member>>,
}

impl Members {
    /// Who differs from an earlier state, in the order of the indices. Members that both states
    /// share are passed over.
    pub fn differences<'a>(&'a self, before: &'a Self) -> Vec<Changed<'a>> {
        let found = self.tree.differences(&before.tree, Arc::ptr_eq);
        let changed = |(index, before, after): (&u32, _, _)| Changed {
            index: *index,
            before,
            after,
        };
        found.into_iter().map(changed).collect()
    }
}

/// All members of a session, in the order of their indices.
#[derive(Debug, Clone)]
pub struct Iter<'a>(tree::Iter<'a, u32, Arc<Member>, Totals>);

impl<'a> Iterator for Iter<'a> {
    type Item = (&'a u32, &'a Arc<Member>);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next()
    }
}

impl<'a> IntoIterator for &'a Members {
    type Item = (&'a u32, &'a Arc<Member>);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

impl FromIterator<(u32, Arc<Member>)> for Members {
    fn from_iter<I: IntoIterator<Item = (u32, Arc<Member>)>>(members: I) -> Self {
        let sorted: BTreeMap<u32, Arc<Member>> = members.into_iter().collect();
        let mut lookup = Lookup::default();
        for (index, member) in &sorted {
            if !member.roles.is_empty() {
                lookup.follow(*index, None, Some(&Marks::of(member)));
            }
        }
        let tree: Tree<_, _, Totals> = Tree::from_sorted(sorted);
        if FEW < tree.sum().count {
            lookup.keep_many(tree.iter());
        }
        Self { tree, lookup }
    }
}

impl PartialEq for Members {
    fn eq(&self, other: &Self) -> bool {
        let changed = self.differences(other);
        changed.iter().all(|it| it.before == it.after)
    }
}

impl Eq for Members {}

impl Serialize for Members {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let members = self.iter().map(|(index, member)| (index, Stored(member)));
        serializer.collect_map(members)
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let members = BTreeMap::<u32, Arc<Member>>::deserialize(deserializer)?;
        Ok(members.into_iter().collect())
    }
}
