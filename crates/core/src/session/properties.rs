//! System properties: who may write each, how it is merged, and what must hold afterwards.

use convoke_wire::session::constants::{Capability, Visibility};
use convoke_wire::session::properties::{Description, Matchmaking, Restriction, SystemProperties};
use convoke_wire::{Field, RawJson};
use serde::{Deserialize, Serialize};

use super::{Custom, Session, initialization, owners};
use crate::caller::Caller;
use crate::limits::{
    MAX_KEYWORD_CHARS, MAX_KEYWORDS, MAX_MAP_ENTRIES, MAX_MEMBERS_LARGE, MAX_TEXT_CHARS,
};
use crate::refusal::{Refusal, Rule};

/// What members may change, version-neutral. `false` and *absent* are the same. `[client]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Properties {
    /// Words that session queries find, as written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub keywords: Vec<String>,
    /// Indices of the members whose turn it is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub turn: Vec<u32>,
    /// Who may join an open session; `None` is everybody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub join_restriction: Option<Restriction>,
    /// Who may read; `None` is everybody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_restriction: Option<Restriction>,
    /// No new members.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub closed: bool,
    /// Only former members come back.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub locked: bool,
    /// Asks for a server of old; kept, never acted on.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub allocate_cloud_compute: bool,
    /// Device token of the host, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Servers to try, best first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_connection_string_candidates: Option<Vec<String>>,
    /// What matchmaking needs to know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matchmaking: Option<Matchmaking>,
    /// Whether matchmaking should go on; `false` has a meaning. `[doc]`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matchmaking_resubmit: Option<bool>,
    /// Indices of the owners.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub owners: Vec<u32>,
    /// Text of a looking-for-group post.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<Description>,
    /// ISO 8601 time, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheduled_time: Option<String>,
    /// Who finds the session's search handle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search_handle_visibility: Option<String>,
    /// The title's properties.
    #[serde(skip_serializing_if = "Custom::is_empty")]
    pub custom: Custom,
}

impl Properties {
    /// The bytes that titles filled.
    pub(super) fn weight(&self) -> usize {
        let matchmaking = self.matchmaking.iter();
        let raw = matchmaking.flat_map(|m| [&m.target_session_constants, &m.client_result]);
        self.custom.len() + raw.flatten().map(RawJson::len).sum::<usize>()
    }
}

const SYSTEM: &str = "properties.system";

/// Merges written system properties: each field is replaced whole, `null` removes it. `[doc]`
pub(super) fn write_system(
    session: &mut Session,
    written: &SystemProperties,
) -> Result<(), Refusal> {
    check_values(session, written)?;
    let joins_only =
        written.join_restriction.value().is_some() && written.read_restriction.is_absent();
    let stored = &mut session.properties;
    list(&mut stored.keywords, &written.keywords);
    list(&mut stored.turn, &written.turn);
    list(&mut stored.owners, &written.owners);
    option(&mut stored.join_restriction, &written.join_restriction);
    option(&mut stored.read_restriction, &written.read_restriction);
    flag(&mut stored.closed, written.closed);
    flag(&mut stored.locked, written.locked);
    flag(
        &mut stored.allocate_cloud_compute,
        written.allocate_cloud_compute,
    );
    let same_host = |host: &String| {
        let again = written.host.value();
        again.is_some_and(|again| again.eq_ignore_ascii_case(host))
    };
    if !stored.host.as_ref().is_some_and(same_host) {
        option(&mut stored.host, &written.host);
    }
    option(
        &mut stored.server_connection_string_candidates,
        &written.server_connection_string_candidates,
    );
    option(&mut stored.matchmaking, &written.matchmaking);
    if stored.matchmaking == Some(Matchmaking::default()) {
        stored.matchmaking = None;
    }
    option(
        &mut stored.matchmaking_resubmit,
        &written.matchmaking_resubmit,
    );
    option(&mut stored.description, &written.description);
    option(&mut stored.scheduled_time, &written.scheduled_time);
    option(
        &mut stored.search_handle_visibility,
        &written.search_handle_visibility,
    );
    if joins_only {
        widen_default_reading(session);
    }
    Ok(())
}

/// Removes every system property a member may write.
pub(super) fn clear_system(session: &mut Session) {
    let stored = &mut session.properties;
    *stored = Properties {
        owners: std::mem::take(&mut stored.owners),
        custom: std::mem::take(&mut stored.custom),
        ..Properties::default()
    };
    fill_restrictions(session);
}

/// With `userAuthorizationStyle`, joining and reading are `local` unless said otherwise. `[doc]`
pub(super) fn fill_restrictions(session: &mut Session) {
    if session.constants.has(Capability::UserAuthorizationStyle) {
        let stored = &mut session.properties;
        stored.join_restriction.get_or_insert(Restriction::Local);
        stored.read_restriction.get_or_insert(Restriction::Local);
    }
}

