//! A caller whose credentials have been verified. Not here: how they were verified.

use std::collections::BTreeSet;
use std::fmt;

use convoke_wire::ids::{Sandbox, Scid, TitleId, Xuid};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::proof_key::ProofKey;
use super::role::Role;

/// Everything a verified credential says about the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The users of the token; several on a shared device. `[client]`
    pub users: Vec<TokenUser>,
    /// Which of the users the request acts for.
    pub acting: Acting,
    /// The title (game) the token was issued to.
    pub title_id: Option<TitleId>,
    /// The device the token was issued to, as the issuer named it.
    pub device_id: Option<String>,
    /// `XboxOne`, `Scarlett`, `Win32` and so on.
    pub device_type: Option<String>,
    /// The sandbox of everything this caller sees. `[doc]`
    pub sandbox: Sandbox,
    /// The service roles; empty for a player.
    pub roles: BTreeSet<Role>,
    /// The service configurations in which the roles count; `None` for all.
    pub scids: Option<BTreeSet<Scid>>,
    /// The name of the service, for a service principal.
    pub service: Option<String>,
    /// The key that requests are signed with, when the credential names one.
    pub proof_key: Option<ProofKey>,
    /// The credential's own id, for logs.
    pub token_id: String,
    /// When the credential expires, before any grace.
    pub expires: Timestamp,
}

/// Whom a request acts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acting {
    /// The user at this index of [`Principal::users`].
    User(usize),
    /// The header named all users of a token with several; the request must name one. Inferred.
    Undecided,
    /// No user at all: a title, a device or a service.
    Nobody,
}

/// One user of a token. Debug output leaves out what logs must not hold.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenUser {
    /// The user's id.
    pub xuid: Xuid,
    /// The name of this user within this token; no stable identifier, and empty for a user
    /// whom a service acts for. `[client]`
    pub uhs: String,
    /// The gamertag; empty when the credential does not say.
    pub gamertag: String,
    /// The parts of the modern gamertag, when the token has them.
    pub modern: Option<ModernGamertag>,
    /// The age group, when the token has it.
    pub age_group: Option<AgeGroup>,
    /// The privileges left after restrictions; `None` when the token has no such claim.
    pub privileges: Option<BTreeSet<u16>>,
    /// Privileges that were taken away; they count even when `privileges` is `None`.
    pub restricted: BTreeSet<u16>,
}

/// A modern gamertag: name, suffix and both joined. `[client]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModernGamertag {
    /// The `mgt` claim.
    pub name: String,
    /// The `mgs` claim; often empty.
    pub suffix: String,
    /// The `umg` claim: `name#suffix`.
    pub unique: String,
}

/// The `agg` claim. `[client]`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgeGroup {
    /// `Adult`.
    Adult,
    /// `Teen`.
    Teen,
    /// `Child`.
    Child,
}

/// Types of devices that are consoles. `Inferred:` smartmatch 3.6
pub(crate) const CONSOLES: [&str; 4] = ["XboxOne", "Scarlett", "Nintendo", "PlayStation"];

/// Whether a device type is that of a console, in any letter case.
pub(crate) fn is_console(device_type: &str) -> bool {
    let mut consoles = CONSOLES.iter();
    consoles.any(|name| name.eq_ignore_ascii_case(device_type))
}

/// Whose sessions without `userAuthorizationStyle` are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TitleIdentity {
    /// Everybody's.
    #[default]
    Off,
    /// Those of tokens that were issued to consoles, and of servers. `[doc]`
    Require,
}

/// What a token without any privilege claim means. Inferred.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MissingPrivileges {
    /// The user has every privilege that is not restricted.
    #[default]
    Allow,
    /// The user has none.
    Deny,
}

impl Principal {
    /// The user this request acts for.
    pub fn acting_user(&self) -> Option<&TokenUser> {
        match self.acting {
            Acting::User(index) => self.users.get(index),
            Acting::Undecided | Acting::Nobody => None,
        }
    }

    /// The same caller acting for another user of the token; `None` when it has no such user.
    ///
    /// This decides what `x=*` left open, and allows a shared device to name any of its users.
    /// Inferred.
    pub fn act_for(&self, xuid: Xuid) -> Option<Self> {
        let index = self.users.iter().position(|user| user.xuid == xuid)?;
        Some(Self {
            acting: Acting::User(index),
            ..self.clone()
        })
    }

    /// Whether the token was issued to a console.
    pub fn is_on_console(&self) -> bool {
        self.device_type.as_deref().is_some_and(is_console)
    }

    /// Whether the caller is a service, possibly with users beside it.
    pub fn is_service(&self) -> bool {
        self.service.is_some() || !self.roles.is_empty()
    }

    /// The same caller with a service beside it: a user of a token on a connection of a service's
    /// certificate. The sandbox stays the token's. `[doc]`
    #[must_use]
    pub fn with_service(&self, service: &Self) -> Self {
        let mut both = self.clone();
        both.roles.extend(service.roles.iter().cloned());
        // Roles of two origins share one reach, which is the smaller one.
        both.scids = match (both.scids, &service.scids) {
            (Some(own), Some(other)) => Some(own.intersection(other).cloned().collect()),
            (own, other) => own.or_else(|| other.clone()),
        };
        both.service.clone_from(&service.service);
        both
    }

    /// Whether the roles count in a service configuration.
    pub fn serves(&self, scid: &Scid) -> bool {
        self.scids.as_ref().is_none_or(|scids| scids.contains(scid))
    }

