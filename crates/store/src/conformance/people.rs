//! The people graph.

use std::sync::Arc;

use convoke_wire::Xuid;

use super::fixtures::{edge, people};
use crate::{PeopleOp, Store};

pub(super) async fn people_are_listed_by_the_time_they_were_added<S: Store>(store: Arc<S>) {
    let edges = [
        edge(1, 10, false, 30),
        edge(1, 9, true, 10),
        edge(1, u64::MAX, false, 20),
        edge(1, 100, false, 20),
        edge(2, 1, false, 5),
        edge(u64::MAX, 1, true, 5),
    ];
    let puts = edges.iter().copied().map(PeopleOp::Put).collect();
    store.commit(people(puts)).await.expect("put");
    let following = |owner| store.following(Xuid(owner)).expect("an answer");
    assert_eq!(following(1), [edges[1], edges[3], edges[2], edges[0]]);
    assert_eq!(following(2), [edges[4]]);
    assert_eq!(following(u64::MAX), [edges[5]]);
    assert_eq!(following(3), []);
    let follow = |owner, target| store.follow(Xuid(owner), Xuid(target)).expect("an answer");
    assert_eq!(follow(1, 9), Some(edges[1]));
    assert_eq!(follow(9, 1), None);
}

pub(super) async fn an_edge_is_replaced_and_removed<S: Store>(store: Arc<S>) {
    let put = |follow| people(vec![PeopleOp::Put(follow)]);
    let delete = |owner, target| {
        people(vec![PeopleOp::Delete {
            owner: Xuid(owner),
            target: Xuid(target),
        }])
    };
    store.commit(put(edge(1, 2, false, 10))).await.expect("put");
    store.commit(put(edge(1, 3, false, 20))).await.expect("put");
    store.commit(put(edge(1, 2, true, 30))).await.expect("put");
    let following = || store.following(Xuid(1)).expect("an answer");
    assert_eq!(following(), [edge(1, 3, false, 20), edge(1, 2, true, 30)]);
    store.commit(delete(2, 1)).await.expect("nothing to delete");
    store.commit(delete(1, 2)).await.expect("deleted");
    assert_eq!(following(), [edge(1, 3, false, 20)]);
    assert_eq!(store.follow(Xuid(1), Xuid(2)).expect("an answer"), None);
}

pub(super) async fn a_mark_changes_an_edge_and_makes_none<S: Store>(store: Arc<S>) {
    let mark = |target, favorite| {
        people(vec![PeopleOp::SetFavorite {
            owner: Xuid(1),
            target: Xuid(target),
            favorite,
        }])
    };
    let put = people(vec![PeopleOp::Put(edge(1, 2, false, 10))]);
    store.commit(put).await.expect("put");
    store.commit(mark(2, true)).await.expect("marked");
    store.commit(mark(3, true)).await.expect("nothing to mark");
    let following = || store.following(Xuid(1)).expect("an answer");
    assert_eq!(following(), [edge(1, 2, true, 10)]);
    store.commit(mark(2, false)).await.expect("unmarked");
    assert_eq!(following(), [edge(1, 2, false, 10)]);
}

pub(super) async fn followers_are_found_from_the_other_end<S: Store>(store: Arc<S>) {
    let edges = [
        edge(10, 1, false, 30),
        edge(9, 1, true, 20),
        edge(u64::MAX, 1, false, 20),
        edge(1, 9, false, 10),
    ];
    let puts = edges.iter().copied().map(PeopleOp::Put).collect();
    store.commit(people(puts)).await.expect("put");
    let followers = |target, limit| store.followers(Xuid(target), limit).expect("an answer");
    let count = |target| store.follower_count(Xuid(target)).expect("an answer");
    assert_eq!(followers(1, 10), [edges[1], edges[2], edges[0]]);
    assert_eq!(followers(1, 2), [edges[1], edges[2]]);
    assert_eq!(followers(9, 10), [edges[3]]);
    assert_eq!((count(1), count(9), count(10)), (3, 1, 0));
    let gone = PeopleOp::Delete {
        owner: Xuid(9),
        target: Xuid(1),
    };
    store.commit(people(vec![gone])).await.expect("deleted");
    assert_eq!(followers(1, 10), [edges[2], edges[0]]);
    assert_eq!(count(1), 2);
}
