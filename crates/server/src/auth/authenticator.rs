//! From the headers of a request to the principal behind it.
//!
//! Not here: request signatures (`signature`).

use std::sync::Arc;

use http::HeaderMap;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::api_key::{self, API_KEY_PREFIX, ApiKey};
use super::cache::{PrincipalCache, Verified};
use super::certificate::{CertifiedService, CertifiedServices, ClientCertificate};
use super::delegation::delegate;
use super::error::AuthError;
use super::header::{Credentials, Scheme, UserHash, VALUE_MAX_LEN, authorization};
use super::keys::IssuerKeys;
use super::oidc::{Identified, LinkError, Providers, Unverified};
use super::principal::{Acting, MissingPrivileges, Principal, TitleIdentity};
use super::token::{Audience, EXPIRY_GRACE, SERVICE_AUDIENCE, verify};

/// What an [`Authenticator`] accepts.
#[derive(Debug, Clone, Default)]
pub struct AuthSettings {
    /// The exact `iss` claim of our issuer's tokens.
    pub issuer: String,
    /// What a token without privileges means; passed on, not used here.
    pub missing_privileges: MissingPrivileges,
    /// Whether titles have to be known for sure.
    pub title_identity: TitleIdentity,
    /// Static keys of services.
    pub api_keys: Vec<ApiKey>,
    /// Services that are known by their certificates.
    pub services: Vec<CertifiedService>,
    /// Whose tokens are accepted beside those of our issuer.
    pub providers: Arc<Providers>,
    /// Whether any user hash fits a provider's token, which has none; clients that must send one
    /// make it up. `x=*` and `Bearer` need no such leniency. Inferred.
    pub user_hashes: UserHashes,
    /// What tokens mean that our issuer made for anybody who asked.
    pub dev_tokens: DevTokens,
}

/// What a user hash before a provider's token means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UserHashes {
    /// It is in no such token, so it is refused.
    #[default]
    Strict,
    /// The only user of the token.
    Lenient,
}

/// Whether tokens of the development issuer are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DevTokens {
    /// They are.
    #[default]
    Accept,
    /// They are not: it is off now, and those it made before it was must not outlive it.
    Refuse,
}

/// Most times a credential is looked at again after something was fetched or written for it: once
/// for its key, once for its user.
const MAX_PREPARATIONS: usize = 2;

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

    /// Whether titles have to be known for sure.
    pub fn title_identity(&self) -> TitleIdentity {
        self.settings.title_identity
    }

    /// The principal of a request, after fetching or writing what verifying it needs.
    ///
    /// A certificate alone is a service; beside a token it makes the user a service as well.
    /// A credential that was verified before waits for nothing.
    pub async fn identify(
        &self,
        headers: &HeaderMap,
        certificate: Option<&ClientCertificate>,
        now: Timestamp,
    ) -> Result<Arc<Principal>, IdentifyError> {
        let mut preparations = 0;
        loop {
            let need = match self.attempt(headers, certificate, now) {
                Ok(principal) => return Ok(principal),
                Err(Unverified::Refused(error)) => return Err(error.into()),
                Err(Unverified::Needs(need)) => need,
            };
            preparations += 1;
            let again = preparations <= MAX_PREPARATIONS
                && self.settings.providers.prepare(&need, now).await?;
            if !again {
                return Err(need.refusal().into());
            }
        }
    }

    /// The principal of a request by what is known so far, after `X-Xbl-On-Behalf-Of` and `X-Xbl-Sandbox`.
    pub fn authenticate(
        &self,
        headers: &HeaderMap,
        certificate: Option<&ClientCertificate>,
        now: Timestamp,
    ) -> Result<Arc<Principal>, AuthError> {
        self.attempt(headers, certificate, now)
            .map_err(|unverified| match unverified {
                Unverified::Refused(error) => error,
                Unverified::Needs(need) => need.refusal(),
            })
    }

    fn attempt(
        &self,
        headers: &HeaderMap,
        certificate: Option<&ClientCertificate>,
        now: Timestamp,
    ) -> Result<Arc<Principal>, Unverified> {
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
            (Err(error), _) => return Err(error.into()),
        };
        Ok(delegate(principal, headers)?)
    }

    fn verified_principal(
        &self,
        value: &str,
        now: Timestamp,
    ) -> Result<Arc<Principal>, Unverified> {
        // Only what can be remembered is hashed.
        if VALUE_MAX_LEN < value.len() {
            return Err(AuthError::TOO_LONG.into());
        }
        let hash = Sha256::digest(value).into();
        if let Some(found) = self.verified.get(&hash) {
            let expired = has_expired(&found.principal, now);
            // What a provider signed is good as long as the provider stands by the key.
            if !expired && found.key.as_ref().is_none_or(|key| key.is_good(now)) {
                return Ok(found.principal);
            }
            self.verified.remove(&hash);
            if expired {
                return Err(AuthError::Expired.into());
            }
        }
        let credentials = Credentials::parse(value)?;
        if credentials.scheme == Scheme::Bearer && credentials.token.starts_with(API_KEY_PREFIX) {
            return api_key::find(&self.settings.api_keys, credentials.token)
                .ok_or(AuthError::InvalidSignature("the API key is not known").into());
        }
        let verified = self.verify(&credentials, now)?;
        let principal = Arc::clone(&verified.principal);
        self.verified.insert(hash, verified);
        Ok(principal)
    }

    fn verify(
        &self,
        credentials: &Credentials<'_>,
        now: Timestamp,
    ) -> Result<Verified, Unverified> {
        if let Some(identified) = self.settings.providers.identify(credentials.token, now) {
            return Ok(self.presented_as(identified?, &credentials.scheme)?);
        }
        let expected = Audience {
            issuer: &self.settings.issuer,
            relying_party: SERVICE_AUDIENCE,
        };
        let claims = verify(credentials.token, &self.keys, expected, now)?;
        if claims.idp.is_none() && self.settings.dev_tokens == DevTokens::Refuse {
            return Err(AuthError::InvalidSignature(
                "the token was made by the development issuer, which is off",
            )
            .into());
        }
        let principal = match &credentials.scheme {
            Scheme::Xbl3(user_hash) => claims.principal(user_hash)?,
            // A bearer token names nobody in particular: all of its users, or none.
            Scheme::Bearer => claims.principal(&UserHash::All)?,
        };
        Ok(Verified {
            principal: Arc::new(principal),
            key: None,
        })
    }

    /// A provider's token as a header presents it: it has one user or none, and no user hash.
    fn presented_as(&self, identified: Identified, scheme: &Scheme) -> Result<Verified, AuthError> {
        let mut principal = identified.principal;
        match scheme {
            Scheme::Bearer | Scheme::Xbl3(UserHash::All) => {}
            Scheme::Xbl3(UserHash::None) => {
                principal.users.clear();
                principal.acting = Acting::Nobody;
            }
            Scheme::Xbl3(UserHash::Decimal(_)) => {
                let lenient = self.settings.user_hashes == UserHashes::Lenient;
                if !lenient || principal.users.len() != 1 {
                    return Err(AuthError::UnknownUserHash);
                }
            }
        }
        Ok(Verified {
            principal: Arc::new(principal),
            key: Some(identified.key),
        })
    }
}

/// Why a caller is not known.
#[derive(Debug, thiserror::Error)]
pub enum IdentifyError {
    /// The credentials are refused.
    #[error(transparent)]
    Refused(#[from] AuthError),
    /// The caller is here for the first time, and that cannot be written down now.
    #[error(transparent)]
    Unavailable(#[from] LinkError),
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
