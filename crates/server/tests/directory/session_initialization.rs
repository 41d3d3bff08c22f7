//! Managed initialisation over HTTP: the numbered examples, and what others see of an episode.

use serde_json::{Map, Value, json};

use crate::fixtures::{A, A_DEVICE, B, B_DEVICE, C, active, custom, leave, me, session, system};
use crate::world::{Answer, Player, StoreKind, World};

/// Keeps places for these users, who are to be initialised.
fn starting(xuids: &[u64]) -> Value {
    let entry = |(n, xuid): (usize, &u64)| {
        let constants = json!({"system": {"xuid": xuid.to_string(), "initialize": true}});
        (format!("reserve_{n}"), json!({"constants": constants}))
    };
    let members: Map<_, _> = xuids.iter().enumerate().map(entry).collect();
    json!({"members": members})
}

/// Joins, asks to be initialised, and plays.
fn initializing() -> Value {
    json!({"members": {"me": {"constants": {"system": {"initialize": true}},
        "properties": {"system": {"active": true}}}}})
}

fn from(device: &str) -> Value {
    me(json!({"active": true, "secureDeviceAddress": device}))
}

fn token(document: &Value, index: &str) -> String {
    let token = document["members"][index]["deviceToken"].as_str();
    token.expect("a device token").to_owned()
}

/// Uploads what was measured towards one device.
fn measured(token: &str, latency: u64) -> Value {
    let way = json!({"latency": latency, "bandwidthDown": 200_000, "bandwidthUp": 20_000});
    let ways: Map<_, _> = [(token.to_owned(), way)].into_iter().collect();
    me(json!({ "measurements": ways }))
}

/// A match of A and B, made by a server.
async fn a_and_b(w: &World, template: &str) -> (Player, Player, Player, String) {
    let (a, b, server) = (w.user(A).await, w.user(B).await, w.server().await);
    let path = session(template, "m");
    server.put(&path, starting(&[A, B])).await.expect(201);
    (a, b, server, path)
}

/// A match of A and B that measures, and their device tokens.
async fn measuring(w: &World) -> (Player, Player, String, [String; 2]) {
    let (a, b, _, path) = a_and_b(w, "p2h").await;
    a.put(&path, from(A_DEVICE)).await.expect(200);
    let document = b.put(&path, from(B_DEVICE)).await.expect(200).json();
    assert_eq!(document["initializing"]["stage"], "measuring");
    let tokens = [token(&document, "0"), token(&document, "1")];
    (a, b, path, tokens)
}

fn failure<'a>(document: &'a Value, index: &str) -> &'a Value {
    &document["members"][index]["initializationFailure"]
}

fn is_over(document: &Value) {
    assert!(document.get("initializing").is_none(), "{document:#}");
    for member in document["members"].as_object().expect("members").values() {
        assert!(
            member.get("initializationEpisode").is_none(),
            "{document:#}"
        );
    }
}

