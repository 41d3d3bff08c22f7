//! `convoke watch`: follows one session in the terminal.

mod report;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use convoke_wire::handle::Handle;
use convoke_wire::session::changes::{EndReason, StreamEnd, StreamEvent};
use convoke_wire::uri::{handle_path, session_path};
use eventsource_stream::{Event, Eventsource as _};
use futures_util::{StreamExt as _, stream};
use reqwest::{Method, Response, StatusCode};

use crate::caller::Caller;
use crate::http::{Call, Client};
use crate::output::{Format, print};
use crate::target::Target;

/// How long nothing may come: the service says something every 15 seconds.
const SILENCE: Duration = Duration::from_mins(1);
/// Longest pause before connecting again; pauses begin with a second and double.
const MAX_PAUSE: Duration = Duration::from_secs(30);

/// Follow a session until it ends.
#[derive(Debug, Args)]
pub(crate) struct Watch {
    /// <scid>/<template>/<name>, or handle:<GUID>.
    target: Target,
    #[command(flatten)]
    caller: Caller,
}

/// Why following has stopped for now.
enum Stop {
    /// For good.
    Over(ExitCode),
    /// The service wants to be asked again, or the network broke.
    Again(String),
}

impl Watch {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let path = format!("{}/changes", self.session().await?);
        let mut last_id = None;
        let mut pause = Duration::from_secs(1);
        loop {
            let known = last_id.clone();
            let stop = match self.connect(&path, known.as_deref()).await {
                Ok(Opened::Stream(response)) => {
                    let stop = self.follow(response, &mut last_id).await?;
                    if last_id != known {
                        pause = Duration::from_secs(1);
                    }
                    stop
                }
                Ok(Opened::Over(code)) => return Ok(code),
                // Once it has worked, what keeps it from working passes.
                Err(error) if last_id.is_some() => Stop::Again(format!("{error:#}")),
                Err(error) => return Err(error),
            };
            match stop {
                Stop::Over(code) => return Ok(code),
                Stop::Again(why) => eprintln!("{why}; again in {} s", pause.as_secs()),
            }
            wait(pause).await;
            pause = MAX_PAUSE.min(pause * 2);
        }
    }

    /// The path of the session; a handle is asked for it.
    async fn session(&self) -> anyhow::Result<String> {
        let id = match &self.target {
            Target::Handle(id) => *id,
            other => return Ok(other.path()),
        };
        let answer = self.caller.send(Call::new(Method::GET, handle_path(id)));
        let answer = answer.await?;
        if answer.status != StatusCode::OK {
            self.caller.print(&answer)?;
            bail!("the handle leads nowhere");
        }
        let handle: Handle =
            serde_json::from_str(&answer.body).context("the handle is unreadable")?;
        Ok(session_path(&handle.session_ref))
    }

    async fn connect(&self, path: &str, last_id: Option<&str>) -> anyhow::Result<Opened> {
        let mut call = Call::new(Method::GET, path).explained();
        if let Some(id) = last_id {
            call = call.header("last-event-id", id);
        }
        let (client, call) = self.caller.prepared(call).await?;
        let response = client.open(&call).await?;
        match response.status() {
            StatusCode::OK => Ok(Opened::Stream(response)),
            StatusCode::NO_CONTENT if last_id.is_some() => Ok(Opened::Over(ExitCode::SUCCESS)),
            StatusCode::NO_CONTENT => bail!("there is no such session"),
            status if status.is_server_error() && last_id.is_some() => bail!("{status}"),
            _ => self.refused(&client, response).await,
        }
    }

    async fn refused(&self, client: &Client, response: Response) -> anyhow::Result<Opened> {
        self.caller.print(&client.whole(response).await?)?;
        Ok(Opened::Over(ExitCode::FAILURE))
    }

    /// Prints what comes until nothing does.
    async fn follow(
        &self,
        response: Response,
        last_id: &mut Option<String>,
    ) -> anyhow::Result<Stop> {
        let chunks = stream::unfold(response, async |mut response| {
            let chunk = tokio::time::timeout(SILENCE, response.chunk()).await;
            let chunk = match chunk {
                Ok(chunk) => chunk.map_err(anyhow::Error::new).transpose()?,
                Err(_) => Err(anyhow::anyhow!("nothing came for a minute")),
            };
            Some((chunk, response))
        });
        let mut events = Box::pin(chunks.eventsource());
        while let Some(event) = events.next().await {
            let event = match event {
                Ok(event) => event,
                Err(error) => return Ok(Stop::Again(format!("the stream broke off: {error}"))),
            };
            self.print(&event)?;
            if !event.id.is_empty() {
                *last_id = Some(event.id.clone());
            }
            if StreamEvent::parse(&event.event) == Some(StreamEvent::End) {
                return Ok(ended(&event));
            }
        }
        Ok(Stop::Again("the stream broke off".to_owned()))
    }

    fn print(&self, event: &Event) -> anyhow::Result<()> {
        let text = match self.caller.format() {
            Format::Text => report::text(event)?,
            Format::Json => report::json(event),
        };
        Ok(print(&text)?)
    }
}

/// What came of connecting.
enum Opened {
    Stream(Response),
    Over(ExitCode),
}

fn ended(event: &Event) -> Stop {
    let end: Result<StreamEnd, _> = serde_json::from_str(&event.data);
    match end.map(|end| end.reason) {
        Ok(EndReason::SessionEnded) => Stop::Over(ExitCode::SUCCESS),
        Ok(EndReason::AccessLost) => Stop::Over(ExitCode::FAILURE),
        Ok(other) => Stop::Again(other.as_str().to_owned()),
        Err(error) => Stop::Again(format!("an end that is unreadable: {error}")),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the command itself has the time of the machine"
)]
async fn wait(pause: Duration) {
    tokio::time::sleep(pause).await;
}
