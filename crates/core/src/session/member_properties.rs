//! `members.me.properties`: what a member says of itself.

use convoke_wire::ids::parse_guid;
use convoke_wire::session::Bags;
use convoke_wire::session::constants::Capability;
use convoke_wire::session::member::{MemberProperties, SecondarySubscription, Subscription};
use convoke_wire::{Field, RawJson, SessionName};
use indexmap::IndexMap;
use jiff::Timestamp;
use uuid::Uuid;

use super::arbitration::{self, Reporting};
use super::properties::check_list;
use super::{Constants, Custom, Member, MemberState};
use crate::caller::Caller;
use crate::limits::{
    MAX_GROUPS, MAX_MAP_ENTRIES, MAX_MEMBER_CUSTOM_BYTES, MAX_ROLE_PREFERENCE, MAX_SDA_CHARS,
    MAX_TEXT_CHARS,
};
use crate::refusal::{Refusal, Rule};

const PROPERTIES: &str = "members.me.properties";
const SYSTEM: &str = "members.me.properties.system";

/// Where a member stands when it writes.
pub(super) struct Place<'a> {
    /// Its index.
    pub(super) index: u32,
    /// The session's next index.
    pub(super) next_index: u32,
    /// The session's constants.
    pub(super) constants: &'a Constants,
    /// Whether results of the session's match are taken.
    pub(super) reporting: Reporting,
    /// Who writes.
    pub(super) caller: &'a Caller,
    /// When.
    pub(super) now: Timestamp,
}

fn at(field: &str) -> String {
    format!("{SYSTEM}.{field}")
}

/// Merges written member properties.
pub(super) fn write(
    member: &mut Member,
    written: &Bags<MemberProperties>,
    place: &Place<'_>,
) -> Result<(), Refusal> {
    match &written.system {
        Field::Absent => {}
        Field::Null => clear_system(member, place),
        Field::Value(system) => write_system(member, system, place)?,
    }
    match &written.custom {
        Field::Absent => {}
        Field::Null => member.custom = Custom::default(),
        Field::Value(raw) => {
            let path = format!("{PROPERTIES}.custom");
            if !raw.is_object() {
                return Err(Rule::CustomNotObject.at(path, "expected an object"));
            }
            if let Some(custom) = Custom::read(&written.custom) {
                member.custom = member.custom.merged(&custom);
            }
            if MAX_MEMBER_CUSTOM_BYTES < member.custom.len() {
                let detail = format!("at most {MAX_MEMBER_CUSTOM_BYTES} bytes");
                return Err(Rule::CustomTooLarge.at(path, detail));
            }
        }
    }
    Ok(())
}

/// `system: null` removes every field that a member may write.
fn clear_system(member: &mut Member, place: &Place<'_>) {
    member.deactivate(place.now);
    member.subscription = None;
    member.secondary_subscriptions.clear();
    member.legacy_subscriptions.clear();
    member.secure_device_address = None;
    member.initialization_group = None;
    member.groups.clear();
    member.measurements = None;
    member.server_measurements = None;
    member.role_preference = None;
    if matches!(place.reporting, Reporting::Open | Reporting::Never) {
        member.arbitration = None;
    }
}

fn write_system(
    member: &mut Member,
    written: &MemberProperties,
    place: &Place<'_>,
) -> Result<(), Refusal> {
    write_address(member, written, place)?;
    write_state(member, written, place)?;
    write_subscriptions(member, written, place)?;
    write_groups(member, written, place)?;
    write_measurements(member, written)?;
    write_report(member, &written.arbitration, place.reporting)
}

