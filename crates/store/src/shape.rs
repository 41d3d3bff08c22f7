//! What every commit must look like, whatever the store.

use std::collections::HashSet;

use crate::{Commit, StoreError};

/// Checks a commit before anything is written: a session at most once, each under its own key.
pub(crate) fn check(commit: &Commit) -> Result<(), StoreError> {
    for write in &commit.sessions {
        let Some(next) = &write.next else { continue };
        if next.session.reference != write.key.reference {
            let (key, name) = (write.key.folded(), next.session.reference.resource());
            return Err(StoreError::Failed(format!(
                "the session {name} was to be written under the key {key}"
            )));
        }
    }
    // Nearly every commit writes one session.
    if 1 < commit.sessions.len() {
        let mut seen = HashSet::new();
        if let Some(twice) = commit
            .sessions
            .iter()
            .find(|write| !seen.insert(&write.key))
        {
            return Err(StoreError::Failed(format!(
                "one commit writes the session {} twice",
                twice.key.folded()
            )));
        }
    }
    Ok(())
}
