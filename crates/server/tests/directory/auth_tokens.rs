//! Who a token says the caller is, and which tokens are good.

use serde_json::{Value, json};

use crate::auth_issuer::{user_token, xsts};
use crate::auth_steps::{Token, call, mint, unauthorized};
use crate::handle_steps::{
    S1, UNKNOWN, activity, created, game, leaving, member_xuids, session_answer, user,
};
use crate::world::World;

/// The header value of a lone user.
async fn lone(w: &World) -> Token {
    mint(w, json!({ "xuid": "2533274790395904", "titleId": "777" })).await
}

/// A token of the users 1001 and 1002.
async fn couple(w: &World) -> Token {
    let users = json!([{ "xuid": "1001", "gamertag": "A" }, { "xuid": "1002", "gamertag": "B" }]);
    mint(w, json!({ "users": users, "titleId": "777" })).await
}

/// The body that joins as the acting user without naming them.
fn me() -> Value {
    json!({ "members": { "me": { "properties": { "system": {
        "active": true, "connection": "c0ffee00-0000-4000-8000-000000000001",
    } } } } })
}

/// The body that joins and names the user.
fn me_named(xuid: &str) -> Value {
    let mut body = me();
    body["members"]["me"]["constants"] = json!({ "system": { "xuid": xuid } });
    body
}

/// The user who is put into a fresh session by this `Authorization` header.
async fn acting(w: &World, authorization: &str, name: &str) -> Vec<String> {
    let call = call(w, "PUT", &game(name), authorization).json(me());
    member_xuids(&session_answer(call.send().await, 201))
}

