//! What is wrong with a document is named with its place, whatever stands before it.

use convoke_wire::RawJson;
use convoke_wire::handle::{HandleRequest, SearchAttributes};
use convoke_wire::json;
use convoke_wire::session::SessionRequest;
use convoke_wire::template::SessionTemplate;

fn check(body: &str, path: &str, problem: &str) {
    let error = json::read::<SessionRequest>(body.as_bytes()).expect_err(body);
    assert_eq!(error.path, path, "{body}: {error}");
    assert!(error.problem.contains(problem), "{body}: {error}");
}

#[test]
fn faults_in_maps_arrays_and_unknown_fields_are_named_with_their_path() {
    check(r#"{"foo":1}"#, "foo", "unknown field `foo`");
    check("7", "", "invalid type: integer `7`, expected struct");
    check(
        r#"{"members":{"me":{"properties":{"system":{"initializationGroup":[0,-1]}}}}}"#,
        "members.me.properties.system.initializationGroup.1",
        "expected u32",
    );
    check(
        r#"{"properties":{"system":{"keywords":["a",7]}}}"#,
        "properties.system.keywords.1",
        "expected a string",
    );
    check(
        r#"{"members":{"reserve_0":{"constants":{"system":{"xuid":"abc"}}}}}"#,
        "members.reserve_0.constants.system.xuid",
        "decimal XUID",
    );
    check(
        r#"{"servers":{"matchmaking":{"foo":1}}}"#,
        "servers.matchmaking.foo",
        "unknown field",
    );
    check(
        r#"{"servers":{"server":100}}"#,
        "servers.server",
        "integer `100`",
    );
    check(
        r#"{"roleTypes":{"lfg":{"roles":{"friend":{"max":"1"}}}}}"#,
        "roleTypes.lfg.roles.friend.max",
        "expected u32",
    );
    check(
        r#"{"constants":{"system":{"visibility":"secret"}}}"#,
        "constants.system.visibility",
        "`private`, `visible`, `open`",
    );
}

#[test]
fn an_array_is_not_taken_for_an_object() {
    check("[]", "", "invalid type: sequence");
    check(r#"{"members":{"me":[]}}"#, "members.me", "sequence");
    check(
        r#"{"members":{"me":{"properties":[{"active":true},{}]}}}"#,
        "members.me.properties",
        "sequence",
    );
    check(
        r#"{"properties":{"system":[["a"]]}}"#,
        "properties.system",
        "sequence",
    );
    check(
        r#"{"constants":{"system":{"timeouts":[1]}}}"#,
        "constants.system.timeouts",
        "sequence",
    );
}

#[test]
fn kept_values_before_a_fault_do_not_hide_its_place() {
    check(
        r#"{"properties":{"custom":{"a":[1,{"b":null}],"c":18446744073709551616},"system":{"bogus":1}}}"#,
        "properties.system.bogus",
        "unknown field `bogus`",
    );
    check(
        r#"{"members":{"me":{"constants":{"custom":"Hello"},"properties":{"system":{"arbitration":{"x":1},"active":"yes"}}}}}"#,
        "members.me.properties.system.active",
        "expected a boolean",
    );
}

#[test]
fn numbers_that_are_not_whole_are_refused_where_whole_ones_belong() {
    for number in ["4.0", "4e0", "4.5", "-1", "1e400", "4294967296", "\"4\""] {
        let body = format!(r#"{{"constants":{{"system":{{"maxMembersCount":{number}}}}}}}"#);
        let error = json::read::<SessionRequest>(body.as_bytes()).expect_err(number);
        assert!(!error.problem.is_empty(), "{number}");
    }
    check(
        r#"{"constants":{"system":{"maxMembersCount":4.0}}}"#,
        "constants.system.maxMembersCount",
        "floating point `4.0`, expected u32",
    );
}

#[test]
fn null_is_refused_where_it_would_say_nothing() {
    check(r#"{"properties":null}"#, "properties", "null");
    check(r#"{"members":null}"#, "members", "null");
    check(r#"{"servers":null}"#, "servers", "null");
    check(
        r#"{"members":{"me":{"constants":null}}}"#,
        "members.me.constants",
        "null",
    );
    check(
        r#"{"properties":{"system":{"keywords":[null]}}}"#,
        "properties.system.keywords.0",
        "null",
    );
}

#[test]
fn other_documents_are_read_the_same_way() {
    let error =
        json::read::<SessionTemplate>(br#"{"constants":{"system":{"version":1}},"members":{}}"#)
            .expect_err("a template has no members");
    assert_eq!(error.path, "members");
    let error = json::read::<HandleRequest>(
        br#"{"type":"activity","sessionRef":{"scid":"x","templateName":"t","name":"n"}}"#,
    )
    .expect_err("not an scid");
    assert_eq!(error.path, "sessionRef.scid");
    let error = json::read::<HandleRequest>(br#"{"type":"party"}"#).expect_err("no such type");
    assert_eq!(error.path, "type");
}

#[test]
fn kept_values_keep_every_digit_and_the_order_of_their_fields() {
    for text in [
        "18446744073709551615",
        "123456789012345678901234567890",
        "-0.10",
        "1E5",
        r#"{"b":1,"a":{"z":[1.10,null],"y":"\u00e9é"}}"#,
        r#""A""#,
    ] {
        let raw: RawJson = json::read(text.as_bytes()).expect(text);
        assert_eq!(raw.text(), text);
        assert_eq!(serde_json::to_string(&raw).expect(text), text);
        let body = format!(r#"{{"properties":{{"custom":{{"x":{text}}}}}}}"#);
        let request: SessionRequest = json::read(body.as_bytes()).expect(&body);
        assert_eq!(serde_json::to_string(&request).expect(&body), body);
    }
}

/// Read with the last digit off, a number would change whenever its handle is loaded.
#[test]
fn numbers_of_a_search_survive_being_written_and_read_again() {
    let check = |number: &str| {
        let text = format!("{{\"numbers\":{{\"n\":{number}}}}}");
        let read: SearchAttributes = json::read(text.as_bytes()).expect(number);
        let written = serde_json::to_string(&read).expect("JSON");
        let again: SearchAttributes = json::read(written.as_bytes()).expect("what was written");
        assert_eq!(again, read, "{number}");
    };
    check("18446744070000000000691141672208957440");
    check("0.1");
    check("1e-300");
    check("2.2250738585072011e-308");
    check("18446744073709551615");
}

#[test]
fn answers_are_read_although_they_have_fields_that_are_unknown() {
    use convoke_wire::RawJson;
    use convoke_wire::json::read_answer;
    use convoke_wire::session::Session;

    let text = r#"{
        "membersInfo": {"first": 0, "next": 1, "count": 1, "accepted": 1, "active": 1, "more": []},
        "constants": {"system": {"version": 1, "from": "the future"}},
        "properties": {"system": {"turn": [], "newer": {"x": 1}}, "custom": {"id": 18446744073709551615}},
        "members": {"0": {"next": 1, "joinTime": "2026-01-01T00:00:00.1234567Z", "mood": "fine",
            "constants": {"system": {"xuid": "1001", "index": 0, "newer": null}, "custom": {}},
            "properties": {"system": {"active": true, "newer": 1}, "custom": {"d": 1.10}, "other": 1}}},
        "servers": {}, "correlationId": "0f3c3b9e-0000-4000-8000-000000000001", "contractVersion": 107,
        "branch": "0F3C3B9E-0000-4000-8000-000000000002", "changeNumber": 577,
        "startTime": "2026-01-01T00:00:00Z", "unheardOf": {"a": [1, {"b": null}]}}"#;
    let session: Session<RawJson> = read_answer(text.as_bytes()).expect("readable");
    assert_eq!(session.change_number, 577);
    assert!(session.constants.text().contains("from"));
    let custom = session.properties.custom.value().expect("a bag");
    assert_eq!(custom.text(), r#"{"id": 18446744073709551615}"#);
    let member = &session.members["0"];
    let system = member.properties.system.value().expect("a bag");
    assert_eq!(system.active.value(), Some(&true));
    let custom = member.properties.custom.value().expect("a bag");
    assert_eq!(custom.text(), r#"{"d": 1.10}"#);

    let error = read_answer::<Session<RawJson>>(br#"{"membersInfo": 1}"#).expect_err("no object");
    assert_eq!(error.path, "membersInfo");
    let error = read_answer::<Vec<u8>>(b"[1] 2").expect_err("more");
    assert!(error.to_string().starts_with("body: "), "{error}");
}
