//! How large, how deep and how well formed a body may be.

use crate::handle_steps::{activity, cast, game, join, session_answer, via};

/// A JSON text whose objects are nested so deep.
fn nested(depth: usize) -> String {
    format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth))
}

/// The body that keeps this JSON text in a custom property.
fn keeping(json: &str) -> String {
    format!(r#"{{"properties":{{"custom":{{"kept":{json}}}}}}}"#)
}

every_store! {
    async fn a20_a_body_above_256_kib_is_refused_and_one_below_is_read(w: World) {
        let c = cast(&w).await;
        join(&c.a, &game("g1")).await;
        let path = via(&c.a, activity("g1")).await;
        for target in [
            game("g1"),
            path,
            "/handles".to_owned(),
            "/handles/query".to_owned(),
        ] {
            let method = if target.ends_with("handles") || target.ends_with("query") {
                "POST"
            } else {
                "PUT"
            };
            let body = keeping(&format!(r#""{}""#, "x".repeat(300 * 1024)));
            let answer =
                c.a.request(method, &target)
                    .body(Some("application/json"), body)
                    .send()
                    .await;
            assert_eq!(answer.status, 413, "{method} {target}: {}", answer.text());
        }
        let body = keeping(&format!(r#""{}""#, "x".repeat(60 * 1024)));
        let answer =
            c.a.request("PUT", &game("g1"))
                .body(Some("application/json"), body)
                .send()
                .await;
        session_answer(answer, 200);
    }

    async fn a20_a_key_given_twice_is_refused_by_name(w: World) {
        let c = cast(&w).await;
        join(&c.a, &game("g1")).await;
        for (body, place) in [
            (r#"{"properties":{},"properties":{}}"#, "properties"),
            (
                r#"{"properties":{"system":{"closed":true,"closed":false}}}"#,
                "closed",
            ),
            (r#"{"properties":{"custom":{"a":1,"a":2}}}"#, "custom"),
            (
                r#"{"properties":{"custom":{"a":{"deep":{"x":1,"x":2}}}}}"#,
                "x",
            ),
            (r#"{"properties":{"custom":{"a":{"x":1,"\u0078":2}}}}"#, "x"),
            (r#"{"members":{"me":{},"me":{}}}"#, "me"),
            (
                r#"{"members":{"me":{"properties":{"custom":{"a":1,"a":2}}}}}"#,
                "custom",
            ),
        ] {
            let call =
                c.a.request("PUT", &game("g1"))
                    .body(Some("application/json"), body);
            let answer = call.send().await.expect_text(400);
            assert!(answer.text().contains(place), "{body}: {}", answer.text());
        }
        let handle = r#"{"type":"activity","type":"invite","version":1}"#;
        let call =
            c.a.request("POST", "/handles")
                .body(Some("application/json"), handle);
        assert!(call.send().await.expect_text(400).text().contains("type"));
    }

    async fn json_is_utf8_of_limited_depth_without_lone_surrogates(w: World) {
        let c = cast(&w).await;
        join(&c.a, &game("g1")).await;
        let put = |bytes: Vec<u8>| {
            c.a.request("PUT", &game("g1"))
                .body(Some("application/json"), bytes)
                .send()
        };
        let refused: [(&str, Vec<u8>); 8] = [
            ("deep", keeping(&nested(100)).into_bytes()),
            (
                "deep lists",
                keeping(&format!("{}{}", "[".repeat(100), "]".repeat(100))).into_bytes(),
            ),
            ("very deep", keeping(&nested(20_000)).into_bytes()),
            ("lone high surrogate", keeping(r#""\ud800""#).into_bytes()),
            ("lone low surrogate", keeping(r#""\udc00x""#).into_bytes()),
            (
                "no UTF-8",
                [
                    br#"{"properties":{"custom":{"kept":""#.as_slice(),
                    b"\xff\xfe",
                    br#""}}}"#,
                ]
                .concat(),
            ),
            ("control character", keeping("\"a\u{1}b\"").into_bytes()),
            ("two documents", b"{}{}".to_vec()),
        ];
        for (case, bytes) in refused {
            let answer = put(bytes).await;
            assert_eq!(answer.status, 400, "{case}: {}", answer.text());
        }
        let accepted: [(&str, Vec<u8>); 5] = [
            (
                "mark",
                [b"\xef\xbb\xbf".as_slice(), keeping("1").as_bytes()].concat(),
            ),
            ("newline", format!("{}\n", keeping("2")).into_bytes()),
            ("spaces", format!(" \r\n\t{} ", keeping("3")).into_bytes()),
            ("pair", keeping(r#""\ud83d\ude00""#).into_bytes()),
            ("depth of 20", keeping(&nested(20)).into_bytes()),
        ];
        for (case, bytes) in accepted {
            let answer = put(bytes).await;
            assert_eq!(answer.status, 200, "{case}: {}", answer.text());
        }
    }
}
