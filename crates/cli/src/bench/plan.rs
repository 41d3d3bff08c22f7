//! The order of a measurement: service and yardsticks take turns, so that all see the same machine.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use tempfile::TempDir;

use super::case::{Case, Seat};
use super::load::{self, Load, Outcome};
use super::process::Process;
use super::report::{Report, Row, Who};
use super::subject::Subject;

/// What is to be measured, and how.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) connections: Vec<usize>,
    pub(super) slice: Duration,
    pub(super) warm_up: Duration,
    pub(super) rounds: usize,
    pub(super) document: usize,
    /// Keys of the service's configuration, as TOML.
    pub(super) config: String,
    pub(super) folder: TempDir,
}

/// One server under one kind of load.
struct Entrant<'a> {
    who: Who,
    process: &'a Process,
    slices: Vec<(Outcome, Option<Duration>)>,
}

impl Plan {
    /// Measures one case with each number of connections.
    pub(super) async fn measure(&self, case: Case, report: &mut Report) -> anyhow::Result<()> {
        for &connections in &self.connections {
            let name = format!("{}-{connections}", case.name());
            let bar = progress(
                self.steps(case),
                &format!("{} × {connections}", case.title()),
            );
            bar.set_message("setting up");
            let subject = Subject::start(self.folder.path(), &name, &self.config).await?;
            let mut seats = Vec::new();
            for number in 0..connections as u64 {
                seats.push(subject.seat("session", number, self.document).await?);
            }
            let answer = subject.answer(&seats[0]).await?;
            let mut yardsticks = Vec::new();
            for &kind in case.yardsticks() {
                let folder = self.folder.path();
                yardsticks.push((kind, kind.start(folder, &answer).await?));
            }
            let mut entrants = vec![Entrant::new(Who::Service, &subject.process)];
            for (kind, process) in &yardsticks {
                entrants.push(Entrant::new(Who::Yardstick(*kind), process));
            }
            self.take_turns(case, &seats, &mut entrants, &bar).await?;
            for entrant in &entrants {
                report.add(entrant.row(case, connections));
            }
            if case.is_paced_too() {
                let rate = load::offered(entrants[0].rate(), 0.5, self.slice);
                bar.set_message("half the rate");
                report.add(self.paced(case, &seats, &subject, rate).await?);
            }
            bar.finish_and_clear();
            subject.process.kill().await?;
            for (_, process) in yardsticks {
                process.kill().await?;
            }
        }
        Ok(())
    }

    fn steps(&self, case: Case) -> usize {
        self.rounds * (1 + case.yardsticks().len()) + usize::from(case.is_paced_too())
    }

    async fn take_turns(
        &self,
        case: Case,
        seats: &[Seat],
        entrants: &mut [Entrant<'_>],
        bar: &ProgressBar,
    ) -> anyhow::Result<()> {
        for round in 0..self.rounds {
            for entrant in &mut *entrants {
                bar.set_message(entrant.who.name());
                let slice = self
                    .slice(case, seats, entrant.process, round, None)
                    .await?;
                entrant.slices.push(slice);
                bar.inc(1);
            }
        }
        Ok(())
    }

    async fn slice(
        &self,
        case: Case,
        seats: &[Seat],
        process: &Process,
        round: usize,
        pace: Option<Duration>,
    ) -> anyhow::Result<(Outcome, Option<Duration>)> {
        // Far enough apart that no name or value comes twice.
        let run = (round as u64 + 1) * 4_000_000_000;
        let scripts = seats.iter().map(|seat| case.script(seat, run)).collect();
        let load = Load {
            warm_up: self.warm_up,
            measured: self.slice,
            pace,
        };
        let before = process.cpu();
        let outcome = load::put_on(&process.address, scripts, load).await?;
        let used = process
            .cpu()
            .zip(before)
            .map(|(after, before)| after.saturating_sub(before));
        // The warm-up used the processor too, for about its share of the requests.
        let share = self.slice.div_duration_f64(self.slice + self.warm_up);
        Ok((outcome, used.map(|used| used.mul_f64(share))))
    }

    async fn paced(
        &self,
        case: Case,
        seats: &[Seat],
        subject: &Subject,
        rate: f64,
    ) -> anyhow::Result<Row> {
        let pace = load::pace(seats.len(), rate);
        let round = self.rounds;
        let slice = self
            .slice(case, seats, &subject.process, round, Some(pace))
            .await?;
        let mut entrant = Entrant::new(Who::ServiceAtHalf, &subject.process);
        entrant.slices.push(slice);
        Ok(entrant.row(case, seats.len()))
    }
}

impl<'a> Entrant<'a> {
    fn new(who: Who, process: &'a Process) -> Self {
        Self {
            who,
            process,
            slices: Vec::new(),
        }
    }

    /// The median of the slices' rates.
    fn rate(&self) -> f64 {
        let mut rates: Vec<f64> = self
            .slices
            .iter()
            .map(|(outcome, _)| outcome.rate())
            .collect();
        rates.sort_by(f64::total_cmp);
        rates[rates.len() / 2]
    }

    fn row(&self, case: Case, connections: usize) -> Row {
        let mut all = self.slices[0].0.clone();
        for (outcome, _) in &self.slices[1..] {
            all.merge(outcome);
        }
        let used: Option<Duration> = self.slices.iter().map(|(_, used)| *used).sum();
        let count = u32::try_from(all.answers.max(1)).unwrap_or(u32::MAX);
        Row {
            case,
            connections,
            who: self.who,
            rate: self.rate(),
            latency: all.latency,
            cpu: used.map(|used| used / count),
            failures: all.failures,
            failure: all.failure,
        }
    }
}

/// A bar on the standard error, where that is a terminal.
pub(super) fn progress(steps: usize, title: &str) -> ProgressBar {
    let style = ProgressStyle::with_template("{prefix} {bar:24} {pos}/{len} {msg}")
        .expect("a constant template");
    let bar = ProgressBar::new(steps as u64).with_style(style);
    bar.with_prefix(title.to_owned())
}
