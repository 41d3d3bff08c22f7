//! Laws that hold for any writers in any order: nothing is lost, everything is one after another.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::fixtures::{A, B, active, create, custom, me, reserve, session, system};
use crate::world::{Answer, Player, StoreKind, World};

const WRITERS: u64 = 200;

/// A session of one member, and its writers: servers, so that the document stays small.
async fn crowd(w: &World) -> (String, Vec<Player>) {
    let path = session("keep", "crowd");
    w.user(A).await.put(&path, active()).await.expect(201);
    let mut writers = Vec::new();
    for _ in 0..WRITERS {
        writers.push(w.server().await);
    }
    (path, writers)
}

/// Adds one to the counter, starting from what the last refusal showed, until that is accepted.
async fn increment(player: Player, path: String) -> (u64, u64) {
    let mut seen = player.get(&path).await.expect(200);
    loop {
        let counter = seen.json()["properties"]["custom"]["counter"]
            .as_u64()
            .unwrap_or(0);
        let call = player
            .request("PUT", &path)
            .header("if-match", &seen.etag());
        let answer = call
            .json(custom(json!({"counter": counter + 1})))
            .send()
            .await;
        match answer.status {
            200 => return (counter + 1, change_number(&answer)),
            412 => seen = answer,
            _ => drop(answer.expect(200)),
        }
    }
}

fn change_number(answer: &Answer) -> u64 {
    answer.json()["changeNumber"].as_u64().expect("a number")
}

async fn no_increment_is_lost(store: StoreKind) {
    let w = World::new(store).await;
    let (path, writers) = crowd(&w).await;
    let reader = writers[0].clone();
    let base = change_number(&reader.get(&path).await.expect(200));
    let tasks: Vec<_> = writers
        .into_iter()
        .map(|writer| tokio::spawn(increment(writer, path.clone())))
        .collect();
    let mut won = BTreeSet::new();
    for task in tasks {
        won.insert(task.await.expect("a writer"));
    }
    let expected: BTreeSet<_> = (1..=WRITERS).map(|n| (n, base + n)).collect();
    assert_eq!(won, expected, "each success is one step of both counters");
    let last = reader.get(&path).await.expect(200);
    assert_eq!(last.json()["properties"]["custom"]["counter"], WRITERS);
    assert_eq!(change_number(&last), base + WRITERS);
}

async fn no_unconditional_write_is_lost(store: StoreKind) {
    let w = World::new(store).await;
    let (path, writers) = crowd(&w).await;
    let reader = writers[0].clone();
    let base = change_number(&reader.get(&path).await.expect(200));
    let put = |(n, writer): (u64, Player)| {
        let path = path.clone();
        tokio::spawn(async move {
            let field = Value::from_iter([(format!("w{n}"), n)]);
            change_number(&writer.put(&path, custom(field)).await.expect(200))
        })
    };
    let tasks: Vec<_> = (0..).zip(writers).map(put).collect();
    let mut numbers = BTreeSet::new();
    for task in tasks {
        numbers.insert(task.await.expect("a writer"));
    }
    assert_eq!(numbers, (base + 1..=base + WRITERS).collect());
    let last = reader.get(&path).await.expect(200).json();
    let fields = last["properties"]["custom"].as_object().expect("custom");
    assert!((0..WRITERS).all(|n| fields[&format!("w{n}")] == n));
}

async fn one_of_many_creators_wins(store: StoreKind) {
    let w = World::new(store).await;
    let path = session("keep", "race");
    let mut tasks = Vec::new();
    for xuid in 2001..=2020 {
        let player = w.user(xuid).await;
        let call = player.request("PUT", &path).header("if-none-match", "*");
        let call = call.json(active());
        tasks.push(tokio::spawn(async move { call.send().await.status }));
    }
    let mut created = 0;
    for task in tasks {
        match task.await.expect("a creator") {
            201 => created += 1,
            status => assert_eq!(status, 412),
        }
    }
    assert_eq!(created, 1);
    let read = w.server().await.get(&path).await.expect(200).json();
    assert_eq!(read["membersInfo"]["count"], 1);
}

