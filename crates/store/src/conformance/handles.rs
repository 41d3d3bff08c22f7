//! Handles, their unique keys and their ends.

use std::sync::Arc;

use convoke_core::handle::{Handle, search_key};
use convoke_wire::handle::HandleType;
use convoke_wire::{HandleId, Xuid};
use serde_json::json;

use super::fixtures::{
    activity, at, handle, handles, id, invite, key, key_in, put, sandbox, search,
};
use crate::{HandleOp, Store};

/// Which of the handles 1 to 9 are there.
fn there<S: Store>(store: &S) -> Vec<u128> {
    let exists = |number: &u128| store.handle(id(*number)).expect("an answer").is_some();
    (1..10).filter(exists).collect()
}

fn ids(found: &[Arc<Handle>]) -> Vec<HandleId> {
    found.iter().map(|handle| handle.id).collect()
}

pub(super) async fn a_handle_is_found_by_id_and_key<S: Store>(store: Arc<S>) {
    let one = search(1, "One");
    store.commit(put(&one)).await.expect("put");
    assert_eq!(
        store.handle(id(1)).expect("an answer"),
        Some(Arc::clone(&one))
    );
    assert_eq!(store.handle(id(2)).expect("an answer"), None);
    let by_key = |key: &str| store.handle_by_key(key).expect("an answer");
    assert_eq!(by_key(&search_key(&key("oNE"))), Some(one));
    assert_eq!(by_key(&search_key(&key("two"))), None);
    assert_eq!(by_key(&search_key(&key_in("XDKS.1", "one"))), None);

    store
        .commit(handles(vec![HandleOp::Delete(id(1))]))
        .await
        .expect("deleted");
    assert_eq!(store.handle(id(1)).expect("an answer"), None);
    assert_eq!(by_key(&search_key(&key("one"))), None);
    store
        .commit(handles(vec![HandleOp::Delete(id(1))]))
        .await
        .expect("nothing to delete");
}

pub(super) async fn a_new_holder_of_a_key_displaces_the_old<S: Store>(store: Arc<S>) {
    store.commit(put(&search(1, "one"))).await.expect("put");
    store.commit(put(&search(2, "two"))).await.expect("put");
    store.commit(put(&search(3, "ONE"))).await.expect("put");
    assert_eq!(there(&*store), [2, 3]);
    let holder = store
        .handle_by_key(&search_key(&key("one")))
        .expect("an answer");
    assert_eq!(holder.map(|handle| handle.id), Some(id(3)));
    // Types without unique keys displace nobody.
    store
        .commit(put(&invite(4, "one", None)))
        .await
        .expect("put");
    store
        .commit(put(&invite(5, "one", None)))
        .await
        .expect("put");
    assert_eq!(there(&*store), [2, 3, 4, 5]);
}

pub(super) async fn a_displaced_handle_gives_up_all_its_keys<S: Store>(store: Arc<S>) {
    let old = activity(1, "one", 1, 7);
    store.commit(put(&old)).await.expect("put");
    store
        .commit(put(&activity(2, "one", 2, 7)))
        .await
        .expect("put");
    // The same user in another title, with the same service configuration.
    let new = activity(3, "two", 1, 8);
    store.commit(put(&new)).await.expect("put");
    assert_eq!(there(&*store), [2, 3]);
    let [of_old, shared] = old.unique_keys().try_into().expect("two keys");
    assert_eq!(store.handle_by_key(&of_old).expect("an answer"), None);
    assert_eq!(store.handle_by_key(&shared).expect("an answer"), Some(new));
}

pub(super) async fn a_handle_may_be_put_again<S: Store>(store: Arc<S>) {
    store
        .commit(put(&activity(1, "one", 1, 7)))
        .await
        .expect("put");
    let again = search(1, "two");
    store.commit(put(&again)).await.expect("put");
    assert_eq!(store.handle(id(1)).expect("an answer"), Some(again));
    assert_eq!(
        store
            .activities_of(&sandbox("RETAIL"), Xuid(1))
            .expect("an answer"),
        []
    );
    for key in activity(1, "one", 1, 7).unique_keys() {
        assert_eq!(store.handle_by_key(&key).expect("an answer"), None);
    }
}

