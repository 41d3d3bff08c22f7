//! What time does to a session, and when.

use convoke_core::refusal::Rule;
use convoke_core::session::{Settled, next_timer, settle};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::support::{World, a, b, c, has, playing, server, start};

fn state(active: bool, ready: bool) -> Value {
    json!({"members": {"me": {"properties": {"system": {"active": active, "ready": ready}}}}})
}

fn reserve(xuid: &str) -> Value {
    json!({"members": {"reserve_0": {"constants": {"system": {"xuid": xuid}}}}})
}

fn slow() -> World {
    let mut world = World::new(
        &json!({"inactiveRemovalTimeout": 5000, "readyRemovalTimeout": 1000,
        "reservedRemovalTimeout": 3000, "sessionEmptyTimeout": 60_000}),
    );
    world.ok(&b(), &playing());
    world.ok(&a(), &playing());
    world
}

#[test]
fn an_active_member_has_no_timer() {
    let mut world = slow();
    has(&world.document(), &json!({"nextTimer": null}));
    world.wait_ms(1_000_000_000);
    has(
        &world.read(),
        &json!({"membersInfo": {"count": 2}, "changeNumber": 2}),
    );
}

#[test]
fn inactive_member_is_removed_when_inactive_timeout_passes() {
    let mut world = slow();
    let document = world.ok(&a(), &state(false, false));
    has(
        &document,
        &json!({"nextTimer": "2026-01-02T03:04:10.0000000Z", "changeNumber": 3,
        "members": {"1": {"reserved": null, "properties": {"system": {"active": null}}}}}),
    );
    world.wait_ms(4999);
    has(
        &world.read(),
        &json!({"membersInfo": {"count": 2}, "changeNumber": 3}),
    );
    world.wait_ms(1);
    has(
        &world.read(),
        &json!({"membersInfo": {"count": 1}, "members": {"1": null},
        "changeNumber": 4, "nextTimer": null}),
    );
}

#[test]
fn a_repeated_inactivity_does_not_start_the_timer_again() {
    let mut world = slow();
    world.ok(&a(), &state(false, false));
    world.wait_ms(3000);
    world.ok(&a(), &state(false, false));
    world.ok(
        &a(),
        &json!({"members": {"me": {"properties": {"custom": {"x": 1}}}}}),
    );
    world.wait_ms(2000);
    has(&world.read(), &json!({"members": {"1": null}}));
}

#[test]
fn ready_member_turns_inactive_when_ready_timeout_passes() {
    let mut world = slow();
    world.ok(&a(), &state(false, true));
    has(
        &world.document(),
        &json!({"nextTimer": "2026-01-02T03:04:06.0000000Z"}),
    );
    // Both timers would be over by now; one evaluation makes one transition.
    world.wait_ms(100_000);
    let document = world.read();
    has(
        &document,
        &json!({"members": {"1": {"properties": {"system": {"ready": null}}}}}),
    );
    has(
        &document,
        &json!({"nextTimer": "2026-01-02T03:05:50.0000000Z"}),
    );
    world.wait_ms(4999);
    has(&world.read(), &json!({"membersInfo": {"count": 2}}));
    world.wait_ms(1);
    has(&world.read(), &json!({"membersInfo": {"count": 1}}));
}

#[test]
fn reserved_member_is_removed_when_reserved_timeout_passes() {
    let mut world = slow();
    world.ok(&a(), &reserve("1003"));
    world.wait_ms(2999);
    has(
        &world.read(),
        &json!({"members": {"2": {"reserved": true}}}),
    );
    world.wait_ms(1);
    has(
        &world.read(),
        &json!({"membersInfo": {"count": 2, "next": 3}, "members": {"2": null}}),
    );
    world.refused(&c(), &json!({}), Rule::NotMember, "");
}

#[test]
fn accepting_ends_the_timer_of_the_reservation() {
    let mut world = slow();
    world.ok(&a(), &reserve("1003"));
    world.wait_ms(2999);
    world.ok(&c(), &playing());
    world.wait_ms(100_000);
    has(&world.read(), &json!({"membersInfo": {"count": 3}}));
}

#[test]
fn all_who_are_due_go_in_one_step() {
    let mut world = slow();
    world.ok(&a(), &reserve("1003"));
    world.ok(&a(), &reserve("1004"));
    world.ok(&b(), &state(false, true));
    let before = world.document()["changeNumber"].as_u64().expect("a number");
    world.wait_ms(10_000);
    let document = world.read();
    has(
        &document,
        &json!({"membersInfo": {"count": 2, "accepted": 2, "active": 1}}),
    );
    assert_eq!(document["changeNumber"], json!(before + 1));
}

