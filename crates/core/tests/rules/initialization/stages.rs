//! The stages: numbered examples, episodes after the first, timers.

use convoke_core::refusal::Rule;
use convoke_core::session::Disposition::{Unchanged, Updated};
use convoke_wire::ContractVersion;
use serde_json::{Value, json};

use super::{failures, init, is_over, own};
use crate::support::{World, a, b, c, has, initializing, playing, server, start, starting, user};

fn verdict(passed: bool) -> Value {
    json!({"properties": {"system": {"initializationSucceeded": passed}}})
}

/// A and B play, and are initialised.
fn begun() -> World {
    let mut world = init(&json!({}));
    world.ok(&server(), &starting(&[1001, 1002]));
    world.ok(&a(), &playing());
    world.ok(&b(), &playing());
    world
}

#[test]
fn e81_a_session_begins_with_as_many_members_as_its_first_episode_needs() {
    let mut world = init(&json!({}));
    let alone = initializing(&playing());
    world.refused(&a(), &alone, Rule::TooFewToStart, "members");
    let refusal = world.put(&a(), &alone).expect_err("too few");
    assert!(
        refusal.detail.contains("requires at least 2 members"),
        "{refusal}"
    );
    // Members who do not ask for it do not count.
    let mut both = alone.clone();
    both["members"]["reserve_0"] = json!({"constants": {"system": {"xuid": "1002"}}});
    world.refused(&a(), &both, Rule::TooFewToStart, "members");
    both["members"]["reserve_0"]["constants"]["system"]["initialize"] = json!(true);
    world.becomes(&a(), &both, convoke_core::session::Disposition::Created);
}

#[test]
fn e82_places_that_a_server_reserves_begin_the_first_episode() {
    let mut world = init(&json!({}));
    let document = world.ok(&server(), &starting(&[1001, 1002]));
    assert_eq!(
        document["initializing"],
        json!({"stage": "joining", "stageStartTime": "2026-01-02T03:04:05.0000000Z", "episode": 1})
    );
    has(
        &document,
        &json!({"nextTimer": "2026-01-02T03:04:06.0000000Z", "changeNumber": 1, "hostCandidates": null,
        "members": {"0": {"initializationEpisode": 1, "initializationFailure": null},
                    "1": {"initializationEpisode": 1}}}),
    );
}

#[test]
fn e83_an_episode_without_anything_to_measure_ends_when_everybody_has_come() {
    let mut world = init(&json!({}));
    world.ok(&server(), &starting(&[1001, 1002]));
    let document = world.ok(&a(), &playing());
    has(&document, &json!({"initializing": {"stage": "joining"}}));
    let document = world.ok(&b(), &playing());
    is_over(&document);
    assert_eq!(failures(&document), json!({}));
    // One write is one change, however many stages it passes.
    has(&document, &json!({"changeNumber": 3, "nextTimer": null}));
}

#[test]
fn e84_who_does_not_come_in_time_is_removed_and_the_first_episode_may_fail() {
    let mut world = init(&json!({}));
    world.ok(&server(), &starting(&[1001, 1002]));
    world.ok(&a(), &playing());
    world.wait_ms(999);
    has(
        &world.read(),
        &json!({"initializing": {"stage": "joining"}}),
    );
    world.wait_ms(1);
    let document = world.read();
    assert_eq!(
        document["initializing"],
        json!({"stage": "failed", "stageStartTime": "2026-01-02T03:04:06.0000000Z", "episode": 1})
    );
    has(
        &document,
        &json!({"membersInfo": {"count": 1}, "members": {"1": null}, "nextTimer": null, "changeNumber": 3}),
    );
    assert_eq!(failures(&document), json!({"0": "episode"}));
    has(
        &document,
        &json!({"members": {"0": {"initializationEpisode": null}}}),
    );
}

#[test]
fn e85_a_lone_creator_is_through_in_the_same_write() {
    let mut world = init(&json!({"memberInitialization": {"membersNeededToStart": 1}}));
    let document = world.ok(&a(), &initializing(&playing()));
    is_over(&document);
    has(&document, &json!({"changeNumber": 1}));
    assert_eq!(failures(&document), json!({}));
    world.becomes(&a(), &initializing(&playing()), Unchanged);
}

