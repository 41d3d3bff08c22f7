//! Roles: their definitions, and who may hold them.

use std::sync::Arc;

use convoke_wire::session::constants::Capability;
use convoke_wire::session::roles::{Role, RoleSetting, RoleType, RoleTypes};
use indexmap::IndexMap;

use super::{Session, owners};
use crate::caller::Caller;
use crate::limits::{MAX_MAP_ENTRIES, MAX_ROLE_NAME_CHARS};
use crate::refusal::{Refusal, Rule};

/// Checks role definitions on their own (C19).
pub(crate) fn check_definitions(types: &RoleTypes) -> Result<(), Refusal> {
    if MAX_MAP_ENTRIES < types.len() {
        return Err(Rule::TooMany.at("roleTypes", format!("at most {MAX_MAP_ENTRIES} role types")));
    }
    for (type_name, kind) in types {
        let path = format!("roleTypes.{type_name}");
        check_name(&path, type_name)?;
        if MAX_MAP_ENTRIES < kind.roles.len() {
            return Err(Rule::TooMany.at(path, format!("at most {MAX_MAP_ENTRIES} roles")));
        }
        for (role_name, role) in &kind.roles {
            let path = format!("{path}.roles.{role_name}");
            check_name(&path, role_name)?;
            check_role(&path, role)?;
        }
    }
    Ok(())
}

fn check_name(path: &str, name: &str) -> Result<(), Refusal> {
    let valid = (1..=MAX_ROLE_NAME_CHARS).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    if valid {
        return Ok(());
    }
    let detail =
        format!("a role name has 1 to {MAX_ROLE_NAME_CHARS} lower-case letters and digits");
    Err(Rule::RoleDefinition.at(path, detail))
}

fn check_role(path: &str, role: &Role) -> Result<(), Refusal> {
    let refuse =
        |field: &str, detail: &str| Err(Rule::RoleDefinition.at(format!("{path}.{field}"), detail));
    if role.max == Some(0) {
        return refuse("max", "expected at least 1");
    }
    if role.target == Some(0) {
        return refuse("target", "expected at least 1");
    }
    if let (Some(target), Some(max)) = (role.target, role.max)
        && max < target
    {
        return refuse("target", "exceeds `max`");
    }
    Ok(())
}

/// The role types of a new session: the template's, completed by the creation request's.
pub(super) fn at_creation(
    template: Option<&RoleTypes>,
    request: Option<&RoleTypes>,
) -> Result<Option<RoleTypes>, Refusal> {
    let Some(request) = request else {
        return Ok(template.cloned());
    };
    let mut types = template.cloned().unwrap_or_default();
    for (type_name, wanted) in request {
        match find(&mut types, type_name) {
            None => {
                types.insert(type_name.clone(), without_counts(wanted));
            }
            Some(kind) => change_settings(kind, wanted, &format!("roleTypes.{type_name}"))?,
        }
    }
    check_definitions(&types)?;
    Ok(Some(types))
}

/// Later changes: only the settings that are declared mutable, only by owners. `[doc]`
pub(super) fn change(
    session: &mut Session,
    request: &RoleTypes,
    caller: &Caller,
) -> Result<(), Refusal> {
    let mut types = session.role_types.as_deref().cloned().unwrap_or_default();
    for (type_name, wanted) in request {
        let path = format!("roleTypes.{type_name}");
        let Some(kind) = find(&mut types, type_name) else {
            return Err(Rule::NoSuchRole.at(path, "the session defines no such role type"));
        };
        change_settings(kind, wanted, &path)?;
    }
    check_definitions(&types)?;
    if session.role_types.as_deref() == Some(&types) || types.is_empty() {
        return Ok(());
    }
    let by_owner = caller
        .xuid()
        .is_some_and(|xuid| owners::is_owner(session, xuid));
    if session.constants.has(Capability::HasOwners) && !caller.server && !by_owner {
        return Err(Rule::OwnersOnly.at("roleTypes", "only owners change role settings"));
    }
    session.role_types = Some(Arc::new(types));
    Ok(())
}

