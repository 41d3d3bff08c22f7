//! Roles: who may take one, how many, and who may change how many.

use serde_json::{Value, json};

use crate::fixtures::{A, B, C, active, leave, session};
use crate::world::{Player, World};

fn take(role: &Value) -> Value {
    json!({"members": {"me": {"roles": {"lfg": role}}}})
}

fn settings(role: &str, settings: &Value) -> Value {
    json!({"roleTypes": {"lfg": {"roles": {role: settings}}}})
}

/// A's session of this template, which B has joined.
async fn a_and_b(w: &World, template: &str) -> (Player, Player, String) {
    let (a, b) = (w.user(A).await, w.user(B).await);
    let path = session(template, "r");
    a.put(&path, active()).await.expect(201);
    b.put(&path, active()).await.expect(200);
    (a, b, path)
}

every_store! {
    async fn e90_a_role_is_taken_once_it_has_room_and_refused_when_it_is_full(w: World) {
        let (a, b, path) = a_and_b(&w, "role").await;
        let taken = a.put(&path, take(&json!("friend"))).await.expect(200).json();
        let friend = json!({"count": 1, "memberXuids": ["1001"], "max": 1, "target": 1});
        assert_eq!(taken["roleTypes"], json!({"lfg": {"roles": {"friend": friend}}}));
        assert_eq!(taken["members"]["0"]["roles"], json!({"lfg": "friend"}));
        b.put(&path, take(&json!("friend"))).await.expect_naming(409, "members.me.roles");
        let again = a.put(&path, take(&json!("friend"))).await.expect(200).json();
        assert_eq!(again["changeNumber"], taken["changeNumber"]);
    }

    async fn a_role_is_free_again_when_it_is_given_up(w: World) {
        let (a, b, path) = a_and_b(&w, "role").await;
        let none = json!({"lfg": {"roles": {"friend": {"max": 1, "target": 1, "count": 0,
            "memberXuids": []}}}});
        a.put(&path, take(&json!("friend"))).await.expect(200);
        let given = a.put(&path, take(&Value::Null)).await.expect(200).json();
        assert_eq!(given["roleTypes"], none);
        assert!(given["members"]["0"].get("roles").is_none());
        b.put(&path, take(&json!("friend"))).await.expect(200);
        let left = b.put(&path, leave()).await.expect(200).json();
        assert_eq!(left["roleTypes"], none);
    }

    async fn a_full_role_keeps_its_taker_out_of_the_session(w: World) {
        let (a, _, path) = a_and_b(&w, "role").await;
        a.put(&path, take(&json!("friend"))).await.expect(200);
        let c = w.user(C).await;
        let mut join = active();
        join["members"]["me"]["roles"] = json!({"lfg": "friend"});
        c.put(&path, join).await.expect_text(409);
        assert_eq!(a.get(&path).await.expect(200).json()["membersInfo"]["count"], 2);
    }

    async fn a_fixed_role_setting_cannot_be_changed(w: World) {
        let (a, _, path) = a_and_b(&w, "role").await;
        let bigger = settings("friend", &json!({"max": 2}));
        a.put(&path, bigger).await.expect_naming(409, "roleTypes.lfg.roles.friend.max");
        let same = settings("friend", &json!({"max": 1, "target": 1}));
        assert_eq!(a.put(&path, same).await.expect(200).json()["changeNumber"], 2);
        let unknown = settings("other", &json!({"max": 2}));
        a.put(&path, unknown).await.expect_naming(400, "roleTypes.lfg.roles.other");
    }

    async fn owners_change_the_settings_that_may_change(w: World) {
        let (a, b, path) = a_and_b(&w, "global(lfg)").await;
        let smaller = settings("confirmed", &json!({"max": 6, "target": 5}));
        b.put(&path, smaller.clone()).await.expect_text(403);
        let changed = a.put(&path, smaller).await.expect(200).json();
        let confirmed = json!({"max": 6, "target": 5, "count": 0, "memberXuids": []});
        assert_eq!(changed["roleTypes"]["lfg"]["roles"]["confirmed"], confirmed);
        let odd = settings("confirmed", &json!({"target": 7}));
        a.put(&path, odd).await.expect_naming(400, "roleTypes.lfg.roles.confirmed");
    }

    async fn owners_alone_assign_the_roles_they_manage(w: World) {
        let (a, b, path) = a_and_b(&w, "global(lfg)").await;
        b.put(&path, take(&json!("confirmed"))).await.expect_naming(403, "members.me.roles");
        let body = json!({"members": {"1": {"roles": {"lfg": "confirmed"}}}});
        b.put(&path, body.clone()).await.expect(403);
        let assigned = a.put(&path, body).await.expect(200).json();
        assert_eq!(assigned["members"]["1"]["roles"], json!({"lfg": "confirmed"}));
        let xuids = &assigned["roleTypes"]["lfg"]["roles"]["confirmed"]["memberXuids"];
        assert_eq!(*xuids, json!(["1002"]));
    }

    async fn a_role_with_more_holders_than_room_takes_nobody_new(w: World) {
        let (a, _, path) = a_and_b(&w, "global(lfg)").await;
        let assign = |index: &str| json!({"members": {index: {"roles": {"lfg": "confirmed"}}}});
        for index in ["0", "1"] {
            a.put(&path, assign(index)).await.expect(200);
        }
        let shrunk = a.put(&path, settings("confirmed", &json!({"max": 1}))).await.expect(200);
        let role = shrunk.json()["roleTypes"]["lfg"]["roles"]["confirmed"].clone();
        assert_eq!((role["max"].as_u64(), role["count"].as_u64()), (Some(1), Some(2)));
        w.user(C).await.put(&path, active()).await.expect(200);
        a.put(&path, assign("2")).await.expect_naming(409, "members.2.roles");
    }
}
