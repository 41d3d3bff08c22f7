//! What time does to members and sessions.

use serde_json::json;

use crate::fixtures::{A, A_CONNECTION, B, active, connected, custom, leave, me, reserve, session};
use crate::world::{Player, World};

/// A's session of this template, which B has joined.
async fn a_and_b(w: &World, template: &str) -> (Player, Player, String) {
    let (a, b) = (w.user(A).await, w.user(B).await);
    let path = session(template, "t");
    a.put(&path, active()).await.expect(201);
    b.put(&path, active()).await.expect(200);
    (a, b, path)
}

every_store! {
    async fn e76_an_inactive_member_is_removed_after_the_inactive_timeout(w: World) {
        let (a, b, path) = a_and_b(&w, "slow").await;
        let inactive = a.put(&path, me(json!({"active": false}))).await.expect(200);
        assert_eq!(inactive.header("expires"), Some("Thu, 01 Jan 2026 00:00:05 GMT"));
        let inactive = inactive.json();
        assert_eq!(inactive["members"]["0"]["properties"]["system"], json!({}));
        assert_eq!(inactive["nextTimer"], "2026-01-01T00:00:05.0000000Z");
        assert_eq!(inactive["changeNumber"], 3);
        w.advance_lazily(4999);
        assert_eq!(b.get(&path).await.expect(200).json(), inactive);
        w.advance_lazily(1);
        let read = b.get(&path).await.expect(200).json();
        assert!(read["members"].get("0").is_none());
        assert_eq!(read["membersInfo"]["first"], 1);
        assert_eq!(read["changeNumber"], 4);
    }

    async fn e77_a_ready_member_becomes_inactive_and_only_later_goes(w: World) {
        let (a, b) = (w.user(A).await, w.user(B).await);
        let path = session("slow", "t");
        b.put(&path, active()).await.expect(201);
        let ready = a.put(&path, me(json!({"ready": true}))).await.expect(200).json();
        assert_eq!(ready["members"]["1"]["properties"]["system"], json!({"ready": true}));
        assert_eq!(ready["nextTimer"], "2026-01-01T00:00:01.0000000Z");
        w.advance_lazily(1000);
        let inactive = b.get(&path).await.expect(200).json();
        assert_eq!(inactive["members"]["1"]["properties"]["system"], json!({}));
        assert_eq!(inactive["nextTimer"], "2026-01-01T00:00:06.0000000Z");
        w.advance_lazily(5000);
        let read = b.get(&path).await.expect(200).json();
        assert!(read["members"].get("1").is_none());
    }

    async fn e78_with_no_inactive_timeout_an_inactive_creator_is_gone_at_the_next_look(w: World) {
        let a = w.user(A).await;
        let path = session("open", "t");
        let created = a.put(&path, json!({"members": {"me": {}}})).await.expect(201).json();
        assert_eq!(created["members"]["0"]["properties"]["system"], json!({}));
        assert_eq!(created["nextTimer"], created["startTime"]);
        a.get(&path).await.expect_empty(204);
    }

    async fn e80_going_active_needs_a_connection_where_the_template_says_so(w: World) {
        let a = w.user(A).await;
        let path = session("uas", "t");
        let place = "members.me.properties.system";
        a.put(&path, active()).await.expect_naming(400, place);
        a.get(&path).await.expect_empty(204);
        let zero = connected("00000000-0000-0000-0000-000000000000");
        a.put(&path, zero).await.expect_naming(400, place);
        a.put(&path, connected(A_CONNECTION)).await.expect(201);
        a.put(&path, active()).await.expect(200);
    }

    async fn timeouts_do_not_stack_within_one_look(w: World) {
        let (a, b) = (w.user(A).await, w.user(B).await);
        let path = session("slow", "t");
        b.put(&path, active()).await.expect(201);
        a.put(&path, me(json!({"ready": true}))).await.expect(200);
        w.advance_lazily(60_000);
        let inactive = b.get(&path).await.expect(200).json();
        assert_eq!(inactive["members"]["1"]["properties"]["system"], json!({}));
        assert_eq!(inactive["nextTimer"], "2026-01-01T00:01:05.0000000Z");
        assert_eq!(inactive["changeNumber"], 3);
        w.advance_lazily(4999);
        assert_eq!(b.get(&path).await.expect(200).json(), inactive);
        w.advance_lazily(1);
        assert_eq!(b.get(&path).await.expect(200).json()["membersInfo"]["count"], 1);
    }

    async fn timers_fire_without_anybody_looking(w: World) {
        let (a, b, path) = a_and_b(&w, "slow").await;
        let before = a.put(&path, me(json!({"active": false}))).await.expect(200).etag();
        w.advance(5000).await;
        w.advance_lazily(3_600_000);
        let read = b.get(&path).await.expect(200);
        assert_ne!(read.etag(), before);
        assert_eq!(read.json()["changeNumber"], 4);
        assert!(read.json().get("nextTimer").is_none());
    }

    async fn a_look_with_nothing_due_changes_nothing(w: World) {
        let (a, _, path) = a_and_b(&w, "slow").await;
        let before = a.put(&path, me(json!({"active": false}))).await.expect(200);
        w.advance(4999).await;
        w.advance(0).await;
        assert_eq!(a.get(&path).await.expect(200).body, before.body);
    }

    async fn coming_back_stops_the_inactive_timer(w: World) {
        let (a, b, path) = a_and_b(&w, "slow").await;
        a.put(&path, me(json!({"active": false}))).await.expect(200);
        w.advance(4000).await;
        let back = a.put(&path, active()).await.expect(200).json();
        assert!(back.get("nextTimer").is_none());
        w.advance(60_000).await;
        assert_eq!(b.get(&path).await.expect(200).json(), back);
    }

    async fn all_that_is_due_is_one_change(w: World) {
        let (a, b, path) = a_and_b(&w, "slow").await;
        let inactive = me(json!({"active": false}));
        a.put(&path, reserve(&[1003, 1004])).await.expect(200);
        a.put(&path, inactive).await.expect(200);
        w.advance_lazily(30_000);
        let read = b.get(&path).await.expect(200).json();
        assert_eq!(read["membersInfo"]["count"], 1);
        assert_eq!(read["changeNumber"], 5);
    }

    async fn a_join_saves_an_empty_session(w: World) {
        let (a, b) = (w.user(A).await, w.user(B).await);
        let path = session("keep", "t");
        let created = a.put(&path, active()).await.expect(201).json();
        a.put(&path, leave()).await.expect(200);
        w.advance(59_999).await;
        let joined = b.put(&path, active()).await.expect(200).json();
        assert!(joined.get("nextTimer").is_none());
        assert_eq!(joined["branch"], created["branch"]);
        assert_eq!(joined["startTime"], created["startTime"]);
        w.advance(60_000).await;
        b.get(&path).await.expect(200);
    }

    async fn a_session_emptied_by_time_starts_its_empty_timer_then(w: World) {
        let a = w.user(A).await;
        let path = session("keep", "t");
        a.put(&path, json!({"members": {"me": {}}})).await.expect(201);
        w.advance_lazily(10_000);
        let server = w.server().await;
        let read = server.get(&path).await.expect(200).json();
        assert_eq!(read["membersInfo"]["count"], 0);
        assert_eq!(read["nextTimer"], "2026-01-01T00:01:10.0000000Z");
    }

    async fn a_timeout_of_null_never_comes(w: World) {
        let a = w.user(A).await;
        let path = session("bare", "t");
        let timeouts = json!({"inactiveRemovalTimeout": null, "sessionEmptyTimeout": null,
            "readyRemovalTimeout": null, "reservedRemovalTimeout": null});
        let constants = json!({"system": timeouts});
        let body = json!({"constants": constants, "members": {"me": {}}});
        let created = a.put(&path, body).await.expect(201).json();
        let shown = &created["constants"]["system"];
        assert!(shown.get("inactiveRemovalTimeout").is_none());
        assert!(shown.get("sessionEmptyTimeout").is_none());
        assert!(created.get("nextTimer").is_none());
        w.advance(3_600_000).await;
        assert_eq!(a.get(&path).await.expect(200).json(), created);
        let left = a.put(&path, leave()).await.expect(200).json();
        assert!(left.get("nextTimer").is_none());
        w.advance(3_600_000).await;
        w.server().await.get(&path).await.expect(200);
    }
}

#[tokio::test]
async fn timers_and_sessions_outlive_the_process() {
    let w = World::new(crate::world::StoreKind::Sqlite).await;
    let a = w.user(A).await;
    let path = session("slow", "t");
    let mut body = active();
    body["properties"] = custom(json!({"kept": 1}))["properties"].take();
    a.put(&path, body).await.expect(201);
    let before = a.put(&path, reserve(&[B])).await.expect(200);
    let w = w.restart().await;
    let a = w.user(A).await;
    let read = a.get(&path).await.expect(200);
    assert_eq!(read.body, before.body);
    assert_eq!(read.etag(), before.etag());
    w.advance(30_000).await;
    w.advance_lazily(60_000);
    let read = a.get(&path).await.expect(200).json();
    assert_eq!(read["membersInfo"]["count"], 1);
    assert_eq!(read["changeNumber"], 3);
}
