//! Documents that are made from the code: checked in, and compared with what the code makes.

// The schemas are one large document.
#![recursion_limit = "256"]

mod addresses;
mod configuration;
mod errors;
mod initialization;
mod openapi;
mod operations;
mod schemas;

use std::fs;
use std::path::Path;

/// Compares a checked-in document with what it should be, or writes it when asked to.
#[track_caller]
fn check_document(name: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(name);
    if std::env::var_os("CONVOKE_BLESS").is_some_and(|value| value == "1") {
        fs::write(&path, expected).expect("the document can be written");
        return;
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    let differs = found
        .lines()
        .zip(expected.lines())
        .position(|(found, expected)| found != expected);
    let line = differs.unwrap_or(found.lines().count().min(expected.lines().count())) + 1;
    assert!(
        found == expected,
        "{name} is stale, first in line {line}; write it anew with\n  \
         CONVOKE_BLESS=1 cargo test -p convoke-server --test reference"
    );
}
