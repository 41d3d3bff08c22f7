//! Activities without a session: said by the titles of users, seen by whom they let in.

use serde_json::{Value, json};

use crate::handle_steps::{assert_json, cast, cast_in, follow};
use crate::privacy_lists::{block, choose};
use crate::world::{Answer, Player};

const A: &str = "/titles/777/users/1001/activities";
const QUERY: &str = "/titles/777/activities/query";
const HOUR_MS: u64 = 60 * 60 * 1000;

/// The body of h96 with some fields in place of its own.
fn said(fields: &Value) -> Value {
    let mut body = json!({"sequenceNumber": "10", "connectionString": "ip=1",
        "joinRestriction": "Followed", "maxPlayers": 4, "currentPlayers": 1});
    for (name, value) in fields.as_object().expect("an object") {
        body[name] = value.clone();
    }
    body
}

/// The document that a user sees of A's activity.
fn seen(sequence: &str, fields: &Value) -> Value {
    let mut document = said(fields);
    document["sequenceNumber"] = json!(sequence);
    document["titleId"] = json!(777);
    document
}

fn without_way_in(mut document: Value) -> Value {
    let fields = document.as_object_mut().expect("an object");
    fields.remove("connectionString").expect("a way in");
    document
}

async fn set(player: &Player, fields: &Value) {
    player.put(A, said(fields)).await.expect_empty(204);
}

/// A's activity as somebody reads it.
async fn read(player: &Player) -> Value {
    let answer = player.get(A).await.expect(200);
    assert_json(&answer);
    answer.json()
}

async fn query(player: &Player, users: &[&str]) -> Value {
    let answer = player.post(QUERY, json!({ "users": users })).await;
    answer.expect(200).json()
}

/// A refusal in the form of this service.
#[track_caller]
pub(crate) fn refused(answer: Answer, code: &str, words: &str) {
    let answer = answer.expect(400);
    assert_json(&answer);
    let document = answer.json();
    let message = document["debugMessage"].as_str().expect("a text");
    assert!(message.contains(words), "{message}");
    assert_eq!(
        document,
        json!({"errorCode": code, "debugMessage": message})
    );
}

const WRONG: &str = "RequestValidationError";
const FORBIDDEN: &str = "AuthorizationError";

