//! In how many sessions of a service configuration a user may be at a time.

use convoke_server::config::{Mode, Scale, SessionsPerUser};

use crate::fixtures::{A, B, HANDLES_SCID, active, custom, leave, me, reserve, session};
use crate::handle_steps::session_in;
use crate::world::{Answer, Player, StoreKind, World};
use serde_json::json;

/// A service that lets users be in so many sessions, and ask as often as they like.
async fn world(most: Option<u32>) -> World {
    World::configured(StoreKind::Sqlite, |config| {
        config.limits.mode = Mode::Enforce;
        config.limits.scale = Scale::try_from(1_000.0).expect("positive");
        if let Some(most) = most {
            config.limits.sessions_per_user = SessionsPerUser::try_from(most).expect("few");
        }
    })
    .await
}

async fn join(player: &Player, name: &str) -> Answer {
    player.put(&session("open", name), active()).await
}

#[track_caller]
fn refused(answer: &Answer) {
    assert_eq!(answer.status, 409, "{}", answer.text());
    let code = answer.header("x-convoke-refusal").unwrap_or_default();
    assert!(code.starts_with("members.sessions"), "{code}");
}

#[tokio::test]
async fn a_user_is_in_fifty_sessions_of_a_configuration_and_in_no_more() {
    let w = world(None).await;
    let a = w.user(A).await;
    for n in 0..50 {
        join(&a, &format!("s{n}")).await.expect(201);
    }
    let answer = join(&a, "one-more").await;
    refused(&answer);
    assert_eq!(
        answer.text(),
        "members.me: the user 1001 is in 50 sessions of the service configuration, as many as are \
         allowed [members.sessions]"
    );
    // Nothing has come to exist, and who is in already goes on.
    a.get(&session("open", "one-more")).await.expect_empty(204);
    a.put(&session("open", "s7"), custom(json!({"a": 1})))
        .await
        .expect(200);
    join(&a, "s7").await.expect(200);
    // Another user, another configuration, and a place that becomes free.
    join(&w.user(B).await, "one-more").await.expect(201);
    a.put(&session_in(HANDLES_SCID, "vis", "x"), active())
        .await
        .expect(201);
    refused(&join(&a, "one-more").await);
    a.put(&session("open", "s7"), leave())
        .await
        .expect_empty(204);
    join(&a, "one-more").await.expect(200);
}

#[tokio::test]
async fn a_place_that_is_kept_for_a_user_counts_once_it_is_taken() {
    let w = world(Some(2)).await;
    let (a, b) = (w.user(A).await, w.user(B).await);
    for name in ["b1", "b2"] {
        join(&b, name).await.expect(201);
        b.put(&session("open", name), reserve(&[A]))
            .await
            .expect(200);
    }
    join(&a, "b1").await.expect(200);
    join(&a, "own").await.expect(201);
    refused(&join(&a, "b2").await);
}

#[tokio::test]
async fn who_has_timed_out_of_a_session_is_in_it_no_more() {
    let w = world(Some(1)).await;
    let a = w.user(A).await;
    let slow = session("slow", "s");
    a.put(&slow, active()).await.expect(201);
    a.put(&slow, me(json!({"active": false}))).await.expect(200);
    refused(&join(&a, "other").await);
    w.advance_lazily(5_001);
    join(&a, "other").await.expect(201);
}

#[tokio::test]
async fn servers_and_services_without_the_limit_are_not_bound() {
    let w = world(Some(1)).await;
    join(&w.user(A).await, "s1").await.expect(201);
    let server = w.server().await;
    let path = session("open", "s2");
    let joining = server
        .request("PUT", &path)
        .header("X-Xbl-On-Behalf-Of", "xuid(1001)");
    joining.json(active()).send().await.expect(201);

    let w = world(Some(0)).await;
    let a = w.user(A).await;
    for n in 0..60 {
        join(&a, &format!("s{n}")).await.expect(201);
    }
    // Where no limits are enforced, this one is not either.
    let w = World::configured(StoreKind::Memory, |config| {
        config.limits.mode = Mode::Off;
        config.limits.sessions_per_user = SessionsPerUser::try_from(1).expect("few");
    })
    .await;
    let a = w.user(A).await;
    join(&a, "s1").await.expect(201);
    join(&a, "s2").await.expect(201);
}
