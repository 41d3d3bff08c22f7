//! `service.toml`: who may use a service configuration.

use std::collections::HashSet;
use std::fmt::Display;
use std::hash::Hash;
use std::ops::Range;
use std::path::Path;
use std::str::FromStr;

use convoke_wire::{RawJson, Sandbox, TitleId, json};
use indexmap::IndexMap;
use serde::Serialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::folder::SourceFile;
use super::nearest::nearest;
use super::problems::Problem;

/// Largest file: some thousand titles. Reading TOML takes time that grows faster than the text.
const MAX_BYTES: usize = 64 * 1024;
/// Most syntax errors that are reported of one file.
const MAX_SYNTAX_ERRORS: usize = 10;

const TITLE_IDS: &str = "title_ids";
const SANDBOXES: &str = "sandboxes";
const ALLOW_UNTITLED: &str = "allow_untitled";
const GAME_TYPES: &str = "game_types";
const KEYS: &[&str] = &[TITLE_IDS, SANDBOXES, ALLOW_UNTITLED, GAME_TYPES];

const TITLE_ID: &str = "title_id";
const PFN: &str = "pfn";
const BOUND_PFNS: &str = "bound_pfns";
const GAME_TYPE_KEYS: &[&str] = &[TITLE_ID, PFN, BOUND_PFNS];

/// What a `service.toml` says.
pub(super) struct Service {
    pub(super) title_ids: Vec<TitleId>,
    pub(super) sandboxes: Option<Vec<Sandbox>>,
    pub(super) allow_untitled: bool,
    pub(super) game_types: RawJson,
}

/// What handles say about a title on one platform. `[client]`
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GameType {
    title_id: TitleId,
    pfn: String,
    bound_pfns: Vec<String>,
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
        Service {
            title_ids: self
                .ids(table, TITLE_IDS, "title ids", title_id)
                .unwrap_or_default(),
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
        let Some(items) = value.get_ref().as_array() else {
            self.report_type(key, value, &format!("a list of {what}"));
            return None;
        };
        if items.is_empty() {
            self.report(
                key,
                Some(value.span()),
                format!("expected at least one of the {what}"),
            );
        }
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

    fn game_types(&mut self, table: &DeTable<'_>) -> RawJson {
        let mut by_platform = IndexMap::new();
        if let Some(platforms) = self.table(table, GAME_TYPES) {
            for (platform, value) in platforms {
                let path = format!("{GAME_TYPES}.{}", platform.get_ref());
                match value.get_ref().as_table() {
                    Some(table) => {
                        if let Some(game) = self.game_type(table, &path, value.span()) {
                            by_platform.insert(platform.get_ref().to_string(), game);
                        }
                    }
                    None => self.report_type(&path, value, "a table"),
                }
            }
        }
        let text = serde_json::to_string(&by_platform).expect("texts and ids serialise");
        RawJson::parse(&text).expect("a serialised map is JSON")
    }

    fn game_type(
        &mut self,
        table: &DeTable<'_>,
        path: &str,
        span: Range<usize>,
    ) -> Option<GameType> {
        self.refuse_unknown_keys(table, path, GAME_TYPE_KEYS);
        for key in [TITLE_ID, PFN] {
            if !table.contains_key(key) {
                self.report(&format!("{path}.{key}"), Some(span.clone()), "is missing");
            }
        }
        let title = table.get(TITLE_ID).and_then(|value| {
            title_id(value.get_ref())
                .map_err(|message| {
                    self.report(&format!("{path}.{TITLE_ID}"), Some(value.span()), message);
                })
                .ok()
        });
        let pfn = table
            .get(PFN)
            .and_then(|value| self.text(value, &format!("{path}.{PFN}")));
        let bound_pfns = match table.get(BOUND_PFNS) {
            None => Vec::new(),
            Some(value) => self.texts(value, &format!("{path}.{BOUND_PFNS}")),
        };
        Some(GameType {
            title_id: title?,
            pfn: pfn?,
            bound_pfns,
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

    fn text(&mut self, value: &Spanned<DeValue<'_>>, path: &str) -> Option<String> {
        let text = value.get_ref().as_str();
        if text.is_none() {
            self.report_type(path, value, "a string");
        }
        text.map(str::to_owned)
    }

    fn texts(&mut self, value: &Spanned<DeValue<'_>>, path: &str) -> Vec<String> {
        let Some(items) = value.get_ref().as_array() else {
            self.report_type(path, value, "a list of strings");
            return Vec::new();
        };
        let items = items.iter().enumerate();
        items
            .filter_map(|(index, item)| self.text(item, &format!("{path}[{index}]")))
            .collect()
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
