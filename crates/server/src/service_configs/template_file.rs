//! `templates/<name>.json` and `hoppers/<name>.json`.

use std::borrow::Cow;

use convoke_core::contract::read::document;
use convoke_core::refusal::{Refusal, Rule};
use convoke_core::template::Template;
use convoke_wire::TemplateName;
use convoke_wire::json::{self, ReadError};
use serde_json::Value;

use super::NamedTemplate;
use super::folder::{SourceFile, json_stem};
use super::problems::Problem;
use super::relaxed_json::strict;

/// How often one template is tried again to find what else is wrong with it.
const MAX_TRIES: usize = 100;
/// Most bytes that are read for that, so that a large file of many faults is not read for minutes.
const MAX_BYTES_TRIED: usize = 4 * 1024 * 1024;

/// Reads a template; everything that is wrong with it is noted.
pub(super) fn read(file: &SourceFile, problems: &mut Vec<Problem>) -> Option<NamedTemplate> {
    let name = name_of(file).map_err(|problem| problems.push(problem)).ok();
    let text = object_in(file)
        .map_err(|error| problems.push(Problem::unreadable(&file.path, error)))
        .ok()?;
    match template(text.as_bytes()) {
        Ok(template) => Some(NamedTemplate {
            name: name?,
            template,
        }),
        Err(first) => {
            let refusals = every_refusal(first, &text).into_iter();
            problems.extend(refusals.map(|refusal| Problem::refused(&file.path, refusal)));
            None
        }
    }
}

/// Hoppers are not used yet; that they are objects is all that is asked for.
pub(super) fn check_hopper(file: &SourceFile, problems: &mut Vec<Problem>) {
    if let Err(error) = object_in(file).and_then(|text| json::check(&text)) {
        problems.push(Problem::unreadable(&file.path, error));
    }
}

/// The one JSON object that a file is, without comments and trailing commas.
fn object_in(file: &SourceFile) -> Result<Cow<'_, str>, ReadError> {
    let text = strict(json::decode(&file.bytes)?);
    match json::check(&text) {
        // What has a place in the document is found again with everything else that is wrong.
        Err(error) if error.path.is_empty() => return Err(error),
        _ => {}
    }
    if text.trim_start().starts_with('{') {
        return Ok(text);
    }
    Err(ReadError {
        path: String::new(),
        problem: "expected an object".to_owned(),
    })
}

fn name_of(file: &SourceFile) -> Result<TemplateName, Problem> {
    let name = file.path.file_name().unwrap_or_default().to_string_lossy();
    let Some(stem) = json_stem(&name) else {
        let message = "expected a file called `<template>.json`";
        return Err(Problem::of_file(&file.path, message));
    };
    stem.parse().map_err(|error: convoke_wire::ids::IdError| {
        Problem::refused(&file.path, Rule::BadText.at("", error.to_string()))
    })
}

fn template(text: &[u8]) -> Result<Template, Refusal> {
    Template::new(document(text)?)
}

/// Every refusal of a template whose first one is known.
///
/// The rules stop at the first fault, so what it names is taken out and the rest tried again.
fn every_refusal(first: Refusal, text: &str) -> Vec<Refusal> {
    let mut last = first.clone();
    let mut found = vec![first];
    // This already mends one fault: of a key that occurs twice, one is left.
    let Ok(mut rest) = serde_json::from_str::<Value>(text) else {
        return found;
    };
    for _ in 0..MAX_TRIES.min(MAX_BYTES_TRIED / text.len().max(1)) {
        match template(rest.to_string().as_bytes()) {
            Ok(_) => break,
            Err(same) if same == last => {
                if !take_out(&mut rest, &same.path) {
                    break;
                }
            }
            Err(next) => {
                if is_genuine(&next, &found) {
                    found.push(next.clone());
                }
                last = next;
            }
        }
    }
    found
}

/// Whether a refusal would stand without what was taken out before.
///
/// A combination may be broken by the very thing that was taken out, and so may any rule after an
/// unreadable field, which may have been a misspelt capability.
fn is_genuine(refusal: &Refusal, found: &[Refusal]) -> bool {
    // `missing field` of the object that something was taken out of.
    let lost_a_part = found.iter().any(|before| {
        refusal.path.is_empty()
            || before
                .path
                .strip_prefix(refusal.path.as_str())
                .is_some_and(|below| below.starts_with('.') || below.is_empty())
    });
    let first = found.first().map(|first| first.rule);
    !lost_a_part
        && match refusal.rule {
            Rule::MalformedBody => true,
            Rule::InvalidCombination => false,
            _ => first != Some(Rule::MalformedBody),
        }
}

/// Takes out the value that a path names, or what is nearest around it.
fn take_out(value: &mut Value, path: &str) -> bool {
    let mut path = path;
    while !path.is_empty() {
        if take_out_exactly(value, path) {
            return true;
        }
        path = path.rfind('.').map_or("", |dot| &path[..dot]);
    }
    false
}

/// Lists go as a whole, so that the places of their other elements stay right.
fn take_out_exactly(value: &mut Value, path: &str) -> bool {
    let Value::Object(fields) = value else {
        return false;
    };
    if fields.remove(path).is_some() {
        return true;
    }
    // A key may contain dots, so every key that could start the path is tried.
    let keys: Vec<String> = fields.keys().cloned().collect();
    keys.iter().any(|key| {
        let Some(below) = path.strip_prefix(key.as_str()) else {
            return false;
        };
        match fields.get_mut(key) {
            Some(Value::Array(_)) if below.starts_with(['.', '[']) => fields.remove(key).is_some(),
            Some(inner) => below
                .strip_prefix('.')
                .is_some_and(|below| take_out_exactly(inner, below)),
            None => false,
        }
    })
}
