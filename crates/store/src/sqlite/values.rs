//! How identifiers and times stand in columns.
//!
//! Texts where an operator would write them in a query; times as nanoseconds since 1970.

use std::str::FromStr;

use convoke_wire::ids::IdError;
use convoke_wire::{SessionKey, SessionRef, Xuid};
use jiff::Timestamp;
use rusqlite::Row;

use crate::StoreError;

/// A time as a column; times that 64 bits cannot hold become the nearest that they can.
pub(super) fn nanoseconds(time: Timestamp) -> i64 {
    let exact = time.as_nanosecond();
    i64::try_from(exact).unwrap_or(if exact < 0 { i64::MIN } else { i64::MAX })
}

/// A time from a column.
pub(super) fn time(nanoseconds: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_nanosecond(i128::from(nanoseconds))
        .map_err(|error| StoreError::Corrupt(format!("a time cannot be read: {error}")))
}

/// A number of rows as the engine counts them.
pub(super) fn limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// A user from a column.
pub(super) fn xuid(text: &str) -> Result<Xuid, StoreError> {
    text.parse().map_err(|error| damaged(&error))
}

/// A session's key from the columns `sandbox, scid, template, name`, the first of which is given.
pub(super) fn session_key(row: &Row<'_>, first: usize) -> Result<SessionKey, StoreError> {
    Ok(SessionKey {
        sandbox: identifier(row, first)?,
        reference: SessionRef {
            scid: identifier(row, first + 1)?,
            template_name: identifier(row, first + 2)?,
            name: identifier(row, first + 3)?,
        },
    })
}

fn identifier<T: FromStr<Err = IdError>>(row: &Row<'_>, column: usize) -> Result<T, StoreError> {
    text(row, column)?.parse().map_err(|error| damaged(&error))
}

/// A text where it lies in the page.
pub(super) fn text<'a>(row: &'a Row<'_>, column: usize) -> Result<&'a str, StoreError> {
    row.get_ref(column)?
        .as_str()
        .map_err(|error| StoreError::Corrupt(format!("a text cannot be read: {error}")))
}

fn damaged(error: &IdError) -> StoreError {
    StoreError::Corrupt(format!("an identifier cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_survive_to_the_nanosecond_and_beyond_the_range_become_its_end() {
        let check = |text: &str, expected: &str| {
            let exact: Timestamp = text.parse().unwrap();
            let kept = time(nanoseconds(exact)).unwrap();
            assert_eq!(kept, expected.parse().unwrap(), "{text}");
        };
        check(
            "2026-01-01T00:00:00.123456789Z",
            "2026-01-01T00:00:00.123456789Z",
        );
        check(
            "1969-12-31T23:59:59.999999999Z",
            "1969-12-31T23:59:59.999999999Z",
        );
        check("9000-01-01T00:00:00Z", "2262-04-11T23:47:16.854775807Z");
        check("-009000-01-01T00:00:00Z", "1677-09-21T00:12:43.145224192Z");
    }
}
