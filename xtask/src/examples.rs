//! Whether every numbered example of the specification is a test that bears its number.
//!
//! A test's name begins with the numbers it covers, each a letter and two or three digits:
//! `h83_h84_only_what_was_subscribed_to_taps`.

use std::collections::BTreeSet;
use std::path::Path;

use crate::Finding;
use crate::source::{self, SourceFile};

/// The examples of one document of the specification, numbered from 1.
#[derive(Debug, Clone, Copy)]
pub struct Series {
    /// What they are about.
    pub about: &'static str,
    /// The letter before the number.
    pub letter: char,
    /// The last number.
    pub last: u32,
    /// Those that no test bears, each with the reason.
    pub open: &'static [(u32, &'static str)],
}

const SERIES: &[Series] = &[
    Series {
        about: "tokens and HTTP",
        letter: 'a',
        last: 23,
        open: &[],
    },
    Series {
        about: "people and privacy",
        letter: 'c',
        last: 25,
        open: &[(23, "needs matchmaking")],
    },
    Series {
        about: "sessions",
        letter: 'e',
        last: 98,
        open: &[],
    },
    Series {
        about: "handles, queries and real time",
        letter: 'h',
        last: 101,
        open: &[],
    },
];

/// Checks the tests of all crates.
pub fn check_workspace(root: &Path) -> anyhow::Result<Vec<Finding>> {
    let files = source::read_files(root, "crates", ".rs")?;
    Ok(check(&files, SERIES))
}

/// Every example that no test bears, and every one named as open that has a test or does not exist.
pub fn check(files: &[SourceFile], all: &[Series]) -> Vec<Finding> {
    let names = files
        .iter()
        .flat_map(|file| source::function_names(&file.text));
    let borne: BTreeSet<(char, u32)> = names.flat_map(numbers).collect();
    let mut findings = Vec::new();
    for series in all {
        let letter = series.letter;
        let mut report = |number: u32, message: &str| {
            let about = series.about;
            let message = format!("example {letter}{number:02} ({about}) {message}");
            findings.push(Finding::file("crates", message));
        };
        for number in 1..=series.last {
            let open = series.open.iter().any(|(open, _)| *open == number);
            match (borne.contains(&(letter, number)), open) {
                (false, false) => report(number, "has no test that bears its number"),
                (true, true) => report(number, "has a test and is still named as open"),
                _ => {}
            }
        }
        for (_, number) in borne.range((letter, series.last + 1)..=(letter, u32::MAX)) {
            report(*number, "does not exist");
        }
    }
    findings
}

/// The numbers that a name begins with.
fn numbers(name: &str) -> impl Iterator<Item = (char, u32)> {
    name.split('_').map_while(|word| {
        let mut chars = word.chars();
        let letter = chars.next().filter(char::is_ascii_lowercase)?;
        let digits = chars.as_str();
        let is_number =
            (2..=3).contains(&digits.len()) && digits.bytes().all(|c| c.is_ascii_digit());
        is_number
            .then(|| digits.parse().ok())?
            .map(|number| (letter, number))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_superfluous_and_unknown_numbers_are_found() {
        let file = SourceFile::new(
            "crates/a.rs",
            "async fn e01_e02_both(w: World) {\nfn e05_new() {\n    fn e04_done() {}\ndfn e03_no\n",
        );
        let series = [Series {
            about: "sessions",
            letter: 'e',
            last: 4,
            open: &[(4, "later")],
        }];
        let found: Vec<_> = check(&[file], &series)
            .into_iter()
            .map(|finding| finding.message)
            .collect();
        let expected = [
            "example e03 (sessions) has no test that bears its number",
            "example e04 (sessions) has a test and is still named as open",
            "example e05 (sessions) does not exist",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn only_numbers_at_the_beginning_count() {
        let of = |name: &'static str| numbers(name).collect::<Vec<_>>();
        assert_eq!(of("h83_h101_and_e02"), [('h', 83), ('h', 101)]);
        for name in ["h8_x", "h_83", "after_h83", "h1234_x", "hé3_x"] {
            assert_eq!(of(name), [], "{name}");
        }
    }
}
