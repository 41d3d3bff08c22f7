//! Which handle outlives which event: the lifecycle table, a row at a time.

use serde_json::{Value, json};

use crate::handle_steps::{
    Cast, S1, S2, active, activity, cast, cast_in, correlation, game, handle, invite, join,
    joining, leaving, path_of, post, reference, reference_in, session_answer, session_in, system,
    transfer,
};
use crate::world::{StoreKind, World};

const KINDS: [&str; 5] = ["activity", "invite", "search", "transfer", "correlation"];
const TEMPLATE: &str = "global(lfg)";
const DAY: u64 = 24 * 3_600_000;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Event {
    OwnerLeavesAndAnotherRemains,
    OwnerTurnsInactive,
    Closed,
    Full,
    Deleted,
    SameKindAgain,
    DayPasses,
}

/// What happens, and which kinds of handle do not outlive it.
const TABLE: [(Event, &[&str]); 7] = [
    (Event::OwnerLeavesAndAnotherRemains, &["activity"]),
    (Event::OwnerTurnsInactive, &["activity"]),
    (Event::Closed, &[]),
    (Event::Full, &[]),
    (
        Event::Deleted,
        &["activity", "invite", "search", "transfer"],
    ),
    (Event::SameKindAgain, &["activity", "search"]),
    (Event::DayPasses, &["invite"]),
];

/// The handle of this kind that A makes for the session.
fn body(kind: &str, session: &Value) -> Value {
    match kind {
        "invite" => invite(session, 1003),
        "transfer" => transfer(session, &reference("game", "lobby")),
        other => handle(other, session),
    }
}

/// A and B own the session, both are active, and A has made one handle of each kind.
async fn prepare(c: &Cast, name: &str) -> Vec<String> {
    let path = session_in(S2, TEMPLATE, name);
    let mut creation = active(true);
    creation["constants"] = json!({ "system": { "maxMembersCount": 4 } });
    c.a.put(&path, creation).await.expect(201);
    c.b.put(&path, active(true)).await.expect(200);
    c.a.put(&path, system("owners", json!([0, 1])))
        .await
        .expect(200);
    let mut handles = Vec::new();
    for kind in KINDS {
        handles.push(post(&c.a, body(kind, &reference_in(S2, TEMPLATE, name))).await);
    }
    handles
}

async fn happen(w: &World, c: &Cast, event: Event, name: &str) {
    let path = session_in(S2, TEMPLATE, name);
    match event {
        Event::OwnerLeavesAndAnotherRemains => {
            c.a.put(&path, leaving()).await.expect(200);
        }
        Event::OwnerTurnsInactive => {
            c.a.put(&path, active(false)).await.expect(200);
        }
        Event::Closed => {
            c.a.put(&path, system("closed", true)).await.expect(200);
        }
        Event::Full => {
            c.d.put(&path, active(true)).await.expect(200);
            c.e.put(&path, active(true)).await.expect(200);
        }
        Event::Deleted => {
            c.a.put(&path, leaving()).await.expect(200);
            c.b.put(&path, leaving()).await.expect_empty(204);
        }
        Event::SameKindAgain => {
            for kind in KINDS {
                let answer =
                    c.a.post("/handles", body(kind, &reference_in(S2, TEMPLATE, name)))
                        .await;
                let expected = if kind == "correlation" { 200 } else { 201 };
                assert_eq!(answer.status, expected, "{kind}: {}", answer.text());
            }
        }
        Event::DayPasses => w.advance(DAY + 1_000).await,
    }
}

every_store! {
    async fn rule_1_13_every_handle_lives_as_long_as_the_table_says(w: World) {
        for (event, gone) in TABLE {
            // Tokens do not last a day.
            let c = cast_in(&w, "123").await;
            let name = format!("{event:?}");
            let handles = prepare(&c, &name).await;
            happen(&w, &c, event, &name).await;
            let server = w.server().await;
            for (kind, path) in KINDS.iter().zip(handles) {
                let answer = server.get(&path).await;
                let expected = if gone.contains(kind) { 404 } else { 200 };
                assert_eq!(
                    answer.status,
                    expected,
                    "{event:?}: {kind}: {}",
                    answer.text()
                );
                let session = server.get(&format!("{path}/session")).await;
                let expected = match (event, gone.contains(kind)) {
                    (_, true) => 404,
                    (Event::Deleted, false) => 204,
                    _ => 200,
                };
                assert_eq!(
                    session.status,
                    expected,
                    "{event:?}: session by {kind}: {}",
                    session.text()
                );
            }
        }
    }

    async fn rule_1_13_a_correlation_handle_names_the_session_that_comes_after(w: World) {
        let c = cast(&w).await;
        let path = post(&c.a, correlation("g1")).await;
        let first = session_answer(c.a.put(&game("g1"), joining(&c.a)).await, 201);
        c.a.put(&game("g1"), leaving()).await.expect_empty(204);
        c.a.get(&format!("{path}/session")).await.expect_empty(204);
        let second = session_answer(
            c.b.put(&format!("{path}/session"), joining(&c.b)).await,
            201,
        );
        assert_eq!(second["correlationId"], first["correlationId"]);
        assert_ne!(second["branch"], first["branch"]);
        assert_eq!(second["changeNumber"], 1);
        let again = c.a.post("/handles", correlation("g1")).await.expect(200);
        assert_eq!(path_of(&again.json()), path);
    }

    async fn rule_1_13_an_activity_of_a_deleted_session_does_not_come_back_with_its_name(w: World) {
        let c = cast(&w).await;
        join(&c.a, &game("g1")).await;
        let old = post(&c.a, activity("g1")).await;
        c.a.put(&game("g1"), leaving()).await.expect_empty(204);
        join(&c.a, &game("g1")).await;
        c.b.get(&old).await.expect_text(404);
        let query = json!({ "type": "activity", "scid": S1, "owners": { "xuids": ["1001"] } });
        let found = c.b.post("/handles/query", query).await.expect(200);
        assert_eq!(found.json(), json!({ "results": [] }));
    }
}

#[tokio::test]
async fn handles_are_kept_across_a_restart() {
    let w = World::new(StoreKind::Sqlite).await;
    let c = cast_in(&w, "123").await;
    let handles = prepare(&c, "restart").await;
    let mut before = Vec::new();
    for path in &handles {
        before.push(c.a.get(path).await.expect(200).json());
    }
    drop(c);
    let w = w.restart().await;
    let c = cast_in(&w, "123").await;
    for (path, before) in handles.iter().zip(before) {
        assert_eq!(c.a.get(path).await.expect(200).json(), before);
    }
    // What made a second handle replace the first is remembered as well.
    let session = reference_in(S2, TEMPLATE, "restart");
    post(&c.a, handle("activity", &session)).await;
    c.a.get(&handles[0]).await.expect_text(404);
    let again =
        c.b.post("/handles", handle("correlation", &session))
            .await
            .expect(200);
    assert_eq!(path_of(&again.json()), handles[4]);
}
