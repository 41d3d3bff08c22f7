//! `xsts/authorize`: sign-in tokens in, one token for a relying party out. `[client]`
//!
//! Tokens of identity providers are taken in place of user tokens. Not here: how the sign-in tokens
//! were made (`sign_in`), and what a provider's token says (`exchange`).

use convoke_wire::ids::Sandbox;
use serde::Deserialize;

use super::body::{envelope, malformed};
use super::exchange::{SignedIn, agreed};
use super::proof::one_key;
use super::refusal::{IssuerError, Refusal};
use super::response::{DisplayClaims, TokenResponse};
use super::sign_in::{confirmation, hash_only};
use super::{DevSignIn, Issuer, Moment};
use crate::auth::{
    Claims, Confirmation, DeviceClaims, ProofKey, SERVICE_AUDIENCE, SIGN_IN_AUDIENCE, TitleClaims,
    UserClaims,
};

/// Most users of one token. Inferred.
pub(super) const MAX_USERS: usize = 16;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Properties {
    #[serde(default)]
    sandbox_id: Option<Sandbox>,
    #[serde(default)]
    user_tokens: Vec<String>,
    #[serde(default)]
    device_token: Option<String>,
    #[serde(default)]
    title_token: Option<String>,
    #[serde(default)]
    optional_display_claims: Vec<String>,
    #[serde(default)]
    proof_key: Option<ProofKey>,
}

impl Issuer {
    /// `POST /xsts/authorize`: a token for a service.
    ///
    /// Only tokens for `http://xboxlive.com` say who the users are; others have their hashes.
    /// The user hashes are those of the user tokens, because some clients take them from there.
    /// `[client]`
    pub fn xsts_authorize(
        &self,
        body: &[u8],
        moment: Moment,
    ) -> Result<TokenResponse, IssuerError> {
        let request = envelope::<Properties>(body)?;
        if request.relying_party == SIGN_IN_AUDIENCE {
            return Err(malformed(
                "RelyingParty",
                "tokens for http://auth.xboxlive.com are made by user/authenticate, \
                 device/authenticate and title/authenticate",
            ));
        }
        let properties = request.properties;
        let blank = self.empty_claims(&request.relying_party, moment);
        let mut keys = vec![confirmation(properties.proof_key.clone())];
        let signed_in = self.users_of_tokens(&properties, &blank.jti, &mut keys, moment)?;
        let sandbox = self.sandbox(&properties, &signed_in)?;
        let (title, device) = self.title_and_device(&properties, &signed_in, &mut keys, moment)?;
        let bounds = signed_in.iter().filter_map(|one| one.bound.as_ref());
        let mut blank = bounds.fold(blank, |claims, bound| bound.limit(claims));
        if signed_in.iter().any(|one| one.bound.is_none()) {
            // A token with a user of the development issuer ends with it.
            blank.idp = None;
        }
        let users: Vec<_> = signed_in.into_iter().map(|one| one.user).collect();
        if users.is_empty() && device.is_none() {
            return Err(malformed(
                "Properties",
                "expected a token in UserTokens, DeviceToken or TitleToken",
            ));
        }
        let users: Vec<UserClaims> = if request.relying_party == SERVICE_AUDIENCE {
            users
        } else {
            users.iter().map(hash_only).collect()
        };
        let claims = Claims {
            xui: users.clone(),
            xti: title,
            xdi: device,
            sbx: Some(sandbox),
            cnf: one_key(keys)?,
            ..blank
        };
        self.respond(&claims, DisplayClaims::users(users), moment)
    }

    fn users_of_tokens(
        &self,
        properties: &Properties,
        token_id: &str,
        keys: &mut Vec<Option<Confirmation>>,
        moment: Moment,
    ) -> Result<Vec<SignedIn>, IssuerError> {
        if MAX_USERS < properties.user_tokens.len() {
            return Err(malformed(
                "Properties.UserTokens",
                &format!("expected at most {MAX_USERS} tokens"),
            ));
        }
        let mut users: Vec<SignedIn> = Vec::new();
        for (index, token) in properties.user_tokens.iter().enumerate() {
            let path = format!("Properties.UserTokens[{index}]");
            let SignedIn { user, bound, key } =
                self.signed_in(&path, token, token_id, moment.now)?;
            keys.push(key.clone());
            if users.iter().any(|other| other.user.xid == user.xid) {
                return Err(malformed(
                    &path,
                    "another token of the same user comes before it",
                ));
            }
            let user = with_optional_claims(user, &properties.optional_display_claims);
            users.push(SignedIn { user, bound, key });
        }
        Ok(users)
    }

