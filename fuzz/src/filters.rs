//! The filter language of search queries.

use convoke_core::filter::{Filter, FilterError, OrderBy};
use convoke_core::limits::MAX_FILTER_CHARS;

/// A filter or an order is read, and read again as the same from what is printed of it, or refused
/// at a place within it.
pub fn filter(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match Filter::parse(&text) {
        Ok(filter) => {
            let printed = filter.to_string();
            if printed.chars().count() <= MAX_FILTER_CHARS {
                assert_eq!(Filter::parse(&printed), Ok(filter), "{printed}");
            }
        }
        Err(error) => check_place(&error, &text),
    }
    match OrderBy::parse(&text) {
        Ok(order) => assert_eq!(OrderBy::parse(&order.to_string()), Ok(order)),
        Err(error) => check_place(&error, &text),
    }
}

fn check_place(error: &FilterError, text: &str) {
    let end = error.column - 1 + error.length;
    assert!(
        1 <= error.column && end <= text.chars().count(),
        "{error:?}"
    );
}
