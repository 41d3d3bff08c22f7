//! `convoke doctor`: looks at everything that a server needs, and says what to do about it.

mod machine;
mod network;

use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use convoke_server::app::App;
use convoke_server::clock::SystemClock;
use convoke_server::config::{Config, StoreChoice};
use convoke_server::entropy::SystemEntropy;
use serde_json::json;

use crate::config;
use crate::configured::Configured;
use crate::output::{self, Paint};

/// Look at configuration, address, clock, disk and store, and say what to do.
///
/// Changes nothing. The exit code is 1 when something keeps the server from working.
#[derive(Debug, Args)]
pub(crate) struct Doctor {
    #[command(flatten)]
    configured: Configured,
    /// Print one JSON object for each finding.
    #[arg(long)]
    json: bool,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    /// What was looked at.
    subject: &'static str,
    verdict: Verdict,
    detail: String,
    /// What to do.
    cure: Option<String>,
}

/// Whether it is well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Good,
    /// It works, but may not for long or not well.
    Doubtful,
    /// It does not work.
    Bad,
}

impl Finding {
    fn good(subject: &'static str, detail: impl Into<String>) -> Self {
        Self {
            subject,
            verdict: Verdict::Good,
            detail: detail.into(),
            cure: None,
        }
    }

    fn doubtful(subject: &'static str, detail: impl Into<String>, cure: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Doubtful,
            cure: Some(cure.into()),
            ..Self::good(subject, detail)
        }
    }

    fn bad(subject: &'static str, detail: impl Into<String>, cure: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Bad,
            cure: Some(cure.into()),
            ..Self::good(subject, detail)
        }
    }
}

impl Doctor {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let findings = match self.configured.load() {
            Ok(config) => examine(&config).await,
            Err(error) => vec![Finding::bad(
                "configuration",
                format!("{error:#}"),
                "correct it; `convoke config schema` describes every key",
            )],
        };
        for finding in &findings {
            output::print(&if self.json {
                as_json(finding)
            } else {
                as_text(finding)
            })?;
        }
        let bad = findings
            .iter()
            .any(|finding| finding.verdict == Verdict::Bad);
        Ok(if bad {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        })
    }
}

async fn examine(config: &Config) -> Vec<Finding> {
    let problems = config::problems(config);
    // What is wrong with the configuration is told once.
    let store = if problems.is_empty() {
        Some(store(config).await)
    } else {
        None
    };
    let mut findings = configuration(problems);
    findings.push(network::address(config.listen).await);
    findings.extend(machine::data_folder(config));
    findings.push(machine::clock(config));
    findings.push(machine::open_files());
    findings.extend(store);
    findings.extend(network::identity_providers(config).await);
    findings
}

fn configuration(problems: Vec<String>) -> Vec<Finding> {
    if problems.is_empty() {
        return vec![Finding::good("configuration", "every key and file is good")];
    }
    let cure = "correct it; docs/configuration.md describes every key";
    let bad = |problem| Finding::bad("configuration", problem, cure);
    problems.into_iter().map(bad).collect()
}

/// Opens the store, if there is one, and compares what is derived with the documents.
async fn store(config: &Config) -> Finding {
    if config.store == StoreChoice::Memory {
        let detail = "sessions are in memory, and gone when the server stops";
        return Finding::good("store", detail);
    }
    if !config.data.exists() {
        let detail = "there is none yet; the first start makes it";
        return Finding::good("store", detail);
    }
    let opened = App::open(
        config.clone(),
        Arc::new(SystemClock),
        Arc::new(SystemEntropy),
    );
    let app = match opened {
        Ok(app) => app,
        Err(error) if format!("{error:#}").contains("in use") => {
            let detail = "a server is using it; its /readyz tells how it is";
            return Finding::good("store", detail);
        }
        Err(error) => {
            let cure = "restore the data folder from a backup, or move it away to start anew";
            return Finding::bad("store", format!("{error:#}"), cure);
        }
    };
    let verified = app.verify_store();
    app.close().await;
    match verified {
        Ok(found) if found.is_empty() => {
            Finding::good("store", "opened, and what is derived agrees with it")
        }
        Ok(found) => Finding::bad(
            "store",
            found.join("; "),
            "restore the data folder from a backup; please report how it came about",
        ),
        Err(error) => Finding::bad(
            "store",
            error.to_string(),
            "restore the data folder from a backup",
        ),
    }
}

fn as_text(finding: &Finding) -> String {
    let paint = Paint::detect();
    let verdict = match finding.verdict {
        Verdict::Good => paint.green("ok  "),
        Verdict::Doubtful => paint.bold("look"),
        Verdict::Bad => paint.red("bad "),
    };
    let cure = finding.cure.iter().map(|cure| format!("\n     → {cure}"));
    let cure: String = cure.collect();
    format!("{verdict} {:<18} {}{cure}", finding.subject, finding.detail)
}

fn as_json(finding: &Finding) -> String {
    let verdict = match finding.verdict {
        Verdict::Good => "good",
        Verdict::Doubtful => "doubtful",
        Verdict::Bad => "bad",
    };
    let mut object = json!({
        "subject": finding.subject,
        "verdict": verdict,
        "detail": finding.detail,
    });
    if let Some(cure) = &finding.cure {
        object["cure"] = json!(cure);
    }
    object.to_string()
}