/// `arbitration`: what the member reports of the session's match. What it has reported already may
/// come again at any time.
fn write_report(
    member: &mut Member,
    written: &Field<RawJson>,
    reporting: Reporting,
) -> Result<(), Refusal> {
    let report = match written {
        Field::Absent => return Ok(()),
        Field::Null => None,
        Field::Value(raw) => Some(raw),
    };
    if member.arbitration.as_ref() == report {
        return Ok(());
    }
    let path = at("arbitration");
    let not_now = match reporting {
        Reporting::Open | Reporting::Never => None,
        Reporting::NotYet => Some("the match has not begun"),
        Reporting::Over => Some("the match is decided"),
    };
    if let Some(detail) = not_now {
        return Err(Rule::ArbitrationTime.at(path, detail));
    }
    match report {
        // Clients write results without asking what session it is; they mean nothing there. `[client]`
        Some(raw) if reporting == Reporting::Never && !raw.is_object() => {
            return Err(Rule::BadText.at(path, "expected an object"));
        }
        Some(raw) if reporting == Reporting::Open => arbitration::check_report(raw, &path)?,
        _ => {}
    }
    member.arbitration = report.cloned();
    Ok(())
}

/// `active`, `ready` and `connection`. `[doc]`
fn write_state(
    member: &mut Member,
    written: &MemberProperties,
    place: &Place<'_>,
) -> Result<(), Refusal> {
    let wish = |field: &Field<bool>| match field {
        Field::Absent => None,
        Field::Null => Some(false),
        Field::Value(value) => Some(*value),
    };
    let (active, ready) = (wish(&written.active), wish(&written.ready));
    if active == Some(true) && ready == Some(true) {
        let detail = "`active` and `ready` exclude each other";
        return Err(Rule::ActiveAndReady.at(at("ready"), detail));
    }
    let is_active = active.unwrap_or(member.state == MemberState::Active && ready != Some(true));
    // `active: false` alone means inactive, also for a member that was ready. `[doc]`
    let is_ready = ready.unwrap_or(member.state == MemberState::Ready && active.is_none());
    write_connection(member, &written.connection)?;
    if is_active {
        member.enter(MemberState::Active, place.now);
        if active == Some(true) {
            member.active_title_id = place.caller.title_id.or(member.active_title_id);
        }
        let required = place
            .constants
            .has(Capability::ConnectionRequiredForActiveMembers);
        if required && member.connection.is_none() {
            let detail = "being active in this session takes a real-time connection";
            return Err(Rule::ConnectionRequired.at(at("connection"), detail));
        }
    } else if is_ready {
        member.active_title_id = None;
        member.enter(MemberState::Ready, place.now);
    } else {
        member.deactivate(place.now);
    }
    Ok(())
}

fn write_connection(member: &mut Member, written: &Field<String>) -> Result<(), Refusal> {
    match written {
        Field::Absent => {}
        Field::Null => member.connection = None,
        Field::Value(text) => {
            let id = guid(text, &at("connection"))?;
            // A client sends the nil GUID before it has its first connection. `[client]`
            if !id.is_nil() {
                member.connection = Some(text.clone());
            }
        }
    }
    Ok(())
}

fn guid(text: &str, path: &str) -> Result<Uuid, Refusal> {
    parse_guid(text).ok_or_else(|| Rule::BadText.at(path, "expected a GUID of 36 characters"))
}

