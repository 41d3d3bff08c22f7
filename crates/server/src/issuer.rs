//! The embedded issuer: hands out tokens that the session services accept.
//!
//! It exchanges tokens of the configured identity providers, and for development also signs in
//! whoever asks. The latter proves nothing: whoever reaches it may be anybody, so it belongs on a
//! developer's machine or a closed network.
//! Not here: host names (the same paths serve all of them), and verifying tokens at a service
//! (`auth`).

mod body;
mod dev_token;
mod endpoints;
mod exchange;
mod proof;
mod refusal;
mod response;
mod routes;
mod sign_in;
mod users;
mod xsts;

use std::fmt;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::auth::oidc::Providers;
use crate::auth::{
    Audience, Claims, IssuerKeys, MAX_TOKEN_LEN, SIGN_IN_AUDIENCE, Signatures, sign, verify,
};

pub use endpoints::{PublicHost, WebScheme};
pub use refusal::{IssuerError, Refusal, XErr};
pub use response::{DisplayClaims, TokenResponse};
pub use routes::{MAX_BODY_LEN, routes};
pub use users::{DevUser, UnlistedUsers};

/// How long tokens live unless configured otherwise. Inferred.
pub const DEFAULT_LIFETIME: SignedDuration = SignedDuration::from_hours(16);

/// The issuer: its keys and its configuration.
#[derive(Debug)]
pub struct Issuer {
    keys: Arc<IssuerKeys>,
    config: IssuerConfig,
    providers: Arc<Providers>,
}

/// Whether anybody who asks is signed in as whomever they name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DevSignIn {
    /// Yes, for development.
    #[default]
    On,
    /// No: tokens are only made of tokens.
    Off,
}

/// What the issuer is told at start.
#[derive(Debug, Clone)]
pub struct IssuerConfig {
    /// The `iss` claim of every token; the authenticator must expect the same text.
    pub name: String,
    /// How long every token lives.
    pub lifetime: SignedDuration,
    /// Whether `d=dev:…` tickets, `/dev/token`, devices and titles are believed.
    pub dev_sign_in: DevSignIn,
    /// Users whose gamertags are known.
    pub dev_users: Vec<DevUser>,
    /// What happens to XUIDs that are not among them.
    pub unlisted_users: UnlistedUsers,
    /// Where clients reach the services, for the endpoint list.
    pub public_hosts: Vec<PublicHost>,
}

/// Time and chance of one request, so that the issuer has neither.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// The time.
    pub now: Timestamp,
    /// The id of the token that may be made.
    pub id: Uuid,
}

/// What the issuer's routes share.
#[derive(Clone)]
pub struct IssuerContext {
    /// The issuer.
    pub issuer: Arc<Issuer>,
    /// The clock.
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// The source of token ids.
    pub new_id: Arc<dyn Fn() -> Uuid + Send + Sync>,
    /// How signatures of requests are checked.
    pub signatures: Arc<Signatures>,
}

impl IssuerConfig {
    /// The defaults: any XUID, no known gamertags, tokens of 16 hours.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            lifetime: DEFAULT_LIFETIME,
            dev_sign_in: DevSignIn::On,
            dev_users: Vec::new(),
            unlisted_users: UnlistedUsers::Accept,
            public_hosts: Vec::new(),
        }
    }
}

impl Issuer {
    /// An issuer that signs with these keys.
    pub fn new(keys: Arc<IssuerKeys>, config: IssuerConfig) -> Self {
        Self {
            keys,
            config,
            providers: Arc::default(),
        }
    }

    /// The same issuer, exchanging tokens of these identity providers.
    #[must_use]
    pub fn exchanging(self, providers: Arc<Providers>) -> Self {
        Self { providers, ..self }
    }

    /// The public keys of the issuer (RFC 7517).
    pub fn jwks(&self) -> serde_json::Value {
        self.keys.jwks()
    }

    /// Claims without any subject, for a relying party.
    fn empty_claims(&self, relying_party: &str, moment: Moment) -> Claims {
        let issued = moment.now.as_second();
        Claims {
            iss: self.config.name.clone(),
            aud: relying_party.to_owned(),
            iat: issued,
            nbf: issued,
            exp: issued.saturating_add(self.config.lifetime.as_secs()),
            jti: moment.id.to_string(),
            xui: Vec::new(),
            xti: None,
            xdi: None,
            sbx: None,
            svc: None,
            rol: Vec::new(),
            cnf: None,
            idp: None,
        }
    }

    /// Signs claims and wraps the token as clients expect it.
    fn respond(
        &self,
        claims: &Claims,
        display_claims: DisplayClaims,
        moment: Moment,
    ) -> Result<TokenResponse, IssuerError> {
        let token = sign(claims, &self.keys);
        if MAX_TOKEN_LEN < token.len() {
            return Err(IssuerError::Malformed(
                "all of this does not fit into one token".to_owned(),
            ));
        }
        let expires = Timestamp::from_second(claims.exp).unwrap_or(Timestamp::MAX);
        Ok(TokenResponse::new(
            moment.now,
            expires,
            token,
            display_claims,
        ))
    }

    /// Verifies a user, device or title token of ours; `path` names it in the refusal.
    fn sign_in_claims(&self, path: &str, token: &str, now: Timestamp) -> Result<Claims, Refusal> {
        let expected = Audience {
            issuer: &self.config.name,
            relying_party: SIGN_IN_AUDIENCE,
        };
        verify(token, &self.keys, expected, now)
            .map_err(|error| Refusal::without_code(format!("{path}: {error}")))
    }
}

impl IssuerContext {
    fn moment(&self) -> Moment {
        Moment {
            now: (self.now)(),
            id: (self.new_id)(),
        }
    }
}

impl fmt::Debug for IssuerContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuerContext")
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}