/// A title that opens joining alone is not held up by the default that restricts reading.
///
/// Inferred: multiplayer managers toggle only `joinRestriction` (session Q15).
fn widen_default_reading(session: &mut Session) {
    let by_default = session.constants.has(Capability::UserAuthorizationStyle)
        && session.properties.read_restriction == Some(Restriction::Local);
    if by_default {
        session.properties.read_restriction = session.properties.join_restriction;
    }
}

fn option<T: Clone>(stored: &mut Option<T>, written: &Field<T>) {
    match written {
        Field::Absent => {}
        Field::Null => *stored = None,
        Field::Value(value) => *stored = Some(value.clone()),
    }
}

fn list<T: Clone>(stored: &mut Vec<T>, written: &Field<Vec<T>>) {
    match written {
        Field::Absent => {}
        Field::Null => stored.clear(),
        Field::Value(values) => stored.clone_from(values),
    }
}

fn flag(stored: &mut bool, written: Field<bool>) {
    match written {
        Field::Absent => {}
        Field::Null => *stored = false,
        Field::Value(value) => *stored = value,
    }
}

/// Checks each written value on its own.
fn check_values(session: &Session, written: &SystemProperties) -> Result<(), Refusal> {
    let at = |field: &str| format!("{SYSTEM}.{field}");
    if let Some(words) = written.keywords.value() {
        check_list(&at("keywords"), words, MAX_KEYWORDS, MAX_KEYWORD_CHARS)?;
    }
    if let Some(servers) = written.server_connection_string_candidates.value() {
        let path = at("serverConnectionStringCandidates");
        check_list(&path, servers, MAX_MAP_ENTRIES, MAX_TEXT_CHARS)?;
    }
    for (name, indices) in [("turn", &written.turn), ("owners", &written.owners)] {
        let most = MAX_MEMBERS_LARGE as usize;
        if indices.value().is_some_and(|list| most < list.len()) {
            return Err(Rule::TooMany.at(at(name), format!("at most {most} indices")));
        }
    }
    let texts = [
        ("host", written.host.value()),
        (
            "searchHandleVisibility",
            written.search_handle_visibility.value(),
        ),
        (
            "description.text",
            written.description.value().map(|d| &d.text),
        ),
        (
            "description.locale",
            written.description.value().and_then(|d| d.locale.as_ref()),
        ),
        (
            "matchmaking.serverConnectionString",
            written
                .matchmaking
                .value()
                .and_then(|m| m.server_connection_string.as_ref()),
        ),
    ];
    for (name, text) in texts {
        if text.is_some_and(|text| MAX_TEXT_CHARS < text.chars().count()) {
            return Err(Rule::BadText.at(at(name), format!("at most {MAX_TEXT_CHARS} characters")));
        }
    }
    if let Some(time) = written.scheduled_time.value()
        && time.parse::<jiff::Timestamp>().is_err()
    {
        return Err(Rule::BadText.at(at("scheduledTime"), "expected an ISO 8601 time with offset"));
    }
    if written.initialization_succeeded.value().is_some()
        && !initialization::awaits_verdict(session)
    {
        let detail = "no initialisation episode of this session is being evaluated";
        return Err(Rule::NotEvaluating.at(at("initializationSucceeded"), detail));
    }
    let needs = |rule_applies: bool, capability: Capability, field: &str| {
        if rule_applies && !session.constants.has(capability) {
            let detail = format!("needs the capability `{}`", capability.as_str());
            return Err(Rule::CapabilityNeeded.at(at(field), detail));
        }
        Ok(())
    };
    let owners_written = written.owners.value().is_some_and(|list| !list.is_empty());
    needs(owners_written, Capability::HasOwners, "owners")?;
    let allocates = written.allocate_cloud_compute == Field::Value(true);
    needs(allocates, Capability::CloudCompute, "allocateCloudCompute")?;
    let client_result = written
        .matchmaking
        .value()
        .and_then(|m| m.client_result.as_ref());
    needs(
        client_result.is_some(),
        Capability::ClientMatchmaking,
        "matchmaking.clientResult",
    )
}

/// Checks the length of a list of texts and of each of them.
pub(super) fn check_list(
    path: &str,
    texts: &[String],
    most: usize,
    longest: usize,
) -> Result<(), Refusal> {
    if most < texts.len() {
        return Err(Rule::TooMany.at(
            path,
            format!("at most {most} entries, found {}", texts.len()),
        ));
    }
    for (position, text) in texts.iter().enumerate() {
        if text.is_empty() || longest < text.chars().count() {
            let detail = format!("expected 1 to {longest} characters");
            return Err(Rule::BadText.at(format!("{path}.{position}"), detail));
        }
    }
    Ok(())
}

