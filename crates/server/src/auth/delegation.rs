//! The two headers by which a service names its user and its sandbox.
//!
//! Not here: which services may do what in a user's name; every service may act for every user.

use std::collections::BTreeSet;
use std::sync::Arc;

use convoke_wire::ids::{Sandbox, Xuid};
use http::{HeaderMap, HeaderName};

use super::error::AuthError;
use super::header;
use super::principal::{Acting, Principal, TokenUser};

/// `X-Xbl-On-Behalf-Of: xuid(<n>)` makes user n the acting user of a service. Inferred.
pub const ON_BEHALF_OF: HeaderName = HeaderName::from_static("x-xbl-on-behalf-of");

/// `X-Xbl-Sandbox: <id>` names the sandbox of a service's request. Inferred.
pub const SANDBOX: HeaderName = HeaderName::from_static("x-xbl-sandbox");

/// Applies both headers to a verified principal; roles stay as they are.
///
/// A player may name only what its token already says: one of its users, and its sandbox.
pub fn delegate(
    principal: Arc<Principal>,
    headers: &HeaderMap,
) -> Result<Arc<Principal>, AuthError> {
    let user = single(headers, &ON_BEHALF_OF)?.map(xuid).transpose()?;
    let sandbox = single(headers, &SANDBOX)?.map(sandbox).transpose()?;
    let mut principal = principal;
    if let Some(sandbox) = sandbox
        && sandbox != principal.sandbox
    {
        if !principal.is_service() {
            return Err(AuthError::Malformed(
                "only a service may choose its sandbox with X-Xbl-Sandbox",
            ));
        }
        Arc::make_mut(&mut principal).sandbox = sandbox;
    }
    if let Some(xuid) = user {
        if let Some(chosen) = principal.act_for(xuid) {
            principal = Arc::new(chosen);
        } else if principal.is_service() {
            let principal = Arc::make_mut(&mut principal);
            principal.acting = Acting::User(principal.users.len());
            principal.users.push(stranger(xuid));
        } else {
            return Err(AuthError::Malformed(
                "only a service may act for others with X-Xbl-On-Behalf-Of",
            ));
        }
    }
    Ok(principal)
}

/// A user of whom nothing but the id is known.
fn stranger(xuid: Xuid) -> TokenUser {
    TokenUser {
        xuid,
        uhs: String::new(),
        gamertag: String::new(),
        modern: None,
        age_group: None,
        privileges: None,
        restricted: BTreeSet::new(),
    }
}

fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, AuthError> {
    let several = AuthError::Malformed("X-Xbl-On-Behalf-Of and X-Xbl-Sandbox may occur only once");
    let not_text = AuthError::Malformed("X-Xbl-On-Behalf-Of and X-Xbl-Sandbox must be ASCII text");
    header::single(headers, name, several, not_text)
}

fn xuid(value: &str) -> Result<Xuid, AuthError> {
    value
        .strip_prefix("xuid(")
        .and_then(|rest| rest.strip_suffix(')'))
        .and_then(|digits| digits.parse().ok())
        .ok_or(AuthError::Malformed(
            "expected `X-Xbl-On-Behalf-Of: xuid(<decimal>)`",
        ))
}

fn sandbox(value: &str) -> Result<Sandbox, AuthError> {
    value
        .parse()
        .map_err(|_| AuthError::Malformed("X-Xbl-Sandbox is not a sandbox id"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Role;
    use jiff::Timestamp;

    fn principal(users: &[u64], roles: &[Role]) -> Arc<Principal> {
        Arc::new(Principal {
            users: users.iter().map(|n| stranger(Xuid(*n))).collect(),
            acting: if users.is_empty() {
                Acting::Nobody
            } else {
                Acting::User(0)
            },
            title_id: None,
            device_id: None,
            device_type: None,
            sandbox: Sandbox::default(),
            roles: roles.iter().cloned().collect(),
            scids: None,
            service: None,
            proof_key: None,
            token_id: "t".to_owned(),
            expires: Timestamp::UNIX_EPOCH,
        })
    }

    fn headers(pairs: &[(&HeaderName, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(*name, value.parse().expect("a header value"));
        }
        map
    }

    #[test]
    fn a_service_acts_for_any_user_and_keeps_its_roles() {
        let service = principal(&[], &[Role::SessionsServer]);
        let acting = delegate(
            Arc::clone(&service),
            &headers(&[(&ON_BEHALF_OF, "xuid(7)"), (&SANDBOX, "XLDP.1")]),
        )
        .expect("a service");
        assert_eq!(acting.acting_user().map(|u| u.xuid), Some(Xuid(7)));
        assert!(acting.has_role(&Role::SessionsServer));
        assert_eq!(acting.sandbox.as_str(), "XLDP.1");
        assert_eq!(
            service.acting,
            Acting::Nobody,
            "the cached value is untouched"
        );
    }

    #[test]
    fn a_player_names_only_what_its_token_says() {
        let check = |name: &HeaderName, value: &str, expected: bool| {
            let result = delegate(principal(&[1, 2], &[]), &headers(&[(name, value)]));
            assert_eq!(result.is_ok(), expected, "{name}: {value}");
        };
        check(&ON_BEHALF_OF, "xuid(2)", true);
        check(&ON_BEHALF_OF, "xuid(3)", false);
        check(&SANDBOX, "retail", true);
        check(&SANDBOX, "XLDP.1", false);
    }

    #[test]
    fn malformed_values_are_refused() {
        let check = |pairs: &[(&HeaderName, &str)]| {
            let error = delegate(principal(&[], &[Role::Admin]), &headers(pairs));
            assert_eq!(
                error.expect_err("malformed").reason(),
                "malformed",
                "{pairs:?}"
            );
        };
        check(&[(&ON_BEHALF_OF, "7")]);
        check(&[(&ON_BEHALF_OF, "xuid()")]);
        check(&[(&ON_BEHALF_OF, "xuid(-1)")]);
        check(&[(&ON_BEHALF_OF, "xuid(18446744073709551616)")]);
        check(&[(&ON_BEHALF_OF, "xuid(1)"), (&ON_BEHALF_OF, "xuid(2)")]);
        check(&[(&SANDBOX, "")]);
        check(&[(&SANDBOX, "a~b")]);
        check(&[(&SANDBOX, "A.1"), (&SANDBOX, "A.2")]);
    }
}
