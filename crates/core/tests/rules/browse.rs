//! Search handles on a shelf: what is found there is what one finds by looking at each.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use convoke_core::Session;
use convoke_core::browse::{Catalogue, Plan, Search, Shelf, World};
use convoke_core::filter::{Filter, OrderBy, OrderKey, Subject, newest_first};
use convoke_core::handle::{Body, Handle};
use convoke_wire::handle::SearchAttributes;
use convoke_wire::{HandleId, TitleId, Xuid};
use jiff::SignedDuration;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;
use uuid::Uuid;

use crate::filters::shop;
use crate::support::{self, a, start};

/// A search handle of a session with this number.
fn handle(session: usize, id: u128, attributes: SearchAttributes, age_s: i64) -> Arc<Handle> {
    let title_id =
        (!id.is_multiple_of(5)).then_some(TitleId(100 + u32::try_from(id % 3).expect("small")));
    let created = start() - SignedDuration::from_secs(age_s);
    let mut handle = shop::handle(attributes, id, created);
    handle.session.name = format!("S{session}").parse().expect("a name");
    handle.creator = Some(Xuid(1000 + u64::try_from(session % 4).expect("small")));
    if let Body::Search {
        title_id: title, ..
    } = &mut handle.body
    {
        *title = title_id;
    }
    Arc::new(handle)
}

/// Sessions that differ in what filters ask of them.
fn sessions() -> Vec<Arc<Session>> {
    let session = |places: u32, closed: bool, keyword: &str| {
        let mut world = support::World::new(&json!({
            "maxMembersCount": places, "capabilities": {"searchable": true},
        }));
        world.ok(
            &a(),
            &json!({
                "members": {"me": {}},
                "properties": {"system": {"closed": closed, "keywords": [keyword]}},
            }),
        );
        Arc::new(world.session.expect("a session"))
    };
    vec![
        session(2, false, "red"),
        session(2, true, "Blue"),
        session(5, false, "blue"),
        session(9, true, "green"),
    ]
}

struct Sessions(Vec<Arc<Session>>);

impl World for Sessions {
    fn session(&self, key: &str) -> Option<Arc<Session>> {
        let number: usize = key.rsplit_once("~s")?.1.parse().ok()?;
        // Some handles lead nowhere.
        self.0.get(number % (self.0.len() + 1)).cloned()
    }

    fn follows(&self, user: Xuid) -> bool {
        user.0.is_multiple_of(2)
    }
}

/// What one search has brought.
struct Round {
    most: usize,
    dropped: usize,
    found: usize,
    /// What sessions leave of that.
    shown: Vec<HandleId>,
}

/// Searches for more each time, until nothing is left out.
fn rounds(catalogue: &Catalogue, plan: &Plan<'_>, world: &Sessions) -> Vec<Round> {
    let mut rounds = Vec::new();
    let mut most = 3;
    loop {
        let mut search = Search::new(plan, most);
        search.look(catalogue, 0..catalogue.chunks(), world);
        let dropped = search.dropped();
        let found: Vec<_> = search.found().collect();
        let shown = found.iter().filter(|found| {
            let session = world.session(&found.session);
            session.is_some_and(|session| Search::holds(plan, found, &session))
        });
        rounds.push(Round {
            most,
            dropped,
            found: found.len(),
            shown: shown.map(|found| found.handle.id).collect(),
        });
        if dropped == 0 {
            return rounds;
        }
        most *= 8;
    }
}

fn one_by_one(
    handles: &BTreeMap<usize, Arc<Handle>>,
    filter: Option<&Filter>,
    order: Option<&OrderBy>,
    world: &Sessions,
) -> Vec<HandleId> {
    let mut found = Vec::new();
    for handle in handles.values() {
        let Some(session) = world.session(&handle.session_key().folded()) else {
            continue;
        };
        let subject = Subject::new(handle, &session).expect("a search handle");
        if filter.is_none_or(|filter| filter.matches(&subject)) {
            let followed = handle.creator.is_some_and(|user| world.follows(user));
            let suggests = |order: &&OrderBy| order.key == OrderKey::SuggestedLfg;
            let followed = followed && order.as_ref().is_some_and(suggests);
            let rank = order.and_then(|order| order.rank(&subject, followed));
            found.push((rank, Arc::clone(handle)));
        }
    }
    found.sort_by(|(one, this), (other, that)| {
        let ranked = order.map_or(Ordering::Equal, |order| {
            order.direction.compare(one.as_ref(), other.as_ref())
        });
        ranked.then_with(|| newest_first(this, that))
    });
    found.into_iter().map(|(_, handle)| handle.id).collect()
}

