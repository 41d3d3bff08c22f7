//! What a token says, and the principal that follows from it.
//!
//! Not here: signatures and times (`token`).

use std::collections::BTreeSet;
use std::fmt;

use convoke_wire::ids::{Sandbox, TitleId, Xuid};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::AuthError;
use super::header::UserHash;
use super::principal::{Acting, AgeGroup, ModernGamertag, Principal, TokenUser};
use super::proof_key::Confirmation;

/// The claims of a token of ours. Claims that we do not know are ignored.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Who signed it.
    pub iss: String,
    /// The relying party it is for. `[client]`
    pub aud: String,
    /// When it was signed, in Unix seconds.
    pub iat: i64,
    /// The second before which it is not valid.
    pub nbf: i64,
    /// The second at which it expires.
    pub exp: i64,
    /// The token's own id.
    pub jti: String,
    /// The users. `[client]`
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub xui: Vec<UserClaims>,
    /// The title. `[client]`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub xti: Option<TitleClaims>,
    /// The device. `[client]`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub xdi: Option<DeviceClaims>,
    /// The sandbox; `RETAIL` when absent. Inferred.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sbx: Option<Sandbox>,
    /// The name of a service. Inferred.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub svc: Option<String>,
    /// The roles of a service. Inferred.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rol: Vec<String>,
    /// The key that the client has proven to hold (RFC 7800). Inferred.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cnf: Option<Confirmation>,
    /// The identity provider that the token was exchanged for; absent when the development issuer
    /// made it of nothing. Ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idp: Option<String>,
}

/// The claims about one user, in the order in which responses show them. `[client]`
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserClaims {
    /// The user hash.
    pub uhs: String,
    /// The gamertag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gtg: Option<String>,
    /// The XUID; only in tokens for the session services.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub xid: Option<Xuid>,
    /// The age group: `Adult`, `Teen`, `Child`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agg: Option<String>,
    /// The privileges, as decimal ids with spaces between.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prv: Option<String>,
    /// Restricted privileges, in the same form. `[public]`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usr: Option<String>,
    /// Privileges restricted for the title, in the same form. `[public]`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub utr: Option<String>,
    /// The modern gamertag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mgt: Option<String>,
    /// Its suffix.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mgs: Option<String>,
    /// Both joined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub umg: Option<String>,
}

/// The claims about the title. `[client]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TitleClaims {
    /// The title id.
    pub tid: TitleId,
}

/// The claims about the device. `[client]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceClaims {
    /// The device id as the issuer names it; empty when only the type is known.
    pub did: String,
    /// A flag whose meaning is not known; always `0` here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dcs: Option<String>,
    /// The device type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dty: Option<String>,
}

impl Claims {
    /// The principal of a request that presents these claims under a user hash.
    pub fn principal(self, user_hash: &UserHash) -> Result<Principal, AuthError> {
        let expires = Timestamp::from_second(self.exp)
            .map_err(|_| AuthError::Malformed("the token's expiry is out of range"))?;
        let users = match user_hash {
            // A principal without user, whatever the token holds.
            UserHash::None => Vec::new(),
            UserHash::All | UserHash::Decimal(_) => self
                .xui
                .into_iter()
                .map(UserClaims::user)
                .collect::<Result<Vec<_>, _>>()?,
        };
        let acting = match user_hash {
            UserHash::None => Acting::Nobody,
            UserHash::Decimal(hash) => users
                .iter()
                .position(|user| &user.uhs == hash)
                .map(Acting::User)
                .ok_or(AuthError::UnknownUserHash)?,
            UserHash::All => match users.len() {
                0 => Acting::Nobody,
                1 => Acting::User(0),
                _ => Acting::Undecided,
            },
        };
        let (device_id, device_type) = match self.xdi {
            Some(device) => (Some(device.did).filter(|id| !id.is_empty()), device.dty),
            None => (None, None),
        };
        Ok(Principal {
            users,
            acting,
            title_id: self.xti.map(|title| title.tid),
            device_id,
            device_type,
            sandbox: self.sbx.unwrap_or_default(),
            scids: None,
            proof_key: self.cnf.map(|cnf| cnf.jwk),
            roles: self.rol.iter().map(|name| name.as_str().into()).collect(),
            service: self.svc,
            token_id: self.jti,
            expires,
        })
    }
}

impl UserClaims {
    fn user(self) -> Result<TokenUser, AuthError> {
        let xuid = self
            .xid
            .ok_or(AuthError::Malformed("a user of the token has no XUID"))?;
        let mut restricted = ids(self.usr.as_deref().unwrap_or_default())?;
        restricted.extend(ids(self.utr.as_deref().unwrap_or_default())?);
        let privileges = match &self.prv {
            Some(text) => Some(ids(text)?.difference(&restricted).copied().collect()),
            None => None,
        };
        let modern = self.mgt.map(|name| {
            let suffix = self.mgs.unwrap_or_default();
            let unique = self.umg.unwrap_or_else(|| unique_gamertag(&name, &suffix));
            ModernGamertag {
                name,
                suffix,
                unique,
            }
        });
        Ok(TokenUser {
            xuid,
            uhs: self.uhs,
            gamertag: self.gtg.unwrap_or_default(),
            modern,
            age_group: self.agg.as_deref().and_then(AgeGroup::from_claim),
            privileges,
            restricted,
        })
    }
}

