//! Who may read, join and write a session.
//!
//! `[doc]` for the three visibilities and the restrictions; handles grant on top of them.

use convoke_wire::TitleId;
use convoke_wire::session::constants::{Capability, Visibility};
use convoke_wire::session::properties::Restriction;

use super::{MemberState, Session};
use crate::caller::{Caller, User};
use crate::handle::Grant;
use crate::refusal::{Refusal, Rule};

/// What the outside world says about caller and session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Facts {
    /// Whether an accepted member follows the caller. `[doc]`
    pub followed: bool,
    /// Whether an owner of the session has blocked the caller. `[doc]`
    pub blocked: bool,
    /// What the handle grants that the caller came through; `None` for the session's own URI.
    pub handle: Option<Grant>,
}

/// The documented opening of every refused access. `[doc]`
const CANNOT_ACCESS: &str = "The requested session cannot be accessed.";

/// A refused reading: nothing of a request document is at fault.
fn unreadable(rule: Rule, why: &str) -> Refusal {
    rule.at("", format!("{CANNOT_ACCESS} {why}"))
}

/// A refused joining.
fn unjoinable(rule: Rule, why: &str) -> Refusal {
    rule.at("members.me", format!("{CANNOT_ACCESS} {why}"))
}

/// The acting user, who must be allowed to play with others.
pub(super) fn player<'a>(caller: &'a Caller, path: &str) -> Result<&'a User, Refusal> {
    let Some(user) = &caller.user else {
        return Err(Rule::NoUser.at(path, "this takes a token with an XUID claim"));
    };
    if !user.multiplayer {
        let detail =
            format!("{CANNOT_ACCESS} The calling user must have the multiplayer privilege");
        return Err(Rule::NoMultiplayer.at(path, detail));
    }
    Ok(user)
}

/// Whether the caller may read the session.
pub fn may_read(session: &Session, caller: &Caller, facts: Facts) -> Result<(), Refusal> {
    if caller.server {
        return Ok(());
    }
    let user = player(caller, "")?;
    if session.member_of(user.xuid).is_some() {
        return Ok(());
    }
    let viewers = session.constants.broadcast_viewer_title_ids.as_deref();
    let watches = |title: &TitleId| viewers.unwrap_or_default().contains(title);
    if caller.title_id.as_ref().is_some_and(watches) {
        return Ok(());
    }
    let visibility = session.constants.visibility();
    if visibility == Visibility::Private {
        return Err(unreadable(
            Rule::Private,
            "It is private and the caller is not a member",
        ));
    }
    let restriction = session
        .properties
        .read_restriction
        .unwrap_or(Restriction::None);
    let granted = match facts.handle {
        Some(Grant::Invite) => visibility == Visibility::Open,
        Some(Grant::Transfer) => true,
        Some(Grant::Search) => restriction != Restriction::Followed,
        Some(Grant::ActivityOfFollower) => {
            session.constants.has(Capability::UserAuthorizationStyle)
        }
        Some(Grant::Nothing) | None => false,
    };
    if granted || satisfies(restriction, session, caller, facts) {
        return Ok(());
    }
    let why = format!(
        "Its read restriction is `{}`, which the caller does not satisfy",
        restriction.as_str()
    );
    Err(unreadable(Rule::ReadRestricted, &why))
}

/// Whether a user without a place may take one.
pub(super) fn may_join(session: &Session, caller: &Caller, facts: Facts) -> Result<(), Refusal> {
    let user = player(caller, "members.me")?;
    // A server's rights stand above those of whom it acts for. `[doc]`
    if !caller.server {
        check_open(session, user)?;
        if facts.blocked {
            let why = "An owner of it has blocked the caller";
            return Err(unjoinable(Rule::BlockedByOwner, why));
        }
        check_visibility(session)?;
        check_join_restriction(session, caller, facts)?;
    }
    if session.is_full() {
        let detail = format!("all {} places are taken", session.constants.max_members());
        let rule = if facts.handle.is_some() {
            Rule::FullByHandle
        } else {
            Rule::Full
        };
        return Err(rule.at("members.me", detail));
    }
    Ok(())
}

fn check_open(session: &Session, user: &User) -> Result<(), Refusal> {
    let comes_back = session.properties.locked && session.alumni.contains(&user.xuid);
    if !session.properties.closed || comes_back {
        return Ok(());
    }
    let why = if session.properties.locked {
        "It is locked and the caller was not a member before"
    } else {
        "It is closed"
    };
    Err(unjoinable(Rule::Closed, why))
}

fn check_visibility(session: &Session) -> Result<(), Refusal> {
    match session.constants.visibility() {
        Visibility::Open => Ok(()),
        Visibility::Visible => Err(unjoinable(
            Rule::Visible,
            "It is not open, so joining takes a reservation",
        )),
        Visibility::Private => Err(unjoinable(
            Rule::Private,
            "It is private, so joining takes a reservation",
        )),
    }
}

fn check_join_restriction(session: &Session, caller: &Caller, facts: Facts) -> Result<(), Refusal> {
    let restriction = session
        .properties
        .join_restriction
        .unwrap_or(Restriction::None);
    let granted = match facts.handle {
        Some(Grant::Invite | Grant::Transfer) => true,
        // Overrides `none` and the default of `userAuthorizationStyle`, not a choice of the title.
        Some(Grant::Search) => restriction != Restriction::Followed,
        Some(Grant::ActivityOfFollower | Grant::Nothing) | None => false,
    };
    if granted || satisfies(restriction, session, caller, facts) {
        return Ok(());
    }
    let why = format!(
        "Its join restriction is `{}`, which the caller does not satisfy",
        restriction.as_str()
    );
    Err(unjoinable(Rule::JoinRestricted, &why))
}

/// Whether a caller without a place satisfies a restriction.
fn satisfies(restriction: Restriction, session: &Session, caller: &Caller, facts: Facts) -> bool {
    match restriction {
        Restriction::None => true,
        Restriction::Followed => is_local(session, caller) || facts.followed,
        Restriction::Local => is_local(session, caller),
    }
}

/// Local is who shares the device of an active member. `[doc]`
fn is_local(session: &Session, caller: &Caller) -> bool {
    let Some(device) = &caller.device_id else {
        return false;
    };
    session.members.values().any(|member| {
        member.state == MemberState::Active && member.device_id.as_ref() == Some(device)
    })
}

/// Whether the answer depends on the people graph, so that the graph need be asked.
pub fn depends_on_follows(session: &Session, caller: &Caller) -> bool {
    let restricted = |r: Option<Restriction>| r == Some(Restriction::Followed);
    let properties = &session.properties;
    (restricted(properties.join_restriction) || restricted(properties.read_restriction))
        && !caller.server
        && caller
            .xuid()
            .is_some_and(|xuid| session.member_of(xuid).is_none())
}
