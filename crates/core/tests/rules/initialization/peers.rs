//! Peer-to-peer requirements: which ways are good enough, and who is to blame for those that are not.

use serde_json::{Value, json};

use super::{failures, fast, init, is_over, joined, token, upload};
use crate::support::{World, a, b, c, has, playing, server, starting, user};

/// A and B measure each other under requirements; why they fail.
#[track_caller]
fn judged(requirements: &Value, a_to_b: &Value, b_to_a: &Value) -> Value {
    let mut world = init(&json!({"peerToPeerRequirements": requirements,
        "memberInitialization": {"membersNeededToStart": 1}}));
    joined(&mut world, &[a(), b()]);
    upload(&mut world, &a(), &[(1, a_to_b.clone())]);
    let document = upload(&mut world, &b(), &[(0, b_to_a.clone())]);
    has(&document, &json!({"hostCandidates": null}));
    failures(&document)
}

fn way(latency: u64, down: u64, up: u64) -> Value {
    json!({"latency": latency, "bandwidthDown": down, "bandwidthUp": up})
}

#[test]
fn both_ways_reach_each_requirement() {
    let fine = way(250, 10_000, 10_000);
    let rows = [
        (fine.clone(), fine.clone(), json!({})),
        (
            way(251, 10_000, 10_000),
            fine.clone(),
            json!({"1": "latency"}),
        ),
        (
            fine.clone(),
            way(251, 10_000, 10_000),
            json!({"1": "latency"}),
        ),
        (
            way(0, 9999, 10_000),
            fine.clone(),
            json!({"1": "bandwidthdown"}),
        ),
        (
            fine.clone(),
            way(0, 10_000, 9999),
            json!({"1": "bandwidthup"}),
        ),
        (json!({"latency": 1}), fine.clone(), json!({"1": "network"})),
        (json!({}), fine.clone(), json!({"1": "network"})),
    ];
    for (there, back, expected) in rows {
        assert_eq!(
            judged(&json!({}), &there, &back),
            expected,
            "{there} {back}"
        );
    }
    let own = json!({"latencyMaximum": 10, "bandwidthMinimum": 5});
    assert_eq!(judged(&own, &way(10, 5, 5), &way(10, 5, 5)), json!({}));
    assert_eq!(
        judged(&own, &way(11, 5, 5), &way(10, 5, 5)),
        json!({"1": "latency"})
    );
    assert_eq!(
        judged(&own, &way(10, 5, 4), &way(10, 5, 5)),
        json!({"1": "bandwidthup"})
    );
}

#[test]
fn of_several_reasons_the_first_in_the_order_of_the_documents_is_given() {
    let fine = way(1, 10_000, 10_000);
    assert_eq!(
        judged(&json!({}), &way(251, 0, 0), &fine),
        json!({"1": "latency"})
    );
    assert_eq!(
        judged(&json!({}), &way(1, 0, 0), &fine),
        json!({"1": "bandwidthdown"})
    );
    // The worse of the two ways counts.
    assert_eq!(
        judged(&json!({}), &way(1, 10_000, 0), &way(251, 10_000, 10_000)),
        json!({"1": "latency"})
    );
    // A metric that is missing is less than one that is not reached.
    let partly = json!({"latency": 251});
    assert_eq!(judged(&json!({}), &partly, &fine), json!({"1": "latency"}));
}

#[test]
fn a_way_that_was_not_measured_does_not_exist() {
    let mut world = init(&json!({"peerToPeerRequirements": {}}));
    joined(&mut world, &[a(), b(), c()]);
    // C reached nobody, and says so.
    upload(&mut world, &a(), &[(1, fast(1))]);
    upload(&mut world, &b(), &[(0, fast(1))]);
    let document = upload(&mut world, &c(), &[]);
    is_over(&document);
    assert_eq!(failures(&document), json!({"2": "network"}));
}

#[test]
fn the_member_with_the_most_failing_pairs_is_blamed_first() {
    let mut world = init(&json!({"peerToPeerRequirements": {}}));
    let players = [a(), b(), c(), user(1004)];
    joined(&mut world, &players);
    // The ways of A, index 0, are slow; all others are fine.
    for (index, player) in (0..).zip(&players) {
        let others = (0..4).filter(|other| *other != index);
        let ways: Vec<_> = others
            .map(|other| (other, fast(if index == 0 || other == 0 { 900 } else { 1 })))
            .collect();
        upload(&mut world, player, &ways);
    }
    is_over(&world.document());
    assert_eq!(failures(&world.document()), json!({"0": "latency"}));
}

