//! `members` of a write: joining, accepting, leaving, reserving, and other members by index.

use std::sync::Arc;

use convoke_wire::session::Bags;
use convoke_wire::session::constants::Capability;
use convoke_wire::session::member::{MemberConstants, MemberProperties, MemberRequest};
use convoke_wire::{Xuid, raw};
use jiff::Timestamp;
use serde_json::value::RawValue;

use super::access::Facts;
use super::{
    Custom, Member, MemberState, Session, access, arbitration, custom, members, owners, roles,
};
use crate::caller::Caller;
use crate::limits::MAX_MEMBER_CUSTOM_BYTES;
use crate::refusal::{Refusal, Rule};

const ME: &str = "members.me";

/// Lets the acting user join, accept a reservation, or go on as a member; the index.
pub(super) fn enter(
    session: &mut Session,
    request: &MemberRequest,
    caller: &Caller,
    facts: Facts,
    now: Timestamp,
    creating: bool,
) -> Result<u32, Refusal> {
    let user = access::player(caller, ME)?.clone();
    check_constants(session, request, caller, facts)?;
    let custom = constants_custom(request, ME)?;
    let system = system_constants(request);
    let initializes = asks_to_initialize(session, request);
    if !creating {
        access::may_join(session, caller, facts)?;
    }
    let Some((index, member)) = session.member_of(user.xuid) else {
        let mut member = Member::new(user.xuid, MemberState::Inactive, now);
        member.gamertag = user.gamertag;
        member.device_id.clone_from(&caller.device_id);
        member.initialize = initializes;
        member.constants_custom = custom.unwrap_or_default().without_nulls();
        set_by_services(&mut member, system);
        return Ok(members::add(session, member));
    };
    let path = format!("{ME}.constants.custom");
    let mut changed = Member::clone(member);
    if member.is_accepted() {
        check_repeated_custom(&member.constants_custom, custom.as_ref(), &path)?;
    } else {
        changed.constants_custom = completed_custom(&member.constants_custom, custom, &path)?;
        changed.state = MemberState::Inactive;
        changed.state_since = now;
        changed.join_time = now;
        changed.gamertag = user.gamertag;
        changed.initialize |= initializes;
    }
    if caller.device_id.is_some() {
        changed.device_id.clone_from(&caller.device_id);
    }
    session.members.insert(index, Arc::new(changed));
    Ok(index)
}

/// Removes the acting user's place, if there is one.
pub(super) fn leave(session: &mut Session, caller: &Caller) -> Result<(), Refusal> {
    let Some(xuid) = caller.xuid() else {
        return Err(no_user(ME));
    };
    if let Some((index, _)) = session.member_of(xuid) {
        arbitration::check_taking_off(session, caller, ME)?;
        members::remove(session, index);
    }
    Ok(())
}

/// The refusal of what is done as a user, for a caller who is none.
pub(super) fn no_user(path: &str) -> Refusal {
    Rule::NoUser.at(
        path,
        "this takes an acting user: a token with an XUID claim, or a server's header",
    )
}

fn system_constants(request: &MemberRequest) -> Option<&MemberConstants> {
    request.constants.as_ref().and_then(|c| c.system.value())
}

/// Takes over the constants that only services may set.
fn set_by_services(member: &mut Member, system: Option<&MemberConstants>) {
    if let Some(system) = system {
        member.team.clone_from(&system.team);
        member
            .matchmaking_result
            .clone_from(&system.matchmaking_result);
    }
}

/// Checks the system constants of `members.me`.
fn check_constants(
    session: &Session,
    request: &MemberRequest,
    caller: &Caller,
    facts: Facts,
) -> Result<(), Refusal> {
    let Some(system) = system_constants(request) else {
        return Ok(());
    };
    let own = caller.xuid();
    // A second account may send the first account's body through a handle. `[client]`
    if facts.handle.is_none() && system.xuid.is_some() && system.xuid != own {
        let detail = "differs from the XUID of the calling user";
        return Err(Rule::ForeignXuid.at(format!("{ME}.constants.system.xuid"), detail));
    }
    let place = own.and_then(|xuid| session.member_of(xuid));
    let place = place.map(|(index, member)| (index, member.as_ref()));
    check_service_constants(system, place, caller, ME)
}

