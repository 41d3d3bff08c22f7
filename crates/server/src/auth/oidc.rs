//! Identity providers: tokens of other issuers, by OpenID Connect.
//!
//! Verifying a token never waits. What it needs and does not have yet (a key, the XUID of somebody
//! new) comes back as a [`Need`]; whoever can wait has [`Providers::prepare`] see to it and asks
//! again. Not here: what is refused at the session services, and tokens of our own issuer.

mod claim_map;
mod claim_source;
mod fetch;
mod key_source;
mod keys;
mod links;
mod settings;
mod verify;

use std::sync::Arc;

use convoke_wire::ids::Xuid;
use jiff::Timestamp;
use tokio_util::task::TaskTracker;

use super::error::AuthError;
use super::principal::{Acting, Principal, TokenUser};
use crate::clock::Clock;
use key_source::KeySource;

pub use claim_map::{ClaimMap, XuidSource};
pub use claim_source::{ClaimSource, ClaimSourceError};
pub(crate) use keys::SigningKey;
pub use links::{Fingerprint, LINK_FILE, LinkError, Links};
pub use settings::{ProviderError, ProviderSettings, SignatureAlgorithm, check};

/// The identity providers that this deployment believes.
#[derive(Debug, Default)]
pub struct Providers {
    all: Vec<Provider>,
    links: Arc<Links>,
    tasks: TaskTracker,
}

#[derive(Debug)]
struct Provider {
    settings: ProviderSettings,
    keys: Arc<KeySource>,
}

/// What a token of a provider says, in our terms.
#[derive(Debug, Clone)]
pub struct Identified {
    /// The caller: a user, a service, or neither.
    pub principal: Principal,
    /// The provider's `issuer`.
    pub issuer: String,
    /// The key that signed the token; what follows from the token is good only as long as it is.
    pub(crate) key: Arc<SigningKey>,
}

/// Why a token cannot be judged, or is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unverified {
    /// It is refused.
    Refused(AuthError),
    /// Something has to be fetched or written first.
    Needs(Need),
}

/// What has to happen before a token can be judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Need {
    /// The provider at this position may have published a key that we have not seen.
    Keys(usize),
    /// Somebody is here for the first time and has no XUID yet.
    Link(Fingerprint),
}

impl From<AuthError> for Unverified {
    fn from(error: AuthError) -> Self {
        Self::Refused(error)
    }
}

impl Need {
    /// The refusal when the need cannot be met.
    pub fn refusal(&self) -> AuthError {
        AuthError::InvalidSignature(
            "the token is signed with a key that its issuer does not publish",
        )
    }
}

impl Providers {
    /// The providers of a configuration, and the record of who has which XUID.
    pub fn new(all: Vec<ProviderSettings>, links: Links) -> Result<Self, ProviderError> {
        settings::check(&all)?;
        let provider = |settings: ProviderSettings| {
            let keys = Arc::new(KeySource::new(&settings)?);
            Ok(Provider { settings, keys })
        };
        Ok(Self {
            all: all.into_iter().map(provider).collect::<Result<_, _>>()?,
            links: Arc::new(links),
            tasks: TaskTracker::new(),
        })
    }

    /// The same providers, with the record of who has which XUID.
    pub(crate) fn with_links(self, links: Links) -> Self {
        Self {
            links: Arc::new(links),
            ..self
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Whether a token says that it is of one of the providers; nothing is verified yet.
    pub fn claim(&self, token: &str) -> bool {
        self.provider_of(token).is_some()
    }

    /// Verifies a token of a provider, with the keys known so far. `None`: it is of none of them.
    pub fn identify(&self, token: &str, now: Timestamp) -> Option<Result<Identified, Unverified>> {
        let (index, provider) = self.provider_of(token)?;
        Some(self.identify_at(index, provider, token, now))
    }

    fn provider_of(&self, token: &str) -> Option<(usize, &Provider)> {
        if self.all.is_empty() {
            return None;
        }
        // The issuer is read before anything is verified, and only to choose whose keys may verify.
        let issuer = verify::unverified_issuer(token)?;
        let mut all = self.all.iter().enumerate();
        all.find(|(_, provider)| provider.settings.issuer == issuer)
    }

    fn identify_at(
        &self,
        index: usize,
        provider: &Provider,
        token: &str,
        now: Timestamp,
    ) -> Result<Identified, Unverified> {
        let settings = &provider.settings;
        let header = verify::header(token, settings)?;
        let found = provider.keys.find(&header, now);
        let key = found.ok_or(Unverified::Needs(Need::Keys(index)))?;
        let verified = verify::verify(token, &header, &key, settings, now)?;
        let profile = claim_map::profile(&verified.claims, settings)?;
        let user = match profile.user {
            None => None,
            Some(user) => Some(TokenUser {
                xuid: self.xuid(user.id)?,
                uhs: String::new(),
                gamertag: user.gamertag.unwrap_or_default(),
                modern: None,
                age_group: user.age_group,
                privileges: user.privileges,
                restricted: std::collections::BTreeSet::new(),
            }),
        };
        let acting = user.as_ref().map_or(Acting::Nobody, |_| Acting::User(0));
        Ok(Identified {
            principal: Principal {
                users: user.into_iter().collect(),
                acting,
                title_id: profile.title_id,
                device_id: profile.device_id,
                device_type: profile.device_type,
                sandbox: profile.sandbox,
                roles: profile.roles,
                scids: None,
                proof_key: None,
                service: profile.service,
                token_id: verified.token_id,
                expires: verified.expires,
            },
            issuer: settings.issuer.clone(),
            key,
        })
    }

    fn xuid(&self, id: claim_map::UserId) -> Result<Xuid, Unverified> {
        match id {
            claim_map::UserId::Xuid(xuid) => Ok(xuid),
            claim_map::UserId::Hashed(fingerprint) => self
                .links
                .find(&fingerprint)
                .ok_or(Unverified::Needs(Need::Link(fingerprint))),
        }
    }

    /// Sees to a need. False when it cannot be met now; the token is then refused.
    ///
    /// The work is done by a task of its own, so that a client that goes away does not undo it.
    pub async fn prepare(&self, need: &Need, now: Timestamp) -> Result<bool, LinkError> {
        match need {
            Need::Keys(index) => match self.all.get(*index) {
                Some(provider) => Ok(provider.keys.refresh(now, &self.tasks).await),
                None => Ok(false),
            },
            Need::Link(fingerprint) => {
                let (links, fingerprint) = (Arc::clone(&self.links), *fingerprint);
                let linking = move || links.link(&fingerprint).map(|_| true);
                let linked = self.tasks.spawn_blocking(linking).await;
                linked.unwrap_or(Err(LinkError::Unwritable))
            }
        }
    }

    /// Fetches keys whenever they are due, for as long as it is polled. Requests wait only for keys
    /// that nobody has seen yet.
    pub async fn keep_fresh(&self, clock: &dyn Clock) {
        if self.is_empty() {
            return;
        }
        loop {
            self.refresh_due(clock.now()).await;
            clock
                .sleep(key_source::BETWEEN_FETCHES.unsigned_abs())
                .await;
        }
    }

    /// Fetches the keys of every provider whose keys are due for it.
    pub async fn refresh_due(&self, now: Timestamp) {
        for provider in &self.all {
            if provider.keys.is_due(now) {
                provider.keys.refresh(now, &self.tasks).await;
            }
        }
    }
}
