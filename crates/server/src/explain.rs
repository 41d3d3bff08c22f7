//! The machine-readable twin of a refusal: which rule, where, and what to do, as a problem document.
//!
//! Every refusal carries its [`Explanation`] as an extension of the response; the outermost layer
//! names the rule in a header, and replaces the body for whoever asked for that. Not here: the
//! documented bodies (`api_error`), and the texts of the rules (`convoke_core::refusal`,
//! `edge_rule`).

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use convoke_core::refusal::{Class, Help, Refusal, Rule};
use http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use serde::Serialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::edge_rule::EdgeRule;
use crate::routes::query_string;

/// The header with the rule, on every refusal; some bodies have no room for it.
pub use convoke_wire::headers::REFUSAL;

/// The media type of an explanation (RFC 9457), and of the `Accept` header that asks for one.
pub const PROBLEM: &str = "application/problem+json";

/// Where the reference of all codes is served; each code is an anchor of it.
pub const REFERENCE: &str = "/docs/errors.md";

/// A rule, of whichever table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AnyRule {
    /// Of sessions and handles.
    Session(Rule),
    /// Of the service around them.
    Edge(EdgeRule),
}

/// Why a request was refused; an extension of the response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The rule.
    pub rule: AnyRule,
    /// Where in the request document; empty for the whole.
    pub path: String,
    /// What the rule asks for or found, in words.
    pub detail: String,
    /// The session that the documented body shows.
    pub session: Option<Bytes>,
}

impl From<Rule> for AnyRule {
    fn from(rule: Rule) -> Self {
        Self::Session(rule)
    }
}

impl From<EdgeRule> for AnyRule {
    fn from(rule: EdgeRule) -> Self {
        Self::Edge(rule)
    }
}

impl AnyRule {
    /// Every rule of both tables.
    pub fn all() -> impl Iterator<Item = Self> {
        let session = Rule::ALL.iter().copied().map(Self::Session);
        session.chain(EdgeRule::ALL.iter().copied().map(Self::Edge))
    }

    /// The stable name of the rule.
    pub fn code(self) -> &'static str {
        match self {
            Self::Session(rule) => rule.code(),
            Self::Edge(rule) => rule.code(),
        }
    }

    /// The rule, as one sentence.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Session(rule) => rule.sentence(),
            Self::Edge(rule) => rule.sentence(),
        }
    }

    /// The status of the answer.
    pub fn status(self) -> StatusCode {
        match self {
            Self::Session(rule) => match rule.class() {
                Class::Invalid => StatusCode::BAD_REQUEST,
                Class::Forbidden | Class::NoAccess => StatusCode::FORBIDDEN,
                Class::NotFound => StatusCode::NOT_FOUND,
                Class::Conflict => StatusCode::CONFLICT,
            },
            Self::Edge(rule) => rule.status(),
        }
    }

    /// The number of the coded family. `[doc]`
    pub fn number(self) -> u32 {
        match self {
            Self::Session(rule) => match rule.class() {
                Class::Invalid | Class::NotFound | Class::Conflict => 4000,
                Class::Forbidden | Class::NoAccess => 4500,
            },
            Self::Edge(rule) => rule.number(),
        }
    }

    /// What to do about it.
    pub fn help(self) -> Help {
        match self {
            Self::Session(rule) => rule.help(),
            Self::Edge(rule) => rule.help(),
        }
    }

    /// The rule for an answer that a library gave and that names none.
    fn of_status(status: StatusCode) -> Self {
        let known = [
            EdgeRule::UnknownUri,
            EdgeRule::Method,
            EdgeRule::BodyIncomplete,
            EdgeRule::BodyTooLarge,
            EdgeRule::UriTooLong,
            EdgeRule::MediaType,
            EdgeRule::HeadersTooLarge,
            EdgeRule::Unavailable,
        ];
        let other = if status.is_server_error() {
            EdgeRule::Internal
        } else {
            EdgeRule::Malformed
        };
        let found = known.into_iter().find(|rule| rule.status() == status);
        Self::Edge(found.unwrap_or(other))
    }
}

impl Explanation {
    /// The explanation of a refusal that names no place.
    pub fn new(rule: impl Into<AnyRule>, detail: impl Into<String>) -> Self {
        Self {
            rule: rule.into(),
            path: String::new(),
            detail: detail.into(),
            session: None,
        }
    }

    /// The explanation for an answer that a library gave.
    fn of_status(status: StatusCode) -> Self {
        let rule = AnyRule::of_status(status);
        Self::new(rule, rule.sentence())
    }

    /// `<code>` or `<code>; path=<path>`, in characters that a header can carry.
    fn header(&self) -> Option<HeaderValue> {
        let code = self.rule.code();
        let path: String = self
            .path
            .chars()
            .filter(char::is_ascii_graphic)
            .take(200)
            .collect();
        let text = if path.is_empty() {
            code.to_owned()
        } else {
            format!("{code}; path={path}")
        };
        HeaderValue::from_str(&text).ok()
    }
}

