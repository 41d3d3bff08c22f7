//! `serverConnectionStringCandidates` where the service fills them in.

use serde_json::{Value, json};

use crate::support::{World, a, b, c, has, playing};

fn world(capabilities: &Value) -> World {
    let mut world = World::new(&json!({ "capabilities": capabilities }));
    for player in [a(), b(), c()] {
        world.ok(&player, &playing());
    }
    world
}

fn measured(servers: &Value) -> Value {
    json!({"members": {"me": {"properties": {"system": {"serverMeasurements": servers}}}}})
}

fn candidates(document: &Value) -> Value {
    document["properties"]["system"]["serverConnectionStringCandidates"].clone()
}

fn populated() -> World {
    world(&json!({"autoPopulateServerCandidates": true}))
}

#[test]
fn servers_that_all_measured_are_ordered_by_the_worst_latency_and_then_by_the_mean() {
    let mut world = populated();
    has(
        &world.document(),
        &json!({"properties": {"system": {"serverConnectionStringCandidates": null}}}),
    );
    let ms = |latency: u64| json!({ "latency": latency });
    let document = world.ok(
        &a(),
        &measured(&json!({"East": ms(10), "west": ms(40), "north": ms(30), "south": ms(1)})),
    );
    assert_eq!(
        candidates(&document),
        json!(["south", "east", "north", "west"])
    );
    // The worst towards each is 90, 50 and 50; the mean decides between the latter two.
    let document = world.ok(
        &b(),
        &measured(&json!({"east": ms(90), "WEST": ms(50), "north": ms(50)})),
    );
    assert_eq!(candidates(&document), json!(["north", "west", "east"]));
    // When B leaves, only A's count again.
    let document = world.ok(&b(), &json!({"members": {"me": null}}));
    assert_eq!(
        candidates(&document),
        json!(["south", "east", "north", "west"])
    );
    // When nobody has measured any more, the list is as it was and may be written again.
    let document = world.ok(&a(), &measured(&Value::Null));
    assert_eq!(
        candidates(&document),
        json!(["south", "east", "north", "west"])
    );
    let document = world.ok(&a(), &json!({"properties": {"system": null}}));
    assert_eq!(candidates(&document), Value::Null);
}

#[test]
fn a_measurement_without_a_latency_is_none() {
    let mut world = populated();
    let odd = json!({"a": 1004, "b": {"latency": "x"}, "c": {"latency": 5, "more": 1}, "d": {}, "": {"latency": 1}});
    let document = world.ok(&a(), &measured(&odd));
    assert_eq!(candidates(&document), json!(["c"]));
    let document = world.ok(&b(), &measured(&json!({})));
    assert_eq!(candidates(&document), Value::Null);
}

#[test]
fn what_others_write_stays_until_somebody_measures() {
    let mut world = populated();
    let write = json!({"properties": {"system": {"serverConnectionStringCandidates": ["mine"]}}});
    assert_eq!(candidates(&world.ok(&a(), &write)), json!(["mine"]));
    let document = world.ok(&c(), &json!({"properties": {"custom": {"x": 1}}}));
    assert_eq!(candidates(&document), json!(["mine"]));
    let document = world.ok(&c(), &measured(&json!({"theirs": {"latency": 1}})));
    assert_eq!(candidates(&document), json!(["theirs"]));
    // From then on it is the service's, also for a client that sends back an old document.
    for write in [&write, &json!({"properties": {"system": null}})] {
        assert_eq!(candidates(&world.ok(&a(), write)), json!(["theirs"]));
    }
}

#[test]
fn a_member_whose_time_runs_out_is_counted_no_more() {
    let mut world = populated();
    world.ok(
        &a(),
        &measured(&json!({"x": {"latency": 1}, "y": {"latency": 2}})),
    );
    world.ok(
        &b(),
        &measured(&json!({"x": {"latency": 9}, "y": {"latency": 2}})),
    );
    assert_eq!(candidates(&world.document()), json!(["y", "x"]));
    world.ok(
        &b(),
        &json!({"members": {"me": {"properties": {"system": {"active": false}}}}}),
    );
    assert_eq!(candidates(&world.read()), json!(["x", "y"]));
}

#[test]
fn without_the_capability_the_list_is_its_writers() {
    let mut world = world(&json!({}));
    let document = world.ok(&a(), &measured(&json!({"x": {"latency": 1}})));
    assert_eq!(candidates(&document), Value::Null);
}
