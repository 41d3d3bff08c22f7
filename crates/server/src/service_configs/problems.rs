//! What is wrong with configuration files, for the person who has to mend them.

use std::fmt;
use std::path::{Path, PathBuf};

use convoke_core::refusal::{Refusal, Rule};
use convoke_wire::json::ReadError;

/// One thing that is wrong in one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file or folder.
    pub file: PathBuf,
    /// Where in its document, as `constants.system.visibility`; empty for the whole.
    pub path: String,
    /// The line, from 1, where it is known.
    pub line: Option<usize>,
    /// What is wrong there: a lower-case fragment.
    pub message: String,
    /// The code of the rule of the session directory that is broken, if it is one.
    pub rule: Option<&'static str>,
}

impl Problem {
    /// A file or folder that should not be there or cannot be used.
    pub(super) fn of_file(file: &Path, message: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            path: String::new(),
            line: None,
            message: message.into(),
            rule: None,
        }
    }

    /// A document that a rule refuses.
    pub(super) fn refused(file: &Path, refusal: Refusal) -> Self {
        Self {
            path: refusal.path,
            line: line_in(&refusal.detail),
            rule: Some(refusal.rule.code()),
            ..Self::of_file(file, refusal.detail)
        }
    }

    /// A text that cannot be read as JSON.
    pub(super) fn unreadable(file: &Path, error: ReadError) -> Self {
        Self::refused(file, Rule::MalformedBody.at(error.path, error.problem))
    }
}

/// The line that the message of a syntax error ends with.
fn line_in(message: &str) -> Option<usize> {
    let position = message.strip_prefix("not JSON: ")?.rsplit_once(" at line ");
    let (line, _) = position?.1.split_once(" column ")?;
    line.parse().ok()
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_one_line(f, &self.file.to_string_lossy())?;
        f.write_str(": ")?;
        if !self.path.is_empty() {
            write_one_line(f, &self.path)?;
            f.write_str(": ")?;
        }
        write_one_line(f, &self.message)?;
        match self.rule {
            Some(rule) => write!(f, " [{rule}]"),
            None => Ok(()),
        }
    }
}

/// Names come from files: a line break or a terminal's control code is shown, not obeyed.
fn write_one_line(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    for c in text.chars() {
        if c.is_control() {
            write!(f, "{}", c.escape_default())?;
        } else {
            write!(f, "{c}")?;
        }
    }
    Ok(())
}

/// Everything that is wrong with a set of configuration files; at least one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigProblems(Vec<Problem>);

impl ConfigProblems {
    /// Orders problems by file and line; `None` when there are none.
    pub(super) fn from_list(mut problems: Vec<Problem>) -> Option<Self> {
        problems.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
        (!problems.is_empty()).then_some(Self(problems))
    }

    /// The problems, ordered by file.
    pub fn list(&self) -> &[Problem] {
        &self.0
    }
}

/// One problem per line.
impl fmt::Display for ConfigProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index != 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigProblems {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_one_line_that_names_file_path_and_rule() {
        let refusal = Rule::OutOfRange.at("constants.system.a\nb", "too \u{1b}[31mbig");
        assert_eq!(
            Problem::refused(Path::new("a.json"), refusal).to_string(),
            r"a.json: constants.system.a\nb: too \u{1b}[31mbig [value.range]"
        );
        assert_eq!(
            Problem::of_file(Path::new("x"), "unexpected file").to_string(),
            "x: unexpected file"
        );
    }

    #[test]
    fn the_line_of_a_syntax_error_is_known() {
        let check = |message: &str, expected: Option<usize>| {
            assert_eq!(line_in(message), expected, "{message}");
        };
        check("not JSON: trailing comma at line 12 column 3", Some(12));
        check("unknown field `x at line 4 column 1`", None);
        check("not UTF-8 at byte 7", None);
    }
}
