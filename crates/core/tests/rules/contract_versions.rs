//! Contracts 104, 105 and 107, in and out.

use convoke_core::refusal::Rule;
use convoke_core::session::Disposition::{Created, Unchanged, Updated};
use convoke_wire::ContractVersion;
use serde_json::{Value, json};

use crate::support::{World, a, b, has, initializing, playing, server, starting};

fn legacy(world: &World) -> Value {
    world.document_for(None, ContractVersion::V105)
}

#[test]
fn a_document_of_contract_105_groups_its_timeouts() {
    let mut world = World::new(&json!({"maxMembersCount": 4, "inactiveRemovalTimeout": 0,
        "sessionEmptyTimeout": null, "capabilities": {"connectivity": true}}));
    world.ok(&a(), &playing());
    let current = world.document();
    let mut expected = current.clone();
    expected["contractVersion"] = json!(105);
    expected["constants"]["system"] = json!({
        "version": 1, "maxMembersCount": 4, "visibility": "open", "capabilities": {"connectivity": true},
        "timeouts": {"reserved": 30_000, "inactive": 0, "ready": 180_000},
    });
    expected["properties"]["system"] = json!({"turn": [], "matchmaking": {}});
    assert_eq!(legacy(&world), expected);
    for version in [104, 106] {
        expected["contractVersion"] = json!(version);
        let contract = ContractVersion::try_from(version).expect("a contract");
        assert_eq!(world.document_for(None, contract), expected);
    }
}

#[test]
fn defaults_are_those_of_the_templates_contract() {
    let rows = [
        (json!(104), 7_200_000),
        (json!(105), 7_200_000),
        (json!(107), 0),
    ];
    for (version, inactive) in rows {
        let mut world =
            World::with_template(&json!({"contractVersion": version, "constants": {"system": {}}}));
        let document = world.ok(&a(), &playing());
        has(
            &document,
            &json!({"constants": {"system": {"inactiveRemovalTimeout": inactive,
            "reservedRemovalTimeout": 30_000, "readyRemovalTimeout": 180_000, "sessionEmptyTimeout": 0}}}),
        );
    }
    let mut world = World::with_template(&json!({"constants": {"system": {}}}));
    has(
        &world.ok(&a(), &playing()),
        &json!({"constants": {"system": {"inactiveRemovalTimeout": 0}}}),
    );
}

#[test]
fn timeouts_in_a_group_never_fire_when_they_are_missing() {
    for version in [105, 107] {
        let mut world = World::with_template(&json!({"contractVersion": version,
            "constants": {"system": {"timeouts": {"inactive": 5000}}}}));
        let document = world.ok(&a(), &playing());
        has(
            &document,
            &json!({"constants": {"system": {"inactiveRemovalTimeout": 5000, "timeouts": null,
            "reservedRemovalTimeout": null, "readyRemovalTimeout": null, "sessionEmptyTimeout": null}}}),
        );
        let shown = legacy(&world);
        assert_eq!(
            shown["constants"]["system"]["timeouts"],
            json!({"inactive": 5000})
        );
        let conflict =
            json!({"constants": {"system": {"timeouts": {"inactive": 5000, "ready": 1}}}});
        let path = "constants.system.readyRemovalTimeout";
        world.refused(&a(), &conflict, Rule::ConstantConflict, path);
    }
}

#[test]
fn a_request_may_use_either_spelling_under_any_template() {
    let mut world = World::new(&json!({"inactiveRemovalTimeout": 7}));
    let mut body = playing();
    body["constants"] = json!({"system": {"timeouts": {"inactive": 7, "ready": 8}}});
    let document = world.ok(&a(), &body);
    has(
        &document,
        &json!({"constants": {"system": {"inactiveRemovalTimeout": 7, "readyRemovalTimeout": 8,
        "reservedRemovalTimeout": null, "sessionEmptyTimeout": null}}}),
    );
    world.becomes(&a(), &body, Unchanged);
}

