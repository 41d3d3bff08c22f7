//! Who left a locked session, and so may come back.

use std::collections::BTreeSet;

use convoke_wire::Xuid;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::member_map::tree::Tree;
use crate::limits::MAX_ALUMNI;

/// Users who left while the session was locked; at most [`MAX_ALUMNI`]. Clones share what is the
/// same in both, because most changes of a session leave them alone.
#[derive(Debug, Clone, Default)]
pub struct Alumni {
    users: Tree<Xuid, ()>,
    count: usize,
}

impl Alumni {
    /// Whether a user is among them.
    pub fn contains(&self, xuid: Xuid) -> bool {
        self.users.get(xuid).is_some()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Remembers a user, while there is room.
    pub(super) fn insert(&mut self, xuid: Xuid) {
        if self.count < MAX_ALUMNI && self.users.insert(xuid, ()).is_none() {
            self.count += 1;
        }
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        if !self.is_empty() {
            *self = Self::default();
        }
    }
}

impl PartialEq for Alumni {
    fn eq(&self, other: &Self) -> bool {
        let same = |(): &(), (): &()| true;
        self.count == other.count && self.users.differences(&other.users, same).is_empty()
    }
}

impl Eq for Alumni {}

impl Serialize for Alumni {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.users.iter().map(|(xuid, ())| xuid))
    }
}

impl<'de> Deserialize<'de> for Alumni {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let users = BTreeSet::<Xuid>::deserialize(deserializer)?;
        Ok(Self {
            count: users.len(),
            users: Tree::from_sorted(users.into_iter().map(|xuid| (xuid, ()))),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alumni_are_kept_once_in_order_and_up_to_a_limit() {
        let mut alumni = Alumni::default();
        assert!(alumni.is_empty());
        for xuid in [3, 1, 3, 2] {
            alumni.insert(Xuid(xuid));
        }
        let text = serde_json::to_string(&alumni).expect("JSON");
        assert_eq!(text, r#"["1","2","3"]"#);
        let read: Alumni = serde_json::from_str(&text).expect("alumni");
        assert_eq!(read, alumni);
        let mut other = read.clone();
        for xuid in 0..=MAX_ALUMNI as u64 {
            other.insert(Xuid(xuid));
        }
        assert_ne!(other, read);
        assert!(other.contains(Xuid(0)) && !other.contains(Xuid(MAX_ALUMNI as u64)));
        other.clear();
        assert_eq!(other, Alumni::default());
    }
}
