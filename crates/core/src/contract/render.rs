//! From a session to the document of an answer.

mod members;

use convoke_wire::session::arbitration::Arbitration;
use convoke_wire::session::constants::{
    Capability, ManagedInitialization, SystemConstants, Timeouts,
};
use convoke_wire::session::initialization::Initializing;
use convoke_wire::session::properties::SystemProperties;
use convoke_wire::session::roles::RoleTypes;
use convoke_wire::session::server::Server as WireServer;
use convoke_wire::session::{Bags, MembersInfo, Session as WireSession};
use convoke_wire::{ContractVersion, Field, RawJson, Xuid};
use indexmap::IndexMap;
use serde_json::value::to_raw_value;

use crate::session::constants::merge;
use crate::session::{
    Constants, Custom, Member, Properties, Session, SharedConstants, arbitration, initialization,
    next_timer,
};
pub use members::{Shown, member, members};

/// The document of a session for one viewer under one contract version.
///
/// The viewer only matters for large sessions, which show nobody but the viewer. `[doc]`
pub fn session(
    session: &Session,
    viewer: Option<Xuid>,
    contract: ContractVersion,
) -> WireSession<RawJson, Shown> {
    WireSession {
        members_info: members_info(session),
        constants: constants_text(&session.constants, contract),
        role_types: role_types(session, viewer),
        properties: properties(session, contract),
        servers: servers(session),
        members: members(session, viewer, contract),
        initializing: initializing(session),
        host_candidates: host_candidates(session),
        correlation_id: session.correlation_id(),
        contract_version: contract.number(),
        branch: session.branch,
        change_number: session.change_number,
        start_time: session.start_time.into(),
        next_timer: next_timer(session).map(Into::into),
        search_handle: session.search_handle,
        arbitration: arbitration::status(session).map(|status| Arbitration { status }),
    }
}

/// `initializing`: the episode that runs, or the first one if it failed. `[client]`: readers take its
/// absence for success.
fn initializing(session: &Session) -> Option<Initializing> {
    let episode = initialization::episode(session)?;
    Some(Initializing {
        stage: episode.stage.as_str().to_owned(),
        stage_start_time: episode.since.into(),
        episode: episode.number,
    })
}

/// `hostCandidates`, where there are any.
fn host_candidates(session: &Session) -> Option<Vec<String>> {
    let candidates = &session.initialization.as_ref()?.host_candidates;
    (!candidates.is_empty()).then(|| candidates.clone())
}

/// Whether the document is the same for every viewer.
pub fn is_same_for_all(session: &Session) -> bool {
    !session.constants.has(Capability::Large)
}

/// Totals of the member list.
pub fn members_info(session: &Session) -> MembersInfo {
    let totals = session.members.totals();
    MembersInfo {
        first: session
            .members
            .keys()
            .next()
            .copied()
            .unwrap_or(session.next_index),
        next: session.next_index,
        count: totals.count,
        accepted: totals.accepted,
        active: totals.active,
    }
}

fn custom(bag: &Custom) -> Field<convoke_wire::RawJson> {
    Field::Value(bag.to_raw())
}

/// The text of `constants`; that of the current contract is made once for all sessions that share
/// them.
fn constants_text(shared: &SharedConstants, contract: ContractVersion) -> RawJson {
    let text = |shown: &Constants| {
        let document = constants(shown, contract);
        to_raw_value(&document)
            .expect("documents have text keys only")
            .into()
    };
    if contract.is_legacy() {
        text(shared)
    } else {
        shared.rendered(text).clone()
    }
}

/// `constants`, with the timeouts grouped for contracts 104 and 105. `[trace]`
pub fn constants(constants: &Constants, contract: ContractVersion) -> Bags<SystemConstants> {
    let mut system = SystemConstants {
        version: constants.version.into(),
        max_members_count: constants.max_members_count.into(),
        visibility: constants.visibility.into(),
        initiators: constants.initiators.clone().into(),
        invite_protocol: constants.invite_protocol.clone().into(),
        reserved_removal_timeout: constants.reserved_removal_timeout.into(),
        inactive_removal_timeout: constants.inactive_removal_timeout.into(),
        ready_removal_timeout: constants.ready_removal_timeout.into(),
        session_empty_timeout: constants.session_empty_timeout.into(),
        timeouts: Field::Absent,
        capabilities: constants.capabilities.clone().into(),
        metrics: constants.metrics.into(),
        member_initialization: constants.member_initialization.clone().into(),
        managed_initialization: Field::Absent,
        peer_to_peer_requirements: constants.peer_to_peer_requirements.clone().into(),
        peer_to_host_requirements: constants.peer_to_host_requirements.clone().into(),
        measurement_server_addresses: constants.measurement_server_addresses.clone().into(),
        cloud_compute_package: constants.cloud_compute_package.clone().into(),
        arbitration: constants.arbitration.clone().into(),
        broadcast_viewer_title_ids: constants.broadcast_viewer_title_ids.clone().into(),
        ownership_policies: constants.ownership_policies.clone().into(),
    };
    if contract.is_legacy() {
        downgrade(&mut system);
    }
    Bags {
        system: Field::Value(system),
        custom: custom(&constants.custom),
    }
}