    /// Whether the request acts for a user of the token itself, not for one that a service names.
    pub fn acts_for_own_user(&self) -> bool {
        let user = self.acting_user();
        // A provider's token names its user no hash.
        user.is_some_and(|user| !user.uhs.is_empty() || !self.is_service())
    }

    /// Whether the caller carries a role.
    pub fn has_role(&self, role: &Role) -> bool {
        self.roles.contains(role)
    }

    /// Whether the user is one of the token's.
    pub fn has_user(&self, xuid: Xuid) -> bool {
        self.users.iter().any(|user| user.xuid == xuid)
    }

    /// Whether the acting user has a privilege; `false` without an acting user.
    pub fn has_privilege(&self, privilege: u16, missing: MissingPrivileges) -> bool {
        self.acting_user()
            .is_some_and(|user| user.has_privilege(privilege, missing))
    }
}

impl TokenUser {
    /// Whether the user has a privilege.
    pub fn has_privilege(&self, privilege: u16, missing: MissingPrivileges) -> bool {
        let granted = match &self.privileges {
            Some(privileges) => privileges.contains(&privilege),
            None => missing == MissingPrivileges::Allow,
        };
        granted && !self.restricted.contains(&privilege)
    }

    /// Whether this is a guest account, which the upper bits of the XUID tell. `[client]`
    pub fn is_guest(&self) -> bool {
        self.xuid.0 >> 52 == 1
    }
}

impl fmt::Debug for TokenUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenUser")
            .field("xuid", &self.xuid)
            .field("age_group", &self.age_group)
            .field("privileges", &self.privileges)
            .finish_non_exhaustive()
    }
}

impl AgeGroup {
    /// The age group of a claim; `None` for a word we do not know.
    pub(crate) fn from_claim(text: &str) -> Option<Self> {
        match text {
            "Adult" => Some(Self::Adult),
            "Teen" => Some(Self::Teen),
            "Child" => Some(Self::Child),
            _ => None,
        }
    }

    /// The word for it in a claim.
    pub(crate) fn as_claim(self) -> &'static str {
        match self {
            Self::Adult => "Adult",
            Self::Teen => "Teen",
            Self::Child => "Child",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(xuid: u64, privileges: Option<&[u16]>, restricted: &[u16]) -> TokenUser {
        TokenUser {
            xuid: Xuid(xuid),
            uhs: xuid.to_string(),
            gamertag: "Secret Name".to_owned(),
            modern: None,
            age_group: None,
            privileges: privileges.map(|ids| ids.iter().copied().collect()),
            restricted: restricted.iter().copied().collect(),
        }
    }

    fn principal(users: Vec<TokenUser>, acting: Acting) -> Principal {
        Principal {
            users,
            acting,
            title_id: None,
            device_id: None,
            device_type: None,
            sandbox: Sandbox::default(),
            roles: BTreeSet::new(),
            scids: None,
            service: None,
            proof_key: None,
            token_id: "t".to_owned(),
            expires: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_caller_acts_for_users_of_its_own_token_only() {
        let two = principal(
            vec![user(1, None, &[]), user(2, None, &[])],
            Acting::Undecided,
        );
        assert!(two.acting_user().is_none());
        let second = two.act_for(Xuid(2)).expect("in the token");
        assert_eq!(second.acting_user().map(|u| u.xuid), Some(Xuid(2)));
        let first = second.act_for(Xuid(1)).expect("still in the token");
        assert_eq!(first.acting, Acting::User(0));
        assert!(two.act_for(Xuid(3)).is_none());
        assert!(two.has_user(Xuid(1)) && !two.has_user(Xuid(3)));
    }

    #[test]
    fn privileges_follow_the_claim_the_restrictions_and_the_policy() {
        use MissingPrivileges::{Allow, Deny};
        let check = |granted: Option<&[u16]>, restricted: &[u16], policy, expected| {
            let caller = principal(vec![user(1, granted, restricted)], Acting::User(0));
            assert_eq!(
                caller.has_privilege(254, policy),
                expected,
                "{granted:?} {restricted:?} {policy:?}"
            );
        };
        check(Some(&[254]), &[], Deny, true);
        check(Some(&[254]), &[254], Allow, false);
        check(Some(&[]), &[], Allow, false);
        check(None, &[], Allow, true);
        check(None, &[], Deny, false);
        check(None, &[254], Allow, false);
        let nobody = principal(vec![], Acting::Nobody);
        assert!(!nobody.has_privilege(254, Allow));
    }

    #[test]
    fn a_role_or_a_service_name_makes_a_service() {
        let player = principal(vec![user(1, None, &[])], Acting::User(0));
        assert!(!player.is_service());
        let mut both = player.clone();
        both.roles.insert(Role::SessionsServer);
        assert!(both.is_service() && both.has_role(&Role::SessionsServer));
        assert!(!both.has_role(&Role::Admin));
        let mut named = player;
        named.service = Some("lobby".to_owned());
        assert!(named.is_service());
    }

    #[test]
    fn debug_output_has_no_names_and_no_hashes() {
        let caller = principal(vec![user(7_777, None, &[])], Acting::User(0));
        let text = format!("{caller:?}");
        assert!(
            !text.contains("Secret Name") && !text.contains("uhs"),
            "{text}"
        );
    }

    #[test]
    fn guests_are_known_by_the_upper_bits_of_the_xuid() {
        assert!(user(1 << 52, None, &[]).is_guest());
        assert!(!user(2_533_274_790_395_904, None, &[]).is_guest());
    }
}
