//! Arbitrated sessions: the timeline of a match, its roster, what players report, and what comes of
//! it. Seconds count from the creation of the session; the match begins after ten.

use convoke_core::Caller;
use convoke_core::refusal::Rule;
use convoke_core::session::Disposition;
use serde_json::{Value, json};

use crate::support::{World, a, b, c, has, playing, server, template, user};

const RESULT: &str = "properties.system.arbitration";
const ENTRY: &str = "servers.arbitration";

fn arbitrated(more: &Value) -> Value {
    let mut constants = json!({"capabilities": {"gameplay": true, "arbitration": true},
        "arbitration": {"forfeitTimeout": 60_000, "arbitrationTimeout": 300_000}});
    for (name, value) in more.as_object().expect("an object") {
        constants[name] = value.clone();
    }
    constants
}

fn entry(start: &str) -> Value {
    json!({"arbitration": {"constants": {"system": {"startTime": start}}}})
}

/// The body that makes a match of so many users, each a team of their own.
fn making(players: u64) -> Value {
    let places = (0..players).map(|number| {
        let (xuid, team) = ((1001 + number).to_string(), format!("team{number}"));
        let place = json!({"constants": {"system": {"xuid": xuid, "team": team}}});
        (format!("reserve_{number}"), place)
    });
    let members: serde_json::Map<_, _> = places.collect();
    json!({"members": members, "servers": entry("2026-01-02T03:04:15Z")})
}

/// A match that has not begun.
fn a_match(players: u64) -> World {
    let mut world = World::new(&arbitrated(&json!({})));
    world.ok(&server(), &making(players));
    world
}

/// A match that has begun, in which all are active.
fn a_match_played_by(players: u64) -> World {
    let mut world = a_match(players);
    world.wait_ms(10_000);
    for xuid in 1001..1001 + players {
        world.ok(&user(xuid), &playing());
    }
    world
}

fn reporting(results: &Value) -> Value {
    let report = Value::from_iter([("results", results.clone())]);
    let system = Value::from_iter([("arbitration", report)]);
    json!({"members": {"me": {"properties": {"system": system}}}})
}

fn won_by(team: &str) -> Value {
    let outcome = |other: &str| if other == team { "win" } else { "loss" };
    json!({"team0": {"outcome": outcome("team0")}, "team1": {"outcome": outcome("team1")}})
}

fn away() -> Value {
    json!({"members": {"me": {"properties": {"system": {"active": false}}}}})
}

/// The status of the match, then those of its members.
fn statuses(document: &Value) -> Vec<String> {
    let members = document["members"].as_object().expect("members").values();
    let members = members.map(|member| &member["arbitrationStatus"]);
    let all = std::iter::once(&document["arbitration"]["status"]).chain(members);
    all.map(|it| it.as_str().expect("a status").to_owned())
        .collect()
}

fn result(document: &Value) -> Value {
    document["servers"]["arbitration"]["properties"]["system"].clone()
}

#[test]
fn a_match_waits_for_its_start_is_joined_played_reported_and_decided_at_the_forfeit_time() {
    let mut world = a_match(2);
    let made = world.read();
    assert_eq!(statuses(&made), ["waiting"; 3]);
    has(
        &made,
        &json!({"nextTimer": "2026-01-02T03:04:15.0000000Z", "changeNumber": 1}),
    );
    world.wait_ms(9_999);
    assert_eq!(world.read()["changeNumber"], 1);
    world.wait_ms(1);
    let begun = world.read();
    assert_eq!(statuses(&begun), ["joining"; 3]);
    has(
        &begun,
        &json!({"nextTimer": "2026-01-02T03:05:15.0000000Z", "changeNumber": 2}),
    );
    let joined = world.ok(&a(), &playing());
    assert_eq!(statuses(&joined), ["inprogress", "playing", "joining"]);
    world.ok(&b(), &playing());
    world.ok(&a(), &reporting(&won_by("team0")));
    let reported = world.ok(&b(), &reporting(&won_by("team0")));
    // All have reported, and still somebody could come.
    assert_eq!(statuses(&reported), ["inprogress", "complete", "complete"]);
    assert_eq!(result(&reported), json!({}));
    world.wait_ms(60_000);
    let decided = world.read();
    let expected = json!({"resultState": "completed", "resultSource": "arbitration",
        "resultConfidenceLevel": 100, "results": won_by("team0")});
    assert_eq!(result(&decided), expected);
    assert_eq!(statuses(&decided), ["complete"; 3]);
    // Nothing is waited for any more.
    has(&decided, &json!({"nextTimer": null}));
}

