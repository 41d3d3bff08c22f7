//! Random worlds, callers, bodies and passages of time.

use convoke_core::Caller;
use convoke_core::handle::Grant;
use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use serde_json::{Map, Value, json};

use crate::support::{server, user};

/// Connections that members are on, and one on which nobody is.
pub(crate) const CONNECTIONS: [&str; 3] = [
    "0c1d8a4e-1a2b-4c3d-8e4f-5a6b7c8d9e0f",
    "22222222-2222-4222-8222-222222222222",
    "33333333-3333-4333-8333-333333333333",
];

/// What happens next.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Time passes, in ms.
    Wait(i64),
    /// Somebody writes.
    Put(Put),
}

/// One write.
#[derive(Debug, Clone)]
pub(crate) struct Put {
    pub(crate) who: u64,
    pub(crate) body: Value,
    pub(crate) followed: bool,
    pub(crate) handle: Option<Grant>,
}

/// A caller by number; 0 is a server.
pub(crate) fn caller(who: u64) -> Caller {
    if who == 0 { server() } else { user(1000 + who) }
}

/// Templates that differ in what time, owners, users and roles do.
pub(crate) fn template() -> impl Strategy<Value = Value> {
    let slow = json!({"reservedRemovalTimeout": 3000, "inactiveRemovalTimeout": 5000,
        "readyRemovalTimeout": 1000, "sessionEmptyTimeout": 4000, "maxMembersCount": 4,
        "capabilities": {"connectivity": true}});
    let with = move |changes: Value| {
        let mut system = slow.clone();
        for (name, value) in changes.as_object().expect("an object") {
            system[name] = value.clone();
        }
        let roles =
            json!({"lfg": {"mutableRoleSettings": ["max"], "roles": {"x": {"max": 1}, "y": {}}}});
        json!({"constants": {"system": system, "custom": {"fixed": 1}}, "roleTypes": roles})
    };
    let rows = [
        json!({}),
        json!({"sessionEmptyTimeout": 0, "maxMembersCount": 2}),
        json!({"inactiveRemovalTimeout": 0, "sessionEmptyTimeout": 0}),
        json!({"inactiveRemovalTimeout": 0, "readyRemovalTimeout": 0, "reservedRemovalTimeout": 0}),
        json!({"inactiveRemovalTimeout": null, "readyRemovalTimeout": null, "reservedRemovalTimeout": null,
               "sessionEmptyTimeout": null}),
        json!({"visibility": "private"}),
        json!({"visibility": "visible", "memberInitialization": {"membersNeededToStart": 1}}),
        json!({"metrics": {"latency": true}, "memberInitialization": {"membersNeededToStart": 0,
               "joinTimeout": 2000, "measurementTimeout": 1500,
               "externalEvaluation": true, "evaluationTimeout": 1000},
               "capabilities": {"connectivity": true, "autoPopulateServerCandidates": true}}),
        json!({"capabilities": {"userAuthorizationStyle": true, "connectionRequiredForActiveMembers": true,
               "connectivity": true}}),
        json!({"capabilities": {"hasOwners": true, "connectivity": true},
               "ownershipPolicies": {"migration": "oldest", "nonOwnerModifiableSystemProperties": ["turn"]}}),
        json!({"capabilities": {"hasOwners": true, "cloudCompute": true}}),
        json!({"capabilities": {"large": true}, "maxMembersCount": 200}),
    ];
    proptest::sample::select(rows.map(with).to_vec())
}

/// A history of a session.
pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let wait = prop_oneof![
        Just(0),
        Just(1),
        Just(999),
        Just(1000),
        Just(3000),
        0..10_000_i64
    ];
    let step = prop_oneof![1 => wait.prop_map(Step::Wait), 6 => put().prop_map(Step::Put)];
    vec(step, 1..25)
}

/// One write by anybody.
pub(crate) fn put() -> impl Strategy<Value = Put> {
    let handle = proptest::sample::select(vec![
        None,
        None,
        None,
        Some(Grant::Nothing),
        Some(Grant::Invite),
        Some(Grant::Search),
        Some(Grant::Transfer),
        Some(Grant::ActivityOfFollower),
    ]);
    (0..7_u64, body(), any::<bool>(), handle).prop_map(|(who, body, followed, handle)| Put {
        who,
        body,
        followed,
        handle,
    })
}

fn merged(parts: Vec<Value>) -> Value {
    let fields = parts.into_iter().filter_map(|part| match part {
        Value::Object(fields) => Some(fields),
        _ => None,
    });
    Value::Object(fields.flatten().collect())
}

