//! What is logged, and in which form.

use std::io::{self, IsTerminal as _};

use anyhow::Context;
use clap::ValueEnum;
use tracing::Subscriber;
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
    subscriber(format, filter, other).init();
    Ok(())
}

fn subscriber(
    format: LogFormat,
    filter: EnvFilter,
    other: Option<impl Layer<Registry> + Send + Sync>,
) -> impl Subscriber + Send + Sync {
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
}

#[cfg(test)]
mod tests {
    use tracing::level_filters::LevelFilter;

    use super::*;

    #[test]
    fn where_only_the_log_is_wanted_nothing_below_its_level_is_looked_at() {
        for format in [LogFormat::Text, LogFormat::Json] {
            let subscriber = subscriber(format, EnvFilter::new("info"), NOTHING_ELSE);
            assert_eq!(subscriber.max_level_hint(), Some(LevelFilter::INFO));
        }
    }
}
