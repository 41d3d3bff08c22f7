//! Handles made, used and deleted by several callers at once.

use serde_json::json;

use crate::handle_steps::{
    activity, cast, correlation, custom, game, invite, join, leaving, path_of, post, reference,
};
use crate::world::{StoreKind, World};

const ROUNDS: u32 = 60;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_p19_no_write_is_committed_after_the_handle_is_gone_in_memory() {
    race(StoreKind::Memory).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_p19_no_write_is_committed_after_the_handle_is_gone_in_sqlite() {
    race(StoreKind::Sqlite).await;
}

async fn race(store: StoreKind) {
    let w = World::new(store).await;
    let c = cast(&w).await;
    join(&c.a, &game("g1")).await;
    join(&c.b, &game("g1")).await;
    for round in 0..ROUNDS {
        let handle = post(&c.a, correlation("g1")).await;
        let path = format!("{handle}/session");
        let (owner, writer) = (c.a.clone(), c.b.clone());

        let deletion = tokio::spawn(async move {
            owner.delete(&handle).await.expect_empty(204);
            // From here on nothing may come through the handle.
            let session = owner.get(&game("g1")).await.expect(200).json();
            session["properties"]["custom"]["round"].clone()
        });
        let write = tokio::spawn(async move { writer.put(&path, custom("round", round)).await });

        let after_deletion = deletion.await.expect("the deletion ran");
        let answer = write.await.expect("the write ran");
        let settled = c.a.get(&game("g1")).await.expect(200).json();
        let settled = &settled["properties"]["custom"]["round"];
        match answer.status {
            200 => assert_eq!(
                after_deletion,
                json!(round),
                "round {round} came after the deletion"
            ),
            404 => assert_ne!(
                after_deletion,
                json!(round),
                "round {round} was refused and written"
            ),
            other => panic!("round {round}: {other} {}", answer.text()),
        }
        assert_eq!(*settled, after_deletion, "round {round} changed afterwards");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_many_activities_posted_at_once_survives() {
    for store in [StoreKind::Memory, StoreKind::Sqlite] {
        let w = World::new(store).await;
        let c = cast(&w).await;
        join(&c.a, &game("g1")).await;
        let posts: Vec<_> = (0..8)
            .map(|_| {
                let a = c.a.clone();
                tokio::spawn(async move { post(&a, activity("g1")).await })
            })
            .collect();
        let mut paths = Vec::new();
        for post in posts {
            paths.push(post.await.expect("the post ran"));
        }
        let mut alive = 0;
        for path in &paths {
            alive += u32::from(c.b.get(path).await.status == 200);
        }
        assert_eq!(alive, 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_correlation_handle_asked_for_by_many_at_once_is_one_handle() {
    for store in [StoreKind::Memory, StoreKind::Sqlite] {
        let w = World::new(store).await;
        let c = cast(&w).await;
        let posts: Vec<_> = [&c.a, &c.b, &c.c, &c.d]
            .into_iter()
            .map(|player| {
                let player = player.clone();
                tokio::spawn(async move { player.post("/handles", correlation("g1")).await })
            })
            .collect();
        let mut statuses = Vec::new();
        let mut ids = Vec::new();
        for post in posts {
            let answer = post.await.expect("the post ran");
            statuses.push(answer.status);
            ids.push(answer.json()["id"].clone());
        }
        statuses.sort_unstable();
        ids.dedup();
        assert_eq!(statuses, [200, 200, 200, 201]);
        assert_eq!(ids.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_handle_outlives_what_it_is_bound_to_however_close_the_race() {
    for store in [StoreKind::Memory, StoreKind::Sqlite] {
        let w = World::new(store).await;
        let c = cast(&w).await;
        let bodies = [activity("g1"), invite(&reference("game", "g1"), 1003)];
        for (round, body) in bodies.iter().cycle().take(40).enumerate() {
            join(&c.a, &game("g1")).await;
            let (poster, leaver, body) = (c.a.clone(), c.a.clone(), body.clone());
            let posting = tokio::spawn(async move { poster.post("/handles", body).await });
            let left = tokio::spawn(async move { leaver.put(&game("g1"), leaving()).await });
            left.await.expect("the leave ran").expect_empty(204);
            let posted = posting.await.expect("the post ran");
            match posted.status {
                201 => c.svc.get(&path_of(&posted.json())).await.expect(404),
                403 | 404 => posted,
                other => panic!("round {round}: {other} {}", posted.text()),
            };
            c.svc.get(&game("g1")).await.expect_empty(204);
        }
    }
}
