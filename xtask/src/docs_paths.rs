//! Documents may only name files that exist.
//!
//! A back-quoted text counts as a repository path when it has a slash and either ends like a file we
//! write or starts with a folder at the root of the repository. URIs of the service start with a slash
//! and are none. From a path with a placeholder, `docs/adr/<number>.md`, the folders before it are checked.

use std::fs;
use std::path::Path;

use anyhow::Context;

use crate::Finding;
use crate::source::{self, SourceFile};

const DOCUMENTS: &[&str] = &["ARCHITECTURE.md", "README.md", "CONTRIBUTING.md"];

const ENDINGS: &[&str] = &[".rs", ".md", ".toml", ".json"];

/// Checks the documents at the root that exist, and everything below `docs`.
pub fn check_workspace(root: &Path) -> anyhow::Result<Vec<Finding>> {
    let mut documents = source::read_files(root, "docs", ".md")?;
    for name in DOCUMENTS {
        let path = root.join(name);
        if path.is_file() {
            let text =
                fs::read_to_string(path).with_context(|| format!("failed to read {name}"))?;
            documents.push(SourceFile::new(name, &text));
        }
    }
    Ok(check(&documents, |path| root.join(path).exists()))
}

/// Every path named in `documents` for which `exists` says no.
pub fn check(documents: &[SourceFile], exists: impl Fn(&str) -> bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    for document in documents {
        for (line, quoted) in inline_code(&document.text) {
            let Some(path) = repository_path(quoted, &exists) else {
                continue;
            };
            if !exists(path) {
                let message = format!("`{path}` does not exist");
                findings.push(Finding::line(&document.path, line, message));
            }
        }
    }
    findings
}

/// Every back-quoted text outside fenced blocks, with its line counted from 1.
fn inline_code(text: &str) -> Vec<(usize, &str)> {
    let mut quoted = Vec::new();
    let mut in_fence = false;
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            in_fence = !in_fence;
        } else if !in_fence {
            let pieces: Vec<&str> = line.split('`').collect();
            // Pieces alternate outside and inside; without a closing quote the last is outside.
            let closed = (pieces.len() - 1) / 2;
            quoted.extend(
                pieces
                    .iter()
                    .skip(1)
                    .step_by(2)
                    .take(closed)
                    .map(|piece| (index + 1, *piece)),
            );
        }
    }
    quoted
}

/// The part of `quoted` that has to exist, if it is a path of this repository at all.
fn repository_path<'a>(quoted: &'a str, exists: &impl Fn(&str) -> bool) -> Option<&'a str> {
    let foreign = quoted.starts_with('/')
        || quoted.contains("://")
        || quoted.contains(char::is_whitespace)
        || quoted.contains("::");
    let (top, _) = quoted.split_once('/')?;
    if foreign || top.is_empty() {
        return None;
    }
    let is_ours = ENDINGS.iter().any(|ending| quoted.ends_with(ending)) || exists(top);
    if !is_ours {
        return None;
    }
    match quoted.find(['<', '{', '*', '…']) {
        None => Some(quoted.trim_end_matches('/')),
        Some(placeholder) => {
            let (folders, _) = quoted[..placeholder].rsplit_once('/')?;
            Some(folders)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILES: &[&str] = &[
        "crates",
        "crates/core",
        "crates/core/src/session.rs",
        "docs",
    ];

    fn findings(text: &str) -> Vec<String> {
        let document = SourceFile::new("ARCHITECTURE.md", text);
        check(&[document], |path| FILES.contains(&path))
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn a_path_that_exists_passes() {
        assert!(findings("See `crates/core/src/session.rs`.").is_empty());
        assert!(findings("See `crates/core/`.").is_empty());
    }

    #[test]
    fn a_path_that_does_not_exist_is_found() {
        assert_eq!(
            findings("Start.\nSee `crates/core/src/gone.rs` and `docs/x.md`."),
            [
                "ARCHITECTURE.md:2: `crates/core/src/gone.rs` does not exist",
                "ARCHITECTURE.md:2: `docs/x.md` does not exist"
            ]
        );
    }

    #[test]
    fn a_folder_below_a_known_folder_must_exist() {
        assert_eq!(findings("`crates/gone/`").len(), 1);
    }

    #[test]
    fn a_shortened_path_is_found() {
        assert_eq!(findings("`core/src/session.rs`").len(), 1);
    }

    #[test]
    fn the_folders_before_a_placeholder_must_exist() {
        assert!(findings("`crates/core/<name>/x.json`").is_empty());
        assert!(findings("`docs/*.md`").is_empty());
        assert_eq!(findings("`docs/adr/<number>.md`").len(), 1);
    }

    #[test]
    fn other_code_is_no_path() {
        for text in [
            "`application/json`",
            "`/handles/{id}/session`",
            "`/handles/a.json`",
            "`https://example.com/a.json`",
            "`cargo run -p xtask -- crates/gone.rs`",
            "`a / b`",
            "no code, but crates/gone.rs",
            "`unclosed crates/gone.rs",
        ] {
            assert!(findings(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn fenced_blocks_are_left_alone() {
        assert!(findings("```\n`crates/gone.rs`\n```\n").is_empty());
        assert_eq!(findings("```\n```\n`crates/gone.rs`\n").len(), 1);
    }
}
