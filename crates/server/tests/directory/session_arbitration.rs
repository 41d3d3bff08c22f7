//! Tournament matches over HTTP: a server makes them, players come and report, time decides.

use serde_json::{Value, json};

use crate::fixtures::{A, B, C, active, leave, me, session};
use crate::world::{Player, StoreKind, World};

/// The body by which a server makes a match of A and B that begins after so many seconds.
fn match_of_two(seconds: u32) -> Value {
    let start = format!("2026-01-01T00:00:{seconds:02}Z");
    let place =
        |xuid: &str, team: &str| json!({"constants": {"system": {"xuid": xuid, "team": team}}});
    json!({
        "constants": {"system": {"capabilities": {"gameplay": true, "arbitration": true},
            "inviteProtocol": "tournamentGame", "maxMembersCount": 2,
            "arbitration": {"forfeitTimeout": 30_000, "arbitrationTimeout": 120_000}}},
        "members": {"reserve_0": place("1001", "red"), "reserve_1": place("1002", "blue")},
        "servers": {"arbitration": {"constants": {"system": {"startTime": start}}}},
    })
}

async fn a_match(w: &World) -> (Player, Player, Player, String) {
    let path = session("bare", "match");
    let server = w.server().await;
    let made = server.put(&path, match_of_two(10)).await.expect(201).json();
    assert_eq!(made["nextTimer"], "2026-01-01T00:00:10.0000000Z");
    (server, w.user(A).await, w.user(B).await, path)
}

fn report(winner: &str) -> Value {
    let outcome = |team: &str| if team == winner { "win" } else { "loss" };
    let results = json!({"red": {"outcome": outcome("red")}, "blue": {"outcome": outcome("blue")}});
    me(json!({"arbitration": {"results": results}}))
}

/// The status of the match, then those of its members.
fn statuses(document: &Value) -> Vec<&str> {
    let members = document["members"].as_object().expect("members").values();
    let members = members.map(|member| &member["arbitrationStatus"]);
    let all = std::iter::once(&document["arbitration"]["status"]).chain(members);
    all.map(|it| it.as_str().expect("a status")).collect()
}

fn result(document: &Value) -> &Value {
    &document["servers"]["arbitration"]["properties"]["system"]
}

