//! `convoke token`: an `Authorization` header from the development issuer.

use std::process::ExitCode;

use anyhow::{Context, anyhow};
use clap::Args;
use convoke_client::{DevIssuer, DevSubject, Error};
use convoke_wire::ids::{TitleId, Xuid};
use serde_json::Value;

use crate::http::{Answer, Client, Service};
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
    /// The same for the SDK.
    pub(crate) fn to_sdk(&self) -> anyhow::Result<DevSubject> {
        let sandbox = self.sandbox.as_deref().map(str::parse).transpose();
        Ok(DevSubject {
            xuid: self.xuid,
            gamertag: self.gamertag.clone(),
            title_id: self.title_id,
            device_id: self.device_id.clone(),
            sandbox: sandbox.context("--sandbox")?,
            privileges: self.privileges.clone(),
            roles: self.roles.clone(),
        })
    }
}

/// Asks the issuer for a token.
pub(crate) async fn mint(client: &Client, subject: &Subject) -> anyhow::Result<Minted> {
    let issuer = DevIssuer::new(client.sdk(), subject.to_sdk()?);
    let context = || format!("failed to get a token from {}{TOKEN_PATH}", client.url());
    let issued = match issuer.issue().await {
        Ok(issued) => issued,
        Err(Error::Refused(refusal)) => {
            let said = anyhow!("{}: {}", refusal.status, refusal.text);
            return Err(said).with_context(context);
        }
        Err(Error::NoToken(text)) => return Err(anyhow!(text)).with_context(context),
        Err(error) => return Err(client.explain(error)),
    };
    let header = issued.token.value().to_str();
    Ok(Minted {
        header: header.with_context(context)?.to_owned(),
        answer: Answer::from(&issued.answer),
    })
}

/// The header value that an issuer's answer stands for, where the exchange itself is shown.
pub(crate) fn header(answer: &Answer) -> anyhow::Result<String> {
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
    use reqwest::StatusCode;

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
}
