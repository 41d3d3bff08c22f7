//! Users of other tokens: those of identity providers, and the user tokens made of them.
//!
//! What a provider's token binds its user to (sandbox, title, device, time) binds every token that
//! is made of it. Not here: verifying tokens (`auth`).

use convoke_wire::ids::Sandbox;
use jiff::Timestamp;

use super::refusal::{IssuerError, Refusal};
use super::{DevSignIn, Issuer};
use crate::auth::oidc::{Identified, Unverified};
use crate::auth::{Claims, Confirmation, DeviceClaims, Principal, TitleClaims, UserClaims};

/// A user whom a token names.
#[derive(Debug)]
pub(super) struct SignedIn {
    pub(super) user: UserClaims,
    /// What the user's identity provider says besides; absent for users of the development issuer.
    pub(super) bound: Option<Bound>,
    /// The key that the token is bound to.
    pub(super) key: Option<Confirmation>,
}

/// What a provider's token binds its user to.
#[derive(Debug)]
pub(super) struct Bound {
    issuer: String,
    /// The Unix second at which the provider's token expires.
    expires: i64,
    pub(super) sandbox: Sandbox,
    pub(super) title: Option<TitleClaims>,
    pub(super) device: Option<DeviceClaims>,
}

impl Issuer {
    /// The user of a user token of ours or of a provider's token; `path` names it in refusals.
    ///
    /// A user who comes straight from a provider is known by a user hash of `token_id`.
    pub(super) fn signed_in(
        &self,
        path: &str,
        token: &str,
        token_id: &str,
        now: Timestamp,
    ) -> Result<SignedIn, IssuerError> {
        if let Some(result) = self.providers.identify(token, now) {
            return self.of_provider(path, result, token_id);
        }
        let refuse = |why: &str| Refusal::without_code(format!("{path}: {why}")).into();
        let mut claims = self.sign_in_claims(path, token, now)?;
        let (Some(user), true) = (claims.xui.pop(), claims.xui.is_empty()) else {
            return Err(refuse("the token is no user token"));
        };
        let bound = claims.idp.take().map(|issuer| Bound {
            issuer,
            expires: claims.exp,
            sandbox: claims.sbx.unwrap_or_default(),
            title: claims.xti,
            device: claims.xdi,
        });
        if bound.is_none() && self.config.dev_sign_in == DevSignIn::Off {
            return Err(refuse(
                "the token was made by the development issuer, which is off",
            ));
        }
        Ok(SignedIn {
            user,
            bound,
            key: claims.cnf,
        })
    }

    fn of_provider(
        &self,
        path: &str,
        result: Result<Identified, Unverified>,
        token_id: &str,
    ) -> Result<SignedIn, IssuerError> {
        let refuse = |why: String| Refusal::without_code(format!("{path}: {why}")).into();
        let Identified {
            principal, issuer, ..
        } = result.map_err(|unverified| match unverified {
            Unverified::Refused(error) => refuse(error.to_string()),
            Unverified::Needs(need) => IssuerError::NotReady {
                path: path.to_owned(),
                need,
            },
        })?;
        let user = self
            .user_claims(&principal, token_id)
            .ok_or_else(|| refuse("the token names no user".to_owned()))?;
        let device = DeviceClaims {
            did: principal.device_id.clone().unwrap_or_default(),
            dcs: None,
            dty: principal.device_type.clone(),
        };
        let has_device = principal.device_id.is_some() || principal.device_type.is_some();
        Ok(SignedIn {
            user,
            bound: Some(Bound {
                issuer,
                expires: principal.expires.as_second(),
                sandbox: principal.sandbox,
                title: principal.title_id.map(|tid| TitleClaims { tid }),
                device: has_device.then_some(device),
            }),
            key: None,
        })
    }

    fn user_claims(&self, principal: &Principal, token_id: &str) -> Option<UserClaims> {
        let user = principal.acting_user()?;
        let privileges = user.privileges.as_ref().map(|ids| {
            let ids: Vec<_> = ids.iter().map(u16::to_string).collect();
            ids.join(" ")
        });
        Some(UserClaims {
            uhs: self.keys.user_hash(token_id, user.xuid),
            gtg: Some(user.gamertag.clone()).filter(|name| !name.is_empty()),
            xid: Some(user.xuid),
            agg: user.age_group.map(|group| group.as_claim().to_owned()),
            prv: privileges,
            ..UserClaims::default()
        })
    }
}

impl Bound {
    /// Claims that say whom a token was exchanged for, and do not outlive what it was made of.
    pub(super) fn limit(&self, claims: Claims) -> Claims {
        Claims {
            exp: claims.exp.min(self.expires),
            idp: claims.idp.or_else(|| Some(self.issuer.clone())),
            ..claims
        }
    }
}

/// The one value that all who are bound to one are bound to; `Err` when they disagree.
pub(super) fn agreed<T: PartialEq>(all: impl IntoIterator<Item = T>) -> Result<Option<T>, ()> {
    let mut all = all.into_iter();
    let first = all.next();
    match first {
        Some(first) if all.any(|other| other != first) => Err(()),
        first => Ok(first),
    }
}
