//! Refusals as answers, in the documented words of each service.
//!
//! Not here: which status a rule has, and the machine-readable twin of every answer (`explain`).

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use convoke_core::refusal::{Refusal, Rule};
use convoke_store::{CommitError, StoreError};
use convoke_wire::multiplayer_activity::{ActivityError, ActivityErrorCode};
use convoke_wire::people::ServiceError;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, ETAG, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};

use crate::auth::{AuthError, IdentifyError};
use crate::commit::TransactError;
use crate::edge_rule::EdgeRule;
use crate::explain::{AnyRule, Explanation};
use crate::graph::GraphError;
use crate::rate_limits::Throttled;
use crate::trail;

/// Seconds after which a client may try again when the store is in trouble or there is no place.
const RETRY_AFTER_S: &str = "2";

/// How a service words its errors. `[doc]`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Text; the session directory.
    Text,
    /// An object with a code; people.
    Coded,
    /// An object with a word, and 400 for what is forbidden; activities.
    Activity,
}

/// A session that a refusal shows to somebody who may read it.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The document.
    pub body: Bytes,
    /// Its validator.
    pub etag: HeaderValue,
}

/// Everything that can be wrong with a request.
#[derive(Debug)]
pub enum ApiError {
    /// No credentials, or bad ones.
    Auth(AuthError),
    /// A rule refused.
    Refused(Refusal),
    /// A rule refused a change; the session is shown if the caller may read it.
    NoAccess(Refusal, Option<Box<Shown>>),
    /// A precondition failed.
    Precondition(Option<Box<Shown>>),
    /// A rule around the sessions refused; in words, without its code.
    Edge(EdgeRule, String),
    /// The address exists, the verb does not; these do.
    Method(&'static str),
    /// More signatures than can be remembered are still good.
    TooManySignatures,
    /// The store cannot answer.
    Unavailable(StoreError),
    /// What the rules need to know of people cannot be known now, so nothing passes.
    People(GraphError),
    /// The caller asks too often.
    Throttled(Throttled),
    /// All callers together ask for more than is served at a time.
    Overloaded,
}

impl From<AuthError> for ApiError {
    fn from(error: AuthError) -> Self {
        Self::Auth(error)
    }
}

impl From<IdentifyError> for ApiError {
    fn from(error: IdentifyError) -> Self {
        match error {
            IdentifyError::Refused(error) => Self::Auth(error),
            IdentifyError::Unavailable(error) => {
                Self::Unavailable(StoreError::Failed(error.to_string()))
            }
        }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error)
    }
}

/// For steps that nothing refuses.
impl From<CommitError> for ApiError {
    fn from(error: CommitError) -> Self {
        Self::Unavailable(match error {
            CommitError::Store(error) => error,
            other => StoreError::Failed(other.to_string()),
        })
    }
}

impl From<GraphError> for ApiError {
    fn from(error: GraphError) -> Self {
        match error {
            GraphError::Store(error) => Self::Unavailable(error),
            other => Self::People(other),
        }
    }
}

impl From<Throttled> for ApiError {
    fn from(throttled: Throttled) -> Self {
        Self::Throttled(throttled)
    }
}

impl From<TransactError<Self>> for ApiError {
    fn from(error: TransactError<Self>) -> Self {
        match error {
            TransactError::Refused(error) => error,
            TransactError::HandleGone | TransactError::KeyTaken => Self::handle_not_found(),
            TransactError::Unavailable(error) => Self::Unavailable(error),
        }
    }
}

impl ApiError {
    /// The answer for a handle that does not exist, has ended, or is not the caller's to know.
    pub fn handle_not_found() -> Self {
        Self::Refused(Rule::HandleNotFound.at("", "The requested handle wasn't found"))
    }

    /// The answer for a session whose elements are asked for and which does not exist. `[doc]`
    pub fn session_not_found() -> Self {
        Self::edge(
            EdgeRule::SessionNotFound,
            "The requested session wasn't found",
        )
    }

    /// A refusal by a rule around the sessions.
    pub fn edge(rule: EdgeRule, detail: impl Into<String>) -> Self {
        Self::Edge(rule, detail.into())
    }

