//! What is logged, and in which form.

use std::io::{self, IsTerminal as _};

use anyhow::Context;
use clap::ValueEnum;
use tracing_subscriber::layer::{Identity, Layer, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Registry};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

/// Where only the log is wanted.
pub(crate) const NOTHING_ELSE: Option<Identity> = None;

/// Logs go to the standard error; `RUST_LOG` goes before `level`.
///
/// Whoever else collects has filters of its own, as the log has.
pub(crate) fn init(
    format: LogFormat,
    level: &str,
    other: Option<impl Layer<Registry> + Send + Sync>,
) -> anyhow::Result<()> {
    let filter = match std::env::var("RUST_LOG") {
        Ok(text) if !text.is_empty() => {
            EnvFilter::try_new(&text).with_context(|| format!("RUST_LOG is not valid: `{text}`"))?
        }
        _ => EnvFilter::new(level),
    };
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal());
    let lines = match format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    tracing_subscriber::registry()
        .with(other)
        .with(lines.with_filter(filter))
        .init();
    Ok(())
}
