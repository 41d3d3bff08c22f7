//! `/readyz`: each check, and what makes it fail. Not here: how long a failed write counts (beside the code).

use convoke_server::app::App;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::fixtures::{A, active, me, session};
use crate::world::{StoreKind, World};

/// Serves until the test is over, so that timers run.
pub(crate) async fn while_serving<T>(app: &App, test: impl Future<Output = T>) -> T {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = app.serve(listener, async {
        let _ = stopped.await;
    });
    let test = async {
        // The timers' task takes its first turn.
        tokio::task::yield_now().await;
        let result = test.await;
        drop(stop);
        result
    };
    let (served, result) = tokio::join!(serving, test);
    served.expect("served");
    result
}

/// What fails, by check.
async fn problems(w: &World, status: u16) -> Value {
    let answer = w.nobody().get("/readyz").await.expect(status);
    let report = answer.json();
    assert_eq!(report["ready"], status == 200, "{report}");
    let checks = report["checks"].as_array().expect("checks");
    let names: Vec<_> = checks.iter().map(|check| &check["name"]).collect();
    assert_eq!(names, ["store", "timers", "configuration", "service"]);
    let failing = checks.iter().filter(|check| check.get("problem").is_some());
    failing
        .map(|check| {
            let name = check["name"].as_str().expect("text").to_owned();
            (name, check["problem"].clone())
        })
        .collect()
}

every_store! {
    async fn a_service_that_is_served_is_ready(w: World) {
        while_serving(w.app(), async {
            assert_eq!(problems(&w, 200).await, json!({}));
        })
        .await;
    }

    async fn without_the_task_of_the_timers_a_service_is_not_ready(w: World) {
        assert_eq!(problems(&w, 503).await, json!({"timers": "timers do not run"}));
        w.nobody().get("/healthz").await.expect(200);
        while_serving(w.app(), async { problems(&w, 200).await }).await;
    }

    async fn a_service_whose_timers_are_late_is_not_ready_until_they_have_run(w: World) {
        let a = w.user(A).await;
        while_serving(w.app(), async {
            let path = session("slow", "t");
            a.put(&path, active()).await.expect(201);
            // Due in five seconds. The clock does not wake the timers' task: only tests do.
            a.put(&path, me(json!({"active": false}))).await.expect(200);
            w.advance_lazily(35_000);
            assert_eq!(problems(&w, 200).await, json!({}));
            w.advance_lazily(1);
            assert_eq!(problems(&w, 503).await, json!({"timers": "timers are late"}));
            w.app().run_due_timers().await;
            assert_eq!(problems(&w, 200).await, json!({}));
        })
        .await;
    }

    async fn a_service_that_stops_is_not_ready(w: World) {
        while_serving(w.app(), async {}).await;
        // The task of the timers may be about to end, or have ended.
        assert_eq!(problems(&w, 503).await["service"], "the service is stopping");
        w.nobody().get("/healthz").await.expect(200);
    }
}

#[tokio::test]
async fn a_service_whose_store_takes_no_writes_is_not_ready() {
    let w = World::new(StoreKind::Sqlite).await;
    let (a, nobody) = (w.user(A).await, w.nobody());
    let _open = w.restart().await;
    a.put(&session("open", "x"), active())
        .await
        .expect_empty(503);
    let report = nobody.get("/readyz").await.expect(503).json();
    let store = json!({"name": "store", "problem": "the store takes no more writes"});
    assert_eq!(report["checks"][0], store, "{report}");
}
