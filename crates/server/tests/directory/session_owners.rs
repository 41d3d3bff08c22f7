//! Sessions with owners: what only they may do, and what happens when the last one leaves.

use serde_json::{Value, json};

use crate::fixtures::{A, B, C, active, custom, leave, session, system};
use crate::world::{Player, World};

/// A's session of this template, which B has joined a second later.
async fn a_and_b(w: &World, template: &str) -> (Player, Player, String) {
    let (a, b) = (w.user(A).await, w.user(B).await);
    let path = session(template, "o");
    a.put(&path, active()).await.expect(201);
    w.advance(1000).await;
    b.put(&path, active()).await.expect(200);
    (a, b, path)
}

async fn owners(player: &Player, path: &str) -> Value {
    let read = player.get(path).await.expect(200).json();
    read["properties"]["system"]["owners"].clone()
}

every_store! {
    async fn e91_the_creator_owns_the_session_and_writes_its_system_properties(w: World) {
        let (a, b, path) = a_and_b(&w, "own").await;
        assert_eq!(owners(&b, &path).await, json!([0]));
        let close = system(json!({"closed": true}));
        b.put(&path, close.clone()).await.expect_naming(403, "properties.system.closed");
        let closed = a.put(&path, close).await.expect(200).json();
        assert_eq!(closed["properties"]["system"]["closed"], true);
    }

    async fn e92_the_oldest_member_inherits_where_the_template_says_so(w: World) {
        let (a, b, path) = a_and_b(&w, "own").await;
        w.user(C).await.put(&path, active()).await.expect(200);
        a.put(&path, leave()).await.expect(200);
        assert_eq!(owners(&b, &path).await, json!([1]));
        b.put(&path, system(json!({"closed": true}))).await.expect(200);
    }

    async fn e92_without_migration_the_session_ends_with_its_last_owner(w: World) {
        let (a, b, path) = a_and_b(&w, "ownend").await;
        a.put(&path, leave()).await.expect_empty(204);
        b.get(&path).await.expect_empty(204);
    }

    async fn an_owner_whom_time_removes_ends_the_session_as_one_who_leaves(w: World) {
        let (a, b, path) = a_and_b(&w, "ownend").await;
        let away = json!({"members": {"me": {"properties": {"system": {"active": false}}}}});
        a.put(&path, away).await.expect(200);
        b.get(&path).await.expect_empty(204);
    }

    async fn e93_an_owner_removes_a_member(w: World) {
        let (a, b, path) = a_and_b(&w, "own").await;
        b.put(&path, json!({"members": {"0": null}})).await.expect_text(403);
        let removed = a.put(&path, json!({"members": {"1": null}})).await.expect(200).json();
        assert_eq!(removed["membersInfo"]["count"], 1);
        b.put(&path, active()).await.expect(200);
        a.delete(&format!("{path}/members/2")).await.expect(200);
        assert_eq!(a.get(&path).await.expect(200).json()["membersInfo"]["count"], 1);
    }

    async fn an_owner_shares_ownership_and_gives_it_up(w: World) {
        let (a, b, path) = a_and_b(&w, "own").await;
        let write = |list: &[u64]| system(json!({"owners": list}));
        b.put(&path, write(&[0, 1])).await.expect_naming(403, "properties.system.owners");
        a.put(&path, write(&[0, 9])).await.expect_naming(400, "properties.system.owners");
        a.put(&path, write(&[0, 1])).await.expect(200);
        b.put(&path, system(json!({"keywords": ["k"]}))).await.expect(200);
        b.put(&path, write(&[1])).await.expect(200);
        a.put(&path, system(json!({"keywords": ["l"]}))).await.expect_text(403);
        a.put(&path, leave()).await.expect(200);
        assert_eq!(owners(&b, &path).await, json!([1]));
    }

    async fn members_write_custom_properties_and_repeat_what_is_so(w: World) {
        let (a, b, path) = a_and_b(&w, "own").await;
        b.put(&path, custom(json!({"a": 1}))).await.expect(200);
        a.put(&path, system(json!({"keywords": ["k"]}))).await.expect(200);
        let before = b.get(&path).await.expect(200);
        let properties = json!({"properties": before.json()["properties"]});
        let repeated = b.put(&path, properties).await.expect(200);
        assert_eq!(repeated.etag(), before.etag());
    }

    async fn a_template_frees_properties_for_members(w: World) {
        let (a, b) = (w.user(A).await, w.user(B).await);
        let path = session("bare", "o");
        let mut body = active();
        body["constants"] = json!({"system": {"capabilities": {"hasOwners": true},
            "ownershipPolicies": {"nonOwnerModifiableSystemProperties": ["keywords"]}}});
        a.put(&path, body).await.expect(201);
        b.put(&path, active()).await.expect(200);
        b.put(&path, system(json!({"keywords": ["k"]}))).await.expect(200);
        let answer = b.put(&path, system(json!({"closed": true}))).await;
        answer.expect_naming(403, "properties.system.closed");
    }

    async fn an_inactive_owner_is_still_the_owner_until_removed(w: World) {
        let (a, b) = (w.user(A).await, w.user(B).await);
        let path = session("bare", "o");
        let mut body = active();
        body["constants"] = json!({"system": {"capabilities": {"hasOwners": true},
            "inactiveRemovalTimeout": 5000, "ownershipPolicies": {"migration": "oldest"}}});
        a.put(&path, body).await.expect(201);
        b.put(&path, active()).await.expect(200);
        let away = json!({"members": {"me": {"properties": {"system": {"active": false}}}}});
        a.put(&path, away).await.expect(200);
        assert_eq!(owners(&b, &path).await, json!([0]));
        w.advance(5000).await;
        assert_eq!(owners(&b, &path).await, json!([1]));
    }
}
