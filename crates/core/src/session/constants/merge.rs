//! Effective constants: template and creation request merged, defaults filled in.

use convoke_wire::session::constants::{
    ArbitrationTimes, Capabilities, CloudComputePackage, MeasurementServer, MemberInitialization,
    Metrics, OwnershipPolicies, PeerToHostRequirements, PeerToPeerRequirements, SystemConstants,
    Timeouts, Visibility,
};
use convoke_wire::{ContractVersion, Field, TitleId, Xuid, raw};
use indexmap::IndexMap;

use super::Constants;
use crate::limits::{
    EMPTY_TIMEOUT_MS, EVALUATION_TIMEOUT_MS, INACTIVE_TIMEOUT_LEGACY_MS, INACTIVE_TIMEOUT_MS,
    INITIALIZATION_MEMBERS_NEEDED, JOIN_TIMEOUT_MS, MANAGED_MEMBERS_NEEDED,
    MANAGED_STAGE_TIMEOUT_MS, MAX_MAP_ENTRIES, MAX_MEMBERS, MAX_MEMBERS_LARGE, MAX_TEXT_CHARS,
    MAX_TIMEOUT_MS, MEASUREMENT_TIMEOUT_MS, READY_TIMEOUT_MS, RESERVED_TIMEOUT_MS,
};
use crate::refusal::{Refusal, Rule};
use crate::session::Custom;

/// Constants as a template prescribes them or a request supplies them, in the current spelling.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Prescribed {
    /// System constants; `null` is *explicitly unset*.
    pub system: SystemConstants,
    /// The title's constants.
    pub custom: Custom,
}

/// Calls a macro with every system constant of contract 107: field and wire name.
macro_rules! each_constant {
    ($action:ident) => {
        $action! {
            version = "version",
            max_members_count = "maxMembersCount",
            visibility = "visibility",
            initiators = "initiators",
            invite_protocol = "inviteProtocol",
            reserved_removal_timeout = "reservedRemovalTimeout",
            inactive_removal_timeout = "inactiveRemovalTimeout",
            ready_removal_timeout = "readyRemovalTimeout",
            session_empty_timeout = "sessionEmptyTimeout",
            capabilities = "capabilities",
            metrics = "metrics",
            member_initialization = "memberInitialization",
            peer_to_peer_requirements = "peerToPeerRequirements",
            peer_to_host_requirements = "peerToHostRequirements",
            measurement_server_addresses = "measurementServerAddresses",
            cloud_compute_package = "cloudComputePackage",
            arbitration = "arbitration",
            broadcast_viewer_title_ids = "broadcastViewerTitleIds",
            ownership_policies = "ownershipPolicies",
        }
    };
}

/// Rewrites the spelling of contracts 104 and 105 as that of 107.
///
/// Either spelling is accepted under any contract. `[client]`
pub fn upgraded(mut system: SystemConstants, path: &str) -> Result<SystemConstants, Refusal> {
    match std::mem::take(&mut system.timeouts) {
        Field::Absent => {}
        // Without its group, every default is suppressed.
        Field::Null => spread(&mut system, &Timeouts::default(), path)?,
        Field::Value(group) => spread(&mut system, &group, path)?,
    }
    match std::mem::take(&mut system.managed_initialization) {
        Field::Absent => {}
        _ if !system.member_initialization.is_absent() => {
            let detail = "says the same as `memberInitialization`; write only one of them";
            return Err(
                Rule::InvalidCombination.at(format!("{path}.managedInitialization"), detail)
            );
        }
        Field::Null => system.member_initialization = Field::Null,
        Field::Value(managed) => {
            let external = !managed.auto_evaluate.unwrap_or(false);
            let stage = Some(MANAGED_STAGE_TIMEOUT_MS);
            system.member_initialization = Field::Value(MemberInitialization {
                join_timeout: managed.join_timeout.or(stage),
                measurement_timeout: managed.measurement_timeout.or(stage),
                // C13: only external evaluation takes time, so only there is a default filled in.
                evaluation_timeout: managed.evaluation_timeout.or(stage.filter(|_| external)),
                external_evaluation: Some(external),
                members_needed_to_start: managed
                    .members_needed_to_start
                    .or(Some(MANAGED_MEMBERS_NEEDED)),
            });
        }
    }
    Ok(system)
}

