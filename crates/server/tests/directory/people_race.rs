//! Writes of one people list that come at the same time.

use crate::handle_steps::{cast, follow};
use crate::people::{mark, unfollow};
use crate::world::{StoreKind, World};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_unfollowed_does_not_come_back_as_a_favourite() {
    for store in [StoreKind::Memory, StoreKind::Sqlite] {
        let w = World::new(store).await;
        let c = cast(&w).await;
        for round in 0..60 {
            follow(&c.a, &c.b).await;
            let (first, second, b) = (c.a.clone(), c.a.clone(), c.b.clone());
            let target = b.clone();
            let marking = tokio::spawn(async move { mark(&first, "PUT", &target).await });
            let leaving = tokio::spawn(async move { unfollow(&second, &b).await });
            let marked = marking.await.expect("the mark ran").status;
            assert!(matches!(marked, 204 | 404), "round {round}: {marked}");
            leaving.await.expect("the unfollow ran").expect_empty(204);
            let list = c.a.get("/users/me/people").await.json();
            assert_eq!(list["totalCount"], 0, "round {round}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c06_the_last_place_of_a_list_is_given_once() {
    let w = World::new(StoreKind::Memory).await;
    let c = cast(&w).await;
    let put = |n: u32| {
        let path = format!("/users/me/people/xuid({})", 5000 + n);
        c.a.request("PUT", &path).send()
    };
    for n in 0..1999 {
        put(n).await.expect(204);
    }
    let late: Vec<_> = (2000..2008).map(|n| tokio::spawn(put(n))).collect();
    let mut statuses = Vec::new();
    for put in late {
        statuses.push(put.await.expect("the put ran").status);
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 400, 400, 400, 400, 400, 400, 400]);
    let list = c.a.get("/users/me/people").await.json();
    assert_eq!(list["totalCount"], 2000);
}