/// Names are matched without regard to case. `[client]`
fn find<'a, T>(map: &'a mut IndexMap<String, T>, name: &str) -> Option<&'a mut T> {
    map.iter_mut()
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

fn change_settings(kind: &mut RoleType, wanted: &RoleType, path: &str) -> Result<(), Refusal> {
    let fixed = |field: String| {
        Err(Rule::RoleSettingFixed.at(field, "is fixed by the role type's definition"))
    };
    let same_manager = wanted
        .owner_managed
        .is_none_or(|v| v == kind.owner_managed.unwrap_or(false));
    if !same_manager {
        return fixed(format!("{path}.ownerManaged"));
    }
    if wanted.mutable_role_settings.is_some()
        && wanted.mutable_role_settings != kind.mutable_role_settings
    {
        return fixed(format!("{path}.mutableRoleSettings"));
    }
    let mutable = kind.mutable_role_settings.clone().unwrap_or_default();
    for (role_name, wanted_role) in &wanted.roles {
        let path = format!("{path}.roles.{role_name}");
        let Some(role) = find(&mut kind.roles, role_name) else {
            return Err(Rule::NoSuchRole.at(path, "the role type defines no such role"));
        };
        let settings = [
            (&mut role.max, wanted_role.max, RoleSetting::Max),
            (&mut role.target, wanted_role.target, RoleSetting::Target),
        ];
        for (stored, wanted, setting) in settings {
            if wanted.is_none() || *stored == wanted {
                continue;
            }
            if !mutable.contains(&setting) {
                return fixed(format!("{path}.{}", setting.as_str()));
            }
            *stored = wanted;
        }
    }
    Ok(())
}

/// `count` and `memberXuids` belong to answers; sent back, they mean nothing.
fn without_counts(kind: &RoleType) -> RoleType {
    let mut kind = kind.clone();
    for role in kind.roles.values_mut() {
        role.count = None;
        role.member_xuids = None;
    }
    kind
}

/// Gives, changes or takes roles of one member; `null` gives a role up.
pub(super) fn assign(
    session: &mut Session,
    index: u32,
    roles: &IndexMap<String, Option<String>>,
    caller: &Caller,
    path: &str,
) -> Result<(), Refusal> {
    let types = session.role_types.clone().unwrap_or_default();
    let by_owner = caller.server
        || caller
            .xuid()
            .is_some_and(|xuid| owners::is_owner(session, xuid));
    for (type_name, wanted) in roles {
        let path = format!("{path}.roles.{type_name}");
        let Some((type_name, kind)) = types
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(type_name))
        else {
            return Err(Rule::NoSuchRole.at(path, "the session defines no such role type"));
        };
        let role = match wanted {
            None => None,
            Some(name) => match kind
                .roles
                .iter()
                .find(|(key, _)| key.eq_ignore_ascii_case(name))
            {
                Some(found) => Some(found),
                None => return Err(Rule::NoSuchRole.at(path, "the role type defines no such role")),
            },
        };
        let Some(member) = session.members.get(&index) else {
            return Err(Rule::NoSuchMember.at(path, format!("no member has the index {index}")));
        };
        let held = member.roles.get(type_name);
        if held == role.map(|(name, _)| name) {
            continue;
        }
        if kind.owner_managed == Some(true) && !by_owner {
            return Err(Rule::RoleOwnerManaged.at(path, "only owners assign this role type"));
        }
        if let Some((name, role)) = role {
            let holders = session.members.holders(type_name, name);
            if role.max.is_some_and(|max| max <= holders) {
                let detail =
                    format!("`{name}` is held by {holders} members, as many as may hold it");
                return Err(Rule::RoleFull.at(path, detail));
            }
        }
        let name = role.map(|(name, _)| name.clone());
        session.members.update(index, |member| match name {
            Some(name) => member.roles.insert(type_name.clone(), name),
            None => member.roles.shift_remove(type_name),
        });
    }
    Ok(())
}
