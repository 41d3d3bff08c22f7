//! The issuer's URIs. Not here: any rule; each handler is one call, repeated when a token of an
//! identity provider needed something first.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde::Serialize;

use super::proof::SignedCall;
use super::refusal::{IssuerError, Refusal};
use super::response::TokenResponse;
use super::xsts::MAX_USERS;
use super::{DevSignIn, Issuer, IssuerContext, Moment};

/// Longest body of a request to the issuer; a longer one is answered with 413. Inferred.
pub const MAX_BODY_LEN: usize = 64 * 1024;

/// Most times a request is looked at again after something was fetched or written for it: each of
/// its tokens may need a key and an XUID.
const MAX_PREPARATIONS: usize = 2 * MAX_USERS;

/// All URIs of the issuer, on every host. Those that believe whoever asks are there only while the
/// development issuer is on.
pub fn routes(context: IssuerContext) -> Router {
    let mut routes = Router::new()
        .route("/user/authenticate", post(user_authenticate))
        .route("/xsts/authorize", post(xsts_authorize))
        .route("/titles/{title}/endpoints", get(endpoints))
        .route("/.well-known/jwks.json", get(jwks));
    if context.issuer.config.dev_sign_in == DevSignIn::On {
        routes = routes
            .route("/device/authenticate", post(device_authenticate))
            .route("/title/authenticate", post(title_authenticate))
            .route("/dev/token", post(dev_token));
    }
    routes
        .layer(DefaultBodyLimit::max(MAX_BODY_LEN))
        .with_state(context)
}

/// A user token for a ticket.
async fn user_authenticate(State(context): State<IssuerContext>, call: SignedCall) -> Response {
    answer(prepared(&context, &call, Issuer::user_authenticate).await)
}

/// A device token.
async fn device_authenticate(State(context): State<IssuerContext>, call: SignedCall) -> Response {
    let proven = context.check_proof(&call);
    answer(proven.and_then(|()| {
        context
            .issuer
            .device_authenticate(&call.body, context.moment())
    }))
}

/// A title token for a device.
async fn title_authenticate(State(context): State<IssuerContext>, call: SignedCall) -> Response {
    let proven = context.check_proof(&call);
    answer(proven.and_then(|()| {
        context
            .issuer
            .title_authenticate(&call.body, context.moment())
    }))
}

/// A token for a service.
async fn xsts_authorize(State(context): State<IssuerContext>, call: SignedCall) -> Response {
    answer(prepared(&context, &call, Issuer::xsts_authorize).await)
}

/// The list of hosts and the tokens they want.
async fn endpoints(State(context): State<IssuerContext>, Path(title): Path<String>) -> Response {
    answer(context.issuer.endpoints(&title))
}

/// A token for a service, in one step.
async fn dev_token(State(context): State<IssuerContext>, body: Bytes) -> Response {
    answer(context.issuer.dev_token(&body, context.moment()))
}

/// The public keys of the issuer.
async fn jwks(State(context): State<IssuerContext>) -> Response {
    answer(Ok(context.issuer.jwks()))
}

/// Calls the issuer, and again as long as that brings its answer nearer.
async fn prepared(
    context: &IssuerContext,
    call: &SignedCall,
    asked: impl Fn(&Issuer, &[u8], Moment) -> Result<TokenResponse, IssuerError>,
) -> Result<TokenResponse, IssuerError> {
    context.check_proof(call)?;
    let moment = context.moment();
    let mut result = asked(&context.issuer, &call.body, moment);
    for _ in 0..MAX_PREPARATIONS {
        let Err(IssuerError::NotReady { need, .. }) = &result else {
            break;
        };
        match context.issuer.providers.prepare(need, moment.now).await {
            Ok(true) => result = asked(&context.issuer, &call.body, moment),
            Ok(false) => break,
            Err(_) => return Err(IssuerError::Unavailable),
        }
    }
    result
}

fn answer(result: Result<impl Serialize, IssuerError>) -> Response {
    let error = match result {
        Ok(body) => return json(StatusCode::OK, &body),
        Err(error) => error,
    };
    let explanation = error.explanation();
    let mut response = match error {
        IssuerError::Refused(refusal) => json(StatusCode::UNAUTHORIZED, &refusal),
        IssuerError::Proof(error) => {
            let refusal = Refusal::without_code(error.to_string());
            let mut response = json(StatusCode::UNAUTHORIZED, &refusal);
            let headers = response.headers_mut();
            headers.insert(WWW_AUTHENTICATE, error.www_authenticate());
            response
        }
        IssuerError::TooManySignatures | IssuerError::Unavailable => {
            let headers = [(RETRY_AFTER, HeaderValue::from_static("2"))];
            (StatusCode::SERVICE_UNAVAILABLE, headers).into_response()
        }
        error @ IssuerError::NotReady { .. } => {
            let refusal = Refusal::without_code(error.to_string());
            json(StatusCode::UNAUTHORIZED, &refusal)
        }
        IssuerError::Malformed(text) => (StatusCode::BAD_REQUEST, text).into_response(),
        IssuerError::NotFound(text) => (StatusCode::NOT_FOUND, text).into_response(),
    };
    response.extensions_mut().insert(explanation);
    response
}

fn json(status: StatusCode, body: &impl Serialize) -> Response {
    let body = serde_json::to_vec(body).expect("bodies have text keys and plain values");
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (status, headers, body).into_response()
}
