//! The users the issuer knows. Not here: their tokens.

use std::borrow::Cow;

use convoke_wire::ids::{Sandbox, Xuid};

use super::Issuer;
use super::refusal::{Refusal, XErr};
use crate::auth::UserClaims;
use crate::edge_rule::EdgeRule;

/// The privileges of an adult without restrictions: those our services test, and those tokens
/// carry beside them. `[client]`
pub(super) const DEFAULT_PRIVILEGES: &str =
    "185 188 189 190 196 198 203 205 220 235 247 249 252 254 255";

const DEFAULT_AGE_GROUP: &str = "Adult";

/// A user listed in the issuer's configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DevUser {
    /// The user's id.
    pub xuid: Xuid,
    /// The user's name, by which `d=dev:<gamertag>` finds it.
    pub gamertag: String,
    /// The sandboxes the user may enter; empty means all.
    pub sandboxes: Vec<Sandbox>,
    /// When set, every sign-in of the user is refused with this code, to see what a client does.
    pub refuse_with: Option<XErr>,
}

/// What happens to an XUID that is not in the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UnlistedUsers {
    /// It is a user, called `Player<xuid>`.
    #[default]
    Accept,
    /// It is nobody.
    Refuse,
}

impl DevUser {
    /// A user who may enter every sandbox.
    pub fn new(xuid: Xuid, gamertag: impl Into<String>) -> Self {
        Self {
            xuid,
            gamertag: gamertag.into(),
            sandboxes: Vec::new(),
            refuse_with: None,
        }
    }

    /// The claims about this user in a token of this id.
    pub(super) fn claims(&self, issuer: &Issuer, token_id: &str) -> UserClaims {
        UserClaims {
            uhs: issuer.keys.user_hash(token_id, self.xuid),
            gtg: Some(self.gamertag.clone()),
            xid: Some(self.xuid),
            agg: Some(DEFAULT_AGE_GROUP.to_owned()),
            prv: Some(DEFAULT_PRIVILEGES.to_owned()),
            ..UserClaims::default()
        }
    }

    /// Refuses a sandbox the user may not enter. The service gives no code for it. `[doc]`
    pub(super) fn check_sandbox(&self, sandbox: &Sandbox) -> Result<(), Refusal> {
        if self.sandboxes.is_empty() || self.sandboxes.contains(sandbox) {
            Ok(())
        } else {
            let text = format!("user {} may not enter sandbox {sandbox}", self.xuid);
            Err(Refusal::by(EdgeRule::IssuerSandbox, text))
        }
    }
}

impl Issuer {
    /// The user with this XUID, made up where the configuration allows it.
    pub(super) fn user(&self, xuid: Xuid) -> Result<Cow<'_, DevUser>, Refusal> {
        if let Some(user) = self.config.dev_users.iter().find(|user| user.xuid == xuid) {
            return admitted(user);
        }
        match self.config.unlisted_users {
            UnlistedUsers::Accept => Ok(Cow::Owned(DevUser::new(xuid, format!("Player{xuid}")))),
            UnlistedUsers::Refuse => Err(Refusal::with_code(
                XErr::NO_PROFILE,
                format!("there is no user {xuid}"),
            )),
        }
    }

    /// The listed user with this gamertag, compared without regard to ASCII case.
    pub(super) fn user_by_gamertag(&self, gamertag: &str) -> Result<Cow<'_, DevUser>, Refusal> {
        let same = |user: &&DevUser| user.gamertag.eq_ignore_ascii_case(gamertag);
        match self.config.dev_users.iter().find(same) {
            Some(user) => admitted(user),
            None => Err(Refusal::with_code(
                XErr::NO_PROFILE,
                "there is no user of this gamertag",
            )),
        }
    }
}

fn admitted(user: &DevUser) -> Result<Cow<'_, DevUser>, Refusal> {
    match user.refuse_with {
        Some(code) => Err(Refusal::with_code(
            code,
            format!("user {} is configured to be refused", user.xuid),
        )),
        None => Ok(Cow::Borrowed(user)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::IssuerKeys;
    use crate::issuer::IssuerConfig;
    use std::sync::Arc;

    fn issuer(unlisted_users: UnlistedUsers) -> Issuer {
        let mut banned = DevUser::new(Xuid(2), "Banned");
        banned.refuse_with = Some(XErr::BANNED);
        let mut config = IssuerConfig::new("i");
        config.dev_users = vec![DevUser::new(Xuid(1), "Dev One"), banned];
        config.unlisted_users = unlisted_users;
        Issuer::new(Arc::new(IssuerKeys::generate()), config)
    }

    #[test]
    fn users_are_found_by_xuid_and_by_gamertag() {
        let open = issuer(UnlistedUsers::Accept);
        let closed = issuer(UnlistedUsers::Refuse);
        let name = |result: Result<Cow<'_, DevUser>, Refusal>| match result {
            Ok(user) => Ok(user.gamertag.clone()),
            Err(refusal) => Err(refusal.code.expect("a code")),
        };
        assert_eq!(name(open.user(Xuid(1))), Ok("Dev One".to_owned()));
        assert_eq!(name(closed.user(Xuid(1))), Ok("Dev One".to_owned()));
        assert_eq!(name(open.user(Xuid(9))), Ok("Player9".to_owned()));
        assert_eq!(name(closed.user(Xuid(9))), Err(XErr::NO_PROFILE));
        assert_eq!(name(open.user(Xuid(2))), Err(XErr::BANNED));
        assert_eq!(
            name(open.user_by_gamertag("dev ONE")),
            Ok("Dev One".to_owned())
        );
        assert_eq!(
            name(open.user_by_gamertag("Player9")),
            Err(XErr::NO_PROFILE)
        );
        assert_eq!(name(open.user_by_gamertag("banned")), Err(XErr::BANNED));
    }

    #[test]
    fn sandboxes_of_a_user_can_be_limited() {
        let sandbox = |id: &str| id.parse::<Sandbox>().expect("valid");
        let mut user = DevUser::new(Xuid(1), "Dev One");
        assert!(user.check_sandbox(&sandbox("XLDP.1")).is_ok());
        user.sandboxes = vec![sandbox("XLDP.1")];
        assert!(user.check_sandbox(&sandbox("xldp.1")).is_ok());
        let refusal = user.check_sandbox(&Sandbox::default()).expect_err("RETAIL");
        assert_eq!(refusal.code, None);
    }
}
