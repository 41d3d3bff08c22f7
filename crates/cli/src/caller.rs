//! The flags of every command that talks to a service: where it is and who asks.

use clap::Args;
use convoke_wire::ids::{TitleId, Xuid};

use crate::http::{Answer, CONTRACT, Call, Client, Service};
use crate::output::{Format, print_answer};
use crate::token::{Subject, mint};

/// Where the service is and who asks.
#[derive(Debug, Args)]
#[command(next_help_heading = "Service and caller")]
pub(crate) struct Caller {
    #[command(flatten)]
    service: Service,
    /// Ask as this user, with a token of the development issuer; goes before --token.
    #[arg(long = "as", value_name = "XUID")]
    pub(crate) acting: Option<Xuid>,
    /// The title of the user given by --as.
    #[arg(long = "as-title", value_name = "TITLE_ID", env = "CONVOKE_TITLE_ID")]
    title: Option<TitleId>,
    /// The whole value of the Authorization header, as `convoke token` prints it.
    #[arg(
        long,
        value_name = "HEADER",
        env = "CONVOKE_TOKEN",
        hide_env_values = true
    )]
    token: Option<String>,
    /// The contract version to ask for.
    #[arg(long, value_name = "VERSION", default_value = CONTRACT)]
    contract: String,
    /// Print one JSON object with status, etag, contentLocation and body.
    #[arg(long)]
    json: bool,
}

impl Caller {
    /// Sends a request with the caller's credentials.
    pub(crate) async fn send(&self, call: Call) -> anyhow::Result<Answer> {
        let (client, call) = self.prepared(call).await?;
        client.send(&call).await
    }

    /// A request with the caller's credentials, and what sends it.
    pub(crate) async fn prepared(&self, call: Call) -> anyhow::Result<(Client, Call)> {
        let client = self.service.client()?;
        let token = self.token(&client).await?;
        let call = call.contract(&self.contract).token(token.as_deref());
        Ok((client, call))
    }

    /// What the flags ask to print.
    pub(crate) fn format(&self) -> Format {
        Format::from_flag(self.json)
    }

    /// Prints an answer as the flags ask.
    pub(crate) fn print(&self, answer: &Answer) -> anyhow::Result<()> {
        Ok(print_answer(answer, self.format())?)
    }

    async fn token(&self, client: &Client) -> anyhow::Result<Option<String>> {
        let Some(xuid) = self.acting else {
            return Ok(self.token.clone());
        };
        let subject = Subject {
            xuid: Some(xuid),
            title_id: self.title,
            ..Subject::default()
        };
        Ok(Some(mint(client, &subject).await?.header))
    }
}
