//! What holds for every filter.

use convoke_core::filter::{
    Case, Filter, FilterError, NumberField, Op, OrderBy, Presence, RoleNumber, Set, Subject, Term,
    TextField, TimeField,
};
use convoke_core::limits::MAX_FILTER_CHARS;
use convoke_wire::handle::SearchAttributes;
use jiff::Timestamp;
use proptest::prelude::*;

use super::shop::{handle, session};
use crate::support::start;

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z][a-z0-9_.-]{0,6}",
        Just("any".to_owned()),
        Just("eq".to_owned())
    ]
}

fn op() -> impl Strategy<Value = Op> {
    prop::sample::select(vec![Op::Eq, Op::Ne, Op::Gt, Op::Ge, Op::Lt, Op::Le])
}

fn text_field() -> impl Strategy<Value = TextField> {
    prop_oneof![
        name().prop_map(TextField::Attribute),
        prop::sample::select(vec![
            TextField::Language,
            TextField::Scid,
            TextField::TemplateName,
            TextField::Name,
            TextField::RegistrationState,
            TextField::Visibility,
            TextField::JoinRestriction,
        ]),
    ]
}

fn number_field() -> impl Strategy<Value = NumberField> {
    let numbers = vec![
        RoleNumber::Count,
        RoleNumber::Target,
        RoleNumber::Max,
        RoleNumber::Needs,
    ];
    let role = (name(), name(), prop::sample::select(numbers));
    prop_oneof![
        name().prop_map(NumberField::Attribute),
        role.prop_map(|(kind, role, number)| NumberField::Role { kind, role, number }),
        prop::sample::select(vec![
            NumberField::TitleId,
            NumberField::MembersCount,
            NumberField::MaxMembersCount,
            NumberField::TargetMembersCount,
            NumberField::Needs,
            NumberField::MaxMembersCountRemaining,
        ]),
    ]
}

fn set() -> impl Strategy<Value = (Set, Case)> {
    let lowered = vec![Set::Tags, Set::Keywords];
    let exact = vec![Set::AchievementIds, Set::MemberXuids, Set::OwnerXuids];
    let case = prop::sample::select(vec![Case::Exact, Case::Lowered]);
    prop_oneof![
        prop::sample::select(lowered).prop_map(|set| (set, Case::Lowered)),
        (prop::sample::select(exact), case),
    ]
}

fn term() -> impl Strategy<Value = Term> {
    let value = || prop_oneof!["[a-zA-Z' ]{0,8}", ".{0,4}"];
    let presence = prop::sample::select(vec![Presence::Has, Presence::Lacks]);
    let time = (-99_999_999_999_i64..99_999_999_999, 0..999_999_999_i32);
    let time = time.prop_map(|(s, ns)| Timestamp::new(s, ns * s.signum() as i32).expect("a time"));
    let times = prop::sample::select(vec![TimeField::ScheduledTime, TimeField::PostedTime]);
    prop_oneof![
        (set(), value(), presence).prop_map(|((set, case), value, presence)| Term::Set {
            set,
            case,
            value,
            presence
        }),
        (text_field(), op(), value()).prop_map(|(field, op, value)| {
            let attribute = matches!(field, TextField::Attribute(_));
            let value = if attribute {
                value
            } else {
                value.to_lowercase()
            };
            Term::Text { field, op, value }
        }),
        (
            number_field(),
            op(),
            prop::num::f64::NORMAL | prop::num::f64::ZERO
        )
            .prop_map(|(field, op, value)| Term::Number { field, op, value }),
        (times, op(), time).prop_map(|(field, op, value)| Term::Time { field, op, value }),
        any::<bool>().prop_map(Term::Closed),
    ]
}

fn filter() -> impl Strategy<Value = Filter> {
    let terms = || prop::collection::vec(term(), 1..6);
    prop::collection::vec(terms(), 1..=2)
        .prop_map(|alternatives| Filter::of(alternatives).expect("a filter"))
}

/// Text that looks like a filter more often than not.
fn scribble() -> impl Strategy<Value = String> {
    let words = [
        "tags",
        "/",
        "any",
        "(",
        ")",
        "d",
        ":",
        "tolower",
        "eq",
        "ne",
        "lt",
        "and",
        "or",
        "'a'",
        "1",
        "-2.5e3",
        "numbers/x",
        "strings/y",
        "session",
        "needs",
        "true",
        "roles",
        "''",
        "'",
        "é",
        ",",
        "session/closed",
        "session/postedTime",
        "asc",
        "desc",
        "suggestedLfg",
    ];
    let word = prop_oneof![
        prop::sample::select(words.to_vec()).prop_map(str::to_owned),
        ".{0,3}"
    ];
    prop::collection::vec(word, 0..30).prop_map(|words| words.join(" "))
}

proptest! {
    #[test]
    fn what_is_printed_is_read_as_the_same(filter in filter()) {
        let printed = filter.to_string();
        if printed.chars().count() <= MAX_FILTER_CHARS {
            prop_assert_eq!(Filter::parse(&printed), Ok(filter), "{}", printed);
        }
    }

    #[test]
    fn parentheses_and_space_make_no_difference(filter in filter()) {
        let alternative = |terms: &Vec<Term>| {
            let terms: Vec<String> = terms.iter().map(|term| format!(" ( {term}\t)")).collect();
            format!("({})", terms.join(" AND"))
        };
        let alternatives: Vec<String> = filter.alternatives().iter().map(alternative).collect();
        let written = format!(" (( {} ) )\n", alternatives.join(" oR "));
        if written.chars().count() <= MAX_FILTER_CHARS {
            prop_assert_eq!(Filter::parse(&written), Ok(filter), "{}", written);
        }
    }

    #[test]
    fn any_text_is_read_or_refused_at_a_place_within_it(text in scribble()) {
        let within = |error: &FilterError| {
            let end = error.column - 1 + error.length;
            1 <= error.column && end <= text.chars().count()
        };
        match Filter::parse(&text) {
            Ok(filter) => prop_assert_eq!(Filter::parse(&filter.to_string()), Ok(filter)),
            Err(error) => prop_assert!(within(&error), "{text}: {error:?}"),
        }
        match OrderBy::parse(&text) {
            Ok(order) => prop_assert_eq!(OrderBy::parse(&order.to_string()), Ok(order)),
            Err(error) => prop_assert!(within(&error), "{text}: {error:?}"),
        }
    }

    #[test]
    fn a_filter_holds_if_one_of_its_alternatives_does(filter in filter()) {
        let (handle, session) = (handle(SearchAttributes::default(), 1, start()), session());
        let subject = Subject::new(&handle, &session).expect("a search handle");
        let holds = |terms: &Vec<Term>| terms.iter().all(|term| term.holds(&subject));
        let expected = filter.alternatives().iter().any(holds);
        prop_assert_eq!(filter.matches(&subject), expected);
    }
}
