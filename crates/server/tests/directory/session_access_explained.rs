//! `?explain=access`: the rules that let a user read, join and write, or refuse it.

use serde_json::{Value, json};

use crate::fixtures::{
    A, A_CONNECTION, B, C, D, SCID, active, connected, custom, leave, reserve, session, system,
};
use crate::world::{Answer, Player};

/// What a session is made of in the comparison: template, and the properties that A writes.
const SESSIONS: [(&str, &str); 8] = [
    ("open", "{}"),
    ("open", r#"{"closed": true}"#),
    ("open", r#"{"closed": true, "locked": true}"#),
    (
        "open",
        r#"{"joinRestriction": "followed", "readRestriction": "none"}"#,
    ),
    (
        "open",
        r#"{"joinRestriction": "local", "readRestriction": "followed"}"#,
    ),
    ("vis", "{}"),
    ("priv", "{}"),
    ("uas", "{}"),
];

fn asking(path: &str, xuid: u64, more: &str) -> String {
    format!("{path}?explain=access&xuid={xuid}{more}")
}

async fn explained(asker: &Player, path: &str, xuid: u64) -> Value {
    asker.get(&asking(path, xuid, "")).await.expect(200).json()
}

/// The names of the steps with what each says: `place grants`.
fn walk(access: &Value) -> Vec<String> {
    let text = |step: &Value, name: &str| step[name].as_str().expect("text").to_owned();
    let steps = access["steps"].as_array().expect("steps");
    let each = steps.iter();
    each.map(|step| format!("{} {}", text(step, "step"), text(step, "outcome")))
        .collect()
}

/// The explanation says what the answer to the real request says, with its code.
#[track_caller]
fn expect_same(access: &Value, real: &Answer) {
    let sent = &real.sent;
    assert_eq!(access["allowed"], real.status == 200, "{sent}: {access}");
    let last = access["steps"].as_array().and_then(|steps| steps.last());
    let last = last.expect("a step that decides");
    let code = real.header("x-convoke-refusal");
    let code = code.map(|header| header.split(';').next().unwrap_or_default());
    assert_eq!(last["code"].as_str(), code, "{sent}: {access}");
    assert_eq!(last["outcome"] == "refuses", code.is_some(), "{sent}");
}

every_store! {
    async fn an_explanation_says_what_the_service_does(w: World) {
        let server = w.server().await;
        let (a, follow) = (w.user(A).await, "/users/me/people/xuid(1002)");
        a.request("PUT", follow).contract("3").send().await.expect_empty(204);
        for (n, (template, properties)) in SESSIONS.into_iter().enumerate() {
            let path = session(template, &format!("s{n}"));
            a.put(&path, connected(A_CONNECTION)).await.expect(201);
            a.put(&path, reserve(&[D])).await.expect(200);
            if properties.contains("locked") {
                w.user(C).await.put(&path, active()).await.expect(200);
                let body = system(serde_json::from_str(properties).expect("JSON"));
                a.put(&path, body).await.expect(200);
                w.user(C).await.put(&path, leave()).await.expect(200);
            } else if properties != "{}" {
                let body = system(serde_json::from_str(properties).expect("JSON"));
                a.put(&path, body).await.expect(200);
            }
            for xuid in [A, B, C, D] {
                let told = explained(&server, &path, xuid).await;
                let user = w.user(xuid).await;
                expect_same(&told["read"], &user.get(&path).await);
                let rehearsed = format!("{path}?nocommit=true");
                let body = json!({"members": {"me": {}}});
                expect_same(&told["join"], &user.put(&rehearsed, body).await);
                let write = user.put(&rehearsed, custom(json!({"a": 1}))).await;
                expect_same(&told["write"], &write);
            }
        }
    }

    async fn an_explanation_names_what_it_rests_on(w: World) {
        let a = w.user(A).await;
        let path = session("open", "s");
        let restricted = json!({"joinRestriction": "local", "readRestriction": "none"});
        let mut body = active();
        body["properties"] = system(restricted)["properties"].take();
        a.put(&path, body).await.expect(201);
        let mut told = explained(&a, &path, B).await;
        assert_eq!(walk(&told["read"]), ["server passes", "user passes", "titleIdentity passes", "place passes",
            "viewerTitle passes", "visibility passes", "handle passes", "readRestriction grants"]);
        let last = told["join"]["steps"].as_array_mut().and_then(Vec::pop);
        assert_eq!(last, Some(json!({
            "step": "joinRestriction",
            "rule": "The caller satisfies `properties.system.joinRestriction`, or came through a \
                     handle that overrides it.",
            "outcome": "refuses",
            "code": "access.join_restriction",
            "detail": "The requested session cannot be accessed. Its join restriction is `local`, \
                       which the caller does not satisfy",
            "cure": "Let a member follow the user, join through an invitation handle, or let a \
                     member set `joinRestriction` to `none`.",
        })));
        assert_eq!(walk(&told["join"]), ["user passes", "titleIdentity passes", "place passes", "roster passes", "closed passes",
            "blocked passes", "visibility passes"]);
        assert_eq!(walk(&told["write"]), ["server passes", "user passes", "titleIdentity passes", "place passes",
            "readable passes", "member refuses"]);
        for name in ["read", "join", "write"] {
            told.as_object_mut().expect("an object").remove(name);
        }
        assert_eq!(told, json!({
            "sessionRef": {"scid": SCID, "templateName": "open", "name": "s"},
            "changeNumber": 1,
            "user": {"xuid": "1002", "multiplayer": true, "titleId": "123"},
            "found": {"visibility": "open", "readRestriction": "none",
                "joinRestriction": "local", "closed": false, "locked": false,
                "membersCount": 1, "maxMembersCount": 4, "hasPlace": false,
                "followed": false, "blocked": false},
        }));
    }

    async fn what_a_token_would_say_is_told_by_the_question(w: World) {
        let a = w.token(json!({"xuid": "1001", "titleId": "123", "deviceId": "F500000000000001"}));
        let a = a.await;
        let path = session("uas", "s");
        a.put(&path, connected(A_CONNECTION)).await.expect(201);
        let join = async |more: &str| {
            let told = a.get(&asking(&path, B, more)).await.expect(200).json();
            (told["join"]["allowed"].clone(), walk(&told["join"]).pop())
        };
        let refused = |step: &str| (json!(false), Some(format!("{step} refuses")));
        assert_eq!(join("").await, refused("joinRestriction"));
        assert_eq!(join("&deviceId=F500000000000001").await, (json!(true), Some("room grants".into())));
        assert_eq!(join("&multiplayer=false").await, refused("user"));
        let title = a.get(&asking(&path, B, "&titleId=777")).await.expect(200).json();
        assert_eq!(title["user"]["titleId"], "777");
        let own = a.get(&asking(&path, A, "")).await.expect(200).json();
        assert_eq!(own["user"]["deviceId"], "F500000000000001");
    }

    async fn a_handle_is_part_of_the_question(w: World) {
        let (a, server) = (w.user(A).await, w.server().await);
        let path = session("uas", "s");
        a.put(&path, connected(A_CONNECTION)).await.expect(201);
        let invite = json!({"version": 1, "type": "invite", "invitedXuid": "1002",
            "sessionRef": {"scid": SCID, "templateName": "uas", "name": "s"},
            "inviteAttributes": {"titleId": "123"}});
        let made = a.post("/handles", invite).await.expect(201).json();
        let through = format!("&handle={}", made["id"].as_str().expect("an id"));
        let told = server.get(&asking(&path, B, &through)).await.expect(200).json();
        assert_eq!(told["join"]["allowed"], true);
        assert_eq!(walk(&told["read"]).pop(), Some("handle grants".to_owned()));
        let told = server.get(&asking(&path, C, &through)).await.expect(200).json();
        assert_eq!(told["join"]["allowed"], false);
        let other = session("uas", "t");
        a.put(&other, connected(A_CONNECTION)).await.expect(201);
        let elsewhere = server.get(&asking(&other, B, &through)).await;
        elsewhere.expect_naming(400, "handle");
        let unknown = "&handle=0badc0de-0000-4000-8000-00000000dead";
        server.get(&asking(&path, B, unknown)).await.expect_text(404);
    }

    async fn an_owner_who_blocked_the_user_is_the_reason(w: World) {
        let (a, server) = (w.user(A).await, w.server().await);
        let path = session("own", "s");
        a.put(&path, active()).await.expect(201);
        let block = a.request("PUT", "/users/me/people/never").contract("1");
        let listed = block.json(json!({"xuid": "1002"})).send().await;
        assert!(listed.status < 300, "{}: {}", listed.sent, listed.text());
        let told = explained(&server, &path, B).await;
        assert_eq!(told["found"]["blocked"], true);
        assert_eq!(walk(&told["join"]).pop(), Some("blocked refuses".to_owned()));
        expect_same(&told["join"], &w.user(B).await.put(&path, active()).await);
    }

    async fn a_question_about_access_is_refused_where_it_makes_no_sense(w: World) {
        let server = w.server().await;
        let path = session("open", "s");
        server.get(&asking(&path, A, "")).await.expect_text(404);
        w.user(A).await.put(&path, active()).await.expect(201);
        let ask = async |query: &str| server.get(&format!("{path}?explain=access{query}")).await;
        ask("").await.expect_naming(400, "xuid");
        ask("&xuid=me").await.expect_naming(400, "xuid");
        ask("&xuid=1&multiplayer=perhaps").await.expect_naming(400, "multiplayer");
        ask("&xuid=1&titleId=x").await.expect_naming(400, "titleId");
        ask("&xuid=1&handle=x").await.expect_text(404);
        w.nobody().get(&asking(&path, A, "")).await.expect(401);
    }
}
