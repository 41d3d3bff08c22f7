//! The filter language: the examples of its reference page, its limits, and its laws.

mod laws;
mod page;
pub(crate) mod shop;

use convoke_core::filter::{Filter, OrderBy};
use convoke_core::limits::{MAX_FILTER_CHARS, MAX_FILTER_DEPTH, MAX_FILTER_TERMS};

fn refusal(filter: &str) -> String {
    let error = Filter::parse(filter).expect_err(filter);
    error.to_string()
}

#[test]
fn a_filter_is_bounded_in_length_conditions_and_depth() {
    let term = "numbers/a eq 1";
    let joined = |count: usize| vec![term; count].join(" and ");
    assert!(Filter::parse(&joined(MAX_FILTER_TERMS)).is_ok());
    assert_eq!(
        refusal(&joined(MAX_FILTER_TERMS + 1)),
        "column 609: expected at most 32 conditions, found `numbers`"
    );
    let nested = |depth: usize| {
        let (open, close) = ("(".repeat(depth), ")".repeat(depth));
        format!("{open}{term}{close} and {term}")
    };
    assert!(Filter::parse(&nested(MAX_FILTER_DEPTH)).is_ok());
    assert_eq!(
        refusal(&nested(MAX_FILTER_DEPTH + 1)),
        "column 33: expected at most 32 parentheses within each other, found `(`"
    );
    let padded = |length: usize| format!("{term}{}", " ".repeat(length - term.len()));
    assert!(Filter::parse(&padded(MAX_FILTER_CHARS)).is_ok());
    let expected = "column 2049: expected at most 2048 characters, found 2049";
    assert_eq!(refusal(&padded(MAX_FILTER_CHARS + 1)), expected);
    let order = OrderBy::parse(&padded(MAX_FILTER_CHARS + 1)).expect_err("too long");
    assert_eq!(order.to_string(), expected);
    assert!(Filter::parse(&format!("{}{}", "(".repeat(1000), ")".repeat(1000))).is_err());
    assert!(Filter::parse(&"(".repeat(MAX_FILTER_CHARS)).is_err());
}

#[test]
fn columns_count_characters_and_long_words_are_cut() {
    assert_eq!(
        refusal("strings/a eq 'äöü' und"),
        "column 20: expected `and`, `or` or the end, found `und`"
    );
    assert_eq!(
        refusal(&format!("numbers/a eq '{}'", "ß".repeat(90))),
        format!(
            "column 14: expected a number, found the text '{}…'",
            "ß".repeat(40)
        )
    );
}

#[test]
fn numbers_are_finite_and_well_formed() {
    for number in [
        "0",
        "-0",
        "-3",
        "10.145",
        "1e3",
        "1.5E-3",
        "2e+3",
        "9007199254740993",
    ] {
        let filter = Filter::parse(&format!("numbers/a eq {number}"));
        assert!(filter.is_ok(), "{number}: {filter:?}");
    }
    for number in [
        "1.", ".5", "+1", "--1", "1e", "1e+", "0x1", "1e999", "NaN", "inf", "1_000",
    ] {
        let filter = Filter::parse(&format!("numbers/a eq {number}"));
        assert!(filter.is_err(), "{number}");
    }
}

#[test]
fn an_order_is_one_path_and_a_direction() {
    let printed = |text: &str| OrderBy::parse(text).map(|order| order.to_string());
    assert_eq!(printed("Numbers / A").as_deref(), Ok("numbers/a asc"));
    assert_eq!(printed("locale DESC").as_deref(), Ok("language desc"));
    let refused = |text: &str| OrderBy::parse(text).expect_err(text).to_string();
    assert_eq!(
        refused("numbers/a asc, numbers/b asc"),
        "column 14: expected the end: handles are ordered by one key, found `,`"
    );
    assert_eq!(
        refused("numbers/a up"),
        "column 11: expected `asc`, `desc` or the end: handles are ordered by one key, found `up`"
    );
    assert_eq!(
        refused("tags desc"),
        "column 1: expected something to order by, and not a collection, found `tags`"
    );
    assert_eq!(
        refused(""),
        "column 1: expected a path, or `suggestedLfg`, found the end"
    );
    assert_eq!(
        refused("numbers/"),
        "column 9: expected a name, found the end"
    );
}