/// What must hold between properties, members and constants once a write is merged.
///
/// Numbers C14 to C18 are those of the specification's table of combinations.
pub(super) fn check_merged(session: &Session) -> Result<(), Refusal> {
    let properties = &session.properties;
    let constants = &session.constants;
    let at = |field: &str| format!("{SYSTEM}.{field}");
    let join = properties.join_restriction.unwrap_or(Restriction::None);
    let read = properties.read_restriction.unwrap_or(Restriction::None);
    if !properties.keywords.is_empty() && constants.visibility() == Visibility::Private {
        let detail = "a private session cannot be found, so it has no keywords";
        return Err(Rule::KeywordsOnPrivate.at(at("keywords"), detail)); // C14
    }
    if properties.locked && !properties.closed {
        let detail = "a session can only be locked while it is closed";
        return Err(Rule::LockedNotClosed.at(at("locked"), detail)); // C15
    }
    if read < join {
        let detail = format!(
            "reading (`{}`) must be at least as open as joining (`{}`)",
            read.as_str(),
            join.as_str()
        );
        return Err(Rule::ReadStricterThanJoin.at(at("readRestriction"), detail)); // C16
    }
    if constants.has(Capability::Large) {
        check_large(session, join)?; // C17
    }
    if constants.has(Capability::UserAuthorizationStyle) && join == Restriction::None {
        let detail = "with `userAuthorizationStyle`, joining is `local` or `followed`";
        return Err(Rule::RestrictionNotAllowed.at(at("joinRestriction"), detail)); // C18
    }
    for (name, indices) in [("turn", &properties.turn), ("owners", &properties.owners)] {
        for (position, index) in indices.iter().enumerate() {
            if !session.members.contains_key(index) {
                let detail = format!("no member has the index {index}");
                return Err(Rule::NoSuchMember.at(at(&format!("{name}.{position}")), detail));
            }
        }
    }
    Ok(())
}

fn check_large(session: &Session, join: Restriction) -> Result<(), Refusal> {
    let properties = &session.properties;
    if join != Restriction::None {
        let detail = "a large session has no join restriction";
        return Err(Rule::RestrictionNotAllowed.at(format!("{SYSTEM}.joinRestriction"), detail));
    }
    for (set, field) in [
        (!properties.turn.is_empty(), "turn"),
        (properties.host.is_some(), "host"),
    ] {
        if set {
            return Err(Rule::NotOnLarge.at(
                format!("{SYSTEM}.{field}"),
                "cannot be set in a large session",
            ));
        }
    }
    Ok(())
}

/// Deletes a host that no member's device is. `[doc]`
pub(super) fn drop_unknown_host(session: &mut Session) {
    let Some(host) = &session.properties.host else {
        return;
    };
    let known = session
        .members
        .values()
        .filter_map(|member| member.device_token())
        .any(|token| token.eq_ignore_ascii_case(host));
    if !known {
        session.properties.host = None;
    }
}

/// Refuses changes that only owners may make. `[doc]`
///
/// `before` is the session as it was; `baseline` its properties once members had come and gone.
pub(super) fn check_ownership(
    before: &Session,
    baseline: &Properties,
    after: &Properties,
    caller: &Caller,
) -> Result<(), Refusal> {
    let by_owner = caller
        .xuid()
        .is_some_and(|xuid| owners::is_owner(before, xuid));
    if !before.constants.has(Capability::HasOwners) || caller.server || by_owner {
        return Ok(());
    }
    let free = before
        .constants
        .ownership_policies
        .as_ref()
        .and_then(|policies| policies.non_owner_modifiable_system_properties.as_deref())
        .unwrap_or_default();
    let forbidden = changed_system(baseline, after).into_iter().find(|name| {
        !free
            .iter()
            .any(|allowed| allowed.eq_ignore_ascii_case(name))
    });
    match forbidden {
        Some(name) => {
            let detail = "only owners of this session change this property";
            Err(Rule::OwnersOnly.at(format!("{SYSTEM}.{name}"), detail))
        }
        None => Ok(()),
    }
}

/// The wire names of the system properties in which two states differ.
fn changed_system(a: &Properties, b: &Properties) -> Vec<&'static str> {
    macro_rules! differing {
        ($($field:ident = $name:literal),+ $(,)?) => {
            [$(($name, a.$field != b.$field)),+]
        };
    }
    differing![
        keywords = "keywords",
        turn = "turn",
        join_restriction = "joinRestriction",
        read_restriction = "readRestriction",
        closed = "closed",
        locked = "locked",
        allocate_cloud_compute = "allocateCloudCompute",
        host = "host",
        server_connection_string_candidates = "serverConnectionStringCandidates",
        matchmaking = "matchmaking",
        matchmaking_resubmit = "matchmakingResubmit",
        owners = "owners",
        description = "description",
        scheduled_time = "scheduledTime",
        search_handle_visibility = "searchHandleVisibility",
    ]
    .into_iter()
    .filter_map(|(name, differs)| differs.then_some(name))
    .collect()
}
