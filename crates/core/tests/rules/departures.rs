//! Why somebody is gone, for every way there is.

use convoke_core::session::departures::departures;
use convoke_core::{Caller, MemberState};
use convoke_wire::session::changes::{Cause, DepartureReason as Reason, SessionEnd};
use serde_json::{Value, json};

use crate::support::{World, a, b, c, playing, server};

/// What is gone with the write of a caller.
fn with_write(world: &mut World, caller: &Caller, body: &Value) -> Gone {
    world.evaluate();
    gone(world, caller.into(), &[], |world| {
        world.put(caller, body).expect("taken");
    })
}

/// What is gone with time.
fn with_time(world: &mut World, ms: i64, disconnected: &[u32]) -> Gone {
    world.wait_ms(ms);
    gone(world, Cause::Timer, disconnected, World::evaluate)
}

#[derive(Debug, PartialEq)]
struct Gone(Vec<(u64, Reason)>, Option<SessionEnd>);

fn gone(
    world: &mut World,
    cause: Cause,
    disconnected: &[u32],
    change: impl FnOnce(&mut World),
) -> Gone {
    let before = world.session.clone().expect("a session");
    change(world);
    let gone = departures(
        &before,
        world.session.as_ref(),
        cause,
        disconnected,
        world.now,
    );
    let members = gone.members.iter();
    Gone(
        members.map(|it| (it.xuid.0, it.reason)).collect(),
        gone.ended,
    )
}

fn world(system: &Value) -> World {
    let mut world = World::new(system);
    for player in [a(), b()] {
        world.ok(&player, &playing());
    }
    world
}

fn leave() -> Value {
    json!({"members": {"me": null}})
}

#[test]
fn whoever_leaves_has_left_and_whoever_is_sent_away_was_removed() {
    let mut world = world(&json!({"sessionEmptyTimeout": 0}));
    world.ok(&c(), &playing());
    let none: Vec<(u64, Reason)> = Vec::new();
    assert_eq!(
        with_write(
            &mut world,
            &a(),
            &json!({"properties": {"custom": {"a": 1}}})
        ),
        Gone(none, None)
    );
    assert_eq!(
        with_write(&mut world, &a(), &leave()),
        Gone(vec![(1001, Reason::Left)], None)
    );
    assert_eq!(
        with_write(&mut world, &server(), &json!({"members": {"1": null}})),
        Gone(vec![(1002, Reason::Removed)], None)
    );
    assert_eq!(
        with_write(&mut world, &c(), &leave()),
        Gone(vec![(1003, Reason::Left)], Some(SessionEnd::LastMemberLeft))
    );
}

#[test]
fn whose_time_runs_out_is_told_which_time_it_was() {
    let mut world = world(
        &json!({"inactiveRemovalTimeout": 1000, "reservedRemovalTimeout": 500,
        "sessionEmptyTimeout": 0}),
    );
    world.ok(
        &a(),
        &json!({"members": {"reserve_0": {"constants": {"system": {"xuid": "1003"}}}}}),
    );
    assert_eq!(
        with_time(&mut world, 500, &[]),
        Gone(vec![(1003, Reason::ReservedTimeout)], None)
    );
    let inactive = json!({"members": {"me": {"properties": {"system": {"active": false}}}}});
    world.ok(&a(), &inactive);
    world.ok(&b(), &inactive);
    // B is inactive because its connection was lost, as whoever keeps the history knows.
    assert_eq!(
        with_time(&mut world, 1000, &[1]),
        Gone(
            vec![
                (1001, Reason::InactiveTimeout),
                (1002, Reason::Disconnected)
            ],
            Some(SessionEnd::LastMemberTimedOut)
        )
    );
}

#[test]
fn an_empty_session_ends_by_its_own_time() {
    let mut world = world(&json!({"sessionEmptyTimeout": 1000}));
    world.ok(&a(), &leave());
    world.ok(&b(), &leave());
    assert_eq!(
        with_time(&mut world, 1000, &[]),
        Gone(vec![], Some(SessionEnd::EmptyTimeout))
    );
}

#[test]
fn a_session_goes_with_its_owner_and_takes_the_others_along() {
    let system = json!({"capabilities": {"hasOwners": true}, "inactiveRemovalTimeout": 1000,
        "ownershipPolicies": {"migration": "endsession"}});
    let mut left = world(&system);
    let ended = Some(SessionEnd::OwnersGone);
    assert_eq!(
        with_write(&mut left, &a(), &leave()),
        Gone(
            vec![(1001, Reason::Left), (1002, Reason::SessionEnded)],
            ended
        )
    );
    let mut removed = world(&system);
    assert_eq!(
        with_write(&mut removed, &server(), &json!({"members": {"0": null}})),
        Gone(
            vec![(1001, Reason::Removed), (1002, Reason::SessionEnded)],
            ended
        )
    );
    let mut timed_out = world(&system);
    let inactive = json!({"members": {"me": {"properties": {"system": {"active": false}}}}});
    timed_out.ok(&a(), &inactive);
    let owner = timed_out.member(0);
    assert_eq!(owner.state, MemberState::Inactive);
    assert_eq!(
        with_time(&mut timed_out, 1000, &[]),
        Gone(
            vec![
                (1001, Reason::InactiveTimeout),
                (1002, Reason::SessionEnded)
            ],
            ended
        )
    );
}
