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
    use PrivateList::{Blocked, Muted};
    let entries = [
        listing(Blocked, 1, 10, 30),
        listing(Blocked, 1, 9, 10),
        listing(Blocked, 1, 100, 10),
        listing(Muted, 1, 9, 5),
        listing(Blocked, u64::MAX, 1, 5),
    ];
    let puts = entries.iter().copied().map(PeopleOp::List).collect();
    store.commit(people(puts)).await.expect("listed");
    let listed = |list, owner| store.listed(list, Xuid(owner)).expect("an answer");
    assert_eq!(listed(Blocked, 1), [entries[1], entries[2], entries[0]]);
    assert_eq!(listed(Muted, 1), [entries[3]]);
    assert_eq!(listed(Blocked, u64::MAX), [entries[4]]);
    assert_eq!(listed(Muted, 9), []);
    let is = |list, owner, target| {
        let answer = store.is_listed(list, Xuid(owner), Xuid(target));
        answer.expect("an answer")
    };
    assert!(is(Blocked, 1, 9) && is(Muted, 1, 9) && is(Blocked, u64::MAX, 1));
    assert!(!is(Muted, 1, 10) && !is(Blocked, 9, 1));
    let asked = [Xuid(9), Xuid(1), Xuid(u64::MAX)];
    let listing = |list, target| {
        let answer = store.listing(list, &asked, Xuid(target));
        answer.expect("an answer")
    };
    assert_eq!(listing(Blocked, 1), [Xuid(u64::MAX)]);
    assert_eq!(listing(Blocked, 9), [Xuid(1)]);
    assert_eq!(listing(Muted, 100), []);
    // Lists and people graph know nothing of each other here.
    assert_eq!(store.following(Xuid(1)).expect("an answer"), []);
}

pub(super) async fn an_entry_is_replaced_and_removed<S: Store>(store: Arc<S>) {
    let list = PrivateList::Muted;
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
    let other = people(vec![remove(PrivateList::Blocked)]);
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
