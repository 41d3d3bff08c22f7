//! Block lists, mute lists, and what users have chosen.

use std::sync::Arc;

use convoke_core::privacy::{Audience, Listing, PrivateList, Setting, Settings};
use convoke_wire::Xuid;

use super::fixtures::{at, people};
use crate::{PeopleOp, Store};

fn listing(list: PrivateList, owner: u64, target: u64, added: i64) -> Listing {
    Listing {
        list,
        owner: Xuid(owner),
        target: Xuid(target),
        added_at: at(added),
    }
}

pub(super) async fn private_lists_are_apart_and_in_order<S: Store>(store: Arc<S>) {
    // Each has somebody whom no other has, after the same three.
    let own = |number: u64| Xuid(200 + number);
    for (number, list) in (0..).zip(PrivateList::ALL) {
        let entries = [
            listing(list, 1, 10, 30),
            listing(list, 1, 9, 10),
            listing(list, 1, 100, 10),
            listing(list, 1, own(number).0, 40),
            listing(list, u64::MAX, 1, 5),
        ];
        let puts = entries.into_iter().map(PeopleOp::List).collect();
        store.commit(people(puts)).await.expect("listed");
    }
    for (number, list) in (0..).zip(PrivateList::ALL) {
        let listed = |owner| store.listed(list, Xuid(owner)).expect("an answer");
        let expected = [
            listing(list, 1, 9, 10),
            listing(list, 1, 100, 10),
            listing(list, 1, 10, 30),
            listing(list, 1, own(number).0, 40),
        ];
        assert_eq!(listed(1), expected);
        assert_eq!(listed(u64::MAX), [listing(list, u64::MAX, 1, 5)]);
        assert_eq!(listed(9), []);
        let is = |owner, target| {
            let answer = store.is_listed(list, Xuid(owner), target);
            answer.expect("an answer")
        };
        let asked = [Xuid(9), Xuid(1), Xuid(u64::MAX)];
        let having = |target| {
            let answer = store.listing(list, &asked, target);
            answer.expect("an answer")
        };
        for (other, _) in (0..).zip(PrivateList::ALL) {
            assert_eq!(is(1, own(other)), other == number, "{list:?}");
            assert_eq!(having(own(other)).is_empty(), other != number, "{list:?}");
        }
        assert!(is(1, Xuid(9)) && is(u64::MAX, Xuid(1)) && !is(9, Xuid(1)));
        assert_eq!(having(Xuid(1)), [Xuid(u64::MAX)]);
        assert_eq!(having(Xuid(9)), [Xuid(1)]);
    }
    // Lists and people graph know nothing of each other here.
    assert_eq!(store.following(Xuid(1)).expect("an answer"), []);
}

pub(super) async fn an_entry_is_replaced_and_removed<S: Store>(store: Arc<S>) {
    for list in PrivateList::ALL {
        let others = PrivateList::ALL.into_iter().filter(|other| *other != list);
        replace_and_remove(&*store, list, others).await;
    }
}

async fn replace_and_remove<S: Store>(
    store: &S,
    list: PrivateList,
    others: impl Iterator<Item = PrivateList>,
) {
    let put = |entry| people(vec![PeopleOp::List(entry)]);
    let remove = |list| PeopleOp::Unlist {
        list,
        owner: Xuid(1),
        target: Xuid(2),
    };
    store
        .commit(put(listing(list, 1, 2, 10)))
        .await
        .expect("put");
    store
        .commit(put(listing(list, 1, 3, 20)))
        .await
        .expect("put");
    store
        .commit(put(listing(list, 1, 2, 30)))
        .await
        .expect("put");
    let listed = || store.listed(list, Xuid(1)).expect("an answer");
    let (second, third) = (listing(list, 1, 3, 20), listing(list, 1, 2, 30));
    assert_eq!(listed(), [second, third]);
    let other = people(others.map(remove).collect());
    store.commit(other).await.expect("nothing to remove");
    assert_eq!(listed(), [second, third]);
    // Put and removed in one step, it was never there.
    let both = people(vec![PeopleOp::List(third), remove(list)]);
    store.commit(both).await.expect("removed");
    assert_eq!(listed(), [second]);
}

pub(super) async fn choices_are_replaced_and_forgotten<S: Store>(store: Arc<S>) {
    let choose = |settings: &Settings| {
        people(vec![PeopleOp::Choose {
            owner: Xuid(1),
            settings: settings.clone(),
        }])
    };
    let chosen = |owner| store.settings(Xuid(owner)).expect("an answer");
    assert_eq!(chosen(1), Settings::default());
    let mut settings = Settings::default();
    settings
        .0
        .insert(Setting::SharePresence, Audience::PeopleOnMyList);
    settings.0.insert(Setting::ShareProfile, Audience::Blocked);
    store.commit(choose(&settings)).await.expect("chosen");
    assert_eq!(chosen(1), settings);
    assert_eq!(chosen(2), Settings::default());
    settings.0.remove(&Setting::ShareProfile);
    store.commit(choose(&settings)).await.expect("chosen");
    assert_eq!(chosen(1), settings);
    let none = Settings::default();
    store.commit(choose(&none)).await.expect("forgotten");
    assert_eq!(chosen(1), none);
}
