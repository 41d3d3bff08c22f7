//! `properties`: merging, and what must hold afterwards.

use convoke_core::contract::{read, render};
use convoke_core::refusal::Rule;
use convoke_core::session::Disposition::{Unchanged, Updated};
use convoke_wire::ContractVersion;
use serde_json::{Value, json};

use crate::support::{World, a, b, has, playing};

fn world(capabilities: &Value) -> World {
    let mut world = World::new(
        &json!({"maxMembersCount": 8, "inactiveRemovalTimeout": null,
                                       "capabilities": capabilities}),
    );
    let connection = json!({"members": {"me": {"properties": {"system": {"active": true,
        "connection": "0c1d8a4e-1a2b-4c3d-8e4f-5a6b7c8d9e0f"}}}}});
    world.ok(&a(), &connection);
    world
}

fn plain() -> World {
    world(&json!({"connectivity": true}))
}

fn system(system: &Value) -> Value {
    json!({"properties": {"system": system}})
}

fn custom(custom: &Value) -> Value {
    json!({"properties": {"custom": custom}})
}

#[test]
fn custom_fields_are_replaced_whole_one_by_one() {
    let mut world = plain();
    let mut check = |written: Value, expected: Value| {
        let document = world.ok(&a(), &custom(&written));
        assert_eq!(document["properties"]["custom"], expected);
        world.becomes(&a(), &custom(&written), Unchanged);
    };
    check(
        json!({"a": 1, "b": {"x": 1, "y": 2}}),
        json!({"a": 1, "b": {"x": 1, "y": 2}}),
    );
    check(json!({"b": {"x": 9}}), json!({"a": 1, "b": {"x": 9}}));
    check(json!({"a": null}), json!({"b": {"x": 9}}));
    check(
        json!({"n": {"inner": null}}),
        json!({"b": {"x": 9}, "n": {"inner": null}}),
    );
    check(json!({}), json!({"b": {"x": 9}, "n": {"inner": null}}));
    check(
        json!({"l": [1, null]}),
        json!({"b": {"x": 9}, "n": {"inner": null}, "l": [1, null]}),
    );
    check(
        json!({"l": [2]}),
        json!({"b": {"x": 9}, "n": {"inner": null}, "l": [2]}),
    );
    check(Value::Null, json!({}));
    assert_eq!(world.document()["changeNumber"], json!(8));
    for bad in [json!(1), json!("x"), json!([1])] {
        world.refused(
            &a(),
            &custom(&bad),
            Rule::CustomNotObject,
            "properties.custom",
        );
    }
}

