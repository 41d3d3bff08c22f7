//! From credentials to the caller that the rules know.

use std::sync::Arc;

use convoke_core::session::access::may_enter;
use convoke_core::{Caller, User};
use convoke_wire::session::constants::Capability;
use convoke_wire::{Scid, SessionKey, SessionRef, TemplateName, Xuid};
use http::HeaderMap;

use crate::api_error::ApiError;
use crate::auth::{Acting, ActingUser, AuthError, OnBehalf, Principal, Role, TitleIdentity};
use crate::connections::Peer;
use crate::edge_rule::EdgeRule;
use crate::service_configs::{NamedTemplate, ServiceConfig};
use crate::shared::Shared;
use crate::trail;

/// The privilege to play with others. `[doc]`
const MULTIPLAYER: u16 = 254;
/// The documented sentence for a token of another title or sandbox. `[doc]`
const CONFIG_FORBIDDEN: &str = "The requested service config cannot be accessed.";

/// An authenticated principal.
#[derive(Debug, Clone)]
pub struct Identity {
    /// As the token describes it.
    pub principal: Arc<Principal>,
    /// In whose name a game server asks.
    on_behalf: OnBehalf,
}

impl From<Arc<Principal>> for Identity {
    fn from(principal: Arc<Principal>) -> Self {
        Self {
            principal,
            on_behalf: OnBehalf::default(),
        }
    }
}

impl Identity {
    /// Verifies the credentials of a request.
    pub async fn of(
        shared: &Shared,
        headers: &HeaderMap,
        peer: Option<&Peer>,
    ) -> Result<Self, ApiError> {
        let now = shared.directory.clock.now();
        let certificate = peer.and_then(|peer| peer.certificate.as_deref());
        let authenticator = &shared.authenticator;
        let principal = authenticator.identify(headers, certificate, now).await?;
        let on_behalf = OnBehalf::of(&principal, headers)?;
        let identity = Self {
            principal,
            on_behalf,
        };
        if let Some(xuid) = identity.xuid() {
            trail::called_by(xuid);
        }
        Ok(identity)
    }

    /// Lets a token of several users act for the one that the request names.
    ///
    /// `named` is only asked where the header leaves the choice open.
    pub fn acting_for(self, named: impl FnOnce() -> Option<Xuid>) -> Result<Self, ApiError> {
        if !matches!(self.principal.acting, Acting::Undecided) {
            return Ok(self);
        }
        let chosen = named().and_then(|xuid| self.principal.act_for(xuid));
        let principal = chosen.ok_or(AuthError::UserNotChosen)?;
        let identity = Self {
            principal: Arc::new(principal),
            on_behalf: self.on_behalf,
        };
        if let Some(xuid) = identity.xuid() {
            trail::called_by(xuid);
        }
        Ok(identity)
    }

    /// Whether this is a server with rights on sessions.
    pub fn is_server(&self) -> bool {
        self.principal.has_role(&Role::SessionsServer)
    }

    /// The acting user; none where a server acts for several.
    pub fn xuid(&self) -> Option<Xuid> {
        let own = self.principal.acting_user().map(|user| user.xuid);
        own.or(match *self.on_behalf.users {
            [only] => Some(only.xuid),
            _ => None,
        })
    }

    /// Whether a service acts in a user's name.
    pub fn acts_for_another(&self) -> bool {
        !self.on_behalf.users.is_empty()
            || (self.xuid().is_some() && !self.principal.acts_for_own_user())
    }

    /// The users of the token, the acting one first.
    pub fn own_xuids(&self) -> Vec<Xuid> {
        let others = self.principal.users.iter().map(|user| user.xuid);
        self.xuid().into_iter().chain(others).collect()
    }

    /// The caller as the rules know it.
    pub fn caller(&self, shared: &Shared) -> Caller {
        let policy = shared.authenticator.missing_privileges();
        let user = self.principal.acting_user();
        let user = user.map(|user| User {
            xuid: user.xuid,
            gamertag: Some(user.gamertag.clone()).filter(|name| !name.is_empty()),
            multiplayer: user.has_privilege(MULTIPLAYER, policy),
            banned: false,
        });
        let on_behalf = &self.on_behalf;
        Caller {
            user: user.or(match *on_behalf.users {
                [only] => Some(vouched_for(only)),
                _ => None,
            }),
            server: self.is_server() && !on_behalf.denies_manage,
            title_id: on_behalf.title.or(self.principal.title_id),
            device_id: self.principal.device_id.clone(),
            // A service answers for whom it acts for.
            title_unproven: shared.authenticator.title_identity() == TitleIdentity::Require
                && self.principal.acts_for_own_user()
                && !self.principal.is_on_console(),
        }
    }