/// Inside the group, a missing timeout never fires. `[doc]`
fn spread(system: &mut SystemConstants, group: &Timeouts, path: &str) -> Result<(), Refusal> {
    let fields = [
        (
            &mut system.reserved_removal_timeout,
            group.reserved,
            "reservedRemovalTimeout",
        ),
        (
            &mut system.inactive_removal_timeout,
            group.inactive,
            "inactiveRemovalTimeout",
        ),
        (
            &mut system.ready_removal_timeout,
            group.ready,
            "readyRemovalTimeout",
        ),
        (
            &mut system.session_empty_timeout,
            group.session_empty,
            "sessionEmptyTimeout",
        ),
    ];
    for (single, grouped, name) in fields {
        if !single.is_absent() {
            let detail = format!("says the same as `{name}`; write only one of them");
            return Err(Rule::InvalidCombination.at(format!("{path}.timeouts"), detail));
        }
        *single = grouped.map_or(Field::Null, Field::Value);
    }
    Ok(())
}

/// Checks every value on its own.
pub fn check_ranges(system: &SystemConstants, path: &str) -> Result<(), Refusal> {
    let at = |name: &str| format!("{path}.{name}");
    if system.version.value().is_some_and(|version| *version != 1) {
        return Err(Rule::OutOfRange.at(at("version"), "only version 1 exists"));
    }
    if system
        .max_members_count
        .value()
        .is_some_and(|count| !(1..=MAX_MEMBERS_LARGE).contains(count))
    {
        let detail = format!("expected 1 to {MAX_MEMBERS}, or to {MAX_MEMBERS_LARGE} with `large`");
        return Err(Rule::OutOfRange.at(at("maxMembersCount"), detail));
    }
    for (name, timeout) in timeouts_of(system) {
        if timeout.is_some_and(|ms| MAX_TIMEOUT_MS <= ms) {
            let detail = format!("expected less than {MAX_TIMEOUT_MS} ms");
            return Err(Rule::OutOfRange.at(at(name), detail));
        }
    }
    if system
        .invite_protocol
        .value()
        .is_some_and(|text| MAX_TEXT_CHARS < text.chars().count())
    {
        return Err(Rule::BadText.at(
            at("inviteProtocol"),
            format!("at most {MAX_TEXT_CHARS} characters"),
        ));
    }
    let sizes = [
        (
            "initiators",
            system.initiators.value().map(Vec::len),
            MAX_MEMBERS_LARGE as usize,
        ),
        (
            "broadcastViewerTitleIds",
            system.broadcast_viewer_title_ids.value().map(Vec::len),
            MAX_MAP_ENTRIES,
        ),
        (
            "measurementServerAddresses",
            system
                .measurement_server_addresses
                .value()
                .map(indexmap::IndexMap::len),
            MAX_MAP_ENTRIES,
        ),
    ];
    for (name, size, most) in sizes {
        if size.is_some_and(|size| most < size) {
            return Err(Rule::TooMany.at(at(name), format!("at most {most} entries")));
        }
    }
    if let Some(servers) = system.measurement_server_addresses.value()
        && let Some(name) = servers.keys().find(|name| name.to_lowercase() != **name)
    {
        let path = at(&format!("measurementServerAddresses.{name}"));
        return Err(Rule::BadText.at(path, "connection strings here are lower case"));
    }
    Ok(())
}

fn timeouts_of(system: &SystemConstants) -> Vec<(&'static str, Option<u64>)> {
    let init = system.member_initialization.value();
    let arbitration = system.arbitration.value();
    vec![
        (
            "reservedRemovalTimeout",
            system.reserved_removal_timeout.value().copied(),
        ),
        (
            "inactiveRemovalTimeout",
            system.inactive_removal_timeout.value().copied(),
        ),
        (
            "readyRemovalTimeout",
            system.ready_removal_timeout.value().copied(),
        ),
        (
            "sessionEmptyTimeout",
            system.session_empty_timeout.value().copied(),
        ),
        (
            "memberInitialization.joinTimeout",
            init.and_then(|i| i.join_timeout),
        ),
        (
            "memberInitialization.measurementTimeout",
            init.and_then(|i| i.measurement_timeout),
        ),
        (
            "memberInitialization.evaluationTimeout",
            init.and_then(|i| i.evaluation_timeout),
        ),
        (
            "arbitration.forfeitTimeout",
            arbitration.and_then(|a| a.forfeit_timeout),
        ),
        (
            "arbitration.arbitrationTimeout",
            arbitration.and_then(|a| a.arbitration_timeout),
        ),
    ]
}