    /// The sandbox of the token: the one asked for, if every user may enter it.
    ///
    /// Without a word about it, users go where their provider has them. Inferred.
    fn sandbox(&self, properties: &Properties, users: &[SignedIn]) -> Result<Sandbox, IssuerError> {
        let bounds = users.iter().filter_map(|one| one.bound.as_ref());
        let theirs = agreed(bounds.map(|bound| &bound.sandbox));
        let theirs = theirs.map_err(|()| {
            Refusal::without_code("Properties.UserTokens: the users are in different sandboxes")
        })?;
        let asked = properties.sandbox_id.as_ref();
        if let (Some(asked), Some(theirs)) = (asked, theirs)
            && asked != theirs
        {
            let why = format!("the users of this identity provider may not enter sandbox {asked}");
            return Err(Refusal::without_code(why).into());
        }
        let sandbox = theirs.or(asked).cloned().unwrap_or_default();
        // The configuration may have changed since a user of the development issuer signed in.
        let unbound = users.iter().filter(|one| one.bound.is_none());
        for xuid in unbound.filter_map(|one| one.user.xid) {
            self.user(xuid)?.check_sandbox(&sandbox)?;
        }
        Ok(sandbox)
    }

    fn title_and_device(
        &self,
        properties: &Properties,
        users: &[SignedIn],
        keys: &mut Vec<Option<Confirmation>>,
        moment: Moment,
    ) -> Result<(Option<TitleClaims>, Option<DeviceClaims>), IssuerError> {
        let bounds = || users.iter().filter_map(|one| one.bound.as_ref());
        let title = agreed(bounds().filter_map(|bound| bound.title.as_ref())).map_err(|()| {
            Refusal::without_code("Properties.UserTokens: the users are in different titles")
        })?;
        let (shown, device) = self.shown_title_and_device(properties, keys, moment)?;
        if let (Some(title), Some(shown)) = (title, &shown)
            && title != shown
        {
            let why = "Properties.TitleToken: the users are in another title";
            return Err(Refusal::without_code(why).into());
        }
        let theirs = || bounds().find_map(|bound| bound.device.clone());
        Ok((shown.or_else(|| title.cloned()), device.or_else(theirs)))
    }

    /// The title and the device that tokens of their own name.
    fn shown_title_and_device(
        &self,
        properties: &Properties,
        keys: &mut Vec<Option<Confirmation>>,
        moment: Moment,
    ) -> Result<(Option<TitleClaims>, Option<DeviceClaims>), IssuerError> {
        let shown = properties.device_token.is_some() || properties.title_token.is_some();
        if shown && self.config.dev_sign_in == DevSignIn::Off {
            let why = "Properties: device and title tokens are made by the development issuer, \
                       which is off";
            return Err(Refusal::without_code(why).into());
        }
        let device = match &properties.device_token {
            Some(token) => {
                let (device, key) = self.device_token(token, moment)?;
                keys.push(key);
                Some(device)
            }
            None => None,
        };
        let Some(token) = &properties.title_token else {
            return Ok((None, device));
        };
        let (title, bound, key) = self.title_token(token, moment)?;
        keys.push(key);
        if device.is_some_and(|device| device.did != bound.did) {
            return Err(Refusal::without_code(
                "Properties.TitleToken: the token is bound to another device",
            )
            .into());
        }
        Ok((Some(title), Some(bound)))
    }
}

