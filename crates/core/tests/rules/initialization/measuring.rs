//! Who has what to measure, and what becomes of those who do not upload it.

use serde_json::{Value, json};

use super::{failures, fast, init, is_over, joined, own, playing_from, token, upload};
use crate::support::{World, a, b, c, has, playing, server, starting};

fn metrics() -> Value {
    json!({"metrics": {"latency": true}})
}

#[test]
fn e86_members_measure_each_other_before_they_are_judged() {
    let mut world = init(&json!({"peerToHostRequirements": {}}));
    joined(&mut world, &[a(), b()]);
    has(
        &world.document(),
        &json!({"initializing": {"stage": "measuring", "episode": 1}, "hostCandidates": null,
        "nextTimer": "2026-01-02T03:04:35.0000000Z"}),
    );
    let document = upload(&mut world, &a(), &[(1, fast(20))]);
    has(&document, &json!({"initializing": {"stage": "measuring"}}));
    let document = upload(&mut world, &b(), &[(0, fast(900))]);
    // With B as the host, only the way from A counts.
    is_over(&document);
    assert_eq!(failures(&document), json!({}));
    assert_eq!(document["hostCandidates"], json!([token(&world, 1)]));
}

#[test]
fn e87_who_does_not_upload_in_time_fails() {
    let mut world = init(&json!({"peerToHostRequirements": {},
        "memberInitialization": {"measurementTimeout": 3000}}));
    joined(&mut world, &[a(), b()]);
    upload(&mut world, &a(), &[(1, fast(20))]);
    world.wait_ms(2999);
    has(
        &world.read(),
        &json!({"initializing": {"stage": "measuring"}}),
    );
    world.wait_ms(1);
    let document = world.read();
    assert_eq!(failures(&document), json!({"0": "episode", "1": "timeout"}));
    has(
        &document,
        &json!({"initializing": {"stage": "failed"}, "membersInfo": {"count": 2}, "hostCandidates": [token(&world, 0)]}),
    );
}

#[test]
fn enough_others_may_go_on_without_who_did_not_upload() {
    let mut world = init(&metrics());
    joined(&mut world, &[a(), b(), c()]);
    upload(&mut world, &a(), &[(1, fast(1)), (2, fast(1))]);
    upload(&mut world, &b(), &[(0, fast(1)), (2, fast(1))]);
    world.wait_ms(30_000);
    let document = world.read();
    is_over(&document);
    assert_eq!(failures(&document), json!({"2": "timeout"}));
    // A failed member stays until it leaves, and says so.
    has(
        &world.ok(&a(), &json!({"properties": {"custom": {"x": 1}}})),
        &json!({"members": {"2": {"initializationFailure": "timeout"}}}),
    );
}

#[test]
fn there_is_nothing_to_measure_without_another_device() {
    // Nobody has an address.
    let mut world = init(&metrics());
    world.ok(&server(), &starting(&[1001, 1002]));
    world.ok(&a(), &playing());
    is_over(&world.ok(&b(), &playing()));
    // Both are on the same one.
    let mut world = init(&metrics());
    world.ok(&server(), &starting(&[1001, 1002]));
    world.ok(&a(), &playing_from("AAAA"));
    is_over(&world.ok(&b(), &playing_from("AAAA")));
    // Only one of them can be measured, and only the other has something to measure.
    let mut world = init(&metrics());
    world.ok(&server(), &starting(&[1001, 1002]));
    world.ok(&a(), &playing_from("AAAA"));
    let document = world.ok(&b(), &playing());
    has(&document, &json!({"initializing": {"stage": "measuring"}}));
    is_over(&upload(&mut world, &b(), &[(0, fast(1))]));
}

#[test]
fn without_metrics_and_requirements_nothing_is_measured() {
    let mut world = init(&json!({"metrics": {"latency": false}}));
    joined(&mut world, &[a(), b()]);
    is_over(&world.document());
}

#[test]
fn what_was_uploaded_before_the_stage_counts() {
    let mut world = init(&metrics());
    world.ok(&server(), &starting(&[1001, 1002]));
    world.ok(&a(), &playing_from("AAAA"));
    let early = json!({"deadbeef": fast(1)});
    world.ok(&a(), &own("measurements", &early));
    let mut body = playing_from("BBBB");
    body["members"]["me"]["properties"]["system"]["measurements"] = early;
    is_over(&world.ok(&b(), &body));
}

