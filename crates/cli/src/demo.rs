//! `convoke demo`: players meet in sessions of a temporary server, over real HTTP.
//!
//! It is also a smoke test: every answer has to be the one that the story tells.

mod browse;
mod excerpt;
mod qos;
mod server;
mod story;
mod teller;

use std::process::ExitCode;

use clap::{Args, ValueEnum};

use crate::logs::{self, LogFormat};
use crate::output::{Format, Paint};
use server::DemoServer;
use teller::Teller;

/// Tell a whole story on a temporary server, with every request and answer.
///
/// Everything happens on this machine and nothing is left behind. The exit code is 0 only if the
/// service answered every request as told.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Which story.
    #[arg(long, value_enum, default_value_t = Scenario::Session)]
    scenario: Scenario,
    /// Show all headers of requests and the whole bodies.
    #[arg(long)]
    verbose: bool,
    /// Print one JSON object for each exchange.
    #[arg(long, conflicts_with = "verbose")]
    json: bool,
}

/// A story that the demonstration tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Scenario {
    /// The life of one session: create, find, join, invite, conflict, leave.
    Session,
    /// Groups that are posted for search, and players who look for them.
    Browse,
    /// Two matches whose players measure whether they can play with each other.
    Qos,
}

impl Demo {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        logs::init(LogFormat::Text, "warn", logs::NOTHING_ELSE)?;
        let style = match (Format::from_flag(self.json), self.verbose) {
            (Format::Json, _) => teller::Style::Json,
            (Format::Text, true) => teller::Style::Verbose,
            (Format::Text, false) => teller::Style::Compact,
        };
        let server = DemoServer::start().await?;
        let mut teller = Teller::new(style, Paint::detect(), server.client()?);
        teller.introduce(&server.introduction())?;
        let told = match self.scenario {
            Scenario::Session => story::tell(&mut teller, server.sample()).await,
            Scenario::Browse => browse::tell(&mut teller, server.sample()).await,
            Scenario::Qos => qos::tell(&mut teller, server.sample()).await,
        };
        // The server is stopped whether or not the story ended well.
        server.stop().await?;
        told?;
        teller.conclude()?;
        Ok(ExitCode::SUCCESS)
    }
}
