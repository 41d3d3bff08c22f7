//! One write of a session, from the checks to the new document.

use std::sync::Arc;

use convoke_wire::session::constants::Capability;
use convoke_wire::session::member::MemberRequest;
use convoke_wire::{Field, SessionRef, Xuid};
use jiff::Timestamp;

use super::access::Facts;
use super::constants::{combinations, merge};
use super::initialization::{self, Trigger};
use super::members::{self, Emptied};
use super::{Custom, Properties, Session, SharedConstants, access, join, member_properties};
use super::{properties, roles, server_candidates, servers};
use crate::caller::Caller;
use crate::contract::{MeChange, SessionChange};
use crate::entropy::Entropy;
use crate::limits::{MAX_DOCUMENT_BYTES, MAX_SESSION_CUSTOM_BYTES};
use crate::refusal::{Refusal, Rule};
use crate::template::Template;

/// What became of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// The session did not exist and does now.
    Created,
    /// The session changed.
    Updated,
    /// The write says what is so already: nothing is stored, nobody is told.
    Unchanged,
    /// The session is gone.
    Deleted,
    /// The session did not exist and, without members, does not come to exist.
    NothingCreated,
}

/// The result of a write that was not refused.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// What became of it.
    pub disposition: Disposition,
    /// The session afterwards; `None` when there is none.
    pub session: Option<Session>,
}