fn write_subscriptions(
    member: &mut Member,
    written: &MemberProperties,
    place: &Place<'_>,
) -> Result<(), Refusal> {
    let large = place.constants.has(Capability::Large);
    match &written.subscription {
        Field::Absent => {}
        Field::Null => member.subscription = None,
        Field::Value(_) if large => {
            let detail = "a large session has no subscriptions";
            return Err(Rule::NotOnLarge.at(at("subscription"), detail));
        }
        Field::Value(subscription) => {
            if let Some(id) = &subscription.id {
                guid(id, &at("subscription.id"))?;
            }
            let path = at("subscription.changeTypes");
            check_list(
                &path,
                &subscription.change_types,
                MAX_MAP_ENTRIES,
                MAX_TEXT_CHARS,
            )?;
            let former_id = member.subscription.take().and_then(|former| former.id);
            // An empty list is the wish not to be tapped. `[client]`
            member.subscription = (!subscription.change_types.is_empty()).then(|| Subscription {
                id: subscription.id.clone().or(former_id),
                change_types: subscription.change_types.clone(),
            });
        }
    }
    for (id, entry) in written
        .secondary_subscriptions
        .value()
        .into_iter()
        .flatten()
    {
        if let Some(entry) = entry {
            check_secondary(entry, &at(&format!("secondarySubscriptions.{id}")))?;
        }
    }
    for (id, entry) in written.subscriptions.value().into_iter().flatten() {
        let profile = entry.as_ref().and_then(|entry| entry.profile.as_ref());
        if profile.is_some_and(|text| MAX_TEXT_CHARS < text.chars().count()) {
            let path = at(&format!("subscriptions.{id}.profile"));
            return Err(Rule::BadText.at(path, format!("at most {MAX_TEXT_CHARS} characters")));
        }
    }
    let further = written.secondary_subscriptions.value();
    let of_old = written.subscriptions.value();
    for (field, adds) in [
        ("secondarySubscriptions", further.is_some_and(adds_entries)),
        ("subscriptions", of_old.is_some_and(adds_entries)),
    ] {
        if large && adds {
            let detail = "a large session has no subscriptions";
            return Err(Rule::NotOnLarge.at(at(field), detail));
        }
    }
    merge_by_guid(
        &mut member.secondary_subscriptions,
        &written.secondary_subscriptions,
        &at("secondarySubscriptions"),
    )?;
    merge_by_guid(
        &mut member.legacy_subscriptions,
        &written.subscriptions,
        &at("subscriptions"),
    )
}

fn adds_entries<T>(written: &IndexMap<String, Option<T>>) -> bool {
    written.values().any(Option::is_some)
}

fn check_secondary(entry: &SecondarySubscription, path: &str) -> Result<(), Refusal> {
    if let Some(rta) = &entry.rta {
        guid(&rta.connection, &format!("{path}.rta.connection"))?;
    }
    check_list(
        &format!("{path}.changeTypes"),
        &entry.change_types,
        MAX_MAP_ENTRIES,
        MAX_TEXT_CHARS,
    )
}

/// Entries are added one by one; `null` removes one. `[doc]`
fn merge_by_guid<T: Clone>(
    stored: &mut IndexMap<String, T>,
    written: &Field<IndexMap<String, Option<T>>>,
    path: &str,
) -> Result<(), Refusal> {
    match written {
        Field::Absent => {}
        Field::Null => stored.clear(),
        Field::Value(entries) => {
            for (id, entry) in entries {
                guid(id, &format!("{path}.{id}"))?;
                // GUIDs are the same in either letter case; the first spelling stays.
                let known = stored.keys().find(|known| known.eq_ignore_ascii_case(id));
                let id = known.unwrap_or(id).clone();
                match entry {
                    None => {
                        stored.shift_remove(&id);
                    }
                    Some(entry) => {
                        stored.insert(id, entry.clone());
                    }
                }
            }
        }
    }
    check_count(path, stored.len())
}

fn check_count(path: &str, entries: usize) -> Result<(), Refusal> {
    if MAX_MAP_ENTRIES < entries {
        return Err(Rule::TooMany.at(path, format!("at most {MAX_MAP_ENTRIES} entries")));
    }
    Ok(())
}

fn write_address(
    member: &mut Member,
    written: &MemberProperties,
    place: &Place<'_>,
) -> Result<(), Refusal> {
    let path = at("secureDeviceAddress");
    match &written.secure_device_address {
        Field::Absent => {}
        Field::Null => member.secure_device_address = None,
        Field::Value(text) if text.is_empty() => member.secure_device_address = None,
        Field::Value(text) => {
            if !place.constants.has(Capability::Connectivity) {
                return Err(Rule::CapabilityNeeded.at(path, "needs the capability `connectivity`"));
            }
            if MAX_SDA_CHARS < text.len() || !is_base64(text) {
                let detail = format!("expected base64 of at most {MAX_SDA_CHARS} characters");
                return Err(Rule::BadText.at(path, detail));
            }
            member.secure_device_address = Some(text.clone());
        }
    }
    Ok(())
}

