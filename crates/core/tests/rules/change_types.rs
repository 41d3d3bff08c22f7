//! Which kinds of change a write makes: for each kind what fires it, both ways, and what does not.

use std::collections::BTreeSet;

use convoke_core::session::ChangeTypes;
use convoke_core::{Caller, Session};
use convoke_wire::session::change_type::ChangeType;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{World, a, b, c, initializing, playing, server};

const GUID: &str = "0c1d8a4e-1a2b-4c3d-8e4f-5a6b7c8d9e0f";
const MEMBERS: &str = "membersList membersStatus";

/// A and B play in a session of three places, with roles.
fn world() -> World {
    let roles = json!({"lfg": {"mutableRoleSettings": ["max", "target"], "roles": {"x": {"max": 2}, "y": {}}}});
    let system = json!({"maxMembersCount": 3, "inactiveRemovalTimeout": 5000,
        "readyRemovalTimeout": 1000, "reservedRemovalTimeout": 3000,
        "capabilities": {"connectivity": true}});
    let mut world =
        World::with_template(&json!({"constants": {"system": system}, "roleTypes": roles}));
    world.ok(&a(), &playing());
    world.ok(&b(), &playing());
    world
}

/// The set of these words.
fn kinds(words: &str) -> ChangeTypes {
    words
        .split_whitespace()
        .map(|word| ChangeType::parse(word).expect(word))
        .collect()
}

/// Writes, and asserts that exactly these kinds and `everything` fire.
#[track_caller]
fn fires(world: &mut World, caller: &Caller, body: &Value, words: &str) {
    let before = world.session.clone();
    world.ok(caller, body);
    let found = ChangeTypes::between(before.as_ref(), world.session.as_ref());
    let expected = kinds(words) | ChangeType::Everything.into();
    assert_eq!(found, expected, "{body}");
    // A write that says it again is no change.
    let before = world.session.clone();
    if world.put(caller, body).is_ok() && world.session == before {
        let found = ChangeTypes::between(before.as_ref(), world.session.as_ref());
        assert_eq!(found, ChangeTypes::NONE, "{body} again");
    }
}

fn me(system: &Value) -> Value {
    json!({"members": {"me": {"properties": {"system": system}}}})
}

fn properties(system: &Value) -> Value {
    json!({"properties": {"system": system}})
}

fn match_state(system: &Value) -> Value {
    json!({"servers": {"matchmaking": {"properties": {"system": system}}}})
}

/// The token of a member whose address is `AAAA`.
fn host_token(world: &World) -> String {
    let session = world.session.as_ref().expect("a session");
    session
        .members
        .get(&0)
        .expect("a member")
        .device_token()
        .expect("an address")
}

#[test]
fn host_fires_when_a_host_is_set_and_when_it_is_lost() {
    let mut world = world();
    fires(
        &mut world,
        &a(),
        &me(&json!({"secureDeviceAddress": "AAAA"})),
        "",
    );
    let host = properties(&json!({"host": host_token(&world)}));
    fires(&mut world, &b(), &host, "host");
    fires(
        &mut world,
        &b(),
        &properties(&json!({"host": null})),
        "host",
    );
    // A host that nobody is does not become one.
    world
        .put(&a(), &properties(&json!({"host": "deadbeef"})))
        .expect("written");
    assert_eq!(
        world.session.as_ref().expect("a session").properties.host,
        None
    );
    // A host whose device leaves is lost with it.
    fires(&mut world, &b(), &host, "host");
    let leave = json!({"members": {"me": null}});
    fires(&mut world, &a(), &leave, "host membersList membersStatus");
}

