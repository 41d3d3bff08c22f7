//! Many clients for a while that join, write, drop their sockets, come back and leave; and then
//! whether everything is as it should be.
//!
//! At the end every client must have been told of the last change of its session, every session must
//! have exactly the members that are still there, and nothing may be left when they are gone.

mod player;
mod verdict;

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use convoke_client::{Client, Environment as _, SystemEnvironment};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use self::player::{Player, Survivor};
use self::verdict::Verdict;
use super::plan::{Plan, progress};
use super::subject::Subject;
use crate::stopwatch::Stopwatch;

/// As `--case` calls it.
pub(super) const NAME: &str = "soak";

/// Clients for each session, about.
const CLIENTS_PER_SESSION: usize = 8;
/// Seconds in which a lost connection may be replaced.
const GRACE: u64 = 2;
/// How long nothing is done before it is looked at what was told, after all losses have had their
/// consequences: the grace, and as long until inactive members are removed.
const QUIET: Duration = Duration::from_secs(3 + 2 * GRACE);
/// Connections kept for requests.
const IDLE_CONNECTIONS: usize = 256;

/// What the clients did, and what was wrong in the end.
#[derive(Debug)]
pub(super) struct Soak {
    clients: usize,
    seconds: f64,
    deeds: Deeds,
    verdict: Verdict,
}

/// What was done, and what was told.
#[derive(Debug, Default, Clone, Copy)]
struct Deeds {
    writes: u64,
    entries: u64,
    leaves: u64,
    reconnects: u64,
    vanishings: u64,
    taps: u64,
    refreshes: u64,
    lost_sessions: u64,
}

/// Runs as many clients as there are connections for as long as a slice.
pub(super) async fn measure(plan: &Plan, clients: usize) -> anyhow::Result<Soak> {
    let bar = progress(4, &format!("{NAME} × {clients}"));
    bar.set_message("setting up");
    let keys = format!("{}\n[rta]\ndisconnect_grace = {GRACE}\n", plan.config);
    let name = format!("{NAME}-{clients}");
    let subject = Subject::start(plan.folder.path(), &name, &keys).await?;
    let client = Client::builder(&format!("http://{}", subject.process.address))
        .idle_connections(IDLE_CONNECTIONS)
        .build()?;
    let sessions = Arc::new(Subject::soak_sessions(
        clients.div_ceil(CLIENTS_PER_SESSION),
    )?);
    let mut players = JoinSet::new();
    for number in 0..clients {
        let player = Player::new(number, client.clone(), Arc::clone(&sessions));
        players.spawn(player);
    }
    let mut ready = Vec::new();
    while let Some(player) = players.join_next().await {
        ready.push(player.context("a client panicked")??);
    }
    bar.inc(1);
    bar.set_message("running");
    let watch = Stopwatch::start();
    let mut running = JoinSet::new();
    for player in ready {
        running.spawn(player.live(watch, plan.slice));
    }
    let mut survivors: Vec<Survivor> = Vec::new();
    let mut faults = Vec::new();
    while let Some(ended) = running.join_next().await {
        match ended.context("a client panicked")? {
            Ok(survivor) => survivors.push(survivor),
            Err(error) => faults.push(format!("{error:#}")),
        }
    }
    let seconds = watch.elapsed().as_secs_f64();
    bar.inc(1);
    bar.set_message("quiet");
    SystemEnvironment.sleep(QUIET).await;
    let mut verdict = Verdict::new(faults);
    verdict.look_at_clients(&survivors, &sessions).await;
    let mut deeds = Deeds::default();
    for survivor in &survivors {
        deeds.add(survivor.deeds());
    }
    bar.inc(1);
    bar.set_message("leaving");
    verdict.look_at_leavings(survivors).await;
    verdict.look_at_what_is_left(&client, &sessions).await;
    bar.finish_and_clear();
    subject.process.kill().await?;
    Ok(Soak {
        clients,
        seconds,
        deeds,
        verdict,
    })
}

impl Deeds {
    fn add(&mut self, other: Self) {
        self.writes += other.writes;
        self.entries += other.entries;
        self.leaves += other.leaves;
        self.reconnects += other.reconnects;
        self.vanishings += other.vanishings;
        self.taps += other.taps;
        self.refreshes += other.refreshes;
        self.lost_sessions += other.lost_sessions;
    }

    fn named(&self) -> [(&'static str, u64); 8] {
        [
            ("writes", self.writes),
            ("entries", self.entries),
            ("leaves", self.leaves),
            ("reconnects", self.reconnects),
            ("vanishings", self.vanishings),
            ("taps", self.taps),
            ("refreshes", self.refreshes),
            ("lostSessions", self.lost_sessions),
        ]
    }
}

impl Soak {
    pub(super) fn failure(&self) -> Option<&str> {
        self.verdict.faults.first().map(String::as_str)
    }

    pub(super) fn text(&self) -> String {
        let mut text = format!("\n{} clients for {:.0} s:", self.clients, self.seconds);
        for (name, count) in self.deeds.named() {
            let _ = write!(text, " {count} {name},");
        }
        let faults = self.verdict.faults.len();
        let _ = writeln!(text, " {faults} faults");
        for fault in self.verdict.faults.iter().take(20) {
            let _ = writeln!(text, "  {fault}");
        }
        text
    }

    pub(super) fn json(&self) -> Value {
        let mut object = json!({
            "clients": self.clients,
            "seconds": self.seconds,
            "faults": self.verdict.faults,
        });
        for (name, count) in self.deeds.named() {
            object[name] = json!(count);
        }
        object
    }
}
