//! Paths, queries and methods that no client would send: refused in good order.

use serde_json::json;

use crate::handle_steps::{
    S1, assert_content_location, cast, correlation, created, custom, game, handle, join, joining,
    member_xuids, path_of, text,
};

every_store! {
    async fn a_strange_path_is_refused_in_good_order(w: World) {
        let c = cast(&w).await;
        join(&c.a, &game("g1")).await;
        let long = "a".repeat(5000);
        let base = format!("/serviceconfigs/{S1}/sessiontemplates/game/sessions");
        for path in [
            "/%2e%2e/%2e%2e/etc/passwd".to_owned(),
            "/../../etc/passwd".to_owned(),
            "/./handles/..".to_owned(),
            format!("{base}/%2e%2e"),
            format!("{base}/.."),
            format!("{base}/%2e"),
            format!("{base}/..%2fgame"),
            format!("{base}/g1%2Fmembers"),
            format!("{base}/g1%00"),
            format!("{base}/%00"),
            format!("{base}/%ff%fe"),
            format!("{base}/%c0%ae%c0%ae"),
            format!("{base}/%"),
            format!("{base}/%zz"),
            format!("{base}/%0d%0aX-Injected:%201"),
            format!("{base}/a%20b"),
            format!("{base}/a~b"),
            format!("{base}/a%7Eb"),
            format!("{base}/a;b"),
            format!("{base}/{long}"),
            format!("{base}/%F0%9F%8E%AE"),
            format!("{base}/%25%32%65"),
            format!("/serviceconfigs/%7B{S1}%7D/sessiontemplates"),
            format!("/serviceconfigs/{long}/sessiontemplates"),
            "/handles/%2e%2e/session".to_owned(),
            "/handles/%0d%0aLocation:%20x".to_owned(),
            "/handles/%00".to_owned(),
            "/handles/%ff/session".to_owned(),
            format!("/handles/{long}"),
            "/users/xuid(%00)/people".to_owned(),
            "/users/xuid(-1)/people".to_owned(),
            "/users/xuid()/people".to_owned(),
            "/users/xuid(1/people".to_owned(),
            "/users/xuid(18446744073709551616)/people".to_owned(),
            "/users/%ff/people".to_owned(),
            "/users/../people".to_owned(),
            format!("/users/gt({long})/people"),
            format!("/users/me/people/xuid({long})"),
        ] {
            for method in ["GET", "PUT", "DELETE", "POST"] {
                let call = c.a.request(method, &path);
                let call = if method.starts_with('P') {
                    call.json(json!({}))
                } else {
                    call
                };
                let answer = call.send().await;
                let refused = (400..500).contains(&answer.status);
                assert!(
                    refused,
                    "{method} {path}: {} {}",
                    answer.status,
                    answer.text()
                );
                assert_eq!(answer.header("x-injected"), None, "{method} {path}");
                assert!(
                    answer.header("x-content-type-options").is_some(),
                    "{method} {path}"
                );
            }
        }
        assert_eq!(member_xuids(&c.a.get(&game("g1")).await.json()), ["1001"]);
    }

    async fn a_path_or_header_block_beyond_its_size_is_refused(w: World) {
        let c = cast(&w).await;
        let answer = c.a.get(&format!("/handles/{}", "a".repeat(9 * 1024))).await;
        assert_eq!(answer.status, 414, "{}", answer.text());
        let call =
            c.a.request("GET", &game("g1"))
                .header("x-extra", &"a".repeat(33 * 1024));
        assert_eq!(call.send().await.status, 431);
    }

    async fn more_than_64_headers_are_refused(w: World) {
        let c = cast(&w).await;
        let mut call = c.a.request("GET", &game("g1"));
        for n in 0..65 {
            call = call.header(&format!("x-extra-{n}"), "1");
        }
        assert_eq!(call.send().await.status, 431);
    }

    async fn empty_segments_and_a_trailing_slash_are_ignored(w: World) {
        let c = cast(&w).await;
        join(&c.a, &game("g1")).await;
        let plain = game("g1");
        for path in [
            format!("{plain}/"),
            format!("{plain}//"),
            format!("/{plain}"),
            plain.replace('/', "//"),
            plain.replace("sessions", "%73essions"),
            plain.replace("/g1", "/%67%31"),
        ] {
            let answer = c.b.get(&path).await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        }
        for path in [
            "/users/me/people/",
            "//users//me//people",
            "/users/xuid%28",
            "/users/xuid%281001%29/people",
        ] {
            let answer = c.a.get(path).await;
            let expected = if path.ends_with("%28") { 404 } else { 200 };
            assert_eq!(answer.status, expected, "{path}: {}", answer.text());
        }
    }

    async fn a_strange_query_is_ignored_or_refused(w: World) {
        let c = cast(&w).await;
        join(&c.a, &game("g1")).await;
        for query in [
            "?",
            "?x",
            "?x=1&x=2",
            "?=&&=",
            "?unknown=true",
            "?%ff=%fe",
            "?a=%00",
            "?a=%zz",
        ] {
            let answer = c.a.get(&format!("{}{query}", game("g1"))).await;
            assert!(
                matches!(answer.status, 200 | 400),
                "{query}: {} {}",
                answer.status,
                answer.text()
            );
        }
        for (query, status) in [
            ("?nocommit=true", 200),
            ("?NOCOMMIT=TRUE", 200),
            ("?nocommit=1", 200),
            ("?nocommit=false", 200),
            ("?nocommit=0", 200),
        ] {
            let answer = c.a.put(&format!("{}{query}", game("g1")), json!({})).await;
            assert_eq!(answer.status, status, "{query}: {}", answer.text());
        }
        let body = custom("a", 1);
        c.a.put(&format!("{}?NoCommit=1", game("g1")), body)
            .await
            .expect(200);
        assert_eq!(
            c.a.get(&game("g1")).await.json()["properties"]["custom"],
            json!({})
        );
    }

    async fn a_strange_method_is_refused(w: World) {
        let c = cast(&w).await;
        for method in ["TRACE", "CONNECT", "PROPFIND", "get", "X"] {
            for path in [
                game("g1"),
                "/handles".to_owned(),
                "/users/me/people".to_owned(),
                "/none".to_owned(),
            ] {
                let answer = c.a.request(method, &path).send().await;
                assert!(
                    (400..500).contains(&answer.status),
                    "{method} {path}: {}",
                    answer.status
                );
            }
        }
    }

    async fn what_a_request_says_of_itself_is_not_repeated_as_a_header(w: World) {
        let c = cast(&w).await;
        let document = created(c.a.post("/handles", correlation("g1")).await);
        let path = format!("{}/session", path_of(&document));
        let answer =
            c.a.request("PUT", &path)
                .header("X-Correlation-Id", "a b")
                .json(joining(&c.a))
                .send()
                .await;
        assert_content_location(&answer, S1, "game", "g1");
        // The spelling of the one who made the handle is the one that is shown.
        let shouted =
            json!({ "scid": S1.to_uppercase(), "templateName": "GAME", "name": "NewOne" });
        let shouted = created(c.a.post("/handles", handle("correlation", &shouted)).await);
        let name = text(&shouted["sessionRef"], "name");
        assert_eq!(name, "NewOne");
        let path = format!("{}/session", path_of(&shouted));
        let answer = c.a.put(&path, joining(&c.a)).await.expect(201);
        let location = answer.header("content-location").expect("a location");
        assert_eq!(
            location.split('/').filter(|part| !part.is_empty()).count(),
            6
        );
        assert!(location.ends_with("/sessions/NewOne"), "{location}");
    }
}
