//! How much memory a socket costs that nothing happens on.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::Context;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::plan::{Plan, progress};
use super::socket::Socket;
use super::subject::Subject;
use crate::stopwatch::Stopwatch;

/// As `--case` calls it.
pub(super) const NAME: &str = "idle-sockets";

/// Sockets that are opened side by side.
const OPENERS: usize = 64;
/// Time for the service to let go of what opening took.
const SETTLING: Duration = Duration::from_secs(2);

/// A service with many sockets.
#[derive(Debug)]
pub(super) struct Idle {
    sockets: usize,
    /// Memory of the service before and after they were opened, in bytes.
    memory: Option<(u64, u64)>,
}

/// Opens sockets of as many players, each subscribed to its connection.
pub(super) async fn measure(plan: &Plan, sockets: usize) -> anyhow::Result<Idle> {
    let bar = progress(2, &format!("{sockets} idle sockets"));
    bar.set_message("players");
    let subject = Subject::start(plan.folder.path(), NAME, &plan.config).await?;
    let mut players = Vec::with_capacity(sockets);
    for number in 0..sockets as u64 {
        players.push(subject.player(1 + number).await?);
    }
    bar.inc(1);
    bar.set_message("sockets");
    let before = subject.process.memory();
    let mut opening = JoinSet::new();
    for opener in 0..OPENERS {
        let own = players.iter().skip(opener).step_by(OPENERS);
        let own: Vec<String> = own.cloned().collect();
        let address = subject.process.address.clone();
        opening.spawn(async move {
            let mut opened = Vec::with_capacity(own.len());
            for player in own {
                let mut socket = Socket::open(&address, "/connect", &player).await?;
                socket.connection().await?;
                opened.push(socket);
            }
            anyhow::Ok(opened)
        });
    }
    let mut all = Vec::with_capacity(sockets);
    while let Some(opened) = opening.join_next().await {
        all.extend(opened?.context("a socket was not opened")?);
    }
    Stopwatch::start().until(SETTLING).await;
    let memory = before.zip(subject.process.memory());
    bar.finish_and_clear();
    drop(all);
    subject.process.kill().await?;
    Ok(Idle { sockets, memory })
}

impl Idle {
    pub(super) fn text(&self) -> String {
        let mut text = format!("\n{} idle sockets\n", self.sockets);
        if let Some((before, after)) = self.memory {
            let each = after.saturating_sub(before) / self.sockets.max(1) as u64;
            let _ = writeln!(
                text,
                "  {:<34} {} MiB",
                "memory of the service",
                after >> 20
            );
            let _ = writeln!(text, "  {:<34} {each} bytes", "of that for each socket");
        }
        text
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "sockets": self.sockets,
            "memoryBefore": self.memory.map(|(before, _)| before),
            "memoryAfter": self.memory.map(|(_, after)| after),
        })
    }
}
