//! Which kinds of change lie between two states of a session.
//!
//! Every field of the document is named here, so that a new one does not compile before somebody
//! has said which kind of change it makes.

use std::fmt;
use std::ops::{BitAnd, BitOr, BitOrAssign};
use std::sync::Arc;

use convoke_wire::RawJson;
use convoke_wire::session::change_type::ChangeType;
use convoke_wire::session::initialization::Stage;
use indexmap::IndexMap;

use super::member_map::Changed;
use super::{Initialization, Member, Members, Properties, Server, Session};

/// A set of [`ChangeType`]s.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct ChangeTypes(u16);

impl ChangeTypes {
    /// No kind of change.
    pub const NONE: Self = Self(0);
    /// Every kind of change.
    pub const ALL: Self = Self((1 << ChangeType::ALL.len()) - 1);

    /// What lies between two states, `None` being a session that does not exist.
    ///
    /// [`ChangeType::Everything`] is in it exactly when there is a new change number. A session that
    /// comes to exist is compared with an empty one; one that is gone has changed in every way.
    /// `Inferred:` handles 6.4
    pub fn between(before: Option<&Session>, after: Option<&Session>) -> Self {
        let Some(after) = after else {
            return before.map_or(Self::NONE, |_| Self::ALL);
        };
        match before.filter(|before| before.branch == after.branch) {
            Some(before) if before.change_number == after.change_number => Self::NONE,
            Some(before) => of_session(before, after),
            None => of_session(&empty(after), after),
        }
    }

    /// The kinds that these words name, in any case. Words that name none are passed over. `[client]`
    pub fn named(words: &[String]) -> Self {
        words
            .iter()
            .filter_map(|word| ChangeType::parse(word))
            .collect()
    }

    /// Whether a kind is in the set.
    pub fn contains(self, kind: ChangeType) -> bool {
        self & kind.into() != Self::NONE
    }

    /// Whether the set is empty.
    pub fn is_empty(self) -> bool {
        self == Self::NONE
    }

    /// The kinds in the set, in the order of their declaration.
    pub fn iter(self) -> impl Iterator<Item = ChangeType> {
        let all = ChangeType::ALL.iter().copied();
        all.filter(move |kind| self.contains(*kind))
    }

    /// The kind if something is so, or nothing.
    fn when(kind: ChangeType, happened: bool) -> Self {
        if happened { kind.into() } else { Self::NONE }
    }
}

impl From<ChangeType> for ChangeTypes {
    fn from(kind: ChangeType) -> Self {
        Self(1 << kind as u16)
    }
}

impl FromIterator<ChangeType> for ChangeTypes {
    fn from_iter<I: IntoIterator<Item = ChangeType>>(kinds: I) -> Self {
        let kinds = kinds.into_iter().map(Self::from);
        kinds.fold(Self::NONE, BitOr::bitor)
    }
}

impl BitOr for ChangeTypes {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for ChangeTypes {
    fn bitor_assign(&mut self, other: Self) {
        *self = *self | other;
    }
}

impl BitAnd for ChangeTypes {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl fmt::Debug for ChangeTypes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.iter().map(ChangeType::as_str))
            .finish()
    }
}

/// A session of the same identity in which nobody is and nothing is said.
fn empty(session: &Session) -> Session {
    Session {
        role_types: None,
        properties: Properties::default(),
        members: Members::new(),
        servers: IndexMap::new(),
        initialization: None,
        arbitration: None,
        ..session.clone()
    }
}

fn of_session(before: &Session, after: &Session) -> ChangeTypes {
    let Session {
        reference: _,
        branch: _,
        change_number: _,
        start_time: _,
        constants: _,
        role_types,
        properties,
        members,
        next_index: _,
        servers,
        search_handle: _,
        empty_since: _,
        alumni: _,
        initialization,
        arbitration: _,
    } = after;
    ChangeTypes::from(ChangeType::Everything)
        | of_properties(&before.properties, properties)
        | of_members(&before.members, members)
        | ChangeTypes::when(ChangeType::Roles, before.role_types != *role_types)
        | ChangeTypes::when(ChangeType::Joinability, before.is_full() != after.is_full())
        | ChangeTypes::when(
            ChangeType::Initialization,
            stage(before.initialization.as_deref()) != stage(initialization.as_deref()),
        )
        | ChangeTypes::when(
            ChangeType::MatchmakingStatus,
            match_state(&before.servers) != match_state(servers),
        )
}

