//! Checking the signatures of requests, before their handlers see them.
//!
//! Not here: the signatures themselves (`auth/signature`), and those of the sign-in services
//! (`issuer`).

use axum::body::Body;
use http::header::AUTHORIZATION;
use http::request::Parts;

use crate::api_error::ApiError;
use crate::auth::{SignatureError, SignedBody, SignedRequest};
use crate::caller::Identity;
use crate::config::SignatureMode;
use crate::exchange;
use crate::shared::Shared;

/// The body of a request whose signature is as the configuration wants it.
///
/// Only where a signature is checked is the body read here, from a caller whose token is good.
pub async fn checked(
    shared: &Shared,
    identity: &Identity,
    parts: &Parts,
    body: Body,
) -> Result<Body, ApiError> {
    let signatures = &shared.signatures;
    if signatures.mode() == SignatureMode::Off {
        return Ok(body);
    }
    // A certificate proves in its handshake what a signature proves of a token.
    let Some(authorization) = parts.headers.get(AUTHORIZATION) else {
        return Ok(body);
    };
    let Some(wanted) = signatures.wanted(&parts.headers, identity.principal.proof_key.as_ref())?
    else {
        return Ok(body);
    };
    let body = exchange::whole_body(parts, body).await?;
    let target = parts.uri.path_and_query();
    let request = SignedRequest {
        method: parts.method.as_str(),
        target: target.map_or("", |target| target.as_str()),
        authorization: authorization.to_str().unwrap_or_default(),
        body: &body,
        signed_body: SignedBody::Beginning,
    };
    signatures
        .check(&request, wanted, shared.directory.clock.now())
        .map_err(|error| match error {
            SignatureError::Refused(error) => error.into(),
            SignatureError::Full => ApiError::TooManySignatures,
        })?;
    Ok(body.into())
}