#[test]
fn matchmaking_status_fires_for_the_service_and_for_what_it_is_asked() {
    let mut world = world();
    let rows = [
        (
            match_state(&json!({"status": "searching"})),
            "matchmakingStatus",
        ),
        (
            match_state(&json!({"status": "found", "targetSessionRef": {"name": "x"}})),
            "matchmakingStatus",
        ),
        (
            match_state(&json!({"targetSessionRef": {"name": "y"}})),
            "matchmakingStatus",
        ),
        (
            match_state(&json!({"lockId": "1", "typicalWait": 7, "statusDetails": "d"})),
            "",
        ),
        (
            json!({"servers": {"matchmaking": {"properties": {"custom": {"a": 1}}}}}),
            "",
        ),
        (
            json!({"servers": {"other": {"properties": {"system": {"status": "found"}}}}}),
            "",
        ),
        (
            json!({"servers": {"matchmaking": null}}),
            "matchmakingStatus",
        ),
    ];
    for (body, words) in rows {
        fires(&mut world, &server(), &body, words);
    }
    let rows = [
        (json!({"matchmakingResubmit": false}), "matchmakingStatus"),
        (json!({"matchmakingResubmit": true}), "matchmakingStatus"),
        (json!({"matchmakingResubmit": null}), "matchmakingStatus"),
        (
            json!({"matchmaking": {"serverConnectionString": "s"}}),
            "matchmakingStatus",
        ),
        (json!({"matchmaking": null}), "matchmakingStatus"),
        (json!({"serverConnectionStringCandidates": ["s"]}), ""),
    ];
    for (system, words) in rows {
        fires(&mut world, &a(), &properties(&system), words);
    }
}

#[test]
fn members_list_and_status_fire_when_members_come_and_go() {
    let mut world = world();
    let reserve = json!({"members": {"reserve_0": {"constants": {"system": {"xuid": "1003"}}}}});
    // The third of three places is taken, so the session is full.
    fires(
        &mut world,
        &a(),
        &reserve,
        "membersList membersStatus joinability",
    );
    let accept = json!({"members": {"me": {}}});
    fires(&mut world, &c(), &accept, "membersStatus");
    let leave = json!({"members": {"me": null}});
    fires(
        &mut world,
        &c(),
        &leave,
        "membersList membersStatus joinability",
    );
    let remove = json!({"members": {"1": null}});
    fires(&mut world, &server(), &remove, MEMBERS);
    fires(&mut world, &b(), &playing(), MEMBERS);
}

#[test]
fn members_status_fires_for_each_state_and_not_for_what_else_a_member_says() {
    let mut world = world();
    let rows = [
        (json!({"active": false}), "membersStatus"),
        (json!({"ready": true}), "membersStatus"),
        (json!({"active": true, "connection": GUID}), "membersStatus"),
        (json!({"connection": GUID.replace('0', "1")}), ""),
        (json!({"connection": null}), ""),
        (
            json!({"subscription": {"id": GUID, "changeTypes": ["everything"]}}),
            "",
        ),
        (
            json!({"secondarySubscriptions": {GUID: {"changeTypes": ["host"]}}}),
            "",
        ),
        (json!({"subscriptions": {GUID: {"profile": "party"}}}), ""),
        (json!({"secureDeviceAddress": "AAAA"}), ""),
        (json!({"groups": ["g"]}), ""),
        (json!({"initializationGroup": [0]}), ""),
        (json!({"measurements": {"abc": {"latency": 1}}}), ""),
        (json!({"serverMeasurements": {"s": {"latency": 1}}}), ""),
        (json!({"RolePreference": {"x": 1}}), ""),
        (json!({"arbitration": {"results": {}}}), ""),
    ];
    for (system, words) in rows {
        fires(&mut world, &a(), &me(&system), words);
    }
}

#[test]
fn status_and_list_fire_when_time_does_it() {
    let mut world = world();
    let evaluated = |world: &mut World, wait: i64| {
        let before = world.session.clone();
        world.wait_ms(wait);
        world.evaluate();
        ChangeTypes::between(before.as_ref(), world.session.as_ref())
    };
    world.ok(&a(), &me(&json!({"ready": true})));
    assert_eq!(evaluated(&mut world, 999), ChangeTypes::NONE);
    assert_eq!(evaluated(&mut world, 1), kinds("everything membersStatus"));
    assert_eq!(
        evaluated(&mut world, 5000),
        kinds("everything membersList membersStatus")
    );
}

