//! The users that a write acts for, one or several, and what it asks of the place of each.
//!
//! A server names several users in a header, and their places by `me_<xuid>`, `me_all` and
//! `me_allInSession`. `[doc]` Not here: what a place may be written with.

use std::borrow::Cow;

use convoke_wire::Xuid;
use convoke_wire::session::constants::Capability;

use super::access::Facts;
use super::{Session, join};
use crate::caller::Caller;
use crate::contract::{MeChange, SessionChange};
use crate::refusal::{Refusal, Rule};

/// The key of the one acting user.
const ME: &str = "members.me";

/// A user whom a write acts for, as if the user had sent it. `[doc]`
#[derive(Debug, Clone, Copy)]
pub struct Actor<'a> {
    /// The user, and the rights that count for the user's place.
    pub caller: &'a Caller,
    /// What the outside world says about the user.
    pub facts: Facts,
}

/// Who sent a write, and whom it acts for.
#[derive(Debug, Clone, Copy)]
pub struct Party<'a> {
    /// The sender; its user is that of the only actor, if there is one.
    pub caller: &'a Caller,
    /// What is known of sender and session.
    pub facts: Facts,
    /// In the order in which they are added.
    pub actors: &'a [Actor<'a>],
}

impl Party<'_> {
    /// Whom the write acts for.
    pub(super) fn users(&self) -> impl Iterator<Item = Xuid> {
        self.actors.iter().filter_map(|actor| actor.caller.xuid())
    }
}

/// What a write asks of the place of one user.
#[derive(Debug, Clone)]
pub(super) struct Own<'a> {
    pub(super) actor: Actor<'a>,
    pub(super) change: Cow<'a, MeChange>,
    /// The key that asks for it, as a path.
    key: Cow<'static, str>,
}

impl Own<'_> {
    /// A refusal at the key that was sent, where rules speak of `me`.
    pub(super) fn named(&self, mut refusal: Refusal) -> Refusal {
        if self.key != ME
            && let Some(rest) = refusal.path.strip_prefix(ME)
            && (rest.is_empty() || rest.starts_with('.'))
        {
            refusal.path = format!("{}{rest}", self.key);
        }
        refusal
    }
}

/// What a write asks of each acting user's place, in the order of the users.
pub(super) fn own_changes<'a>(
    session: &Session,
    change: &'a SessionChange,
    party: Party<'a>,
) -> Result<Vec<Own<'a>>, Refusal> {
    check(session, change, party)?;
    let mut own = Vec::with_capacity(party.actors.len());
    for actor in party.actors {
        own.extend(own_change(session, change, party, *actor)?);
    }
    Ok(own)
}

/// Whether the keys fit the number of acting users, and the session takes so many at once.
fn check(session: &Session, change: &SessionChange, party: Party<'_>) -> Result<(), Refusal> {
    let actors = party.actors;
    if 1 < actors.len() {
        if session.constants.has(Capability::Large) {
            let detail = "a request for a large session acts for one user at most";
            return Err(Rule::MultiUserOnLarge.at("members", detail));
        }
        if change.me.is_some() {
            let detail = format!(
                "the request acts for {} users: expected `me_<xuid>`, `me_all` or `me_allInSession`",
                actors.len()
            );
            return Err(Rule::MultiUser.at(ME, detail));
        }
    }
    let acts_for = |xuid| party.users().any(|user| user == xuid);
    if let Some(xuid) = change.acting.each.keys().find(|xuid| !acts_for(**xuid)) {
        let detail = "the request does not act for this user";
        return Err(Rule::NotActing.at(format!("members.me_{xuid}"), detail));
    }
    let keys = [
        (change.me.is_some(), ME),
        (change.acting.all.is_some(), "members.me_all"),
        (
            change.acting.all_in_session.is_some(),
            "members.me_allInSession",
        ),
    ];
    match keys.iter().find(|(sent, _)| *sent) {
        Some((_, key)) if actors.is_empty() => Err(join::no_user(key)),
        _ => Ok(()),
    }
}

fn own_change<'a>(
    session: &Session,
    change: &'a SessionChange,
    party: Party<'a>,
    actor: Actor<'a>,
) -> Result<Option<Own<'a>>, Refusal> {
    let place = actor.caller.xuid().and_then(|xuid| session.member_of(xuid));
    let asked = |(key, change)| {
        Some(Own {
            actor,
            change: Cow::Borrowed(change),
            key,
        })
    };
    let by_index = own_index(session, party.caller).and_then(|index| change.by_index.get(&index));
    Ok(match (keyed(change, actor, place.is_some()), by_index) {
        (Some(_), Some(_)) => {
            let detail = "`me` and the index of the same member say what becomes of it twice";
            return Err(Rule::MixedMemberKeys.at("members", detail));
        }
        (Some(keyed), None) => asked(keyed),
        // A reference to one's own index is as good as `me`. `Inferred:` session 3.5
        (None, Some(Some(request))) => Some(me(actor, MeChange::Write(Box::new(request.clone())))),
        (None, Some(None)) => Some(me(actor, MeChange::Leave)),
        // The first PUT of a reserved user accepts. `[doc]`
        (None, None) if place.is_some_and(|(_, member)| !member.is_accepted()) => {
            Some(me(actor, MeChange::Write(Box::default())))
        }
        (None, None) => None,
    })
}

fn me(actor: Actor<'_>, change: MeChange) -> Own<'_> {
    Own {
        actor,
        change: Cow::Owned(change),
        key: Cow::Borrowed(ME),
    }
}

/// The most particular key for a user.
fn keyed<'a>(
    change: &'a SessionChange,
    actor: Actor<'_>,
    inside: bool,
) -> Option<(Cow<'static, str>, &'a MeChange)> {
    let named = |key: &'static str| move |change| (Cow::Borrowed(key), change);
    if let Some(own) = &change.me {
        return Some(named(ME)(own));
    }
    let acting = &change.acting;
    let xuid = actor.caller.xuid()?;
    let each = acting.each.get(&xuid);
    let each = each.map(|own| (Cow::Owned(format!("members.me_{xuid}")), own));
    let members = acting.all_in_session.as_ref().filter(|_| inside);
    each.or_else(|| members.map(named("members.me_allInSession")))
        .or_else(|| acting.all.as_ref().map(named("members.me_all")))
}

/// The index by which a user may refer to itself; a server's index operations are on others.
pub(super) fn own_index(session: &Session, caller: &Caller) -> Option<u32> {
    let xuid = caller.xuid().filter(|_| !caller.server)?;
    session.member_of(xuid).map(|(index, _)| index)
}

/// Whether leaving is all that a write asks for.
pub(super) fn only_leaves(change: &SessionChange) -> bool {
    let SessionChange {
        constants: None,
        role_types: None,
        properties: None,
        me,
        acting,
        reservations,
        by_index,
        servers: None,
    } = change
    else {
        return false;
    };
    let all = [me, &acting.all, &acting.all_in_session];
    let mut own = all.into_iter().flatten().chain(acting.each.values());
    let asks = me.is_some() || !acting.is_empty();
    asks && reservations.is_empty()
        && by_index.is_empty()
        && own.all(|change| *change == MeChange::Leave)
}
