//! Who may read, join and write a session.
//!
//! `[doc]` for the three visibilities and the restrictions; handles grant on top of them. Each
//! question has a table of steps (`access/steps.rs`); what decides walks it, and what explains a
//! decision walks the same table.

mod steps;

use convoke_wire::session::access::{Access, Outcome, WalkedStep};
use convoke_wire::session::constants::Capability;
use convoke_wire::session::properties::Restriction;

use super::Session;
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

/// Who asks for what.
#[derive(Debug, Clone, Copy)]
struct Request<'a> {
    session: &'a Session,
    caller: &'a Caller,
    facts: Facts,
    /// Where a refusal points to in the request document.
    path: &'static str,
}

/// What one step says.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Verdict {
    /// Nothing: the next step is asked.
    Undecided,
    /// The access is granted, whatever later steps would say.
    Granted,
    /// The access is refused.
    Refused(Refusal),
}

/// One rule about an access.
struct Step {
    /// Its stable name.
    name: &'static str,
    /// The rule, as one sentence.
    rule: &'static str,
    judge: fn(&Request<'_>) -> Verdict,
}

/// Walks the steps up to the one that decides.
fn decide(
    steps: &[Step],
    request: &Request<'_>,
    mut seen: impl FnMut(&Step, &Verdict),
) -> Result<(), Refusal> {
    for step in steps {
        let verdict = (step.judge)(request);
        seen(step, &verdict);
        match verdict {
            Verdict::Undecided => {}
            Verdict::Granted => return Ok(()),
            Verdict::Refused(refusal) => return Err(refusal),
        }
    }
    Err(request.refused(Rule::NotMember, "Nothing grants it"))
}

/// Whether the caller may read the session.
pub fn may_read(session: &Session, caller: &Caller, facts: Facts) -> Result<(), Refusal> {
    let request = Request::new(session, caller, facts, "");
    decide(steps::READING, &request, |_, _| {})
}

/// Whether the caller may take a place, or go on with the one they have.
pub(super) fn may_join(session: &Session, caller: &Caller, facts: Facts) -> Result<(), Refusal> {
    let request = Request::new(session, caller, facts, "members.me");
    decide(steps::JOINING, &request, |_, _| {})
}

/// Whether the caller may write what is not their own place.
pub(super) fn may_write(session: &Session, caller: &Caller, facts: Facts) -> Result<(), Refusal> {
    let request = Request::new(session, caller, facts, "");
    decide(steps::WRITING, &request, |_, _| {})
}

/// The acting user, who must not be banned, and be allowed to play with others.
pub(super) fn player<'a>(caller: &'a Caller, path: &str) -> Result<&'a User, Refusal> {
    let Some(user) = &caller.user else {
        return Err(Rule::NoUser.at(path, "this takes a token with an XUID claim"));
    };
    check_not_banned(user, path)?;
    if !user.multiplayer {
        let detail =
            format!("{CANNOT_ACCESS} The calling user must have the multiplayer privilege");
        return Err(Rule::NoMultiplayer.at(path, detail));
    }
    Ok(user)
}

fn check_not_banned(user: &User, path: &str) -> Result<(), Refusal> {
    if user.banned {
        let detail = format!("{CANNOT_ACCESS} The calling user is banned");
        return Err(Rule::Banned.at(path, detail));
    }
    Ok(())
}

/// Whether a service configuration is open to the caller for anything but leaving: to whoever is not
/// banned from it, and to servers.
pub fn may_enter(caller: &Caller) -> Result<(), Refusal> {
    match &caller.user {
        Some(user) if !caller.server => check_not_banned(user, ""),
        _ => Ok(()),
    }
}

/// Devices that cannot tell titles apart use sessions that are made for them. `[doc]`
pub(super) fn check_title_identity(
    session: &Session,
    caller: &Caller,
    path: &str,
) -> Result<(), Refusal> {
    let for_users = session.constants.has(Capability::UserAuthorizationStyle);
    if caller.server || !caller.title_unproven || for_users {
        return Ok(());
    }
    let why = "It lacks the capability `userAuthorizationStyle`, and the token names no console";
    Err(Rule::TitleUnproven.at(path, format!("{CANNOT_ACCESS} {why}")))
}

/// What may be asked about the access of a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// Reading the session.
    Read,
    /// Taking a place, or going on with it.
    Join,
    /// Writing properties, roles and the places of others.
    Write,
}

/// What is decided about an access, with every rule that was asked on the way.
pub fn explain(question: Question, session: &Session, caller: &Caller, facts: Facts) -> Access {
    let (steps, path) = match question {
        Question::Read => (steps::READING, ""),
        Question::Join => (steps::JOINING, "members.me"),
        Question::Write => (steps::WRITING, ""),
    };
    let request = Request::new(session, caller, facts, path);
    let mut walked = Vec::new();
    let decision = decide(steps, &request, |step, verdict| {
        walked.push(step.walked(verdict));
    });
    Access {
        allowed: decision.is_ok(),
        steps: walked,
    }
}

impl Step {
    fn walked(&self, verdict: &Verdict) -> WalkedStep {
        let refusal = match verdict {
            Verdict::Refused(refusal) => Some(refusal),
            Verdict::Undecided | Verdict::Granted => None,
        };
        WalkedStep {
            step: self.name.to_owned(),
            rule: self.rule.to_owned(),
            outcome: match verdict {
                Verdict::Undecided => Outcome::Passes,
                Verdict::Granted => Outcome::Grants,
                Verdict::Refused(_) => Outcome::Refuses,
            },
            code: refusal.map(|refusal| refusal.rule.code().to_owned()),
            detail: refusal.map(|refusal| refusal.detail.clone()),
            cure: refusal.map(|refusal| refusal.rule.help().cure.to_owned()),
        }
    }
}

impl<'a> Request<'a> {
    fn new(session: &'a Session, caller: &'a Caller, facts: Facts, path: &'static str) -> Self {
        Self {
            session,
            caller,
            facts,
            path,
        }
    }

    fn refused(&self, rule: Rule, why: &str) -> Refusal {
        rule.at(self.path, format!("{CANNOT_ACCESS} {why}"))
    }
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