impl From<&Refusal> for Explanation {
    fn from(refusal: &Refusal) -> Self {
        Self {
            path: refusal.path.clone(),
            ..Self::new(refusal.rule, &refusal.detail)
        }
    }
}

/// Whether a request asks to have refusals explained: `?explain=true`, or by its `Accept` header.
///
/// Only the media type itself asks: clients of the original send `*/*` and mean the original bodies.
pub fn is_asked_for(uri: &Uri, headers: &HeaderMap) -> bool {
    let accepts = |value: &HeaderValue| {
        value.to_str().is_ok_and(|list| {
            list.split(',').any(|range| {
                let mut parts = range.split(';').map(str::trim);
                let named = parts.next().unwrap_or_default();
                let refused = |part: &str| matches!(part, "q=0" | "q=0.0" | "q=0.00" | "q=0.000");
                named.eq_ignore_ascii_case(PROBLEM) && !parts.any(refused)
            })
        })
    };
    query_string::is_set(uri, "explain") || headers.get_all(ACCEPT).iter().any(accepts)
}

/// Names the rule of a refusal in a header and, where it was asked for, explains it in the body.
pub fn finish(response: &mut Response, asked: bool, correlation_id: Uuid) {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return;
    }
    let explanation = response
        .extensions_mut()
        .remove::<Explanation>()
        .unwrap_or_else(|| Explanation::of_status(status));
    if let Some(value) = explanation.header() {
        response.headers_mut().insert(REFUSAL, value);
    }
    if !asked {
        return;
    }
    let problem = Problem::new(&explanation, status, correlation_id);
    let body = serde_json::to_vec(&problem).expect("text and numbers serialise");
    *response.body_mut() = Body::from(body);
    let headers = response.headers_mut();
    headers.remove(CONTENT_LENGTH);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM));
}

/// An explanation as it is sent (RFC 9457, with members of our own).
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem<'a> {
    /// The same as `docs`: the standard's name for it.
    #[serde(rename = "type")]
    kind: String,
    /// The same as `rule`: the standard's name for it.
    title: &'a str,
    /// The status of the answer.
    status: u16,
    /// The stable name of the rule.
    code: &'a str,
    /// The rule, as one sentence.
    rule: &'a str,
    /// Where in the request document, as `members.me.properties`; empty for the whole.
    path: &'a str,
    /// What the rule asks for or found.
    detail: &'a str,
    /// What usually helps.
    cure: &'a str,
    /// The rule in the reference of errors, relative to the address of the request.
    docs: String,
    /// The id of the exchange, as `X-XblCorrelationId` has it.
    correlation_id: Uuid,
    /// The session as it is, where the documented body of the refusal shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<&'a RawValue>,
}

impl<'a> Problem<'a> {
    fn new(explanation: &'a Explanation, status: StatusCode, correlation_id: Uuid) -> Self {
        let rule = explanation.rule;
        let docs = format!("{REFERENCE}#{}", rule.code());
        let session = explanation.session.as_deref();
        Self {
            kind: docs.clone(),
            title: rule.sentence(),
            status: status.as_u16(),
            code: rule.code(),
            rule: rule.sentence(),
            path: &explanation.path,
            detail: &explanation.detail,
            cure: rule.help().cure,
            docs,
            correlation_id,
            session: session.and_then(|bytes| serde_json::from_slice(bytes).ok()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_over_both_tables_and_fit_a_header_and_an_anchor() {
        let mut codes: Vec<_> = AnyRule::all().map(AnyRule::code).collect();
        let named = |code: &&str| {
            code.bytes()
                .all(|b| b.is_ascii_lowercase() || b"._".contains(&b))
        };
        assert!(codes.iter().all(named), "{codes:?}");
        let all = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), all);
    }

    #[test]
    fn every_rule_has_a_status_of_a_refusal() {
        for rule in AnyRule::all() {
            let status = rule.status();
            assert!(
                status.is_client_error() || status.is_server_error(),
                "{}: {status}",
                rule.code()
            );
        }
    }

    #[test]
    fn explanations_are_asked_for_in_two_ways_and_no_other() {
        let check = |uri: &str, accept: &[&str], expected: bool| {
            let mut headers = HeaderMap::new();
            for value in accept {
                headers.append(ACCEPT, value.parse().expect("a header value"));
            }
            let uri: Uri = uri.parse().expect("a URI");
            assert_eq!(is_asked_for(&uri, &headers), expected, "{uri} {accept:?}");
        };
        check("/a?explain=true", &[], true);
        check("/a?b=1&EXPLAIN=1", &[], true);
        check("/a?explain=false", &[], false);
        check("/a?explain", &[], false);
        check("/a", &["application/problem+json"], true);
        check(
            "/a",
            &["application/json, Application/Problem+JSON; q=0.5"],
            true,
        );
        check(
            "/a",
            &["application/json", "application/problem+json"],
            true,
        );
        check("/a", &["application/problem+json;q=0"], false);
        check("/a", &["*/*"], false);
        check("/a", &["application/*"], false);
        check("/a", &[], false);
    }
}
