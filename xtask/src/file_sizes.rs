//! How long a file may grow, and how a module's file is named.
//!
//! A long file is where the next change goes without thought; the limit makes it a decision.

use std::path::Path;

use crate::Finding;
use crate::source::{self, SourceFile};

/// Lines a source file may have, without the unit tests at its end.
const LIMIT: usize = 600;

/// Files that may be longer, each with the reason why it does not fall apart into two subjects.
const EXEMPT: &[(&str, &str)] = &[];

/// Checks every Rust file of the workspace.
pub fn check_workspace(root: &Path) -> anyhow::Result<Vec<Finding>> {
    let mut files = source::read_files(root, "crates", ".rs")?;
    files.extend(source::read_files(root, "xtask", ".rs")?);
    Ok(check(&files, EXEMPT))
}

/// Every file that is too long, is called `mod.rs`, or has an exemption it does not need.
pub fn check(files: &[SourceFile], exempt: &[(&str, &str)]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files {
        let name = file.path.rsplit('/').next().unwrap_or(&file.path);
        if name == "mod.rs" {
            let message = "name the file after the module, beside its folder";
            findings.push(Finding::file(&file.path, message));
        }
        let lines = source::without_unit_tests(&file.text).len();
        let is_exempt = exempt.iter().any(|(path, _)| *path == file.path);
        if LIMIT < lines && !is_exempt {
            let message = format!("{lines} lines without tests; the limit is {LIMIT}");
            findings.push(Finding::file(&file.path, message));
        }
        if lines <= LIMIT && is_exempt {
            let message = format!("{lines} lines need no exemption; remove it from the list");
            findings.push(Finding::file(&file.path, message));
        }
    }
    for (path, _) in exempt {
        if !files.iter().any(|file| file.path == *path) {
            findings.push(Finding::file(path, "exempt from the limit, but gone"));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, lines: usize) -> SourceFile {
        SourceFile::new(path, &"fn a() {}\n".repeat(lines))
    }

    fn messages(files: &[SourceFile], exempt: &[(&str, &str)]) -> Vec<String> {
        check(files, exempt)
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn a_file_at_the_limit_passes() {
        assert!(messages(&[file("a.rs", LIMIT)], &[]).is_empty());
    }

    #[test]
    fn a_file_over_the_limit_is_found() {
        assert_eq!(
            messages(&[file("a.rs", LIMIT + 1)], &[]),
            ["a.rs: 601 lines without tests; the limit is 600"]
        );
    }

    #[test]
    fn unit_tests_do_not_count() {
        let mut long = file("a.rs", LIMIT);
        long.text.push_str("#[cfg(test)]\nmod tests {\n");
        long.text.push_str(&"    fn b() {}\n".repeat(LIMIT));
        long.text.push_str("}\n");

        assert!(messages(&[long], &[]).is_empty());
    }

    #[test]
    fn a_mod_rs_is_found() {
        assert_eq!(messages(&[file("crates/a/src/b/mod.rs", 1)], &[]).len(), 1);
        assert!(messages(&[file("crates/a/src/not_mod.rs", 1)], &[]).is_empty());
    }

    #[test]
    fn an_exemption_must_be_needed_and_real() {
        let exempt: &[(&str, &str)] = &[("a.rs", "one table")];

        assert!(messages(&[file("a.rs", LIMIT + 1)], exempt).is_empty());
        assert_eq!(messages(&[file("a.rs", 1)], exempt).len(), 1);
        assert_eq!(messages(&[], exempt).len(), 1);
    }
}