#[test]
fn after_the_forfeit_time_the_last_report_decides() {
    let mut world = a_match_played_by(2);
    world.wait_ms(60_000);
    has(
        &world.read(),
        &json!({"nextTimer": "2026-01-02T03:09:15.0000000Z"}),
    );
    let first = world.ok(&a(), &reporting(&won_by("team0")));
    assert_eq!(result(&first), json!({}));
    let number = first["changeNumber"].as_u64().expect("a number");
    let last = world.ok(&b(), &reporting(&won_by("team0")));
    has(&result(&last), &json!({"resultState": "completed"}));
    // The report and what comes of it are one change.
    assert_eq!(last["changeNumber"], number + 1);
    // As does whoever is not active any more, without a report.
    let mut world = a_match_played_by(2);
    world.wait_ms(60_000);
    world.ok(&a(), &reporting(&won_by("team0")));
    let gone = world.ok(&b(), &away());
    has(
        &result(&gone),
        &json!({"resultState": "completed", "resultConfidenceLevel": 100}),
    );
    assert_eq!(statuses(&gone), ["complete"; 3]);
}

#[test]
fn a_match_to_which_nobody_comes_is_canceled_at_the_forfeit_time() {
    let mut world = a_match(2);
    world.wait_ms(69_999);
    assert_eq!(statuses(&world.read()), ["joining"; 3]);
    world.wait_ms(1);
    let canceled = world.read();
    let expected = json!({"resultState": "canceled", "resultSource": "arbitration",
        "resultConfidenceLevel": 0});
    assert_eq!(result(&canceled), expected);
    assert_eq!(statuses(&canceled), ["complete"; 3]);
    // Whoever came and went was there.
    let mut world = a_match(2);
    world.wait_ms(10_000);
    world.ok(&a(), &playing());
    world.ok(&a(), &away());
    world.wait_ms(60_000);
    let document = world.read();
    assert_eq!(result(&document), json!({}));
    assert_eq!(statuses(&document), ["inprogress", "playing", "joining"]);
}

#[test]
fn time_takes_nobody_off_the_roster_before_the_arbitration_time() {
    // Reservations last 30 s and inactivity none at all, and still everybody is there.
    let mut world = a_match(2);
    world.wait_ms(10_000);
    world.ok(&a(), &json!({"members": {"me": {}}}));
    world.wait_ms(299_999);
    has(
        &world.read(),
        &json!({"membersInfo": {"count": 2, "accepted": 1},
        "nextTimer": "2026-01-02T03:09:15.0000000Z"}),
    );
    world.wait_ms(1);
    has(
        &world.read(),
        &json!({"membersInfo": {"count": 1, "accepted": 0},
        "nextTimer": "2026-01-02T03:09:45.0000000Z"}),
    );
    world.wait_ms(30_000);
    assert_eq!(world.read(), Value::Null);
}

#[test]
fn at_the_arbitration_time_what_is_there_counts() {
    let mut world = a_match_played_by(2);
    world.ok(&a(), &reporting(&won_by("team1")));
    world.wait_ms(299_999);
    assert_eq!(result(&world.read()), json!({}));
    world.wait_ms(1);
    let partial = world.read();
    let expected = json!({"resultState": "partialresults", "resultSource": "arbitration",
        "resultConfidenceLevel": 100, "results": won_by("team1")});
    assert_eq!(result(&partial), expected);
    assert_eq!(statuses(&partial), ["complete", "complete", "incomplete"]);
    let mut world = a_match_played_by(2);
    world.wait_ms(300_000);
    let nothing = world.read();
    let expected = json!({"resultState": "noresults", "resultSource": "arbitration",
        "resultConfidenceLevel": 0});
    assert_eq!(result(&nothing), expected);
    assert_eq!(statuses(&nothing), ["complete", "incomplete", "incomplete"]);
}

