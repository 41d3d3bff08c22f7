//! The headers of requests and answers: contract version, content type, correlation, caching.

use serde_json::json;

use crate::document::check_guid;
use crate::fixtures::{A, B, create, custom, leave, session};
use crate::json::assert_contains;

every_store! {
    async fn the_contract_version_decides_how_a_session_is_shown(w: World) {
        let a = w.user(A).await;
        let path = session("open", "h");
        a.put(&path, create(A)).await.expect(201);
        for (version, shown) in [("104", 104), ("105", 105), ("106", 106), ("107", 107)] {
            let call = a.request("GET", &path).contract(version);
            let read = call.send().await.expect(200).json();
            assert_eq!(read["contractVersion"], shown);
            let constants = read["constants"]["system"].as_object().expect("constants");
            assert_eq!(constants.contains_key("timeouts"), shown < 107, "{version}");
            assert_eq!(constants.contains_key("readyRemovalTimeout"), shown == 107, "{version}");
            let properties = read["properties"]["system"].as_object().expect("properties");
            assert_eq!(properties.contains_key("matchmaking"), shown < 107, "{version}");
        }
    }

    async fn a_contract_version_that_is_not_spoken_is_malformed(w: World) {
        let a = w.user(A).await;
        let path = session("open", "h");
        for version in ["", "abc", "0", "-107", "103", "108", "200", "10.7", "1e2"] {
            let get = a.request("GET", &path).contract(version);
            get.send().await.expect_text(400);
            let put = a.request("PUT", &path).contract(version).json(create(A));
            put.send().await.expect_text(400);
        }
        a.get(&path).await.expect_empty(204);
    }

    async fn the_older_contract_writes_timeouts_as_a_group(w: World) {
        let a = w.user(A).await;
        let path = session("bare", "h");
        let mut body = create(A);
        body["constants"] = json!({"system": {"timeouts": {"inactive": 7000, "ready": 8000},
            "maxMembersCount": 3}});
        let call = a.request("PUT", &path).contract("105").json(body);
        let created = call.send().await.expect(201).json();
        let timeouts = &created["constants"]["system"]["timeouts"];
        assert_eq!(*timeouts, json!({"inactive": 7000, "ready": 8000}));
        let read = a.get(&path).await.expect(200).json();
        let system = read["constants"]["system"].as_object().expect("constants");
        let expected = json!({"inactiveRemovalTimeout": 7000, "readyRemovalTimeout": 8000});
        assert_contains(&read["constants"]["system"], &expected);
        assert!(!system.contains_key("reservedRemovalTimeout"));
        assert!(!system.contains_key("sessionEmptyTimeout"));
    }

    async fn the_older_contract_manages_initialization_the_other_way_round(w: World) {
        let a = w.user(A).await;
        let path = session("bare", "h");
        let managed = json!({"joinTimeout": 1, "measurementTimeout": 2, "evaluationTimeout": 3,
            "autoEvaluate": false, "membersNeededToStart": 0});
        let mut body = create(A);
        body["constants"] = json!({"system": {"managedInitialization": managed}});
        let call = a.request("PUT", &path).contract("105").json(body);
        let created = call.send().await.expect(201).json();
        assert_eq!(created["constants"]["system"]["managedInitialization"], managed);
        let read = a.get(&path).await.expect(200).json();
        let expected = json!({"joinTimeout": 1, "measurementTimeout": 2, "evaluationTimeout": 3,
            "externalEvaluation": true, "membersNeededToStart": 0});
        assert_eq!(read["constants"]["system"]["memberInitialization"], expected);
        assert!(read["constants"]["system"].get("managedInitialization").is_none());
    }

    async fn the_older_contract_may_use_the_newer_names(w: World) {
        let a = w.user(A).await;
        let mut body = create(A);
        body["constants"] = json!({"system": {"inactiveRemovalTimeout": 7000}});
        let call = a.request("PUT", &session("bare", "h")).contract("105").json(body);
        let created = call.send().await.expect(201).json();
        assert_eq!(created["constants"]["system"]["timeouts"]["inactive"], 7000);
    }

    async fn json_may_name_its_charset_or_not_be_named_at_all(w: World) {
        let a = w.user(A).await;
        let path = session("open", "h");
        let types = [
            (Some("application/json"), 201),
            (Some("application/json; charset=utf-8"), 200),
            (Some("Application/JSON;charset=UTF-8"), 200),
            (None, 200),
            (Some("text/plain"), 415),
            (Some("application/x-www-form-urlencoded"), 415),
            (Some("multipart/form-data; boundary=x"), 415),
        ];
        for (content_type, status) in types {
            let call = a.request("PUT", &path).body(content_type, create(A).to_string());
            call.send().await.expect(status);
        }
    }

    async fn a_content_type_without_a_body_is_nothing(w: World) {
        let (a, b) = (w.user(A).await, w.user(B).await);
        let path = session("open", "h");
        a.put(&path, create(A)).await.expect(201);
        b.put(&path, create(B)).await.expect(200);
        for content_type in ["application/json", "text/plain"] {
            let get = a.request("GET", &path).header("content-type", content_type);
            get.send().await.expect(200);
        }
        let own = format!("{path}/members/me");
        let delete = b.request("DELETE", &own).header("content-type", "text/plain");
        delete.send().await.expect(200);
    }

    async fn headers_without_meaning_here_are_ignored(w: World) {
        let a = w.user(A).await;
        let path = session("open", "h");
        let ignored = [
            ("prefer", "return=minimal"),
            ("accept", "text/html, image/png;q=0.5"),
            ("accept-language", "de-DE, en;q=0.5"),
            ("signature", "AAAAAQHb"),
            ("ms-cv", "abc.1"),
            ("user-agent", "XboxServicesAPI/2021.04 c"),
        ];
        let mut call = a.request("PUT", &path).json(create(A));
        for (name, value) in ignored {
            call = call.header(name, value);
        }
        let created = call.send().await.expect(201);
        assert_eq!(created.json()["membersInfo"]["count"], 1);
    }

    async fn every_answer_has_a_correlation_id_of_its_own(w: World) {
        let a = w.user(A).await;
        let path = session("open", "h");
        let answers = [
            a.put(&path, create(A)).await.expect(201),
            a.get(&path).await.expect(200),
            a.get(&session("open", "none")).await.expect(204),
            a.put(&path, json!({"foo": 1})).await.expect(400),
            a.get(&session("none", "none")).await.expect(404),
            a.post(&path, json!({})).await.expect(405),
        ];
        let mut seen = Vec::new();
        for answer in answers {
            let id = answer.header("x-xblcorrelationid").expect("a correlation id").to_owned();
            check_guid(&json!(id));
            assert!(!seen.contains(&id), "{id} twice");
            seen.push(id);
            let sniff = answer.header("x-content-type-options");
            assert_eq!(sniff, Some("nosniff"), "{}", answer.sent);
        }
    }

    async fn refusals_are_not_cached_and_carry_no_etag(w: World) {
        let a = w.user(A).await;
        let path = session("open", "h");
        a.put(&path, create(A)).await.expect(201);
        let answers = [
            a.put(&path, json!({"foo": 1})).await.expect_text(400),
            a.get(&session("none", "none")).await.expect_text(404),
            a.post(&path, json!({})).await.expect_text(405),
            w.user(B).await.put(&path, json!({"servers": {"x": {}}})).await.expect(403),
        ];
        for answer in answers {
            let sent = &answer.sent;
            assert_eq!(answer.header("cache-control"), Some("no-cache, no-store"), "{sent}");
            assert_eq!(answer.header("etag"), None, "{sent}");
        }
    }

    async fn expires_is_the_next_timer_and_absent_without_one(w: World) {
        let a = w.user(A).await;
        let path = session("keep", "h");
        let created = a.put(&path, create(A)).await.expect(201);
        assert_eq!(created.header("expires"), None);
        let left = a.put(&path, leave()).await.expect(200);
        assert_eq!(left.header("expires"), Some("Thu, 01 Jan 2026 00:01:00 GMT"));
        let server = w.server().await;
        let written = server.put(&path, custom(json!({"a": 1}))).await.expect(200);
        assert_eq!(written.header("expires"), Some("Thu, 01 Jan 2026 00:01:00 GMT"));
        assert_eq!(written.json()["nextTimer"], "2026-01-01T00:01:00.0000000Z");
        let end: jiff::Timestamp = "2026-01-01T00:01:00Z".parse().expect("a time");
        assert!(w.now() < end);
    }
}