/// Merges what a creation request supplies into what the template prescribes.
///
/// A prescribed field can only be repeated with an equal value; `null` prescribes *unset*. `[doc]`
pub fn with_request(template: &Prescribed, request: &Prescribed) -> Result<Prescribed, Refusal> {
    let mut system = template.system.clone();
    macro_rules! merge_each {
        ($($field:ident = $name:literal),+ $(,)?) => {
            $(merge_field(&mut system.$field, &request.system.$field, $name)?;)+
        };
    }
    each_constant!(merge_each);
    Ok(Prescribed {
        system,
        custom: merge_custom(&template.custom, &request.custom)?,
    })
}

/// Whether a constant sent again says the same, as the service compares: by value, not by spelling.
trait Repeats {
    fn repeats(&self, again: &Self) -> bool;
}

macro_rules! repeats_when_equal {
    ($($kind:ty),+ $(,)?) => {
        $(impl Repeats for $kind {
            fn repeats(&self, again: &Self) -> bool {
                self == again
            }
        })+
    };
}

repeats_when_equal! {
    u32, u64, Visibility, Vec<Xuid>, Vec<TitleId>, Capabilities, Metrics, PeerToPeerRequirements,
    PeerToHostRequirements, IndexMap<String, MeasurementServer>, CloudComputePackage,
    ArbitrationTimes, OwnershipPolicies,
}

/// The invite protocol is a word of an enumeration that is not fixed here.
impl Repeats for String {
    fn repeats(&self, again: &Self) -> bool {
        self.eq_ignore_ascii_case(again)
    }
}

/// What is not said is the same as its default, in which contracts differ.
impl Repeats for MemberInitialization {
    fn repeats(&self, again: &Self) -> bool {
        explicit(self) == explicit(again)
    }
}

/// Managed initialisation with its defaults of contract 107 spelled out. `[doc]`
pub fn explicit(init: &MemberInitialization) -> MemberInitialization {
    let external = init.external_evaluation.unwrap_or(false);
    let evaluation = Some(EVALUATION_TIMEOUT_MS).filter(|_| external);
    MemberInitialization {
        join_timeout: init.join_timeout.or(Some(JOIN_TIMEOUT_MS)),
        measurement_timeout: init.measurement_timeout.or(Some(MEASUREMENT_TIMEOUT_MS)),
        evaluation_timeout: init.evaluation_timeout.or(evaluation),
        external_evaluation: Some(external),
        members_needed_to_start: init
            .members_needed_to_start
            .or(Some(INITIALIZATION_MEMBERS_NEEDED)),
    }
}

fn merge_field<T: Clone + Repeats>(
    prescribed: &mut Field<T>,
    supplied: &Field<T>,
    name: &str,
) -> Result<(), Refusal> {
    if supplied.is_absent() {
        return Ok(());
    }
    if prescribed.is_absent() {
        *prescribed = supplied.clone();
        return Ok(());
    }
    let same = match (&*prescribed, supplied) {
        (Field::Value(fixed), Field::Value(again)) => fixed.repeats(again),
        (fixed, again) => fixed.value().is_none() && again.value().is_none(),
    };
    if same {
        return Ok(());
    }
    let detail = "the session's template prescribes another value";
    Err(Rule::ConstantConflict.at(format!("constants.system.{name}"), detail))
}

