//! Checks of the repository itself: which crate may use which, how long a file may grow,
//! whether the documents name files that exist, which words do not belong in the code, which
//! numbered examples of the specification are tests, and whether the tests that prove conformance exist.
//!
//! Every check is a function from text to a list of findings, so that its tests need no repository.
//! `cargo test` runs all of them on the real workspace (`tests/tidy.rs`); `just tidy` prints the same.
//! It is not a build system: nothing here generates or changes a file.

use std::path::{Path, PathBuf};

pub mod arrows;
pub mod conformance;
pub mod docs_paths;
pub mod examples;
pub mod file_sizes;
pub mod finding;
pub mod mentions;
pub mod source;
pub mod words;

pub use finding::Finding;

/// The root of the workspace this crate was built in.
pub fn workspace_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask lies one folder below the root")
        .to_path_buf()
}

/// Runs every check on the workspace at `root`; an empty list means that it is tidy.
pub fn tidy(root: &Path) -> anyhow::Result<Vec<Finding>> {
    let mut findings = arrows::check_workspace(root)?;
    findings.extend(file_sizes::check_workspace(root)?);
    findings.extend(docs_paths::check_workspace(root)?);
    findings.extend(examples::check_workspace(root)?);
    findings.extend(conformance::check_workspace(root)?);
    findings.extend(words::check_workspace(root)?);
    Ok(findings)
}