    /// The answer in the words of a service.
    pub fn into_response(self, family: Family) -> Response {
        let explanation = self.explanation();
        let mut response = match self {
            Self::Auth(error) => {
                let mut response = message(family, error.rule().into(), &error.to_string());
                response
                    .headers_mut()
                    .insert(WWW_AUTHENTICATE, error.www_authenticate());
                response
            }
            Self::Refused(refusal) | Self::NoAccess(refusal, None) => {
                message(family, refusal.rule.into(), &refusal.to_string())
            }
            // Only a failed precondition names the state to go on from.
            Self::NoAccess(_, Some(shown)) => document(StatusCode::FORBIDDEN, shown.body),
            Self::Precondition(None) => empty(StatusCode::PRECONDITION_FAILED),
            Self::Precondition(Some(shown)) => {
                let mut response = document(StatusCode::PRECONDITION_FAILED, shown.body);
                response.headers_mut().insert(ETAG, shown.etag);
                response
            }
            Self::Edge(rule, detail) => {
                message(family, rule.into(), &format!("{detail} [{}]", rule.code()))
            }
            Self::Method(allowed) => {
                let rule = EdgeRule::Method;
                let text = format!("{} [{}]", explanation.detail, rule.code());
                let mut response = message(family, rule.into(), &text);
                response
                    .headers_mut()
                    .insert(ALLOW, HeaderValue::from_static(allowed));
                response
            }
            Self::TooManySignatures => {
                tracing::warn!(
                    "too many signed requests to tell replays; refusing signed requests"
                );
                let mut response = empty(StatusCode::SERVICE_UNAVAILABLE);
                response
                    .headers_mut()
                    .insert(RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_S));
                response
            }
            Self::Unavailable(error) => {
                trail::failed(format!("the store cannot answer: {error}"));
                unavailable()
            }
            Self::People(error) => {
                trail::failed(error.to_string());
                unavailable()
            }
            Self::Overloaded => unavailable(),
            // The same body whatever the family. `[doc]`
            Self::Throttled(throttled) => {
                let body = serde_json::to_vec(&throttled.body).expect("words and numbers");
                let mut response = document(StatusCode::TOO_MANY_REQUESTS, body.into());
                let seconds = HeaderValue::from(throttled.retry_after_s);
                response.headers_mut().insert(RETRY_AFTER, seconds);
                response
            }
        };
        response.extensions_mut().insert(explanation);
        response
    }

    /// Which rule refused, where and why; nothing that the plain answer does not tell the caller.
    fn explanation(&self) -> Explanation {
        match self {
            Self::Auth(error) => Explanation::new(error.rule(), error.to_string()),
            Self::Refused(refusal) => refusal.into(),
            Self::NoAccess(refusal, shown) => Explanation {
                session: body_of(shown.as_deref()),
                ..refusal.into()
            },
            // A caller who may not read the session must not learn whether it exists.
            Self::Precondition(shown) => Explanation {
                session: body_of(shown.as_deref()),
                ..Explanation::new(
                    EdgeRule::Precondition,
                    "the session is not in a state that If-Match and If-None-Match name",
                )
            },
            Self::Edge(rule, detail) => Explanation::new(*rule, detail),
            Self::Method(allowed) => {
                Explanation::new(EdgeRule::Method, format!("this address takes {allowed}"))
            }
            Self::TooManySignatures => Explanation::new(
                EdgeRule::SignaturesFull,
                "more signatures are still good than can be remembered",
            ),
            Self::Unavailable(_) => {
                Explanation::new(EdgeRule::Unavailable, "the store cannot answer")
            }
            Self::People(_) => Explanation::new(
                EdgeRule::PeopleUnavailable,
                "what people have chosen cannot be looked up",
            ),
            Self::Overloaded => {
                Explanation::new(EdgeRule::Overloaded, "all places for requests are taken")
            }
            Self::Throttled(throttled) => {
                Explanation::new(EdgeRule::RateLimited, throttled.to_string())
            }
        }
    }
}

fn body_of(shown: Option<&Shown>) -> Option<Bytes> {
    shown.map(|shown| shown.body.clone())
}

fn message(family: Family, rule: AnyRule, text: &str) -> Response {
    let (content_type, body) = match family {
        Family::Text => ("text/plain; charset=utf-8", text.to_owned()),
        Family::Coded => {
            let body = ServiceError {
                code: rule.number(),
                source: "Convoke".to_owned(),
                description: text.to_owned(),
                trace_information: None,
            };
            let text = serde_json::to_string(&body).expect("text and numbers serialise");
            ("application/json", text)
        }
        Family::Activity => {
            let body = ActivityError {
                error_code: match rule.status() {
                    _ if rule == Rule::ActivityForbidden.into() => ActivityErrorCode::Authorization,
                    StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                        ActivityErrorCode::Authorization
                    }
                    StatusCode::BAD_REQUEST => ActivityErrorCode::RequestValidation,
                    _ => ActivityErrorCode::InvalidRequest,
                },
                debug_message: text.to_owned(),
            };
            let text = serde_json::to_string(&body).expect("texts serialise");
            ("application/json", text)
        }
    };
    let status = match (family, rule.status()) {
        (Family::Activity, StatusCode::FORBIDDEN) => StatusCode::BAD_REQUEST,
        (_, status) => status,
    };
    refused(status, Some(content_type), Body::from(body))
}

fn document(status: StatusCode, body: Bytes) -> Response {
    refused(status, Some("application/json"), Body::from(body))
}

fn empty(status: StatusCode) -> Response {
    refused(status, None, Body::empty())
}

/// Without a body. `[doc]`
fn unavailable() -> Response {
    let mut response = empty(StatusCode::SERVICE_UNAVAILABLE);
    response
        .headers_mut()
        .insert(RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_S));
    response
}

fn refused(status: StatusCode, content_type: Option<&'static str>, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        CACHE_CONTROL,
        HeaderValue::from_static("no-cache, no-store"),
    );
    if let Some(content_type) = content_type {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    response
}
