//! What a service says when it refuses: the original's status and text, and Convoke's rule if there
//! is one.

use std::fmt;
use std::time::Duration;

use convoke_wire::headers::REFUSAL;
use convoke_wire::json::read_answer;
use convoke_wire::multiplayer_activity::ActivityError;
use convoke_wire::throttle::ThrottleBody;
use reqwest::StatusCode;
use reqwest::header::WWW_AUTHENTICATE;

use crate::raw::Answer;
use crate::snapshot::Snapshot;

/// Most characters of a body that are kept, and shown by [`fmt::Display`].
const MAX_TEXT: usize = 4096;

/// An answer that is no success.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// The status.
    pub status: StatusCode,
    /// The rule that refused, which only Convoke names.
    pub rule: Option<RefusedBy>,
    /// The body as text, cut to 4,096 characters; the original's bodies are for people. `[doc]`
    pub text: String,
    /// The session that the body shows: with 403, to somebody who may read it but not join. `[doc]`
    pub session: Option<Box<Snapshot>>,
    /// How long to wait before asking again.
    pub retry_after: Option<Duration>,
    /// What a caller who asks too often is told. `[doc]`
    pub throttle: Option<ThrottleBody>,
    /// What is wrong with the token, with 401.
    pub authenticate: Option<String>,
}

/// A rule of the service, by the code that its reference of errors lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedBy {
    /// The stable name of the rule, as `access.not_member`.
    pub code: String,
    /// Where in the request document, as `members.me.properties`; empty for the whole.
    pub path: String,
}

impl Refusal {
    /// The code of the rule, if the service names one.
    pub fn code(&self) -> Option<&str> {
        self.rule.as_ref().map(|rule| rule.code.as_str())
    }

    /// What the service of activities says, which has a form of its own. `[doc]`
    pub fn activity_error(&self) -> Option<ActivityError> {
        read_answer(self.text.as_bytes()).ok()
    }

    pub(crate) fn of(answer: &Answer) -> Self {
        let body = answer.body.as_ref();
        let text = String::from_utf8_lossy(&body[..body.len().min(4 * MAX_TEXT)]);
        let status = answer.status;
        Self {
            status,
            rule: answer.header(REFUSAL).map(RefusedBy::read),
            text: text.chars().take(MAX_TEXT).collect(),
            session: Snapshot::of(answer).ok().map(Box::new),
            retry_after: answer.retry_after(),
            throttle: (status == StatusCode::TOO_MANY_REQUESTS)
                .then(|| read_answer(body).ok())
                .flatten(),
            authenticate: answer
                .header(WWW_AUTHENTICATE.as_str())
                .map(ToOwned::to_owned),
        }
    }
}

impl RefusedBy {
    /// Reads `<code>` or `<code>; path=<path>`.
    fn read(header: &str) -> Self {
        let (code, rest) = header.split_once(';').unwrap_or((header, ""));
        let path = rest.trim().strip_prefix("path=").unwrap_or_default();
        Self {
            code: code.trim().to_owned(),
            path: path.to_owned(),
        }
    }
}

/// Status, rule and place; the text follows unless it is a document, and a document's own text.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)?;
        if let Some(rule) = &self.rule {
            write!(f, ", {}", rule.code)?;
            if !rule.path.is_empty() {
                write!(f, " at {}", rule.path)?;
            }
        }
        if let Some(said) = self.activity_error() {
            return write!(f, ": {}", said.debug_message);
        }
        let text = self.text.trim();
        if text.is_empty() || text.starts_with(['{', '[', '<']) {
            return Ok(());
        }
        write!(f, ": {text}")
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderMap, HeaderValue, RETRY_AFTER};

    use super::*;

    fn answer(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> Answer {
        let headers = headers.iter().map(|(name, value)| {
            let name = reqwest::header::HeaderName::from_static(name);
            (name, HeaderValue::from_static(value))
        });
        Answer {
            status: StatusCode::from_u16(status).expect("a status"),
            headers: headers.collect::<HeaderMap>(),
            body: body.to_owned().into(),
        }
    }

    #[test]
    fn the_rule_is_read_from_the_header_and_missing_without_it() {
        let check = |headers: &[(&'static str, &'static str)], body: &str, shown: &str| {
            assert_eq!(Refusal::of(&answer(400, headers, body)).to_string(), shown);
        };
        check(&[], "no good", "400 Bad Request: no good");
        check(&[], "{\"a\":1}", "400 Bad Request");
        check(
            &[],
            r#"{"errorCode":"AuthorizationError","debugMessage":"not theirs"}"#,
            "400 Bad Request: not theirs",
        );
        check(
            &[(REFUSAL, "access.not_member")],
            "",
            "400 Bad Request, access.not_member",
        );
        check(
            &[(REFUSAL, "request.field; path=members.me.x")],
            "unknown field",
            "400 Bad Request, request.field at members.me.x: unknown field",
        );
    }

    #[test]
    fn who_asks_too_often_learns_how_long_to_wait() {
        let body = r#"{"version":1,"currentRequests":31,"maxRequests":30,"periodInSeconds":15,"limitType":"Rate"}"#;
        let refusal = Refusal::of(&answer(429, &[(RETRY_AFTER.as_str(), "7")], body));
        assert_eq!(refusal.retry_after, Some(Duration::from_secs(7)));
        assert_eq!(refusal.throttle.map(|it| it.max_requests), Some(30));
    }

    #[test]
    fn long_bodies_are_cut() {
        let refusal = Refusal::of(&answer(502, &[], &"é".repeat(100_000)));
        assert_eq!(refusal.text.chars().count(), MAX_TEXT);
    }
}
