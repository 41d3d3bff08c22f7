//! Who is told that a session changed: the shoulder taps of one change.
//!
//! A tap carries no data; whoever is tapped reads the session. `[doc]` Not here: which connection
//! leads to which socket, and the merging of taps that wait.

use std::sync::Arc;

use convoke_wire::SessionRef;
use convoke_wire::ids::parse_guid;
use convoke_wire::rta::{ShoulderTap, TapResource};
use convoke_wire::session::change_type::ChangeType;
use convoke_wire::session::constants::Capability;
use jiff::Timestamp;
use uuid::Uuid;

use super::change_types::ChangeTypes;
use super::{Member, MemberState, Session};

/// All taps of one change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taps {
    /// The session that changed.
    pub session: SessionRef,
    /// The branch of the change.
    pub branch: Uuid,
    /// The number of the change.
    pub change_number: u64,
    /// One for each subscription it matches; never empty.
    pub list: Vec<Tap>,
}

/// One subscription that a change matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tap {
    /// The index of the member whose subscription it is.
    pub member: u32,
    /// The connection that the tap goes to, whoever's it is.
    pub connection: Uuid,
    /// The subscription's id in the spelling of its writer; none where the member named none.
    pub subscription: Option<Arc<str>>,
    /// What of the change was subscribed to.
    pub matched: ChangeTypes,
}

impl Taps {
    /// The taps as they travel.
    pub fn shoulder_taps(&self, committed: Timestamp) -> impl Iterator<Item = (&Tap, ShoulderTap)> {
        let resource: Arc<str> = self.session.resource().into();
        self.list.iter().map(move |tap| {
            let told = ShoulderTap {
                timestamp: committed.into(),
                subscription: tap.subscription.clone(),
                resource_type: TapResource::Session,
                resource: Arc::clone(&resource),
                branch: self.branch,
                change_number: self.change_number,
            };
            (tap, told)
        })
    }
}

/// The taps of the change from one state to another; `None` when nobody is tapped.
///
/// - Only active members with a connection are tapped, the writer like the others; a subscription
///   counts from the write that makes it. `[doc]` for active, `Inferred:` handles D2
/// - A member whom the change removed is tapped once more, whatever it subscribed to, because it can
///   learn of nothing later. `Inferred:` handles D9
/// - A deletion taps everybody, with the number that the next change would have had.
///   `Inferred:` handles D10
/// - Large sessions tap nobody. `[doc]`
pub fn taps(before: Option<&Session>, after: Option<&Session>) -> Option<Taps> {
    // Most sessions have no subscribers at the time, and this runs with every commit.
    if !before.is_some_and(has_subscribers) && !after.is_some_and(has_subscribers) {
        return None;
    }
    let changes = ChangeTypes::between(before, after);
    let (last, change_number) = match (before, after) {
        (_, Some(after)) => (after, after.change_number),
        (Some(before), None) => (before, before.change_number + 1),
        (None, None) => return None,
    };
    if changes.is_empty() {
        return None;
    }
    let before = before.filter(|before| before.branch == last.branch);
    let mut list = Vec::new();
    for (index, member) in after.iter().flat_map(|after| &after.members) {
        list.extend(present(*index, member, changes));
    }
    let remaining = |index: &u32| after.is_some_and(|after| after.members.contains_key(index));
    for (index, member) in before.iter().flat_map(|before| &before.members) {
        if !remaining(index) {
            list.extend(removed(*index, member, changes));
        }
    }
    (!list.is_empty()).then(|| Taps {
        session: last.reference.clone(),
        branch: last.branch,
        change_number,
        list,
    })
}

fn has_subscribers(session: &Session) -> bool {
    !session.constants.has(Capability::Large) && 0 < session.members.totals().subscribers
}

fn present(index: u32, member: &Arc<Member>, changes: ChangeTypes) -> impl Iterator<Item = Tap> {
    subscribers(member).iter().filter_map(move |subscriber| {
        let matched = subscriber.wanted & changes;
        (!matched.is_empty()).then(|| subscriber.tap(index, matched))
    })
}

fn removed(index: u32, member: &Arc<Member>, changes: ChangeTypes) -> impl Iterator<Item = Tap> {
    subscribers(member).iter().map(move |subscriber| {
        let matched = subscriber.wanted & changes | ChangeType::MembersList.into();
        subscriber.tap(index, matched)
    })
}

/// A subscription of an active member that leads somewhere and wants something.
pub(super) struct Subscriber {
    id: Option<Arc<str>>,
    pub(super) connection: Uuid,
    wanted: ChangeTypes,
}

impl Subscriber {
    fn tap(&self, member: u32, matched: ChangeTypes) -> Tap {
        Tap {
            member,
            connection: self.connection,
            subscription: self.id.clone(),
            matched,
        }
    }
}

/// The member's own subscription, the further ones, and those of old.
pub(super) fn subscribers(member: &Member) -> &[Subscriber] {
    if member.state != MemberState::Active {
        return &[];
    }
    member.derived.subscribers(|| active(member).collect())
}

/// The same of a member who is active.
fn active(member: &Member) -> impl Iterator<Item = Subscriber> {
    let own = member.connection.as_deref();
    let primary = member.subscription.iter().map(move |subscription| {
        let wanted = ChangeTypes::named(&subscription.change_types);
        (subscription.id.as_deref(), own, wanted)
    });
    let secondary = member
        .secondary_subscriptions
        .iter()
        .map(move |(id, entry)| {
            let rta = entry.rta.as_ref().map(|rta| rta.connection.as_str());
            let wanted = ChangeTypes::named(&entry.change_types);
            (Some(id.as_str()), rta.or(own), wanted)
        });
    let legacy = member.legacy_subscriptions.iter().map(move |(id, entry)| {
        let wanted = entry.profile.as_deref().map(of_profile);
        (Some(id.as_str()), own, wanted.unwrap_or_default())
    });
    let all = primary.chain(secondary).chain(legacy);
    all.filter_map(|(id, connection, wanted)| {
        let connection = parse_guid(connection?)?;
        (!wanted.is_empty()).then(|| Subscriber {
            id: id.map(Arc::from),
            connection,
            wanted,
        })
    })
}

/// What a profile of contracts 104 and 105 subscribes to. `[doc]` for the names.
///
/// Inferred: the documents say that a profile stands for kinds of change, and not for which; each is
/// read for what its name needs to know. A profile of another name fires never.
fn of_profile(profile: &str) -> ChangeTypes {
    use ChangeType::{
        CustomProperty, Host, Initialization, Joinability, MatchmakingStatus,
        MembersCustomProperty, MembersList, MembersStatus,
    };
    let kinds: &[ChangeType] = match profile.to_ascii_lowercase().as_str() {
        "party" => &[
            MembersList,
            MembersStatus,
            Joinability,
            CustomProperty,
            MembersCustomProperty,
        ],
        "matchmaking" => &[MatchmakingStatus],
        "initialization" => &[Initialization],
        "roster" => &[MembersList, MembersStatus],
        "queuehost" => &[MembersList, MembersStatus, Joinability],
        "queue" => &[Host, Joinability, MatchmakingStatus],
        _ => &[],
    };
    kinds.iter().copied().collect()
}
