//! Words that do not belong in the code: unfinished work and tests that do not run.

use std::path::Path;

use crate::Finding;
use crate::source::{self, SourceFile};

/// What may not stand in a source or test file, and what to do instead.
const BANNED: &[(&str, &str)] = &[
    ("todo!(", "finish it or leave it out"),
    ("unimplemented!(", "finish it or leave it out"),
    ("dbg!(", "use a test, or a log line at the boundary"),
    ("#[ignore", "a test runs or does not exist"),
    ("#[should_panic", "return an error and check it"),
];

/// Words that need an issue number after them, as in `TODO(#12)`.
const NEED_AN_ISSUE: &[&str] = &["TODO", "FIXME"];

/// Checks sources and tests of every crate.
pub fn check_workspace(root: &Path) -> anyhow::Result<Vec<Finding>> {
    // This crate is left out: it has to name the words it looks for.
    Ok(check(&source::read_files(root, "crates", ".rs")?))
}

/// Every banned word in `files`, comments included.
pub fn check(files: &[SourceFile]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files {
        for (index, line) in file.text.lines().enumerate() {
            for (word, advice) in BANNED {
                if mentions(line, word) {
                    let message = format!("`{word}` does not belong here: {advice}");
                    findings.push(Finding::line(&file.path, index + 1, message));
                }
            }
            for word in NEED_AN_ISSUE {
                if lacks_an_issue(line, word) {
                    let message = format!("`{word}` needs an issue number: `{word}(#12)`");
                    findings.push(Finding::line(&file.path, index + 1, message));
                }
            }
        }
    }
    findings
}

/// Whether `word` stands in `line` as a word of its own, not as the end of a longer name.
fn mentions(line: &str, word: &str) -> bool {
    line.match_indices(word)
        .any(|(start, _)| !line[..start].ends_with(is_name_character))
}

fn lacks_an_issue(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(start, _)| {
        let after = &line[start + word.len()..];
        let stands_alone =
            !line[..start].ends_with(is_name_character) && !after.starts_with(is_name_character);
        stands_alone && !starts_with_an_issue(after)
    })
}

/// Whether `text` starts with `(#` digits `)`.
fn starts_with_an_issue(text: &str) -> bool {
    text.strip_prefix("(#")
        .and_then(|rest| rest.split_once(')'))
        .is_some_and(|(number, _)| {
            !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
        })
}

fn is_name_character(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<usize> {
        check(&[SourceFile::new("crates/a/src/b.rs", text)])
            .iter()
            .filter_map(|finding| finding.line)
            .collect()
    }

    #[test]
    fn unfinished_work_is_found() {
        assert_eq!(lines("fn a() {\n    todo!()\n}"), [2]);
        assert_eq!(lines("    unimplemented!(\"later\")"), [1]);
        assert_eq!(lines("let a = dbg!(b);"), [1]);
    }

    #[test]
    fn tests_that_do_not_run_are_found() {
        assert_eq!(lines("#[ignore]"), [1]);
        assert_eq!(lines("#[ignore = \"slow\"]"), [1]);
        assert_eq!(lines("#[should_panic]"), [1]);
        assert_eq!(lines("#[should_panic(expected = \"x\")]"), [1]);
    }

    #[test]
    fn a_promise_needs_an_issue_number() {
        assert_eq!(lines("// TODO: later"), [1]);
        assert_eq!(lines("// TODO(anna): later"), [1]);
        assert_eq!(lines("// TODO(#): later"), [1]);
        assert_eq!(lines("// FIXME"), [1]);
        assert_eq!(lines("// TODO(#12): later"), Vec::<usize>::new());
        assert_eq!(lines("// TODO(#12) and TODO"), [1]);
    }

    #[test]
    fn longer_names_pass() {
        for text in ["my_dbg!(a)", "let TODOS = 1;", "#[serde(skip)]", "ignore"] {
            assert_eq!(lines(text), Vec::<usize>::new(), "{text}");
        }
    }

    #[test]
    fn the_message_says_what_to_do() {
        let findings = check(&[SourceFile::new("crates/a/src/b.rs", "todo!()")]);

        assert_eq!(
            findings[0].to_string(),
            "crates/a/src/b.rs:1: `todo!(` does not belong here: finish it or leave it out"
        );
    }
}