    /// The users whom a server acts for, each as a caller of its own, if there are several.
    pub fn acting_users(&self, config: &ServiceConfig, caller: &Caller) -> Vec<Caller> {
        let users = &self.on_behalf.users;
        let several = users.iter().filter(|_| 1 < users.len());
        let mut callers: Vec<_> = several
            .map(|user| Caller {
                user: Some(vouched_for(*user)),
                ..caller.clone()
            })
            .collect();
        for caller in &mut callers {
            mark_banned(config, caller);
        }
        callers
    }
}

/// A user of whom a server says whether they may play with others. `[doc]`
fn vouched_for(user: ActingUser) -> User {
    User {
        xuid: user.xuid,
        gamertag: None,
        multiplayer: user.multiplayer,
        banned: false,
    }
}

impl Identity {
    /// The caller inside a service configuration, where a service's roles may not count.
    pub fn caller_in(&self, shared: &Shared, config: &ServiceConfig) -> Caller {
        let mut caller = self.caller(shared);
        caller.server &= self.principal.serves(&config.scid);
        mark_banned(config, &mut caller);
        caller
    }
}

/// Notes whether the service configuration keeps the acting user out.
pub(crate) fn mark_banned(config: &ServiceConfig, caller: &mut Caller) {
    if let Some(user) = &mut caller.user {
        user.banned = config.banned_users.contains(&user.xuid);
    }
}

/// A caller inside a service configuration that is open to it.
#[derive(Debug, Clone)]
pub struct Admitted {
    /// The caller.
    pub caller: Caller,
    /// The service configuration.
    pub config: Arc<ServiceConfig>,
    /// The token names no title where one is needed.
    lacks_title: bool,
}

/// Checks that a service configuration exists and is open to the token's title and sandbox.
pub fn admit(shared: &Shared, identity: &Identity, scid: &Scid) -> Result<Admitted, ApiError> {
    let Some(config) = shared.catalogue.current().get(scid).cloned() else {
        let text = "The requested service config is either invalid or not configured for sessions";
        return Err(ApiError::edge(EdgeRule::ScidUnknown, text));
    };
    if !config.serves(&identity.principal.sandbox) {
        return Err(ApiError::edge(EdgeRule::ScidSandbox, CONFIG_FORBIDDEN));
    }
    let title_id = identity.principal.title_id;
    let serves = identity.principal.serves(scid);
    // A service does not reach further by acting for somebody.
    if !serves && !identity.principal.acts_for_own_user() {
        return Err(ApiError::edge(EdgeRule::ScidService, CONFIG_FORBIDDEN));
    }
    // A server acts as titles of the service configuration only.
    let named = identity.on_behalf.title;
    if named.is_some() && !config.admits_title(named) {
        return Err(ApiError::edge(EdgeRule::ScidTitle, CONFIG_FORBIDDEN));
    }
    let admitted = (identity.principal.is_service() && serves) || config.admits_title(title_id);
    if !admitted && title_id.is_some() {
        return Err(ApiError::edge(EdgeRule::ScidTitle, CONFIG_FORBIDDEN));
    }
    Ok(Admitted {
        caller: identity.caller_in(shared, &config),
        config,
        lacks_title: !admitted,
    })
}

impl Admitted {
    /// The same, if nobody keeps its user out of the service configuration.
    pub fn unless_banned(self) -> Result<Self, ApiError> {
        may_enter(&self.caller)?;
        Ok(self)
    }

    /// The template of a name, if it is open to the token. `[doc]` for the 404.
    pub fn template(&self, name: &TemplateName) -> Result<Arc<NamedTemplate>, ApiError> {
        let named = self.config.template(name).cloned().ok_or_else(|| {
            let text = format!("The session template `{name}` wasn't found");
            ApiError::edge(EdgeRule::TemplateUnknown, text)
        })?;
        // Platforms that cannot tell titles apart use sessions made for them. `[doc]`
        let capabilities = named.template.prescribed.system.capabilities.value();
        let for_users = capabilities.is_some_and(|on| on.has(Capability::UserAuthorizationStyle));
        if self.lacks_title && !for_users {
            let text = format!("{CONFIG_FORBIDDEN} The token names no title");
            return Err(ApiError::edge(EdgeRule::ScidUntitled, text));
        }
        Ok(named)
    }
}

/// The session that a reference means for a caller: sandboxes never meet. `[doc]`
pub fn key_of(identity: &Identity, reference: SessionRef) -> SessionKey {
    SessionKey {
        sandbox: identity.principal.sandbox.clone(),
        reference,
    }
}