/// `name#suffix`, or the name alone without a suffix. `[client]`
fn unique_gamertag(name: &str, suffix: &str) -> String {
    if suffix.is_empty() {
        name.to_owned()
    } else {
        format!("{name}#{suffix}")
    }
}

fn ids(text: &str) -> Result<BTreeSet<u16>, AuthError> {
    text.split_ascii_whitespace()
        .map(|id| {
            id.parse()
                .map_err(|_| AuthError::Malformed("a privilege of the token is no number"))
        })
        .collect()
}

impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claims")
            .field("iss", &self.iss)
            .field("aud", &self.aud)
            .field("exp", &self.exp)
            .field("jti", &self.jti)
            .field("xui", &self.xui)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for UserClaims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserClaims")
            .field("xid", &self.xid)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn claims(extra: &serde_json::Value) -> Claims {
        let mut all = json!({
            "iss": "i", "aud": "a", "iat": 0, "nbf": 0, "exp": 100, "jti": "t",
        });
        let object = all.as_object_mut().expect("an object");
        object.extend(extra.as_object().expect("an object").clone());
        serde_json::from_value(all).expect("valid claims")
    }

    #[test]
    fn claims_become_a_principal() {
        let principal = claims(&json!({
            "xui": [{"uhs": "42", "xid": "2533274790395904", "gtg": "Dev One", "agg": "Teen",
                     "prv": "185 188 254", "usr": "188", "utr": "254 9",
                     "mgt": "Dev", "mgs": "12"}],
            "xti": {"tid": "1234"},
            "xdi": {"did": "F50C", "dcs": "0", "dty": "Win32"},
            "sbx": "XLDP.1",
            "svc": "lobby",
            "rol": ["sessions.server", "x.new"],
        }))
        .principal(&UserHash::All)
        .expect("valid");
        let user = principal.acting_user().expect("the only user");
        assert_eq!(user.privileges, Some(BTreeSet::from([185])));
        assert_eq!(user.restricted, BTreeSet::from([9, 188, 254]));
        assert_eq!(user.age_group, Some(AgeGroup::Teen));
        let modern = user.modern.as_ref().expect("a modern gamertag");
        assert_eq!(modern.unique, "Dev#12");
        assert_eq!(principal.title_id, Some(TitleId(1234)));
        assert_eq!(principal.device_type.as_deref(), Some("Win32"));
        assert_eq!(principal.sandbox.as_str(), "XLDP.1");
        let roles: Vec<_> = principal.roles.iter().map(ToString::to_string).collect();
        assert_eq!(roles, ["sessions.server", "x.new"]);
        assert!(principal.is_service());
    }

    #[test]
    fn what_a_token_leaves_out_has_a_default() {
        let principal = claims(&json!({"xui": [{"uhs": "42", "xid": 7}]}))
            .principal(&UserHash::Decimal("42".to_owned()))
            .expect("valid");
        assert_eq!(principal.sandbox, Sandbox::default());
        assert!(!principal.is_service());
        let user = principal.acting_user().expect("user 42");
        assert_eq!(user.privileges, None);
        assert_eq!(user.gamertag, "");
    }

    #[test]
    fn the_user_hash_selects_the_acting_user() {
        let two = json!({"xui": [{"uhs": "42", "xid": "1"}, {"uhs": "43", "xid": "2"}]});
        let check = |extra: &serde_json::Value, hash: UserHash, expected| {
            let acting = claims(extra).principal(&hash).map(|p| p.acting);
            assert_eq!(acting, expected, "{hash:?}");
        };
        let decimal = |text: &str| UserHash::Decimal(text.to_owned());
        check(&two, decimal("42"), Ok(Acting::User(0)));
        check(&two, decimal("43"), Ok(Acting::User(1)));
        check(&two, decimal("4"), Err(AuthError::UnknownUserHash));
        check(&two, decimal("042"), Err(AuthError::UnknownUserHash));
        check(&two, UserHash::All, Ok(Acting::Undecided));
        check(&two, UserHash::None, Ok(Acting::Nobody));
        check(&json!({}), UserHash::All, Ok(Acting::Nobody));
        check(&json!({}), decimal("42"), Err(AuthError::UnknownUserHash));
        let nobody = claims(&two).principal(&UserHash::None).expect("valid");
        assert!(!nobody.has_user(Xuid(1)), "`x=-` leaves the users out");
    }

    #[test]
    fn claims_that_make_no_sense_are_malformed() {
        let check = |extra: serde_json::Value| {
            let error = claims(&extra).principal(&UserHash::All).expect_err("bad");
            assert_eq!(error.reason(), "malformed", "{extra}");
        };
        check(json!({"xui": [{"uhs": "42"}]}));
        check(json!({"xui": [{"uhs": "42", "xid": "1", "prv": "185 x"}]}));
        check(json!({"xui": [{"uhs": "42", "xid": "1", "usr": "65536"}]}));
        check(json!({"exp": i64::MAX}));
    }
}
