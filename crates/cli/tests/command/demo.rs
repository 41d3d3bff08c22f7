//! `convoke demo` tells its whole story and ends well.

use crate::process::{json, run, run_well, text};

#[test]
fn every_step_is_told_and_answered() {
    let out = run_well(&["demo"]);
    for step in [
        " 1. Players A, B and C get tokens",
        " 2. A creates a session",
        " 3. A tells the world about it with an activity handle",
        " 4. B asks what A is doing",
        " 5. B joins through the handle",
        " 6. A invites C",
        " 7. C accepts the invitation",
        " 8. A chooses a map, but still has the ETag of the creation",
        " 9. A tries again with the current ETag",
        "10. C and B leave",
        "11. A leaves, and with the last member the session is gone",
        "12. There is no such session any more",
        "13. And the old handle leads nowhere",
        "All 16 answers of 13 steps were as told.",
    ] {
        assert!(out.contains(step), "`{step}` is not in\n{out}");
    }
    assert!(
        !out.contains('\u{1b}'),
        "colours without a terminal:\n{out}"
    );
}

#[test]
fn the_scenario_browse_is_told_to_its_end() {
    let out = run_well(&["demo", "--scenario", "browse"]);
    for step in [
        " 2. A opens a group for a raid",
        " 3. A posts it for search",
        " 6. C looks at all groups, the lowest level first",
        "2 found: search handle",
        " 7. C wants raids from level 30 on",
        " 8. C forgets a quote, and is told where",
        " 9. C joins the group through the handle that was found",
        "10. B looks for groups that want one to two more",
        "12. The old handle leads nowhere",
        "13. A, who owns the group, leaves",
        "All 17 answers of 13 steps were as told.",
    ] {
        assert!(out.contains(step), "`{step}` is not in\n{out}");
    }
}

#[test]
fn as_json_every_exchange_is_one_object() {
    let out = run_well(&["demo", "--json"]);
    let exchanges: Vec<_> = out.lines().map(json).collect();
    let statuses: Vec<_> = exchanges
        .iter()
        .map(|it| it["answer"]["status"].as_u64().expect("a number"))
        .collect();
    assert_eq!(
        statuses,
        [
            200, 200, 200, 201, 201, 200, 200, 201, 200, 412, 200, 200, 200, 204, 204, 404
        ]
    );
    for exchange in &exchanges {
        assert_eq!(exchange["answer"]["status"], exchange["expectedStatus"]);
        assert!(exchange["request"]["path"].is_string(), "{exchange}");
    }
}

#[test]
fn verbose_shows_whole_documents() {
    let out = run_well(&["demo", "--verbose"]);
    for part in [
        "x-xbl-contract-version: 107",
        "if-match: *",
        "\"membersInfo\": {",
    ] {
        assert!(out.contains(part), "`{part}` is not in\n{out}");
    }
}

#[test]
fn forms_of_output_exclude_each_other() {
    let output = run(&["demo", "--json", "--verbose"]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
}

#[test]
fn matches_of_two_and_of_four_measure_and_are_judged() {
    let out = run_well(&["demo", "--scenario", "qos"]);
    for part in [
        " 2. A makes a match with B",
        "change 1 of the session: 0 is A (active), 1 is 1002 (reserved); episode 1: joining",
        " 3. B comes",
        "change 2 of the session: 0 is A (active), 1 is B (active); episode 1: measuring",
        "could be the host: B, A",
        "the host is B",
        " 8. A makes a match with B, C and D",
        "10. D does not, and the match goes on without",
        "2 is C (active, failed by latency); could be the host: A, B",
        "13. D comes after all",
        "episode 2: measuring",
        "All 24 answers of 14 steps were as told.",
    ] {
        assert!(out.contains(part), "`{part}` is not in\n{out}");
    }
}