/// Base64 characters with at most two of padding; the content is opaque.
fn is_base64(text: &str) -> bool {
    let unpadded = text.trim_end_matches('=');
    !unpadded.is_empty()
        && text.len() - unpadded.len() <= 2
        && unpadded
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'/')
}

fn write_groups(
    member: &mut Member,
    written: &MemberProperties,
    place: &Place<'_>,
) -> Result<(), Refusal> {
    for (field, names) in [
        ("groups", &written.groups),
        ("encounters", &written.encounters),
    ] {
        if let Some(names) = names.value() {
            if MAX_GROUPS < names.len() {
                return Err(Rule::TooMany.at(at(field), format!("at most {MAX_GROUPS} names")));
            }
            if let Some(position) = names
                .iter()
                .position(|name| name.parse::<SessionName>().is_err())
            {
                let path = at(&format!("{field}.{position}"));
                let detail = "a group name has 1 to 100 letters, digits, `-`, `_`, `.`";
                return Err(Rule::BadText.at(path, detail));
            }
        }
    }
    match &written.groups {
        Field::Absent => {}
        Field::Null => member.groups.clear(),
        Field::Value(names) => member.groups.clone_from(names),
    }
    match &written.initialization_group {
        Field::Absent => Ok(()),
        Field::Null => {
            member.initialization_group = None;
            Ok(())
        }
        Field::Value(indices) => {
            member.initialization_group = Some(initialization_group(indices, place)?);
            Ok(())
        }
    }
}

/// The member's own index belongs to its group. `[doc]`
fn initialization_group(indices: &[u32], place: &Place<'_>) -> Result<Vec<u32>, Refusal> {
    let path = at("initializationGroup");
    if place.constants.has(Capability::Large) {
        return Err(Rule::NotOnLarge.at(path, "a large session has no initialisation groups"));
    }
    check_count(&path, indices.len())?;
    if let Some(index) = indices.iter().find(|index| place.next_index <= **index) {
        return Err(Rule::NoSuchMember.at(path, format!("no member has the index {index}")));
    }
    let mut group: Vec<u32> = Vec::new();
    for index in indices.iter().copied().chain([place.index]) {
        if !group.contains(&index) {
            group.push(index);
        }
    }
    Ok(group)
}

fn write_measurements(member: &mut Member, written: &MemberProperties) -> Result<(), Refusal> {
    match &written.measurements {
        Field::Absent => {}
        Field::Null => member.measurements = None,
        Field::Value(entries) => {
            let path = at("measurements");
            check_count(&path, entries.len())?;
            let own = member.device_token();
            let lower: IndexMap<_, _> = entries
                .iter()
                .map(|(token, value)| (token.to_lowercase(), value.clone()))
                .collect();
            if let Some(own) = own.filter(|token| lower.contains_key(token)) {
                let detail = "nobody measures the way to their own device";
                return Err(Rule::OwnMeasurement.at(format!("{path}.{own}"), detail));
            }
            member.measurements = Some(lower);
        }
    }
    match &written.server_measurements {
        Field::Absent => {}
        Field::Null => member.server_measurements = None,
        Field::Value(entries) => {
            check_count(&at("serverMeasurements"), entries.len())?;
            let lower = entries
                .iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(server, value)| (server.to_lowercase(), value.clone()));
            member.server_measurements = Some(lower.collect());
        }
    }
    match &written.role_preference {
        Field::Absent => {}
        Field::Null => member.role_preference = None,
        Field::Value(weights) => {
            check_count(&at("RolePreference"), weights.len())?;
            if let Some((role, _)) = weights
                .iter()
                .find(|(_, weight)| MAX_ROLE_PREFERENCE < **weight)
            {
                let detail = format!("expected 0 to {MAX_ROLE_PREFERENCE}");
                return Err(Rule::OutOfRange.at(at(&format!("RolePreference.{role}")), detail));
            }
            member.role_preference = Some(weights.clone());
        }
    }
    Ok(())
}
