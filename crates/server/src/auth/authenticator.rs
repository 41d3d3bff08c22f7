//! From the headers of a request to the principal behind it.
//!
//! Not here: request signatures (`signature`); not checked yet: tokens of other issuers.

use std::sync::Arc;

use http::HeaderMap;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::api_key::{self, API_KEY_PREFIX, ApiKey};
use super::cache::PrincipalCache;
use super::certificate::{CertifiedService, CertifiedServices, ClientCertificate};
use super::delegation::delegate;
use super::error::AuthError;
use super::header::{Credentials, Scheme, UserHash, authorization};
use super::keys::IssuerKeys;
use super::principal::{MissingPrivileges, Principal};
use super::token::{Audience, EXPIRY_GRACE, SERVICE_AUDIENCE, verify};

/// What an [`Authenticator`] accepts.
#[derive(Debug, Clone, Default)]
pub struct AuthSettings {
    /// The exact `iss` claim of our issuer's tokens.
    pub issuer: String,
    /// What a token without privileges means; passed on, not used here.
    pub missing_privileges: MissingPrivileges,
    /// Static keys of services.
    pub api_keys: Vec<ApiKey>,
    /// Services that are known by their certificates.
    pub services: Vec<CertifiedService>,
}

/// Verifies credentials and remembers the ones it verified.
#[derive(Debug)]
pub struct Authenticator {
    keys: Arc<IssuerKeys>,
    settings: AuthSettings,
    verified: PrincipalCache,
    certified: CertifiedServices,
}

impl Authenticator {
    /// An authenticator for tokens signed with these keys.
    pub fn new(keys: Arc<IssuerKeys>, mut settings: AuthSettings) -> Self {
        Self {
            certified: CertifiedServices::new(std::mem::take(&mut settings.services)),
            keys,
            settings,
            verified: PrincipalCache::new(),
        }
    }

    /// What a token without privileges means here.
    pub fn missing_privileges(&self) -> MissingPrivileges {
        self.settings.missing_privileges
    }

    /// The principal of a request, after `X-Xbl-On-Behalf-Of` and `X-Xbl-Sandbox`.
    ///
    /// A certificate alone is a service; beside a token it makes the user a service as well.
    pub fn authenticate(
        &self,
        headers: &HeaderMap,
        certificate: Option<&ClientCertificate>,
        now: Timestamp,
    ) -> Result<Arc<Principal>, AuthError> {
        let service = match certificate {
            Some(certificate) => self.certified.find(certificate, now)?,
            None => None,
        };
        let principal = match (authorization(headers), service) {
            (Ok(value), None) => self.verified_principal(value, now)?,
            (Ok(value), Some(service)) => {
                Arc::new(self.verified_principal(value, now)?.with_service(service))
            }
            (Err(AuthError::Missing), Some(service)) => Arc::clone(service),
            (Err(error), _) => return Err(error),
        };
        delegate(principal, headers)
    }

    fn verified_principal(&self, value: &str, now: Timestamp) -> Result<Arc<Principal>, AuthError> {
        // Reading comes first, so that an oversize value is not even hashed.
        let credentials = Credentials::parse(value)?;
        if credentials.scheme == Scheme::Bearer && credentials.token.starts_with(API_KEY_PREFIX) {
            return api_key::find(&self.settings.api_keys, credentials.token)
                .ok_or(AuthError::InvalidSignature("the API key is not known"));
        }
        let hash = Sha256::digest(value).into();
        if let Some(principal) = self.verified.get(&hash) {
            if has_expired(&principal, now) {
                self.verified.remove(&hash);
                return Err(AuthError::Expired);
            }
            return Ok(principal);
        }
        let principal = Arc::new(self.verify(&credentials, now)?);
        self.verified.insert(hash, Arc::clone(&principal));
        Ok(principal)
    }

    fn verify(
        &self,
        credentials: &Credentials<'_>,
        now: Timestamp,
    ) -> Result<Principal, AuthError> {
        let expected = Audience {
            issuer: &self.settings.issuer,
            relying_party: SERVICE_AUDIENCE,
        };
        let claims = verify(credentials.token, &self.keys, expected, now)?;
        match &credentials.scheme {
            Scheme::Xbl3(user_hash) => claims.principal(user_hash),
            // A bearer token names nobody in particular: all of its users, or none.
            Scheme::Bearer => claims.principal(&UserHash::All),
        }
    }
}