every_store! {
    async fn h96_an_activity_is_set_and_late_writes_are_passed_over(w: World) {
        let c = cast(&w).await;
        c.a.get(A).await.expect_empty(204);
        // Clients name the host and no contract.
        let call = c.a.request("PUT", A).without("x-xbl-contract-version");
        let call = call.header("Host", "multiplayeractivity.xboxlive.com");
        call.json(said(&json!({}))).send().await.expect_empty(204);
        assert_eq!(read(&c.a).await, seen("10", &json!({})));
        set(&c.a, &json!({"sequenceNumber": 11, "currentPlayers": 2})).await;
        let second = seen("11", &json!({"currentPlayers": 2}));
        assert_eq!(read(&c.a).await, second);
        for late in [json!("9"), json!(11), json!("1")] {
            set(&c.a, &json!({"sequenceNumber": late, "currentPlayers": 3})).await;
            assert_eq!(read(&c.a).await, second);
        }
        let all = json!({"sequenceNumber": u64::MAX.to_string(), "groupId": "g", "platform": "IOS",
            "joinRestriction": "Public"});
        set(&c.svc, &all).await;
        assert_eq!(read(&c.a).await, seen(&u64::MAX.to_string(), &all));
    }

    async fn h96_a_write_that_is_wrong_names_what_is_wrong(w: World) {
        let c = cast(&w).await;
        for (fields, words) in [
            (json!({"sequenceNumber": 0}), "sequenceNumber: expected a number above 0"),
            (json!({"sequenceNumber": "x"}), "sequenceNumber"),
            (json!({"connectionString": "x".repeat(513)}), "connectionString: at most 512"),
            (json!({"connectionString": null}), "connectionString"),
            (json!({"joinRestriction": "Nobody"}), "joinRestriction"),
            (json!({"maxPlayers": 1}), "maxPlayers: expected 2 to 100, found 1"),
            (json!({"currentPlayers": 101}), "currentPlayers: expected 1 to 100, found 101"),
            (json!({"groupId": "x".repeat(128)}), "groupId: at most 127"),
            (json!({"platform": "Toaster"}), "platform"),
        ] {
            refused(c.a.put(A, said(&fields)).await, WRONG, words);
        }
        refused(c.a.put("/titles/777/users/me/activities", said(&json!({}))).await, WRONG, "xuid");
        let explained = c.a.put(&format!("{A}?explain=true"), said(&json!({"maxPlayers": 1}))).await;
        let explained = explained.expect(400).json();
        assert_eq!((&explained["code"], &explained["path"]), (&json!("activity.field"), &json!("maxPlayers")));
        c.a.get(A).await.expect_empty(204);
        let answer = c.a.post(A, said(&json!({}))).await.expect(405);
        assert_eq!(answer.header("allow"), Some("GET, PUT, DELETE"));
        let text = c.a.request("PUT", A).body(Some("text/plain"), "{}").send().await.expect(415);
        assert_eq!(text.json()["errorCode"], "InvalidRequest");
        w.nobody().get(A).await.expect(401);
    }

    async fn h97_a_query_answers_for_each_user_and_hides_the_way_in(w: World) {
        let c = cast(&w).await;
        set(&c.a, &json!({})).await;
        let shown = without_way_in(seen("10", &json!({})));
        let none = json!({"userId": "1002", "activities": []});
        let expected = |activity: &Value| json!({"userActivities": [
            {"userId": "1001", "activities": [activity]}, none]});
        assert_eq!(query(&c.b, &["1001", "1002"]).await, expected(&shown));
        // The caller's following does not count, the owner's does.
        follow(&c.b, &c.a).await;
        assert_eq!(query(&c.b, &["1001", "1002"]).await, expected(&shown));
        follow(&c.a, &c.b).await;
        let whole = seen("10", &json!({}));
        assert_eq!(query(&c.b, &["1001", "1002"]).await, expected(&whole));
        assert_eq!((read(&c.b).await, read(&c.svc).await), (whole.clone(), whole.clone()));
        assert_eq!(read(&c.c).await, shown);
        let twice = query(&c.a, &["1001", "1002", "1001"]).await;
        assert_eq!(twice["userActivities"][0], twice["userActivities"][2]);
        assert_eq!(twice["userActivities"][0]["activities"], json!([whole]));
        let many: Vec<String> = (1..32).map(|user| user.to_string()).collect();
        let users = |count: usize| json!({ "users": many[..count] });
        c.b.post(QUERY, users(30)).await.expect(200);
        refused(c.b.post(QUERY, users(31)).await, WRONG, "users: expected 1 to 30 users, found 31");
        refused(c.b.post(QUERY, users(0)).await, WRONG, "users: expected 1 to 30 users, found 0");
        refused(c.b.post(QUERY, json!({"users": ["x"]})).await, WRONG, "users.0");
        // Each title has activities of its own.
        let elsewhere = c.b.post("/titles/778/activities/query", json!({"users": ["1001"]})).await;
        assert_eq!(elsewhere.json()["userActivities"][0]["activities"], json!([]));
    }

    async fn h97_the_way_in_is_shown_to_whom_the_activity_lets_in(w: World) {
        let c = cast(&w).await;
        follow(&c.a, &c.b).await;
        let mut sequence = 20;
        for (fields, to_friends, to_strangers) in [
            (json!({"joinRestriction": "Public"}), true, true),
            (json!({"joinRestriction": "Followed"}), true, false),
            (json!({"joinRestriction": "InviteOnly"}), false, false),
            (json!({"joinRestriction": "Public", "currentPlayers": 4}), false, false),
        ] {
            sequence += 1;
            let mut body = fields.clone();
            body["sequenceNumber"] = json!(sequence);
            set(&c.a, &body).await;
            let whole = seen(&sequence.to_string(), &fields);
            let expected = |shown: bool| {
                if shown { whole.clone() } else { without_way_in(whole.clone()) }
            };
            assert_eq!(read(&c.b).await, expected(to_friends), "{fields}");
            assert_eq!(read(&c.c).await, expected(to_strangers), "{fields}");
            assert_eq!(read(&c.a).await, whole);
        }
    }

    async fn h98_an_activity_is_ended_by_its_user_and_written_by_nobody_else(w: World) {
        let c = cast(&w).await;
        let end = async |player: &Player, body: Value| {
            player.request("DELETE", A).json(body).send().await
        };
        set(&c.a, &json!({"sequenceNumber": 11})).await;
        refused(c.b.put(A, said(&json!({"sequenceNumber": 12}))).await, FORBIDDEN, "only its user and servers");
        refused(end(&c.b, json!({"sequenceNumber": 12})).await, FORBIDDEN, "only its user and servers");
        let elsewhere = cast_in(&w, "778").await;
        refused(elsewhere.a.put(A, said(&json!({"sequenceNumber": 12}))).await, FORBIDDEN, "the title of the path");
        end(&c.a, json!({"sequenceNumber": 11})).await.expect_empty(204);
        assert_eq!(read(&c.a).await, seen("11", &json!({})));
        refused(end(&c.a, json!({"sequenceNumber": 0})).await, WRONG, "sequenceNumber");
        refused(end(&c.a, json!({})).await, WRONG, "sequenceNumber");
        end(&c.a, json!({"sequenceNumber": 12})).await.expect_empty(204);
        c.a.get(A).await.expect_empty(204);
        // What was sent before the end and comes after it brings nothing back.
        set(&c.a, &json!({"sequenceNumber": 12})).await;
        c.a.get(A).await.expect_empty(204);
        set(&c.a, &json!({"sequenceNumber": 13})).await;
        assert_eq!(read(&c.a).await, seen("13", &json!({})));
        c.a.delete(A).await.expect_empty(204);
        c.a.get(A).await.expect_empty(204);
        c.a.delete(A).await.expect_empty(204);
    }

    async fn an_activity_lasts_a_day_after_its_last_write_and_over_restarts(w: World) {
        let c = cast(&w).await;
        set(&c.a, &json!({})).await;
        w.advance(23 * HOUR_MS).await;
        let c = cast(&w).await;
        set(&c.a, &json!({"sequenceNumber": 11})).await;
        w.advance(24 * HOUR_MS - 1).await;
        let c = cast(&w).await;
        assert_eq!(read(&c.a).await, seen("11", &json!({})));
        w.advance(1).await;
        let c = cast(&w).await;
        c.a.get(A).await.expect_empty(204);
        assert_eq!(query(&c.a, &["1001"]).await["userActivities"][0]["activities"], json!([]));
        // Numbers begin anew.
        set(&c.a, &json!({"sequenceNumber": 1})).await;
        assert_eq!(read(&c.a).await, seen("1", &json!({})));
    }

    async fn who_does_not_share_what_they_do_appears_to_do_nothing(w: World) {
        let c = cast(&w).await;
        set(&c.a, &json!({"joinRestriction": "Public"})).await;
        let found = async |player: &Player| {
            let one = player.get(A).await.status == 200;
            let users = query(player, &["1001"]).await;
            let all = users["userActivities"][0]["activities"].as_array().map(Vec::len);
            assert_eq!(all, Some(usize::from(one)));
            one
        };
        assert!(found(&c.b).await && found(&c.c).await);
        choose(&c.a, "SharePresence", "PeopleOnMyList").await;
        follow(&c.a, &c.b).await;
        assert!(found(&c.b).await && !found(&c.c).await);
        assert!(found(&c.a).await && found(&c.svc).await);
        choose(&c.a, "SharePresence", "Everyone").await;
        block(&c.a, &c.c).await;
        assert!(found(&c.b).await && !found(&c.c).await);
    }

    async fn of_many_writers_the_highest_number_remains(w: World) {
        let c = cast(&w).await;
        let writes = (1..40_u64).map(|number| {
            // Not in order.
            let body = said(&json!({"sequenceNumber": number * 17 % 41}));
            let player = c.a.clone();
            tokio::spawn(async move { player.put(A, body).await })
        });
        for write in writes.collect::<Vec<_>>() {
            write.await.expect("no panic").expect_empty(204);
        }
        assert_eq!(read(&c.a).await, seen("40", &json!({})));
    }
}

#[tokio::test]
async fn activities_survive_a_restart_of_the_service() {
    use crate::world::{StoreKind, World};

    for store in [StoreKind::Sqlite, StoreKind::Log] {
        let w = World::new(store).await;
        let c = cast(&w).await;
        set(&c.a, &json!({})).await;
        let w = w.restart().await;
        let c = cast(&w).await;
        assert_eq!(read(&c.a).await, seen("10", &json!({})), "{store:?}");
        set(&c.a, &json!({"sequenceNumber": 9, "currentPlayers": 2})).await;
        assert_eq!(read(&c.a).await, seen("10", &json!({})), "{store:?}");
    }
}
