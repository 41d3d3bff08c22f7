//! `members` of the document of an answer.

use convoke_wire::session::Bags;
use convoke_wire::session::initialization::Failure;
use convoke_wire::session::member::{Member as WireMember, MemberConstants, MemberProperties};
use convoke_wire::{ContractVersion, Field, RawJson, Xuid};
use serde::{Serialize, Serializer};
use serde_json::value::to_raw_value;

use super::{custom, is_same_for_all};
use crate::session::derived::Seat;
use crate::session::{Member, MemberState, Session, arbitration};

/// `members`, each as the text of its document.
#[derive(Debug, Clone, PartialEq)]
pub enum Shown {
    /// All of them, by index.
    All(Vec<(u32, RawJson)>),
    /// The viewer alone, if one of them: of a large session.
    Me(Option<RawJson>),
}

impl Serialize for Shown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::All(members) => serializer.collect_map(members.iter().map(|(k, v)| (k, v))),
            Self::Me(own) => serializer.collect_map(own.iter().map(|own| ("me", own))),
        }
    }
}

/// `members`: all of them by index, or only the viewer as `me` in large sessions.
pub fn members(session: &Session, viewer: Option<Xuid>, contract: ContractVersion) -> Shown {
    if !is_same_for_all(session) {
        let own = viewer.and_then(|xuid| session.members.index_of(xuid));
        return Shown::Me(own.and_then(|index| member(session, index, viewer, contract)));
    }
    let later = session.members.keys().copied().skip(1);
    let nexts = later.chain([session.next_index]);
    let all = session.members.iter().zip(nexts);
    let all = all.map(|((index, member), next)| {
        let text = text(session, *index, member, next, contract);
        (*index, text)
    });
    Shown::All(all.collect())
}

/// One entry of `members`, where the viewer is shown it.
pub fn member(
    session: &Session,
    index: u32,
    viewer: Option<Xuid>,
    contract: ContractVersion,
) -> Option<RawJson> {
    let member = session.members.get(&index)?;
    let next = if is_same_for_all(session) {
        let mut indices = session.members.keys().copied();
        indices.find(|next| index < *next)
    } else if viewer == Some(member.xuid) {
        None
    } else {
        return None;
    };
    let next = next.unwrap_or(session.next_index);
    Some(text(session, index, member, next, contract))
}

/// A member's document; that of the current contract is kept with the member, unless it is large or
/// tells of the session's match.
fn text(
    session: &Session,
    index: u32,
    member: &Member,
    next: u32,
    contract: ContractVersion,
) -> RawJson {
    let seat = Seat {
        index,
        next,
        turn: session.properties.turn.contains(&index),
    };
    let render = || {
        let mut document = document(session, member, seat);
        if contract.is_legacy() {
            downgrade(&mut document);
        }
        let text = to_raw_value(&document).expect("documents have text keys only");
        RawJson::from(text)
    };
    if member.keeps_texts() && !contract.is_legacy() && session.arbitration.is_none() {
        member.derived.shown(seat, render)
    } else {
        render()
    }
}

/// Rewrites the current spelling of a member as that of contracts 104 and 105. `[doc]`
///
/// Inferred: the newer name of a failure stands beside the older one, because clients of contract 105
/// read the newer one too. `[client]`
fn downgrade(member: &mut WireMember) {
    let failure = member
        .initialization_failure
        .as_deref()
        .and_then(Failure::parse);
    member.failed_metric = failure.map(|it| it.as_legacy_str().to_owned());
    if let Field::Value(system) = &mut member.properties.system {
        system.group = std::mem::take(&mut system.initialization_group);
    }
}

fn document(session: &Session, member: &Member, seat: Seat) -> WireMember {
    WireMember {
        next: seat.next,
        join_time: member.join_time.into(),
        constants: Bags {
            system: Field::Value(MemberConstants {
                xuid: Some(member.xuid),
                index: Some(seat.index),
                initialize: member.initialize.then_some(true),
                team: member.team.clone(),
                matchmaking_result: member.matchmaking_result.clone(),
            }),
            custom: custom(&member.constants_custom),
        },
        properties: Bags {
            system: Field::Value(properties(member)),
            custom: custom(&member.custom),
        },
        gamertag: member.gamertag.clone(),
        device_token: member.device_token(),
        reserved: member.state == MemberState::Reserved,
        active_title_id: member.active_title_id,
        turn: seat.turn,
        roles: (!member.roles.is_empty()).then(|| member.roles.clone()),
        initialization_failure: member
            .initialization_failure
            .map(|it| it.as_str().to_owned()),
        failed_metric: None,
        initialization_episode: member.initialization_episode,
        arbitration_status: arbitration::member_status(session, member),
    }
}

fn properties(member: &Member) -> MemberProperties {
    let in_state = |state: MemberState| (member.state == state).then_some(true);
    let secondary = &member.secondary_subscriptions;
    MemberProperties {
        ready: in_state(MemberState::Ready).into(),
        active: in_state(MemberState::Active).into(),
        connection: member.connection.clone().into(),
        subscription: member.subscription.clone().into(),
        secondary_subscriptions: (!secondary.is_empty())
            .then(|| {
                secondary
                    .iter()
                    .map(|(id, s)| (id.clone(), Some(s.clone())))
                    .collect()
            })
            .into(),
        subscriptions: Field::Absent,
        secure_device_address: member.secure_device_address.clone().into(),
        initialization_group: member.initialization_group.clone().into(),
        group: Field::Absent,
        groups: (!member.groups.is_empty())
            .then(|| member.groups.clone())
            .into(),
        encounters: Field::Absent,
        measurements: member.measurements.clone().into(),
        server_measurements: member.server_measurements.clone().into(),
        role_preference: member.role_preference.clone().into(),
        arbitration: member.arbitration.clone().into(),
    }
}
