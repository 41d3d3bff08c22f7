//! `/metrics`: what a request, a refusal, a write and a timer leave there.

use serde_json::json;

use crate::fixtures::{A, B, SCID, active, leave, me, session};
use crate::world::{StoreKind, World};

const SESSION: &str = "/serviceconfigs/{scid}/sessiontemplates/{template}/sessions/{name}";

/// The number of a line, zero where there is none.
fn value(page: &str, line: &str) -> f64 {
    let found = page
        .lines()
        .find_map(|it| it.strip_prefix(line)?.strip_prefix(' '));
    found.map_or(0.0, |number| number.parse().expect("a number"))
}

async fn page(w: &World) -> String {
    let answer = w.nobody().get("/metrics").await.expect(200);
    let media_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert_eq!(answer.header("content-type"), Some(media_type));
    let page = answer.text();
    assert!(page.ends_with("# EOF\n"), "{page}");
    page
}

#[track_caller]
fn check(page: &str, expected: &[(&str, f64)]) {
    for (line, expected) in expected {
        let found = value(page, line);
        assert!((found - expected).abs() < 1e-9, "{line}: {found}\n{page}");
    }
}

every_store! {
    async fn requests_are_counted_by_route_method_and_status(w: World) {
        let (a, b) = (w.user(A).await, w.user(B).await);
        for name in ["x", "y"] {
            a.put(&session("open", name), active()).await.expect(201);
        }
        b.get(&session("open", "x")).await.expect(200);
        b.get("/none").await.expect(404);
        b.get("/none/2").await.expect(404);
        b.request("PROPFIND", "/handles").send().await.expect(405);
        let line = |route, method, status| {
            format!("convoke_http_requests_total{{route=\"{route}\",method=\"{method}\",status=\"{status}\"}}")
        };
        let page = page(&w).await;
        check(&page, &[
            (&line(SESSION, "PUT", 201), 2.0),
            (&line(SESSION, "GET", 200), 1.0),
            (&line("unknown", "GET", 404), 2.0),
            (&line("/handles", "other", 405), 1.0),
            (&line("/dev/token", "POST", 200), 2.0),
            (&format!("convoke_http_request_duration_seconds_count{{route=\"{SESSION}\"}}"), 3.0),
            ("convoke_http_requests_in_flight", 1.0),
        ]);
        assert!(!page.contains("none/2"), "{page}");
    }

    async fn refusals_are_counted_by_the_code_of_their_rule(w: World) {
        let a = w.user(A).await;
        let path = session("open", "x");
        a.put(&path, active()).await.expect(201);
        a.put(&path, json!({"members": {"x": {}}})).await.expect(400);
        a.request("PUT", &path).header("If-Match", "\"0\"").json(active()).send().await.expect(412);
        check(&page(&w).await, &[
            ("convoke_refusals_total{code=\"members.key\"}", 1.0),
            ("convoke_refusals_total{code=\"precondition.failed\"}", 1.0),
            ("convoke_refusals_total{code=\"other\"}", 0.0),
        ]);
    }

    async fn writes_are_counted_by_how_they_ended(w: World) {
        let (a, b) = (w.user(A).await, w.user(B).await);
        a.put(&session("open", "x"), active()).await.expect(201);
        a.put(&format!("/users/me/people/xuid({})", b.xuid), json!(null)).await.expect(204);
        let page = page(&w).await;
        check(&page, &[
            ("convoke_store_commits_total{outcome=\"durable\"}", 2.0),
            ("convoke_store_commits_total{outcome=\"refused\"}", 0.0),
            ("convoke_store_commits_total{outcome=\"failed\"}", 0.0),
            ("convoke_store_commit_duration_seconds_count", 2.0),
            ("convoke_store_batch_steps_sum", 2.0),
            ("convoke_store_batch_steps_count", 2.0),
            ("convoke_store_queued_steps", 0.0),
            ("convoke_live_sessions", 1.0),
        ]);
    }

    async fn search_handles_are_those_that_a_browse_can_find(w: World) {
        let a = w.user(A).await;
        for name in ["one", "two"] {
            a.put(&session("global(lfg)", name), active()).await.expect(201);
            let reference = json!({"scid": SCID, "templateName": "global(lfg)", "name": name});
            let body = json!({"type": "search", "version": 1, "sessionRef": reference});
            // The second takes the place of the first.
            for _ in 0..2 {
                a.post("/handles", body.clone()).await.expect(201);
            }
        }
        check(&page(&w).await, &[("convoke_search_handles", 2.0)]);
        a.put(&session("global(lfg)", "one"), leave()).await.expect(204);
        check(&page(&w).await, &[("convoke_search_handles", 1.0)]);
        let restarted = w.restart().await;
        let live = value(&page(&restarted).await, "convoke_live_sessions");
        check(&page(&restarted).await, &[("convoke_search_handles", live)]);
    }

    async fn timers_show_how_late_they_are_and_were(w: World) {
        let (a, b) = (w.user(A).await, w.user(B).await);
        let path = session("slow", "t");
        a.put(&path, active()).await.expect(201);
        b.put(&path, active()).await.expect(200);
        a.put(&path, me(json!({"active": false}))).await.expect(200);
        w.advance_lazily(5300);
        check(&page(&w).await, &[
            ("convoke_pending_timers", 1.0),
            ("convoke_timers_lag_seconds", 0.3),
            ("convoke_timers_lateness_seconds_count", 0.0),
        ]);
        w.app().run_due_timers().await;
        check(&page(&w).await, &[
            ("convoke_timers_lag_seconds", 0.0),
            ("convoke_timers_lateness_seconds_sum", 0.3),
            ("convoke_timers_lateness_seconds_bucket{le=\"0.25\"}", 0.0),
            ("convoke_timers_lateness_seconds_bucket{le=\"0.5\"}", 1.0),
        ]);
    }
}

#[tokio::test]
async fn the_page_says_what_runs_and_since_when() {
    let w = World::new(StoreKind::Memory).await;
    let version = env!("CARGO_PKG_VERSION");
    check(
        &page(&w).await,
        &[
            (&format!("convoke_build_info{{version=\"{version}\"}}"), 1.0),
            ("convoke_start_time_seconds", 1_767_225_600.0),
            ("convoke_ready{check=\"store\"}", 1.0),
            ("convoke_ready{check=\"timers\"}", 0.0),
        ],
    );
}

#[tokio::test]
async fn what_clients_make_up_adds_no_lines() {
    let w = World::new(StoreKind::Memory).await;
    let a = w.user(A).await;
    a.get("/none").await;
    a.request("BREW", "/none").send().await;
    let before = page(&w).await.lines().count();
    for number in 0..50 {
        a.get(&format!("/none/{number}")).await;
        a.request(&format!("M{number}"), "/none").send().await;
    }
    let after = page(&w).await;
    // The second page counts the first: one line, and the buckets of one route.
    assert!(after.lines().count() <= before + 1 + 19, "{after}");
    assert!(!after.contains("M49") && !after.contains("/49"), "{after}");
}
