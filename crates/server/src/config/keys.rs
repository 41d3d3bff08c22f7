//! The keys that the configuration has, as its schema names them.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::Config;
use crate::service_configs::nearest::nearest;

/// The JSON schema of the configuration, every table written out where it is used.
pub fn schema() -> Value {
    let settings =
        SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let generator = settings.into_generator();
    generator.into_root_schema_for::<Config>().to_value()
}

/// What to say of a key that there is not, given by its dotted path.
pub(super) fn unknown(path: &str) -> String {
    let (table, key) = path.rsplit_once('.').unwrap_or(("", path));
    let known = keys_of(table);
    let names: Vec<&str> = known.iter().map(String::as_str).collect();
    match nearest(key, &names) {
        Some(meant) => format!("unknown key `{path}`; did you mean `{meant}`?"),
        None => format!(
            "unknown key `{path}`; the keys here are {}",
            names.join(", ")
        ),
    }
}

/// The keys of a table, given by its dotted path; numbers stand for elements of an array.
pub(super) fn keys_of(table: &str) -> Vec<String> {
    let schema = schema_of(table).unwrap_or_default();
    let properties = schema_part(&schema, "properties").and_then(Value::as_object);
    properties
        .map(|all| all.keys().cloned().collect())
        .unwrap_or_default()
}

/// The values that a key takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Texts, also such as stand for something else.
    Text,
    /// Anything else.
    Other,
}

/// What a key takes, given by its dotted path; `None` when there is no such key.
pub(super) fn kind_of(path: &str) -> Option<Kind> {
    let schema = schema_of(path)?;
    let others = ["boolean", "integer", "number", "array", "object"];
    let is_other = |kind: &Value| others.iter().any(|other| kind == other);
    let other = match schema_part(&schema, "type") {
        Some(Value::Array(kinds)) => kinds.iter().any(is_other),
        Some(kind) => is_other(kind),
        None => false,
    };
    Some(if other { Kind::Other } else { Kind::Text })
}

/// The schema of a key or table, given by its dotted path.
fn schema_of(path: &str) -> Option<Value> {
    let mut here = schema();
    for step in path.split('.').filter(|step| !matches!(*step, "" | "?")) {
        let inner = match step.parse::<usize>() {
            Ok(_) => schema_part(&here, "items"),
            Err(_) => schema_part(&here, "properties").and_then(|all| all.get(step)),
        };
        here = inner?.clone();
    }
    Some(here)
}

/// A keyword of a schema, or of the schema that an optional value has when it is there.
pub fn schema_part<'a>(schema: &'a Value, keyword: &str) -> Option<&'a Value> {
    let alternatives = schema.get("anyOf").and_then(Value::as_array);
    let inner = || alternatives?.iter().find_map(|schema| schema.get(keyword));
    schema.get(keyword).or_else(inner)
}
