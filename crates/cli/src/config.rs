//! `convoke config`: what a configuration says, and whether it is good.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Subcommand;
use convoke_server::clock::{Clock, SystemClock};
use convoke_server::config::{self, Config};
use convoke_server::parts;

use crate::configured::Configured;
use crate::output;

/// Check, show and describe the configuration.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Say whether the configuration, and every file that it names, is good.
    Check(Configured),
    /// Print the configuration in effect: file, environment and flags over the defaults.
    ///
    /// It holds no secrets: those are in files of their own.
    Show(Configured),
    /// Print the JSON schema of the configuration file.
    Schema,
}

impl Command {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Check(configured) => check(&configured),
            Self::Show(configured) => {
                let config = configured.load()?;
                output::print(toml::to_string(&config)?.trim_end())?;
                Ok(ExitCode::SUCCESS)
            }
            Self::Schema => {
                output::print(&serde_json::to_string_pretty(&config::schema())?)?;
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}

fn check(configured: &Configured) -> anyhow::Result<ExitCode> {
    let config = configured.load()?;
    let problems = problems(&config);
    for problem in &problems {
        eprintln!("error: {problem}");
    }
    if !problems.is_empty() {
        return Ok(ExitCode::FAILURE);
    }
    output::print("the configuration is good")?;
    Ok(ExitCode::SUCCESS)
}

/// What is wrong with a configuration or a file that it names. The data folder is not touched.
pub(crate) fn problems(config: &Config) -> Vec<String> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    parts::problems(config, &clock)
}
