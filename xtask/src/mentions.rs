//! Parts of the standard library that a crate's source may not mention.
//!
//! The lint list in `clippy.toml` forbids the calls everywhere; this also keeps the types out of the
//! crates that are pure.

use crate::Finding;
use crate::source::{self, SourceFile};

/// Every place outside comments and unit tests where one of `files` mentions one of `banned`.
///
/// Grouped imports are seen through: `use std::{fs, time::{Duration, Instant}}` mentions `std::fs`.
/// A glob mentions everything below it.
pub fn check(banned: &[&str], files: &[SourceFile]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files {
        let code: Vec<&str> = source::without_unit_tests(&file.text)
            .into_iter()
            .map(source::without_comment)
            .collect();
        for (line, path) in standard_paths(&code) {
            if let Some(banned) = banned.iter().find(|banned| covers(&path, banned)) {
                let message = format!("this crate may not mention `{banned}`");
                findings.push(Finding::line(&file.path, line, message));
            }
        }
    }
    findings
}

/// Whether `path` is `banned`, lies below it, or is a glob above it.
fn covers(path: &str, banned: &str) -> bool {
    let below = |inner: &str, outer: &str| {
        inner
            .strip_prefix(outer)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    };
    match path.strip_suffix("::*") {
        Some(above) => below(banned, above) || below(above, banned),
        None => below(path, banned),
    }
}

/// All paths that start with `std::`, with the line (from 1) each starts on and groups expanded.
fn standard_paths(lines: &[&str]) -> Vec<(usize, String)> {
    let mut paths = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        for (start, _) in line.match_indices("std::") {
            let before = &line[..start];
            let before = before.strip_suffix("::").unwrap_or(before);
            if before.ends_with(is_path_character) {
                continue;
            }
            let mut statement = line[start..].to_owned();
            for next in &lines[index + 1..] {
                if is_complete(&statement) {
                    break;
                }
                statement.push_str(next);
            }
            statement.retain(|c| !c.is_whitespace());
            expand("", &statement, &mut |path| paths.push((index + 1, path)));
        }
    }
    paths
}

/// Whether every import group that `statement` opens is closed in it.
fn is_complete(statement: &str) -> bool {
    let first = statement.split(';').next().unwrap_or_default();
    !first.contains("::{") || first.matches('{').count() <= first.matches('}').count()
}

/// Emits the path at the start of `text`; a `{a, b}` group emits one path for each of its items.
fn expand(prefix: &str, text: &str, emit: &mut impl FnMut(String)) {
    let end = text
        .find(|c: char| !is_path_character(c) && c != '*')
        .unwrap_or(text.len());
    let path = format!("{prefix}{}", &text[..end]);
    let group = text[end..].strip_prefix('{');
    let Some(group) = group.filter(|_| path.ends_with("::")) else {
        emit(path.trim_end_matches("::self").to_owned());
        return;
    };
    let mut depth = 0_usize;
    let mut item = 0;
    for (index, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                expand(&path, &group[item..index], emit);
                return;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                expand(&path, &group[item..index], emit);
                item = index + 1;
            }
            _ => {}
        }
    }
}

fn is_path_character(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == ':'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<usize> {
        let banned = ["std::fs", "std::net", "std::time::Instant"];
        check(&banned, &[SourceFile::new("crates/core/src/a.rs", text)])
            .iter()
            .filter_map(|finding| finding.line)
            .collect()
    }

    #[test]
    fn a_banned_path_is_found() {
        for (text, expected) in [
            ("use std::fs;", vec![1]),
            ("\nlet a = std::fs::read(b);", vec![2]),
            ("let a = ::std::time::Instant::now();", vec![1]),
            ("use std::net::{IpAddr, TcpStream};", vec![1, 1]),
        ] {
            assert_eq!(lines(text), expected, "{text}");
        }
    }

    #[test]
    fn grouped_imports_are_seen_through() {
        for text in [
            "use std::{fmt, fs};",
            "use std::{\n    fmt,\n    net::{self},\n};",
            "use std::{collections::BTreeMap, time::{Duration, Instant}};",
        ] {
            assert_eq!(lines(text), [1], "{text}");
        }
    }

    #[test]
    fn a_glob_mentions_everything_below_it() {
        assert_eq!(lines("use std::time::*;"), [1]);
        assert_eq!(lines("use std::{fmt, net::*};"), [1]);
        assert_eq!(lines("use std::fmt::*;"), Vec::<usize>::new());
    }

    #[test]
    fn harmless_paths_comments_and_tests_pass() {
        for text in [
            "use std::time::Duration;",
            "use std::{fmt, time::Duration};",
            "// never std::fs here",
            "//! no `std::net`",
            "use notstd::fs;",
            "use my::std::fs;",
            "std::fsync();",
            "fn a() {}\n\n#[cfg(test)]\nmod tests {\n    use std::fs;\n}\n",
        ] {
            assert_eq!(lines(text), Vec::<usize>::new(), "{text}");
        }
    }

    #[test]
    fn the_message_names_what_is_banned() {
        let file = SourceFile::new("crates/core/src/a.rs", "use std::fs::File;");

        assert_eq!(
            check(&["std::fs"], &[file])[0].to_string(),
            "crates/core/src/a.rs:1: this crate may not mention `std::fs`"
        );
    }
}
