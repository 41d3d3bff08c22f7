//! The laws of a session document's shape, checked on every one that any test receives.
//!
//! Not here: what a particular session contains.

use convoke_server::explain::{AnyRule, REFUSAL};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::json::no_nulls;
use crate::world::Answer;

const TOP_LEVEL: [&str; 16] = [
    "membersInfo",
    "constants",
    "properties",
    "members",
    "servers",
    "roleTypes",
    "initializing",
    "hostCandidates",
    "contractVersion",
    "branch",
    "changeNumber",
    "correlationId",
    "startTime",
    "nextTimer",
    "searchHandle",
    "arbitration",
];

/// If the answer is a refusal: the header that names its rule, which has the status of the answer.
#[track_caller]
pub(crate) fn check_refusal(answer: &Answer) {
    let named = answer.header(REFUSAL);
    let sent = &answer.sent;
    if answer.status < 400 {
        assert_eq!(named, None, "{sent}");
        return;
    }
    let code = named.unwrap_or_else(|| panic!("a refusal without a rule after {sent}"));
    let code = code.split(';').next().unwrap_or_default();
    let rule = AnyRule::all().find(|rule| rule.code() == code);
    let rule = rule.unwrap_or_else(|| panic!("{code} is no rule, after {sent}"));
    assert_eq!(rule.status(), answer.status, "{code} after {sent}");
}

/// If the answer is a session document: its shape, and the headers that go with it.
#[track_caller]
pub(crate) fn check_answer(answer: &Answer) {
    let sent = &answer.sent;
    if !answer.body.starts_with(b"{") {
        return;
    }
    let body = answer.json();
    if body.get("membersInfo").is_none() {
        return;
    }
    assert_eq!(
        answer.header("content-type"),
        Some("application/json"),
        "{sent}"
    );
    check_session(&body, sent);
    let cache_control = match answer.status {
        200 | 201 => "max-age=0, must-revalidate",
        _ => "no-cache, no-store",
    };
    assert_eq!(
        answer.header("cache-control"),
        Some(cache_control),
        "{sent}"
    );
    let expects_etag = matches!(answer.status, 200 | 201 | 412);
    if expects_etag && !sent.contains("nocommit") {
        check_etag(&answer.etag());
    }
}

/// A quoted string of 32 lower-case hexadecimal digits.
#[track_caller]
pub(crate) fn check_etag(etag: &str) {
    let hex = etag
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    let hex = hex.unwrap_or_else(|| panic!("{etag} is not quoted"));
    let is_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    assert!(hex.len() == 32 && hex.bytes().all(is_hex), "{etag}");
}

/// Replaces the two identifiers that no test can know, after checking that they are GUIDs.
#[track_caller]
pub(crate) fn with_known_ids(mut session: Value) -> Value {
    for key in ["branch", "correlationId"] {
        check_guid(&session[key]);
        session[key] = Value::from(format!("<{key}>"));
    }
    session
}

#[track_caller]
fn check_session(session: &Value, sent: &str) {
    no_nulls(session);
    let top = session.as_object().expect("an object");
    for key in top.keys() {
        assert!(TOP_LEVEL.contains(&key.as_str()), "{key} after {sent}");
    }
    for bag in ["constants", "properties"] {
        assert!(
            session[bag]["system"].is_object(),
            "{bag}.system after {sent}"
        );
        assert!(
            !session[bag]["custom"].is_null(),
            "{bag}.custom after {sent}"
        );
    }
    assert!(session["servers"].is_object(), "servers after {sent}");
    check_guid(&session["branch"]);
    check_guid(&session["correlationId"]);
    assert!(
        1 <= number(session, "changeNumber"),
        "changeNumber after {sent}"
    );
    assert!(number(session, "contractVersion") <= 107, "{sent}");
    check_time(&session["startTime"]);
    if let Some(time) = session.get("nextTimer") {
        check_time(time);
    }
    for key in ["closed", "locked", "allocateCloudCompute"] {
        let shown = session["properties"]["system"].get(key);
        assert!(
            shown.is_none_or(|value| *value == true),
            "{key} after {sent}"
        );
    }
    let members = session["members"].as_object();
    let members = members.unwrap_or_else(|| panic!("no members after {sent}"));
    let large = session["constants"]["system"]["capabilities"]["large"] == true;
    if large {
        assert!(members.keys().all(|key| key == "me"), "{sent}: {session:#}");
    } else {
        check_member_list(session, members, sent);
    }
}

