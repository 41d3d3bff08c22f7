//! Proof keys in requests to the sign-in services, and the signatures that prove them. `[client]`
//!
//! Not here: the signatures themselves (`auth/signature`).

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::response::Response;
use http::request::Parts;
use serde::Deserialize;

use super::IssuerContext;
use super::body::json;
use super::refusal::{IssuerError, Refusal};
use crate::auth::{Confirmation, ProofKey, SignatureError, SignedBody, SignedRequest};

/// A request as a signature covers it.
pub(super) struct SignedCall {
    parts: Parts,
    pub(super) body: Bytes,
}

impl FromRequest<IssuerContext> for SignedCall {
    type Rejection = Response;

    async fn from_request(request: Request, state: &IssuerContext) -> Result<Self, Response> {
        use axum::response::IntoResponse as _;
        let (parts, body) = request.into_parts();
        let whole = Request::from_parts(parts.clone(), body);
        match Bytes::from_request(whole, state).await {
            Ok(body) => Ok(Self { parts, body }),
            Err(rejection) => Err(rejection.into_response()),
        }
    }
}

/// As much of a request as names its key.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Probe {
    properties: ProbedProperties,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ProbedProperties {
    proof_key: Option<ProofKey>,
}

impl IssuerContext {
    /// Checks that whoever names a proof key holds it, as far as the configuration wants it.
    ///
    /// There is no token yet: the key is the one of the body, and all of the body is signed.
    pub(super) fn check_proof(&self, call: &SignedCall) -> Result<(), IssuerError> {
        // What cannot be read is refused with its place by whoever reads the rest.
        let Ok(Probe { properties }) = json(&call.body) else {
            return Ok(());
        };
        let Some(key) = properties.proof_key else {
            return Ok(());
        };
        let Some(wanted) = self.signatures.wanted(&call.parts.headers, Some(&key))? else {
            return Ok(());
        };
        let authorization = call.parts.headers.get(http::header::AUTHORIZATION);
        let authorization = authorization.and_then(|value| value.to_str().ok());
        let target = call.parts.uri.path_and_query();
        let request = SignedRequest {
            method: call.parts.method.as_str(),
            target: target.map_or("", |target| target.as_str()),
            authorization: authorization.unwrap_or_default(),
            body: &call.body,
            signed_body: SignedBody::Whole,
        };
        self.signatures
            .check(&request, wanted, (self.now)())
            .map_err(|error| match error {
                SignatureError::Refused(error) => IssuerError::Proof(error),
                SignatureError::Full => IssuerError::TooManySignatures,
            })
    }
}

/// The one key that a request and its tokens name: a token does not pass to another key.
pub(super) fn one_key(
    keys: impl IntoIterator<Item = Option<Confirmation>>,
) -> Result<Option<Confirmation>, Refusal> {
    let mut keys = keys.into_iter().flatten();
    let Some(first) = keys.next() else {
        return Ok(None);
    };
    if keys.all(|key| key == first) {
        Ok(Some(first))
    } else {
        Err(Refusal::without_code(
            "Properties: the tokens and `ProofKey` are of different keys",
        ))
    }
}
