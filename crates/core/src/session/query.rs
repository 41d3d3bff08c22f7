//! Queries for sessions: what may be asked for, which sessions match, and how they are shown.
//!
//! Not here: the index that finds sessions by user or keyword ([`crate::index`]).

mod conditions;

use convoke_wire::session::constants::Visibility;
use convoke_wire::session::properties::Restriction;
use convoke_wire::session::query::{BatchQuery, FoundVisibility, MemberStatus, SessionResult};
use convoke_wire::{ContractVersion, Xuid};

use super::access::player;
use super::{MemberState, Session};
use crate::caller::Caller;
use crate::handle::query::{each_once, take};
use crate::index::IndexEntry;
use crate::limits::MAX_QUERY;
use crate::refusal::{Refusal, Rule};

pub use conditions::Conditions;

/// A query that its caller may make. `[doc]` for all parameters
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionQuery {
    /// Whose sessions, in the order of the answer; nobody's when only the keyword counts.
    pub users: Vec<Xuid>,
    conditions: Conditions,
    /// Most results.
    pub take: usize,
}

/// Who asks, and in which words.
#[derive(Debug)]
pub struct Asking<'a> {
    /// Who.
    pub caller: &'a Caller,
    /// The users of the caller's token.
    pub own: &'a [Xuid],
    /// The contract version of the request, which limits `version`.
    pub contract: ContractVersion,
    /// The body of a batch.
    pub batch: Option<BatchQuery>,
}

/// Reads a query and checks that its caller may make it (handles 4.2 and 4.3).
///
/// `parameter` gives the value of a query-string parameter.
pub fn read(
    parameter: impl Fn(&str) -> Option<String>,
    asking: Asking<'_>,
) -> Result<SessionQuery, Refusal> {
    let query = SessionQuery {
        users: users(parameter("xuid"), asking.batch)?,
        conditions: Conditions::read(&parameter, asking.contract)?,
        take: take(Rule::BadSessionQuery, None, parameter("take").as_deref())?,
    };
    query.check()?;
    query.admit(asking.caller, asking.own)?;
    Ok(query)
}

fn bad(parameter: &str, detail: impl Into<String>) -> Refusal {
    Rule::BadSessionQuery.at(parameter, detail.into())
}

fn users(parameter: Option<String>, batch: Option<BatchQuery>) -> Result<Vec<Xuid>, Refusal> {
    match (parameter, batch) {
        (None, None) => Ok(Vec::new()),
        (Some(text), None) => match text.parse() {
            Ok(xuid) => Ok(vec![xuid]),
            Err(_) => Err(bad("xuid", "expected one XUID, a decimal number")),
        },
        (Some(_), Some(_)) => Err(bad("xuid", "a batch names its users in the body only")),
        (None, Some(BatchQuery { xuids })) if !(1..=MAX_QUERY).contains(&xuids.len()) => {
            let detail = format!("expected 1 to {MAX_QUERY} users, found {}", xuids.len());
            Err(bad("xuids", detail))
        }
        (None, Some(BatchQuery { xuids })) => Ok(each_once(xuids)),
    }
}

impl SessionQuery {
    /// By which entry of the index the sessions of a user, or of nobody, are found.
    pub fn entry(&self, user: Option<Xuid>) -> Option<IndexEntry> {
        let of_user = user.map(IndexEntry::Member);
        of_user.or_else(|| self.conditions.keyword.clone().map(IndexEntry::Keyword))
    }

    fn check(&self) -> Result<(), Refusal> {
        let asked = &self.conditions;
        if self.users.is_empty() {
            if asked.keyword.is_none() {
                return Err(bad("", "a query names a keyword or a user"));
            }
            for (name, is_set) in [
                ("reservations", asked.reservations),
                ("inactive", asked.inactive),
            ] {
                if is_set {
                    return Err(bad(name, "this is about a user, and no `xuid` is given"));
                }
            }
        }
        if asked.visibility == Some(FoundVisibility::Private) && !asked.private {
            return Err(bad("visibility", "`private` needs `private=true` too"));
        }
        Ok(())
    }

    fn admit(&self, caller: &Caller, own: &[Xuid]) -> Result<(), Refusal> {
        if !caller.server {
            player(caller, "")?;
        }
        self.conditions.admit(caller, own, &self.users)
    }

    /// The session as the query shows it, if it matches; `user` is whose session it is.
    pub fn found(&self, session: &Session, user: Option<Xuid>) -> Option<SessionResult> {
        let place = match user {
            None => None,
            Some(user) => Some((user, session.member_of(user)?)),
        };
        let status = place.map(|(_, (_, member))| status(member.state));
        let wants_status = status.is_none_or(|status| match status {
            MemberStatus::Active => true,
            MemberStatus::Inactive => self.conditions.inactive,
            MemberStatus::Reserved => self.conditions.reservations,
        });
        let shows = shows_as(session);
        let is_open = self.conditions.private || shows != FoundVisibility::Private;
        (wants_status && is_open && self.conditions.fit(session)).then(|| SessionResult {
            xuid: user,
            start_time: session.start_time.into(),
            session_ref: session.reference.clone(),
            accepted: session.members.totals().accepted,
            status,
            visibility: shows,
            join_restriction: join_restriction(session, shows),
            my_turn: place.is_some_and(|(_, (index, _))| session.properties.turn.contains(&index)),
            keywords: session.properties.keywords.clone(),
        })
    }
}

/// `ready` counts as inactive. `[doc]`
fn status(state: MemberState) -> MemberStatus {
    match state {
        MemberState::Reserved => MemberStatus::Reserved,
        MemberState::Inactive | MemberState::Ready => MemberStatus::Inactive,
        MemberState::Active => MemberStatus::Active,
    }
}

/// An open session without a free place is full. `[doc]`
pub(crate) fn shows_as(session: &Session) -> FoundVisibility {
    match session.constants.visibility() {
        Visibility::Private => FoundVisibility::Private,
        Visibility::Visible => FoundVisibility::Visible,
        Visibility::Open if session.is_full() => FoundVisibility::Full,
        Visibility::Open => FoundVisibility::Open,
    }
}

fn join_restriction(session: &Session, shows: FoundVisibility) -> Option<Restriction> {
    let joinable = matches!(shows, FoundVisibility::Open | FoundVisibility::Full);
    let restriction = session.properties.join_restriction;
    restriction.filter(|it| joinable && *it != Restriction::None)
}
