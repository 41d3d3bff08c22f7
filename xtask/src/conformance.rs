//! Whether the pages of conformance name tests that exist, and have one for every row that is done.
//!
//! A page has tables of three columns: what the specification asks for, how it is here, and the test
//! that proves it. A test is named in back quotes like its path in the program,
//! `session_create::e13_creating_answers_the_whole_document`, with as many modules as tell it apart.

use std::path::Path;

use crate::Finding;
use crate::source::{self, SourceFile};

const PAGES: &str = "docs/conformance";

/// How a row's second column may begin.
const STATES: &[&str] = &["done", "differs", "not yet"];

/// Checks the pages against the tests of all crates.
pub fn check_workspace(root: &Path) -> anyhow::Result<Vec<Finding>> {
    let pages = source::read_files(root, PAGES, ".md")?;
    let sources = source::read_files(root, "crates", ".rs")?;
    Ok(check(&pages, &sources))
}

/// Every row whose state is unknown, that is done without a test, or whose test is not to be found.
pub fn check(pages: &[SourceFile], sources: &[SourceFile]) -> Vec<Finding> {
    if pages.is_empty() {
        return vec![Finding::file(PAGES, "has no pages")];
    }
    let mut findings = Vec::new();
    for page in pages {
        for (index, line) in page.text.lines().enumerate() {
            let mut report = |message: String| {
                findings.push(Finding::line(&page.path, index + 1, message));
            };
            let Some(cells) = cells(line) else {
                continue;
            };
            let [_, state, tests] = cells.as_slice() else {
                report(format!("a row has 3 columns, not {}", cells.len()));
                continue;
            };
            if !STATES.iter().any(|known| state.starts_with(known)) {
                report(format!("`{state}` is none of {}", STATES.join(", ")));
            }
            let named: Vec<&str> = tests.split('`').skip(1).step_by(2).collect();
            if named.is_empty() && state.starts_with("done") {
                report("is done, and no test proves it".to_owned());
            }
            for test in named {
                match files_with(test, sources) {
                    1 => {}
                    0 => report(format!("there is no test `{test}`")),
                    several => report(format!("`{test}` may be one of {several} tests")),
                }
            }
        }
    }
    findings
}

/// The cells of a row; neither the head of a table nor the line below it is one.
fn cells(line: &str) -> Option<Vec<&str>> {
    let inside = line.trim().strip_prefix('|')?.strip_suffix('|')?;
    let mut cells = Vec::new();
    let mut start = 0;
    for (at, _) in inside.match_indices('|') {
        if !inside[..at].ends_with('\\') {
            cells.push(inside[start..at].trim());
            start = at + 1;
        }
    }
    cells.push(inside[start..].trim());
    let is_head = cells.get(1).is_some_and(|cell| *cell == "State");
    let is_rule = cells.iter().all(|cell| cell.trim_matches('-').is_empty());
    (!is_head && !is_rule).then_some(cells)
}

/// In how many files a test may be, by its path.
fn files_with(test: &str, sources: &[SourceFile]) -> usize {
    let mut modules: Vec<&str> = test.split("::").collect();
    let name = modules.pop().unwrap_or_default();
    let is_there = |file: &&SourceFile| {
        let path: Vec<&str> = file.path.trim_end_matches(".rs").split('/').collect();
        path.ends_with(&modules) && source::test_names(&file.text).any(|known| known == name)
    };
    sources.iter().filter(is_there).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(rows: &str) -> Vec<String> {
        let page = SourceFile::new("docs/conformance/x.md", rows);
        let sources = [
            SourceFile::new(
                "crates/a/tests/one/taps.rs",
                "#[test]\nfn told() {}\nfn help() {}\n",
            ),
            SourceFile::new(
                "crates/a/tests/two/taps.rs",
                "    async fn told(w: World) {\n",
            ),
        ];
        let findings = check(&[page], &sources);
        findings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn rows_with_a_state_and_tests_that_exist_pass() {
        let rows = "| What | State | Test |\n|---|---|---|\n\
            | `a` \\| b | done | `one::taps::told`, `two::taps::told` |\n\
            | c | differs: [why](x.md) | |\n| d | not yet: no | |\n";
        assert_eq!(found(rows), [""; 0]);
    }

    #[test]
    fn what_is_wrong_with_a_row_is_named() {
        let rows = "| a | done | |\n| b | perhaps | |\n| c | done | `taps::told` |\n\
            | d | done | `one::taps::help` |\n| e | done |\n";
        let expected = [
            "docs/conformance/x.md:1: is done, and no test proves it",
            "docs/conformance/x.md:2: `perhaps` is none of done, differs, not yet",
            "docs/conformance/x.md:3: `taps::told` may be one of 2 tests",
            "docs/conformance/x.md:4: there is no test `one::taps::help`",
            "docs/conformance/x.md:5: a row has 3 columns, not 2",
        ];
        assert_eq!(found(rows), expected);
    }

    #[test]
    fn without_pages_nothing_is_proven() {
        assert_eq!(check(&[], &[]).len(), 1);
    }
}