/// Whether a credential verified earlier is no longer good, by the same rule as in `token`.
fn has_expired(principal: &Principal, now: Timestamp) -> bool {
    principal
        .expires
        .checked_add(EXPIRY_GRACE)
        .is_ok_and(|end| end <= now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::{Acting, Claims, Role, sign};
    use convoke_wire::ids::Sandbox;
    use http::header::AUTHORIZATION;

    const ISSUER: &str = "https://issuer.example";

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    fn headers(value: &str) -> HeaderMap {
        let mut map = HeaderMap::new();
        map.insert(AUTHORIZATION, value.parse().expect("a header value"));
        map
    }

    fn authenticator(api_keys: Vec<ApiKey>) -> Authenticator {
        let settings = AuthSettings {
            issuer: ISSUER.to_owned(),
            api_keys,
            ..AuthSettings::default()
        };
        Authenticator::new(Arc::new(IssuerKeys::generate()), settings)
    }

    fn token(authenticator: &Authenticator) -> String {
        let claims: Claims = serde_json::from_value(serde_json::json!({
            "iss": ISSUER, "aud": SERVICE_AUDIENCE, "iat": 0, "nbf": 0, "exp": 1_000, "jti": "t",
            "xui": [{"uhs": "42", "xid": "7"}],
        }))
        .expect("valid claims");
        sign(&claims, &authenticator.keys)
    }

    #[test]
    fn a_remembered_token_expires_like_any_other() {
        let authenticator = authenticator(vec![]);
        let headers = headers(&format!("XBL3.0 x=42;{}", token(&authenticator)));
        let first = authenticator
            .authenticate(&headers, None, at(0))
            .expect("valid");
        let again = authenticator
            .authenticate(&headers, None, at(1_059))
            .expect("in grace");
        assert!(Arc::ptr_eq(&first, &again), "remembered");
        assert_eq!(authenticator.verified.len(), 1);
        let late = authenticator.authenticate(&headers, None, at(1_060));
        assert_eq!(late, Err(AuthError::Expired));
        assert_eq!(authenticator.verified.len(), 0, "forgotten");
        let late = authenticator.authenticate(&headers, None, at(1_060));
        assert_eq!(late, Err(AuthError::Expired));
    }

    #[test]
    fn refusals_are_not_remembered() {
        let authenticator = authenticator(vec![]);
        let token = token(&authenticator);
        for value in [
            format!("XBL3.0 x=43;{token}"),
            format!("XBL3.0 x=42;{token}x"),
        ] {
            assert!(
                authenticator
                    .authenticate(&headers(&value), None, at(0))
                    .is_err()
            );
        }
        assert_eq!(authenticator.verified.len(), 0);
    }

    #[test]
    fn a_bearer_token_acts_for_its_only_user() {
        let authenticator = authenticator(vec![]);
        let headers = headers(&format!("Bearer {}", token(&authenticator)));
        let principal = authenticator
            .authenticate(&headers, None, at(0))
            .expect("valid");
        assert_eq!(principal.acting, Acting::User(0));
    }

    #[test]
    fn api_keys_are_service_principals() {
        let hash = Sha256::digest("mpsk_right").into();
        let roles = [Role::SessionsServer];
        let key = ApiKey::new(hash, "lobby", roles, Sandbox::default());
        let authenticator = authenticator(vec![key]);
        let principal = authenticator
            .authenticate(&headers("Bearer mpsk_right"), None, Timestamp::MAX)
            .expect("a known key");
        assert!(principal.is_service() && principal.has_role(&Role::SessionsServer));
        let refused = authenticator.authenticate(&headers("Bearer mpsk_wrong"), None, at(0));
        assert_eq!(refused.expect_err("unknown").reason(), "invalid_signature");
        let refused = authenticator.authenticate(&headers("XBL3.0 x=-;mpsk_right"), None, at(0));
        assert_eq!(refused.expect_err("not a token").reason(), "malformed");
    }
}
