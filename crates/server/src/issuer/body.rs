//! Reading request bodies, with refusals that name the place. Not here: any particular request.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::refusal::IssuerError;

/// The envelope of every request to the sign-in services. `[client]`
///
/// Names are in PascalCase and compared with regard to case; others are ignored.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Envelope<T> {
    pub(super) relying_party: String,
    #[serde(default)]
    token_type: Option<String>,
    pub(super) properties: T,
}

/// Longest relying party, by our own choice.
const MAX_RELYING_PARTY_LEN: usize = 256;

/// Reads an envelope and checks what all of them have in common.
pub(super) fn envelope<T: DeserializeOwned>(body: &[u8]) -> Result<Envelope<T>, IssuerError> {
    let envelope: Envelope<T> = json(body)?;
    check_text(
        "RelyingParty",
        &envelope.relying_party,
        MAX_RELYING_PARTY_LEN,
    )?;
    match envelope.token_type.as_deref() {
        None | Some("JWT") => Ok(envelope),
        Some(_) => Err(malformed("TokenType", "expected `JWT`")),
    }
}

/// Reads a JSON body; an error names the path and the rule, and repeats no value but ids.
pub(super) fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, IssuerError> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        malformed(&path, &rule(&error.into_inner()))
    })?;
    deserializer
        .end()
        .map_err(|error| IssuerError::Malformed(error.to_string()))?;
    Ok(value)
}

/// A refusal at a place of the body.
pub(super) fn malformed(path: &str, rule: &str) -> IssuerError {
    IssuerError::Malformed(match path {
        "" | "." => rule.to_owned(),
        path => format!("{path}: {rule}"),
    })
}

/// Refuses text that is empty, too long, or has control characters.
pub(super) fn check_text(path: &str, text: &str, max_chars: usize) -> Result<(), IssuerError> {
    let allowed = 1..=max_chars;
    if allowed.contains(&text.chars().count()) && !text.chars().any(char::is_control) {
        Ok(())
    } else {
        Err(malformed(
            path,
            &format!("expected 1 to {max_chars} printable characters"),
        ))
    }
}

/// The part of an error that says what should have been there.
///
/// What was there instead may be a token and is cut off. The line and column are of use only where
/// there is no path, in text that is no JSON.
fn rule(error: &serde_json::Error) -> String {
    let message = error.to_string();
    if !error.is_data() {
        return message;
    }
    let position = format!(" at line {} column {}", error.line(), error.column());
    let message = message.strip_suffix(&position).unwrap_or(&message);
    let found_instead =
        message.starts_with("invalid type: ") || message.starts_with("invalid value: ");
    match message.rsplit_once(", expected ") {
        Some((_, expected)) if found_instead => format!("expected {expected}"),
        _ => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Sample {
        #[expect(dead_code, reason = "only its reading matters")]
        tokens: Vec<String>,
    }

    #[test]
    fn errors_name_the_place_and_repeat_no_value() {
        let check = |body: &str, expected: &str| {
            let Err(error) = envelope::<Sample>(body.as_bytes()) else {
                unreachable!("{body} should be refused");
            };
            let text = error.to_string();
            assert!(text.starts_with(expected), "{body}: {text}");
            assert!(!text.contains("secret"), "{text}");
        };
        check("", "EOF while parsing");
        check("[", "EOF while parsing");
        check("nul", "");
        check("{}", "missing field `RelyingParty`");
        check(r#"{"relyingParty":"r"}"#, "missing field `RelyingParty`");
        check(r#"{"RelyingParty":"r"}"#, "missing field `Properties`");
        check(
            r#"{"RelyingParty":"r","Properties":{"Tokens":"secret, expected secret"}}"#,
            "Properties.Tokens: expected a sequence",
        );
        check(
            r#"{"RelyingParty":"r","Properties":{"Tokens":["a",1]}}"#,
            "Properties.Tokens[1]: expected a string",
        );
        check(
            r#"{"RelyingParty":"r","Properties":{}}"#,
            "Properties: missing field `Tokens`",
        );
        check(
            r#"{"RelyingParty":"r","RelyingParty":"r","Properties":{"Tokens":[]}}"#,
            "duplicate field `RelyingParty`",
        );
        check(
            r#"{"RelyingParty":"","Properties":{"Tokens":[]}}"#,
            "RelyingParty: expected 1 to 256",
        );
        check(
            r#"{"RelyingParty":"r","TokenType":"SAML","Properties":{"Tokens":[]}}"#,
            "TokenType: expected `JWT`",
        );
        check(
            r#"{"RelyingParty":"r","Properties":{"Tokens":[]}} x"#,
            "trailing characters",
        );
    }

    #[test]
    fn a_byte_order_mark_and_unknown_names_are_skipped() {
        let body = "\u{feff}{\"RelyingParty\":\"r\",\"More\":1,\"Properties\":{\"Tokens\":[]}}";
        assert!(envelope::<Sample>(body.as_bytes()).is_ok());
    }
}
