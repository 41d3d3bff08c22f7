//! Refusals as answers: the only table of status codes.

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use convoke_core::refusal::{Class, Refusal};
use convoke_store::StoreError;
use convoke_wire::contract::ContractVersionError;
use convoke_wire::people::ServiceError;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, ETAG, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};

use crate::auth::AuthError;
use crate::commit::TransactError;

/// The code of the rule that refused, and where, on every refusal; some bodies have no room for it.
pub const REFUSAL: &str = "x-convoke-refusal";

/// Seconds after which a client may try again when the store is in trouble.
const RETRY_AFTER_S: &str = "2";

/// How a service words its errors. `[doc]`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Text; the session directory.
    Text,
    /// An object with a code; people.
    Coded,
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
    /// Nothing is at this address.
    NotFound(String),
    /// The address exists, the verb does not.
    Method(&'static str),
    /// The token belongs to another title or sandbox.
    ConfigForbidden(&'static str),
    /// The contract version is missing or not spoken.
    Contract(Option<ContractVersionError>),
    /// The body is larger than the service takes, in bytes.
    BodyTooLarge(usize),
    /// The body is not JSON by its own account.
    MediaType(String),
    /// The body did not arrive.
    BodyIncomplete,
    /// The people service refused: status, its own code, in words.
    People(StatusCode, u32, String),
    /// The store cannot answer.
    Unavailable(StoreError),
}

impl From<AuthError> for ApiError {
    fn from(error: AuthError) -> Self {
        Self::Auth(error)
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
        Self::NotFound("The requested handle wasn't found [handles.not_found]".to_owned())
    }

    /// The answer for a session whose elements are asked for and which does not exist. `[doc]`
    pub fn session_not_found() -> Self {
        Self::NotFound("The requested session wasn't found [sessions.not_found]".to_owned())
    }

    /// The answer in the words of a service.
    pub fn into_response(self, family: Family) -> Response {
        let refusal = self.refusal_header();
        let mut response = match self {
            Self::Auth(error) => {
                let mut response =
                    message(StatusCode::UNAUTHORIZED, family, 4500, &error.to_string());
                response
                    .headers_mut()
                    .insert(WWW_AUTHENTICATE, error.www_authenticate());
                response
            }
            Self::Refused(refusal) => message(
                status_of(refusal.rule.class()),
                family,
                code_of(&refusal),
                &refusal.to_string(),
            ),
            Self::NoAccess(refusal, None) => {
                message(StatusCode::FORBIDDEN, family, 4500, &refusal.to_string())
            }
            // Only a failed precondition names the state to go on from.
            Self::NoAccess(_, Some(shown)) => document(StatusCode::FORBIDDEN, shown.body),
            Self::Precondition(None) => empty(StatusCode::PRECONDITION_FAILED),
            Self::Precondition(Some(shown)) => {
                let mut response = document(StatusCode::PRECONDITION_FAILED, shown.body);
                response.headers_mut().insert(ETAG, shown.etag);
                response
            }
            Self::NotFound(text) => message(StatusCode::NOT_FOUND, family, 4000, &text),
            Self::Method(allowed) => {
                let text = format!("this address takes {allowed} [method]");
                let mut response = message(StatusCode::METHOD_NOT_ALLOWED, family, 4000, &text);
                response
                    .headers_mut()
                    .insert(ALLOW, HeaderValue::from_static(allowed));
                response
            }
            Self::ConfigForbidden(why) => {
                // The first sentence is the documented one. `[doc]`
                let text = format!("The requested service config cannot be accessed. {why}");
                message(StatusCode::FORBIDDEN, family, 4500, text.trim_end())
            }
            Self::Contract(error) => {
                let text = match error {
                    None => "the header X-Xbl-Contract-Version is required [contract.missing]"
                        .to_owned(),
                    Some(error) => {
                        format!("X-Xbl-Contract-Version: {error} [contract.unsupported]")
                    }
                };
                message(StatusCode::BAD_REQUEST, family, 4000, &text)
            }
            Self::BodyTooLarge(most) => {
                let text = format!("body: larger than {most} bytes [body.size]");
                message(StatusCode::PAYLOAD_TOO_LARGE, family, 4000, &text)
            }
            Self::MediaType(found) => {
                let text = format!(
                    "Content-Type: expected application/json, found `{found}` [body.media_type]"
                );
                message(StatusCode::UNSUPPORTED_MEDIA_TYPE, family, 4000, &text)
            }
            Self::BodyIncomplete => {
                let text = "body: it did not arrive whole in time [body.incomplete]";
                message(StatusCode::REQUEST_TIMEOUT, family, 4000, text)
            }
            Self::People(status, code, text) => message(status, family, code, &text),
            Self::Unavailable(error) => {
                tracing::error!(%error, "the store cannot answer");
                let mut response = empty(StatusCode::SERVICE_UNAVAILABLE);
                response
                    .headers_mut()
                    .insert(RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_S));
                response
            }
        };
        if let Some(refusal) = refusal {
            response.headers_mut().insert(REFUSAL, refusal);
        }
        response
    }

    /// `<code>` or `<code>; path=<path>`, in characters that a header can carry.
    fn refusal_header(&self) -> Option<HeaderValue> {
        let text = match self {
            Self::Refused(refusal) | Self::NoAccess(refusal, _) => {
                let path: String = refusal
                    .path
                    .chars()
                    .filter(char::is_ascii_graphic)
                    .take(200)
                    .collect();
                if path.is_empty() {
                    refusal.rule.code().to_owned()
                } else {
                    format!("{}; path={path}", refusal.rule.code())
                }
            }
            Self::Precondition(_) => "precondition.failed".to_owned(),
            _ => return None,
        };
        HeaderValue::from_str(&text).ok()
    }
}

fn status_of(class: Class) -> StatusCode {
    match class {
        Class::Invalid => StatusCode::BAD_REQUEST,
        Class::Forbidden | Class::NoAccess => StatusCode::FORBIDDEN,
        Class::NotFound => StatusCode::NOT_FOUND,
        Class::Conflict => StatusCode::CONFLICT,
    }
}

/// The generic codes of the coded family. `[doc]`
fn code_of(refusal: &Refusal) -> u32 {
    match refusal.rule.class() {
        Class::Invalid | Class::NotFound | Class::Conflict => 4000,
        Class::Forbidden | Class::NoAccess => 4500,
    }
}

fn message(status: StatusCode, family: Family, code: u32, text: &str) -> Response {
    let (content_type, body) = match family {
        Family::Text => ("text/plain; charset=utf-8", text.to_owned()),
        Family::Coded => {
            let body = ServiceError {
                code,
                source: "Convoke".to_owned(),
                description: text.to_owned(),
                trace_information: None,
            };
            let text = serde_json::to_string(&body).expect("text and numbers serialise");
            ("application/json", text)
        }
    };
    refused(status, Some(content_type), Body::from(body))
}

fn document(status: StatusCode, body: Bytes) -> Response {
    refused(status, Some("application/json"), Body::from(body))
}

fn empty(status: StatusCode) -> Response {
    refused(status, None, Body::empty())
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