#[test]
fn who_is_new_is_blamed_and_not_who_was_there() {
    let mut world = init(&json!({"peerToPeerRequirements": {}}));
    joined(&mut world, &[a(), b()]);
    upload(&mut world, &a(), &[(1, fast(1))]);
    upload(&mut world, &b(), &[(0, fast(1))]);
    is_over(&world.document());
    // C comes, and its way to A is slow. That A and B have not measured it is no fault of C's.
    world.ok(&server(), &starting(&[1003]));
    world.ok(&c(), &super::playing_from("CCCC"));
    let mut fine = world.clone();
    is_over(&upload(&mut fine, &c(), &[(0, fast(1)), (1, fast(1))]));
    assert_eq!(failures(&fine.document()), json!({}));
    let mut slow = world.clone();
    let document = upload(&mut slow, &c(), &[(0, fast(900)), (1, fast(1))]);
    is_over(&document);
    assert_eq!(failures(&document), json!({"2": "latency"}));
    // What A says of it counts, if it does.
    upload(&mut world, &a(), &[(1, fast(1)), (2, fast(900))]);
    let document = upload(&mut world, &c(), &[(0, fast(1)), (1, fast(1))]);
    assert_eq!(failures(&document), json!({"2": "latency"}));
}

#[test]
fn members_without_an_address_have_no_ways() {
    let mut world = init(&json!({"peerToPeerRequirements": {}}));
    world.ok(&server(), &starting(&[1001, 1002, 1003]));
    world.ok(&a(), &super::playing_from("AAAA"));
    world.ok(&b(), &super::playing_from("BBBB"));
    world.ok(&c(), &playing());
    upload(&mut world, &a(), &[(1, fast(1))]);
    upload(&mut world, &b(), &[(0, fast(1))]);
    // C can measure the others, and whatever it finds is between no two devices.
    let document = upload(&mut world, &c(), &[(0, fast(900))]);
    is_over(&document);
    assert_eq!(failures(&document), json!({}));
}

#[test]
fn members_of_one_device_have_no_way_between_them() {
    let mut world = init(&json!({"peerToPeerRequirements": {}}));
    world.ok(&server(), &starting(&[1001, 1002, 1003]));
    world.ok(&a(), &super::playing_from("AAAA"));
    world.ok(&b(), &super::playing_from("AAAA"));
    world.ok(&c(), &super::playing_from("CCCC"));
    assert_eq!(token(&world, 0), token(&world, 1));
    upload(&mut world, &a(), &[(2, fast(1))]);
    upload(&mut world, &b(), &[(2, fast(1))]);
    let document = upload(&mut world, &c(), &[(0, fast(1))]);
    is_over(&document);
    assert_eq!(failures(&document), json!({}));
}

#[test]
fn both_requirements_hold_where_both_are_set() {
    let both = json!({"peerToPeerRequirements": {}, "peerToHostRequirements": {"latencyMaximum": 50},
        "memberInitialization": {"membersNeededToStart": 1}});
    let players = [a(), b(), c()];
    let run = |latencies: [[u64; 3]; 3]| {
        let mut world = init(&both);
        joined(&mut world, &players);
        for (index, player) in (0..).zip(&players) {
            let others = (0..3).filter(|other| *other != index);
            let ways: Vec<_> = others
                .map(|other| (other, fast(latencies[index as usize][other as usize])))
                .collect();
            upload(&mut world, player, &ways);
        }
        world
    };
    let failed = |world: &World| failures(&world.document());
    // Among peers all is well, and B does not reach the best host, which is A.
    let world = run([[0, 200, 1], [200, 0, 200], [1, 200, 0]]);
    assert_eq!(failed(&world), json!({"1": "latency"}));
    assert_eq!(
        world.document()["hostCandidates"],
        json!([token(&world, 0), token(&world, 2)])
    );
    // C fails among peers, and is not asked for as a host.
    let world = run([[0, 1, 900], [1, 0, 900], [1, 1, 0]]);
    assert_eq!(failed(&world), json!({"2": "latency"}));
    assert_eq!(
        world.document()["hostCandidates"],
        json!([token(&world, 0), token(&world, 1)])
    );
}

#[test]
fn a_member_that_fails_twice_is_given_the_greater_reason() {
    let mut world = init(
        &json!({"peerToPeerRequirements": {}, "peerToHostRequirements": {"latencyMaximum": 5},
        "memberInitialization": {"membersNeededToStart": 1}}),
    );
    joined(&mut world, &[a(), b()]);
    upload(&mut world, &a(), &[(1, way(1, 200_000, 20_000))]);
    // Too narrow for peers, and too slow for the host.
    let document = upload(&mut world, &b(), &[(0, way(9, 9999, 20_000))]);
    assert_eq!(failures(&document), json!({"1": "latency"}));
}