#[test]
fn e88_the_title_decides_where_evaluation_is_external() {
    let external =
        json!({"memberInitialization": {"externalEvaluation": true, "evaluationTimeout": 500}});
    for (passed, by) in [(true, a()), (false, server())] {
        let mut world = init(&external);
        world.ok(&server(), &starting(&[1001, 1002]));
        let path = "properties.system.initializationSucceeded";
        world.refused(&server(), &verdict(passed), Rule::NotEvaluating, path);
        world.ok(&a(), &playing());
        let document = world.ok(&b(), &playing());
        has(
            &document,
            &json!({"initializing": {"stage": "evaluating", "episode": 1},
            "nextTimer": "2026-01-02T03:04:05.5000000Z"}),
        );
        let document = world.ok(&by, &verdict(passed));
        has(
            &document,
            &json!({"properties": {"system": {"initializationSucceeded": null}}}),
        );
        if passed {
            is_over(&document);
            assert_eq!(failures(&document), json!({}));
        } else {
            has(&document, &json!({"initializing": {"stage": "failed"}}));
            assert_eq!(failures(&document), json!({"0": "episode", "1": "episode"}));
        }
        world.refused(&by, &verdict(passed), Rule::NotEvaluating, path);
        world.becomes(
            &server(),
            &json!({"properties": {"system": {"initializationSucceeded": null}}}),
            Unchanged,
        );
    }
}

#[test]
fn a_title_that_does_not_decide_in_time_has_rejected() {
    let mut world = init(&json!({"memberInitialization": {"externalEvaluation": true}}));
    world.ok(&server(), &starting(&[1001, 1002]));
    world.ok(&a(), &playing());
    world.ok(&b(), &playing());
    world.wait_ms(4999);
    has(
        &world.read(),
        &json!({"initializing": {"stage": "evaluating"}}),
    );
    world.wait_ms(1);
    let document = world.read();
    has(&document, &json!({"initializing": {"stage": "failed"}}));
    assert_eq!(failures(&document), json!({"0": "episode", "1": "episode"}));
}

#[test]
fn e89_who_comes_during_an_episode_waits_for_the_next() {
    let mut world = init(&json!({}));
    world.ok(&server(), &starting(&[1001, 1002]));
    let document = world.ok(&c(), &initializing(&playing()));
    has(
        &document,
        &json!({"initializing": {"episode": 1, "stage": "joining"},
        "members": {"2": {"initializationEpisode": 2}}}),
    );
    // So do others who come, and they share the episode.
    let document = world.ok(&server(), &starting(&[1004]));
    has(
        &document,
        &json!({"members": {"3": {"initializationEpisode": 2}}}),
    );
    world.ok(&a(), &playing());
    let document = world.ok(&b(), &playing());
    has(
        &document,
        &json!({"initializing": {"episode": 2, "stage": "joining"},
        "members": {"0": {"initializationEpisode": null}, "2": {"initializationEpisode": 2}}}),
    );
    is_over(&world.ok(&user(1004), &playing()));
    assert_eq!(failures(&world.document()), json!({}));
}

#[test]
fn later_episodes_need_one_member_and_leave_those_before_them_alone() {
    let mut world = begun();
    let document = world.ok(&c(), &initializing(&playing()));
    is_over(&document);
    let document = world.ok(&server(), &starting(&[1004]));
    has(
        &document,
        &json!({"initializing": {"episode": 3, "stage": "joining"},
        "members": {"2": {"initializationEpisode": null}, "3": {"initializationEpisode": 3}}}),
    );
    world.wait_ms(1000);
    // Nobody is left in it, so it fails, which nobody notices but for the episode being over.
    let document = world.read();
    is_over(&document);
    assert_eq!(failures(&document), json!({}));
    has(&document, &json!({"membersInfo": {"count": 3}}));
    has(
        &world.ok(&server(), &starting(&[1005])),
        &json!({"initializing": {"episode": 4}}),
    );
}