#[test]
fn the_most_frequent_report_wins_and_its_share_is_the_confidence() {
    let ranked = |first: u64| json!({"team0": {"outcome": "rank", "ranking": first}, "team1": {"outcome": "noshow"}});
    let rows: [(&[u64], u64, u64); 7] = [
        (&[1], 1, 100),
        (&[1, 1], 1, 100),
        (&[2, 1], 2, 0),
        (&[3, 2, 1], 3, 0),
        (&[2, 1, 1], 1, 50),
        // As in the example of the documentation.
        (&[7, 7, 1, 7, 7], 7, 75),
        (&[1, 2, 2, 1, 3], 1, 25),
    ];
    for (reports, winner, confidence) in rows {
        let mut world = a_match_played_by(reports.len() as u64);
        for (xuid, first) in (1001..).zip(reports) {
            world.ok(&user(xuid), &reporting(&ranked(*first)));
        }
        world.wait_ms(60_000);
        let decided = result(&world.read());
        let expected = json!({"resultConfidenceLevel": confidence, "results": ranked(winner)});
        has(&decided, &expected);
    }
}

#[test]
fn results_are_reported_from_the_start_until_the_match_is_decided() {
    let mut world = a_match(2);
    world.ok(&a(), &playing());
    let path = format!("members.me.{RESULT}");
    let report = reporting(&won_by("team0"));
    world.refused(&a(), &report, Rule::ArbitrationTime, &path);
    world.wait_ms(10_000);
    world.ok(&a(), &report);
    // Players may change their minds, and say nothing after all.
    world.ok(&a(), &reporting(&won_by("team1")));
    let silent = json!({"members": {"me": {"properties": {"system": {"arbitration": null}}}}});
    let document = world.ok(&a(), &silent);
    assert_eq!(statuses(&document), ["inprogress", "playing", "joining"]);
    world.ok(&a(), &report);
    world.wait_ms(60_000);
    has(&result(&world.read()), &json!({"resultState": "completed"}));
    world.becomes(&a(), &report, Disposition::Unchanged);
    world.refused(
        &a(),
        &reporting(&won_by("team1")),
        Rule::ArbitrationTime,
        &path,
    );
    world.refused(&a(), &silent, Rule::ArbitrationTime, &path);
    world.ok(&b(), &playing());
    world.refused(&b(), &report, Rule::ArbitrationTime, &path);
    // Clearing everything leaves what was reported.
    let clear = json!({"members": {"me": {"properties": {"system": null}}}});
    let cleared = world.ok(&a(), &clear);
    assert_eq!(
        cleared["members"]["0"]["properties"]["system"],
        json!({"arbitration": {"results": won_by("team0")}})
    );
    let mut elsewhere = World::new(&json!({"capabilities": {"gameplay": true}}));
    elsewhere.ok(&a(), &playing());
    // In other sessions it is kept and means nothing.
    let kept = elsewhere.ok(&a(), &report);
    has(
        &kept,
        &json!({"arbitration": null, "members": {"0": {"arbitrationStatus": null,
        "properties": {"system": {"arbitration": {"results": won_by("team0")}}}}}}),
    );
}

#[test]
fn a_report_has_the_outcome_of_each_team() {
    let mut world = a_match_played_by(2);
    let many: serde_json::Map<_, _> = (0..101)
        .map(|team| (format!("t{team}"), json!({"outcome": "draw"})))
        .collect();
    let team = |result: Value| json!({"results": {"red": result}});
    let rows = [
        (json!([]), ""),
        (json!({}), ""),
        (json!({"results": {}}), ".results"),
        (json!({"results": many}), ".results"),
        (json!({"results": {}, "score": 1}), ".score"),
        (team(json!("win")), ".results.red"),
        (team(json!({})), ".results.red"),
        (team(json!({"outcome": "won"})), ".results.red.outcome"),
        (
            team(json!({"outcome": "win", "score": 1})),
            ".results.red.score",
        ),
        (
            team(json!({"outcome": "win", "ranking": 1})),
            ".results.red.ranking",
        ),
        (team(json!({"outcome": "rank"})), ".results.red.ranking"),
        (
            team(json!({"outcome": "rank", "ranking": 0})),
            ".results.red.ranking",
        ),
        (
            team(json!({"outcome": "rank", "ranking": -1})),
            ".results.red.ranking",
        ),
    ];
    for (report, place) in rows {
        let system = Value::from_iter([("arbitration", report)]);
        let body = json!({"members": {"me": {"properties": {"system": system}}}});
        let path = format!("members.me.{RESULT}{place}");
        world.refused(&a(), &body, Rule::ArbitrationResults, &path);
    }
    for outcome in ["win", "loss", "draw", "noshow", "nocontest", "Win"] {
        world.ok(&a(), &reporting(&json!({"red": {"outcome": outcome}})));
    }
}