/// Attributes with the values that filters ask for; none for one handle of four.
fn usual(session: usize) -> SearchAttributes {
    if session.is_multiple_of(4) {
        return SearchAttributes::default();
    }
    let pick = |words: &[&str]| words[session * 31 % words.len()].to_owned();
    let number = [-1.5, 0.0, 1.0, 2.0][session * 13 / 7 % 4];
    let number = serde_json::Number::from_f64(number).expect("finite");
    SearchAttributes {
        tags: Some(vec![pick(&["red", "blue", "GREEN"])]),
        achievement_ids: Some(vec![pick(&["red", "Red"])]),
        strings: Some([(pick(&["x", "Y"]), pick(&["red", "Red", "blue"]))].into()),
        numbers: Some([(pick(&["X", "y", "x"]), number)].into()),
        locale: Some(pick(&["en-US", "de"])),
        language: None,
    }
}

fn attributes() -> impl Strategy<Value = SearchAttributes> {
    let word = || select(vec!["red", "Red", "blue", "GREEN"]).prop_map(str::to_owned);
    let name = || select(vec!["x", "X", "y", "z"]).prop_map(str::to_owned);
    let number = select(vec![-1.5, 0.0, 1.0, 2.0]);
    let number = number.prop_map(|it| serde_json::Number::from_f64(it).expect("finite"));
    (
        prop::option::of(prop::collection::vec(word(), 0..3)),
        prop::option::of(prop::collection::vec((name(), word()), 0..3)),
        prop::option::of(prop::collection::vec((name(), number), 0..3)),
        prop::option::of(prop::collection::vec(word(), 0..2)),
        prop::option::of(select(vec!["en-US", "de"]).prop_map(str::to_owned)),
    )
        .prop_map(
            |(tags, strings, numbers, achievement_ids, locale)| SearchAttributes {
                tags,
                strings: strings.map(|it| it.into_iter().collect()),
                numbers: numbers.map(|it| it.into_iter().collect()),
                achievement_ids,
                locale,
                language: None,
            },
        )
}

fn condition() -> impl Strategy<Value = String> {
    let word = || select(vec!["red", "Red", "blue", "green"]);
    let op = || select(vec!["eq", "ne", "gt", "ge", "lt", "le"]);
    let number = || select(vec!["-1.5", "0", "1", "2"]);
    let equality = || select(vec!["eq", "ne"]);
    let sets = select(vec!["tags", "achievementIds", "session/keywords"]);
    let element = select(vec!["d", "tolower(d)"]);
    prop_oneof![
        (sets, element, equality(), word())
            .prop_map(|(set, d, op, word)| format!("{set}/any(d:{d} {op} '{word}')")),
        (select(vec!["x", "y"]), op(), word())
            .prop_map(|(name, op, word)| format!("tolower(strings/{name}) {op} '{word}'")),
        (select(vec!["x", "y"]), op(), number())
            .prop_map(|(name, op, number)| format!("numbers/{name} {op} {number}")),
        (equality(), select(vec!["100", "101"]))
            .prop_map(|(op, title)| format!("session/titleId {op} {title}")),
        (op(), select(vec!["1", "4"]))
            .prop_map(|(op, needs)| format!("session/needs {op} {needs}")),
        op().prop_map(|op| format!("session/postedTime {op} '2026-01-02T03:04:00Z'")),
        op().prop_map(|op| format!("session/name {op} 's2'")),
        equality().prop_map(|op| format!("language {op} 'en'")),
        equality().prop_map(|op| format!("session/closed {op} true")),
    ]
}

fn filter() -> impl Strategy<Value = Option<String>> {
    let list = || prop::collection::vec(condition(), 1..4).prop_map(|terms| terms.join(" and "));
    let lists = prop::collection::vec(list(), 1..=2).prop_map(|lists| lists.join(" or "));
    prop::option::weighted(0.9, lists)
}

