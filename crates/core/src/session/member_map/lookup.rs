//! By what else than their indices members are found and counted.

use std::collections::BTreeMap;
use std::sync::Arc;

use convoke_wire::Xuid;
use indexmap::IndexMap;
use uuid::Uuid;

use super::tree::Tree;
use crate::session::{Member, connections};

/// Kept by every change of a member.
#[derive(Debug, Clone, Default)]
pub(super) struct Lookup {
    many: Option<Many>,
    /// How many hold a role, by type and role; nothing while nobody holds any.
    holders: Option<Arc<Holders>>,
}

type Holders = BTreeMap<String, BTreeMap<String, u32>>;

/// What is kept of many members only: few are looked at one by one.
#[derive(Debug, Clone, Default)]
struct Many {
    users: Tree<Xuid, u32>,
    /// Those who would not be active or ready without a connection, by that and their index.
    connections: Tree<(Uuid, u32), ()>,
}

/// What a member is found by.
#[derive(Debug)]
pub(super) struct Marks {
    xuid: Xuid,
    connection: Option<Uuid>,
    roles: IndexMap<String, String>,
}

impl Marks {
    pub(super) fn of(member: &Member) -> Self {
        Self {
            xuid: member.xuid,
            connection: connections::depends_on(member),
            roles: member.roles.clone(),
        }
    }
}

impl Lookup {
    /// Keeps what is kept of many members.
    pub(super) fn keep_many<'a>(
        &mut self,
        members: impl Iterator<Item = (&'a u32, &'a Arc<Member>)>,
    ) {
        let mut users = Vec::new();
        let mut connections = Vec::new();
        for (index, member) in members {
            users.push((member.xuid, *index));
            connections.extend(connections::depends_on(member).map(|id| ((id, *index), ())));
        }
        connections.sort_unstable();
        let connections = Tree::from_sorted(connections);
        users.sort_unstable();
        users.dedup_by_key(|(xuid, _)| *xuid);
        let users = Tree::from_sorted(users);
        self.many = Some(Many { users, connections });
    }

    /// Whether members have to be looked at one by one.
    pub(super) fn is_of_few(&self) -> bool {
        self.many.is_none()
    }

    /// The index of a user among many; `None` also where there are few.
    pub(super) fn index_of(&self, xuid: Xuid) -> Option<u32> {
        self.many.as_ref()?.users.get(xuid).copied()
    }

    /// Whether any of many depends on a connection.
    pub(super) fn is_depended_on(&self, connection: Uuid) -> bool {
        self.all_on(connection).next().is_some()
    }

    /// Those of many who depend on a connection, by index.
    pub(super) fn on(&self, connection: Uuid) -> Vec<u32> {
        self.all_on(connection).collect()
    }

    fn all_on(&self, connection: Uuid) -> impl Iterator<Item = u32> {
        let many = self.many.iter();
        let from = many.flat_map(move |many| many.connections.iter_from((connection, 0)));
        from.map(|(key, ())| *key)
            .take_while(move |(id, _)| *id == connection)
            .map(|(_, index)| index)
    }

    /// How many hold a role.
    pub(super) fn holders(&self, role_type: &str, role: &str) -> u32 {
        let roles = self.holders.as_ref().and_then(|all| all.get(role_type));
        roles
            .and_then(|roles| roles.get(role))
            .copied()
            .unwrap_or(0)
    }

    /// Follows what becomes of a place.
    pub(super) fn follow(&mut self, index: u32, before: Option<&Marks>, after: Option<&Marks>) {
        self.follow_roles(before, after);
        let Some(Many { users, connections }) = &mut self.many else {
            return;
        };
        let xuid = |marks: Option<&Marks>| marks.map(|it| it.xuid);
        if xuid(before) != xuid(after) {
            // Whoever has come back has another place by now.
            let place = xuid(before).filter(|xuid| users.get(*xuid) == Some(&index));
            place.map(|xuid| users.remove(xuid));
            xuid(after).map(|xuid| users.insert(xuid, index));
        }
        let connection = |marks: Option<&Marks>| marks.and_then(|it| it.connection);
        if connection(before) != connection(after) {
            if let Some(id) = connection(before) {
                connections.remove((id, index));
            }
            if let Some(id) = connection(after) {
                connections.insert((id, index), ());
            }
        }
    }

    fn follow_roles(&mut self, before: Option<&Marks>, after: Option<&Marks>) {
        let (before, after) = (before.map(|it| &it.roles), after.map(|it| &it.roles));
        let holds_none = |roles: Option<&IndexMap<_, _>>| roles.is_none_or(IndexMap::is_empty);
        if before == after || (holds_none(before) && holds_none(after)) {
            return;
        }
        let holders = Arc::make_mut(self.holders.get_or_insert_default());
        for (role_type, role) in before.into_iter().flatten() {
            let Some(roles) = holders.get_mut(role_type) else {
                continue;
            };
            if let Some(count) = roles.get_mut(role) {
                *count = count.saturating_sub(1);
                roles.retain(|_, count| 0 < *count);
            }
        }
        for (role_type, role) in after.into_iter().flatten() {
            let roles = holders.entry(role_type.clone()).or_default();
            *roles.entry(role.clone()).or_default() += 1;
        }
        holders.retain(|_, roles| !roles.is_empty());
        if holders.is_empty() {
            self.holders = None;
        }
    }
}
