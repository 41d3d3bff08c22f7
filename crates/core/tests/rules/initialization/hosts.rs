//! Peer-to-host requirements, and which devices are named as candidates.

use convoke_core::Caller;
use serde_json::{Value, json};

use super::{failures, fast, init, is_over, joined, own, playing_from, token, upload};
use crate::support::{World, a, b, c, has, server, starting};

fn players() -> [Caller; 3] {
    [a(), b(), c()]
}

/// A, B and C measure each other; `ways[i][j]` is what the i-th found towards the j-th.
fn measured(requirements: &Value, ways: [[Value; 3]; 3]) -> World {
    let mut world = init(&json!({ "peerToHostRequirements": requirements }));
    joined(&mut world, &players());
    for (index, (player, ways)) in (0..).zip(players().iter().zip(ways)) {
        let ways: Vec<_> = (0..)
            .zip(ways)
            .filter(|(other, way)| *other != index && !way.is_null())
            .collect();
        upload(&mut world, player, &ways);
    }
    is_over(&world.document());
    world
}

fn latencies(rows: [[u64; 3]; 3]) -> [[Value; 3]; 3] {
    rows.map(|row| row.map(fast))
}

/// The indices of the members whose devices are named, in order.
fn candidates(world: &World) -> Vec<u32> {
    let document = world.document();
    let named = document["hostCandidates"].as_array().cloned();
    let named = named.unwrap_or_default();
    let index = |token: &Value| {
        let found = (0..3).find(|index| json!(self::token(world, *index)) == *token);
        found.expect("a member's device")
    };
    named.iter().map(index).collect()
}

#[test]
fn the_host_is_the_device_that_most_members_reach() {
    let world = measured(
        &json!({}),
        latencies([[0, 20, 900], [20, 0, 20], [900, 20, 0]]),
    );
    // A and C do not reach each other, and both reach B.
    assert_eq!(failures(&world.document()), json!({}));
    assert_eq!(candidates(&world), [1]);
}

#[test]
fn who_does_not_reach_the_best_host_fails_by_what_it_lacks() {
    let rows = [
        (
            json!({"latency": 251, "bandwidthDown": 200_000, "bandwidthUp": 20_000}),
            "latency",
        ),
        (
            json!({"latency": 1, "bandwidthDown": 99_999, "bandwidthUp": 20_000}),
            "bandwidthdown",
        ),
        (
            json!({"latency": 1, "bandwidthDown": 200_000, "bandwidthUp": 999}),
            "bandwidthup",
        ),
        (json!({"latency": 1}), "network"),
        (Value::Null, "network"),
    ];
    for (bad, reason) in rows {
        let ways = [
            [Value::Null, fast(10), fast(900)],
            [fast(20), Value::Null, fast(900)],
            [bad.clone(), bad.clone(), Value::Null],
        ];
        let world = measured(&json!({}), ways);
        assert_eq!(failures(&world.document()), json!({"2": reason}), "{bad}");
        // The way from A to B is the shorter one.
        assert_eq!(candidates(&world), [1, 0], "{bad}");
    }
}

#[test]
fn candidates_are_ordered_by_the_metric_of_the_session() {
    let way = |latency: u64, down: u64, up: u64| json!({"latency": latency, "bandwidthDown": down, "bandwidthUp": up});
    // Towards A, B and C; the same for whoever measures.
    let towards = [
        way(10, 300_000, 30_000),
        way(20, 400_000, 10_000),
        way(30, 200_000, 130_000),
    ];
    let rows = [
        (json!({}), [0, 1, 2]),
        (json!({"hostSelectionMetric": "latency"}), [0, 1, 2]),
        (json!({"hostSelectionMetric": "bandwidthUp"}), [2, 0, 1]),
        (json!({"hostSelectionMetric": "bandwidthDown"}), [1, 0, 2]),
        // Up and down together: 330, 410 and 330 thousand; the lower index is first among equals.
        (json!({"hostSelectionMetric": "bandwidth"}), [1, 0, 2]),
    ];
    for (requirements, expected) in rows {
        let world = measured(
            &requirements,
            [towards.clone(), towards.clone(), towards.clone()],
        );
        assert_eq!(candidates(&world), expected, "{requirements}");
    }
}

#[test]
fn averages_that_are_close_still_differ() {
    // Towards A 10 and 11, towards B 10 and 10, towards C 11 and 10.
    let world = measured(
        &json!({}),
        latencies([[0, 10, 11], [10, 0, 10], [11, 10, 0]]),
    );
    assert_eq!(candidates(&world), [1, 0, 2]);
}