pub(super) async fn activities_are_removed_by_session_and_owner<S: Store>(store: Arc<S>) {
    let all = [
        activity(1, "one", 1, 7),
        activity(2, "one", 2, 7),
        activity(3, "two", 3, 7),
        search(4, "one"),
        invite(5, "one", None),
    ];
    let puts = all.iter().cloned().map(HandleOp::Put).collect();
    store.commit(handles(puts)).await.expect("put");
    let delete = |session, owner| {
        handles(vec![HandleOp::DeleteActivity {
            session,
            owner: Xuid(owner),
        }])
    };
    store
        .commit(delete(key("two"), 1))
        .await
        .expect("nothing to delete");
    store
        .commit(delete(key_in("XDKS.1", "one"), 1))
        .await
        .expect("nothing to delete");
    assert_eq!(there(&*store), [1, 2, 3, 4, 5]);
    store.commit(delete(key("ONE"), 1)).await.expect("deleted");
    assert_eq!(there(&*store), [2, 3, 4, 5]);
}

pub(super) async fn handles_of_a_session_are_removed_by_type<S: Store>(store: Arc<S>) {
    let transfer = json!({"type": "transfer", "origin": super::fixtures::reference("two")});
    let all = [
        activity(1, "one", 1, 7),
        search(2, "one"),
        invite(3, "one", None),
        handle(4, "one", &transfer),
        handle(5, "one", &json!({"type": "correlation"})),
        search(6, "two"),
    ];
    let puts = all.iter().cloned().map(HandleOp::Put).collect();
    store.commit(handles(puts)).await.expect("put");
    let delete = |session, kinds| handles(vec![HandleOp::DeleteOfSession { session, kinds }]);
    store
        .commit(delete(key("one"), &[]))
        .await
        .expect("nothing to delete");
    store
        .commit(delete(key_in("XDKS.1", "one"), HandleType::ALL))
        .await
        .expect("nothing to delete");
    assert_eq!(there(&*store), [1, 2, 3, 4, 5, 6]);
    let kinds = &[HandleType::Search, HandleType::Transfer];
    store
        .commit(delete(key("One"), kinds))
        .await
        .expect("deleted");
    assert_eq!(there(&*store), [1, 3, 5, 6]);
    assert_eq!(
        store
            .handle_by_key(&search_key(&key("one")))
            .expect("an answer"),
        None
    );
    store
        .commit(delete(key("one"), HandleType::ALL))
        .await
        .expect("deleted");
    assert_eq!(there(&*store), [6]);
}

pub(super) async fn handles_that_have_ended_are_removed<S: Store>(store: Arc<S>) {
    let all = [
        invite(1, "one", Some(10)),
        invite(2, "one", Some(20)),
        invite(3, "two", Some(30)),
        invite(4, "one", None),
    ];
    let puts = all.iter().cloned().map(HandleOp::Put).collect();
    store.commit(handles(puts)).await.expect("put");
    let delete = |now| handles(vec![HandleOp::DeleteExpired { now: at(now) }]);
    store.commit(delete(9)).await.expect("nothing to delete");
    // A handle that has ended is there until it is removed.
    assert_eq!(there(&*store), [1, 2, 3, 4]);
    store.commit(delete(20)).await.expect("deleted");
    assert_eq!(there(&*store), [3, 4]);
}

pub(super) async fn handles_can_be_made_to_last<S: Store>(store: Arc<S>) {
    let puts = vec![
        HandleOp::Put(invite(1, "one", Some(10))),
        HandleOp::Put(invite(2, "two", Some(10))),
        HandleOp::Put(search(3, "one")),
        HandleOp::ClearExpiry {
            session: key("one"),
            kind: HandleType::Invite,
        },
        HandleOp::DeleteExpired { now: at(10) },
    ];
    store.commit(handles(puts)).await.expect("taken");
    assert_eq!(there(&*store), [1, 3]);
    let lasting = store.handle(id(1)).expect("an answer").expect("a handle");
    assert_eq!(lasting.expires, None);
    assert_eq!(store.verify().expect("an answer"), Vec::<String>::new());
}

pub(super) async fn operations_are_applied_in_their_order<S: Store>(store: Arc<S>) {
    let step = vec![
        HandleOp::Put(search(1, "one")),
        HandleOp::Put(search(2, "one")),
        HandleOp::Put(invite(3, "one", None)),
        HandleOp::Delete(id(3)),
        HandleOp::Delete(id(4)),
        HandleOp::Put(invite(4, "one", None)),
    ];
    store.commit(handles(step)).await.expect("taken");
    assert_eq!(there(&*store), [2, 4]);
}