/// Constants that only services set come again equal, or from a service for a new member.
fn check_service_constants(
    system: &MemberConstants,
    place: Option<(u32, &Member)>,
    caller: &Caller,
    path: &str,
) -> Result<(), Refusal> {
    let member = place.map(|(_, member)| member);
    let index = place.map(|(index, _)| index);
    let team = member.and_then(|member| member.team.as_ref());
    let result = member.and_then(|member| member.matchmaking_result.as_ref());
    let rows = [
        (system.index.is_some() && system.index != index, "index"),
        (
            system.team.is_some() && system.team.as_ref() != team,
            "team",
        ),
        (
            system.matchmaking_result.is_some() && system.matchmaking_result.as_ref() != result,
            "matchmakingResult",
        ),
    ];
    let Some((_, name)) = rows.iter().find(|(differs, _)| *differs) else {
        return Ok(());
    };
    let path = format!("{path}.constants.system.{name}");
    if !caller.server {
        return Err(Rule::ServerOnlyConstant.at(path, "is set by services only"));
    }
    if place.is_some() || *name == "index" {
        let detail =
            "a member's constants are fixed when the member is added, and this one differs";
        return Err(Rule::ConstantConflict.at(path, detail));
    }
    Ok(())
}

/// `initialize` only has a meaning where initialisation is managed; elsewhere it is dropped.
fn asks_to_initialize(session: &Session, request: &MemberRequest) -> bool {
    let asked = system_constants(request).is_some_and(|system| system.initialize == Some(true));
    asked && session.constants.member_initialization.is_some()
}

fn constants_custom(request: &MemberRequest, path: &str) -> Result<Option<Custom>, Refusal> {
    let Some(constants) = &request.constants else {
        return Ok(None);
    };
    let path = format!("{path}.constants.custom");
    let custom = Custom::read(&constants.custom);
    if custom
        .as_ref()
        .is_some_and(|custom| MAX_MEMBER_CUSTOM_BYTES < custom.len())
    {
        let detail = format!("at most {MAX_MEMBER_CUSTOM_BYTES} bytes");
        return Err(Rule::CustomTooLarge.at(path, detail));
    }
    Ok(custom)
}

fn check_repeated_custom(
    fixed: &Custom,
    again: Option<&Custom>,
    path: &str,
) -> Result<(), Refusal> {
    let Some(again) = again.filter(|custom| !custom.is_empty()) else {
        return Ok(());
    };
    match fixed.conflict(again) {
        None => Ok(()),
        Some(field) => {
            let path = if field.is_empty() {
                path.to_owned()
            } else {
                format!("{path}.{field}")
            };
            let detail =
                "a member's constants are fixed when the member is added, and this one differs";
            Err(Rule::ConstantConflict.at(path, detail))
        }
    }
}

/// Accepting a reservation may add constants to those it was made with.
fn completed_custom(
    reserved: &Custom,
    sent: Option<Custom>,
    path: &str,
) -> Result<Custom, Refusal> {
    let Some(sent) = sent.filter(|custom| !custom.is_empty()) else {
        return Ok(reserved.clone());
    };
    if reserved.is_empty() {
        return Ok(sent.without_nulls());
    }
    let (Some(fixed), Some(added)) = (reserved.fields(), sent.fields()) else {
        check_repeated_custom(reserved, Some(&sent), path)?;
        return Ok(reserved.clone());
    };
    let differs = |(name, value): &(&custom::Name<'_>, &&RawValue)| {
        let fixed = fixed.get(*name);
        fixed.is_some_and(|fixed| !raw::same(fixed.get(), value.get()))
    };
    if let Some((name, _)) = added.iter().find(differs) {
        let detail = "differs from what the reservation was made with";
        return Err(Rule::ConstantConflict.at(format!("{path}.{name}"), detail));
    }
    Ok(reserved.merged(&sent.without_nulls()))
}

