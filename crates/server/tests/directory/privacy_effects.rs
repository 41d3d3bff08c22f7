//! What blocks and settings do inside the session directory.

use serde_json::{Value, json};

use crate::handle_steps::{
    S2, active, activity, cast, cast_in, created, follow, game, handle, invite, join, joining,
    post, reference, reference_in, session, session_answer, session_in, via,
};
use crate::privacy_lists::{block, change, choose};
use crate::world::Player;

/// How many activities the caller finds of the users.
async fn found(player: &Player, owners: Value) -> usize {
    let body = json!({ "type": "activity", "owners": owners });
    let answer = player.post("/handles/query", body).await.expect(200).json();
    answer["results"].as_array().expect("a list").len()
}

fn of(xuid: u64) -> Value {
    json!({ "xuids": [xuid.to_string()] })
}

fn my_people() -> Value {
    json!({ "people": { "moniker": "people" } })
}

every_store! {
    async fn c20_presence_that_is_not_shared_hides_the_activity(w: World) {
        let c = cast(&w).await;
        join(&c.b, &game("g1")).await;
        post(&c.b, activity("g1")).await;
        follow(&c.a, &c.b).await;
        assert_eq!((found(&c.a, my_people()).await, found(&c.c, of(1002)).await), (1, 1));
        choose(&c.b, "SharePresence", "PeopleOnMyList").await;
        assert_eq!((found(&c.a, my_people()).await, found(&c.c, of(1002)).await), (0, 0));
        follow(&c.b, &c.a).await;
        assert_eq!((found(&c.a, my_people()).await, found(&c.c, of(1002)).await), (1, 0));
        choose(&c.b, "SharePresence", "Blocked").await;
        assert_eq!(found(&c.a, of(1002)).await, 0);
        let path = "/users/me/permission/validate?setting=ViewTargetPresence&target=xuid(1002)";
        assert_eq!(c.a.get(path).await.expect(200).json()["isAllowed"], false);
        assert_eq!((found(&c.b, of(1002)).await, found(&c.svc, of(1002)).await), (1, 1));
    }

    async fn q9_whoever_blocks_the_caller_is_not_found(w: World) {
        let c = cast(&w).await;
        join(&c.b, &game("g1")).await;
        post(&c.b, activity("g1")).await;
        assert_eq!(found(&c.a, of(1002)).await, 1);
        block(&c.b, &c.a).await;
        assert_eq!(found(&c.a, of(1002)).await, 0);
        change(&c.b, "DELETE", "never", 1001).await.expect(200);
        block(&c.a, &c.b).await;
        assert_eq!(found(&c.a, of(1002)).await, 0);
    }

    async fn c21_an_invitation_to_who_blocked_the_sender_is_made_and_one_to_the_blocked_is_not(w: World) {
        let c = cast(&w).await;
        join(&c.a, &game("g1")).await;
        let g1 = reference("game", "g1");
        block(&c.b, &c.a).await;
        created(c.a.post("/handles", invite(&g1, 1002)).await);
        choose(&c.d, "CommunicateUsingTextAndVoice", "Blocked").await;
        created(c.a.post("/handles", invite(&g1, 1004)).await);
        block(&c.a, &c.c).await;
        let refused = c.a.post("/handles", invite(&g1, 1003)).await;
        refused.expect_naming(403, "invitedXuid");
        created(c.svc.post("/handles", invite(&g1, 1003)).await);
    }

    async fn an_invitation_takes_the_privilege_to_communicate(w: World) {
        let silent = json!({ "xuid": "1001", "titleId": "777", "privileges": [185, 254, 255] });
        let silent = w.token(silent).await;
        join(&silent, &game("g1")).await;
        let refused = silent.post("/handles", invite(&reference("game", "g1"), 1002)).await;
        refused.expect_naming(403, "MissingPrivilege");
    }

    async fn h59_a_user_blocked_by_the_owner_does_not_join_through_a_search_handle(w: World) {
        let c = cast(&w).await;
        join(&c.a, &session("browse", "b1")).await;
        let path = via(&c.a, handle("search", &reference("browse", "b1"))).await;
        block(&c.a, &c.c).await;
        c.c.put(&path, joining(&c.c)).await.expect(403);
        session_answer(c.b.put(&path, joining(&c.b)).await, 200);
        // A block of a place that is taken changes nothing.
        block(&c.a, &c.b).await;
        session_answer(c.b.put(&path, active(true)).await, 200);
        change(&c.a, "DELETE", "never", 1003).await.expect(200);
        session_answer(c.c.put(&path, joining(&c.c)).await, 200);
    }

    async fn a_user_blocked_by_the_owner_does_not_join_by_name_either(w: World) {
        let c = cast_in(&w, "123").await;
        let path = session_in(S2, "own", "s1");
        c.a.put(&path, joining(&c.a)).await.expect(201);
        block(&c.a, &c.c).await;
        c.c.put(&path, joining(&c.c)).await.expect(403);
        session_answer(c.b.put(&path, joining(&c.b)).await, 200);
    }

    async fn h59_where_nobody_owns_the_session_its_publisher_counts(w: World) {
        let c = cast_in(&w, "123").await;
        let open = session_in(S2, "bare", "s1");
        let mut body = joining(&c.a);
        body["constants"] = json!({ "system": { "capabilities": { "searchable": true } } });
        c.a.put(&open, body).await.expect(201);
        let path = via(&c.a, handle("search", &reference_in(S2, "bare", "s1"))).await;
        block(&c.a, &c.c).await;
        c.c.put(&path, joining(&c.c)).await.expect(403);
        session_answer(c.c.put(&open, joining(&c.c)).await, 200);
    }
}