#[test]
fn users_do_not_change_the_roster() {
    let leaving = json!({"members": {"me": null}});
    let reserving = json!({"members": {"reserve_0": {"constants": {"system": {"xuid": "1003"}}}}});
    let removing = json!({"members": {"1": null}});
    let mut world = World::new(&arbitrated(&json!({"capabilities":
        {"gameplay": true, "arbitration": true, "hasOwners": true}})));
    world.ok(&server(), &making(2));
    world.ok(
        &server(),
        &json!({"properties": {"system": {"owners": [0]}}}),
    );
    world.ok(&a(), &playing());
    world.refused(&c(), &playing(), Rule::RosterFixed, "members.me");
    world.refused(&a(), &leaving, Rule::RosterFixed, "members.me");
    world.refused(&a(), &reserving, Rule::RosterFixed, "members.reserve_0");
    world.refused(&a(), &removing, Rule::RosterFixed, "members.1");
    // Whom the server has reserved a place for may come, and the server chooses whom it wants.
    world.ok(&b(), &playing());
    world.ok(&server(), &reserving);
    world.ok(&c(), &playing());
    world.ok(&server(), &removing);
    world.refused(&b(), &playing(), Rule::RosterFixed, "members.me");
    // When the match is decided, players may go, and still nobody comes.
    let decided = json!({"resultState": "completed", "resultSource": "server"});
    let decided = json!({"arbitration": {"properties": {"system": decided}}});
    world.ok(&server(), &json!({"servers": decided}));
    world.refused(&b(), &playing(), Rule::RosterFixed, "members.me");
    has(
        &world.ok(&c(), &leaving),
        &json!({"membersInfo": {"count": 1}}),
    );
}

#[test]
fn a_game_server_decides_when_it_will_and_corrects_itself() {
    let mut world = a_match(2);
    let write =
        |system: Value| json!({"servers": {"arbitration": {"properties": {"system": system}}}});
    world.ok(&a(), &playing());
    let won = json!({"resultState": "completed", "resultSource": "server",
        "resultConfidenceLevel": 100, "results": won_by("team0")});
    let decided = world.ok(&server(), &write(won.clone()));
    assert_eq!(statuses(&decided), ["complete"; 3]);
    assert_eq!(result(&decided), won);
    // The one who has not come is waited for until then, and no longer than reservations last.
    has(
        &decided,
        &json!({"nextTimer": "2026-01-02T03:09:45.0000000Z"}),
    );
    let adjusted = json!({"resultSource": "adjusted", "results": won_by("team1")});
    let document = world.ok(&server(), &write(adjusted));
    has(
        &result(&document),
        &json!({"resultSource": "adjusted", "results": won_by("team1")}),
    );
    // Time changes nothing of it.
    world.wait_ms(400_000);
    has(&result(&world.read()), &json!({"resultSource": "adjusted"}));
    // What is taken back is undecided, and at this time decided anew.
    let back = json!({"resultState": null, "results": null});
    let document = world.ok(&server(), &write(back));
    has(
        &result(&document),
        &json!({"resultState": "noresults", "resultSource": "arbitration",
        "resultConfidenceLevel": 0, "results": null}),
    );
    let rows: [(Value, &str); 9] = [
        (json!({"resultState": "won"}), "resultState"),
        (json!({"resultState": 1}), "resultState"),
        (json!({"resultSource": "referee"}), "resultSource"),
        (
            json!({"resultConfidenceLevel": 101}),
            "resultConfidenceLevel",
        ),
        (
            json!({"resultConfidenceLevel": "high"}),
            "resultConfidenceLevel",
        ),
        (
            json!({"results": {"team0": {"outcome": "won"}}}),
            "results.team0.outcome",
        ),
        (json!({"results": won_by("team0")}), "results"),
        (
            json!({"resultState": "canceled", "results": won_by("team0")}),
            "results",
        ),
        (
            json!({"resultState": null, "results": won_by("team0")}),
            "resultState",
        ),
    ];
    for (system, field) in rows {
        let path = format!("{ENTRY}.properties.system.{field}");
        world.refused(&server(), &write(system), Rule::ArbitrationEntry, &path);
    }
    let odd = write(json!({"resultState": "completed", "results": {}}));
    let path = format!("{ENTRY}.properties.system.results");
    world.refused(&server(), &odd, Rule::ArbitrationResults, &path);
    world.refused(&a(), &write(won), Rule::ServersOnly, "servers");
}