/// Rewrites the current spelling as that of contracts 104 and 105.
fn downgrade(system: &mut SystemConstants) {
    system.timeouts = Field::Value(Timeouts {
        reserved: std::mem::take(&mut system.reserved_removal_timeout).into_value(),
        inactive: std::mem::take(&mut system.inactive_removal_timeout).into_value(),
        ready: std::mem::take(&mut system.ready_removal_timeout).into_value(),
        session_empty: std::mem::take(&mut system.session_empty_timeout).into_value(),
    });
    if let Field::Value(init) = std::mem::take(&mut system.member_initialization) {
        // The defaults differ, so what is not said must be.
        let init = merge::explicit(&init);
        system.managed_initialization = Field::Value(ManagedInitialization {
            join_timeout: init.join_timeout,
            measurement_timeout: init.measurement_timeout,
            evaluation_timeout: init.evaluation_timeout,
            auto_evaluate: Some(!init.external_evaluation.unwrap_or(false)),
            members_needed_to_start: init.members_needed_to_start,
        });
    }
}

/// `properties`; what is false or empty is left out, but for what clients read always. `[client]`
pub fn properties(session: &Session, contract: ContractVersion) -> Bags<SystemProperties> {
    let Properties {
        keywords,
        turn,
        join_restriction,
        read_restriction,
        closed,
        locked,
        allocate_cloud_compute,
        host,
        server_connection_string_candidates,
        matchmaking,
        matchmaking_resubmit,
        owners,
        description,
        scheduled_time,
        search_handle_visibility,
        custom: title,
    } = &session.properties;
    let when = |set: bool| set.then_some(true);
    let filled = |list: &Vec<u32>| (!list.is_empty()).then(|| list.clone());
    let large = session.constants.has(Capability::Large);
    let no_matchmaking = contract.is_legacy().then(Default::default);
    let system = SystemProperties {
        keywords: (!keywords.is_empty()).then(|| keywords.clone()).into(),
        turn: (!large).then(|| turn.clone()).into(),
        join_restriction: (*join_restriction).into(),
        read_restriction: (*read_restriction).into(),
        closed: when(*closed).into(),
        locked: when(*locked).into(),
        allocate_cloud_compute: when(*allocate_cloud_compute).into(),
        host: host.clone().into(),
        initialization_succeeded: Field::Absent,
        server_connection_string_candidates: server_connection_string_candidates.clone().into(),
        matchmaking: matchmaking.clone().or(no_matchmaking).into(),
        matchmaking_resubmit: (*matchmaking_resubmit).into(),
        owners: filled(owners).into(),
        description: description.clone().into(),
        scheduled_time: scheduled_time.clone().into(),
        search_handle_visibility: search_handle_visibility.clone().into(),
    };
    Bags {
        system: Field::Value(system),
        custom: custom(title),
    }
}

/// `roleTypes`: the definitions, with how many hold each role and who they are.
///
/// Inferred: of a large session, as in `members`, the only one who is named is the viewer.
pub fn role_types(session: &Session, viewer: Option<Xuid>) -> Option<RoleTypes> {
    let mut types = RoleTypes::clone(session.role_types.as_deref()?);
    let shown: Vec<&Member> = if is_same_for_all(session) {
        session.members.values().map(|member| &**member).collect()
    } else {
        let own = viewer.and_then(|xuid| session.member_of(xuid));
        own.map(|(_, member)| &**member).into_iter().collect()
    };
    for (type_name, kind) in &mut types {
        for (role_name, role) in &mut kind.roles {
            let holds = |member: &&&Member| member.roles.get(type_name) == Some(role_name);
            let holders = shown.iter().filter(holds).map(|member| member.xuid);
            role.count = Some(session.members.holders(type_name, role_name));
            role.member_xuids = Some(holders.collect());
        }
    }
    Some(types)
}

/// `servers`.
pub fn servers(session: &Session) -> IndexMap<String, WireServer> {
    session
        .servers
        .iter()
        .map(|(name, server)| {
            let shown = WireServer {
                constants: Bags {
                    system: Field::Value(server.constants_system.clone()),
                    custom: custom(&server.constants_custom),
                },
                properties: Bags {
                    system: Field::Value(server.system.clone()),
                    custom: custom(&server.custom),
                },
            };
            (name.clone(), shown)
        })
        .collect()
}
