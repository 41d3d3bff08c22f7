//! `service.toml`: who may use a service configuration, and what is said of its titles.

mod titles;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt::Display;
use std::hash::Hash;
use std::ops::Range;
use std::path::Path;
use std::str::FromStr;

use convoke_wire::{RawJson, Sandbox, TitleId, Xuid, json};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::folder::SourceFile;
use super::nearest::nearest;
use super::problems::Problem;
use super::title::Title;

/// Largest file: some thousand titles. Reading TOML takes time that grows faster than the text.
const MAX_BYTES: usize = 64 * 1024;
/// Most syntax errors that are reported of one file.
const MAX_SYNTAX_ERRORS: usize = 10;

const TITLE_IDS: &str = "title_ids";
const SANDBOXES: &str = "sandboxes";
const ALLOW_UNTITLED: &str = "allow_untitled";
const GAME_TYPES: &str = "game_types";
const TITLES: &str = "titles";
const BANNED_USERS: &str = "banned_users";
const KEYS: &[&str] = &[
    TITLE_IDS,
    SANDBOXES,
    ALLOW_UNTITLED,
    GAME_TYPES,
    TITLES,
    BANNED_USERS,
];

/// What a `service.toml` says.
pub(super) struct Service {
    pub(super) title_ids: Vec<TitleId>,
    pub(super) sandboxes: Option<Vec<Sandbox>>,
    pub(super) allow_untitled: bool,
    pub(super) game_types: RawJson,
    pub(super) titles: BTreeMap<TitleId, Title>,
    pub(super) banned_users: BTreeSet<Xuid>,
}

/// Reads the file; with problems, what is returned is not to be used.
pub(super) fn read(file: &SourceFile, problems: &mut Vec<Problem>) -> Service {
    let (text, missing) = match text_of(file) {
        Ok(text) => (text, Missing::Reported),
        Err(problem) => {
            problems.push(Problem::of_file(&file.path, problem));
            ("", Missing::Ignored)
        }
    };
    let mut reader = Reader {
        file: &file.path,
        text,
        line_starts: line_starts(text),
        problems,
    };
    let (table, errors) = DeTable::parse_recoverable(text);
    reader.syntax(&errors);
    if errors.is_empty() {
        return reader.service(table.get_ref(), missing);
    }
    // What could be read of a damaged text would only give misleading problems.
    reader.service(&DeTable::new(), Missing::Ignored)
}

fn text_of(file: &SourceFile) -> Result<&str, String> {
    if MAX_BYTES < file.bytes.len() {
        return Err(format!("larger than {MAX_BYTES} bytes"));
    }
    json::decode(&file.bytes).map_err(|error| error.problem)
}

/// Whether required keys that are not there are problems.
#[derive(Clone, Copy, PartialEq)]
enum Missing {
    Reported,
    Ignored,
}

/// Walks the document and notes every problem instead of stopping at the first.
struct Reader<'a> {
    file: &'a Path,
    text: &'a str,
    /// Where each line begins, so that a file of many problems is not counted through for each.
    line_starts: Vec<usize>,
    problems: &'a mut Vec<Problem>,
}

