//! `convoke token`: an `Authorization` header from the development issuer.

use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use convoke_wire::ids::{TitleId, Xuid};
use reqwest::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::http::{Answer, Call, Client, Service};
use crate::output;

/// Where the issuer is.
pub(crate) const TOKEN_PATH: &str = "/dev/token";

/// Print an Authorization header from the development issuer.
///
/// Only the header's value is printed, so that it can be used in place:
/// curl -H "Authorization: $(convoke token --xuid 1001)" …
#[derive(Debug, Args)]
pub(crate) struct Token {
    #[command(flatten)]
    subject: Subject,
    #[command(flatten)]
    service: Service,
    /// Print the issuer's whole answer.
    #[arg(long)]
    json: bool,
}

/// Whom a token is for.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Subject {
    /// The user; may be left out for a service with a role.
    #[arg(long, required_unless_present = "roles")]
    pub(crate) xuid: Option<Xuid>,
    /// The user's gamertag.
    #[arg(long, requires = "xuid")]
    pub(crate) gamertag: Option<String>,
    /// The title (game) that the user plays.
    #[arg(long)]
    pub(crate) title_id: Option<TitleId>,
    /// The device that the user plays on.
    #[arg(long)]
    pub(crate) device_id: Option<String>,
    /// The sandbox; RETAIL unless given.
    #[arg(long)]
    pub(crate) sandbox: Option<String>,
    /// Privilege ids with spaces between them, such as "185 254"; the usual ones unless given.
    #[arg(long)]
    pub(crate) privileges: Option<String>,
    /// A role of a service, such as sessions.server; may be repeated.
    #[arg(long = "role", value_name = "ROLE")]
    pub(crate) roles: Vec<String>,
}

/// A token as it is used.
#[derive(Debug)]
pub(crate) struct Minted {
    /// The value of the `Authorization` header.
    pub(crate) header: String,
    /// The issuer's answer.
    pub(crate) answer: Answer,
}

impl Token {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let client = self.service.client()?;
        let minted = mint(&client, &self.subject).await?;
        if self.json {
            output::print(&output::pretty(&minted.answer.body))?;
        } else {
            output::print(&minted.header)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Subject {
    /// The request for its token.
    pub(crate) fn to_json(&self) -> Value {
        let mut body = Map::new();
        let text = |value: &Option<String>| value.as_ref().map(|value| json!(value));
        let fields = [
            ("xuid", self.xuid.map(|xuid| json!(xuid.to_string()))),
            ("gamertag", text(&self.gamertag)),
            ("titleId", self.title_id.map(|id| json!(id.to_string()))),
            ("deviceId", text(&self.device_id)),
            ("sandbox", text(&self.sandbox)),
            ("privileges", text(&self.privileges)),
            ("roles", (!self.roles.is_empty()).then(|| json!(self.roles))),
        ];
        for (name, value) in fields {
            if let Some(value) = value {
                body.insert(name.to_owned(), value);
            }
        }
        Value::Object(body)
    }
}

/// Asks the issuer for a token.
pub(crate) async fn mint(client: &Client, subject: &Subject) -> anyhow::Result<Minted> {
    let call = Call::new(Method::POST, TOKEN_PATH).json(&subject.to_json());
    let answer = client.send(&call).await?;
    let header = header(&answer)
        .with_context(|| format!("failed to get a token from {}{TOKEN_PATH}", client.url()))?;
    Ok(Minted { header, answer })
}

/// The header value that an issuer's answer stands for.
pub(crate) fn header(answer: &Answer) -> anyhow::Result<String> {
    match answer.status {
        StatusCode::OK => {}
        StatusCode::NOT_FOUND => bail!("the service has no development issuer (404)"),
        status => bail!("{status}: {}", answer.body),
    }
    let body: Value = serde_json::from_str(&answer.body).context("the answer is not JSON")?;
    let token = body["Token"]
        .as_str()
        .context("the answer has no `Token`")?;
    // A token of a service has no user, which is written as a hyphen.
    let hash = body["DisplayClaims"]["xui"][0]["uhs"]
        .as_str()
        .unwrap_or("-");
    Ok(format!("XBL3.0 x={hash};{token}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: StatusCode, body: &str) -> Answer {
        Answer {
            status,
            etag: None,
            content_location: None,
            location: None,
            retry_after: None,
            www_authenticate: None,
            content_type: None,
            body: body.to_owned(),
        }
    }

    #[test]
    fn the_header_names_the_first_user_or_nobody() {
        let check = |body: &str, expected: &str| {
            assert_eq!(header(&answer(StatusCode::OK, body)).expect(body), expected);
        };
        check(
            r#"{"Token":"t.t.t","DisplayClaims":{"xui":[{"uhs":"42"},{"uhs":"43"}]}}"#,
            "XBL3.0 x=42;t.t.t",
        );
        check(
            r#"{"Token":"t.t.t","DisplayClaims":{"xui":[]}}"#,
            "XBL3.0 x=-;t.t.t",
        );
    }

    #[test]
    fn refusals_show_what_the_issuer_said() {
        let refused = answer(
            StatusCode::BAD_REQUEST,
            "`roles`: expected at most 32 roles",
        );
        let error = header(&refused).expect_err("refused").to_string();
        assert_eq!(error, "400 Bad Request: `roles`: expected at most 32 roles");
        let absent = header(&answer(StatusCode::NOT_FOUND, "")).expect_err("absent");
        assert!(absent.to_string().contains("no development issuer"));
    }

    #[test]
    fn only_what_was_given_is_asked_for() {
        let subject = Subject {
            xuid: Some(Xuid(1001)),
            title_id: Some(TitleId(123)),
            roles: vec!["sessions.server".to_owned()],
            ..Subject::default()
        };
        assert_eq!(
            subject.to_json(),
            json!({"xuid": "1001", "titleId": "123", "roles": ["sessions.server"]})
        );
        assert_eq!(Subject::default().to_json(), json!({}));
    }
}
