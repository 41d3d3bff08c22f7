//! Derived data: what a store keeps beside a document, and whether it still says the same.

use std::collections::BTreeSet;

use convoke_core::index;
use convoke_core::session::{Session, next_timer};
use jiff::Timestamp;

/// The texts of a session's index entries.
pub(crate) fn entry_texts(session: &Session) -> BTreeSet<String> {
    index::entries(session)
        .iter()
        .map(index::IndexEntry::to_text)
        .collect()
}

/// What a store keeps beside a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Beside {
    /// When it will change by itself.
    pub(crate) next_timer: Option<Timestamp>,
    /// The texts of its index entries.
    pub(crate) entries: BTreeSet<String>,
}

/// Compares what is kept beside a session with what its document says.
pub(crate) fn findings(key: &str, session: &Session, kept: &Beside) -> Vec<String> {
    let mut findings = Vec::new();
    let due = next_timer(session);
    if kept.next_timer != due {
        findings.push(format!(
            "session {key}: the timer is {}, the document says {}",
            in_words(kept.next_timer),
            in_words(due)
        ));
    }
    let entries = entry_texts(session);
    for missing in entries.difference(&kept.entries) {
        findings.push(format!("session {key}: not found by {missing}"));
    }
    for surplus in kept.entries.difference(&entries) {
        findings.push(format!("session {key}: wrongly found by {surplus}"));
    }
    findings
}

fn in_words(time: Option<Timestamp>) -> String {
    time.map_or_else(|| "unset".to_owned(), |time| time.to_string())
}
