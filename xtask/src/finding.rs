//! One thing that is wrong, and where.

use std::fmt;

/// Something a check objects to; printed as `path:line: message`, which editors turn into a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Relative to the root of the workspace, with forward slashes.
    pub path: String,
    /// Counted from 1; absent when the whole file is meant.
    pub line: Option<usize>,
    pub message: String,
}

impl Finding {
    /// A finding about a whole file.
    pub fn file(path: &str, message: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line: None,
            message: message.into(),
        }
    }

    /// A finding about one line, counted from 1.
    pub fn line(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line: Some(line),
            message: message.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.path, self.message),
            None => write!(f, "{}: {}", self.path, self.message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_prints_as_an_editor_link() {
        let whole = Finding::file("a/b.rs", "too long");
        let line = Finding::line("a/b.rs", 7, "no");

        assert_eq!(whole.to_string(), "a/b.rs: too long");
        assert_eq!(line.to_string(), "a/b.rs:7: no");
    }
}