fn of_properties(before: &Properties, after: &Properties) -> ChangeTypes {
    let Properties {
        keywords: _,
        turn: _,
        join_restriction,
        read_restriction,
        closed,
        locked,
        allocate_cloud_compute: _,
        host,
        server_connection_string_candidates: _,
        matchmaking,
        matchmaking_resubmit,
        owners: _,
        description: _,
        scheduled_time,
        search_handle_visibility: _,
        custom,
    } = after;
    let joinability = before.join_restriction != *join_restriction
        || before.read_restriction != *read_restriction
        || before.closed != *closed
        || before.locked != *locked;
    let matchmaking =
        before.matchmaking != *matchmaking || before.matchmaking_resubmit != *matchmaking_resubmit;
    ChangeTypes::when(ChangeType::Host, before.host != *host)
        | ChangeTypes::when(ChangeType::Joinability, joinability)
        | ChangeTypes::when(ChangeType::MatchmakingStatus, matchmaking)
        | ChangeTypes::when(
            ChangeType::CustomProperty,
            !before.custom.is_same_text(custom),
        )
        | ChangeTypes::when(
            ChangeType::ScheduledTime,
            before.scheduled_time != *scheduled_time,
        )
}

/// The episode that is shown, and how far it has come. `[client]`
fn stage(state: Option<&Initialization>) -> Option<(u32, Stage)> {
    let episode = state.and_then(|state| state.episode);
    episode.map(|episode| (episode.number, episode.stage))
}

/// What a match came to: its status, and the session it made. `[client]`
fn match_state(servers: &IndexMap<String, Arc<Server>>) -> [Option<&RawJson>; 2] {
    let system = servers.get("matchmaking").map(|server| &server.system);
    ["status", "targetSessionRef"].map(|field| system.and_then(|system| system.get(field)))
}

fn of_members(before: &Members, after: &Members) -> ChangeTypes {
    let mut changes = ChangeTypes::NONE;
    for Changed { before, after, .. } in after.differences(before) {
        changes |= match (before, after) {
            (Some(before), Some(after)) => of_member(before, after),
            (one, other) => one
                .or(other)
                .map_or(ChangeTypes::NONE, |it| came_or_went(it)),
        };
    }
    changes
}

/// Both lists change, because the words of the sources do not tell them apart. `Inferred:`
/// handles 6.4. What the member had comes or goes with it.
fn came_or_went(member: &Member) -> ChangeTypes {
    ChangeTypes::from(ChangeType::MembersList)
        | ChangeType::MembersStatus.into()
        | ChangeTypes::when(ChangeType::MembersCustomProperty, !member.custom.is_empty())
        | ChangeTypes::when(ChangeType::Roles, !member.roles.is_empty())
}

fn of_member(before: &Member, after: &Member) -> ChangeTypes {
    let Member {
        xuid: _,
        join_time: _,
        state,
        state_since: _,
        initialize: _,
        initialization_episode: _,
        initialization_failure,
        team: _,
        matchmaking_result: _,
        constants_custom: _,
        gamertag: _,
        device_id: _,
        active_title_id: _,
        connection: _,
        subscription: _,
        secondary_subscriptions: _,
        legacy_subscriptions: _,
        secure_device_address: _,
        initialization_group: _,
        groups: _,
        measurements: _,
        server_measurements: _,
        role_preference: _,
        arbitration: _,
        arrived: _,
        custom,
        roles,
        derived: _,
    } = after;
    ChangeTypes::when(ChangeType::MembersStatus, before.state != *state)
        | ChangeTypes::when(
            ChangeType::MembersCustomProperty,
            !before.custom.is_same_text(custom),
        )
        | ChangeTypes::when(ChangeType::Roles, before.roles != *roles)
        | ChangeTypes::when(
            ChangeType::Initialization,
            before.initialization_failure != *initialization_failure,
        )
}