every_store! {
    async fn a_tournament_match_is_waited_for_joined_played_and_decided(w: World) {
        let (_, a, b, path) = a_match(&w).await;
        let early = a.put(&path, active()).await.expect(200).json();
        assert_eq!(statuses(&early), ["waiting"; 3]);
        a.put(&path, report("red")).await.expect_naming(409, "members.me.properties.system.arbitration");
        w.advance(10_000).await;
        let begun = a.get(&path).await.expect(200).json();
        assert_eq!(statuses(&begun), ["inprogress", "playing", "joining"]);
        assert_eq!(begun["nextTimer"], "2026-01-01T00:00:40.0000000Z");
        b.put(&path, active()).await.expect(200);
        a.put(&path, report("red")).await.expect(200);
        let wrong = me(json!({"arbitration": {"results": {"red": {"outcome": "won"}}}}));
        let place = "members.me.properties.system.arbitration.results.red.outcome";
        b.put(&path, wrong).await.expect_naming(400, place);
        w.advance(30_000).await;
        let played = b.get(&path).await.expect(200).json();
        assert_eq!(statuses(&played), ["inprogress", "complete", "playing"]);
        let decided = b.put(&path, report("red")).await.expect(200).json();
        assert_eq!(statuses(&decided), ["complete"; 3]);
        let results = json!({"red": {"outcome": "win"}, "blue": {"outcome": "loss"}});
        let expected = json!({"resultState": "completed", "resultSource": "arbitration",
            "resultConfidenceLevel": 100, "results": results});
        assert_eq!(*result(&decided), expected);
        let element = a.get(&format!("{path}/servers/arbitration")).await.expect(200).json();
        assert_eq!(element["properties"]["system"], expected);
        // Contract 105 shows the same.
        let older = a.request("GET", &path).contract("105").send().await.expect(200).json();
        assert_eq!(statuses(&older), ["complete"; 3]);
        a.put(&path, report("blue")).await.expect_naming(409, "the match is decided");
        a.put(&path, leave()).await.expect(200);
        b.put(&path, leave()).await.expect_empty(204);
    }

    async fn a_match_to_which_nobody_comes_is_canceled_without_anybody_asking(w: World) {
        let (server, a, _, path) = a_match(&w).await;
        w.advance(40_000).await;
        let canceled = server.get(&path).await.expect(200).json();
        let expected = json!({"resultState": "canceled", "resultSource": "arbitration",
            "resultConfidenceLevel": 0});
        assert_eq!(*result(&canceled), expected);
        // The start and the forfeit time fell together: one change.
        assert_eq!(canceled["changeNumber"], 2);
        let late = a.put(&path, active()).await.expect(200).json();
        assert_eq!(statuses(&late), ["complete"; 3]);
        a.put(&path, leave()).await.expect(200);
        // From the arbitration time on, reservations last as long as elsewhere.
        w.advance(119_999).await;
        assert_eq!(server.get(&path).await.expect(200).json()["membersInfo"]["count"], 1);
        w.advance(1).await;
        server.get(&path).await.expect_empty(204);
    }

    async fn players_do_not_change_who_plays_in_a_match(w: World) {
        let (server, a, _, path) = a_match(&w).await;
        let c = w.user(C).await;
        a.put(&path, active()).await.expect(200);
        let refused = c.put(&path, active()).await;
        assert_eq!(refused.header("x-convoke-refusal"), Some("arbitration.roster; path=members.me"));
        // Whoever may read the session sees it in place of a text.
        assert_eq!(refused.expect(403).json()["membersInfo"]["count"], 2);
        a.put(&path, leave()).await.expect(403);
        a.delete(&format!("{path}/members/me")).await.expect(403);
        let seat = json!({"members": {"reserve_0": {"constants": {"system": {"xuid": "1003"}}}}});
        a.put(&path, seat.clone()).await.expect(403);
        server.put(&path, seat.clone()).await.expect_naming(400, "members.reserve_0");
        server.delete(&format!("{path}/members/1")).await.expect(200);
        server.put(&path, seat).await.expect(200);
        c.put(&path, active()).await.expect(200);
        server.delete(&format!("{path}/servers/arbitration")).await.expect_naming(409, "servers.arbitration");
    }

    async fn a_match_without_a_start_time_is_not_made(w: World) {
        let (server, path) = (w.server().await, session("bare", "none"));
        let mut body = match_of_two(10);
        body["servers"] = json!({});
        let place = "servers.arbitration.constants.system.startTime";
        server.put(&path, body.clone()).await.expect_naming(400, place);
        body["servers"] = json!({"arbitration": {"constants": {"system": {"startTime": "noon"}}}});
        server.put(&path, body).await.expect_naming(400, place);
        server.get(&path).await.expect_empty(204);
    }

    async fn a_game_server_writes_the_result_itself(w: World) {
        let (server, a, _, path) = a_match(&w).await;
        let write = |system: Value| json!({"servers": {"arbitration": {"properties": {"system": system}}}});
        let won = json!({"resultState": "completed", "resultSource": "server",
            "resultConfidenceLevel": 100, "results": {"red": {"outcome": "win"}}});
        a.put(&path, write(won.clone())).await.expect_text(403);
        let decided = server.put(&path, write(won.clone())).await.expect(200).json();
        assert_eq!((result(&decided), &statuses(&decided)[..]), (&won, &["complete"; 3][..]));
        let place = "servers.arbitration.properties.system.resultConfidenceLevel";
        let doubtful = write(json!({"resultConfidenceLevel": 200}));
        server.put(&path, doubtful).await.expect_naming(400, place);
        w.advance(60_000).await;
        assert_eq!(*result(&a.get(&path).await.expect(200).json()), won);
    }
}

#[tokio::test]
async fn a_match_goes_on_after_a_restart() {
    for store in [StoreKind::Sqlite, StoreKind::Log] {
        let w = World::new(store).await;
        let (_, a, _, path) = a_match(&w).await;
        w.advance(10_000).await;
        a.put(&path, active()).await.expect(200);
        a.put(&path, report("red")).await.expect(200);
        w.user(B).await.put(&path, active()).await.expect(200);
        let w = w.restart().await;
        w.advance(120_000).await;
        let decided = w.user(A).await.get(&path).await.expect(200).json();
        assert_eq!(result(&decided)["resultState"], "partialresults");
        assert_eq!(
            statuses(&decided),
            ["complete", "complete", "incomplete"],
            "{store:?}"
        );
    }
}
