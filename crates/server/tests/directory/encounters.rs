//! Sessions that feed lists of recent players: who is on whose list, where and when, and what it
//! survives.

use serde_json::{Value, json};

use crate::fixtures::{
    A, A_CONNECTION, B, B_CONNECTION, C, LOBBY_SCID, active, leave, me, session,
};
use crate::recent_players::{HUB, met};
use crate::world::{Player, StoreKind, World};

/// Long enough for what happened to be in the lists.
const GATHERED: u64 = 5000;

fn capable(capabilities: &[&str], mut body: Value) -> Value {
    let on = capabilities
        .iter()
        .map(|name| ((*name).to_owned(), json!(true)));
    let on = on.collect::<serde_json::Map<_, _>>();
    body["constants"] = json!({"system": {"capabilities": on, "inactiveRemovalTimeout": null}});
    body
}

/// One entry of a list: a user, and when they were met in the title of the tokens.
fn with(xuid: &str, seconds: &str) -> Value {
    let when = format!("2026-01-01T00:00:{seconds}.0000000Z");
    json!([xuid, [{"titleName": "Title 123", "lastPlayedWithDateTime": when}]])
}

/// A's session with these capabilities, in which A plays.
async fn a_plays(w: &World, capabilities: &[&str]) -> (Player, Player, Player, String) {
    let (a, b, c) = (w.user(A).await, w.user(B).await, w.user(C).await);
    let path = session("bare", "met");
    a.put(&path, capable(capabilities, active()))
        .await
        .expect(201);
    (a, b, c, path)
}

