//! The headers by which a game server says in whose name it writes sessions: for which title and
//! which users, and whether its own rights shall count. `[doc]`
//!
//! Not here: `X-Xbl-On-Behalf-Of`, by which any service acts for one user anywhere (`delegation`).

use convoke_wire::{TitleId, Xuid};
use http::{HeaderMap, HeaderName};

use super::error::AuthError;
use super::header;
use super::principal::Principal;
use super::role::Role;

/// `X-Xbl-OnBehalfOf-Title: <decimal>` names the title that a server acts as. `[doc]`
pub const ON_BEHALF_OF_TITLE: HeaderName = HeaderName::from_static("x-xbl-onbehalfof-title");

/// `X-Xbl-OnBehalfOf-Users: <xuid>[;priv=multiplayer],…` names the acting users. `[doc]`
pub const ON_BEHALF_OF_USERS: HeaderName = HeaderName::from_static("x-xbl-onbehalfof-users");

/// `X-Xbl-Deny-Scope: Multiplayer.Manage` lets a server do what its acting users may. `[doc]`
pub const DENY_SCOPE: HeaderName = HeaderName::from_static("x-xbl-deny-scope");

/// As many as a session has places that several users can take at once.
const MAX_USERS: usize = 100;

/// What the three headers say; by default, nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OnBehalf {
    /// The title in whose name the request is made.
    pub title: Option<TitleId>,
    /// The acting users, in the order of the header.
    pub users: Vec<ActingUser>,
    /// The server's rights on sessions do not count.
    pub denies_manage: bool,
}

/// A user whom a server acts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActingUser {
    /// The user.
    pub xuid: Xuid,
    /// Whether the server vouches for the privilege to play with others.
    pub multiplayer: bool,
}

impl OnBehalf {
    /// Reads the headers of a verified principal's request.
    pub fn of(principal: &Principal, headers: &HeaderMap) -> Result<Self, AuthError> {
        let title = single(headers, &ON_BEHALF_OF_TITLE)?;
        let users = single(headers, &ON_BEHALF_OF_USERS)?;
        let denied = single(headers, &DENY_SCOPE)?;
        if (title.is_some() || users.is_some()) && !principal.has_role(&Role::SessionsServer) {
            return Err(AuthError::Malformed(
                "X-Xbl-OnBehalfOf-Title and X-Xbl-OnBehalfOf-Users take a service with the role \
                 `sessions.server`",
            ));
        }
        if users.is_some() && !principal.users.is_empty() {
            return Err(AuthError::Malformed(
                "X-Xbl-OnBehalfOf-Users takes a credential without users, and no \
                 X-Xbl-On-Behalf-Of beside it",
            ));
        }
        Ok(Self {
            title: title.map(title_id).transpose()?,
            users: users.map_or_else(|| Ok(Vec::new()), acting_users)?,
            denies_manage: denied.map_or(Ok(false), denies_manage)?,
        })
    }
}

fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, AuthError> {
    let several = AuthError::Malformed(
        "X-Xbl-OnBehalfOf-Title, X-Xbl-OnBehalfOf-Users and X-Xbl-Deny-Scope may occur only once",
    );
    let not_text = AuthError::Malformed(
        "X-Xbl-OnBehalfOf-Title, X-Xbl-OnBehalfOf-Users and X-Xbl-Deny-Scope are ASCII text",
    );
    header::single(headers, name, several, not_text)
}

fn title_id(value: &str) -> Result<TitleId, AuthError> {
    value
        .trim()
        .parse()
        .map_err(|_| AuthError::Malformed("expected `X-Xbl-OnBehalfOf-Title: <decimal title id>`"))
}

fn acting_users(value: &str) -> Result<Vec<ActingUser>, AuthError> {
    let mut users: Vec<ActingUser> = Vec::new();
    for one in value.split(',') {
        if users.len() == MAX_USERS {
            return Err(AuthError::Malformed(
                "X-Xbl-OnBehalfOf-Users names at most 100 users",
            ));
        }
        let user = acting_user(one).ok_or(AuthError::Malformed(
            "expected `X-Xbl-OnBehalfOf-Users: <xuid>[;priv=multiplayer][,…]`",
        ))?;
        if users.iter().any(|other| other.xuid == user.xuid) {
            return Err(AuthError::Malformed(
                "X-Xbl-OnBehalfOf-Users names a user twice",
            ));
        }
        users.push(user);
    }
    Ok(users)
}

fn acting_user(text: &str) -> Option<ActingUser> {
    let mut parts = text.split(';').map(str::trim);
    let xuid = parts.next()?.parse().ok()?;
    let multiplayer = match parts.next() {
        None => false,
        Some(privilege) if privilege.eq_ignore_ascii_case("priv=multiplayer") => true,
        Some(_) => return None,
    };
    parts
        .next()
        .is_none()
        .then_some(ActingUser { xuid, multiplayer })
}

/// Asking for fewer rights in words that are not known here must not leave all of them.
fn denies_manage(value: &str) -> Result<bool, AuthError> {
    if value.trim().eq_ignore_ascii_case("Multiplayer.Manage") {
        return Ok(true);
    }
    Err(AuthError::Malformed(
        "expected `X-Xbl-Deny-Scope: Multiplayer.Manage`",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_read_in_their_order_with_what_the_server_vouches_for() {
        let read = acting_users(" 1001;priv=multiplayer, 1002 ,1003 ; PRIV=Multiplayer").unwrap();
        let read: Vec<_> = read.iter().map(|it| (it.xuid.0, it.multiplayer)).collect();
        assert_eq!(read, [(1001, true), (1002, false), (1003, true)]);
    }

    #[test]
    fn malformed_values_are_refused() {
        let many: Vec<_> = (1..=101).map(|n: u32| n.to_string()).collect();
        let many = many.join(",");
        for value in [
            "",
            ",",
            "1,",
            "x",
            "-1",
            "1;",
            "1;priv=voice",
            "1;priv=multiplayer;",
            "1,1",
            "18446744073709551616",
            &many,
        ] {
            assert!(acting_users(value).is_err(), "{value}");
        }
        for value in ["", "-1", "0x7b", "123 456"] {
            assert!(title_id(value).is_err(), "{value}");
        }
        for value in ["", "Multiplayer", "Multiplayer.Manage, Other"] {
            assert!(denies_manage(value).is_err(), "{value}");
        }
        assert_eq!(denies_manage(" multiplayer.manage "), Ok(true));
    }
}
