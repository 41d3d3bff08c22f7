//! The addresses of queries for sessions.

use super::{CONFIG, LIST, TEMPLATES};
use crate::openapi::Operation;

const BATCH: &[u16] = &[400, 401, 403, 404, 408, 413, 415, 429, 503];

pub(super) fn operations() -> Vec<Operation> {
    let template = format!("{TEMPLATES}/{{template}}");
    let places = [CONFIG, &template];
    places.into_iter().flat_map(within).collect()
}

fn within(place: &str) -> [Operation; 2] {
    let found: &[_] = &[(200, "SessionResults")];
    [
        Operation::new(
            &format!("{place}/sessions"),
            "get",
            "sessions",
            "Finds sessions by user or keyword",
            None,
            found,
            LIST,
        ),
        Operation::new(
            &format!("{place}/batch"),
            "post",
            "sessions",
            "Finds the sessions of several users",
            Some("BatchQuery"),
            found,
            BATCH,
        ),
    ]
}