/// Keeps places for users, in order, at the end of the list.
pub(super) fn reserve(
    session: &mut Session,
    reservations: &[MemberRequest],
    caller: &Caller,
    facts: Facts,
    now: Timestamp,
) -> Result<(), Refusal> {
    if session.constants.has(Capability::Large) && !reservations.is_empty() {
        let detail = "a large session keeps no places";
        return Err(Rule::LargeSession.at("members.reserve_0", detail));
    }
    for (number, request) in reservations.iter().enumerate() {
        let path = format!("members.reserve_{number}");
        let xuid = reserved_user(request, &path)?;
        let custom = constants_custom(request, &path)?;
        check_only_constants(request, &path)?;
        let place = session.member_of(xuid);
        let place = place.map(|(index, member)| (index, member.as_ref()));
        if let Some(system) = system_constants(request) {
            check_service_constants(system, place, caller, &path)?;
        }
        if let Some((_, member)) = place {
            let path = format!("{path}.constants.custom");
            check_repeated_custom(&member.constants_custom, custom.as_ref(), &path).map_err(
                |mut refusal| {
                    refusal.rule = Rule::ReservationClash;
                    refusal
                },
            )?;
            continue;
        }
        arbitration::check_addition(session, caller, &path)?;
        if session.is_full() {
            let detail = format!("all {} places are taken", session.constants.max_members());
            let rule = if facts.handle.is_some() {
                Rule::FullByHandle
            } else {
                Rule::Full
            };
            return Err(rule.at(path, detail));
        }
        let mut member = Member::new(xuid, MemberState::Reserved, now);
        member.initialize = asks_to_initialize(session, request);
        member.constants_custom = custom.unwrap_or_default().without_nulls();
        set_by_services(&mut member, system_constants(request));
        members::add(session, member);
    }
    Ok(())
}

fn reserved_user(request: &MemberRequest, path: &str) -> Result<Xuid, Refusal> {
    let xuid = system_constants(request).and_then(|system| system.xuid);
    xuid.ok_or_else(|| {
        let path = format!("{path}.constants.system.xuid");
        Rule::ReservationWithoutXuid.at(path, "a reservation names the user it is for")
    })
}

/// Properties and roles of a member come from its user, once the user has come. `[doc]`
fn check_only_constants(request: &MemberRequest, path: &str) -> Result<(), Refusal> {
    let written = |bags: &Bags<MemberProperties>| {
        let system = bags.system.value();
        system.is_some_and(|system| *system != MemberProperties::default())
            || bags.custom.value().is_some_and(|raw| raw.text() != "{}")
    };
    let rows = [
        (
            request.properties.as_ref().is_some_and(written),
            "properties",
        ),
        (
            request
                .roles
                .as_ref()
                .is_some_and(|roles| !roles.is_empty()),
            "roles",
        ),
    ];
    match rows.iter().find(|(written, _)| *written) {
        Some((_, name)) => {
            let detail = "a reservation only sets constants; its user writes the rest";
            Err(Rule::ExistingMember.at(format!("{path}.{name}"), detail))
        }
        None => Ok(()),
    }
}

/// Removes other members, or sets their roles, by index: servers and owners only. `[doc]`
pub(super) fn by_index(
    session: &mut Session,
    index: u32,
    request: Option<&MemberRequest>,
    caller: &Caller,
) -> Result<(), Refusal> {
    let path = format!("members.{index}");
    if session.constants.has(Capability::Large) {
        return Err(Rule::LargeSession.at(path, "in a large session only `me` can be written"));
    }
    let by_owner = caller
        .xuid()
        .is_some_and(|xuid| owners::is_owner(session, xuid));
    if !caller.server && !by_owner {
        let detail = "existing members are referred to by servers and owners only";
        return Err(Rule::ExistingMember.at(path, detail));
    }
    let Some(request) = request else {
        arbitration::check_taking_off(session, caller, &path)?;
        members::remove(session, index);
        return Ok(());
    };
    let Some(member) = session.members.get(&index).cloned() else {
        return Err(Rule::NoSuchMember.at(path, format!("no member has the index {index}")));
    };
    if request.properties.is_some() {
        let detail = "a member's properties are written by its own user only";
        return Err(Rule::ExistingMember.at(format!("{path}.properties"), detail));
    }
    let named = system_constants(request);
    if let Some(system) = named {
        check_service_constants(system, Some((index, &member)), caller, &path)?;
    }
    if named
        .and_then(|system| system.xuid)
        .is_some_and(|xuid| xuid != member.xuid)
    {
        let detail = "differs from the XUID of the member with this index";
        return Err(Rule::ConstantConflict.at(format!("{path}.constants.system.xuid"), detail));
    }
    let custom = constants_custom(request, &path)?;
    let custom_path = format!("{path}.constants.custom");
    check_repeated_custom(&member.constants_custom, custom.as_ref(), &custom_path)?;
    match &request.roles {
        Some(wanted) => roles::assign(session, index, wanted, caller, &path),
        None => Ok(()),
    }
}