#[test]
fn after_a_failed_first_episode_nobody_is_enrolled_any_more() {
    let mut world = init(&json!({}));
    world.ok(&server(), &starting(&[1001, 1002]));
    world.ok(&a(), &playing());
    world.ok(&server(), &starting(&[1003]));
    world.wait_ms(1000);
    let document = world.read();
    // Who waited has waited in vain, and the time of the reservation runs again.
    assert_eq!(failures(&document), json!({"0": "episode", "2": "episode"}));
    has(
        &document,
        &json!({"initializing": {"stage": "failed", "episode": 1},
        "nextTimer": "2026-01-02T03:04:36.0000000Z",
        "members": {"2": {"reserved": true, "initializationEpisode": null}}}),
    );
    let document = world.ok(&user(1004), &initializing(&playing()));
    has(
        &document,
        &json!({"initializing": {"stage": "failed", "episode": 1},
        "members": {"3": {"initializationEpisode": null, "initializationFailure": null}}}),
    );
    // Leaving and coming again does not help either.
    world.ok(&a(), &json!({"members": {"me": null}}));
    let document = world.ok(&a(), &initializing(&playing()));
    has(
        &document,
        &json!({"members": {"4": {"initializationFailure": null}}}),
    );
    has(&document, &json!({"initializing": {"stage": "failed"}}));
}

#[test]
fn a_first_episode_that_needs_nobody_is_passed_over() {
    let mut world = init(
        &json!({"sessionEmptyTimeout": 1000, "memberInitialization": {"membersNeededToStart": 0}}),
    );
    let document = world.ok(&server(), &json!({}));
    has(&document, &json!({"initializing": null}));
    let document = world.ok(&server(), &starting(&[1001]));
    has(&document, &json!({"initializing": {"episode": 2}}));

    // With somebody to initialise, it is not; and nobody needs to pass.
    let mut world = init(
        &json!({"sessionEmptyTimeout": 1000, "memberInitialization": {"membersNeededToStart": 0}}),
    );
    let document = world.ok(&server(), &starting(&[1001]));
    has(&document, &json!({"initializing": {"episode": 1}}));
    world.wait_ms(1000);
    is_over(&world.read());
    has(&world.document(), &json!({"membersInfo": {"count": 0}}));
}

#[test]
fn accepting_may_ask_for_initialisation_that_the_reservation_did_not() {
    let mut world = begun();
    let reserve = json!({"members": {"reserve_0": {"constants": {"system": {"xuid": "1003"}}}}});
    let document = world.ok(&a(), &reserve);
    has(&document, &json!({"initializing": null}));
    let document = world.ok(&c(), &initializing(&playing()));
    is_over(&document);
    has(
        &document,
        &json!({"members": {"2": {"constants": {"system": {"initialize": true}}}}}),
    );
    // Asking again as a member means nothing.
    world.becomes(&c(), &initializing(&playing()), Unchanged);
    assert_eq!(
        world
            .session
            .expect("a session")
            .initialization
            .expect("kept")
            .latest,
        2
    );
}

#[test]
fn an_episode_holds_the_timers_of_reserved_and_ready_members() {
    let slow = json!({"memberInitialization": {"joinTimeout": 60_000, "membersNeededToStart": 2},
        "readyRemovalTimeout": 1000, "inactiveRemovalTimeout": 5000});
    let mut world = init(&slow);
    world.ok(&server(), &starting(&[1001, 1002]));
    world.ok(&a(), &own("ready", &json!(true)));
    world.wait_ms(59_999);
    has(
        &world.read(),
        &json!({"nextTimer": "2026-01-02T03:05:05.0000000Z",
        "members": {"0": {"properties": {"system": {"ready": true}}}, "1": {"reserved": true}}}),
    );
    // The time of a ready member begins anew when the episode ends.
    let document = world.ok(&b(), &playing());
    is_over(&document);
    has(
        &document,
        &json!({"nextTimer": "2026-01-02T03:05:05.9990000Z"}),
    );
    world.wait_ms(1000);
    has(
        &world.read(),
        &json!({"members": {"0": {"properties": {"system": {"ready": null}}}}}),
    );
}

#[test]
fn an_episode_does_not_hold_the_timer_of_inactive_members() {
    let mut world = init(&json!({"inactiveRemovalTimeout": 200}));
    world.ok(&server(), &starting(&[1001, 1002]));
    world.ok(&a(), &json!({}));
    world.wait_ms(200);
    let document = world.read();
    has(
        &document,
        &json!({"initializing": {"stage": "joining"}, "members": {"0": null, "1": {"reserved": true}}}),
    );
    // B comes, and is alone.
    let document = world.ok(&b(), &playing());
    has(&document, &json!({"initializing": {"stage": "failed"}}));
    assert_eq!(failures(&document), json!({"1": "episode"}));
}