impl Reader<'_> {
    fn service(&mut self, table: &DeTable<'_>, missing: Missing) -> Service {
        self.refuse_unknown_keys(table, "", KEYS);
        if missing == Missing::Reported && !table.contains_key(TITLE_IDS) {
            let example = r#"is missing; expected for example `title_ids = ["1717113201"]`"#;
            self.report(TITLE_IDS, None, example);
        }
        let title_ids = self
            .ids(table, TITLE_IDS, "title ids", title_id)
            .unwrap_or_default();
        Service {
            titles: self.titles(table, &title_ids),
            title_ids,
            banned_users: self
                .ids_or_none(table, BANNED_USERS, "users", user)
                .unwrap_or_default()
                .into_iter()
                .collect(),
            sandboxes: self.ids(table, SANDBOXES, "sandboxes", sandbox),
            allow_untitled: self.allow_untitled(table),
            game_types: self.game_types(table),
        }
    }

    /// A list of at least one identifier, each once.
    fn ids<T: Clone + Eq + Hash>(
        &mut self,
        table: &DeTable<'_>,
        key: &str,
        what: &str,
        read: impl Fn(&DeValue<'_>) -> Result<T, String>,
    ) -> Option<Vec<T>> {
        let value = table.get(key)?;
        if value.get_ref().as_array().is_some_and(|all| all.is_empty()) {
            let text = format!("expected at least one of the {what}");
            self.report(key, Some(value.span()), text);
        }
        self.ids_or_none(table, key, what, read)
    }

    /// A list of identifiers, each once.
    fn ids_or_none<T: Clone + Eq + Hash>(
        &mut self,
        table: &DeTable<'_>,
        key: &str,
        what: &str,
        read: impl Fn(&DeValue<'_>) -> Result<T, String>,
    ) -> Option<Vec<T>> {
        let value = table.get(key)?;
        let Some(items) = value.get_ref().as_array() else {
            self.report_type(key, value, &format!("a list of {what}"));
            return None;
        };
        let mut ids = Vec::new();
        let mut seen = HashSet::new();
        for (index, item) in items.iter().enumerate() {
            let path = format!("{key}[{index}]");
            match read(item.get_ref()) {
                Ok(id) if !seen.insert(id.clone()) => {
                    self.report(&path, Some(item.span()), "occurs twice in the list");
                }
                Ok(id) => ids.push(id),
                Err(message) => self.report(&path, Some(item.span()), message),
            }
        }
        Some(ids)
    }

    fn allow_untitled(&mut self, table: &DeTable<'_>) -> bool {
        let Some(value) = table.get(ALLOW_UNTITLED) else {
            return true;
        };
        value.get_ref().as_bool().unwrap_or_else(|| {
            self.report_type(ALLOW_UNTITLED, value, "true or false");
            true
        })
    }

    fn table<'t, 'i>(&mut self, table: &'t DeTable<'i>, key: &str) -> Option<&'t DeTable<'i>> {
        let value = table.get(key)?;
        let inner = value.get_ref().as_table();
        if inner.is_none() {
            self.report_type(key, value, "a table");
        }
        inner
    }

    fn refuse_unknown_keys(&mut self, table: &DeTable<'_>, path: &str, known: &[&str]) {
        for key in table.keys() {
            let name: &str = key.get_ref();
            if known.contains(&name) {
                continue;
            }
            let message = match nearest(name, known) {
                Some(meant) => format!("unknown key; did you mean `{meant}`?"),
                None => format!("unknown key; expected one of `{}`", known.join("`, `")),
            };
            let place = match path {
                "" => name.to_owned(),
                path => format!("{path}.{name}"),
            };
            self.report(&place, Some(key.span()), message);
        }
    }

    fn report_type(&mut self, path: &str, value: &Spanned<DeValue<'_>>, expected: &str) {
        let message = format!(
            "expected {expected}, found {}",
            kind_of(value.get_ref().type_str())
        );
        self.report(path, Some(value.span()), message);
    }

    fn report(&mut self, path: &str, span: Option<Range<usize>>, message: impl Into<String>) {
        self.problems.push(Problem {
            path: path.to_owned(),
            line: span.map(|span| self.line(span.start)),
            ..Problem::of_file(self.file, message)
        });
    }

    /// One error for each line: others of the same line mostly follow from it.
    fn syntax(&mut self, errors: &[toml::de::Error]) {
        let mut lines = Vec::new();
        for error in errors {
            let span = error.span().unwrap_or_default();
            let line = self.line(span.start);
            if lines.contains(&line) {
                continue;
            }
            if MAX_SYNTAX_ERRORS <= lines.len() {
                break;
            }
            lines.push(line);
            let column = self.column(span.start);
            let what = error.message().replace('\n', ", ");
            let message = format!("not TOML: {what} at line {line} column {column}");
            self.report("", Some(span), message);
        }
    }

    /// The line of an offset, from 1.
    fn line(&self, offset: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= offset)
    }

    /// The column of an offset, in characters from 1.
    fn column(&self, offset: usize) -> usize {
        let start = self.line_starts[self.line(offset) - 1];
        let before = self.text.get(start..offset).unwrap_or_default();
        before.chars().count() + 1
    }
}

/// Where each line of a text begins; the first one always does.
fn line_starts(text: &str) -> Vec<usize> {
    let breaks = text.match_indices('\n').map(|(at, _)| at + 1);
    std::iter::once(0).chain(breaks).collect()
}

/// A title id, as a string or as an integer.
fn title_id(value: &DeValue<'_>) -> Result<TitleId, String> {
    match value {
        DeValue::String(text) => parse(text),
        DeValue::Integer(number) => u32::from_str_radix(number.as_str(), number.radix())
            .map(TitleId)
            .or_else(|_| parse(&number.to_string())),
        other => Err(format!(
            "expected a title id, found {}",
            kind_of(other.type_str())
        )),
    }
}

/// An XUID, as a string or as an integer.
fn user(value: &DeValue<'_>) -> Result<Xuid, String> {
    match value {
        DeValue::String(text) => parse(text),
        DeValue::Integer(number) => u64::from_str_radix(number.as_str(), number.radix())
            .map(Xuid)
            .or_else(|_| parse(&number.to_string())),
        other => Err(format!(
            "expected an XUID, found {}",
            kind_of(other.type_str())
        )),
    }
}

fn sandbox(value: &DeValue<'_>) -> Result<Sandbox, String> {
    match value {
        DeValue::String(text) => parse(text),
        other => Err(format!(
            "expected a sandbox id, found {}",
            kind_of(other.type_str())
        )),
    }
}

fn parse<T: FromStr<Err: Display>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: T::Err| error.to_string())
}

/// The name of a kind of value with its article.
fn kind_of(name: &str) -> String {
    let article = if name.starts_with(['a', 'i']) {
        "an"
    } else {
        "a"
    };
    format!("{article} {name}")
}