#[test]
fn servers_are_measured_where_there_are_some() {
    let servers = json!({"measurementServerAddresses": {"east": {"secureDeviceAddress": "r5Y="}}});
    let mut world = init(&servers);
    world.ok(&server(), &starting(&[1001, 1002]));
    world.ok(&a(), &playing());
    let document = world.ok(&b(), &playing());
    has(&document, &json!({"initializing": {"stage": "measuring"}}));
    // A client writes whatever it likes into it.
    let document = world.ok(&a(), &own("serverMeasurements", &json!({"east": 1004})));
    has(&document, &json!({"initializing": {"stage": "measuring"}}));
    // That none was reached is an answer too.
    is_over(&world.ok(&b(), &own("serverMeasurements", &json!({}))));

    let mut world = init(&servers);
    world.ok(&server(), &starting(&[1001, 1002]));
    world.ok(&a(), &playing());
    world.ok(&b(), &playing());
    world.wait_ms(30_000);
    let document = world.read();
    assert_eq!(failures(&document), json!({"0": "timeout", "1": "timeout"}));
    has(&document, &json!({"initializing": {"stage": "failed"}}));
}

#[test]
fn members_and_servers_may_both_have_to_be_measured() {
    let mut world = init(&json!({"metrics": {"custom": true},
        "measurementServerAddresses": {"east": {"secureDeviceAddress": "r5Y="}}}));
    joined(&mut world, &[a(), b()]);
    let measured = own("serverMeasurements", &json!({"east": {"latency": 5}}));
    upload(&mut world, &a(), &[(1, fast(1))]);
    world.ok(&a(), &measured);
    let document = world.ok(&b(), &measured);
    has(&document, &json!({"initializing": {"stage": "measuring"}}));
    is_over(&upload(
        &mut world,
        &b(),
        &[(0, json!({"custom": {"loss": 0}}))],
    ));
}

#[test]
fn who_leaves_has_nothing_to_upload_any_more() {
    let mut world = init(&metrics());
    joined(&mut world, &[a(), b(), c()]);
    upload(&mut world, &a(), &[(1, fast(1)), (2, fast(1))]);
    upload(&mut world, &b(), &[(0, fast(1)), (2, fast(1))]);
    let document = world.ok(&c(), &json!({"members": {"me": null}}));
    is_over(&document);
    assert_eq!(failures(&document), json!({}));
}

#[test]
fn too_few_may_be_left_to_measure_and_the_stage_is_skipped() {
    let mut world = init(&metrics());
    world.ok(&server(), &starting(&[1001, 1002]));
    world.ok(&a(), &playing_from("AAAA"));
    world.wait_ms(1000);
    let document = world.read();
    has(&document, &json!({"initializing": {"stage": "failed"}}));
    assert_eq!(failures(&document), json!({"0": "episode"}));
}

#[test]
fn who_comes_later_measures_those_who_are_there_and_they_need_not_measure_again() {
    let mut world = init(&metrics());
    joined(&mut world, &[a(), b()]);
    upload(&mut world, &a(), &[(1, fast(1))]);
    upload(&mut world, &b(), &[(0, fast(1))]);
    is_over(&world.document());
    world.ok(&server(), &starting(&[1003]));
    let document = world.ok(&c(), &playing_from("CCCC"));
    has(
        &document,
        &json!({"initializing": {"stage": "measuring", "episode": 2},
        "members": {"0": {"initializationEpisode": null}, "2": {"initializationEpisode": 2}}}),
    );
    is_over(&upload(&mut world, &c(), &[(0, fast(1)), (1, fast(1))]));
}

#[test]
fn only_the_host_is_measured_once_it_is_known() {
    let mut world = init(&json!({"peerToHostRequirements": {}}));
    world.ok(&server(), &starting(&[1001, 1002]));
    world.ok(&a(), &playing_from("AAAA"));
    let host = token(&world, 0).to_uppercase();
    world.ok(&a(), &json!({"properties": {"system": {"host": host}}}));
    let document = world.ok(&b(), &playing_from("BBBB"));
    has(&document, &json!({"initializing": {"stage": "measuring"}}));
    // The host itself measures nobody.
    let document = upload(&mut world, &b(), &[(0, fast(20))]);
    is_over(&document);
    has(&document, &json!({"hostCandidates": null}));
    assert_eq!(failures(&document), json!({}));
}

#[test]
fn a_world_without_episodes_keeps_nothing_of_them() {
    let mut world = World::new(&json!({"capabilities": {"connectivity": true}}));
    world.ok(&a(), &playing_from("AAAA"));
    let stored = serde_json::to_string(&world.session).expect("JSON");
    assert!(!stored.contains("initializ"), "{stored}");
}
