//! `convoke bench`: what the service does under load, beside what this machine can do at all.
//!
//! Every number is only worth something beside the yardsticks of the same run: a bare axum server
//! that takes and gives the same bytes, and one that also makes each body durable in the simplest
//! way there is. Servers are processes of their own; the load comes over loopback.

mod arrivals;
mod browse;
mod capacity;
mod case;
mod fan_out;
mod idle;
mod load;
mod overload;
mod plan;
mod process;
mod report;
mod soak;
mod socket;
mod subject;
mod yardstick;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, ensure};
use clap::Args;

use self::case::Case;
use self::plan::Plan;
use self::report::Report;
use self::yardstick::Yardstick;
use crate::output;

/// Measure the service beside what this machine can do at all.
///
/// Starts servers of its own in a temporary folder and loads them over loopback: closed loop,
/// each connection with one request at a time, and open loop for the case `overload`. Rates depend on the machine and on what else it
/// does; the ratios to the yardsticks of the same run depend on it less.
#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// Numbers of connections to measure with.
    #[arg(long, value_name = "N", value_delimiter = ',', default_values_t = [64, 256])]
    connections: Vec<usize>,
    /// Seconds of each slice; service and yardsticks take turns slice by slice.
    #[arg(long, value_name = "S", default_value_t = 3.0)]
    seconds: f64,
    /// Slices of each; the report has the median of their rates.
    #[arg(long, value_name = "N", default_value_t = 3)]
    rounds: usize,
    /// Only cases whose name contains this text; `soak` and `browse` are run only if they are named.
    #[arg(long, value_name = "TEXT")]
    case: Option<String>,
    /// Bytes of a session document, about.
    #[arg(long, value_name = "BYTES", default_value_t = 2048)]
    document: usize,
    /// Also fill the service with this many sessions: memory, and restart after SIGTERM and SIGKILL.
    #[arg(long, value_name = "N")]
    sessions: Option<usize>,
    /// Sockets of the case `idle-sockets`; the system has to allow as many open files.
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    sockets: usize,
    /// Search handles of the case `browse`, at least 3000.
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    handles: usize,
    /// Keys of the service's configuration, for instance to compare engines (TOML).
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where servers keep their data; durability costs what this disk costs.
    #[arg(long, value_name = "DIR", default_value = ".")]
    data: PathBuf,
    /// Print the results as one JSON object.
    #[arg(long)]
    json: bool,
    /// Runs a yardstick until the standard input ends; for the command's own use.
    #[arg(long, hide = true, value_name = "KIND")]
    yardstick: Option<Yardstick>,
}

/// How long each slice runs before it is measured.
const WARM_UP: Duration = Duration::from_millis(500);

impl Bench {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        if let Some(kind) = self.yardstick {
            yardstick::run(kind).await?;
            return Ok(ExitCode::SUCCESS);
        }
        let plan = self.plan()?;
        let mut report = Report::new(&plan);
        let cases = self.cases()?;
        for case in &cases {
            plan.measure(*case, &mut report).await?;
        }
        if self.is_asked_for(overload::NAME) {
            for &connections in &self.connections {
                let overload = overload::measure(&plan, connections).await?;
                report.overloads.push(overload);
            }
        }
        if self.is_named(soak::NAME) {
            for &clients in &self.connections {
                report.soaks.push(soak::measure(&plan, clients).await?);
            }
        }
        if self.is_named(browse::NAME) {
            report.browse = Some(browse::measure(&plan, self.handles).await?);
        }
        if self.is_asked_for(fan_out::NAME) {
            for &sessions in &self.connections {
                for members in fan_out::MEMBERS {
                    let fan_out = fan_out::measure(&plan, sessions, members).await?;
                    report.fan_outs.push(fan_out);
                }
            }
        }
        if self.is_asked_for(idle::NAME) {
            report.idle = Some(idle::measure(&plan, self.sockets).await?);
        }
        if let Some(sessions) = self.sessions {
            report.capacity = Some(capacity::measure(&plan, sessions).await?);
        }
        let text = if self.json {
            report.json()
        } else {
            report.text()
        };
        output::print(&text)?;
        Ok(if report.has_failures() {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        })
    }

    /// The cases that were asked for.
    fn cases(&self) -> anyhow::Result<Vec<Case>> {
        let asked = |case: &&Case| self.is_asked_for(case.name());
        let cases: Vec<Case> = case::ALL.iter().filter(asked).copied().collect();
        let names = case::ALL.map(Case::name).join(", ");
        let others = [overload::NAME, fan_out::NAME, idle::NAME];
        let some = others.iter().any(|name| self.is_asked_for(name));
        ensure!(
            !cases.is_empty() || some || self.is_named(soak::NAME) || self.is_named(browse::NAME),
            "--case: no case is called so; there are {names}, {}, {}, {}",
            others.join(", "),
            soak::NAME,
            browse::NAME
        );
        Ok(cases)
    }

    /// Of cases that take more than their slices: only who asks for one gets it.
    fn is_named(&self, name: &str) -> bool {
        self.case.as_deref() == Some(name)
    }

    fn is_asked_for(&self, name: &str) -> bool {
        name.contains(self.case.as_deref().unwrap_or_default())
    }

    fn plan(&self) -> anyhow::Result<Plan> {
        ensure!(
            0.0 < self.seconds && self.seconds <= 3600.0,
            "--seconds: between 0 and 3600"
        );
        ensure!(
            (1..=100).contains(&self.rounds),
            "--rounds: between 1 and 100"
        );
        ensure!(
            (512..=65_536).contains(&self.document),
            "--document: between 512 and 65536 bytes"
        );
        ensure!(
            (1..=16_000).contains(&self.sockets),
            "--sockets: between 1 and 16000"
        );
        for count in &self.connections {
            ensure!(
                (1..=4096).contains(count),
                "--connections: each between 1 and 4096"
            );
        }
        let config = match &self.config {
            Some(path) => std::fs::read_to_string(path)
                .with_context(|| format!("failed to read {}", path.display()))?,
            None => String::new(),
        };
        let folder = tempfile::Builder::new()
            .prefix("convoke-bench-")
            .tempdir_in(&self.data)
            .with_context(|| format!("failed to make a folder in {}", self.data.display()))?;
        Ok(Plan {
            connections: self.connections.clone(),
            slice: Duration::from_secs_f64(self.seconds),
            warm_up: WARM_UP,
            rounds: self.rounds,
            document: self.document,
            config,
            folder,
        })
    }
}