#[test]
fn managed_initialisation_has_defaults_of_its_own() {
    let mut world = World::with_template(&json!({"contractVersion": 105,
        "constants": {"system": {"managedInitialization": {"joinTimeout": 1000}}}}));
    world.becomes(&server(), &starting(&[1001, 1002]), Created);
    has(
        &world.document(),
        &json!({"constants": {"system": {"managedInitialization": null,
        "memberInitialization": {"joinTimeout": 1000, "measurementTimeout": 5000, "evaluationTimeout": 5000,
                                 "externalEvaluation": true, "membersNeededToStart": 2}}}}),
    );
    has(
        &legacy(&world),
        &json!({"constants": {"system": {"memberInitialization": null,
        "managedInitialization": {"joinTimeout": 1000, "measurementTimeout": 5000, "evaluationTimeout": 5000,
                                  "autoEvaluate": false, "membersNeededToStart": 2}}}}),
    );
    let mut world = World::with_template(&json!({"contractVersion": 105,
        "constants": {"system": {"managedInitialization": {"autoEvaluate": true}}}}));
    world.becomes(&server(), &starting(&[1001, 1002]), Created);
    has(
        &world.document(),
        &json!({"constants": {"system": {"memberInitialization": {
        "joinTimeout": 5000, "evaluationTimeout": null, "externalEvaluation": false}}}}),
    );
}

#[test]
fn older_readers_see_the_current_defaults_spelled_out() {
    let mut world = World::new(&json!({"memberInitialization": {"membersNeededToStart": 1}}));
    world.ok(&a(), &initializing(&playing()));
    assert_eq!(
        world.document()["constants"]["system"]["memberInitialization"],
        json!({"membersNeededToStart": 1})
    );
    let shown = legacy(&world);
    assert_eq!(
        shown["constants"]["system"]["managedInitialization"],
        json!({"joinTimeout": 10_000, "measurementTimeout": 30_000, "autoEvaluate": true, "membersNeededToStart": 1})
    );
    world.becomes(&a(), &json!({"constants": shown["constants"]}), Unchanged);
    let explicit = json!({"constants": {"system": {"memberInitialization": {"joinTimeout": 10_000, "externalEvaluation": false}}}});
    world.becomes(&a(), &explicit, Unchanged);
    let other =
        json!({"constants": {"system": {"memberInitialization": {"membersNeededToStart": 2}}}});
    let path = "constants.system.memberInitialization";
    world.refused(&a(), &other, Rule::ConstantConflict, path);
}

#[test]
fn null_says_the_same_in_either_spelling() {
    let mut world = World::with_template(&json!({"contractVersion": 105,
        "constants": {"system": {"timeouts": null, "managedInitialization": null}}}));
    let document = world.ok(&a(), &playing());
    has(
        &document,
        &json!({"constants": {"system": {"inactiveRemovalTimeout": null, "sessionEmptyTimeout": null,
        "memberInitialization": null}}}),
    );
    let mut body = playing();
    body["constants"] = json!({"system": {"memberInitialization": {"membersNeededToStart": 1}}});
    let path = "constants.system.memberInitialization";
    world.refused(&b(), &body, Rule::ConstantConflict, path);
}

#[test]
fn a_group_is_what_older_contracts_call_an_initialisation_group() {
    let mut world = World::new(&json!({"inactiveRemovalTimeout": null}));
    world.ok(&a(), &playing());
    let write = |name: &str| json!({"members": {"me": {"properties": {"system": {name: [0]}}}}});
    world.becomes(&a(), &write("group"), Updated);
    world.becomes(&a(), &write("initializationGroup"), Unchanged);
    let shown = |document: &Value| document["members"]["0"]["properties"]["system"].clone();
    assert_eq!(
        shown(&world.document()),
        json!({"active": true, "initializationGroup": [0]})
    );
    let document = legacy(&world);
    assert_eq!(shown(&document), json!({"active": true, "group": [0]}));
    let echo = json!({"members": {"me": {"properties": document["members"]["0"]["properties"]}}});
    world.becomes(&a(), &echo, Unchanged);
}

