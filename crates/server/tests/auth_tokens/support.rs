//! The service's tokens and a router that hands them out.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use convoke_server::auth::{
    AuthError, AuthSettings, Authenticator, Claims, IssuerKeys, Principal, SERVICE_AUDIENCE, sign,
};
use convoke_server::issuer::{Issuer, IssuerConfig, IssuerContext, PublicHost, WebScheme, routes};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use jiff::Timestamp;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use uuid::Uuid;

pub(crate) const NAME: &str = "https://issuer.example";
pub(crate) const DEV_ONE: u64 = 2_533_274_790_395_904;

/// A deployment: one set of keys, an issuer over HTTP, an authenticator.
pub(crate) struct World {
    pub(crate) keys: Arc<IssuerKeys>,
    pub(crate) authenticator: Authenticator,
    pub(crate) router: Router,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with_keys(IssuerKeys::generate())
    }

    pub(crate) fn with_keys(keys: IssuerKeys) -> Self {
        let keys = Arc::new(keys);
        let settings = AuthSettings {
            issuer: NAME.to_owned(),
            ..AuthSettings::default()
        };
        let mut config = IssuerConfig::new(NAME);
        config.public_hosts = vec![PublicHost {
            scheme: WebScheme::Https,
            host: "mpsd.example".to_owned(),
            port: None,
        }];
        let context = IssuerContext {
            issuer: Arc::new(Issuer::new(Arc::clone(&keys), config)),
            now: Arc::new(now),
            new_id: Arc::new(|| Uuid::from_u128(7)),
            signatures: Arc::default(),
        };
        Self {
            authenticator: Authenticator::new(Arc::clone(&keys), settings),
            keys,
            router: routes(context),
        }
    }

    /// Signs claims that differ from good ones in these fields.
    pub(crate) fn token(&self, changes: &Value) -> String {
        sign(&claims(changes), &self.keys)
    }

    pub(crate) fn authenticate(&self, value: &str) -> Result<Arc<Principal>, AuthError> {
        self.authenticator
            .authenticate(&headers(value), None, now())
    }

    pub(crate) fn reason(&self, value: &str) -> &'static str {
        match self.authenticate(value) {
            Ok(_) => "accepted",
            Err(error) => error.reason(),
        }
    }

    pub(crate) async fn post(
        &self,
        path: &str,
        body: impl Into<Body>,
    ) -> (StatusCode, HeaderMap, Vec<u8>) {
        let request = Request::post(path)
            .header(CONTENT_TYPE, "application/json")
            .header("x-xbl-contract-version", "1")
            .body(body.into())
            .expect("a request");
        self.send(request).await
    }

    pub(crate) async fn get(&self, path: &str) -> (StatusCode, HeaderMap, Vec<u8>) {
        let request = Request::get(path).body(Body::empty()).expect("a request");
        self.send(request).await
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> (StatusCode, HeaderMap, Vec<u8>) {
        let response = self
            .router
            .clone()
            .oneshot(request)
            .await
            .expect("infallible");
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("a body in memory").to_bytes();
        (parts.status, parts.headers, body.to_vec())
    }

    pub(crate) async fn post_json(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        let (status, _, body) = self.post(path, body.to_string()).await;
        (status, json_of(&body))
    }
}

pub(crate) fn now() -> Timestamp {
    "2025-01-01T00:00:00Z".parse().expect("a timestamp")
}

pub(crate) fn json_of(body: &[u8]) -> Value {
    serde_json::from_slice(body)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into_owned()))
}

pub(crate) fn headers(value: &str) -> HeaderMap {
    let mut map = HeaderMap::new();
    map.insert(AUTHORIZATION, value.parse().expect("a header value"));
    map
}

pub(crate) fn claims(changes: &Value) -> Claims {
    let second = now().as_second();
    let mut all = json!({
        "iss": NAME, "aud": SERVICE_AUDIENCE, "jti": "t",
        "iat": second, "nbf": second, "exp": second + 3_600,
        "xui": [{"uhs": "42", "xid": DEV_ONE.to_string()}],
    });
    let object = all.as_object_mut().expect("an object");
    object.extend(changes.as_object().expect("an object").clone());
    serde_json::from_value(all).expect("valid claims")
}

pub(crate) fn two_users() -> Value {
    json!({"xui": [{"uhs": "42", "xid": "1"}, {"uhs": "43", "xid": "2"}]})
}

pub(crate) fn acting_xuid(principal: &Principal) -> Option<u64> {
    principal.acting_user().map(|user| user.xuid.0)
}

/// A token with a header of the attacker's choice and a signature of the attacker's making.
pub(crate) fn forged(header: &Value, claims: &Value, signature: &[u8]) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signature = URL_SAFE_NO_PAD.encode(signature);
    format!("{}.{}.{signature}", part(header), part(claims))
}