#[test]
fn joinability_fires_for_restrictions_closing_locking_and_the_last_place() {
    let mut world = world();
    let rows = [
        (
            json!({"joinRestriction": "local", "readRestriction": "followed"}),
            "joinability",
        ),
        (json!({"readRestriction": "local"}), "joinability"),
        (
            json!({"joinRestriction": null, "readRestriction": null}),
            "joinability",
        ),
        (json!({"closed": true}), "joinability"),
        (json!({"locked": true}), "joinability"),
        (json!({"locked": false}), "joinability"),
        (json!({"closed": null}), "joinability"),
        (json!({"keywords": ["k"]}), ""),
        (json!({"searchHandleVisibility": "xboxlive"}), ""),
    ];
    for (system, words) in rows {
        fires(&mut world, &a(), &properties(&system), words);
    }
    fires(
        &mut world,
        &c(),
        &playing(),
        "membersList membersStatus joinability",
    );
    let leave = json!({"members": {"me": null}});
    fires(
        &mut world,
        &c(),
        &leave,
        "membersList membersStatus joinability",
    );
    fires(&mut world, &b(), &leave, MEMBERS);
}

#[test]
fn custom_property_fires_for_the_sessions_own_bag_only() {
    let mut world = world();
    let custom = |value: Value| json!({"properties": {"custom": value}});
    fires(&mut world, &a(), &custom(json!({"x": 1})), "customProperty");
    fires(
        &mut world,
        &a(),
        &custom(json!({"x": 1.0})),
        "customProperty",
    );
    fires(
        &mut world,
        &a(),
        &custom(json!({"x": null})),
        "customProperty",
    );
    let own = json!({"members": {"me": {"properties": {"custom": {"x": 1}}}}});
    fires(&mut world, &a(), &own, "membersCustomProperty");
}

#[test]
fn members_custom_property_fires_for_members_bags_and_with_who_brings_or_takes_one() {
    let mut world = world();
    let own = |value: Value| json!({"members": {"me": {"properties": {"custom": value}}}});
    let leave = json!({"members": {"me": null}});
    fires(
        &mut world,
        &b(),
        &own(json!({"x": 1})),
        "membersCustomProperty",
    );
    fires(
        &mut world,
        &b(),
        &own(json!({"x": null})),
        "membersCustomProperty",
    );
    fires(&mut world, &b(), &leave, MEMBERS);
    let joins = "membersList membersStatus membersCustomProperty";
    fires(&mut world, &b(), &own(json!({"x": 1})), joins);
    fires(&mut world, &b(), &leave, joins);
    let constants = json!({"members": {"me": {"constants": {"custom": {"x": 1}}}}});
    fires(&mut world, &b(), &constants, MEMBERS);
}

#[test]
fn roles_fire_for_assignments_and_settings() {
    let mut world = world();
    let role = |role: Value| json!({"members": {"me": {"roles": {"lfg": role}}}});
    fires(&mut world, &a(), &role(json!("x")), "roles");
    fires(&mut world, &a(), &role(json!("y")), "roles");
    fires(&mut world, &a(), &role(Value::Null), "roles");
    let settings = |max: u32| json!({"roleTypes": {"lfg": {"roles": {"x": {"max": max}}}}});
    fires(&mut world, &a(), &settings(1), "roles");
    fires(&mut world, &a(), &settings(2), "roles");
    fires(
        &mut world,
        &c(),
        &role(json!("x")),
        "membersList membersStatus joinability roles",
    );
    let leave = json!({"members": {"me": null}});
    fires(
        &mut world,
        &c(),
        &leave,
        "membersList membersStatus joinability roles",
    );
}

#[test]
fn scheduled_time_fires_for_itself_only() {
    let mut world = world();
    let rows = [
        (
            json!({"scheduledTime": "2026-02-01T10:00:00Z"}),
            "scheduledtime",
        ),
        (
            json!({"scheduledTime": "2026-02-01T11:00:00Z"}),
            "scheduledtime",
        ),
        (json!({"scheduledTime": null}), "scheduledtime"),
        (json!({"description": {"text": "t"}}), ""),
        (json!({"turn": [0]}), ""),
    ];
    for (system, words) in rows {
        fires(&mut world, &a(), &properties(&system), words);
    }
}

#[test]
fn initialization_fires_with_every_stage_and_every_failure() {
    let mut world = World::new(&json!({"memberInitialization": {"membersNeededToStart": 2}}));
    let both = initializing(&playing());
    let mut create = both.clone();
    create["members"]["reserve_0"] =
        json!({"constants": {"system": {"xuid": "1002", "initialize": true}}});
    let started = format!("{MEMBERS} initialization");
    fires(&mut world, &a(), &create, &started);
    let reserve = json!({"members": {"reserve_0": {"constants": {"system": {"xuid": "1003"}}}}});
    fires(&mut world, &a(), &reserve, MEMBERS);
    fires(
        &mut world,
        &a(),
        &properties(&json!({"closed": true})),
        "joinability",
    );
    let before = world.session.clone();
    world.wait_ms(10_000);
    world.evaluate();
    // B never came, and with it the episode fails for A.
    assert_eq!(
        ChangeTypes::between(before.as_ref(), world.session.as_ref()),
        kinds(&format!("everything {started}"))
    );
}

