//! `POST /dev/token`: a service token in one step, for whomever the request names. Ours.
//!
//! Not here: the way that unmodified clients take (`sign_in`, then `xsts`).

use std::collections::BTreeSet;
use std::fmt;

use convoke_wire::ids::{Sandbox, TitleId, Xuid};
use serde::Deserialize;
use serde::de::{self, Deserializer, SeqAccess, Visitor};

use super::body::{check_text, json, malformed};
use super::refusal::IssuerError;
use super::response::{DisplayClaims, TokenResponse};
use super::sign_in::{MAX_DEVICE_TEXT, confirmation};
use super::xsts::MAX_USERS;
use super::{Issuer, Moment};
use crate::auth::{Claims, DeviceClaims, ProofKey, SERVICE_AUDIENCE, TitleClaims, UserClaims};

const MAX_GAMERTAG: usize = 32;
const MAX_PRIVILEGES: usize = 64;
const MAX_ROLES: usize = 32;
const MAX_ROLE: usize = 64;

/// The service name of a token that has roles.
const SERVICE: &str = "dev";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct DevTokenRequest {
    xuid: Option<Xuid>,
    gamertag: Option<String>,
    title_id: Option<TitleId>,
    device_id: Option<String>,
    device_type: Option<String>,
    sandbox: Option<Sandbox>,
    privileges: Option<Privileges>,
    roles: Option<Vec<String>>,
    users: Option<Vec<RequestedUser>>,
    proof_key: Option<ProofKey>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RequestedUser {
    xuid: Xuid,
    gamertag: Option<String>,
    privileges: Option<Privileges>,
}

impl Issuer {
    /// A token for the users, roles, title, device and sandbox of the request.
    ///
    /// `xuid` comes before `users`; `privileges` beside it holds for every user without its own.
    pub fn dev_token(&self, body: &[u8], moment: Moment) -> Result<TokenResponse, IssuerError> {
        let request: DevTokenRequest = json(body)?;
        let sandbox = request.sandbox.unwrap_or_default();
        let roles = request.roles.unwrap_or_default();
        check_roles(&roles)?;
        let mut claims = self.empty_claims(SERVICE_AUDIENCE, moment);
        for (path, user) in requested_users(
            request.xuid,
            request.gamertag,
            request.users.unwrap_or_default(),
        )? {
            if claims.xui.iter().any(|other| other.xid == Some(user.xuid)) {
                return Err(malformed(&format!("{path}xuid"), "the user is named twice"));
            }
            let default = request.privileges.as_ref();
            let user = self.requested_user(&path, &user, default, &sandbox, &claims.jti)?;
            claims.xui.push(user);
        }
        if claims.xui.is_empty() && roles.is_empty() {
            return Err(malformed("", "expected `xuid`, `users` or `roles`"));
        }
        let claims = Claims {
            xti: request.title_id.map(|tid| TitleClaims { tid }),
            xdi: requested_device(request.device_id, request.device_type, moment)?,
            sbx: Some(sandbox),
            svc: (!roles.is_empty()).then(|| SERVICE.to_owned()),
            rol: roles,
            cnf: confirmation(request.proof_key),
            ..claims
        };
        let display = DisplayClaims::users(claims.xui.clone());
        self.respond(&claims, display, moment)
    }

    fn requested_user(
        &self,
        path: &str,
        requested: &RequestedUser,
        default_privileges: Option<&Privileges>,
        sandbox: &Sandbox,
        token_id: &str,
    ) -> Result<UserClaims, IssuerError> {
        let user = self.user(requested.xuid)?;
        user.check_sandbox(sandbox)?;
        let mut claims = user.claims(self, token_id);
        if let Some(gamertag) = &requested.gamertag {
            check_text(&format!("{path}gamertag"), gamertag, MAX_GAMERTAG)?;
            claims.gtg = Some(gamertag.clone());
        }
        if let Some(privileges) = requested.privileges.as_ref().or(default_privileges) {
            claims.prv = Some(privileges.claim());
        }
        Ok(claims)
    }
}

/// All users of a request, each with the path of its fields.
fn requested_users(
    xuid: Option<Xuid>,
    gamertag: Option<String>,
    users: Vec<RequestedUser>,
) -> Result<Vec<(String, RequestedUser)>, IssuerError> {
    let first = match (xuid, gamertag) {
        (Some(xuid), gamertag) => Some(RequestedUser {
            xuid,
            gamertag,
            privileges: None,
        }),
        (None, Some(_)) => return Err(malformed("gamertag", "expected `xuid` beside it")),
        (None, None) => None,
    };
    let first = first.map(|user| (String::new(), user));
    let others = users
        .into_iter()
        .enumerate()
        .map(|(index, user)| (format!("users[{index}]."), user));
    let all: Vec<_> = first.into_iter().chain(others).collect();
    if MAX_USERS < all.len() {
        return Err(malformed(
            "users",
            &format!("expected at most {MAX_USERS} users in all"),
        ));
    }
    Ok(all)
}

fn requested_device(
    id: Option<String>,
    device_type: Option<String>,
    moment: Moment,
) -> Result<Option<DeviceClaims>, IssuerError> {
    if let Some(id) = &id {
        check_text("deviceId", id, MAX_DEVICE_TEXT)?;
    }
    if let Some(device_type) = &device_type {
        check_text("deviceType", device_type, MAX_DEVICE_TEXT)?;
    }
    if id.is_none() && device_type.is_none() {
        return Ok(None);
    }
    Ok(Some(DeviceClaims {
        did: id.unwrap_or_else(|| moment.id.to_string()),
        dcs: None,
        dty: device_type,
    }))
}

fn check_roles(roles: &[String]) -> Result<(), IssuerError> {
    if MAX_ROLES < roles.len() {
        return Err(malformed(
            "roles",
            &format!("expected at most {MAX_ROLES} roles"),
        ));
    }
    for (index, role) in roles.iter().enumerate() {
        check_text(&format!("roles[{index}]"), role, MAX_ROLE)?;
    }
    Ok(())
}

/// Privilege ids: a list of numbers, or text with spaces between them as in the `prv` claim.
#[derive(Debug, PartialEq, Eq)]
struct Privileges(BTreeSet<u16>);

impl Privileges {
    /// The ids as the `prv` claim writes them.
    fn claim(&self) -> String {
        let ids: Vec<_> = self.0.iter().map(u16::to_string).collect();
        ids.join(" ")
    }

    fn insert<E: de::Error>(&mut self, id: u16) -> Result<(), E> {
        self.0.insert(id);
        if MAX_PRIVILEGES < self.0.len() {
            return Err(E::custom(format!(
                "expected at most {MAX_PRIVILEGES} privileges"
            )));
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Privileges {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ListOrText;
        impl<'de> Visitor<'de> for ListOrText {
            type Value = Privileges;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of privilege ids, or text with spaces between them")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Privileges, E> {
                let mut ids = Privileges(BTreeSet::new());
                for id in text.split_ascii_whitespace() {
                    let id = id.parse().map_err(|_| {
                        E::custom("expected privilege ids from 0 to 65535 with spaces between them")
                    })?;
                    ids.insert(id)?;
                }
                Ok(ids)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Privileges, A::Error> {
                let mut ids = Privileges(BTreeSet::new());
                while let Some(id) = list.next_element()? {
                    ids.insert(id)?;
                }
                Ok(ids)
            }
        }
        deserializer.deserialize_any(ListOrText)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::{Audience, IssuerKeys, verify};
    use crate::issuer::users::DEFAULT_PRIVILEGES;
    use crate::issuer::{DevUser, IssuerConfig, UnlistedUsers, XErr};
    use jiff::Timestamp;
    use serde_json::{Value, json};
    use std::sync::Arc;
    use uuid::Uuid;

    const NAME: &str = "https://issuer.example";

    fn issuer() -> Issuer {
        let mut config = IssuerConfig::new(NAME);
        config.dev_users = vec![DevUser::new(Xuid(1), "Dev One")];
        Issuer::new(Arc::new(IssuerKeys::generate()), config)
    }

    fn moment() -> Moment {
        Moment {
            now: Timestamp::from_second(1_735_689_600).expect("in range"),
            id: Uuid::from_u128(1),
        }
    }

    fn claims(issuer: &Issuer, body: &Value) -> Claims {
        let response = issuer
            .dev_token(body.to_string().as_bytes(), moment())
            .expect("valid");
        let expected = Audience {
            issuer: NAME,
            relying_party: SERVICE_AUDIENCE,
        };
        let claims = verify(&response.token, &issuer.keys, expected, moment().now);
        let claims = claims.expect("our own token");
        assert_eq!(response.display_claims.xui.as_ref(), Some(&claims.xui));
        claims
    }

    #[test]
    fn an_xuid_alone_is_a_user_with_defaults() {
        let issuer = issuer();
        let claims = claims(&issuer, &json!({"xuid": "7"}));
        let user = &claims.xui[0];
        assert_eq!(user.xid, Some(Xuid(7)));
        assert_eq!(user.gtg.as_deref(), Some("Player7"));
        assert_eq!(user.agg.as_deref(), Some("Adult"));
        assert_eq!(user.prv.as_deref(), Some(DEFAULT_PRIVILEGES));
        assert_eq!(claims.sbx, Some(Sandbox::default()));
        assert_eq!((claims.svc, claims.rol.len()), (None, 0));
        assert_eq!((claims.xti, claims.xdi), (None, None));
    }

    #[test]
    fn a_request_can_say_everything() {
        let issuer = issuer();
        let claims = claims(
            &issuer,
            &json!({
                "xuid": 7, "gamertag": "Ann", "titleId": 1234, "deviceId": "D", "deviceType": "Scarlett",
                "sandbox": "XLDP.1", "privileges": [254, 185], "roles": ["sessions.server", "x.new"],
                "users": [{"xuid": "1"}, {"xuid": "9", "gamertag": "Bob", "privileges": "252  9"}],
            }),
        );
        let users: Vec<_> = claims
            .xui
            .iter()
            .map(|u| {
                (
                    u.gtg.as_deref().unwrap_or(""),
                    u.prv.as_deref().unwrap_or(""),
                )
            })
            .collect();
        assert_eq!(
            users,
            [("Ann", "185 254"), ("Dev One", "185 254"), ("Bob", "9 252")]
        );
        assert_eq!(claims.xti.map(|t| t.tid), Some(TitleId(1234)));
        let device = claims.xdi.expect("a device");
        assert_eq!(
            (device.did.as_str(), device.dty.as_deref()),
            ("D", Some("Scarlett"))
        );
        assert_eq!(claims.svc.as_deref(), Some("dev"));
        assert_eq!(claims.rol, ["sessions.server", "x.new"]);
    }

    #[test]
    fn roles_alone_are_a_service_without_users() {
        let issuer = issuer();
        let body = json!({"roles": ["sessions.server"]}).to_string();
        let response = issuer.dev_token(body.as_bytes(), moment()).expect("valid");
        assert_eq!(
            serde_json::to_value(&response.display_claims).expect("plain JSON"),
            json!({"xui": []})
        );
    }

    #[test]
    fn malformed_requests_name_the_place() {
        let issuer = issuer();
        let check = |body: Value, expected: &str| {
            let error = issuer
                .dev_token(body.to_string().as_bytes(), moment())
                .expect_err(expected);
            assert!(matches!(error, IssuerError::Malformed(_)), "{error}");
            assert!(error.to_string().starts_with(expected), "{error}");
        };
        let neither = "expected `xuid`, `users` or `roles`";
        check(json!({}), neither);
        check(json!({"xuid": null}), neither);
        check(json!({"users": [], "roles": []}), neither);
        check(json!({"titleId": 1}), neither);
        check(
            json!({"xuid": "1", "colour": 1}),
            "colour: unknown field `colour`",
        );
        check(
            json!({"users": [{"xuid": "1", "uhs": "1"}]}),
            "users[0].uhs: unknown field `uhs`",
        );
        check(json!({"xuid": "abc"}), "xuid: expected a decimal XUID");
        check(json!({"xuid": true}), "xuid: expected a decimal XUID");
        check(json!({"xuid": -1}), "xuid: expected a decimal XUID");
        check(
            json!({"users": [{"xuid": "1"}, {"xuid": ""}]}),
            "users[1].xuid: expected a decimal XUID",
        );
        check(json!({"users": [{}]}), "users[0]: missing field `xuid`");
        check(
            json!({"xuid": "1", "users": [{"xuid": 1}]}),
            "users[0].xuid: the user is named twice",
        );
        check(json!({"gamertag": "Ann"}), "gamertag: expected `xuid`");
        check(
            json!({"xuid": "1", "gamertag": ""}),
            "gamertag: expected 1 to 32",
        );
        check(
            json!({"users": [{"xuid": "1", "gamertag": "a\nb"}]}),
            "users[0].gamertag: expected 1 to 32",
        );
        check(
            json!({"xuid": "1", "privileges": "185 x"}),
            "privileges: expected",
        );
        check(
            json!({"xuid": "1", "privileges": 185}),
            "privileges: expected a list",
        );
        check(
            json!({"xuid": "1", "privileges": [185, "x"]}),
            "privileges[1]: expected u16",
        );
        check(
            json!({"xuid": "1", "privileges": [65536]}),
            "privileges[0]: expected u16",
        );
        let many: Vec<_> = (0..65).collect();
        check(
            json!({"xuid": "1", "privileges": many}),
            "privileges: expected at most 64",
        );
        check(json!({"roles": [""]}), "roles[0]: expected 1 to 64");
        check(
            json!({"roles": vec!["r"; 33]}),
            "roles: expected at most 32",
        );
        check(
            json!({"xuid": "1", "sandbox": "a~b"}),
            "sandbox: expected a sandbox id",
        );
        check(
            json!({"xuid": "1", "titleId": "x"}),
            "titleId: expected a decimal title id",
        );
        check(
            json!({"xuid": "1", "deviceId": ""}),
            "deviceId: expected 1 to 128",
        );
        let many: Vec<_> = (0..17).map(|n| json!({"xuid": n})).collect();
        check(json!({"users": many}), "users: expected at most 16");
        check(json!([]), "");
    }

    #[test]
    fn sixteen_users_with_long_names_fit_into_one_token() {
        let issuer = issuer();
        let users: Vec<_> = (0..16)
            .map(|n| json!({"xuid": u64::MAX - n, "gamertag": "\u{1f3ae}".repeat(32)}))
            .collect();
        assert_eq!(claims(&issuer, &json!({"users": users})).xui.len(), 16);
        let roles = vec!["\u{1f3ae}".repeat(64); 32];
        let body = json!({"users": users, "roles": roles}).to_string();
        let error = issuer.dev_token(body.as_bytes(), moment());
        let text = error.expect_err("too much").to_string();
        assert!(text.contains("does not fit"), "{text}");
    }

    #[test]
    fn users_the_configuration_leaves_out_are_refused() {
        let mut config = IssuerConfig::new(NAME);
        config.unlisted_users = UnlistedUsers::Refuse;
        let issuer = Issuer::new(Arc::new(IssuerKeys::generate()), config);
        let result = issuer.dev_token(br#"{"xuid":"7"}"#, moment());
        let Err(IssuerError::Refused(refusal)) = result else {
            unreachable!("nobody is listed");
        };
        assert_eq!(refusal.code, Some(XErr::NO_PROFILE));
    }
}
