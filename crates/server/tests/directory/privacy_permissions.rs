//! Permissions asked one by one and in batches.

use serde_json::{Value, json};

use crate::handle_steps::{cast, follow};
use crate::people::coded;
use crate::privacy_lists::{block, change, choose};
use crate::world::Player;

const TEXT: &str = "CommunicateUsingText";

async fn ask(player: &Player, setting: &str, target: &str) -> Value {
    let path = format!("/users/me/permission/validate?setting={setting}&target={target}");
    let answer = player.get(&path).await.expect(200);
    assert_eq!(answer.header("cache-control"), Some("no-cache, no-store"));
    answer.json()
}

fn allowed() -> Value {
    json!({ "isAllowed": true })
}

fn denied(reason: &str) -> Value {
    json!({ "isAllowed": false, "reasons": [{ "reason": reason }] })
}

fn denied_by(reason: &str, setting: &str) -> Value {
    json!({ "isAllowed": false, "reasons": [{ "reason": reason, "restrictedSetting": setting }] })
}

every_store! {
    async fn c15_a_block_is_told_to_the_blocker_only(w: World) {
        let c = cast(&w).await;
        assert_eq!(ask(&c.a, TEXT, "xuid(1002)").await, allowed());
        block(&c.a, &c.b).await;
        assert_eq!(ask(&c.a, TEXT, "xuid(1002)").await, denied("BlockListRestrictsTarget"));
        assert_eq!(ask(&c.b, TEXT, "xuid(1001)").await, denied("NotAllowed"));
        assert_eq!(ask(&c.b, "PlayMultiplayer", "xuid(1001)").await, denied("NotAllowed"));
        assert_eq!(ask(&c.b, "1014", "xuid(1001)").await, denied("NotAllowed"));
    }

    async fn c16_a_mute_silences_voice_and_not_text(w: World) {
        let c = cast(&w).await;
        change(&c.a, "PUT", "mute", 1002).await.expect(200);
        let voice = ask(&c.a, "CommunicateUsingVoice", "xuid(1002)").await;
        assert_eq!(voice, denied("MuteListRestrictsTarget"));
        assert_eq!(ask(&c.a, TEXT, "xuid(1002)").await, allowed());
    }

    async fn c17_a_batch_answers_in_the_order_and_number_it_was_asked(w: World) {
        let c = cast(&w).await;
        change(&c.a, "PUT", "mute", 1002).await.expect(200);
        let path = "/users/xuid(1001)/permission/validate";
        let body = json!({
            "users": [{ "xuid": "1002" }, { "anonymousUser": "crossNetworkUser" }],
            "permissions": ["communicateusingvoice", "PlayMultiplayer", "1000"],
        });
        let answer = c.a.post(path, body).await.expect(200).json();
        let expected = json!({ "responses": [
            { "user": { "xuid": "1002" }, "permissions": [denied("MuteListRestrictsTarget"), allowed(), allowed()] },
            { "user": { "anonymousUser": "crossNetworkUser" }, "permissions": [allowed(), allowed(), allowed()] },
        ] });
        assert_eq!(answer, expected);
        let empty = c.a.post(path, json!({ "users": [], "permissions": [] })).await;
        assert_eq!(empty.expect(200).json(), json!({ "responses": [] }));
    }

    async fn a_batch_that_is_too_large_or_unclear_is_refused(w: World) {
        let c = cast(&w).await;
        let path = "/users/me/permission/validate";
        let users = |count: u64| (0..count).map(|n| json!({ "xuid": n.to_string() })).collect::<Vec<_>>();
        let ask = |users: Vec<Value>, permissions: Vec<&str>| {
            c.a.post(path, json!({ "users": users, "permissions": permissions }))
        };
        ask(users(100), vec![TEXT; 20]).await.expect(200);
        coded(ask(users(101), vec![TEXT]).await, 400, 1050);
        coded(ask(users(1), vec![TEXT; 21]).await, 400, 1050);
        coded(ask(users(1), vec!["Fly"]).await, 400, 1015);
        for user in [json!({}), json!({ "anonymousUser": "anybody" }), json!({ "xuid": "1", "anonymousUser": "allUsers" })] {
            coded(ask(vec![user], vec![TEXT]).await, 400, 1015);
        }
        ask(vec![json!({ "xuid": "x" })], vec![TEXT]).await.expect(400);
    }

    async fn c18_ones_own_setting_restricts_and_is_named(w: World) {
        let c = cast(&w).await;
        choose(&c.a, "CommunicateUsingTextAndVoice", "PeopleOnMyList").await;
        let own = denied_by("PrivacySettingRestrictsTarget", "CommunicateUsingTextAndVoice");
        assert_eq!(ask(&c.a, TEXT, "xuid(1002)").await, own);
        let class = denied_by("CrossNetworkUserMustBeFriend", "CommunicateUsingTextAndVoice");
        assert_eq!(ask(&c.a, TEXT, "CrossNetworkUser").await, class);
        assert_eq!(ask(&c.a, TEXT, "crossNetworkFriend").await, allowed());
        assert_eq!(ask(&c.b, TEXT, "xuid(1001)").await, denied("NotAllowed"));
        follow(&c.a, &c.b).await;
        assert_eq!(ask(&c.a, TEXT, "xuid(1002)").await, allowed());
        assert_eq!(ask(&c.b, TEXT, "xuid(1001)").await, allowed());
    }

    async fn c19_a_missing_privilege_comes_first(w: World) {
        let silent = json!({ "xuid": "1001", "titleId": "777", "privileges": [185, 254, 255] });
        let silent = w.token(silent).await;
        let missing = denied_by("MissingPrivilege", "AllowCommunications");
        assert_eq!(ask(&silent, TEXT, "xuid(1002)").await, missing);
        assert_eq!(ask(&silent, TEXT, "xuid(1001)").await, allowed());
    }

    async fn c22_questions_are_for_oneself_and_well_formed(w: World) {
        let c = cast(&w).await;
        let base = "/users/xuid(1001)/permission/validate";
        let query = format!("?setting={TEXT}&target=xuid(1003)");
        coded(c.b.get(&format!("{base}{query}")).await, 403, 1011);
        coded(c.svc.get(&format!("{base}{query}")).await, 403, 1011);
        let reader = w.token(json!({ "roles": ["privacy.read"] })).await;
        assert_eq!(reader.get(&format!("{base}{query}")).await.expect(200).json(), allowed());
        for query in [
            "?setting=Fly&target=xuid(1003)".to_owned(),
            "?target=xuid(1003)".to_owned(),
            format!("?setting={TEXT}"),
            format!("?setting={TEXT}&target=xuid(abc)"),
            format!("?setting={TEXT}&target=me"),
        ] {
            coded(c.a.get(&format!("{base}{query}")).await, 400, 1015);
        }
        assert_eq!(ask(&c.a, "ShareFriendList", "xuid(1002)").await, allowed());
        c.svc.get(&format!("/users/me/permission/validate{query}")).await.expect(403);
    }
}
