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
    let query = Operation {
        path: format!("{place}/sessions"),
        verb: "get",
        tag: "sessions",
        summary: "Finds sessions by user or keyword",
        takes: None,
        gives: &[(200, "SessionResults")],
        refuses: LIST,
    };
    let batch = Operation {
        path: format!("{place}/batch"),
        verb: "post",
        tag: "sessions",
        summary: "Finds the sessions of several users",
        takes: Some("BatchQuery"),
        gives: query.gives,
        refuses: BATCH,
    };
    [query, batch]
}
