//! `docs/configuration.md`: every key of the configuration, made of its schema.

use std::fmt::Write as _;

use convoke_server::config::{schema, schema_part as part};
use serde_json::Value;

/// Every key with its type, default and meaning.
fn page() -> String {
    let mut text = String::from(HEAD);
    let schema = schema();
    table(&mut text, "", &schema);
    text
}

const HEAD: &str = "# Configuration\n\n\
    One TOML file, named by `--config` or `CONVOKE_CONFIG`; every key is optional.\n\
    A variable of the environment goes before the file, and a flag before both: \
    `CONVOKE_LIMITS__MODE=off` stands for `mode` in `[limits]`.\n\
    Paths in the file are relative to its folder. Unknown keys are errors.\n\n\
    `convoke config check` says whether a configuration is good, `convoke config show` what is in \
    effect, `convoke config schema` prints the JSON schema of the file, and `convoke doctor` looks \
    at the machine too.\n\
    This page is made of that schema; `CONVOKE_BLESS=1 cargo test -p convoke-server --test reference` \
    makes it anew.\n";

/// One table and, after it, the tables in it.
fn table(text: &mut String, path: &str, schema: &Value) {
    let Some(keys) = part(schema, "properties").and_then(Value::as_object) else {
        return;
    };
    if !path.is_empty() {
        let _ = write!(text, "\n## {path}\n");
        let meaning = part(schema, "description")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let _ = write!(text, "\n{}\n", sentence(meaning));
    }
    text.push_str("\n| Key | Value | Default | Meaning |\n|---|---|---|---|\n");
    let mut tables = Vec::new();
    for (key, schema) in keys {
        let element = part(schema, "items").filter(|items| part(items, "properties").is_some());
        if let Some(element) = element {
            tables.push((format!("[[{}]]", dotted(path, key)), element));
        } else if part(schema, "properties").is_some() {
            tables.push((format!("[{}]", dotted(path, key)), schema));
        } else {
            row(text, key, schema);
        }
    }
    for (path, schema) in tables {
        table(text, &path, schema);
    }
}

/// The name of a key within a table, without the brackets of its heading.
fn dotted(path: &str, key: &str) -> String {
    let outer = path.trim_matches(['[', ']']);
    if outer.is_empty() {
        key.to_owned()
    } else {
        format!("{outer}.{key}")
    }
}

fn row(text: &mut String, key: &str, schema: &Value) {
    let default = match schema.get("default") {
        None | Some(Value::Null) => String::new(),
        Some(value) => format!("`{value}`"),
    };
    let meaning = schema
        .get("description")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let _ = writeln!(
        text,
        "| `{key}` | {} | {default} | {} |",
        kind(schema),
        sentence(meaning)
    );
}

/// The values that a key takes, in words.
fn kind(schema: &Value) -> String {
    let choices = part(schema, "enum").and_then(Value::as_array).cloned();
    let documented = part(schema, "oneOf").and_then(Value::as_array);
    let constants = documented.map(|all| {
        all.iter()
            .filter_map(|one| one.get("const"))
            .cloned()
            .collect()
    });
    if let Some(choices) = choices
        .or(constants)
        .filter(|all: &Vec<Value>| !all.is_empty())
    {
        let names: Vec<String> = choices.iter().map(|choice| format!("`{choice}`")).collect();
        return names.join(", ");
    }
    let kind = match part(schema, "type") {
        Some(Value::Array(kinds)) => kinds.iter().find(|kind| *kind != "null").cloned(),
        kind => kind.cloned(),
    };
    match kind.as_ref().and_then(Value::as_str) {
        Some("boolean") => "`true` or `false`",
        Some("integer") => "a whole number",
        Some("number") => "a number",
        Some("array") => "a list",
        Some("object") => "a table",
        _ => "a text",
    }
    .to_owned()
}

/// Documentation on one line of a table.
fn sentence(text: &str) -> String {
    text.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace('|', "\\|")
}

#[test]
fn the_page_of_the_configuration_is_made_of_its_schema() {
    crate::check_document("docs/configuration.md", &page());
}

#[test]
fn every_key_of_the_configuration_has_a_meaning() {
    for line in page().lines().filter(|line| line.starts_with("| `")) {
        assert!(!line.ends_with("|  |"), "no documentation: {line}");
    }
}