#[test]
fn a_timeout_of_zero_fires_at_the_next_evaluation() {
    let mut world = World::new(&json!({"inactiveRemovalTimeout": 0}));
    let document = world.ok(&a(), &json!({"members": {"me": {}}}));
    has(
        &document,
        &json!({"membersInfo": {"count": 1}, "nextTimer": "2026-01-02T03:04:05.0000000Z"}),
    );
    assert_eq!(world.read(), Value::Null);

    let mut world = World::new(&json!({"reservedRemovalTimeout": 0, "sessionEmptyTimeout": 1000}));
    world.ok(&server(), &reserve("1003"));
    has(
        &world.read(),
        &json!({"membersInfo": {"count": 0, "next": 1},
        "nextTimer": "2026-01-02T03:04:06.0000000Z"}),
    );
}

#[test]
fn a_timeout_of_null_never_fires() {
    let mut world = World::new(
        &json!({"inactiveRemovalTimeout": null, "reservedRemovalTimeout": null,
        "readyRemovalTimeout": null, "sessionEmptyTimeout": null}),
    );
    world.ok(&a(), &state(false, false));
    world.ok(&b(), &state(false, true));
    world.ok(&a(), &reserve("1003"));
    has(&world.document(), &json!({"nextTimer": null}));
    world.wait_ms(1_000_000_000_000);
    has(&world.read(), &json!({"membersInfo": {"count": 3}}));
    for caller in [a(), b(), c()] {
        world.ok(&caller, &json!({"members": {"me": null}}));
    }
    world.wait_ms(1_000_000_000_000);
    has(
        &world.read(),
        &json!({"membersInfo": {"count": 0, "first": 3, "next": 3}, "nextTimer": null}),
    );
}

#[test]
fn a_time_beyond_the_calendar_never_comes() {
    let longest = (1_u64 << 52) - 1;
    let mut world =
        World::new(&json!({"inactiveRemovalTimeout": longest, "sessionEmptyTimeout": longest}));
    has(
        &world.ok(&a(), &json!({"members": {"me": {}}})),
        &json!({"nextTimer": null}),
    );
    let session = world.session.as_ref().expect("a session");
    assert_eq!(settle(session, Timestamp::MAX), Settled::Unchanged);
    let over = crate::support::template(&json!({"inactiveRemovalTimeout": longest + 1}));
    assert_eq!(over.expect_err("too long").rule, Rule::OutOfRange);
}

#[test]
fn a_spurious_evaluation_is_harmless() {
    let mut world = slow();
    let session = world.session.clone().expect("a session");
    assert_eq!(settle(&session, world.now), Settled::Unchanged);
    assert_eq!(settle(&session, Timestamp::MIN), Settled::Unchanged);
    world.ok(&a(), &state(false, false));
    let session = world.session.clone().expect("a session");
    let due = next_timer(&session).expect("a timer");
    let early = due
        .checked_sub(jiff::SignedDuration::from_nanos(1))
        .expect("a time");
    assert_eq!(settle(&session, early), Settled::Unchanged);
    assert!(matches!(settle(&session, due), Settled::Changed(_)));
    assert!(start() < due);
}

#[test]
fn the_last_member_that_time_removes_starts_the_timer_of_the_empty_session() {
    let mut world =
        World::new(&json!({"inactiveRemovalTimeout": 1000, "sessionEmptyTimeout": 2000}));
    world.ok(&a(), &state(false, false));
    world.wait_ms(5000);
    has(
        &world.read(),
        &json!({"membersInfo": {"count": 0, "first": 1, "next": 1}, "members": {},
        "nextTimer": "2026-01-02T03:04:12.0000000Z"}),
    );
    world.wait_ms(2000);
    assert_eq!(world.read(), Value::Null);

    let mut world = World::new(&json!({"inactiveRemovalTimeout": 1000}));
    world.ok(&a(), &state(false, false));
    world.wait_ms(1000);
    assert_eq!(world.read(), Value::Null);
}

#[test]
fn removal_by_time_cleans_up_like_leaving() {
    let mut world = World::new(
        &json!({"inactiveRemovalTimeout": 1000, "capabilities": {"connectivity": true}}),
    );
    world.ok(&a(), &playing());
    let sda = json!({"members": {"me": {"properties": {"system": {"active": true, "secureDeviceAddress": "BBBB"}}}}});
    let document = world.ok(&b(), &sda);
    let token = document["members"]["1"]["deviceToken"].clone();
    world.ok(
        &a(),
        &json!({"properties": {"system": {"turn": [1], "host": token}},
        "members": {"me": {"properties": {"system": {"initializationGroup": [1]}}}}}),
    );
    world.ok(&b(), &state(false, false));
    world.wait_ms(1000);
    has(
        &world.read(),
        &json!({"properties": {"system": {"turn": [], "host": null}},
        "members": {"0": {"properties": {"system": {"initializationGroup": [0]}}}, "1": null}}),
    );
}

#[test]
fn an_etag_from_before_a_timeout_no_longer_matches() {
    let mut world = slow();
    world.ok(&a(), &state(false, false));
    let before = world.session.as_ref().expect("a session").etag();
    world.wait_ms(5000);
    world.evaluate();
    assert_ne!(world.session.as_ref().expect("a session").etag(), before);
}
