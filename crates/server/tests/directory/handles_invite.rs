//! Invite handles: who may send them, what they carry, whom they let in and for how long.

use convoke_server::config::InviteLifetime;
use serde_json::{Value, json};

use crate::handle_steps::{
    Cast, ID, S2, TIME, active, cast, cast_in, created, game, invite, join, joining, local, masked,
    member_xuids, path_of, place_for, post, reference, reference_in, refused_with_session, session,
    session_answer, session_in, system, time, user,
};
use crate::world::{StoreKind, World};

const DAY: u64 = 24 * 3_600_000;

/// `POST /handles` for an invite to `g1` with these attributes.
fn with_attributes(attributes: &Value) -> Value {
    let mut body = invite(&reference("game", "g1"), 1003);
    body["inviteAttributes"] = attributes.clone();
    body
}

/// A is in `g1` and has invited C: the path of `I1` of the examples.
async fn invite_to_c(c: &Cast) -> String {
    join(&c.a, &game("g1")).await;
    post(&c.a, invite(&reference("game", "g1"), 1003)).await
}

every_store! {
    async fn h29_an_invite_answers_201_with_the_whole_handle(w: World) {
        let c = cast(&w).await;
        join(&c.a, &game("g1")).await;
        let attributes =
            json!({ "titleId": "777", "context": "lvl=3", "contextString": "///join" });
        let document = created(c.a.post("/handles", with_attributes(&attributes)).await);
        assert_eq!(
            masked(&document),
            json!({
                "id": ID, "type": "invite", "version": 1, "sessionRef": reference("game", "g1"),
                "createTime": TIME, "expiration": TIME, "invitedXuid": "1003", "senderXuid": "1001",
                "inviteAttributes": attributes, "inviteProtocol": "game", "gameTypes": {},
            })
        );
        let lifetime = time(&document, "expiration").duration_since(time(&document, "createTime"));
        assert_eq!(lifetime.as_secs(), 24 * 3600);
        assert_eq!(
            c.c.get(&path_of(&document)).await.expect(200).json(),
            document
        );
    }

    async fn h30_a_title_id_given_as_a_number_comes_back_as_text(w: World) {
        let c = cast(&w).await;
        join(&c.a, &game("g1")).await;
        let document = created(
            c.a.post("/handles", with_attributes(&json!({ "titleId": 777 })))
                .await,
        );
        assert_eq!(document["inviteAttributes"], json!({ "titleId": "777" }));
    }

    async fn h31_an_invite_without_its_parts_is_refused(w: World) {
        let c = cast(&w).await;
        join(&c.a, &game("g1")).await;
        let whole = invite(&reference("game", "g1"), 1003);
        for missing in ["invitedXuid", "inviteAttributes", "sessionRef"] {
            let mut body = whole.clone();
            body.as_object_mut().expect("an object").remove(missing);
            let answer = c.a.post("/handles", body).await;
            assert_eq!(answer.status, 400, "without {missing}: {}", answer.text());
        }
        for (case, attributes) in [
            (
                "257 characters",
                json!({ "titleId": "777", "context": "x".repeat(257) }),
            ),
            (
                "258 once encoded",
                json!({ "titleId": "777", "context": " ".repeat(86) }),
            ),
            ("context no text", json!({ "titleId": "777", "context": 3 })),
            ("no title", json!({ "context": "x" })),
            ("title no number", json!({ "titleId": "minecraft" })),
            ("title negative", json!({ "titleId": -1 })),
            ("title above 32 bits", json!({ "titleId": "4294967296" })),
            ("title no integer", json!({ "titleId": 1.5 })),
            ("attributes no object", json!("777")),
        ] {
            let answer = c.a.post("/handles", with_attributes(&attributes)).await;
            assert_eq!(answer.status, 400, "{case}: {}", answer.text());
        }
        for xuid in [
            json!(""),
            json!("B"),
            json!("-1"),
            json!(null),
            json!(["1003"]),
            json!("18446744073709551616"),
        ] {
            let mut body = whole.clone();
            body["invitedXuid"] = xuid.clone();
            let answer = c.a.post("/handles", body).await;
            assert_eq!(answer.status, 400, "invitedXuid {xuid}: {}", answer.text());
        }
        for context in ["x".repeat(256), " ".repeat(85), String::new()] {
            let attributes = json!({ "titleId": "777", "context": context });
            let document = created(c.a.post("/handles", with_attributes(&attributes)).await);
            assert_eq!(document["inviteAttributes"], attributes);
        }
    }

    async fn h32_a_stranger_may_not_invite_and_a_server_may(w: World) {
        let c = cast(&w).await;
        join(&c.a, &game("g1")).await;
        c.c.post("/handles", invite(&reference("game", "g1"), 1002))
            .await
            .expect_text(403);
        let attributes = json!({ "titleId": "777", "senderString": "League" });
        let document = created(c.svc.post("/handles", with_attributes(&attributes)).await);
        assert_eq!(document["inviteAttributes"], attributes);
        assert_eq!(document.get("senderXuid"), None);
        c.c.get(&path_of(&document)).await.expect(200);
    }

    async fn h33_where_there_are_owners_others_invite_only_by_policy(w: World) {
        let c = cast(&w).await;
        for (name, policy, status) in [("closed", false, 403), ("open", true, 201)] {
            let path = session("gameo", name);
            let mut body = joining(&c.a);
            let policies = json!({ "allowNonOwnerInviteHandles": policy });
            body["constants"] = json!({ "system": { "ownershipPolicies": policies } });
            c.a.put(&path, body).await.expect(201);
            join(&c.b, &path).await;
            let by_member =
                c.b.post("/handles", invite(&reference("gameo", name), 1003))
                    .await;
            assert_eq!(by_member.status, status, "{name}: {}", by_member.text());
            created(
                c.a.post("/handles", invite(&reference("gameo", name), 1003))
                    .await,
            );
        }
    }

    async fn h34_an_invite_to_a_full_or_closed_session_is_made(w: World) {
        let c = cast(&w).await;
        for player in [&c.a, &c.b, &c.d, &c.e] {
            join(player, &game("g1")).await;
        }
        post(&c.a, invite(&reference("game", "g1"), 1003)).await;
        c.a.put(&game("g1"), system("closed", true))
            .await
            .expect(200);
        post(&c.a, invite(&reference("game", "g1"), 1003)).await;
    }

    async fn h35_an_invite_bypasses_the_restrictions_of_an_open_session(w: World) {
        let c = cast(&w).await;
        let i1 = invite_to_c(&c).await;
        c.a.put(&game("g1"), local()).await.expect(200);
        c.c.get(&game("g1")).await.expect_text(403);
        session_answer(c.c.get(&format!("{i1}/session")).await, 200);
        let session = session_answer(c.c.put(&format!("{i1}/session"), joining(&c.c)).await, 200);
        assert_eq!(member_xuids(&session), ["1001", "1003"]);
    }

    async fn h36_an_invite_to_a_closed_session_reads_and_does_not_join(w: World) {
        let c = cast(&w).await;
        let i1 = invite_to_c(&c).await;
        c.a.put(&game("g1"), system("closed", true))
            .await
            .expect(200);
        session_answer(c.c.get(&format!("{i1}/session")).await, 200);
        refused_with_session(c.c.put(&format!("{i1}/session"), joining(&c.c)).await);
    }

    async fn h37_an_invite_is_of_no_use_to_anybody_else(w: World) {
        let c = cast(&w).await;
        let i1 = invite_to_c(&c).await;
        c.a.put(&game("g1"), system("joinRestriction", "local"))
            .await
            .expect(200);
        c.b.get(&i1).await.expect_text(404);
        refused_with_session(c.b.put(&format!("{i1}/session"), joining(&c.b)).await);
    }

    async fn h38_a_visible_session_takes_a_reservation_beside_the_invite(w: World) {
        let c = cast(&w).await;
        let path = session("vis", "v1");
        join(&c.a, &path).await;
        let i1 = post(&c.a, invite(&reference("vis", "v1"), 1003)).await;
        refused_with_session(c.c.put(&format!("{i1}/session"), joining(&c.c)).await);
        let reserve = json!({ "members": { "reserve_0": place_for(1003) } });
        c.a.put(&path, reserve).await.expect(200);
        let session = session_answer(c.c.put(&format!("{i1}/session"), joining(&c.c)).await, 200);
        assert_eq!(member_xuids(&session), ["1001", "1003"]);
    }

    async fn h39_an_invite_is_gone_after_24_hours(w: World) {
        let c = cast_in(&w, "123").await;
        let path = session_in(S2, "open", "p1");
        c.a.put(&path, active(true)).await.expect(201);
        let i1 = post(&c.a, invite(&reference_in(S2, "open", "p1"), 1003)).await;
        w.advance(DAY - 1_000).await;
        // Reading does not prolong it. The first token is no longer good.
        let c1 = user(&w, 1003, "123").await;
        c1.get(&i1).await.expect(200);
        session_answer(c1.get(&format!("{i1}/session")).await, 200);
        w.advance(2_000).await;
        c1.get(&format!("{i1}/session")).await.expect_text(404);
        c1.get(&i1).await.expect_text(404);
        c1.put(&format!("{i1}/session"), joining(&c1))
            .await
            .expect_text(404);
        c1.delete(&i1).await.expect_text(404);
    }

    async fn h39_an_invite_expires_without_any_timer_having_run(w: World) {
        let c = cast(&w).await;
        let i1 = post(&c.svc, invite(&reference("game", "missing"), 1003)).await;
        w.advance_lazily(DAY + 1_000);
        let c1 = user(&w, 1003, "777").await;
        c1.get(&i1).await.expect_text(404);
        c1.get(&format!("{i1}/session")).await.expect_text(404);
    }
}

/// I12: the operator says how long.
#[tokio::test]
async fn h39_an_invite_is_gone_after_the_configured_lifetime() {
    let w = World::configured(StoreKind::Sqlite, |config| {
        config.handles.invite_lifetime = InviteLifetime::try_from(90).expect("seconds");
    })
    .await;
    let c = cast(&w).await;
    let i1 = invite_to_c(&c).await;
    let document = c.c.get(&i1).await.expect(200).json();
    let lifetime = time(&document, "expiration").duration_since(time(&document, "createTime"));
    assert_eq!(lifetime.as_secs(), 90);
    w.advance(89_000).await;
    session_answer(c.c.get(&format!("{i1}/session")).await, 200);
    w.advance(1_000).await;
    c.c.get(&format!("{i1}/session")).await.expect_text(404);
    c.c.get(&i1).await.expect_text(404);
}
