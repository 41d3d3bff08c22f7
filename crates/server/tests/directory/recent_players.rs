//! Whom users have met in play: reported by titles and servers, read at the people hub.

use std::path::Path;

use convoke_core::activity::ActivityKey;
use convoke_core::recent_players::RecentPlayersKey;
use convoke_store::{SqliteStore, Store as _};
use convoke_wire::{Sandbox, TitleId, Xuid};
use serde_json::{Value, json};

use crate::activities::refused;
use crate::handle_steps::{cast, cast_in};
use crate::people::coded;
use crate::world::{Player, StoreKind, World};

const PATH: &str = "/titles/777/recentplayers";
const USERS: &str = "/titles/777/recentplayers/server";
const GROUPS: &str = "/titles/777/recentplayergroups/server";
pub(crate) const HUB: &str = "/users/me/people/recentplayers";
const START: &str = "2026-01-01T00:00:00.0000000Z";
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

const WRONG: &str = "RequestValidationError";
const FORBIDDEN: &str = "AuthorizationError";

fn encounter(id: &str) -> Value {
    json!({"id": id, "timestamp": "2026-01-01T00:00:00Z", "encounterType": "Teammate"})
}

/// Whom a user has met, and where and when, as the people hub tells.
pub(crate) async fn met(player: &Player) -> Value {
    let document = player.get(HUB).await.expect(200).json();
    let people = document["people"].as_array().expect("a list").iter();
    let people = people.map(|person| json!([person["xuid"], person["recentPlayer"]["titles"]]));
    people.collect()
}

fn title(time: &str) -> Value {
    json!([{"titleName": "Title 777", "lastPlayedWithDateTime": time}])
}

fn many(count: usize) -> Vec<Value> {
    let users = (2000..).map(|user: u32| encounter(&user.to_string()));
    users.take(count).collect()
}

every_store! {
    async fn h100_a_user_reports_whom_the_user_has_met(w: World) {
        let c = cast(&w).await;
        assert_eq!(met(&c.a).await, json!([]));
        c.a.post(PATH, json!({"recentPlayers": [encounter("1002")]})).await.expect_empty(204);
        assert_eq!(met(&c.a).await, json!([["1002", title(START)]]));
        // Only the list of whoever reports changes.
        assert_eq!(met(&c.b).await, json!([]));
        let person = c.a.get(HUB).await.json()["people"][0].clone();
        assert_eq!(person["recentPlayer"]["text"], "Title 777");
        assert_eq!(person["isFriend"], false);
        c.a.post(PATH, json!({"recentPlayers": many(100)})).await.expect_empty(204);
        let expected = "recentPlayers: expected 1 to 100 players, found 101";
        refused(c.a.post(PATH, json!({"recentPlayers": many(101)})).await, WRONG, expected);
        refused(c.a.post(PATH, json!({"recentPlayers": []})).await, WRONG, "found 0");
        let unknown = json!({"recentPlayers": [{"id": "1002", "timestamp": START, "encounterType": "Enemy"}]});
        refused(c.a.post(PATH, unknown).await, WRONG, "recentPlayers.0.encounterType");
        let timeless = json!({"recentPlayers": [{"id": "1002"}]});
        refused(c.a.post(PATH, timeless).await, WRONG, "recentPlayers.0");
        let elsewhere = cast_in(&w, "778").await;
        let body = json!({"recentPlayers": [encounter("1002")]});
        refused(elsewhere.a.post(PATH, body.clone()).await, FORBIDDEN, "the title of the path");
        refused(c.svc.post(PATH, body).await, FORBIDDEN, "XUID");
    }

    async fn a_server_reports_for_users_and_for_groups(w: World) {
        let c = cast(&w).await;
        let one = |xuid: &str, other: &str| json!({"xuid": xuid, "recentPlayers": [encounter(other)]});
        let body = json!({"recentPlayersByXuid": [one("1001", "1002"), one("1002", "1003")]});
        refused(c.a.post(USERS, body.clone()).await, FORBIDDEN, "this address is for servers");
        c.svc.post(USERS, body).await.expect_empty(204);
        assert_eq!(met(&c.a).await, json!([["1002", title(START)]]));
        assert_eq!(met(&c.b).await, json!([["1003", title(START)]]));
        let group = |ids: &[&str]| {
            let players: Vec<Value> = ids.iter().map(|id| json!({"id": id, "network": "XboxLive"})).collect();
            json!({"recentPlayers": players})
        };
        w.advance(1_000).await;
        let body = json!({"recentPlayerGroups": [group(&["1001", "1003", "1004"])]});
        refused(c.a.post(GROUPS, body.clone()).await, FORBIDDEN, "this address is for servers");
        c.svc.post(GROUPS, body).await.expect_empty(204);
        let now = title("2026-01-01T00:00:01.0000000Z");
        assert_eq!(met(&c.a).await, json!([["1003", now], ["1004", now], ["1002", title(START)]]));
        assert_eq!(met(&c.c).await, json!([["1001", now], ["1004", now]]));
        assert_eq!(met(&c.d).await, json!([["1001", now], ["1003", now]]));
        assert_eq!(met(&c.b).await, json!([["1003", title(START)]]));
        let lonely = json!({"recentPlayerGroups": [group(&["1001"])]});
        let expected = "recentPlayerGroups.0.recentPlayers: expected 2 to 100 players, found 1";
        refused(c.svc.post(GROUPS, lonely).await, WRONG, expected);
        let lists = json!({"recentPlayersByXuid": vec![one("1001", "1002"); 21]});
        refused(c.svc.post(USERS, lists).await, WRONG, "recentPlayersByXuid: expected 1 to 20 entries, found 21");
        let groups = json!({"recentPlayerGroups": vec![group(&["1", "2"]); 21]});
        refused(c.svc.post(GROUPS, groups).await, WRONG, "recentPlayerGroups: expected 1 to 20 entries, found 21");
        c.a.get(GROUPS).await.expect(405);
    }

    async fn the_last_encounter_counts_and_is_forgotten_after_thirty_days(w: World) {
        let c = cast(&w).await;
        let report = |time: &str| json!({"recentPlayers": [{"id": "1002", "timestamp": time}]});
        c.a.post(PATH, report("2025-12-31T00:00:00Z")).await.expect_empty(204);
        c.a.post(PATH, report("2025-12-30T00:00:00Z")).await.expect_empty(204);
        let day = title("2025-12-31T00:00:00.0000000Z");
        assert_eq!(met(&c.a).await, json!([["1002", day]]));
        // Clients' clocks may be wrong; nobody has met anybody in the future, or long ago.
        // B has not met B either.
        c.b.post(PATH, report("2026-01-01T00:00:00Z")).await.expect_empty(204);
        assert_eq!(met(&c.b).await, json!([]));
        c.c.post(PATH, report("2030-01-01T00:00:00Z")).await.expect_empty(204);
        assert_eq!(met(&c.c).await, json!([["1002", title(START)]]));
        c.d.post(PATH, report("2025-12-01T00:00:00Z")).await.expect_empty(204);
        assert_eq!(met(&c.d).await, json!([]));
        w.advance(29 * DAY_MS - 1).await;
        let c = cast(&w).await;
        assert_eq!(met(&c.a).await, json!([["1002", day]]));
        w.advance(1).await;
        let c = cast(&w).await;
        assert_eq!(met(&c.a).await, json!([]));
        assert_eq!(met(&c.c).await, json!([["1002", title(START)]]));
    }

    async fn recent_players_are_shown_to_nobody_else(w: World) {
        let c = cast(&w).await;
        c.a.post(PATH, json!({"recentPlayers": [encounter("1002")]})).await.expect_empty(204);
        coded(c.b.get("/users/xuid(1001)/people/recentplayers").await, 403, 1011);
        let reader = w.token(json!({"roles": ["people.read"]})).await;
        let people = reader.get("/users/xuid(1001)/people/recentplayers").await.expect(200).json();
        assert_eq!(people["people"][0]["xuid"], "1002");
        // Friends and others have nothing of it.
        let friends = c.a.get("/users/me/people/xuids(1002)").await.json();
        assert_eq!(friends["people"][0].get("recentPlayer"), None);
    }
}