every_store! {
    async fn e81_too_few_members_to_initialize_are_refused(w: World) {
        let a = w.user(A).await;
        let path = session("init", "m");
        let refused = a.put(&path, initializing()).await.expect_naming(400, "members");
        let named = refused.header("x-convoke-refusal").unwrap_or_default();
        assert!(named.starts_with("members.initialize"), "{named}");
        a.get(&path).await.expect_empty(204);
    }

    async fn e82_a_server_starts_the_first_episode_by_reserving(w: World) {
        let server = w.server().await;
        let created = server.put(&session("init", "m"), starting(&[A, B])).await.expect(201);
        assert_eq!(created.header("expires"), Some("Thu, 01 Jan 2026 00:00:01 GMT"));
        let document = created.json();
        let expected = json!({"stage": "joining", "episode": 1,
            "stageStartTime": "2026-01-01T00:00:00.0000000Z"});
        assert_eq!(document["initializing"], expected);
        assert_eq!(document["nextTimer"], "2026-01-01T00:00:01.0000000Z");
        for index in ["0", "1"] {
            assert_eq!(document["members"][index]["initializationEpisode"], 1);
        }
    }

    async fn e83_the_episode_is_over_when_everybody_has_come(w: World) {
        let (a, b, _, path) = a_and_b(&w, "init").await;
        let joined = a.put(&path, active()).await.expect(200).json();
        assert_eq!(joined["initializing"]["stage"], "joining");
        let document = b.put(&path, active()).await.expect(200).json();
        is_over(&document);
        for index in ["0", "1"] {
            assert_eq!(failure(&document, index), &Value::Null);
        }
        assert!(document.get("nextTimer").is_none());
    }

    async fn e84_who_does_not_come_is_removed_and_the_episode_fails(w: World) {
        let (a, b, _, path) = a_and_b(&w, "init").await;
        a.put(&path, active()).await.expect(200);
        w.advance_lazily(1000);
        let document = a.get(&path).await.expect(200).json();
        assert_eq!(document["initializing"]["stage"], "failed");
        assert!(document["members"].get("1").is_none());
        assert_eq!(failure(&document, "0"), "episode");
        // B is a stranger now, who may join as such.
        let document = b.put(&path, initializing()).await.expect(200).json();
        assert!(document["members"]["2"].get("initializationEpisode").is_none());
        assert_eq!(document["initializing"]["stage"], "failed");
    }

    async fn e84_nobody_needs_to_look_for_that(w: World) {
        let (a, _, _, path) = a_and_b(&w, "init").await;
        a.put(&path, active()).await.expect(200);
        w.advance(1000).await;
        w.advance_lazily(60_000);
        let document = a.get(&path).await.expect(200).json();
        assert_eq!(document["changeNumber"], 3);
        assert_eq!(document["initializing"]["stageStartTime"], "2026-01-01T00:00:01.0000000Z");
    }

    async fn e85_a_lone_creator_is_initialized_at_once(w: World) {
        let a = w.user(A).await;
        let created = a.put(&session("init1", "m"), initializing()).await.expect(201).json();
        is_over(&created);
        assert_eq!(created["changeNumber"], 1);
        assert_eq!(created["members"]["0"]["constants"]["system"]["initialize"], true);
    }

    async fn e86_the_best_host_is_named_when_everybody_has_measured(w: World) {
        let (a, b, path, [token_a, token_b]) = measuring(&w).await;
        let document = a.put(&path, measured(&token_b, 20)).await.expect(200).json();
        assert_eq!(document["initializing"]["stage"], "measuring");
        assert_eq!(document["nextTimer"], "2026-01-01T00:00:30.0000000Z");
        let document = b.put(&path, measured(&token_a, 900)).await.expect(200).json();
        is_over(&document);
        assert_eq!(document["hostCandidates"], json!([token_b]));
        for index in ["0", "1"] {
            assert_eq!(failure(&document, index), &Value::Null);
        }
        // The candidates go when a host is set.
        let document = a.put(&path, system(json!({"host": token_b}))).await.expect(200).json();
        assert!(document.get("hostCandidates").is_none());
        assert_eq!(document["properties"]["system"]["host"], json!(token_b));
    }

    async fn e87_who_does_not_upload_in_time_fails(w: World) {
        let (a, _, path, [_, token_b]) = measuring(&w).await;
        a.put(&path, measured(&token_b, 20)).await.expect(200);
        w.advance_lazily(30_000);
        let document = a.get(&path).await.expect(200).json();
        assert_eq!(failure(&document, "1"), "timeout");
        assert_eq!(failure(&document, "0"), "episode");
        assert_eq!(document["initializing"]["stage"], "failed");
    }

    async fn e88_the_title_decides_where_evaluation_is_external(w: World) {
        let (a, b) = (w.user(A).await, w.user(B).await);
        let path = session("open", "m");
        let succeeded = system(json!({"initializationSucceeded": true}));
        let place = "properties.system.initializationSucceeded";
        let mut body = initializing();
        body["constants"] = json!({"system": {"memberInitialization": {
            "externalEvaluation": true, "membersNeededToStart": 2}}});
        body["members"]["reserve_0"] = starting(&[B])["members"]["reserve_0"].clone();
        a.put(&path, body).await.expect(201);
        a.put(&path, succeeded.clone()).await.expect_naming(400, place);
        let document = b.put(&path, active()).await.expect(200).json();
        assert_eq!(document["initializing"]["stage"], "evaluating");
        assert_eq!(document["nextTimer"], "2026-01-01T00:00:05.0000000Z");
        let document = b.put(&path, succeeded.clone()).await.expect(200).json();
        is_over(&document);
        assert!(document["properties"]["system"].get("initializationSucceeded").is_none());
        a.put(&path, succeeded).await.expect_naming(400, place);
    }

    async fn e89_who_comes_during_an_episode_waits_for_the_next(w: World) {
        let (a, b, _, path) = a_and_b(&w, "init").await;
        let c = w.user(C).await;
        let document = c.put(&path, initializing()).await.expect(200).json();
        assert_eq!(document["members"]["2"]["initializationEpisode"], 2);
        assert_eq!(document["initializing"]["episode"], 1);
        a.put(&path, active()).await.expect(200);
        // The second episode has nobody to wait for, so it is over with the first.
        is_over(&b.put(&path, active()).await.expect(200).json());
    }

    async fn trying_a_write_moves_no_episode(w: World) {
        let (a, b, _, path) = a_and_b(&w, "init").await;
        a.put(&path, active()).await.expect(200);
        let tried = b.put(&format!("{path}?nocommit=true"), active()).await.expect(200).json();
        is_over(&tried);
        let document = a.get(&path).await.expect(200).json();
        assert_eq!(document["initializing"]["stage"], "joining");
    }

    async fn a_stage_that_ended_makes_an_old_tag_stale(w: World) {
        let (a, _, _, path) = a_and_b(&w, "init").await;
        let before = a.put(&path, active()).await.expect(200).etag();
        w.advance_lazily(1000);
        let call = a.request("PUT", &path).header("if-match", &before);
        let answer = call.json(custom(json!({"x": 1}))).send().await.expect(412);
        assert_eq!(answer.json()["initializing"]["stage"], "failed");
    }

    async fn older_contracts_read_and_write_episodes_in_their_own_words(w: World) {
        let (a, b) = (w.user(A).await, w.user(B).await);
        let path = session("bare", "m");
        let mut body = initializing();
        body["constants"] = json!({"system": {"managedInitialization": {"joinTimeout": 1000}}});
        body["members"]["reserve_0"] = starting(&[B])["members"]["reserve_0"].clone();
        older(&a, &path, body).await.expect(201);
        let joins = me(json!({"active": true, "group": [0]}));
        let document = older(&b, &path, joins).await.expect(200).json();
        // Without `autoEvaluate`, the title decides.
        assert_eq!(document["initializing"]["stage"], "evaluating");
        older(&a, &path, leave()).await.expect(200);
        let succeeded = system(json!({"initializationSucceeded": true}));
        let document = older(&b, &path, succeeded).await.expect(200).json();
        is_over(&document);
        assert_eq!(document["members"]["1"]["failedMetric"], "group");
        assert_eq!(failure(&document, "1"), "group");
    }
}

/// Writes under contract 105.
async fn older(player: &Player, path: &str, body: Value) -> Answer {
    let call = player.request("PUT", path).contract("105");
    call.json(body).send().await
}

#[tokio::test]
async fn an_episode_goes_on_after_a_restart() {
    let w = World::new(StoreKind::Sqlite).await;
    let (a, _, _, path) = a_and_b(&w, "init").await;
    a.put(&path, active()).await.expect(200);
    let w = w.restart().await;
    let a = w.user(A).await;
    let document = a.get(&path).await.expect(200).json();
    assert_eq!(document["initializing"]["stage"], "joining");
    w.advance(1000).await;
    w.advance_lazily(1000);
    let document = a.get(&path).await.expect(200).json();
    assert_eq!(
        document["initializing"]["stageStartTime"],
        "2026-01-01T00:00:01.0000000Z"
    );
}
