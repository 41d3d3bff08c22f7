//! One write of a session, from the checks to the new document.

use std::sync::Arc;

use convoke_wire::session::constants::Capability;
use convoke_wire::session::member::MemberRequest;
use convoke_wire::{Field, SessionRef, Xuid};
use jiff::Timestamp;

use super::access::Facts;
use super::acting::{self, Actor, Own, Party};
use super::alumni::Alumni;
use super::constants::{combinations, merge};
use super::encounters::Reported;
use super::initialization::{self, Trigger};
use super::members::{self, Emptied};
use super::{
    Custom, Member, Properties, Session, SharedConstants, access, arbitration, join,
    member_properties,
};
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
    /// Brief encounters that were reported: consumed, whatever became of the write. `[doc]`
    pub encounters: Vec<Reported>,
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
    let own = caller.user.is_some().then_some(Actor { caller, facts });
    let party = Party {
        caller,
        facts,
        actors: own.as_slice(),
    };
    apply_for(target, template, change, party, now, entropy)
}

/// The same, for as many users as a server acts for. `[doc]`
pub fn apply_for(
    target: Target<'_>,
    template: &Template,
    change: &SessionChange,
    party: Party<'_>,
    now: Timestamp,
    entropy: Entropy,
) -> Result<Outcome, Refusal> {
    let caller = party.caller;
    let (before, mut session) = match target {
        Target::Existing(session) => (Some(session), session.clone()),
        // A client leaves a session without knowing whether it is still there. `[client]`
        Target::Missing(_) if acting::only_leaves(change) && !party.actors.is_empty() => {
            return Ok(gone(None));
        }
        Target::Missing(reference) => (
            None,
            create(reference, template, change, party, now, entropy)?,
        ),
    };
    let own = acting::own_changes(&session, change, party)?;
    if before.is_some() {
        check_access(&session, &own, change, party)?;
    }
    let had_owners = !session.properties.owners.is_empty();
    let places = write_members(&mut session, &own, before.is_none(), change, party, now)?;
    if before.is_none() {
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
    for (own, place) in own.iter().zip(places) {
        if let (Some(index), MeChange::Write(request)) = (place, &*own.change) {
            write_me(&mut session, index, request, own.actor.caller, now)
                .map_err(|refusal| own.named(refusal))?;
        }
    }
    if let Some(entries) = &change.servers {
        if !caller.server && !entries.is_empty() {
            return Err(Rule::ServersOnly.at("servers", "only servers write `servers`"));
        }
        servers::write(&mut session, entries)?;
    }
    arbitration::begin(&mut session)?;
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
    arbitration::advance(&mut session, now);
    if let Some(same) = before.filter(|existing| says_the_same(existing, &session)) {
        return Ok(Outcome {
            disposition: Disposition::Unchanged,
            session: Some(same.clone()),
            encounters: reported(&own),
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
        encounters: reported(&own),
    })
}

/// The encounters that acting users report of themselves.
fn reported(own: &[Own<'_>]) -> Vec<Reported> {
    let of_one = |own: &Own<'_>| {
        let MeChange::Write(request) = &*own.change else {
            return None;
        };
        let system = request.properties.as_ref()?.system.value()?;
        let names = system.encounters.value().filter(|names| !names.is_empty());
        Some(Reported {
            xuid: own.actor.caller.xuid()?,
            names: names?.clone(),
        })
    };
    own.iter().filter_map(of_one).collect()
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
        encounters: Vec::new(),
    }
}

/// An empty session as template and request describe it, if it is one that its makers may use.
fn create(
    reference: &SessionRef,
    template: &Template,
    change: &SessionChange,
    party: Party<'_>,
    now: Timestamp,
    entropy: Entropy,
) -> Result<Session, Refusal> {
    let caller = party.caller;
    if !caller.server {
        if party.actors.is_empty() {
            access::player(caller, "")?;
        }
        for actor in party.actors {
            access::player(actor.caller, "")?;
        }
    }
    let constants = created_constants(template, change)?;
    let role_types = roles::at_creation(template.role_types.as_ref(), change.role_types.as_ref())?;
    combinations::check(&constants, role_types.as_ref())
        .map_err(|refusal| blame(refusal, template, change))?;
    if let (Some(allowed), false) = (&constants.initiators, caller.server)
        && !party.users().all(|xuid| allowed.contains(&xuid))
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
        members: super::Members::new(),
        next_index: 0,
        servers: indexmap::IndexMap::new(),
        search_handle: None,
        empty_since: None,
        alumni: Alumni::default(),
        initialization: None,
        arbitration: None,
    };
    properties::fill_restrictions(&mut session);
    access::check_title_identity(&session, caller, "")?;
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

/// Whether an existing session may be written at all; joining is judged where it happens.
///
/// Inferred: of several acting users, those count of whose places something is asked.
fn check_access(
    session: &Session,
    own: &[Own<'_>],
    change: &SessionChange,
    party: Party<'_>,
) -> Result<(), Refusal> {
    if party.caller.server {
        return Ok(());
    }
    for own in own {
        let asked = Some(&*own.change);
        check_user_access(session, asked, change, own.actor)
            .map_err(|refusal| own.named(refusal))?;
    }
    if !own.is_empty() {
        return Ok(());
    }
    let nobody = Actor {
        caller: party.caller,
        facts: party.facts,
    };
    let actors = Some(party.actors).filter(|actors| !actors.is_empty());
    let mut actors = actors.unwrap_or(std::slice::from_ref(&nobody)).iter();
    actors.try_for_each(|actor| check_user_access(session, None, change, *actor))
}

fn check_user_access(
    session: &Session,
    own: Option<&MeChange>,
    change: &SessionChange,
    Actor { caller, facts }: Actor<'_>,
) -> Result<(), Refusal> {
    let inside = caller
        .xuid()
        .is_some_and(|xuid| session.member_of(xuid).is_some());
    match own {
        Some(MeChange::Write(_)) => Ok(()),
        // Nobody is held back; somebody who is not in the session only sees what they may see.
        Some(MeChange::Leave) if inside => Ok(()),
        Some(MeChange::Leave) if acting::only_leaves(change) => {
            access::may_read(session, caller, facts)
                .map_err(|refusal| refusal.rule.at("members.me", refusal.detail))
        }
        Some(MeChange::Leave) | None => access::may_write(session, caller, facts),
    }
}

/// The `members` part of a write; the index of each user who writes a place.
fn write_members(
    session: &mut Session,
    own: &[Own<'_>],
    creating: bool,
    change: &SessionChange,
    party: Party<'_>,
    now: Timestamp,
) -> Result<Vec<Option<u32>>, Refusal> {
    let own_index = acting::own_index(session, party.caller);
    let mut places = Vec::with_capacity(own.len());
    for own in own {
        let place = write_place(session, own, creating, now);
        places.push(place.map_err(|refusal| own.named(refusal))?);
    }
    let first = places.iter().copied().flatten().next();
    if let (true, Some(index)) = (creating, first)
        && session.constants.has(Capability::HasOwners)
    {
        session.properties.owners = vec![index];
    }
    let Party { caller, facts, .. } = party;
    join::reserve(session, &change.reservations, caller, facts, now)?;
    for (other, request) in &change.by_index {
        if Some(*other) != own_index {
            join::by_index(session, *other, request.as_ref(), caller)?;
        }
    }
    Ok(places)
}

/// Lets one user leave, join or go on; the index of the place that is written.
fn write_place(
    session: &mut Session,
    own: &Own<'_>,
    creating: bool,
    now: Timestamp,
) -> Result<Option<u32>, Refusal> {
    let Actor { caller, facts } = own.actor;
    match &*own.change {
        MeChange::Leave => join::leave(session, caller).map(|()| None),
        MeChange::Write(request) => {
            join::enter(session, request, caller, facts, now, creating).map(Some)
        }
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
            reporting: arbitration::reporting(session),
            caller,
            now,
        };
        let write = |member: &mut Member| member_properties::write(member, written, &place);
        session.members.update(index, write).transpose()?;
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
