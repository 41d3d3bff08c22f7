//! The examples of `docs/filter-language.md`.

use convoke_core::filter::{Filter, OrderBy, Subject};
use convoke_wire::handle::SearchAttributes;

use super::shop::{handle, session};
use crate::support::start;

const PAGE: &str = include_str!("../../../../../docs/filter-language.md");

/// The lines of all blocks of a kind.
fn blocks(kind: &str) -> Vec<&'static str> {
    let opening = format!("```{kind}\n");
    let mut lines = Vec::new();
    for block in PAGE.split(&opening).skip(1) {
        let (body, _) = block.split_once("```").expect("a block that ends");
        lines.extend(body.lines());
    }
    assert!(!lines.is_empty(), "no block of kind {kind}");
    lines
}

fn matching(filter: &str) -> bool {
    let text = blocks("json search handle").join("\n");
    let attributes: SearchAttributes = serde_json::from_str(&text).expect("attributes");
    let (handle, session) = (handle(attributes, 1, start()), session());
    let subject = Subject::new(&handle, &session).expect("a search handle");
    let filter = Filter::parse(filter).unwrap_or_else(|error| panic!("{filter}: {error}"));
    filter.matches(&subject)
}

#[test]
fn examples_that_match() {
    for filter in blocks("filter matches") {
        assert!(matching(filter), "{filter}");
    }
}

#[test]
fn examples_that_do_not_match() {
    for filter in blocks("filter does not match") {
        assert!(!matching(filter), "{filter}");
    }
}

#[test]
fn examples_that_are_refused_say_where_and_what_was_expected() {
    for pair in blocks("filter refused").chunks(2) {
        let [filter, message] = pair else {
            panic!("{pair:?}: a filter, and what is said of it");
        };
        let error = Filter::parse(filter).expect_err(filter);
        assert_eq!(error.to_string(), *message, "{filter}");
    }
}

#[test]
fn examples_of_orders() {
    for order in blocks("order") {
        assert!(OrderBy::parse(order).is_ok(), "{order}");
    }
}