/// Some of these objects' fields together.
fn some_of(rows: Vec<Value>, most: usize) -> impl Strategy<Value = Value> {
    vec(proptest::sample::select(rows), 0..=most).prop_map(merged)
}

/// The body of a write: mostly simple, sometimes everything at once.
pub(crate) fn body() -> impl Strategy<Value = Value> {
    let parts = (
        weighted(0.5, me()),
        weighted(0.2, vec((1..9_u64, custom()), 1..3)),
        weighted(0.1, by_index()),
        weighted(0.3, properties()),
        weighted(0.1, constants()),
        weighted(0.05, role_types()),
        weighted(0.05, servers()),
    );
    parts.prop_map(|(me, reservations, by_index, properties, constants, role_types, servers)| {
        let mut members = Map::new();
        members.extend(me.map(|me| ("me".to_owned(), me)));
        members.extend(by_index.map(|(index, member)| (index.to_string(), member)));
        for (number, (who, custom)) in reservations.into_iter().flatten().enumerate() {
            let xuid = (1000 + who).to_string();
            let seat = json!({"constants": {"system": {"xuid": xuid, "initialize": true}, "custom": custom}});
            members.insert(format!("reserve_{number}"), seat);
        }
        let mut body = Map::new();
        if !members.is_empty() {
            body.insert("members".to_owned(), Value::Object(members));
        }
        let rest = [
            ("properties", properties),
            ("constants", constants),
            ("roleTypes", role_types),
            ("servers", servers),
        ];
        body.extend(rest.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
        Value::Object(body)
    })
}

/// A titles' bag without nested nulls; top-level ones remove.
fn custom() -> impl Strategy<Value = Value> {
    let rows = vec![
        json!({}),
        json!({"a": 1}),
        json!({"a": [1, {"b": "x"}]}),
        json!({"a": null}),
        json!({"b": 18_446_744_073_709_551_615_u64}),
        json!({"b": {"x": 1.5, "y": ""}}),
        json!({"c": false}),
        json!({"c": null}),
    ];
    some_of(rows, 3)
}

fn me() -> impl Strategy<Value = Value> {
    let states = proptest::sample::select(vec![
        json!({"active": true, "connection": CONNECTIONS[0]}),
        json!({"active": true, "connection": CONNECTIONS[0].to_uppercase()}),
        json!({"active": true, "connection": CONNECTIONS[1]}),
        json!({"active": true}),
        json!({"active": false}),
        json!({"active": false, "ready": false}),
        json!({"ready": true}),
        json!({"ready": true, "connection": CONNECTIONS[1]}),
        json!({"active": null}),
        json!({"connection": null}),
        json!({}),
    ]);
    let guid = "11111111-1111-1111-1111-111111111111";
    let rows = vec![
        json!({"secureDeviceAddress": "AAAA"}),
        json!({"secureDeviceAddress": "BBBB"}),
        json!({"secureDeviceAddress": ""}),
        json!({"groups": ["team-buzz"]}),
        json!({"groups": [], "encounters": ["x"]}),
        json!({"subscription": {"id": guid, "changeTypes": ["everything", "x"]}}),
        json!({"subscription": {"changeTypes": ["host"]}}),
        json!({"subscription": {"changeTypes": []}}),
        json!({"secondarySubscriptions": {guid: {"changeTypes": ["host"]}}}),
        json!({"secondarySubscriptions": {guid: {"changeTypes": ["membersStatus", "everything"],
            "rta": {"connection": CONNECTIONS[1]}}}}),
        json!({"secondarySubscriptions": {guid: null}}),
        json!({"subscriptions": {guid: {"profile": "party"}}}),
        json!({"subscriptions": {guid: {"profile": "nobody"}}}),
        json!({"measurements": {"ABC": {"latency": 5, "custom": {"x": 1}}}}),
        json!({"serverMeasurements": {"S": {"latency": 5}, "T": null}}),
        json!({"initializationGroup": [0]}),
        json!({"initializationGroup": [0, 1, 2]}),
        json!({"RolePreference": {"x": 50}}),
        json!({"arbitration": {"results": {}}}),
        json!({"subscription": null, "groups": null, "measurements": null}),
    ];
    let system = (states, some_of(rows, 2)).prop_map(|(state, rest)| merged(vec![state, rest]));
    let constants = weighted(0.2, custom());
    let roles = weighted(
        0.2,
        proptest::sample::select(vec![json!("x"), json!("Y"), Value::Null, json!("z")]),
    );
    let write = (system, weighted(0.3, custom()), constants, roles).prop_map(
        |(system, custom, constants, role)| {
            let mut me = json!({"properties": {"system": system}});
            if let Some(custom) = custom {
                me["properties"]["custom"] = custom;
            }
            if let Some(custom) = constants {
                me["constants"] = json!({"system": {"initialize": true}, "custom": custom});
            }
            if let Some(role) = role {
                me["roles"] = json!({ "lfg": role });
            }
            me
        },
    );
    prop_oneof![8 => write, 2 => Just(Value::Null), 1 => Just(json!({})),
                1 => Just(json!({"properties": {"system": null}}))]
}

fn by_index() -> impl Strategy<Value = (u32, Value)> {
    let what = vec![
        Value::Null,
        json!({}),
        json!({"roles": {"lfg": "x"}}),
        json!({"properties": {"custom": {"a": 1}}}),
    ];
    (0..6_u32, proptest::sample::select(what))
}

fn properties() -> impl Strategy<Value = Value> {
    let rows = vec![
        json!({"keywords": ["Apple", "pear"]}),
        json!({"keywords": []}),
        json!({"turn": [0]}),
        json!({"turn": [1, 2]}),
        json!({"turn": null}),
        json!({"joinRestriction": "followed", "readRestriction": "followed"}),
        json!({"joinRestriction": "followed"}),
        json!({"joinRestriction": "local"}),
        json!({"joinRestriction": null, "readRestriction": null}),
        json!({"readRestriction": "none"}),
        json!({"closed": true}),
        json!({"closed": true, "locked": true}),
        json!({"closed": false, "locked": false}),
        json!({"host": "deadbeef"}),
        // The token of the address `AAAA`, in capitals.
        json!({"host": token("AAAA").to_uppercase()}),
        json!({"owners": [0, 1]}),
        json!({"owners": [1]}),
        json!({"owners": []}),
        json!({"matchmaking": {"targetSessionConstants": {"x": 1}}}),
        json!({"matchmaking": {}}),
        json!({"matchmakingResubmit": false}),
        json!({"description": {"text": "x"}}),
        json!({"scheduledTime": "2026-02-01T10:00:00Z", "searchHandleVisibility": "xboxlive"}),
        json!({"serverConnectionStringCandidates": ["a"]}),
        json!({"allocateCloudCompute": true}),
        json!({"initializationSucceeded": true}),
    ];
    let system = prop_oneof![9 => some_of(rows, 3), 2 => Just(Value::Null)];
    (weighted(0.6, system), weighted(0.6, custom())).prop_map(|(system, custom)| {
        let mut bags = Map::new();
        bags.extend(system.map(|system| ("system".to_owned(), system)));
        bags.extend(custom.map(|custom| ("custom".to_owned(), custom)));
        Value::Object(bags)
    })
}

fn token(sda: &str) -> String {
    let mut member = convoke_core::Member::new(
        convoke_wire::Xuid(1),
        convoke_core::MemberState::Active,
        crate::support::start(),
    );
    member.secure_device_address = Some(sda.to_owned());
    member.device_token().expect("a token")
}

fn constants() -> impl Strategy<Value = Value> {
    proptest::sample::select(vec![
        json!({"system": {"version": 1}, "custom": {}}),
        json!({"system": {"maxMembersCount": 4}}),
        json!({"system": {"maxMembersCount": 9}}),
        json!({"system": {"inviteProtocol": "game"}, "custom": {"map": "x", "none": null}}),
        json!({"custom": {"fixed": 1}}),
    ])
}

fn role_types() -> impl Strategy<Value = Value> {
    proptest::sample::select(vec![
        json!({"lfg": {"roles": {"x": {"max": 2}}}}),
        json!({"lfg": {"roles": {"x": {"max": 1}}}}),
        json!({"lfg": {"roles": {"y": {"target": 1}}}}),
        json!({"raid": {"roles": {"tank": {"max": 1}}}}),
    ])
}

fn servers() -> impl Strategy<Value = Value> {
    proptest::sample::select(vec![
        json!({"matchmaking": {"constants": {"custom": {"k": 1}}, "properties": {"system": {"status": "searching"}}}}),
        json!({"matchmaking": {"properties": {"system": {"status": null, "lockId": "x"}, "custom": {"a": 1}}}}),
        json!({"matchmaking": null}),
        json!({}),
    ])
}