/// The state a write starts from.
#[derive(Debug, Clone, Copy)]
pub enum Target<'a> {
    /// A session, settled to `now`.
    Existing(&'a Session),
    /// No session yet: its identity, in the caller's spelling.
    Missing(&'a SessionRef),
}

/// Applies one write. Either all of it is in the outcome, or it is refused and nothing is.
///
/// Timers are not run again after the write: a member who turns inactive with a timeout of 0 is
/// still in the answer. `[inferred from doc]`
pub fn apply(
    target: Target<'_>,
    template: &Template,
    change: &SessionChange,
    caller: &Caller,
    facts: Facts,
    now: Timestamp,
    entropy: Entropy,
) -> Result<Outcome, Refusal> {
    let (before, mut session) = match target {
        Target::Existing(session) => (Some(session), session.clone()),
        // A client leaves a session without knowing whether it is still there. `[client]`
        Target::Missing(_) if only_leaves(change) && caller.user.is_some() => {
            return Ok(gone(None));
        }
        Target::Missing(reference) => (
            None,
            create(reference, template, change, caller, now, entropy)?,
        ),
    };
    let own = own_change(&session, change, caller)?;
    if before.is_some() {
        check_access(&session, own.as_ref(), change, caller, facts)?;
    }
    let had_owners = !session.properties.owners.is_empty();
    let creating = before.is_none();
    let me = write_members(
        &mut session,
        own.as_ref(),
        creating,
        change,
        caller,
        facts,
        now,
    )?;
    if creating {
        initialization::check_creation(&session)?;
    }
    let ended = members::after_removal(&mut session, had_owners);
    if let Some(existing) = before {
        repeat_constants(existing, change)?;
        if let Some(types) = &change.role_types {
            roles::change(&mut session, types, caller)?;
        }
    }
    write_properties(&mut session, before, change, caller)?;
    if let (Some(index), Some(MeChange::Write(request))) = (me, &own) {
        write_me(&mut session, index, request, caller, now)?;
    }
    if let Some(entries) = &change.servers {
        if !caller.server && !entries.is_empty() {
            return Err(Rule::ServersOnly.at("servers", "only servers write `servers`"));
        }
        servers::write(&mut session, entries)?;
    }
    properties::check_merged(&session)?;
    properties::drop_unknown_host(&mut session);
    if !session.properties.locked {
        session.alumni.clear();
    }
    if ended == Emptied::Delete || members::check_empty(&mut session, now) == Emptied::Delete {
        return Ok(gone(before));
    }
    server_candidates::fill(&mut session, before);
    initialization::enrol(&mut session, before);
    initialization::advance(&mut session, trigger(change), now);
    if let Some(same) = before.filter(|existing| says_the_same(existing, &session)) {
        return Ok(Outcome {
            disposition: Disposition::Unchanged,
            session: Some(same.clone()),
        });
    }
    session.change_number += 1;
    check_size(&session)?;
    Ok(Outcome {
        disposition: if before.is_some() {
            Disposition::Updated
        } else {
            Disposition::Created
        },
        session: Some(session),
    })
}

/// What a write means to the episode that runs.
fn trigger(change: &SessionChange) -> Trigger {
    let properties = change.properties.as_ref();
    let system = properties.and_then(|bags| bags.system.value());
    let verdict = system.and_then(|system| system.initialization_succeeded.value());
    verdict.map_or(Trigger::Change, |passed| Trigger::Verdict(*passed))
}

/// A write after which there is no session.
fn gone(before: Option<&Session>) -> Outcome {
    Outcome {
        disposition: if before.is_some() {
            Disposition::Deleted
        } else {
            Disposition::NothingCreated
        },
        session: None,
    }
}

/// An empty session as template and request describe it.
fn create(
    reference: &SessionRef,
    template: &Template,
    change: &SessionChange,
    caller: &Caller,
    now: Timestamp,
    entropy: Entropy,
) -> Result<Session, Refusal> {
    if !caller.server {
        access::player(caller, "")?;
    }
    let constants = created_constants(template, change)?;
    let role_types = roles::at_creation(template.role_types.as_ref(), change.role_types.as_ref())?;
    combinations::check(&constants, role_types.as_ref())
        .map_err(|refusal| blame(refusal, template, change))?;
    if let (Some(allowed), false) = (&constants.initiators, caller.server)
        && !caller.xuid().is_some_and(|xuid| allowed.contains(&xuid))
    {
        let detail = "the calling user is not among those who may create the session";
        return Err(Rule::NotInitiator.at("constants.system.initiators", detail));
    }
    let broadcaster = reference.name.as_str().parse::<Xuid>().ok();
    if constants.has(Capability::Broadcast)
        && (broadcaster.is_none() || caller.xuid().is_some_and(|xuid| broadcaster != Some(xuid)))
    {
        let detail = "a broadcast session is named by the XUID of its broadcaster";
        let path = "constants.system.capabilities.broadcast";
        return Err(Rule::InvalidCombination.at(path, detail)); // C4
    }
    if constants.has(Capability::Arbitration) && !caller.server {
        let detail = "an arbitrated session is created by a server";
        let path = "constants.system.capabilities.arbitration";
        return Err(Rule::ServerCreated.at(path, detail)); // C6
    }
    let mut session = Session {
        reference: reference.clone(),
        branch: entropy.branch,
        change_number: 0,
        start_time: now,
        constants,
        role_types: role_types.filter(|types| !types.is_empty()).map(Arc::new),
        properties: Properties::default(),
        members: std::collections::BTreeMap::new(),
        next_index: 0,
        servers: indexmap::IndexMap::new(),
        search_handle: None,
        empty_since: None,
        alumni: std::collections::BTreeSet::new(),
        initialization: None,
    };
    properties::fill_restrictions(&mut session);
    Ok(session)
}

/// A combination that the request alone is innocent of conflicts with the template. `[doc]`
///
/// What the request lacks without its template is no fault of its own, so only the same fault
/// in the same place makes it guilty.
fn blame(mut refusal: Refusal, template: &Template, change: &SessionChange) -> Refusal {
    let Some(request) = &change.constants else {
        return refusal;
    };
    let alone = merge::fill(&request.system, &request.custom, template.contract);
    let guilty = combinations::check(&alone, change.role_types.as_ref())
        .is_err_and(|own| own.path == refusal.path);
    if !guilty {
        refusal.rule = Rule::CombinationConflict;
    }
    refusal
}

fn created_constants(
    template: &Template,
    change: &SessionChange,
) -> Result<SharedConstants, Refusal> {
    let Some(request) = &change.constants else {
        return Ok(template.constants.clone());
    };
    merge::check_ranges(&request.system, "constants.system")?;
    let merged = merge::with_request(&template.prescribed, request)?;
    let constants = merge::fill(&merged.system, &merged.custom, template.contract);
    if MAX_SESSION_CUSTOM_BYTES < constants.custom.len() {
        let detail = format!("at most {MAX_SESSION_CUSTOM_BYTES} bytes");
        return Err(Rule::CustomTooLarge.at("constants.custom", detail));
    }
    // Most clients send again what the template says.
    if constants == *template.constants {
        return Ok(template.constants.clone());
    }
    Ok(constants.into())
}

/// Constants that come again are equal to those of the session. `[doc]`
fn repeat_constants(existing: &Session, change: &SessionChange) -> Result<(), Refusal> {
    match &change.constants {
        None => Ok(()),
        Some(request) => merge::check_repeated(&existing.constants, request),
    }
}

/// Whether leaving is all that a write asks for.
fn only_leaves(change: &SessionChange) -> bool {
    change.me == Some(MeChange::Leave) && *change == SessionChange::leave()
}

/// What a write asks of the caller's own place.
fn own_change(
    session: &Session,
    change: &SessionChange,
    caller: &Caller,
) -> Result<Option<MeChange>, Refusal> {
    let place = caller.xuid().and_then(|xuid| session.member_of(xuid));
    let by_index = own_index(session, caller).and_then(|index| change.by_index.get(&index));
    match (&change.me, by_index) {
        (Some(_), Some(_)) => {
            let detail = "`me` and the index of the same member say what becomes of it twice";
            Err(Rule::MixedMemberKeys.at("members", detail))
        }
        (Some(me), None) => Ok(Some(me.clone())),
        // A reference to one's own index is as good as `me`. `Inferred:` session 3.5
        (None, Some(Some(request))) => Ok(Some(MeChange::Write(Box::new(request.clone())))),
        (None, Some(None)) => Ok(Some(MeChange::Leave)),
        // The first PUT of a reserved user accepts. `[doc]`
        (None, None) if place.is_some_and(|(_, member)| !member.is_accepted()) => {
            Ok(Some(MeChange::Write(Box::default())))
        }
        (None, None) => Ok(None),
    }
}

/// The index by which a user may refer to itself; a server's index operations are on others.
fn own_index(session: &Session, caller: &Caller) -> Option<u32> {
    let xuid = caller.xuid().filter(|_| !caller.server)?;
    session.member_of(xuid).map(|(index, _)| index)
}

/// Whether the caller may write an existing session at all; joining is judged where it happens.
fn check_access(
    session: &Session,
    own: Option<&MeChange>,
    change: &SessionChange,
    caller: &Caller,
    facts: Facts,
) -> Result<(), Refusal> {
    if caller.server {
        return Ok(());
    }
    let inside = caller
        .xuid()
        .is_some_and(|xuid| session.member_of(xuid).is_some());
    match own {
        Some(MeChange::Write(_)) => Ok(()),
        // Nobody is held back; somebody who is not in the session only sees what they may see.
        Some(MeChange::Leave) if inside => Ok(()),
        Some(MeChange::Leave) if only_leaves(change) => access::may_read(session, caller, facts)
            .map_err(|refusal| refusal.rule.at("members.me", refusal.detail)),
        None if inside => access::player(caller, "").map(|_| ()),
        Some(MeChange::Leave) | None => Err(stranger(session, caller, facts)),
    }
}

/// The `members` part of a write; the caller's index.
fn write_members(
    session: &mut Session,
    own: Option<&MeChange>,
    creating: bool,
    change: &SessionChange,
    caller: &Caller,
    facts: Facts,
    now: Timestamp,
) -> Result<Option<u32>, Refusal> {
    let own_index = own_index(session, caller);
    let index = match own {
        None => None,
        Some(MeChange::Leave) => {
            join::leave(session, caller)?;
            None
        }
        Some(MeChange::Write(request)) => {
            Some(join::enter(session, request, caller, facts, now, creating)?)
        }
    };
    if let (true, Some(index), true) = (
        creating,
        index,
        session.constants.has(Capability::HasOwners),
    ) {
        session.properties.owners = vec![index];
    }
    join::reserve(session, &change.reservations, caller, facts, now)?;
    for (other, request) in &change.by_index {
        if Some(*other) != own_index {
            join::by_index(session, *other, request.as_ref(), caller)?;
        }
    }
    Ok(index)
}

/// Why somebody without a place may not write: they may not see the session, or only see it.
fn stranger(session: &Session, caller: &Caller, facts: Facts) -> Refusal {
    if let Err(refusal) = access::may_read(session, caller, facts) {
        refusal
    } else {
        let detail = "The requested session cannot be accessed. Only its members write it";
        Rule::NotMember.at("", detail)
    }
}

/// The `properties` part of a write.
fn write_properties(
    session: &mut Session,
    before: Option<&Session>,
    change: &SessionChange,
    caller: &Caller,
) -> Result<(), Refusal> {
    let Some(written) = &change.properties else {
        return Ok(());
    };
    let baseline = session.properties.clone();
    match &written.system {
        Field::Absent => {}
        Field::Null => properties::clear_system(session),
        Field::Value(system) => properties::write_system(session, system)?,
    }
    match &written.custom {
        Field::Absent => {}
        Field::Null => session.properties.custom = Custom::default(),
        Field::Value(raw) => {
            if !raw.is_object() {
                return Err(Rule::CustomNotObject.at("properties.custom", "expected an object"));
            }
            if let Some(custom) = Custom::read(&written.custom) {
                session.properties.custom = session.properties.custom.merged(&custom);
            }
            if MAX_SESSION_CUSTOM_BYTES < session.properties.custom.len() {
                let detail = format!("at most {MAX_SESSION_CUSTOM_BYTES} bytes");
                return Err(Rule::CustomTooLarge.at("properties.custom", detail));
            }
        }
    }
    properties::fill_restrictions(session);
    match before {
        Some(existing) => {
            properties::check_ownership(existing, &baseline, &session.properties, caller)
        }
        None => Ok(()),
    }
}

/// The rest of `members.me`: its properties and roles.
fn write_me(
    session: &mut Session,
    index: u32,
    request: &MemberRequest,
    caller: &Caller,
    now: Timestamp,
) -> Result<(), Refusal> {
    if let Some(written) = &request.properties {
        let constants = session.constants.clone();
        let place = member_properties::Place {
            index,
            next_index: session.next_index,
            constants: &constants,
            caller,
            now,
        };
        if let Some(member) = session.members.get_mut(&index) {
            member_properties::write(Arc::make_mut(member), written, &place)?;
        }
    }
    match &request.roles {
        Some(wanted) => roles::assign(session, index, wanted, caller, "members.me"),
        None => Ok(()),
    }
}

/// Merging a bag keeps the text of what says the same, so another text is a change: that is seen
/// without looking into the bags.
fn says_the_same(before: &Session, after: &Session) -> bool {
    before.properties.custom.text() == after.properties.custom.text() && before == after
}

fn check_size(session: &Session) -> Result<(), Refusal> {
    if MAX_DOCUMENT_BYTES < session.weight() {
        let detail = format!("what titles keep has at most {MAX_DOCUMENT_BYTES} bytes together");
        return Err(Rule::DocumentTooLarge.at("", detail));
    }
    Ok(())
}