#[test]
fn what_is_shown_under_any_contract_can_be_sent_back() {
    let system = json!({"inactiveRemovalTimeout": null, "inviteProtocol": "game", "initiators": ["1001"],
        "capabilities": {"connectivity": true, "hasOwners": true, "gameplay": false},
        "metrics": {"latency": true, "bandwidthDown": true, "bandwidthUp": true},
        "peerToHostRequirements": {"hostSelectionMetric": "bandwidthUp"},
        "memberInitialization": {"externalEvaluation": true, "evaluationTimeout": 10},
        "measurementServerAddresses": {"s:1": {"secureDeviceAddress": "AAAA"}},
        "ownershipPolicies": {"migration": "oldest", "nonOwnerModifiableSystemProperties": ["turn"]}});
    let mut world = World::new(&system);
    let mut body = initializing(&playing());
    body["constants"] = json!({"custom": {"map": "x"}});
    body["properties"] = json!({"custom": {"a": 1}, "system": {"keywords": ["x"], "turn": [0], "closed": true,
        "joinRestriction": "local", "matchmakingResubmit": false}});
    world.ok(&a(), &body);
    for version in [104, 105, 107] {
        let contract = ContractVersion::try_from(version).expect("a contract");
        let document = world.document_for(None, contract);
        let echo =
            json!({"constants": document["constants"], "properties": document["properties"]});
        world.becomes(&a(), &echo, Unchanged);
    }
}

#[test]
fn real_bodies_of_a_shipping_client_are_understood() {
    let system = json!({"inactiveRemovalTimeout": null, "visibility": "open", "maxMembersCount": 10,
        "capabilities": {"connectivity": true, "hasOwners": true, "clientMatchmaking": true}});
    let mut world = World::with_template(&json!({"constants": {"system": system}, "roleTypes": {
        "lfg": {"mutableRoleSettings": ["max", "target"], "roles": {"friend": {"max": 1}}},
        "admin": {"roles": {"super": {"max": 1}}}}}));
    let create = json!({"constants": {"custom": {}, "system": {"maxMembersCount": 10, "version": 1, "visibility": "open"}},
        "members": {"me": {"roles": {"lfg": "friend", "admin": "super"},
            "constants": {"custom": "Hello", "system": {"xuid": "1001", "initialize": true}},
            "properties": {"system": {"active": true, "groups": ["team-buzz", "posse.99"],
                "encounters": ["CoffeeShop-757093D8-E41F-49D0-BB13-17A49B20C6B9"]}}}}});
    world.becomes(&a(), &create, Created);
    world.becomes(&a(), &create, Unchanged);
    let bodies = [
        json!({"members": {"reserve_0": {"constants": {"system": {"xuid": "1234", "initialize": true}, "custom": {"skill": 100}}},
                           "reserve_1": {"constants": {"system": {"xuid": "4567"}, "custom": {"down": true}}}}}),
        json!({"properties": {"custom": {"PropA": "ValueA", "PropB": {"ValueB": 5}, "arrayA": [1, 2, 3, 4]}}}),
        json!({"properties": {"custom": {"PropA": null, "PropB": null, "arrayA": null}}}),
        json!({"members": {"me": {"constants": {"system": {"xuid": "1001"}}, "properties": {"system": {"active": false, "ready": false}}}}}),
        json!({"members": {"me": {"constants": {"system": {"xuid": "1001"}}, "properties": {"system": {"active": true, "secureDeviceAddress": "1234"}}}}}),
        json!({"properties": {"system": {"matchmaking": {"targetSessionConstants": {"foo": "test1002"}}}}}),
        json!({"properties": {"system": {"turn": [0]}}}),
        json!({"properties": {"system": {"keywords": ["apple"]}}}),
        json!({"properties": {"system": {"host": "1234"}}}),
        json!({"properties": {"system": {"matchmaking": {"serverConnectionString": "8001"}}}}),
        json!({"properties": {"system": {"serverConnectionStringCandidates": ["9001", "9002", "9003"]}}}),
        json!({"members": {"me": {"properties": {"system": {"measurements": {"test1_deviceToken":
            {"bandwidthDown": 1002, "bandwidthUp": 1003, "custom": {"foo": 1004}, "latency": 1001}}}}}}}),
        json!({"members": {"me": {"properties": {"system": {"serverMeasurements": {"measurement": 1004}}}}}}),
        json!({"members": {"me": {"properties": {"system": {"subscription": {"changeTypes": ["host", "joinability"]}}}}}}),
        json!({"members": {"me": {"properties": {"system": {"arbitration": {"results": {"team1": {"outcome": "loss"}}}}}}}}),
        json!({"roleTypes": {"lfg": {"roles": {"friend": {"max": 3, "target": 1}}}}}),
        json!({"properties": {"system": {"closed": true}}}),
        json!({"properties": {"system": {"locked": true}}}),
    ];
    for body in bodies {
        world.ok(&a(), &body);
        world.becomes(&a(), &body, Unchanged);
    }
}