#[test]
fn only_active_members_are_candidates() {
    let mut world = init(&json!({"peerToHostRequirements": {}, "inactiveRemovalTimeout": 60_000}));
    world.ok(&server(), &starting(&[1001, 1002]));
    let mut away = playing_from("AAAA");
    away["members"]["me"]["properties"]["system"]["active"] = json!(false);
    world.ok(&a(), &away);
    world.ok(&b(), &playing_from("BBBB"));
    upload(&mut world, &a(), &[(1, fast(20))]);
    upload(&mut world, &b(), &[(0, fast(1))]);
    is_over(&world.document());
    assert_eq!(
        world.document()["hostCandidates"],
        json!([token(&world, 1)])
    );
}

#[test]
fn without_any_candidate_nobody_fails() {
    let mut world = init(&json!({"peerToHostRequirements": {}, "inactiveRemovalTimeout": 60_000}));
    world.ok(&server(), &starting(&[1001, 1002]));
    for (player, address) in [(a(), "AAAA"), (b(), "BBBB")] {
        world.ok(&player, &own("secureDeviceAddress", &json!(address)));
    }
    upload(&mut world, &a(), &[]);
    let document = upload(&mut world, &b(), &[]);
    is_over(&document);
    assert_eq!(failures(&document), json!({}));
    has(&document, &json!({"hostCandidates": null}));
}

#[test]
fn a_device_is_named_once_and_its_members_reach_it() {
    let mut world = init(&json!({"peerToHostRequirements": {}}));
    world.ok(&server(), &starting(&[1001, 1002, 1003]));
    world.ok(&a(), &playing_from("AAAA"));
    world.ok(&b(), &playing_from("AAAA"));
    world.ok(&c(), &playing_from("CCCC"));
    upload(&mut world, &a(), &[(2, fast(900))]);
    upload(&mut world, &b(), &[(2, fast(900))]);
    upload(&mut world, &c(), &[(0, fast(20))]);
    is_over(&world.document());
    assert_eq!(failures(&world.document()), json!({}));
    assert_eq!(
        world.document()["hostCandidates"],
        json!([token(&world, 0)])
    );
}

#[test]
fn a_host_that_is_set_ends_the_candidates_for_good() {
    let mut world = measured(&json!({}), latencies([[0, 1, 1], [1, 0, 1], [1, 1, 0]]));
    assert_eq!(candidates(&world), [0, 1, 2]);
    let host = |host: Value| json!({"properties": {"system": {"host": host}}});
    // One that is nobody's is no host.
    let document = world.ok(&a(), &host(json!("deadbeef")));
    has(
        &document,
        &json!({"properties": {"system": {"host": null}}}),
    );
    assert_eq!(candidates(&world), [0, 1, 2]);
    let chosen = json!(token(&world, 1).to_uppercase());
    let document = world.ok(&a(), &host(chosen));
    has(&document, &json!({"hostCandidates": null}));
    let document = world.ok(&a(), &host(Value::Null));
    has(
        &document,
        &json!({"hostCandidates": null, "properties": {"system": {"host": null}}}),
    );
}

#[test]
fn a_candidate_that_leaves_is_none_any_more() {
    let mut world = measured(&json!({}), latencies([[0, 1, 1], [1, 0, 1], [1, 1, 0]]));
    let first = token(&world, 0);
    let document = world.ok(&a(), &json!({"members": {"me": null}}));
    let named = document["hostCandidates"].as_array().expect("candidates");
    assert_eq!(named.len(), 2);
    assert!(!named.contains(&json!(first)));
}

#[test]
fn only_the_first_episode_names_candidates_and_later_members_reach_the_host() {
    let mut world = init(&json!({"peerToHostRequirements": {}}));
    joined(&mut world, &[a(), b()]);
    upload(&mut world, &a(), &[(1, fast(20))]);
    upload(&mut world, &b(), &[(0, fast(30))]);
    assert_eq!(
        world.document()["hostCandidates"],
        json!([token(&world, 1), token(&world, 0)])
    );
    let host = token(&world, 0);
    world.ok(&a(), &json!({"properties": {"system": {"host": host}}}));
    for (latency, expected) in [(20, json!({})), (900, json!({"2": "latency"}))] {
        let mut world = world.clone();
        world.ok(&server(), &starting(&[1003]));
        world.ok(&c(), &playing_from("CCCC"));
        let document = upload(&mut world, &c(), &[(0, fast(latency))]);
        is_over(&document);
        assert_eq!(failures(&document), expected);
        has(&document, &json!({"hostCandidates": null}));
    }
}
