//! The rules of invite handles beyond the numbered examples.

use serde_json::{Value, json};

use crate::handle_steps::{
    Cast, S1, S2, assert_content_location, cast, cast_in, created, custom, game, invite, join,
    joining, leaving, member_xuids, place_for, post, reference, reference_in, session_answer,
    session_in, system,
};

/// `POST /handles` for an invite to `g1` with these attributes.
fn with_attributes(attributes: &Value) -> Value {
    let mut body = invite(&reference("game", "g1"), 1003);
    body["inviteAttributes"] = attributes.clone();
    body
}

/// A is in `g1` and has invited C.
async fn invite_to_c(c: &Cast) -> String {
    join(&c.a, &game("g1")).await;
    post(&c.a, invite(&reference("game", "g1"), 1003)).await
}

every_store! {
    async fn rule_i1_an_invite_may_be_to_any_title(w: World) {
        let c = cast(&w).await;
        join(&c.a, &game("g1")).await;
        for title in ["896928775", "0", "4294967295"] {
            let document = created(
                c.a.post("/handles", with_attributes(&json!({ "titleId": title })))
                    .await,
            );
            assert_eq!(document["inviteAttributes"]["titleId"], title);
        }
    }

    async fn rule_i3_the_texts_of_an_invite_come_back_as_they_went_in(w: World) {
        let c = cast(&w).await;
        join(&c.a, &game("g1")).await;
        let attributes = json!({
            "titleId": "777", "context": "a=b&c=%20ü",
            "contextString": "///join", "senderString": "Лига",
        });
        let document = created(c.a.post("/handles", with_attributes(&attributes)).await);
        assert_eq!(document["inviteAttributes"], attributes);
    }

    async fn rule_i4_every_post_makes_a_new_invite(w: World) {
        let c = cast(&w).await;
        let first = invite_to_c(&c).await;
        let second = post(&c.a, invite(&reference("game", "g1"), 1003)).await;
        assert_ne!(first, second);
        c.c.get(&first).await.expect(200);
        c.c.get(&second).await.expect(200);
    }

    async fn rule_i5_a_reservation_is_not_enough_to_invite(w: World) {
        let c = cast(&w).await;
        let mut body = joining(&c.a);
        body["members"]["reserve_0"] = place_for(1002);
        c.a.put(&game("g1"), body).await.expect(201);
        c.b.post("/handles", invite(&reference("game", "g1"), 1003))
            .await
            .expect_text(403);
        session_answer(c.b.put(&game("g1"), joining(&c.b)).await, 200);
        post(&c.b, invite(&reference("game", "g1"), 1003)).await;
    }

    async fn rule_i8_only_a_server_invites_to_a_session_that_does_not_exist(w: World) {
        let c = cast(&w).await;
        let missing = reference("game", "missing");
        c.a.post("/handles", invite(&missing, 1003))
            .await
            .expect_text(404);
        let i1 = post(&c.svc, invite(&missing, 1003)).await;
        c.c.get(&format!("{i1}/session")).await.expect_empty(204);
        c.svc.get(&game("missing")).await.expect_empty(204);
    }

    async fn rule_i10_an_invite_opens_no_private_session(w: World) {
        let c = cast_in(&w, "123").await;
        let path = session_in(S2, "priv", "p1");
        join(&c.a, &path).await;
        let i1 = post(&c.a, invite(&reference_in(S2, "priv", "p1"), 1003)).await;
        c.c.get(&format!("{i1}/session")).await.expect_text(403);
        c.c.put(&format!("{i1}/session"), joining(&c.c))
            .await
            .expect_text(403);
        c.c.get(&i1).await.expect(200);
    }

    async fn rule_p16_an_invite_to_a_missing_session_lets_the_invited_create_it(w: World) {
        let c = cast(&w).await;
        let i1 = post(&c.svc, invite(&reference("game", "g7"), 1003)).await;
        let answer = c.c.put(&format!("{i1}/session"), joining(&c.c)).await;
        assert_content_location(&answer, S1, "game", "g7");
        assert_eq!(member_xuids(&session_answer(answer, 201)), ["1003"]);
        c.c.get(&i1).await.expect(200);
        c.c.put(&game("g7"), leaving()).await.expect_empty(204);
        c.c.get(&i1).await.expect_text(404);
    }

    async fn rule_i11_a_server_uses_any_invite_and_others_come_as_by_name(w: World) {
        let c = cast(&w).await;
        let i1 = invite_to_c(&c).await;
        session_answer(c.svc.get(&format!("{i1}/session")).await, 200);
        session_answer(
            c.svc.put(&format!("{i1}/session"), custom("a", 1)).await,
            200,
        );
        // The session is unrestricted: what everybody may do by name they may do here.
        session_answer(c.b.get(&format!("{i1}/session")).await, 200);
        session_answer(c.b.put(&format!("{i1}/session"), joining(&c.b)).await, 200);
    }

    async fn rule_i13_sender_invitee_and_server_delete_an_invite_and_joining_does_not(w: World) {
        let c = cast(&w).await;
        join(&c.a, &game("g1")).await;
        for deleter in [&c.a, &c.c, &c.svc] {
            let i1 = post(&c.a, invite(&reference("game", "g1"), 1003)).await;
            session_answer(c.c.put(&format!("{i1}/session"), joining(&c.c)).await, 200);
            c.c.put(&format!("{i1}/session"), leaving())
                .await
                .expect(200);
            session_answer(c.c.put(&format!("{i1}/session"), joining(&c.c)).await, 200);
            c.b.delete(&i1).await.expect_text(404);
            c.c.get(&i1).await.expect(200);
            deleter.delete(&i1).await.expect_empty(204);
            c.c.get(&i1).await.expect_text(404);
        }
    }

    async fn rule_i14_an_invite_outlives_its_senders_membership(w: World) {
        let c = cast(&w).await;
        let i1 = invite_to_c(&c).await;
        join(&c.b, &game("g1")).await;
        c.b.put(&game("g1"), system("joinRestriction", "local"))
            .await
            .expect(200);
        c.a.put(&game("g1"), leaving()).await.expect(200);
        let session = session_answer(c.c.put(&format!("{i1}/session"), joining(&c.c)).await, 200);
        assert_eq!(member_xuids(&session), ["1002", "1003"]);
    }

    async fn rule_i17_a_server_that_acts_for_a_user_names_that_sender(w: World) {
        let c = cast(&w).await;
        join(&c.a, &game("g1")).await;
        let call = c
            .svc
            .request("POST", "/handles")
            .header("X-Xbl-On-Behalf-Of", "xuid(1001)");
        let document = created(
            call.json(invite(&reference("game", "g1"), 1003))
                .send()
                .await,
        );
        assert_eq!(document["senderXuid"], "1001");
        let plain = created(
            c.svc
                .post("/handles", invite(&reference("game", "g1"), 1003))
                .await,
        );
        assert_eq!(plain.get("senderXuid"), None);
    }
}
