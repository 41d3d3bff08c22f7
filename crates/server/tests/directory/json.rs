//! Comparing JSON documents so that a failure says where they differ.

use serde_json::Value;

/// `actual` has everything that `expected` has: objects member by member, everything else equal.
#[track_caller]
pub(crate) fn assert_contains(actual: &Value, expected: &Value) {
    if let Some(difference) = difference(actual, expected, "") {
        panic!("{difference}\nin {actual:#}");
    }
}

fn difference(actual: &Value, expected: &Value, path: &str) -> Option<String> {
    match (actual, expected) {
        (Value::Object(actual), Value::Object(expected)) => {
            expected.iter().find_map(|(key, wanted)| {
                let path = format!("{path}/{key}");
                match actual.get(key) {
                    Some(found) => difference(found, wanted, &path),
                    None => Some(format!("{path} is missing, expected {wanted}")),
                }
            })
        }
        _ if actual == expected => None,
        _ => Some(format!("{path} is {actual}, expected {expected}")),
    }
}

/// Absent values are left out, never rendered as null. A custom bag is the title's affair.
#[track_caller]
pub(crate) fn no_nulls(value: &Value) {
    if let Some(path) = first_null(value, "") {
        panic!("null at {path}\nin {value:#}");
    }
}

fn first_null(value: &Value, path: &str) -> Option<String> {
    match value {
        Value::Null => Some(path.to_owned()),
        Value::Object(members) => members.iter().find_map(|(key, inner)| {
            let path = format!("{path}/{key}");
            match key.as_str() {
                "custom" | "customProperties" if !inner.is_null() => None,
                _ => first_null(inner, &path),
            }
        }),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(index, inner)| first_null(inner, &format!("{path}/{index}"))),
        _ => None,
    }
}