fn merge_custom(prescribed: &Custom, supplied: &Custom) -> Result<Custom, Refusal> {
    if prescribed.is_empty() {
        return Ok(supplied.without_nulls());
    }
    let (Some(fixed), Some(added)) = (prescribed.fields(), supplied.fields()) else {
        return match prescribed.conflict(supplied) {
            Some(_) if !supplied.is_empty() => Err(custom_conflict("")),
            _ => Ok(prescribed.clone()),
        };
    };
    let mut merged = fixed.clone();
    for (name, value) in added {
        match fixed.get(&name) {
            Some(mould) if !raw::same(mould.get(), value.get()) => {
                return Err(custom_conflict(&name.to_string()));
            }
            Some(_) => {}
            None if value.get() == "null" => {}
            None => {
                merged.insert(name, value);
            }
        }
    }
    Ok(Custom::of(&merged))
}

fn custom_conflict(field: &str) -> Refusal {
    let path = if field.is_empty() {
        "constants.custom".to_owned()
    } else {
        format!("constants.custom.{field}")
    };
    Rule::ConstantConflict.at(path, "the session's template prescribes another value")
}

/// Fills in the defaults of the template's contract version. `[doc]`
pub fn fill(system: &SystemConstants, custom: &Custom, contract: ContractVersion) -> Constants {
    fn with_default<T: Clone>(field: &Field<T>, default: T) -> Option<T> {
        match field {
            Field::Absent => Some(default),
            Field::Null => None,
            Field::Value(value) => Some(value.clone()),
        }
    }
    let inactive = if contract.is_legacy() {
        INACTIVE_TIMEOUT_LEGACY_MS
    } else {
        INACTIVE_TIMEOUT_MS
    };
    Constants {
        version: with_default(&system.version, 1),
        max_members_count: with_default(&system.max_members_count, MAX_MEMBERS),
        visibility: with_default(&system.visibility, Visibility::Open),
        initiators: system.initiators.value().cloned(),
        invite_protocol: system.invite_protocol.value().cloned(),
        reserved_removal_timeout: with_default(
            &system.reserved_removal_timeout,
            RESERVED_TIMEOUT_MS,
        ),
        inactive_removal_timeout: with_default(&system.inactive_removal_timeout, inactive),
        ready_removal_timeout: with_default(&system.ready_removal_timeout, READY_TIMEOUT_MS),
        session_empty_timeout: with_default(&system.session_empty_timeout, EMPTY_TIMEOUT_MS),
        capabilities: with_default(&system.capabilities, Capabilities::default()),
        metrics: system.metrics.value().copied(),
        member_initialization: system.member_initialization.value().cloned(),
        peer_to_peer_requirements: system.peer_to_peer_requirements.value().cloned(),
        peer_to_host_requirements: system.peer_to_host_requirements.value().cloned(),
        measurement_server_addresses: system.measurement_server_addresses.value().cloned(),
        cloud_compute_package: system.cloud_compute_package.value().cloned(),
        arbitration: system.arbitration.value().cloned(),
        broadcast_viewer_title_ids: system.broadcast_viewer_title_ids.value().cloned(),
        ownership_policies: system.ownership_policies.value().cloned(),
        implies_gameplay: contract.is_legacy(),
        // A title's constant that is prescribed to be unset is not there.
        custom: custom.without_nulls(),
    }
}

/// Checks constants that are sent again for an existing session: equal or refused. `[doc]`
pub fn check_repeated(fixed: &Constants, request: &Prescribed) -> Result<(), Refusal> {
    fn differs<T: Repeats>(fixed: Option<&T>, again: &Field<T>) -> bool {
        match again {
            Field::Absent => false,
            Field::Null => fixed.is_some(),
            Field::Value(value) => !fixed.is_some_and(|fixed| fixed.repeats(value)),
        }
    }
    macro_rules! check_each {
        ($($field:ident = $name:literal),+ $(,)?) => {
            $(if differs(fixed.$field.as_ref(), &request.system.$field) {
                let detail = "constants are fixed when the session is created, and this one differs";
                return Err(Rule::ConstantConflict.at(concat!("constants.system.", $name), detail));
            })+
        };
    }
    each_constant!(check_each);
    if !request.custom.is_empty()
        && let Some(field) = fixed.custom.conflict(&request.custom)
    {
        let mut refusal = custom_conflict(&field);
        "constants are fixed when the session is created, and this one differs"
            .clone_into(&mut refusal.detail);
        return Err(refusal);
    }
    Ok(())
}