pub(super) async fn activities_are_listed_newest_first<S: Store>(store: Arc<S>) {
    let in_title = |number: u128, created: i64, within: &str| {
        let mut handle = Handle::clone(&activity(
            number,
            "one",
            1,
            u32::try_from(number).expect("small"),
        ));
        // Another service configuration each, so that none displaces another.
        handle.session.scid = HandleId::from_u128(number)
            .to_string()
            .parse()
            .expect("a GUID");
        handle.created = at(created);
        handle.sandbox = sandbox(within);
        Arc::new(handle)
    };
    let all = [
        in_title(1, 10, "RETAIL"),
        in_title(2, 30, "retail"),
        in_title(3, 20, "RETAIL"),
        in_title(4, 20, "RETAIL"),
        in_title(5, 40, "XDKS.1"),
        activity(6, "one", 2, 7),
        search(7, "one"),
    ];
    for handle in &all {
        store.commit(put(handle)).await.expect("put");
    }
    let list = |within, owner| {
        let found = store.activities_of(&sandbox(within), Xuid(owner));
        ids(&found.expect("an answer"))
    };
    assert_eq!(list("Retail", 1), [id(2), id(3), id(4), id(1)]);
    assert_eq!(list("xdks.1", 1), [id(5)]);
    assert_eq!(list("RETAIL", 2), [id(6)]);
    assert!(list("RETAIL", 3).is_empty());
}

pub(super) async fn invitations_wait_until_they_are_settled<S: Store>(store: Arc<S>) {
    let made = |number: u128, created: i64, expires: Option<i64>, within: &str| {
        let mut handle = Handle::clone(&invite(number, "one", expires));
        handle.created = at(created);
        handle.sandbox = sandbox(within);
        Arc::new(handle)
    };
    for handle in [
        made(1, 30, None, "RETAIL"),
        made(2, 10, Some(60), "retail"),
        made(3, 20, Some(50), "RETAIL"),
        made(4, 20, None, "RETAIL"),
        made(5, 40, None, "XDKS.1"),
        activity(6, "one", 2, 7),
    ] {
        store.commit(put(&handle)).await.expect("put");
    }
    let waiting = |within, invited, now, limit| {
        let found = store.invitations_for(&sandbox(within), Xuid(invited), at(now), limit);
        ids(&found.expect("an answer"))
    };
    assert_eq!(waiting("Retail", 2, 49, 9), [id(2), id(3), id(4), id(1)]);
    assert_eq!(waiting("Retail", 2, 50, 9), [id(2), id(4), id(1)]);
    assert_eq!(waiting("RETAIL", 2, 60, 9), [id(4), id(1)]);
    // The newest ones.
    assert_eq!(waiting("RETAIL", 2, 0, 2), [id(4), id(1)]);
    assert_eq!(waiting("xdks.1", 2, 0, 9), [id(5)]);
    assert!(waiting("RETAIL", 1, 0, 9).is_empty());
    let activities = store.activities_of(&sandbox("RETAIL"), Xuid(2));
    assert_eq!(ids(&activities.expect("an answer")), [id(6)]);

    let settle = |number| handles(vec![HandleOp::Settle(id(number))]);
    for number in [1, 1, 6, 7] {
        store.commit(settle(number)).await.expect("settled");
    }
    assert_eq!(waiting("RETAIL", 2, 0, 9), [id(2), id(3), id(4)]);
    let told = store
        .handle(id(1))
        .expect("an answer")
        .expect("it is there");
    assert_eq!((told.waits_for(), told.created), (None, at(30)));
    assert_eq!(there(&*store), [1, 2, 3, 4, 5, 6]);
    // Settled and gone in one step, and the other way round.
    let both = vec![HandleOp::Settle(id(2)), HandleOp::Delete(id(2))];
    store.commit(handles(both)).await.expect("deleted");
    let both = vec![HandleOp::Delete(id(3)), HandleOp::Settle(id(3))];
    store.commit(handles(both)).await.expect("deleted");
    assert_eq!(there(&*store), [1, 4, 5, 6]);
    assert_eq!(waiting("RETAIL", 2, 0, 9), [id(4)]);
}