/// Walks the list as clients do: from `first` along `next` up to `membersInfo.next`.
#[track_caller]
fn check_member_list(session: &Value, members: &Map<String, Value>, sent: &str) {
    let info = &session["membersInfo"];
    let end = number(info, "next");
    let mut index = number(info, "first");
    let (mut count, mut accepted, mut active) = (0, 0, 0);
    while index != end {
        let member = members.get(&index.to_string());
        let member =
            member.unwrap_or_else(|| panic!("no member {index} after {sent}\n{session:#}"));
        check_member(session, member, index);
        count += 1;
        accepted += u64::from(member.get("reserved").is_none());
        active += u64::from(member["properties"]["system"]["active"] == true);
        let next = number(member, "next");
        assert!(index < next, "member {index} points back after {sent}");
        index = next;
    }
    let length = u64::try_from(members.len()).expect("a length");
    assert_eq!(
        count, length,
        "members off the list after {sent}\n{session:#}"
    );
    assert_eq!(number(info, "count"), count, "{sent}");
    assert_eq!(number(info, "accepted"), accepted, "{sent}");
    assert_eq!(number(info, "active"), active, "{sent}");
}

#[track_caller]
fn check_member(session: &Value, member: &Value, index: u64) {
    assert_eq!(member["constants"]["system"]["index"], index, "{member:#}");
    assert!(
        member["constants"]["system"]["xuid"].is_string(),
        "{member:#}"
    );
    assert!(member["constants"].get("custom").is_some(), "{member:#}");
    let system = member["properties"]["system"].as_object();
    let system = system.unwrap_or_else(|| panic!("member {index} has no system properties"));
    assert!(member["properties"].get("custom").is_some(), "{member:#}");
    for flag in ["active", "ready"] {
        assert!(
            system.get(flag).is_none_or(|value| *value == true),
            "{member:#}"
        );
    }
    for hidden in ["encounters", "subscriptions"] {
        assert!(!system.contains_key(hidden), "{member:#}");
    }
    if let Some(connection) = system.get("connection") {
        check_guid(connection);
    }
    check_time(&member["joinTime"]);
    if let Some(reserved) = member.get("reserved") {
        assert_eq!(*reserved, true, "{member:#}");
        assert!(member.get("gamertag").is_none(), "{member:#}");
    }
    let turn = session["properties"]["system"]["turn"].as_array();
    let has_turn = turn.is_some_and(|turn| turn.contains(&Value::from(index)));
    assert_eq!(member.get("turn").is_some(), has_turn, "{member:#}");
}

#[track_caller]
fn number(object: &Value, key: &str) -> u64 {
    let number = object[key].as_u64();
    number.unwrap_or_else(|| panic!("{key} is no number in {object:#}"))
}

#[track_caller]
pub(crate) fn check_guid(value: &Value) {
    let text = value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is no GUID"));
    assert!(
        text.len() == 36 && Uuid::parse_str(text).is_ok(),
        "{text} is no GUID"
    );
}

/// `YYYY-MM-DDTHH:MM:SS.fffffffZ`, seven digits of fraction.
#[track_caller]
pub(crate) fn check_time(value: &Value) {
    let text = value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is no time"));
    let shape: String = text
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    assert_eq!(shape, "0000-00-00T00:00:00.0000000Z", "{text}");
}
