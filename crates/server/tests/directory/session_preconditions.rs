//! `If-Match` and `If-None-Match`: what each asks of a session that exists or does not.

use serde_json::json;

use crate::document::check_etag;
use crate::fixtures::{A, B, C, SCID, active, create, custom, leave, reserve, session};
use crate::world::{Player, World};

/// A's session at change number 2, with the ETags of both its states.
async fn two_states(w: &World) -> (Player, String, [String; 2]) {
    let a = w.user(A).await;
    let path = session("open", "p");
    let first = a.put(&path, create(A)).await.expect(201).etag();
    let second = a
        .put(&path, custom(json!({"n": 1})))
        .await
        .expect(200)
        .etag();
    assert_ne!(first, second);
    (a, path, [first, second])
}

every_store! {
    async fn e72_a_reader_that_has_the_current_state_is_told_so(w: World) {
        let (a, path, [stale, current]) = two_states(&w).await;
        let read = |etag: &str| a.request("GET", &path).header("if-none-match", etag).send();
        let answer = read(&current).await.expect_empty(304);
        assert_eq!(answer.etag(), current);
        let answer = read(&stale).await.expect(200);
        assert_eq!(answer.etag(), current);
    }

    async fn e73_a_stale_writer_gets_the_session_as_it_is(w: World) {
        let (a, path, [stale, current]) = two_states(&w).await;
        let call = a.request("PUT", &path).header("if-match", &stale);
        let answer = call.json(custom(json!({"n": 2}))).send().await.expect(412);
        assert_eq!(answer.header("cache-control"), Some("no-cache, no-store"));
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(answer.etag(), current);
        let read = a.get(&path).await.expect(200);
        assert_eq!(answer.json(), read.json());
        assert_eq!(read.json()["properties"]["custom"], json!({"n": 1}));
    }

    async fn e74_creating_an_activity_handle_is_a_change_of_the_session(w: World) {
        let a = w.user(A).await;
        let path = session("open", "p");
        let created = a.put(&path, create(A)).await.expect(201);
        let activity = json!({"version": 1, "type": "activity",
            "sessionRef": {"scid": SCID, "templateName": "open", "name": "p"}});
        a.post("/handles", activity).await.expect(201);
        let call = a.request("PUT", &path).header("if-match", &created.etag());
        let answer = call.json(custom(json!({"n": 1}))).send().await.expect(412);
        assert_eq!(answer.json()["changeNumber"], 2);
        assert_eq!(answer.json()["properties"], created.json()["properties"]);
    }

    async fn e75_of_two_writers_with_one_etag_the_second_loses(w: World) {
        let (a, path, [_, current]) = two_states(&w).await;
        let put = |n: u64| {
            let call = a.request("PUT", &path).header("if-match", &current);
            call.json(custom(json!({"n": n}))).send()
        };
        put(2).await.expect(200);
        put(3).await.expect(412);
        assert_eq!(a.get(&path).await.json()["properties"]["custom"], json!({"n": 2}));
    }

    async fn a_missing_session_answers_each_read_condition(w: World) {
        let (a, _, [stale, current]) = two_states(&w).await;
        let missing = session("open", "missing");
        let rows = [
            ("if-none-match", current.as_str(), 204),
            ("if-none-match", "*", 204),
            ("if-match", &stale, 412),
            ("if-match", "*", 412),
        ];
        for (header, value, status) in rows {
            let call = a.request("GET", &missing).header(header, value);
            call.send().await.expect_empty(status);
        }
    }

    async fn an_existing_session_answers_each_read_condition(w: World) {
        let (a, path, [stale, current]) = two_states(&w).await;
        let bare = current.trim_matches('"');
        let list = format!("{stale}, {current}");
        let weak = format!("W/{current}");
        let rows = [
            ("if-none-match", current.as_str(), 304),
            ("if-none-match", bare, 304),
            ("if-none-match", &list, 304),
            ("if-none-match", "*", 304),
            ("if-none-match", &stale, 200),
            ("if-none-match", &weak, 200),
            ("if-match", &current, 200),
            ("if-match", bare, 200),
            ("if-match", &list, 200),
            ("if-match", &stale, 412),
            ("if-match", &weak, 412),
        ];
        for (header, value, status) in rows {
            let call = a.request("GET", &path).header(header, value);
            let answer = call.send().await.expect(status);
            assert_eq!(answer.etag(), current, "{header}: {value}");
            let expects_body = status != 304;
            assert_eq!(!answer.body.is_empty(), expects_body, "{header}: {value}");
        }
    }

    async fn a_missing_session_answers_each_write_condition(w: World) {
        let (a, _, [stale, _]) = two_states(&w).await;
        let rows = [
            (None, 201),
            (Some(("if-none-match", "*")), 201),
            (Some(("if-none-match", stale.as_str())), 201),
            (Some(("if-none-match", "")), 201),
            (Some(("if-match", "")), 201),
            (Some(("if-match", "*")), 412),
            (Some(("if-match", &stale)), 412),
        ];
        for (n, (condition, status)) in rows.into_iter().enumerate() {
            let path = session("open", &format!("missing-{n}"));
            let mut call = a.request("PUT", &path).json(active());
            if let Some((header, value)) = condition {
                call = call.header(header, value);
            }
            let answer = call.send().await.expect(status);
            assert_eq!(answer.body.is_empty(), status == 412, "{condition:?}");
            let exists = if status == 201 { 200 } else { 204 };
            a.get(&path).await.expect(exists);
        }
    }

    async fn an_existing_session_answers_each_write_condition(w: World) {
        let (a, path, [stale, _]) = two_states(&w).await;
        let rows = [
            ("if-none-match", "*", 412),
            ("if-none-match", "<current>", 412),
            ("if-none-match", "<stale>", 200),
            ("if-none-match", "", 200),
            ("if-match", "", 200),
            ("if-match", "*", 200),
            ("if-match", "<current>", 200),
            ("if-match", "<bare>", 200),
            ("if-match", "<stale>, <current>", 200),
            ("if-match", "W/<current>", 412),
            ("if-match", "<stale>", 412),
        ];
        for (n, (header, value, status)) in rows.into_iter().enumerate() {
            let before = a.get(&path).await.expect(200);
            let current = before.etag();
            let value = value
                .replace("<bare>", current.trim_matches('"'))
                .replace("<current>", &current)
                .replace("<stale>", &stale);
            let call = a.request("PUT", &path).header(header, &value);
            let body = custom(json!({"row": n}));
            call.json(body).send().await.expect(status);
            let after = a.get(&path).await.expect(200);
            assert_eq!(after.etag() != current, status == 200, "{header}: {value}");
        }
        let call = a.request("PUT", &path).header("if-none-match", "*");
        call.json(active()).send().await.expect_empty(412);
    }

    async fn an_element_answers_write_conditions_as_its_session_does(w: World) {
        let (a, path, [stale, current]) = two_states(&w).await;
        let element = format!("{path}/properties");
        let body = || json!({"custom": {"n": 2}});
        let put = |etag: &str| {
            a.request("PUT", &element).header("if-match", etag).json(body()).send()
        };
        let answer = put(&stale).await.expect(412);
        assert_eq!(answer.json(), a.get(&path).await.json());
        let read = a.request("GET", &element).header("if-match", &stale);
        assert_eq!(read.send().await.expect(412).json(), a.get(&path).await.json());
        put(&current).await.expect(200);
        let own = format!("{path}/members/me");
        let call = a.request("DELETE", &own).header("if-match", &stale);
        call.send().await.expect(412);
        let missing = format!("{}/properties", session("open", "missing"));
        for condition in ["*", stale.as_str()] {
            let call = a.request("PUT", &missing).header("if-match", condition);
            call.json(body()).send().await.expect_text(404);
        }
    }

    async fn time_passes_before_the_condition_is_looked_at(w: World) {
        let (a, b) = (w.user(A).await, w.user(B).await);
        let path = session("open", "p");
        a.put(&path, create(A)).await.expect(201);
        let reserved = a.put(&path, reserve(&[B])).await.expect(200);
        w.advance_lazily(30_000);
        let call = a.request("PUT", &path).header("if-match", &reserved.etag());
        let answer = call.json(custom(json!({"n": 1}))).send().await.expect(412);
        assert_eq!(answer.json()["membersInfo"]["count"], 1);
        assert_eq!(answer.json()["changeNumber"], 3);
        b.get(&path).await.expect(200);
    }

    async fn a_failed_condition_shows_nothing_to_those_who_may_not_read(w: World) {
        let (a, c) = (w.user(A).await, w.user(C).await);
        let path = session("priv", "p");
        a.put(&path, create(A)).await.expect(201);
        let call = c.request("PUT", &path).header("if-match", "\"stale\"");
        let answer = call.json(active()).send().await.expect_empty(412);
        assert_eq!(answer.header("cache-control"), Some("no-cache, no-store"));
    }

    async fn an_etag_is_the_same_for_every_caller_and_contract(w: World) {
        let (a, path, [_, current]) = two_states(&w).await;
        check_etag(&current);
        let b = w.user(B).await;
        assert_eq!(b.get(&path).await.expect(200).etag(), current);
        let older = a.request("GET", &path).contract("105").send().await.expect(200);
        assert_eq!(older.etag(), current);
    }

    async fn an_etag_of_an_earlier_life_does_not_match(w: World) {
        let a = w.user(A).await;
        let path = session("open", "p");
        let first = a.put(&path, create(A)).await.expect(201).etag();
        a.put(&path, leave()).await.expect_empty(204);
        a.put(&path, create(A)).await.expect(201);
        let call = a.request("PUT", &path).header("if-match", &first);
        call.json(custom(json!({"n": 1}))).send().await.expect(412);
    }
}