every_store! {
    async fn a01_every_uri_of_a_service_needs_credentials(w: World) {
        let sessions = game("g1");
        for (method, path) in [
            ("GET", "/users/me/people"),
            ("PUT", "/users/me/people/xuid(1)"),
            ("DELETE", "/users/me/people/xuid(1)"),
            ("GET", &sessions),
            ("PUT", &sessions),
            ("GET", &format!("{sessions}/members/me")),
            ("DELETE", &format!("{sessions}/members/0")),
            ("GET", &format!("/serviceconfigs/{S1}/sessiontemplates")),
            (
                "GET",
                &format!("/serviceconfigs/{S1}/sessiontemplates/none"),
            ),
            (
                "GET",
                "/serviceconfigs/99999999-dead-4bad-8bad-999999999999/sessiontemplates",
            ),
            ("POST", "/handles"),
            ("POST", "/handles/query"),
            ("GET", UNKNOWN),
            ("DELETE", UNKNOWN),
            ("PUT", &format!("{UNKNOWN}/session")),
        ] {
            // Neither a bad body nor a missing version is told to somebody unknown.
            let call = w
                .nobody()
                .request(method, path)
                .without("X-Xbl-Contract-Version");
            let answer = call.body(Some("application/json"), "{").send().await;
            unauthorized(answer, "missing");
        }
    }

    async fn a02_the_user_hash_says_who_acts(w: World) {
        let token = lone(&w).await;
        assert_eq!(token.users[0].1, "2533274790395904");
        assert_eq!(acting(&w, &token.of(0), "g1").await, ["2533274790395904"]);
        call(&w, "GET", "/users/me/people", &token.of(0))
            .send()
            .await
            .expect(200);
    }

    async fn a03_a_hash_that_is_not_in_the_token_is_refused(w: World) {
        let token = lone(&w).await;
        let other = mint(&w, json!({ "xuid": "1002", "titleId": "777" })).await;
        for hash in ["43", "0", &other.users[0].0] {
            let answer = call(&w, "GET", "/users/me/people", &token.with(hash))
                .send()
                .await;
            unauthorized(answer, "unknown_user_hash");
        }
        let lower = token.of(0).replacen("XBL3.0", "xbl3.0", 1);
        call(&w, "GET", "/users/me/people", &lower)
            .send()
            .await
            .expect(200);
    }

    async fn a04_a_token_of_two_users_acts_for_the_one_named(w: World) {
        let token = couple(&w).await;
        assert_eq!(acting(&w, &token.of(1), "g1").await, ["1002"]);
        assert_eq!(acting(&w, &token.of(0), "g2").await, ["1001"]);
        // The device is trusted for all its users, and for nobody else.
        let first = call(&w, "GET", "/users/xuid(1001)/people", &token.of(1))
            .send()
            .await;
        first.expect(200);
        let posted = call(&w, "POST", "/handles", &token.of(1)).json(activity("g1"));
        assert_eq!(created(posted.send().await)["ownerXuid"], "1002");
        let joined = call(&w, "PUT", &game("g1"), &token.of(0))
            .json(me())
            .send()
            .await;
        assert_eq!(member_xuids(&session_answer(joined, 200)), ["1002", "1001"]);
        let left = call(&w, "PUT", &game("g1"), &token.of(1))
            .json(leaving())
            .send()
            .await;
        assert_eq!(member_xuids(&session_answer(left, 200)), ["1001"]);
    }

    async fn a05_all_users_of_a_token_are_one_only_where_the_request_names_them(w: World) {
        let all = couple(&w).await.with("*");
        let answer = call(&w, "GET", "/users/me/people", &all).send().await;
        unauthorized(answer, "unknown_user_hash");
        call(&w, "PUT", "/users/xuid(1001)/people/xuid(1003)", &all)
            .send()
            .await
            .expect(204);
        let people = user(&w, 1001, "777")
            .await
            .get("/users/me/people")
            .await
            .json();
        assert_eq!(people["people"][0]["xuid"], "1003");
        let people = user(&w, 1002, "777")
            .await
            .get("/users/me/people")
            .await
            .json();
        assert_eq!(people["totalCount"], 0);

        let unnamed = call(&w, "PUT", &game("g1"), &all).json(me()).send().await;
        unauthorized(unnamed, "unknown_user_hash");
        let named = call(&w, "PUT", &game("g1"), &all)
            .json(me_named("1002"))
            .send()
            .await;
        assert_eq!(member_xuids(&session_answer(named, 201)), ["1002"]);
        let foreign = call(&w, "PUT", &game("g1"), &all)
            .json(me_named("1003"))
            .send()
            .await;
        unauthorized(foreign, "unknown_user_hash");
        // A token of one user needs no name.
        assert_eq!(
            acting(&w, &lone(&w).await.with("*"), "g2").await,
            ["2533274790395904"]
        );
    }

    async fn a_hash_of_no_user_is_a_caller_without_a_user(w: World) {
        let nobody = lone(&w).await.with("-");
        call(&w, "GET", "/users/me/people", &nobody)
            .send()
            .await
            .expect(403);
        call(&w, "PUT", &game("g1"), &nobody)
            .json(me())
            .send()
            .await
            .expect(403);
        call(&w, "POST", "/handles", &nobody)
            .json(activity("g1"))
            .send()
            .await
            .expect(403);
    }

    async fn a06_a_token_of_another_audience_is_refused(w: World) {
        let user_token = user_token(&w, "d=dev:1001").await;
        let body = xsts("rp://api.example/", &[&user_token.text]);
        let token = Token::read(w.nobody().post("/xsts/authorize", body).await);
        let refused = call(&w, "GET", "/users/me/people", &token.of(0))
            .send()
            .await;
        unauthorized(refused, "wrong_audience");
        // Neither does a user token open a service.
        let refused = call(&w, "GET", "/users/me/people", &user_token.of(0))
            .send()
            .await;
        unauthorized(refused, "wrong_audience");
    }

    async fn a07_a_token_is_honoured_for_a_minute_after_its_end(w: World) {
        let token = lone(&w).await;
        let left = token.not_after.duration_since(w.now()).as_millis();
        w.advance_lazily(u64::try_from(left).expect("a token that lives") + 30_000);
        call(&w, "GET", "/users/me/people", &token.of(0))
            .send()
            .await
            .expect(200);
        w.advance_lazily(60_000);
        let refused = call(&w, "GET", "/users/me/people", &token.of(0))
            .send()
            .await;
        unauthorized(refused, "expired");
    }

    async fn what_is_no_credential_is_refused_with_a_reason(w: World) {
        let token = lone(&w).await;
        let good = token.of(0);
        let (signed, signature) = token.text.rsplit_once('.').expect("a signed token");
        let first = if signature.starts_with('A') { 'B' } else { 'A' };
        let forged = format!("{signed}.{first}{}", &signature[1..]);
        let malformed = [
            "XBL3.0".to_owned(),
            "XBL3.0 ".to_owned(),
            good.replacen("XBL3.0 ", "XBL3.0  ", 1),
            good.replacen("x=", "y=", 1),
            good.replace(';', ","),
            token.with("abc"),
            token.with(""),
            "Basic dXNlcjpwYXNz".to_owned(),
            token.text.clone(),
        ];
        for value in malformed {
            let answer = call(&w, "GET", "/users/me/people", &value).send().await;
            unauthorized(answer, "malformed");
        }
        let forged = good.replacen(&token.text, &forged, 1);
        unauthorized(
            call(&w, "GET", "/users/me/people", &forged).send().await,
            "invalid_signature",
        );
        for value in ["XBL3.0 x=1;abc", "Bearer abc.def.ghi"] {
            let answer = call(&w, "GET", "/users/me/people", value)
                .send()
                .await
                .expect(401);
            let reason = answer.header("www-authenticate").expect("a reason");
            assert!(reason.starts_with("XBL3.0 error="), "{reason}");
        }
        let legacy = call(
            &w,
            "GET",
            "/users/me/people",
            &format!("Xauth={}", token.text),
        )
        .send()
        .await;
        assert!(
            legacy.text().contains("XBL3.0 x="),
            "no hint: {}",
            legacy.text()
        );
        unauthorized(legacy, "malformed");
        call(
            &w,
            "GET",
            "/users/me/people",
            &format!("Bearer {}", token.text),
        )
        .send()
        .await
        .expect(200);
    }
}
