//! What a refusal owes its reader: a rule, words, and a path into what was refused.

use convoke_core::Refusal;
use serde_json::Value;

/// Checks the refusal of a body.
pub(crate) fn check(refusal: &Refusal, body: &[u8]) {
    assert!(
        !refusal.detail.is_empty(),
        "{:?} without words",
        refusal.rule
    );
    let code = format!("[{}]", refusal.rule.code());
    assert!(refusal.to_string().ends_with(&code), "{refusal}");
    // Of a key that occurs twice, serde_json keeps the last value only, and the path may lead into
    // another one.
    if refusal.detail.contains("occurs twice") {
        return;
    }
    // A document that does not read is refused as a whole; serde_json counts depth in its own way.
    if let Ok(document) = serde_json::from_slice::<Value>(body) {
        assert!(leads_somewhere(&document, &refusal.path), "{refusal}");
    }
}

/// Whether a dotted path leads to a value, or to an object that lacks only its last step.
fn leads_somewhere(value: &Value, path: &str) -> bool {
    // Keys may hold dots, so a path has several readings; with many dots, too many.
    if path.is_empty() || 20 < path.matches('.').count() {
        return true;
    }
    match value {
        Value::Object(fields) => {
            let below = |key: &String, inner: &Value| match path.strip_prefix(key.as_str()) {
                Some("") => true,
                Some(rest) => rest
                    .strip_prefix('.')
                    .is_some_and(|rest| leads_somewhere(inner, rest)),
                None => false,
            };
            fields.iter().any(|(key, inner)| below(key, inner)) || !path.contains('.')
        }
        Value::Array(items) => {
            let (step, rest) = path.split_once('.').unwrap_or((path, ""));
            let item = step.parse().ok().and_then(|index: usize| items.get(index));
            item.is_some_and(|item| leads_somewhere(item, rest))
        }
        _ => false,
    }
}