#[test]
fn a_number_without_any_other_difference_is_everything_alone() {
    let world = world();
    let session = world.session.expect("a session");
    let next = Session {
        change_number: session.change_number + 1,
        ..session.clone()
    };
    let found = ChangeTypes::between(Some(&session), Some(&next));
    assert_eq!(found, kinds("everything"));
    let handled = Session {
        search_handle: Some(Uuid::nil()),
        ..next.clone()
    };
    assert_eq!(ChangeTypes::between(Some(&session), Some(&handled)), found);
    // h85: a write that changes nothing has no new number.
    assert_eq!(
        ChangeTypes::between(Some(&session), Some(&session)),
        ChangeTypes::NONE
    );
}

#[test]
fn a_session_that_comes_to_exist_is_compared_with_an_empty_one() {
    let check = |system: &Value, body: &Value, words: &str| {
        let mut world = World::new(system);
        fires(&mut world, &a(), body, words);
    };
    check(&json!({}), &playing(), MEMBERS);
    check(&json!({"sessionEmptyTimeout": 1000}), &json!({}), "");
    check(
        &json!({"maxMembersCount": 1}),
        &json!({"members": {"me": {"properties": {"custom": {"x": 1}}}},
            "properties": {"custom": {"y": 1}, "system": {"scheduledTime": "2026-02-01T10:00:00Z"}}}),
        "membersList membersStatus joinability membersCustomProperty customProperty scheduledtime",
    );
    check(
        &json!({"capabilities": {"userAuthorizationStyle": true, "connectivity": true}}),
        &playing(),
        "membersList membersStatus joinability",
    );
    assert_eq!(ChangeTypes::between(None, None), ChangeTypes::NONE);
}

#[test]
fn a_session_that_is_gone_has_changed_in_every_way() {
    let session = world().session;
    let gone = ChangeTypes::between(session.as_ref(), None);
    assert_eq!(gone, ChangeTypes::ALL);
    assert_eq!(gone.iter().count(), ChangeType::ALL.len());
}

#[test]
fn a_session_of_another_branch_is_another_session() {
    let session = world().session.expect("a session");
    let again = Session {
        branch: Uuid::from_u128(77),
        ..session.clone()
    };
    let found = ChangeTypes::between(Some(&session), Some(&again));
    assert_eq!(found, kinds("everything membersList membersStatus roles"));
}

#[test]
fn large_sessions_change_like_others() {
    let mut world = World::new(&json!({"capabilities": {"large": true}, "maxMembersCount": 200}));
    world.ok(&a(), &playing());
    fires(&mut world, &b(), &playing(), MEMBERS);
    fires(&mut world, &b(), &json!({"members": {"me": null}}), MEMBERS);
    let custom = json!({"properties": {"custom": {"x": 1}}});
    fires(&mut world, &a(), &custom, "customProperty");
}

#[test]
fn sets_have_the_usual_operations_and_names() {
    let words = ["HOST", "membersLIST", "tournaments", "", "host"].map(str::to_owned);
    let named = ChangeTypes::named(&words);
    assert_eq!(named, kinds("host membersList"));
    assert_eq!(format!("{named:?}"), r#"{"host", "membersList"}"#);
    assert!(named.contains(ChangeType::Host) && !named.contains(ChangeType::Roles));
    assert_eq!(named & kinds("membersList roles"), kinds("membersList"));
    assert!((named & kinds("roles")).is_empty());
    assert!(ChangeTypes::NONE.is_empty() && !ChangeTypes::ALL.is_empty());
    let all: BTreeSet<_> = ChangeTypes::ALL.iter().collect();
    assert_eq!(all, ChangeType::ALL.iter().copied().collect());
    for kind in ChangeType::ALL {
        assert_eq!(ChangeTypes::from(*kind).iter().collect::<Vec<_>>(), [*kind]);
    }
}
