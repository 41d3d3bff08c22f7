//! Tokens of the development issuer, kept until shortly before they end.

use std::sync::{Mutex, PoisonError};

use convoke_wire::json::read_answer;
use convoke_wire::time::WireTime;
use convoke_wire::{Sandbox, TitleId, Xuid};
use jiff::{SignedDuration, Timestamp};
use reqwest::{Method, StatusCode};
use serde::{Deserialize, Serialize};

use crate::client::Client;
use crate::error::Error;
use crate::hosts::Service;
use crate::raw::{Answer, Call, Repeat};
use crate::refusal::Refusal;
use crate::token::{NoToken, Token, TokenFuture, TokenSource};

/// Where the issuer is.
const PATH: &str = "/dev/token";
/// How long before its end a token is no longer used. `[client]`
const MARGIN: SignedDuration = SignedDuration::from_secs(60);

/// Whom a token is for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DevSubject {
    /// The user; a service with a role has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub xuid: Option<Xuid>,
    /// The user's gamertag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gamertag: Option<String>,
    /// The title that the user plays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title_id: Option<TitleId>,
    /// The device that the user plays on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_id: Option<String>,
    /// The sandbox; `RETAIL` unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sandbox: Option<Sandbox>,
    /// Privilege ids with spaces between them; the usual ones unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub privileges: Option<String>,
    /// Roles of a service, such as `sessions.server`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
}

/// What the issuer answers.
#[derive(Debug, Clone)]
pub struct IssuedToken {
    /// The value of the `Authorization` header.
    pub token: Token,
    /// When it ends.
    pub not_after: Timestamp,
    /// The whole answer.
    pub answer: Answer,
}

/// A source of tokens of the development issuer, which only trial deployments have.
#[derive(Debug)]
pub struct DevIssuer {
    client: Client,
    subject: DevSubject,
    kept: Mutex<Option<(Token, Timestamp)>>,
    /// Held while a token is asked for, so that many callers ask once.
    asking: tokio::sync::Mutex<()>,
}

impl DevSubject {
    /// A user.
    pub fn player(xuid: Xuid) -> Self {
        Self {
            xuid: Some(xuid),
            ..Self::default()
        }
    }

    /// A service with a role.
    pub fn service(role: &str) -> Self {
        Self {
            roles: vec![role.to_owned()],
            ..Self::default()
        }
    }

    /// In this title.
    #[must_use]
    pub fn title(mut self, title_id: TitleId) -> Self {
        self.title_id = Some(title_id);
        self
    }

    /// With this gamertag.
    #[must_use]
    pub fn gamertag(mut self, gamertag: &str) -> Self {
        self.gamertag = Some(gamertag.to_owned());
        self
    }

    /// On this device.
    #[must_use]
    pub fn device(mut self, device_id: &str) -> Self {
        self.device_id = Some(device_id.to_owned());
        self
    }
}

impl DevIssuer {
    /// The issuer of a client's service; the client's own caller does not matter.
    pub fn new(client: &Client, subject: DevSubject) -> Self {
        Self {
            client: client.with_tokens(NoToken),
            subject,
            kept: Mutex::new(None),
            asking: tokio::sync::Mutex::new(()),
        }
    }

    /// Asks for a token, whatever is kept.
    pub async fn issue(&self) -> Result<IssuedToken, Error> {
        let call = Call::new(Method::POST, PATH)
            .service(Service::Issuer)
            .repeat(Repeat::Always)
            .json(&self.subject)?;
        let answer = self.client.send(&call).await?;
        match answer.status {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => {
                let text = "the service has no development issuer (404)";
                return Err(Error::NoToken(text.to_owned()));
            }
            _ => return Err(Refusal::of(&answer).into()),
        }
        let issued: Issued = read_answer(&answer.body).map_err(|problem| Error::Unreadable {
            what: "token",
            problem,
        })?;
        Ok(IssuedToken {
            token: issued.token()?,
            not_after: issued.not_after.0,
            answer,
        })
    }

    fn good(&self) -> Option<Token> {
        let now = self.client.shared.environment.now();
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let (token, end) = kept.as_ref()?;
        (MARGIN < end.duration_since(now)).then(|| token.clone())
    }
}

impl TokenSource for DevIssuer {
    fn token(&self) -> TokenFuture<'_> {
        Box::pin(async {
            if let Some(token) = self.good() {
                return Ok(Some(token));
            }
            let _asking = self.asking.lock().await;
            if let Some(token) = self.good() {
                return Ok(Some(token));
            }
            let issued = self.issue().await?;
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            *kept = Some((issued.token.clone(), issued.not_after));
            Ok(Some(issued.token))
        })
    }

    fn refused(&self, token: &Token) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.as_ref().is_some_and(|(kept, _)| kept == token) {
            *kept = None;
        }
    }
}

/// The answer of the issuer. `[client]`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Issued {
    not_after: WireTime,
    token: String,
    #[serde(default)]
    display_claims: DisplayClaims,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct DisplayClaims {
    xui: Vec<User>,
}

#[derive(Debug, Deserialize)]
struct User {
    uhs: String,
}

impl Issued {
    /// The header's value: it names the first user, or nobody, which is written as a hyphen.
    fn token(&self) -> Result<Token, Error> {
        let user = self.display_claims.xui.first();
        let hash = user.map_or("-", |user| user.uhs.as_str());
        Token::new(&format!("XBL3.0 x={hash};{}", self.token))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_names_the_first_user_or_nobody() {
        let check = |claims: &str, expected: &str| {
            let text = format!(
                r#"{{"IssueInstant":"2026-01-01T00:00:00Z","NotAfter":"2026-01-01T16:00:00.0000000Z","Token":"t.t.t"{claims}}}"#
            );
            let issued: Issued = read_answer(text.as_bytes()).expect("an answer");
            assert_eq!(issued.token().expect("a header").value(), expected);
        };
        check(
            r#","DisplayClaims":{"xui":[{"uhs":"42","xid":"1"},{"uhs":"43"}]}"#,
            "XBL3.0 x=42;t.t.t",
        );
        check(r#","DisplayClaims":{"xui":[]}"#, "XBL3.0 x=-;t.t.t");
        check("", "XBL3.0 x=-;t.t.t");
    }

    #[test]
    fn only_what_was_given_is_asked_for() {
        let text = |subject: &DevSubject| serde_json::to_string(subject).expect("JSON");
        let player = DevSubject::player(Xuid(1001))
            .title(TitleId(7))
            .gamertag("A");
        assert_eq!(
            text(&player),
            r#"{"xuid":"1001","gamertag":"A","titleId":"7"}"#
        );
        let service = DevSubject::service("sessions.server");
        assert_eq!(text(&service), r#"{"roles":["sessions.server"]}"#);
    }
}
