//! How much a service holds: memory for many sessions, and how soon it is back with them.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::Context;
use http::Method;
use serde_json::{Value, json};

use super::case::{JOIN, request};
use super::load::{self, Script};
use super::plan::{Plan, progress};
use super::subject::{Subject, padded, session_path};
use crate::stopwatch::Stopwatch;

/// Connections that fill the service.
const FILLERS: usize = 64;

/// A filled service.
#[derive(Debug)]
pub(super) struct Capacity {
    sessions: usize,
    /// Bytes of one session document, as it is answered.
    document: usize,
    /// Memory of the service before and after it was filled, in bytes.
    memory: Option<(u64, u64)>,
    /// Bytes of the store's files.
    disk: u64,
    /// From start to answering, after SIGTERM.
    stopped: Duration,
    /// The same after SIGKILL.
    killed: Duration,
}

/// Fills a service of its own with sessions, and restarts it.
pub(super) async fn measure(plan: &Plan, sessions: usize) -> anyhow::Result<Capacity> {
    let bar = progress(4, &format!("{sessions} sessions"));
    bar.set_message("filling");
    let subject = Subject::start(plan.folder.path(), "capacity", &plan.config).await?;
    let seat = subject.seat("first", 0, plan.document).await?;
    let document = subject.document(&seat).await?.len();
    let before = subject.process.memory();
    let mut scripts = Vec::new();
    for filler in 0..FILLERS {
        let player = subject.player(1_000_000 + filler as u64).await?;
        scripts.push(fill(filler, sessions, &player, plan.document));
    }
    load::send_all(&subject.process.address, scripts).await?;
    bar.inc(1);
    let memory = before.zip(subject.process.memory());
    let disk = subject.disk()?;
    bar.set_message("restarting");
    let watch = Stopwatch::start();
    let subject = subject.restart_killed().await?;
    subject
        .document(&seat)
        .await
        .context("a session is gone after SIGKILL")?;
    let killed = watch.elapsed();
    bar.inc(1);
    let subject = subject.restart_stopped().await?;
    bar.inc(1);
    let watch = Stopwatch::start();
    let subject = subject.restart_stopped().await?;
    subject
        .document(&seat)
        .await
        .context("a session is gone after SIGTERM")?;
    let stopped = watch.elapsed();
    subject.process.kill().await?;
    bar.finish_and_clear();
    Ok(Capacity {
        sessions,
        document,
        memory,
        disk,
        stopped,
        killed,
    })
}

/// Creates this filler's part of the sessions, each as large as the others.
fn fill(filler: usize, sessions: usize, player: &str, document: usize) -> (usize, Script) {
    let player = player.to_owned();
    let mut number = filler;
    let mut created = false;
    let count = sessions.saturating_sub(filler).div_ceil(FILLERS);
    // The document without padding has about a thousand bytes.
    let padding = padded(document.saturating_sub(1000));
    let script: Script = Box::new(move || {
        let path = session_path(&format!("capacity-{number}"));
        let body = if created { &padding } else { JOIN };
        if created {
            number += FILLERS;
        }
        created = !created;
        request(Method::PUT, &path, &player, body)
    });
    (2 * count, script)
}

impl Capacity {
    pub(super) fn text(&self) -> String {
        let mut text = format!("\n{} sessions of {} bytes\n", self.sessions, self.document);
        let mut line = |name: &str, value: String| {
            let _ = writeln!(text, "  {name:<34} {value}");
        };
        if let Some((before, after)) = self.memory {
            let grown = after.saturating_sub(before);
            line("memory of the service", format!("{} MiB", after >> 20));
            line(
                "of that for each session",
                format!("{} bytes", grown / self.sessions.max(1) as u64),
            );
        }
        line("files of the store", format!("{} MiB", self.disk >> 20));
        line(
            "restart after SIGTERM",
            format!("{:.2} s", self.stopped.as_secs_f64()),
        );
        line(
            "restart after SIGKILL",
            format!("{:.2} s", self.killed.as_secs_f64()),
        );
        text
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "sessions": self.sessions,
            "documentBytes": self.document,
            "memoryBefore": self.memory.map(|(before, _)| before),
            "memoryAfter": self.memory.map(|(_, after)| after),
            "diskBytes": self.disk,
            "restartStoppedSeconds": self.stopped.as_secs_f64(),
            "restartKilledSeconds": self.killed.as_secs_f64(),
        })
    }
}