async fn everybody_gets_an_index_of_their_own(store: StoreKind) {
    let w = World::new(store).await;
    let path = session("keep", "join");
    let mut tasks = Vec::new();
    for xuid in 2001..=2101 {
        let player = w.user(xuid).await;
        let path = path.clone();
        tasks.push(tokio::spawn(async move {
            player.put(&path, active()).await.status
        }));
    }
    let mut statuses = Vec::new();
    for task in tasks {
        statuses.push(task.await.expect("a joiner"));
    }
    statuses.sort_unstable();
    let mut expected = vec![200; 99];
    expected.extend([201, 400]);
    assert_eq!(
        statuses, expected,
        "one creates, the hundred and first finds no room"
    );
    let read = w.server().await.get(&path).await.expect(200).json();
    assert_eq!(read["membersInfo"]["count"], 100);
    assert_eq!(read["membersInfo"]["next"], 100);
    assert_eq!(read["changeNumber"], 100);
}

macro_rules! concurrently {
    ($($name:ident)+) => {$(
        mod $name {
            use crate::world::StoreKind;

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn memory() {
                super::$name(StoreKind::Memory).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn sqlite() {
                super::$name(StoreKind::Sqlite).await;
            }
        }
    )+};
}

concurrently! {
    no_increment_is_lost
    no_unconditional_write_is_lost
    one_of_many_creators_wins
    everybody_gets_an_index_of_their_own
}

every_store! {
    async fn an_identical_write_changes_nothing(w: World) {
        let a = w.user(A).await;
        let path = session("open", "l");
        a.put(&path, create(A)).await.expect(201);
        let mut session_and_member = custom(json!({"a": {"b": [1, {"c": null}]}}));
        session_and_member["members"] = me(json!({"groups": ["g"]}))["members"].take();
        let bodies = [
            json!({}),
            active(),
            create(A),
            custom(json!({"x": 1, "y": null})),
            system(json!({"keywords": ["k"], "closed": true, "turn": [0]})),
            system(json!({"joinRestriction": "followed", "readRestriction": "followed"})),
            me(json!({"secureDeviceAddress": "AAAA", "RolePreference": {"tank": 1}})),
            me(json!({"subscription": {"id": "5ab2c9d0-0000-4000-8000-000000000001",
                "changeTypes": ["everything"]}})),
            reserve(&[B]),
            session_and_member,
            system(json!({"closed": null, "keywords": null})),
            me(json!({"active": false})),
        ];
        for body in bodies {
            let once = a.put(&path, body.clone()).await.expect(200);
            if once.json()["membersInfo"]["active"] == 0 {
                break;
            }
            let twice = a.put(&path, body).await.expect(200);
            assert_eq!(twice.text(), once.text(), "{}", once.sent);
            assert_eq!(twice.etag(), once.etag(), "{}", once.sent);
        }
    }

    async fn each_change_has_the_next_number_and_an_etag_of_its_own(w: World) {
        let a = w.user(A).await;
        let path = session("open", "l");
        let mut etags = BTreeSet::from([a.put(&path, create(A)).await.expect(201).etag()]);
        for n in 2..=20_u64 {
            let answer = a.put(&path, custom(json!({"n": n}))).await.expect(200);
            assert_eq!(change_number(&answer), n);
            assert!(etags.insert(answer.etag()), "{} again", answer.etag());
        }
        let back = a.put(&path, custom(json!({"n": null}))).await.expect(200);
        assert!(etags.insert(back.etag()), "an old state came back under its old name");
    }

    async fn several_effects_of_one_write_are_one_change(w: World) {
        let a = w.user(A).await;
        let path = session("open", "l");
        a.put(&path, create(A)).await.expect(201);
        let mut body = reserve(&[B]);
        body["members"]["me"] = json!({"properties": {"custom": {"a": 1}}});
        body["properties"] = json!({"custom": {"b": 2}, "system": {"keywords": ["k"]}});
        assert_eq!(change_number(&a.put(&path, body).await.expect(200)), 2);
    }
}
