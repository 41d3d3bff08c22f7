//! The ids by which a request is found again.

use crate::fixtures::{A, session};
use crate::world::{StoreKind, World};

const OURS: &str = "x-xblcorrelationid";

#[tokio::test]
async fn every_answer_has_an_id_of_its_own() {
    let w = World::new(StoreKind::Memory).await;
    let a = w.user(A).await;
    let mut seen = Vec::new();
    for path in [
        &session("open", "x"),
        "/handles/x",
        "/none",
        "/healthz",
        "/%ff",
    ] {
        let answer = a.get(path).await;
        let id = answer.header(OURS).expect("an id").to_owned();
        assert!(id.parse::<uuid::Uuid>().is_ok(), "{id}");
        seen.push(id);
    }
    let answer = w.nobody().get(&"/x".repeat(5000)).await.expect(414);
    seen.push(answer.header(OURS).expect("an id").to_owned());
    let count = seen.len();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), count);
}

#[tokio::test]
async fn the_ids_of_the_sender_are_echoed_under_their_own_names() {
    let w = World::new(StoreKind::Memory).await;
    let call = w.nobody().request("GET", "/none");
    let answer = call
        .header("MS-CV", "tul4PHXhk0+UbdaG.0")
        .header("X-Correlation-Id", "5f7a-4470")
        .send()
        .await
        .expect(404);
    assert_eq!(answer.header("ms-cv"), Some("tul4PHXhk0+UbdaG.0"));
    assert_eq!(answer.header("x-correlation-id"), Some("5f7a-4470"));
    assert_ne!(answer.header(OURS), Some("5f7a-4470"));
}

#[tokio::test]
async fn ids_that_are_long_or_not_printable_are_ignored() {
    let w = World::new(StoreKind::Memory).await;
    let long = "a".repeat(129);
    for id in [&*long, "", "a b", "a\tb", "\t"] {
        for name in ["ms-cv", "x-correlation-id"] {
            let call = w.nobody().request("GET", "/healthz").header(name, id);
            let answer = call.send().await.expect(200);
            assert_eq!(answer.header(name), None, "{name}: {id:?}");
        }
    }
}