#[test]
fn a_stage_that_begins_with_an_evaluation_has_all_its_time() {
    let none = json!({"memberInitialization": {"joinTimeout": 0, "externalEvaluation": true,
        "evaluationTimeout": 0, "membersNeededToStart": 1}});
    let mut world = init(&none);
    world.ok(&server(), &starting(&[1001]));
    has(
        &world.document(),
        &json!({"initializing": {"stage": "joining"}}),
    );
    let mut world = init(&none);
    let document = world.ok(&a(), &initializing(&playing()));
    // Timers are not run in the write that starts them.
    has(
        &document,
        &json!({"initializing": {"stage": "evaluating"}, "nextTimer": "2026-01-02T03:04:05.0000000Z"}),
    );
    has(&world.read(), &json!({"initializing": {"stage": "failed"}}));
    // Nor does one evaluation run two of them.
    let mut world = init(&none);
    let mut body = initializing(&playing());
    body["members"]["reserve_0"] =
        json!({"constants": {"system": {"xuid": "1002", "initialize": true}}});
    world.ok(&a(), &body);
    world.wait_ms(10_000);
    has(
        &world.read(),
        &json!({"initializing": {"stage": "evaluating"}}),
    );
    has(&world.read(), &json!({"initializing": {"stage": "failed"}}));
}

#[test]
fn an_episode_ends_also_when_its_members_leave() {
    let mut world = init(&json!({"sessionEmptyTimeout": 5000}));
    world.ok(&server(), &starting(&[1001, 1002]));
    world.ok(&a(), &json!({"members": {"me": null}}));
    has(
        &world.document(),
        &json!({"initializing": {"stage": "joining"}}),
    );
    let document = world.ok(&server(), &json!({"members": {"1": null}}));
    has(
        &document,
        &json!({"initializing": {"stage": "failed"}, "membersInfo": {"count": 0}}),
    );
    // Without a time for empty sessions, the session is gone with them.
    let mut world = init(&json!({}));
    world.ok(&server(), &starting(&[1001, 1002]));
    world.wait_ms(1000);
    assert_eq!(world.read(), Value::Null);
}

#[test]
fn a_verdict_and_other_changes_may_come_in_one_write() {
    let mut world = init(&json!({"memberInitialization": {"externalEvaluation": true}}));
    world.ok(&server(), &starting(&[1001, 1002]));
    world.ok(&a(), &playing());
    world.ok(&b(), &playing());
    let mut body = verdict(true);
    body["properties"]["custom"] = json!({"map": "x"});
    body["members"] = starting(&[1003])["members"].clone();
    world.becomes(&a(), &body, Updated);
    has(
        &world.document(),
        &json!({"properties": {"custom": {"map": "x"}}, "initializing": {"stage": "joining", "episode": 2},
        "members": {"0": {"initializationEpisode": null}, "2": {"initializationEpisode": 2}}}),
    );
}

#[test]
fn older_contracts_have_their_own_words_for_failures() {
    let mut world = init(&json!({}));
    world.ok(&server(), &starting(&[1001, 1002]));
    world.ok(&a(), &playing());
    world.wait_ms(1000);
    world.evaluate();
    let legacy = world.document_for(None, ContractVersion::V105);
    has(
        &legacy,
        &json!({"initializing": {"stage": "failed", "episode": 1},
        "members": {"0": {"failedMetric": "quorum", "initializationFailure": "episode"}}}),
    );
    has(
        &world.document(),
        &json!({"members": {"0": {"failedMetric": null}}}),
    );
}

#[test]
fn a_session_of_before_there_were_episodes_goes_on_with_the_second() {
    let mut world = begun();
    let session = world.session.as_mut().expect("a session");
    session.initialization = None;
    has(&world.read(), &json!({"initializing": null}));
    let document = world.ok(&server(), &starting(&[1003]));
    has(&document, &json!({"initializing": {"episode": 2}}));
    assert_eq!(world.now, start());
}