fn order() -> impl Strategy<Value = Option<String>> {
    let key = select(vec![
        "numbers/x",
        "strings/y",
        "language",
        "session/titleId",
        "session/postedTime",
        "session/needs",
        "session/name",
        "session/closed",
        "suggestedLfg",
        "session/scheduledTime",
    ]);
    let order = (key, select(vec!["asc", "desc"])).prop_map(|(key, way)| format!("{key} {way}"));
    prop::option::weighted(0.8, order)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 40,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn what_a_search_finds_is_what_one_finds_by_looking_at_each(
        // `None` takes the handle away.
        steps in prop::collection::vec(
            (0..600_usize, prop::option::weighted(0.8, attributes()), 0..9_i64),
            0..900,
        ),
        wanted in prop::collection::vec((filter(), order()), 4),
    ) {
        let world = Sessions(sessions());
        let (mut shelf, mut kept) = (Shelf::default(), BTreeMap::new());
        // With these there are three chunks, and most conditions hold of some in each.
        for session in 600..2_400_usize {
            let (attributes, age) = (usual(session), i64::try_from(session * 7 % 19).expect("small"));
            let usual = handle(session, session as u128, attributes, age);
            shelf.put(&usual);
            kept.insert(session, usual);
        }
        for (id, (session, attributes, age)) in (2_400..).zip(steps) {
            if let Some(attributes) = attributes {
                let handle = handle(session, id, attributes, age);
                shelf.put(&handle);
                kept.insert(session, handle);
            } else if let Some(handle) = kept.remove(&session) {
                shelf.remove(&handle.session_key().folded());
            }
        }
        prop_assert_eq!(shelf.len(), kept.len());
        let catalogue = shelf.catalogue();
        prop_assert_eq!(catalogue.handles().count(), kept.len());
        for (filter, order) in wanted {
            let filter = filter.map(|text| Filter::parse(&text).expect("a filter"));
            let order = order.map(|text| OrderBy::parse(&text).expect("an order"));
            let plan = Plan::new(filter.as_ref(), order.as_ref());
            let expected = one_by_one(&kept, filter.as_ref(), order.as_ref(), &world);
            let rounds = rounds(&catalogue, &plan, &world);
            for Round { most, dropped, found, shown } in &rounds {
                prop_assert!(
                    expected.starts_with(shown),
                    "of {}: {:?} {:?}\n{:?}\n{:?}", most, filter, order, shown, expected
                );
                prop_assert!(*dropped == 0 || found == most, "{} of {}", found, most);
            }
            let all = rounds.last().map(|round| &round.shown);
            prop_assert_eq!(all, Some(&expected), "{:?} {:?}", filter, order);
        }
    }
}

#[test]
fn a_catalogue_keeps_what_the_shelf_had_when_it_was_taken() {
    let mut shelf = Shelf::default();
    for number in 0..2_200 {
        shelf.put(&handle(
            number,
            number as u128,
            SearchAttributes::default(),
            0,
        ));
    }
    let before = shelf.catalogue();
    for number in 0..2_200 {
        shelf.remove(
            &handle(number, 0, SearchAttributes::default(), 0)
                .session_key()
                .folded(),
        );
    }
    assert!(shelf.is_empty());
    assert_eq!((before.handles().count(), before.chunks()), (2_200, 3));
    assert_eq!(shelf.catalogue().chunks(), 0);
    shelf.put(&handle(7, 7, SearchAttributes::default(), 0));
    assert_eq!((shelf.len(), shelf.catalogue().chunks()), (1, 1));
}

#[test]
fn a_replaced_handle_is_not_found_any_more() {
    let mut shelf = Shelf::default();
    let tagged = |tag: &str| SearchAttributes {
        tags: Some(vec![tag.to_owned()]),
        ..SearchAttributes::default()
    };
    shelf.put(&handle(1, 1, tagged("old"), 0));
    shelf.put(&handle(1, 2, tagged("new"), 0));
    let world = Sessions(sessions());
    let find = |text: &str| {
        let filter = Filter::parse(text).expect("a filter");
        let plan = Plan::new(Some(&filter), None);
        let last = rounds(&shelf.catalogue(), &plan, &world).pop();
        last.expect("a round").shown
    };
    assert!(find("tags/any(d:d eq 'old')").is_empty());
    assert_eq!(find("tags/any(d:d eq 'new')"), [Uuid::from_u128(2)]);
    assert_eq!(shelf.len(), 1);
}
