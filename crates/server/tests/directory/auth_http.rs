//! What holds for every request and answer: headers, contract versions, hosts and limits.

use serde_json::{Value, json};

use crate::handle_steps::{
    S1, UNKNOWN, activity, assert_guid, assert_json, cast, custom, game, join, post, session_answer,
};
use crate::world::Answer;

/// The header that names the request, in the spelling that was seen on the wire.
#[track_caller]
fn correlation_id(answer: &Answer) -> String {
    let id = answer
        .header("x-xblcorrelationid")
        .unwrap_or_else(|| panic!("no correlation id: {} after {}", answer.status, answer.sent));
    assert_guid(id);
    id.to_owned()
}

every_store! {
    async fn a16_the_words_of_a_path_are_the_same_in_any_letter_case(w: World) {
        let c = cast(&w).await;
        join(&c.a, &game("g1")).await;
        let expected = c.a.get(&game("g1")).await.json();
        for path in [
            format!("/serviceconfigs/{S1}/SessionTemplates/game/Sessions/g1"),
            format!(
                "/SERVICECONFIGS/{}/sessiontemplates/GAME/sessions/G1",
                S1.to_uppercase()
            ),
            format!("/serviceConfigs/{S1}/sessionTemplates/Game/sessions/g1"),
        ] {
            assert_eq!(
                session_answer(c.b.get(&path).await, 200),
                expected,
                "{path}"
            );
        }
        c.b.get("/Users/Me/People").await.expect(200);
    }

    async fn a17_a_known_path_with_the_wrong_verb_says_which_are_allowed(w: World) {
        let c = cast(&w).await;
        for (method, path, allow) in [
            ("PATCH", game("g1"), "GET, PUT"),
            ("DELETE", game("g1"), "GET, PUT"),
            ("DELETE", "/handles".to_owned(), "POST"),
            ("DELETE", "/handles/query".to_owned(), "POST"),
            ("PUT", UNKNOWN.to_owned(), "GET, DELETE"),
            (
                "POST",
                format!("/serviceconfigs/{S1}/sessiontemplates"),
                "GET",
            ),
            (
                "POST",
                "/users/me/people/favorites/xuid(1)".to_owned(),
                "PUT, DELETE",
            ),
        ] {
            let answer = c.a.request(method, &path).json(json!({})).send().await;
            assert_eq!(answer.status, 405, "{method} {path}: {}", answer.text());
            let mut allowed: Vec<_> = answer
                .header("allow")
                .unwrap_or_default()
                .split(", ")
                .collect();
            let mut expected: Vec<_> = allow.split(", ").collect();
            allowed.sort_unstable();
            expected.sort_unstable();
            assert_eq!(allowed, expected, "{method} {path}");
        }
        for path in [
            "/",
            "/x",
            "/serviceconfigs",
            "/handles/a/b/c/d",
            "/users",
            "/users/me/nothing",
        ] {
            c.a.get(path).await.expect(404);
        }
    }

    async fn every_answer_names_the_request_and_forbids_guessing_its_type(w: World) {
        let c = cast(&w).await;
        join(&c.a, &game("g1")).await;
        let handle_path = post(&c.a, activity("g1")).await;
        let bad =
            c.a.request("PUT", &game("g1"))
                .body(Some("text/xml"), "<a/>")
                .send()
                .await;
        let answers = [
            c.a.get(&game("g1")).await,
            c.a.get(&game("missing")).await,
            c.a.get(&handle_path).await,
            c.a.get(UNKNOWN).await,
            c.a.get("/nothing/here").await,
            c.a.request("PATCH", &game("g1")).send().await,
            c.a.post("/handles", json!({})).await,
            c.c.post("/handles", activity("g1")).await,
            c.a.put(&game("g1"), custom("a", 1)).await,
            c.a.get("/users/me/people").await,
            c.a.get("/users/me/people?view=Foo").await,
            w.nobody().get(&game("g1")).await,
            c.a.delete(&handle_path).await,
            bad,
        ];
        let mut ids = Vec::new();
        for answer in &answers {
            assert_eq!(
                answer.header("x-content-type-options"),
                Some("nosniff"),
                "{}",
                answer.sent
            );
            let cached = answer.header("cache-control").unwrap_or_default();
            let session = answer.status == 200 && answer.sent.contains("/sessions/");
            assert!(
                session || cached.contains("no-store"),
                "{} {}: Cache-Control: {cached}",
                answer.status,
                answer.sent
            );
            ids.push(correlation_id(answer));
        }
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), answers.len(), "an id was given twice");
    }

    async fn the_session_directory_needs_a_contract_version_and_social_does_not(w: World) {
        let c = cast(&w).await;
        let header = "X-Xbl-Contract-Version";
        for path in [
            game("g1"),
            format!("/serviceconfigs/{S1}/sessiontemplates"),
            UNKNOWN.to_owned(),
        ] {
            c.a.request("GET", &path)
                .without(header)
                .send()
                .await
                .expect_text(400);
            for version in [
                "",
                "abc",
                "1",
                "103",
                "-107",
                "107.0",
                "108",
                "99999999999999999999",
            ] {
                let answer = c.a.request("GET", &path).contract(version).send().await;
                assert_eq!(answer.status, 400, "{path} {version}: {}", answer.text());
            }
            for version in ["104", "105", "106", "107"] {
                let answer = c.a.request("GET", &path).contract(version).send().await;
                assert_ne!(answer.status, 400, "{path} {version}: {}", answer.text());
            }
        }
        c.a.request("GET", "/users/me/people")
            .without(header)
            .send()
            .await
            .expect(200);
        for version in ["1", "2", "3"] {
            c.a.request("GET", "/users/me/people")
                .contract(version)
                .send()
                .await
                .expect(200);
        }
    }

    async fn a_known_host_has_the_paths_of_its_service_only(w: World) {
        let c = cast(&w).await;
        join(&c.a, &game("g1")).await;
        let directory = game("g1");
        let social = "/users/me/people";
        for (host, path, status) in [
            ("sessiondirectory.xboxlive.com", directory.as_str(), 200),
            ("client-sessiondirectory.xboxlive.com", &directory, 200),
            ("SessionDirectory.XboxLive.com", &directory, 200),
            ("sessiondirectory.xboxlive.com:443", &directory, 200),
            ("social.xboxlive.com", social, 200),
            ("social.xboxlive.com", &directory, 404),
            ("sessiondirectory.xboxlive.com", social, 404),
            ("xsts.auth.xboxlive.com", &directory, 404),
            ("localhost:3074", &directory, 200),
            ("localhost:3074", social, 200),
            ("192.0.2.1", social, 200),
            ("[2001:db8::1]:80", &directory, 200),
        ] {
            let answer = c.a.request("GET", path).header("Host", host).send().await;
            assert_eq!(answer.status, status, "{host} {path}: {}", answer.text());
        }
    }

    async fn headers_that_clients_add_are_ignored(w: World) {
        let c = cast(&w).await;
        join(&c.a, &game("g1")).await;
        for (name, value) in [
            ("Signature", "AAAAAQHb"),
            ("MS-CV", "abc.1"),
            ("User-Agent", "XboxServicesAPI/2020.1 c"),
            ("X-UserAgent", "x"),
            ("Accept", "text/html"),
            ("Accept-Language", "de-DE,de;q=0.5"),
            ("X-RequestedServiceVersion", "1"),
            ("Prefer", "return=minimal"),
            ("Content-Type", "application/json"),
            ("X-Forwarded-Host", "social.xboxlive.com"),
            ("Range", "bytes=0-1"),
        ] {
            let answer =
                c.a.request("GET", &game("g1"))
                    .header(name, value)
                    .send()
                    .await;
            assert_eq!(answer.status, 200, "{name}: {}", answer.text());
            assert_json(&answer);
        }
    }

    async fn a_service_has_one_family_of_error_bodies(w: World) {
        let c = cast(&w).await;
        c.a.get(UNKNOWN).await.expect_text(404);
        c.a.put(&game("g1"), json!({ "foo": 1 }))
            .await
            .expect_text(400);
        c.a.get("/serviceconfigs/none/sessiontemplates")
            .await
            .expect_text(404);
        for path in [
            "/users/me/people?view=Foo",
            "/users/me/people/xuid(1)",
            "/users/xuid(abc)/people",
        ] {
            let answer = c.a.get(path).await;
            assert!(
                matches!(answer.status, 400 | 404),
                "{path}: {}",
                answer.status
            );
            assert_json(&answer);
            let body = answer.json();
            let fields: Vec<&String> = body.as_object().expect("an object").keys().collect();
            assert_eq!(
                fields,
                ["code", "description", "source", "traceInformation"],
                "{path}"
            );
            assert!(
                body["code"].is_u64() && body["description"].is_string(),
                "{body}"
            );
            assert!(body["source"].is_string(), "{body}");
            assert_eq!(body["traceInformation"], Value::Null);
        }
    }
}
