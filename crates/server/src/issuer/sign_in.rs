//! User, device and title tokens: `user/authenticate`, `device/authenticate`,
//! `title/authenticate`.
//!
//! The ticket of a user is a name that the development issuer believes, or an identity provider's
//! token. They are for the relying party `http://auth.xboxlive.com` and of no use at a service.
//! Not here: checking that the client holds its proof key (`proof`).

use convoke_wire::ids::TitleId;
use serde::Deserialize;

use super::body::{Envelope, check_text, envelope, malformed};
use super::proof::one_key;
use super::refusal::{IssuerError, Refusal, XErr};
use super::response::{DisplayClaims, TokenResponse};
use super::{DevSignIn, Issuer, Moment};
use crate::auth::{
    Claims, Confirmation, DeviceClaims, ProofKey, SIGN_IN_AUDIENCE, TitleClaims, UserClaims,
};

/// Longest device id and device type, by our own choice.
pub(super) const MAX_DEVICE_TEXT: usize = 128;

/// `dcs` of every device: its meaning is not known. `[client]`
const DEVICE_FLAG: &str = "0";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct UserProperties {
    auth_method: String,
    rps_ticket: String,
    proof_key: Option<ProofKey>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DeviceProperties {
    #[serde(default)]
    id: Option<String>,
    device_type: String,
    proof_key: Option<ProofKey>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TitleProperties {
    device_token: String,
    title_id: TitleId,
    proof_key: Option<ProofKey>,
}

impl Issuer {
    /// `POST /user/authenticate`: a user token for the ticket `d=<token of an identity provider>`,
    /// or `d=dev:<xuid or gamertag>` for development.
    ///
    /// `t=…` means the same. A ticket of another kind belongs to nobody. `[public]`
    pub fn user_authenticate(
        &self,
        body: &[u8],
        moment: Moment,
    ) -> Result<TokenResponse, IssuerError> {
        let properties: UserProperties = sign_in(body)?;
        if properties.auth_method != "RPS" {
            return Err(malformed("Properties.AuthMethod", "expected `RPS`"));
        }
        let ticket = &properties.rps_ticket;
        let ticket = ticket
            .strip_prefix("d=")
            .or_else(|| ticket.strip_prefix("t="))
            .ok_or_else(|| malformed("Properties.RpsTicket", "expected `d=<ticket>`"))?;
        let Some(who) = ticket.strip_prefix("dev:") else {
            return self.user_of_ticket(ticket, moment);
        };
        if self.config.dev_sign_in == DevSignIn::Off {
            let why = "Properties.RpsTicket: the development issuer is off";
            return Err(Refusal::with_code(XErr::NO_PROFILE, why).into());
        }
        let user = match who.parse() {
            Ok(xuid) => self.user(xuid)?,
            Err(_) => self.user_by_gamertag(who)?,
        };
        let mut claims = self.empty_claims(SIGN_IN_AUDIENCE, moment);
        let user = user.claims(self, &claims.jti);
        let display = DisplayClaims::users(vec![hash_only(&user)]);
        claims.xui.push(user);
        claims.cnf = confirmation(properties.proof_key);
        self.respond(&claims, display, moment)
    }

    /// A user token for an identity provider's token.
    fn user_of_ticket(&self, ticket: &str, moment: Moment) -> Result<TokenResponse, IssuerError> {
        let path = "Properties.RpsTicket";
        if !self.providers.claim(ticket) {
            let why = format!("{path}: the ticket is no token of an identity provider known here");
            return Err(Refusal::with_code(XErr::NO_PROFILE, why).into());
        }
        let claims = self.empty_claims(SIGN_IN_AUDIENCE, moment);
        let signed_in = self.signed_in(path, ticket, &claims.jti, moment.now)?;
        let display = DisplayClaims::users(vec![hash_only(&signed_in.user)]);
        let mut claims = match signed_in.bound {
            Some(bound) => Claims {
                sbx: Some(bound.sandbox.clone()),
                xti: bound.title.clone(),
                xdi: bound.device.clone(),
                ..bound.limit(claims)
            },
            None => claims,
        };
        claims.xui.push(signed_in.user);
        self.respond(&claims, display, moment)
    }

    /// `POST /device/authenticate`: a device token. `[client]`
    ///
    /// The same `Id` gives the same device id each time; without one the device is a new one.
    pub fn device_authenticate(
        &self,
        body: &[u8],
        moment: Moment,
    ) -> Result<TokenResponse, IssuerError> {
        let properties: DeviceProperties = sign_in(body)?;
        let device_type = properties.device_type;
        check_text("Properties.DeviceType", &device_type, MAX_DEVICE_TEXT)?;
        let own_id = match properties.id {
            Some(id) => {
                check_text("Properties.Id", &id, MAX_DEVICE_TEXT)?;
                id
            }
            None => moment.id.to_string(),
        };
        let device = DeviceClaims {
            did: self.keys.device_id(&own_id),
            dcs: Some(DEVICE_FLAG.to_owned()),
            dty: None,
        };
        let display = DisplayClaims {
            xdi: Some(device.clone()),
            ..DisplayClaims::default()
        };
        let mut claims = self.empty_claims(SIGN_IN_AUDIENCE, moment);
        claims.xdi = Some(DeviceClaims {
            dty: Some(device_type),
            ..device
        });
        claims.cnf = confirmation(properties.proof_key);
        self.respond(&claims, display, moment)
    }

    /// `POST /title/authenticate`: a title token, bound to a device. `[client]`
    pub fn title_authenticate(
        &self,
        body: &[u8],
        moment: Moment,
    ) -> Result<TokenResponse, IssuerError> {
        let properties: TitleProperties = sign_in(body)?;
        let (device, key) = self.device_token(&properties.device_token, moment)?;
        let title = TitleClaims {
            tid: properties.title_id,
        };
        let display = DisplayClaims {
            xti: Some(title.clone()),
            ..DisplayClaims::default()
        };
        let mut claims = self.empty_claims(SIGN_IN_AUDIENCE, moment);
        claims.xdi = Some(device);
        claims.xti = Some(title);
        claims.cnf = one_key([confirmation(properties.proof_key), key])?;
        self.respond(&claims, display, moment)
    }
}

impl Issuer {
    /// The device of a device token, and its key.
    pub(super) fn device_token(
        &self,
        token: &str,
        moment: Moment,
    ) -> Result<(DeviceClaims, Option<Confirmation>), Refusal> {
        let path = "Properties.DeviceToken";
        let claims = self.sign_in_claims(path, token, moment.now)?;
        // A user token may name a device and a title as well.
        match (claims.xdi, claims.xti) {
            (Some(device), None) if claims.xui.is_empty() => Ok((device, claims.cnf)),
            _ => Err(Refusal::without_code(format!(
                "{path}: the token is no device token"
            ))),
        }
    }

    /// The title of a title token, the device it is bound to, and their key.
    pub(super) fn title_token(
        &self,
        token: &str,
        moment: Moment,
    ) -> Result<(TitleClaims, DeviceClaims, Option<Confirmation>), Refusal> {
        let path = "Properties.TitleToken";
        let claims = self.sign_in_claims(path, token, moment.now)?;
        let bound = claims.xti.zip(claims.xdi);
        bound
            .filter(|_| claims.xui.is_empty())
            .map(|(title, device)| (title, device, claims.cnf))
            .ok_or_else(|| Refusal::without_code(format!("{path}: the token is no title token")))
    }
}

/// The claim for a key.
pub(super) fn confirmation(key: Option<ProofKey>) -> Option<Confirmation> {
    key.map(|jwk| Confirmation { jwk })
}

/// The properties of a request for a sign-in token.
fn sign_in<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, IssuerError> {
    let Envelope {
        relying_party,
        properties,
        ..
    } = envelope(body)?;
    if relying_party == SIGN_IN_AUDIENCE {
        Ok(properties)
    } else {
        Err(malformed(
            "RelyingParty",
            "expected `http://auth.xboxlive.com`",
        ))
    }
}

/// What a client may know of a user whose XUID is not for it to see.
pub(super) fn hash_only(user: &UserClaims) -> UserClaims {
    UserClaims {
        uhs: user.uhs.clone(),
        ..UserClaims::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::IssuerKeys;
    use crate::issuer::{DevUser, IssuerConfig};
    use convoke_wire::ids::Xuid;
    use jiff::Timestamp;
    use serde_json::{Value, json};
    use std::sync::Arc;
    use uuid::Uuid;

    fn issuer() -> Issuer {
        let mut config = IssuerConfig::new("https://issuer.example");
        config.dev_users = vec![DevUser::new(Xuid(2_533_274_790_395_904), "Dev One")];
        Issuer::new(Arc::new(IssuerKeys::generate()), config)
    }

    fn moment(id: u128) -> Moment {
        Moment {
            now: Timestamp::from_second(1_735_689_600).expect("in range"),
            id: Uuid::from_u128(id),
        }
    }

    fn request(properties: &Value) -> Vec<u8> {
        let envelope = json!({
            "RelyingParty": SIGN_IN_AUDIENCE, "TokenType": "JWT", "Properties": properties,
        });
        envelope.to_string().into_bytes()
    }

    fn claims(issuer: &Issuer, response: &TokenResponse) -> crate::auth::Claims {
        issuer
            .sign_in_claims("t", &response.token, moment(0).now)
            .expect("our own token")
    }

    #[test]
    fn tickets_name_users_by_xuid_or_gamertag() {
        let issuer = issuer();
        let check = |ticket: &str, expected: Result<u64, &str>| {
            let body = request(&json!({
                "AuthMethod": "RPS", "SiteName": "user.auth.xboxlive.com", "RpsTicket": ticket,
            }));
            let result = match issuer.user_authenticate(&body, moment(1)) {
                Ok(response) => {
                    let users = response.display_claims.xui.clone().expect("users");
                    let claims = claims(&issuer, &response).xui;
                    assert_eq!(users, vec![hash_only(&claims[0])]);
                    Ok(claims[0].xid.expect("an XUID").0)
                }
                Err(IssuerError::Refused(refusal)) => {
                    assert_eq!(refusal.code, Some(XErr::NO_PROFILE), "{ticket}");
                    Err("refused")
                }
                Err(_) => Err("malformed"),
            };
            assert_eq!(result, expected, "{ticket}");
        };
        check("d=dev:7", Ok(7));
        check("t=dev:7", Ok(7));
        check("d=dev:dev one", Ok(2_533_274_790_395_904));
        check("d=dev:Nobody", Err("refused"));
        check("d=dev:", Err("refused"));
        check("d=dev:-7", Err("refused"));
        check("d=dev:18446744073709551616", Err("refused"));
        check("d=EwBIA8l6BAAU", Err("refused"));
        check("EwBIA8l6BAAU", Err("malformed"));
        check("", Err("malformed"));
    }

    #[test]
    fn the_user_hash_is_new_in_every_token() {
        let issuer = issuer();
        let body = request(&json!({"AuthMethod": "RPS", "RpsTicket": "d=dev:7"}));
        let hash = |id: u128| {
            let response = issuer.user_authenticate(&body, moment(id)).expect("valid");
            response.display_claims.xui.expect("users")[0].uhs.clone()
        };
        assert_eq!(hash(1), hash(1));
        assert_ne!(hash(1), hash(2));
    }

    #[test]
    fn devices_keep_their_id_and_titles_their_device() {
        let issuer = issuer();
        let device = |id: &Value, draw| {
            let body = request(&json!({
                "AuthMethod": "ProofOfPossession", "Id": id, "DeviceType": "Win32",
                "SerialNumber": "{1}", "Version": "10.0.18363",
            }));
            issuer
                .device_authenticate(&body, moment(draw))
                .expect("valid")
        };
        let shown = |response: &TokenResponse| response.display_claims.xdi.clone().expect("xdi");
        let first = device(&json!("{A}"), 1);
        assert_eq!(shown(&first), shown(&device(&json!("{A}"), 2)));
        assert_ne!(shown(&first), shown(&device(&json!("{B}"), 1)));
        assert_ne!(
            shown(&device(&Value::Null, 1)),
            shown(&device(&Value::Null, 2))
        );
        assert_eq!(
            shown(&first).dty,
            None,
            "the type is in the token, not on display"
        );

        let title = |token: &str, id: Value| {
            let body = request(&json!({
                "AuthMethod": "ProofOfPossession", "DeviceToken": token, "TitleId": id,
            }));
            issuer.title_authenticate(&body, moment(3))
        };
        let response = title(&first.token, json!(1234)).expect("valid");
        assert_eq!(
            serde_json::to_value(&response.display_claims).expect("plain JSON"),
            json!({"xti": {"tid": "1234"}})
        );
        let bound = claims(&issuer, &response).xdi.expect("a device");
        assert_eq!(bound.did, shown(&first).did);
        assert_eq!(bound.dty.as_deref(), Some("Win32"));

        let refused = title("a.b.c", json!(1));
        assert!(matches!(refused, Err(IssuerError::Refused(_))));
        let refused = title(&response.token, json!(1));
        assert!(matches!(refused, Err(IssuerError::Refused(_))));
        let malformed = title(&first.token, json!("x"));
        assert!(matches!(malformed, Err(IssuerError::Malformed(_))));
    }

    #[test]
    fn a_user_token_is_no_device_token() {
        let issuer = issuer();
        let body = request(&json!({"AuthMethod": "RPS", "RpsTicket": "d=dev:7"}));
        let user = issuer.user_authenticate(&body, moment(1)).expect("valid");
        let body = request(&json!({"DeviceToken": user.token, "TitleId": 1}));
        let Err(IssuerError::Refused(refusal)) = issuer.title_authenticate(&body, moment(2)) else {
            unreachable!("a user is no device");
        };
        assert!(refusal.message.contains("no device token"), "{refusal:?}");
    }

    #[test]
    fn malformed_requests_name_the_place() {
        let issuer = issuer();
        let check = |properties: Value, expected: &str| {
            let error = issuer
                .user_authenticate(&request(&properties), moment(1))
                .expect_err(expected);
            assert!(matches!(error, IssuerError::Malformed(_)), "{error}");
            assert!(error.to_string().starts_with(expected), "{error}");
        };
        check(json!({"RpsTicket": "d=dev:7"}), "Properties: missing field");
        check(json!({"AuthMethod": "RPS"}), "Properties: missing field");
        check(
            json!({"AuthMethod": "X", "RpsTicket": "d=dev:7"}),
            "Properties.AuthMethod",
        );
        check(
            json!({"AuthMethod": "RPS", "RpsTicket": 7}),
            "Properties.RpsTicket",
        );
        let other = json!({
            "RelyingParty": "http://xboxlive.com",
            "Properties": {"AuthMethod": "RPS", "RpsTicket": "d=dev:7"},
        });
        let error = issuer.user_authenticate(other.to_string().as_bytes(), moment(1));
        assert!(
            error
                .expect_err("wrong")
                .to_string()
                .starts_with("RelyingParty")
        );
    }
}