#[test]
fn a_match_is_made_by_a_server_with_its_start_time_for_good() {
    let mut world = World::new(&arbitrated(&json!({})));
    let start = format!("{ENTRY}.constants.system.startTime");
    let seats = json!({"reserve_0": {"constants": {"system": {"xuid": "1001"}}}});
    let with = |servers: Value| json!({"members": seats, "servers": servers});
    let mut refused = |caller: &Caller, body: &Value, rule: Rule, path: &str| {
        world.refused(caller, body, rule, path);
    };
    let creation = "constants.system.capabilities.arbitration";
    refused(&a(), &playing(), Rule::ServerCreated, creation);
    refused(&server(), &with(json!({})), Rule::ArbitrationEntry, &start);
    refused(
        &server(),
        &with(json!({"arbitration": {}})),
        Rule::ArbitrationEntry,
        &start,
    );
    for wrong in [json!("noon"), json!(10), json!("2026-01-02T03:04:15")] {
        let mut servers = entry("");
        servers["arbitration"]["constants"]["system"]["startTime"] = wrong;
        refused(&server(), &with(servers), Rule::ArbitrationEntry, &start);
    }
    let managed = arbitrated(&json!({"memberInitialization": {}}));
    let refusal = template(&managed).expect_err("excluded");
    let found = (refusal.rule, refusal.path.as_str());
    assert_eq!(
        found,
        (
            Rule::InvalidCombination,
            "constants.system.memberInitialization"
        )
    );
    let mut world = a_match(1);
    let gone = json!({"servers": {"arbitration": null}});
    world.refused(&server(), &gone, Rule::ConstantConflict, ENTRY);
    let later = json!({"servers": entry("2026-01-02T04:00:00Z")});
    world.refused(
        &server(),
        &later,
        Rule::ConstantConflict,
        &format!("{ENTRY}.constants"),
    );
    // Other entries come and go.
    world.ok(&server(), &json!({"servers": {"cloud": {}}}));
    world.ok(&server(), &json!({"servers": {"cloud": null}}));
}

#[test]
fn a_match_that_begins_at_once_or_began_before_is_where_the_clock_is() {
    let made = |start: &str| {
        let mut world = World::new(&arbitrated(&json!({})));
        let mut body = making(1);
        body["servers"] = entry(start);
        world.ok(&server(), &body)
    };
    // Scenarios begin at 03:04:05.
    assert_eq!(statuses(&made("2026-01-02T03:04:05Z")), ["joining"; 2]);
    assert_eq!(
        statuses(&made("2026-01-02T05:04:05.1+02:00")),
        ["waiting"; 2]
    );
    let late = made("2026-01-02T03:03:05Z");
    has(&result(&late), &json!({"resultState": "canceled"}));
    // Without times of its own a match has a minute for coming and five for all.
    let mut world = World::new(&json!({"capabilities": {"gameplay": true, "arbitration": true}}));
    world.ok(&server(), &making(1));
    world.wait_ms(10_000);
    has(
        &world.read(),
        &json!({"nextTimer": "2026-01-02T03:05:15.0000000Z"}),
    );
    world.ok(&a(), &playing());
    world.wait_ms(60_000);
    has(
        &world.read(),
        &json!({"nextTimer": "2026-01-02T03:09:15.0000000Z"}),
    );
    // Times beyond the calendar never come.
    let endless = 1_u64 << 51;
    let times = json!({"forfeitTimeout": endless, "arbitrationTimeout": endless});
    let mut world = World::new(&arbitrated(&json!({"arbitration": times})));
    world.ok(&server(), &making(1));
    world.wait_ms(10_000);
    has(
        &world.read(),
        &json!({"nextTimer": null, "membersInfo": {"count": 1}}),
    );
}