#[tokio::test]
async fn recent_players_survive_a_restart_of_the_service() {
    for store in [StoreKind::Sqlite, StoreKind::Log] {
        let w = World::new(store).await;
        let c = cast(&w).await;
        let body = json!({"recentPlayers": [encounter("1002")]});
        c.a.post(PATH, body).await.expect_empty(204);
        let w = w.restart().await;
        let c = cast(&w).await;
        assert_eq!(
            met(&c.a).await,
            json!([["1002", title(START)]]),
            "{store:?}"
        );
    }
}

#[tokio::test]
async fn what_is_over_is_swept_from_the_store() {
    let w = World::new(StoreKind::Sqlite).await;
    let c = cast(&w).await;
    let activity =
        json!({"sequenceNumber": "10", "connectionString": "", "joinRestriction": "Public"});
    let path = "/titles/777/users/1001/activities";
    c.a.put(path, activity).await.expect_empty(204);
    let body = json!({"recentPlayers": [encounter("1002")]});
    c.a.post(PATH, body).await.expect_empty(204);
    let sandbox = Sandbox::default();
    let activity = ActivityKey {
        sandbox: sandbox.clone(),
        owner: Xuid(1001),
        title_id: TitleId(777),
    };
    let met = RecentPlayersKey {
        sandbox,
        owner: Xuid(1001),
    };
    let mut w = w;
    for (days, activities, lists) in [(0, 1, 1), (1, 0, 1), (29, 0, 0)] {
        w.advance_lazily(days * DAY_MS);
        w.app().sweep().await;
        let look = |data: &Path| {
            let store = SqliteStore::open(data).expect("a store");
            let found = store.activity(&activity).expect("an answer");
            assert_eq!(usize::from(found.is_some()), activities, "{days}");
            let found = store.recent_players(&met).expect("an answer");
            assert_eq!(usize::from(found.is_some()), lists, "{days}");
        };
        w = w.restart_after(look).await;
    }
}

#[tokio::test]
async fn activities_have_limits_of_their_own() {
    let w = World::limited().await;
    let c = cast(&w).await;
    for _ in 0..30 {
        let body = json!({"recentPlayers": [encounter("1002")]});
        c.a.post(PATH, body).await.expect_empty(204);
    }
    let answer = c.a.get("/titles/777/users/1001/activities").await;
    let answer = answer.expect(429);
    assert_eq!(
        answer.json(),
        json!({"version": 1, "currentRequests": 31, "maxRequests": 30, "periodInSeconds": 15,
            "limitType": "Rate"})
    );
    assert_eq!(answer.header("retry-after"), Some("15"));
    // Other services are counted apart.
    c.a.get(HUB).await.expect(200);
}