/// Adds the claims a client asks for by name; names that we do not know are ignored.
///
/// Our users have no suffix, so that their modern gamertag is their gamertag.
fn with_optional_claims(mut user: UserClaims, asked: &[String]) -> UserClaims {
    for name in asked {
        match name.as_str() {
            "mgt" => user.mgt.clone_from(&user.gtg),
            "mgs" => user.mgs = Some(String::new()),
            "umg" => user.umg.clone_from(&user.gtg),
            _ => {}
        }
    }
    user
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::{Audience, IssuerKeys, verify};
    use crate::issuer::{DevUser, IssuerConfig};
    use convoke_wire::ids::{TitleId, Xuid};
    use jiff::Timestamp;
    use serde_json::{Value, json};
    use std::sync::Arc;
    use uuid::Uuid;

    const NAME: &str = "https://issuer.example";

    fn issuer() -> Issuer {
        let mut config = IssuerConfig::new(NAME);
        let mut tester = DevUser::new(Xuid(1), "Tester");
        tester.sandboxes = vec!["XLDP.1".parse().expect("valid")];
        config.dev_users = vec![tester];
        Issuer::new(Arc::new(IssuerKeys::generate()), config)
    }

    fn moment(id: u128) -> Moment {
        Moment {
            now: Timestamp::from_second(1_735_689_600).expect("in range"),
            id: Uuid::from_u128(id),
        }
    }

    fn sign_in(properties: &Value) -> Vec<u8> {
        json!({"RelyingParty": SIGN_IN_AUDIENCE, "TokenType": "JWT", "Properties": properties})
            .to_string()
            .into_bytes()
    }

    fn user_token(issuer: &Issuer, xuid: u64) -> String {
        let ticket = format!("d=dev:{xuid}");
        let body = sign_in(&json!({"AuthMethod": "RPS", "RpsTicket": ticket}));
        let response = issuer.user_authenticate(&body, moment(xuid.into()));
        response.expect("a user").token
    }

    fn device_token(issuer: &Issuer, id: &str) -> String {
        let body = sign_in(&json!({"Id": id, "DeviceType": "Win32"}));
        let response = issuer.device_authenticate(&body, moment(1));
        response.expect("a device").token
    }

    fn title_token(issuer: &Issuer, device: &str) -> String {
        let body = sign_in(&json!({"DeviceToken": device, "TitleId": 77}));
        let response = issuer.title_authenticate(&body, moment(1));
        response.expect("a title").token
    }

    fn authorize(
        issuer: &Issuer,
        relying_party: &str,
        properties: &Value,
    ) -> Result<TokenResponse, IssuerError> {
        let body = json!({
            "RelyingParty": relying_party, "TokenType": "JWT", "Properties": properties,
        });
        issuer.xsts_authorize(body.to_string().as_bytes(), moment(99))
    }

    fn claims(issuer: &Issuer, relying_party: &str, response: &TokenResponse) -> Claims {
        let expected = Audience {
            issuer: NAME,
            relying_party,
        };
        verify(&response.token, &issuer.keys, expected, moment(0).now).expect("our own token")
    }

    #[test]
    fn tokens_of_users_device_and_title_become_one() {
        let issuer = issuer();
        let device = device_token(&issuer, "{A}");
        let properties = json!({
            "SandboxId": "XLDP.1",
            "UserTokens": [user_token(&issuer, 7), user_token(&issuer, 1)],
            "DeviceToken": device,
            "TitleToken": title_token(&issuer, &device),
            "OptionalDisplayClaims": ["mgt", "mgs", "umg", "new"],
        });
        let response = authorize(&issuer, SERVICE_AUDIENCE, &properties).expect("valid");
        let claims = claims(&issuer, SERVICE_AUDIENCE, &response);
        let shown = response.display_claims.xui.clone().expect("users");
        assert_eq!(claims.xui, shown);
        assert_eq!(shown[0].gtg.as_deref(), Some("Player7"));
        assert_eq!(shown[1].umg.as_deref(), Some("Tester"));
        assert_eq!(claims.xti.map(|title| title.tid), Some(TitleId(77)));
        let device = claims.xdi.expect("a device");
        assert_eq!(device.dty.as_deref(), Some("Win32"));
        assert_eq!(claims.sbx.map(|s| s.to_string()).as_deref(), Some("XLDP.1"));
        assert_eq!(response.issue_instant, "2025-01-01T00:00:00.0000000Z");
        assert_eq!(response.not_after, "2025-01-01T16:00:00.0000000Z");
    }

    #[test]
    fn the_user_hash_is_that_of_the_user_token() {
        let issuer = issuer();
        let body = sign_in(&json!({"AuthMethod": "RPS", "RpsTicket": "d=dev:7"}));
        let user = issuer.user_authenticate(&body, moment(5)).expect("a user");
        let properties = json!({"UserTokens": [user.token]});
        let response = authorize(&issuer, SERVICE_AUDIENCE, &properties).expect("valid");
        let hash = |claims: DisplayClaims| claims.xui.expect("users")[0].uhs.clone();
        assert_eq!(hash(user.display_claims), hash(response.display_claims));
    }

    #[test]
    fn other_relying_parties_learn_only_hashes() {
        let issuer = issuer();
        let properties = json!({"UserTokens": [user_token(&issuer, 7)]});
        let party = "rp://api.example/";
        let response = authorize(&issuer, party, &properties).expect("valid");
        let shown = response.display_claims.xui.clone().expect("users");
        assert_eq!(shown, vec![hash_only(&shown[0])]);
        assert_eq!(claims(&issuer, party, &response).xui, shown);
    }

    #[test]
    fn what_is_missing_or_makes_no_sense_is_malformed() {
        let issuer = issuer();
        let user = user_token(&issuer, 7);
        let check = |party: &str, properties: Value, expected: &str| {
            let error = authorize(&issuer, party, &properties).expect_err(expected);
            assert!(matches!(error, IssuerError::Malformed(_)), "{error}");
            assert!(error.to_string().starts_with(expected), "{error}");
        };
        let party = SERVICE_AUDIENCE;
        check(party, json!({}), "Properties: expected a token");
        check(
            party,
            json!({"UserTokens": user}),
            "Properties.UserTokens: expected",
        );
        check(
            party,
            json!({"UserTokens": [1]}),
            "Properties.UserTokens[0]: expected",
        );
        check(
            party,
            json!({"UserTokens": vec![&user; 17]}),
            "Properties.UserTokens: expected at most 16",
        );
        check(
            party,
            json!({"UserTokens": [user, user]}),
            "Properties.UserTokens[1]: another",
        );
        check(
            party,
            json!({"UserTokens": [user], "SandboxId": ""}),
            "Properties.SandboxId: expected a sandbox id",
        );
        check(
            SIGN_IN_AUDIENCE,
            json!({"UserTokens": [user]}),
            "RelyingParty: tokens for",
        );
    }

    #[test]
    fn tokens_that_are_not_good_are_refused_without_a_code() {
        let issuer = issuer();
        let user = user_token(&issuer, 7);
        let device = device_token(&issuer, "{A}");
        let title = title_token(&issuer, &device);
        let service = authorize(&issuer, SERVICE_AUDIENCE, &json!({"UserTokens": [user]}));
        let service = service.expect("valid").token;
        let stranger = user_token(
            &Issuer::new(Arc::new(IssuerKeys::generate()), IssuerConfig::new(NAME)),
            7,
        );
        let check = |properties: Value, expected: &str| {
            let result = authorize(&issuer, SERVICE_AUDIENCE, &properties);
            let Err(IssuerError::Refused(refusal)) = result else {
                unreachable!("{expected}: {result:?}");
            };
            assert_eq!(refusal.code, None);
            assert!(refusal.message.starts_with(expected), "{}", refusal.message);
        };
        let user_path = "Properties.UserTokens[0]: ";
        check(json!({"UserTokens": ["a.b.c"]}), user_path);
        check(json!({"UserTokens": [service]}), user_path);
        check(json!({"UserTokens": [device]}), user_path);
        check(json!({"UserTokens": [stranger]}), user_path);
        check(json!({"DeviceToken": user}), "Properties.DeviceToken: ");
        check(json!({"DeviceToken": title}), "Properties.DeviceToken: ");
        check(json!({"TitleToken": device}), "Properties.TitleToken: ");
        check(
            json!({"TitleToken": title, "DeviceToken": device_token(&issuer, "{B}")}),
            "Properties.TitleToken: the token is bound",
        );
        check(
            json!({"UserTokens": [user_token(&issuer, 1)], "SandboxId": "XLDP.2"}),
            "user 1 may not enter sandbox XLDP.2",
        );
    }
}
