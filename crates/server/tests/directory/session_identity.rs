//! Which session a URI means, who is asked for, and what a request must be to be read at all.

use serde_json::json;

use crate::fixtures::{
    A, LOBBY_SCID, OTHER_SCID, SCID, active, create, session, session_templates,
};

every_store! {
    async fn e01_a_call_without_a_contract_version_is_malformed(w: World) {
        let a = w.user(A).await;
        let call = a.request("PUT", &session("open", "a")).json(json!({}));
        call.without("x-xbl-contract-version").send().await.expect_text(400);
    }

    async fn e02_reading_a_session_that_does_not_exist_answers_nothing(w: World) {
        let a = w.user(A).await;
        a.get(&session("open", "nope")).await.expect_empty(204);
    }

    async fn e03_an_unknown_template_is_not_found(w: World) {
        let a = w.user(A).await;
        a.get(&session("doesnotexist", "a")).await.expect_text(404);
        a.put(&session("doesnotexist", "a"), create(A)).await.expect_text(404);
    }

    async fn e04_an_unknown_service_configuration_is_not_found(w: World) {
        let a = w.user(A).await;
        for scid in ["00000000-dead-4000-8000-000000000000", "not-a-guid"] {
            let path = format!("/serviceconfigs/{scid}/sessiontemplates/open/sessions/a");
            a.get(&path).await.expect_text(404);
            a.put(&path, create(A)).await.expect_text(404);
        }
    }

    async fn e05_a_session_can_only_be_read_and_written(w: World) {
        let a = w.user(A).await;
        let answer = a.post(&session("open", "a"), json!({})).await.expect(405);
        assert_eq!(answer.header("allow"), Some("GET, PUT"));
    }

    async fn e06_a_user_cannot_delete_a_session(w: World) {
        let a = w.user(A).await;
        let path = session("open", "a");
        a.put(&path, create(A)).await.expect(201);
        let answer = a.delete(&path).await.expect(405);
        assert_eq!(answer.header("allow"), Some("GET, PUT"));
        a.get(&path).await.expect(200);
    }

    async fn e07_a_name_outside_the_alphabet_is_not_found(w: World) {
        let a = w.user(A).await;
        let too_long = "n".repeat(101);
        let names = ["a~b", "a%20b", "a%2Fb", "a%3Fb", "a%23b", "a%0Ab", "a%C3%A9b", &too_long];
        for name in names {
            a.put(&session("open", name), create(A)).await.expect_text(404);
            a.get(&session("open", name)).await.expect_text(404);
        }
    }

    async fn e08_a_caller_without_credentials_is_told_to_bring_some(w: World) {
        let nobody = w.nobody();
        let path = session("open", "a");
        for answer in [nobody.get(&path).await, nobody.put(&path, create(A)).await] {
            let answer = answer.expect(401);
            assert!(answer.header("www-authenticate").is_some_and(|value| !value.is_empty()));
        }
        let a = w.user(A).await;
        let call = a.request("GET", &path).header("authorization", "XBL3.0 x=1;nonsense");
        call.send().await.expect(401);
    }

    async fn e09_a_body_that_is_not_json_is_an_unsupported_type(w: World) {
        let a = w.user(A).await;
        let call = a.request("PUT", &session("open", "a"));
        call.body(Some("text/xml"), "<a/>").send().await.expect_text(415);
    }

    async fn e10_a_body_that_ends_early_is_malformed(w: World) {
        let a = w.user(A).await;
        let call = a.request("PUT", &session("open", "a"));
        let answer = call.body(Some("application/json"), r#"{"members":"#).send().await;
        answer.expect_text(400);
    }

    async fn e11_an_unknown_top_level_field_is_refused_by_name(w: World) {
        let a = w.user(A).await;
        let answer = a.put(&session("open", "a"), json!({"foo": 1})).await;
        answer.expect_naming(400, "foo");
    }

    async fn e12_the_templates_of_a_service_configuration_are_listed_by_name(w: World) {
        let a = w.user(A).await;
        let path = format!("/serviceconfigs/{SCID}/sessiontemplates");
        let listed = a.get(&path).await.expect(200).json();
        let names = listed["results"].as_array().expect("results").iter();
        let names: Vec<_> = names.filter_map(|entry| entry["templateName"].as_str()).collect();
        let mut expected: Vec<_> = session_templates().iter().map(|(name, _)| *name).collect();
        expected.sort_unstable();
        assert_eq!(names, expected);
    }

    async fn names_of_one_to_a_hundred_letters_digits_and_three_marks_are_sessions(w: World) {
        let a = w.user(A).await;
        let longest = "n".repeat(100);
        let names = ["x", "7", "session-49", "XWIN_0f1e", "posse.99", &longest];
        for name in names {
            a.put(&session("keep", name), active()).await.expect(201);
        }
    }

    async fn all_three_parts_of_the_identity_and_the_path_words_ignore_case(w: World) {
        let a = w.user(A).await;
        let created = a.put(&session("open", "Lobby-One"), create(A)).await.expect(201);
        let upper = SCID.to_uppercase();
        let paths = [
            session("open", "lobby-one"),
            session("OPEN", "LOBBY-ONE"),
            format!("/serviceconfigs/{SCID}/sessionTemplates/open/sessions/Lobby-One"),
            format!("/ServiceConfigs/{upper}/SESSIONTEMPLATES/Open/Sessions/lobby-ONE"),
            session("open", "Lobby%2DOne"),
            format!("/{}/", session("open", "Lobby-One")),
        ];
        for path in paths {
            let read = a.get(&path).await.expect(200);
            assert_eq!(read.json(), created.json(), "{path}");
            a.put(&path, json!({})).await.expect(200);
        }
    }

    async fn the_same_name_below_another_template_or_configuration_is_another_session(w: World) {
        let a = w.user(A).await;
        let first = a.put(&session("open", "same"), create(A)).await.expect(201);
        let second = a.put(&session("keep", "same"), create(A)).await.expect(201);
        assert_ne!(first.json()["correlationId"], second.json()["correlationId"]);
        assert_ne!(first.etag(), second.etag());
        let elsewhere = format!("/serviceconfigs/{LOBBY_SCID}/sessiontemplates/MinecraftLobby");
        a.get(&format!("{elsewhere}/sessions/same")).await.expect_empty(204);
    }

    async fn a_title_that_the_configuration_is_not_bound_to_has_no_access(w: World) {
        let a = w.user(A).await;
        let path = format!("/serviceconfigs/{OTHER_SCID}/sessiontemplates/game/sessions/x");
        a.get(&path).await.expect_text(403);
        a.put(&path, create(A)).await.expect_text(403);
    }

    async fn a_session_without_a_name_cannot_be_created(w: World) {
        let a = w.user(A).await;
        let answer = a.put(&session("open", ""), create(A)).await;
        assert!([404, 405].contains(&answer.status), "answered {}", answer.status);
    }
}