every_store! {
    async fn who_plays_in_a_session_is_on_the_lists_of_the_others(w: World) {
        let (a, b, c, path) = a_plays(&w, &["gameplay"]).await;
        w.advance(1000).await;
        b.put(&path, active()).await.expect(200);
        c.put(&path, me(json!({}))).await.expect(200);
        // It is gathered for a while first.
        w.advance(GATHERED - 1).await;
        assert_eq!(met(&a).await, json!([]));
        w.advance(1).await;
        assert_eq!(met(&a).await, json!([with("1002", "01")]));
        assert_eq!(met(&b).await, json!([with("1001", "01")]));
        // C is in the session and does not play.
        assert_eq!(met(&c).await, json!([]));
        w.advance(4000).await;
        c.put(&path, active()).await.expect(200);
        b.put(&path, leave()).await.expect(200);
        w.advance(GATHERED).await;
        assert_eq!(met(&a).await, json!([with("1002", "10"), with("1003", "10")]));
        assert_eq!(met(&c).await, json!([with("1001", "10"), with("1002", "10")]));
        // Whoever has left stays on the lists as last played with then.
        w.advance(10_000).await;
        a.put(&path, leave()).await.expect(200);
        w.advance(GATHERED).await;
        assert_eq!(met(&a).await, json!([with("1003", "25"), with("1002", "10")]));
        assert_eq!(met(&b).await, json!([with("1001", "10"), with("1003", "10")]));
        let people = a.get(HUB).await.expect(200).json();
        assert_eq!(people["people"][0]["recentPlayer"]["text"], "Title 123");
    }

    async fn nobody_is_met_where_nobody_plays(w: World) {
        let (a, b, _, path) = a_plays(&w, &["crossPlay"]).await;
        b.put(&path, active()).await.expect(200);
        // A rehearsal is no play either.
        let played = session("bare", "played");
        a.put(&played, capable(&["gameplay"], active())).await.expect(201);
        b.put(&format!("{played}?nocommit=true"), active()).await.expect(200);
        b.put(&played, json!({"members": {"reserve_1": {}}})).await.expect(400);
        w.advance(GATHERED).await;
        assert_eq!(met(&a).await, json!([]));
        assert_eq!(met(&b).await, json!([]));
    }

    async fn e94_in_a_large_session_groups_and_encounters_say_who_has_met(w: World) {
        let (a, b, c, path) = a_plays(&w, &["gameplay", "large"]).await;
        for other in [&b, &c] {
            other.put(&path, active()).await.expect(200);
        }
        w.advance(1000).await;
        a.put(&path, me(json!({"groups": ["Posse-1"]}))).await.expect(200);
        b.put(&path, me(json!({"groups": ["posse-1"]}))).await.expect(200);
        w.advance(GATHERED).await;
        assert_eq!(met(&a).await, json!([with("1002", "01")]));
        assert_eq!(met(&b).await, json!([with("1001", "01")]));
        assert_eq!(met(&c).await, json!([]));
        // C trades with the group, which need not do anything.
        let before = c.get(&path).await.expect(200).json();
        let trade = me(json!({"encounters": ["POSSE-1"]}));
        let written = c.put(&path, trade).await.expect(200).json();
        assert_eq!(written, before);
        w.advance(GATHERED).await;
        assert_eq!(met(&c).await, json!([with("1001", "06"), with("1002", "06")]));
        assert_eq!(met(&a).await, json!([with("1003", "06"), with("1002", "01")]));
        // And with a stranger, of whom both report it.
        let d = w.user(1004).await;
        d.put(&path, me(json!({"active": true, "encounters": ["trade.7"]}))).await.expect(200);
        w.advance(29_000).await;
        c.put(&path, me(json!({"encounters": ["trade.7"]}))).await.expect(200);
        w.advance(GATHERED).await;
        assert_eq!(met(&d).await, json!([with("1003", "11")]));
    }

    async fn a_token_without_a_title_plays_in_that_of_the_service_configuration(w: World) {
        let path = format!("/serviceconfigs/{LOBBY_SCID}/sessiontemplates/MinecraftLobby/sessions/u");
        let mut players = Vec::new();
        for (xuid, connection) in [("1001", A_CONNECTION), ("1002", B_CONNECTION)] {
            let player = w.token(json!({"xuid": xuid, "deviceId": "device-1"})).await;
            let system = json!({"active": true, "connection": connection});
            let constants = json!({"system": {"initialize": true}});
            let place = json!({"constants": constants, "properties": {"system": system}});
            let answer = player.put(&path, json!({"members": {"me": place}})).await;
            let joined = answer.expect(if players.is_empty() { 201 } else { 200 }).json();
            let members = joined["members"].as_object().expect("members").values();
            assert!(members.clone().all(|member| member.get("activeTitleId").is_none()));
            players.push(player);
        }
        w.advance(GATHERED).await;
        assert_eq!(met(&players[0]).await, json!([with("1002", "00")]));
        assert_eq!(met(&players[1]).await, json!([with("1001", "00")]));
    }
}

#[tokio::test]
async fn whom_somebody_has_met_survives_a_restart() {
    for store in [StoreKind::Sqlite, StoreKind::Log] {
        let w = World::new(store).await;
        let (_, b, _, path) = a_plays(&w, &["gameplay"]).await;
        b.put(&path, active()).await.expect(200);
        // What still waits is written when the service stops.
        let w = w.restart().await;
        let a = w.user(A).await;
        assert_eq!(met(&a).await, json!([with("1002", "00")]), "{store:?}");
        w.advance(2000).await;
        w.user(B).await.put(&path, leave()).await.expect(200);
        w.advance(GATHERED).await;
        assert_eq!(met(&a).await, json!([with("1002", "02")]), "{store:?}");
    }
}

#[tokio::test]
async fn the_groups_of_a_large_session_are_known_again_after_a_restart() {
    for store in [StoreKind::Sqlite, StoreKind::Log] {
        let w = World::new(store).await;
        let (a, _, _, path) = a_plays(&w, &["gameplay", "large"]).await;
        a.put(&path, me(json!({"groups": ["posse"]})))
            .await
            .expect(200);
        let w = w.restart().await;
        w.advance(3000).await;
        let b = w.user(B).await;
        let trade = me(json!({"active": true, "encounters": ["posse"]}));
        b.put(&path, trade).await.expect(200);
        w.advance(GATHERED).await;
        assert_eq!(met(&b).await, json!([with("1001", "03")]), "{store:?}");
    }
}