#[test]
fn digits_and_order_of_custom_fields_survive() {
    let mut world = plain();
    let bag = r#"{"z":18446744073709551615,"d":1.10,"a":{"y":1E5,"b":"\u00e9"},"big":123456789012345678901234567890}"#;
    let body = format!(r#"{{"properties":{{"custom":{bag}}}}}"#);
    world.put_text(&a(), &body).expect("a write");
    let session = world.session.as_ref().expect("a session");
    let shown = render::properties(session, ContractVersion::V107).custom;
    assert_eq!(shown.value().expect("a bag").text(), bag);
    let spaced = body.replace(':', " : ");
    let outcome = world.put_text(&a(), &spaced).expect("a write");
    assert_eq!(outcome.disposition, Unchanged);
    let session = outcome.session.expect("a session");
    let shown = render::properties(&session, ContractVersion::V107).custom;
    assert_eq!(shown.value().expect("a bag").text(), bag);
}

#[test]
fn every_system_property_is_written_shown_and_removed() {
    let capabilities = json!({"cloudCompute": true, "clientMatchmaking": true, "hasOwners": true,
                              "connectivity": true});
    let rows = [
        ("keywords", json!(["Apple", "b"]), json!(["Apple", "b"])),
        ("turn", json!([0]), json!([0])),
        ("joinRestriction", json!("Local"), json!("local")),
        ("readRestriction", json!("none"), json!("none")),
        ("closed", json!(true), json!(true)),
        ("allocateCloudCompute", json!(true), json!(true)),
        (
            "serverConnectionStringCandidates",
            json!(["9001", "9002"]),
            json!(["9001", "9002"]),
        ),
        (
            "matchmaking",
            json!({"serverConnectionString": "8001"}),
            json!({"serverConnectionString": "8001"}),
        ),
        (
            "matchmaking",
            json!({"targetSessionConstants": {"foo": null}}),
            json!({"targetSessionConstants": {"foo": null}}),
        ),
        (
            "matchmaking",
            json!({"clientResult": {"status": "found"}}),
            json!({"clientResult": {"status": "found"}}),
        ),
        ("matchmakingResubmit", json!(true), json!(true)),
        ("matchmakingResubmit", json!(false), json!(false)),
        (
            "description",
            json!({"text": "x", "locale": "en-us"}),
            json!({"text": "x", "locale": "en-us"}),
        ),
        (
            "scheduledTime",
            json!("2026-02-01T10:00:00Z"),
            json!("2026-02-01T10:00:00Z"),
        ),
        (
            "searchHandleVisibility",
            json!("xboxlive"),
            json!("xboxlive"),
        ),
    ];
    for (name, written, expected) in rows {
        let mut world = world(&capabilities);
        let body = system(&json!({name: written}));
        let document = world.ok(&a(), &body);
        assert_eq!(document["properties"]["system"][name], expected, "{name}");
        world.becomes(&a(), &body, Unchanged);
        let echo = json!({"properties": document["properties"]});
        world.becomes(&a(), &echo, Unchanged);
        let document = world.ok(&a(), &system(&json!({name: null})));
        let gone = if name == "turn" {
            json!([])
        } else {
            Value::Null
        };
        assert_eq!(document["properties"]["system"][name], gone, "{name}");
        world.ok(&a(), &body);
        let document = world.ok(&a(), &system(&Value::Null));
        assert_eq!(
            document["properties"]["system"],
            json!({"turn": [], "owners": [0]}),
            "{name}"
        );
    }
}

#[test]
fn what_is_false_or_empty_is_the_same_as_absent() {
    let mut world = plain();
    let nothing = json!({"closed": false, "locked": false, "allocateCloudCompute": false,
        "keywords": [], "turn": [], "matchmaking": {}, "owners": [], "initializationSucceeded": null});
    world.becomes(&a(), &system(&nothing), Unchanged);
    world.becomes(&a(), &json!({"properties": {}}), Unchanged);
    world.becomes(&a(), &json!({}), Unchanged);
    assert_eq!(world.document()["changeNumber"], json!(1));
}

#[test]
fn fields_are_replaced_whole_and_others_stay() {
    let mut world = plain();
    world.ok(
        &a(),
        &system(&json!({"keywords": ["a", "b"], "closed": true})),
    );
    let document = world.ok(&a(), &system(&json!({"keywords": ["c"]})));
    has(
        &document,
        &json!({"properties": {"system": {"keywords": ["c"], "closed": true}}}),
    );
    let matchmaking = |value: Value| system(&json!({ "matchmaking": value }));
    world.ok(&a(), &matchmaking(json!({"serverConnectionString": "x"})));
    let document = world.ok(&a(), &matchmaking(json!({"targetSessionConstants": {}})));
    assert_eq!(
        document["properties"]["system"]["matchmaking"],
        json!({"targetSessionConstants": {}})
    );
    world.ok(&a(), &matchmaking(json!({})));
    has(
        &world.document(),
        &json!({"properties": {"system": {"matchmaking": null}}}),
    );
}

#[test]
fn values_out_of_their_range_are_refused_with_their_place() {
    let many = |n: usize| Value::from((0..n).map(|i| format!("k{i}")).collect::<Vec<_>>());
    let long = "x".repeat(1025);
    let rows = [
        (
            json!({"unknownThing": 1}),
            Rule::MalformedBody,
            "unknownThing",
        ),
        (json!({"keywords": many(33)}), Rule::TooMany, "keywords"),
        (json!({"keywords": ["ok", ""]}), Rule::BadText, "keywords.1"),
        (
            json!({"keywords": ["x".repeat(101)]}),
            Rule::BadText,
            "keywords.0",
        ),
        (
            json!({"serverConnectionStringCandidates": many(129)}),
            Rule::TooMany,
            "serverConnectionStringCandidates",
        ),
        (json!({"turn": [7]}), Rule::NoSuchMember, "turn.0"),
        (json!({"turn": [-1]}), Rule::MalformedBody, "turn.0"),
        (json!({"owners": [0]}), Rule::CapabilityNeeded, "owners"),
        (
            json!({"allocateCloudCompute": true}),
            Rule::CapabilityNeeded,
            "allocateCloudCompute",
        ),
        (
            json!({"matchmaking": {"clientResult": {}}}),
            Rule::CapabilityNeeded,
            "matchmaking.clientResult",
        ),
        (
            json!({"matchmaking": {"serverConnectionString": long}}),
            Rule::BadText,
            "matchmaking.serverConnectionString",
        ),
        (
            json!({"initializationSucceeded": true}),
            Rule::NotEvaluating,
            "initializationSucceeded",
        ),
        (
            json!({"scheduledTime": "tomorrow"}),
            Rule::BadText,
            "scheduledTime",
        ),
        (json!({"host": long}), Rule::BadText, "host"),
        (
            json!({"description": {"text": long}}),
            Rule::BadText,
            "description.text",
        ),
        (
            json!({"description": {"text": "", "locale": long}}),
            Rule::BadText,
            "description.locale",
        ),
        (
            json!({"searchHandleVisibility": long}),
            Rule::BadText,
            "searchHandleVisibility",
        ),
        (
            json!({"joinRestriction": "friends"}),
            Rule::MalformedBody,
            "joinRestriction",
        ),
        (json!({"locked": true}), Rule::LockedNotClosed, "locked"),
        (
            json!({"readRestriction": "local"}),
            Rule::ReadStricterThanJoin,
            "readRestriction",
        ),
        (
            json!({"joinRestriction": "followed", "readRestriction": "local"}),
            Rule::ReadStricterThanJoin,
            "readRestriction",
        ),
    ];
    let mut world = plain();
    for (written, rule, field) in rows {
        world.refused(
            &a(),
            &system(&written),
            rule,
            &format!("properties.system.{field}"),
        );
    }
    let big = json!({"big": "x".repeat(70_000)});
    world.refused(
        &a(),
        &custom(&big),
        Rule::CustomTooLarge,
        "properties.custom",
    );
}

#[test]
fn a_private_session_has_no_keywords() {
    let mut world = World::new(&json!({"visibility": "private", "inactiveRemovalTimeout": null}));
    world.ok(&a(), &playing());
    let body = system(&json!({"keywords": ["apple"]}));
    world.refused(
        &a(),
        &body,
        Rule::KeywordsOnPrivate,
        "properties.system.keywords",
    );
}

#[test]
fn the_host_is_a_device_of_a_member_in_any_letter_case() {
    let mut world = plain();
    let sda = |sda: &str| json!({"members": {"me": {"properties": {"system": {"active": true, "secureDeviceAddress": sda}}}}});
    world.ok(&a(), &sda("AAAA"));
    let document = world.ok(&b(), &sda("BBBB"));
    let token = |index: &str| {
        document["members"][index]["deviceToken"]
            .as_str()
            .expect("token")
            .to_owned()
    };
    let (first, second) = (token("0"), token("1"));
    let shown = |document: &Value| document["properties"]["system"]["host"].clone();
    let upper = first.to_uppercase();
    assert_eq!(
        shown(&world.ok(&a(), &system(&json!({ "host": upper })))),
        json!(upper)
    );
    world.becomes(&b(), &system(&json!({ "host": first })), Unchanged);
    assert_eq!(shown(&world.document()), json!(upper));
    assert_eq!(
        shown(&world.ok(&a(), &system(&json!({"host": "deadbeef"})))),
        Value::Null
    );
    world.ok(&a(), &system(&json!({ "host": second })));
    // The address stays with another member, so the host does.
    world.ok(&a(), &sda("BBBB"));
    assert_eq!(
        shown(&world.ok(&b(), &json!({"members": {"me": null}}))),
        json!(second)
    );
    assert_eq!(shown(&world.ok(&a(), &sda("CCCC"))), Value::Null);
}

#[test]
fn a_host_is_written_together_with_its_address() {
    let mut world = plain();
    let document = world.ok(&b(), &playing());
    assert!(document["members"]["1"].get("deviceToken").is_none());
    let document = world.ok(
        &b(),
        &json!({"members": {"me": {"properties": {"system": {"secureDeviceAddress": "BBBB"}}}}}),
    );
    let token = document["members"]["1"]["deviceToken"].clone();
    let mut world = plain();
    let body = json!({
        "members": {"me": {"properties": {"system": {"active": true, "secureDeviceAddress": "BBBB"}}}},
        "properties": {"system": {"host": token}},
    });
    let document = world.ok(&b(), &body);
    assert_eq!(document["properties"]["system"]["host"], token);
}

#[test]
fn turns_follow_their_members() {
    let mut world = plain();
    world.ok(&b(), &playing());
    let document = world.ok(&a(), &system(&json!({"turn": [1, 0]})));
    has(
        &document,
        &json!({"members": {"0": {"turn": true}, "1": {"turn": true}}}),
    );
    let document = world.ok(&b(), &json!({"members": {"me": null}}));
    has(
        &document,
        &json!({"properties": {"system": {"turn": [0]}}, "members": {"0": {"turn": true}}}),
    );
    let leaving = json!({"members": {"me": null}, "properties": {"system": {"turn": [1]}}});
    world.refused(
        &a(),
        &leaving,
        Rule::NoSuchMember,
        "properties.system.turn.0",
    );
}

#[test]
fn restrictions_are_local_by_default_where_users_are_weakly_identified() {
    let mut world = world(&json!({"userAuthorizationStyle": true, "connectivity": true}));
    let shown = |document: &Value| {
        let system = &document["properties"]["system"];
        (
            system["joinRestriction"].clone(),
            system["readRestriction"].clone(),
        )
    };
    let both = |word: &str| (json!(word), json!(word));
    assert_eq!(shown(&world.document()), both("local"));
    let path = "properties.system.joinRestriction";
    for (written, rule) in [
        (
            json!({"joinRestriction": "none"}),
            Rule::RestrictionNotAllowed,
        ),
        (
            json!({"joinRestriction": "none", "readRestriction": "none"}),
            Rule::RestrictionNotAllowed,
        ),
    ] {
        world.refused(&a(), &system(&written), rule, path);
    }
    let strict = json!({"joinRestriction": "followed", "readRestriction": "local"});
    let path = "properties.system.readRestriction";
    world.refused(&a(), &system(&strict), Rule::ReadStricterThanJoin, path);
    // A client that opens joining only is not held up by the default for reading.
    let opened = system(&json!({"joinRestriction": "followed"}));
    assert_eq!(shown(&world.ok(&a(), &opened)), both("followed"));
    world.becomes(&a(), &opened, Unchanged);
    let narrowed = world.ok(&a(), &system(&json!({"joinRestriction": "local"})));
    assert_eq!(shown(&narrowed), (json!("local"), json!("followed")));
    let removed = world.ok(
        &a(),
        &system(&json!({"joinRestriction": null, "readRestriction": null})),
    );
    assert_eq!(shown(&removed), both("local"));
    assert_eq!(shown(&world.ok(&a(), &system(&Value::Null))), both("local"));
}

#[test]
fn the_properties_element_is_read_as_a_write_of_properties_alone() {
    let change = read::properties_change(br#"{"custom":{"q":1}}"#).expect("a change");
    let whole = read::session_change(br#"{"properties":{"custom":{"q":1}}}"#).expect("a change");
    assert_eq!(change, whole);
    let refusal = read::properties_change(br#"{"system":{"bogus":1}}"#).expect_err("unknown");
    assert_eq!(refusal.path, "properties.system.bogus");
    let refusal = read::properties_change(br#"{"members":{}}"#).expect_err("unknown");
    assert_eq!(refusal.path, "properties.members");
    assert!(read::properties_change(b"null").is_err());
}

#[test]
fn writes_of_different_fields_do_not_disturb_each_other() {
    let one = custom(&json!({"x": 1}));
    let other = json!({"properties": {"custom": {"y": 2}, "system": {"closed": true}}});
    let run = |bodies: [&Value; 2]| {
        let mut world = plain();
        world.ok(&b(), &playing());
        world.becomes(&a(), bodies[0], Updated);
        world.ok(&b(), bodies[1])
    };
    let (first, second) = (run([&one, &other]), run([&other, &one]));
    assert_eq!(first, second);
}
