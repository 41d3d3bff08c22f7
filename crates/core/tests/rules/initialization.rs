//! Managed initialisation: who takes part, how an episode goes on, and how it ends.

mod groups;
mod hosts;
mod laws;
mod measuring;
mod peers;
mod stages;
mod table;

use convoke_core::Caller;
use serde_json::{Value, json};

use crate::support::{World, a, b, has, initializing, playing, server, starting};

/// The template `init` of the specification, with more constants.
fn init(more: &Value) -> World {
    let mut system = json!({"inactiveRemovalTimeout": 0, "capabilities": {"connectivity": true},
        "memberInitialization": {"membersNeededToStart": 2, "joinTimeout": 1000}});
    for (name, value) in more.as_object().expect("an object") {
        match (name.as_str(), value.as_object()) {
            ("memberInitialization", Some(fields)) => {
                for (name, value) in fields {
                    system["memberInitialization"][name] = value.clone();
                }
            }
            _ => system[name] = value.clone(),
        }
    }
    World::new(&system)
}

/// What a member writes when it comes to play from a device.
fn playing_from(address: &str) -> Value {
    json!({"members": {"me": {"properties": {"system": {
        "active": true, "secureDeviceAddress": address}}}}})
}

/// The write of one member property.
fn own(field: &str, value: &Value) -> Value {
    json!({"members": {"me": {"properties": {"system": {field: value}}}}})
}

/// A measurement that satisfies every requirement by default, but for its latency.
fn fast(latency: u64) -> Value {
    json!({"latency": latency, "bandwidthDown": 200_000, "bandwidthUp": 20_000})
}

/// The device token of the member with an index.
fn token(world: &World, index: u32) -> String {
    let member = world.member(index);
    member.device_token().expect("an address")
}

/// A match that a server made of players, who have all come, each from a device of their own.
fn joined(world: &mut World, players: &[Caller]) {
    let users: Vec<u64> = players
        .iter()
        .map(|it| it.xuid().expect("a user").0)
        .collect();
    world.ok(&server(), &starting(&users));
    for player in players {
        let address = format!("AAAA{}", player.xuid().expect("a user").0);
        world.ok(player, &playing_from(&address));
    }
}

/// Uploads what a player measured towards others, by index.
fn upload(world: &mut World, player: &Caller, ways: &[(u32, Value)]) -> Value {
    let ways = ways
        .iter()
        .map(|(index, measured)| (token(world, *index), measured.clone()));
    let ways: serde_json::Map<_, _> = ways.collect();
    world.ok(player, &own("measurements", &Value::Object(ways)))
}

/// Which members failed, and why, by index.
fn failures(document: &Value) -> Value {
    let members = document["members"].as_object().expect("members");
    let failed = members.iter().filter_map(|(index, member)| {
        let failure = member.get("initializationFailure")?;
        Some((index.clone(), failure.clone()))
    });
    Value::Object(failed.collect())
}

/// Asserts that nothing is left of any episode but what members failed by.
#[track_caller]
fn is_over(document: &Value) {
    has(document, &json!({"initializing": null}));
    for member in document["members"].as_object().expect("members").values() {
        has(member, &json!({"initializationEpisode": null}));
    }
}

#[test]
fn e51_initialize_is_shown_only_where_initialisation_is_managed() {
    let me = json!({"members": {"0": {"constants": {"system": {"initialize": true}}}}});
    let mut managed = init(&json!({"memberInitialization": {"membersNeededToStart": 1}}));
    has(&managed.ok(&a(), &initializing(&playing())), &me);
    let mut plain = World::new(&json!({}));
    let document = plain.ok(&a(), &initializing(&playing()));
    has(
        &document,
        &json!({"members": {"0": {"constants": {"system": {"initialize": null}}}}}),
    );
    assert_eq!(plain.session.expect("a session").initialization, None);
}

#[test]
fn members_who_do_not_ask_take_no_part() {
    let mut world = init(&json!({}));
    let mut body = starting(&[1001, 1002]);
    body["members"]["reserve_2"] = json!({"constants": {"system": {"xuid": "1003"}}});
    let document = world.ok(&server(), &body);
    has(
        &document,
        &json!({"members": {"1": {"initializationEpisode": 1}, "2": {"initializationEpisode": null}}}),
    );
    world.ok(&a(), &playing());
    let document = world.ok(&b(), &playing());
    is_over(&document);
    assert_eq!(failures(&document), json!({}));
    has(&document, &json!({"members": {"2": {"reserved": true}}}));
}
