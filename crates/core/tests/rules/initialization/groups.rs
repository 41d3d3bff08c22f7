//! Members who play together or not at all.

use serde_json::{Value, json};

use super::{failures, fast, init, is_over, joined, own, upload};
use crate::support::{World, a, b, c, has, playing, server, starting, user};

fn group(members: &[u32]) -> Value {
    own("initializationGroup", &json!(members))
}

fn leave() -> Value {
    json!({"members": {"me": null}})
}

/// A, B and C are awaited; A's group has B in it.
fn world() -> World {
    let mut world = init(&json!({"memberInitialization": {"membersNeededToStart": 1}}));
    world.ok(&server(), &starting(&[1001, 1002, 1003]));
    world.ok(&a(), &playing());
    world.ok(&a(), &group(&[1]));
    world
}

#[test]
fn whose_group_lost_somebody_who_did_not_come_fails() {
    let mut world = world();
    world.ok(&c(), &playing());
    world.wait_ms(1000);
    let document = world.read();
    is_over(&document);
    assert_eq!(failures(&document), json!({"0": "group"}));
    has(
        &document,
        &json!({"members": {"0": {"properties": {"system": {"initializationGroup": [0]}}}}}),
    );
}

#[test]
fn whose_group_lost_somebody_who_left_fails_when_the_stage_ends() {
    let mut world = world();
    world.ok(&b(), &playing());
    let document = world.ok(&b(), &leave());
    assert_eq!(failures(&document), json!({}));
    let document = world.ok(&c(), &playing());
    is_over(&document);
    assert_eq!(failures(&document), json!({"0": "group"}));
}

#[test]
fn a_group_may_name_somebody_who_is_gone_already() {
    let mut world = init(&json!({"memberInitialization": {"membersNeededToStart": 1}}));
    world.ok(&server(), &starting(&[1001, 1002, 1003]));
    world.ok(&server(), &json!({"members": {"1": null}}));
    world.ok(&a(), &playing());
    world.ok(&a(), &group(&[1]));
    let document = world.ok(&c(), &playing());
    assert_eq!(failures(&document), json!({"0": "group"}));
}

#[test]
fn failing_spreads_through_groups_from_member_to_member() {
    let mut world = init(
        &json!({"peerToPeerRequirements": {}, "memberInitialization": {"membersNeededToStart": 1}}),
    );
    let players = [a(), b(), c(), user(1004)];
    joined(&mut world, &players);
    world.ok(&a(), &group(&[1]));
    world.ok(&b(), &group(&[2]));
    for (index, player) in (0..).zip(&players) {
        let others = (0..4).filter(|other| *other != index);
        let ways: Vec<_> = others
            .map(|other| (other, fast(if index == 2 || other == 2 { 900 } else { 1 })))
            .collect();
        upload(&mut world, player, &ways);
    }
    let document = world.document();
    is_over(&document);
    assert_eq!(
        failures(&document),
        json!({"0": "group", "1": "group", "2": "latency"})
    );
}

#[test]
fn a_group_lost_while_measuring_counts_less_than_what_was_measured() {
    let mut world = init(
        &json!({"peerToPeerRequirements": {}, "memberInitialization": {"membersNeededToStart": 1}}),
    );
    joined(&mut world, &[a(), b(), c()]);
    world.ok(&a(), &group(&[1]));
    world.ok(&b(), &leave());
    let mut silent = world.clone();
    upload(&mut silent, &c(), &[(0, fast(1))]);
    silent.wait_ms(30_000);
    assert_eq!(failures(&silent.read()), json!({"0": "timeout"}));
    upload(&mut world, &a(), &[(2, fast(1))]);
    let document = upload(&mut world, &c(), &[(0, fast(1))]);
    assert_eq!(failures(&document), json!({"0": "group"}));
}

#[test]
fn a_group_lost_while_the_title_decides_fails_even_if_it_accepts() {
    let mut world = init(&json!({"memberInitialization": {"externalEvaluation": true}}));
    joined(&mut world, &[a(), b(), c()]);
    world.ok(&a(), &group(&[1]));
    world.ok(&b(), &leave());
    let verdict = json!({"properties": {"system": {"initializationSucceeded": true}}});
    let document = world.ok(&c(), &verdict);
    is_over(&document);
    assert_eq!(failures(&document), json!({"0": "group"}));
}

#[test]
fn losing_somebody_of_the_group_outside_an_episode_means_nothing() {
    let mut after = init(&json!({}));
    joined(&mut after, &[a(), b()]);
    is_over(&after.document());
    after.ok(&a(), &group(&[1]));
    let document = after.ok(&b(), &leave());
    assert_eq!(failures(&document), json!({}));
    // Nor does it for who waits for an episode of its own.
    let mut world = world();
    world.ok(&user(1004), &crate::support::initializing(&playing()));
    world.ok(&user(1004), &group(&[2]));
    world.ok(&c(), &playing());
    world.ok(&c(), &leave());
    let document = world.ok(&b(), &playing());
    is_over(&document);
    assert_eq!(failures(&document), json!({}));
}
