//! `convoke serve`: runs the server until it is told to stop.

mod signals;

use std::fmt::Write as _;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use convoke_server::app::{App, Summary};
use convoke_server::clock::SystemClock;
use convoke_server::entropy::SystemEntropy;
#[cfg(feature = "otlp")]
use convoke_server::telemetry::Traces;
use tokio::net::TcpListener;

use crate::configured::Configured;
use crate::logs::{self, LogFormat};
use crate::{input, output};

/// Serve the session directory over HTTP or HTTPS.
///
/// Ctrl-C and SIGTERM stop gracefully, a second one at once; SIGHUP reads the service
/// configurations and the certificate again. The level of logs is chosen by the environment variable `RUST_LOG`.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    configured: Configured,
    /// The form of logs on the standard error.
    #[arg(long, default_value = "text")]
    log_format: LogFormat,
    /// Stops when the standard input ends; for servers that another command starts.
    #[arg(long, hide = true)]
    until_input_ends: bool,
}

impl Serve {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let config = self.configured.load()?;
        config.check()?;
        #[cfg(feature = "otlp")]
        let traces = Traces::open(&config.telemetry)?;
        #[cfg(feature = "otlp")]
        logs::init(self.log_format, "info", traces.as_ref().map(Traces::layer))?;
        #[cfg(not(feature = "otlp"))]
        logs::init(self.log_format, "info", logs::NOTHING_ELSE)?;
        let listener = TcpListener::bind(config.listen)
            .await
            .with_context(|| format!("failed to listen on {}", config.listen))?;
        let address = listener
            .local_addr()
            .context("the listener has no address")?;
        let app = App::open(config, Arc::new(SystemClock), Arc::new(SystemEntropy))?;
        let app = Arc::new(app);
        let signalled = signals::watch(Arc::clone(&app))?;
        let shutdown = async move {
            if self.until_input_ends {
                tokio::select! {
                    () = signalled => {}
                    () = input::ended() => tracing::info!("stopping; the input has ended"),
                }
            } else {
                signalled.await;
            }
        };
        let summary = app.summary();
        let scheme = if summary.tls { "https" } else { "http" };
        let url = format!("{scheme}://{address}");
        output::print(&format!(
            "{}listening on {url}",
            introduction(&summary, &url)
        ))?;
        app.serve(listener, shutdown).await?;
        #[cfg(feature = "otlp")]
        if let Some(traces) = traces {
            traces.close().await;
        }
        tracing::info!("stopped");
        Ok(ExitCode::SUCCESS)
    }
}

/// What is served, and how to start using it.
fn introduction(summary: &Summary, url: &str) -> String {
    let mut text = format!("Convoke {}\n", env!("CARGO_PKG_VERSION"));
    let mut line = |name: &str, value: &str| {
        writeln!(text, "  {name:<10} {value}").expect("text takes all that fits the memory");
    };
    match &summary.data {
        Some(folder) => line("data", &format!("{} ({})", folder.display(), summary.store)),
        None => line("data", "in memory, gone when the server stops"),
    }
    for (scid, titles, templates) in &summary.service_configs {
        line("scid", &format!("{scid} (titles: {})", titles.join(", ")));
        line("templates", &templates.join(", "));
    }
    if summary.dev_issuer {
        let title = summary
            .service_configs
            .iter()
            .flat_map(|(_, titles, _)| titles)
            .next();
        let title = title
            .map(|id| format!(" --title-id {id}"))
            .unwrap_or_default();
        line(
            "a token",
            &format!("convoke token --xuid 1001{title} --url {url}"),
        );
    } else {
        line("tokens", "the development issuer is off");
    }
    text
}
