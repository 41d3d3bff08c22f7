//! How many taps reach their sockets when every write of a session taps all of its members.
//!
//! The yardstick sends the same frames to as many sockets and keeps nothing.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::Context;
use convoke_server::clock;
use convoke_wire::rta::TapEvent;
use hdrhistogram::Histogram;
use http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::case::{Case, Seat, request};
use super::load::{self, Load, Script};
use super::plan::{Plan, progress};
use super::process::Process;
use super::socket::Socket;
use super::subject::Subject;
use super::yardstick::Yardstick;
use crate::stopwatch::Stopwatch;

/// As `--case` calls it.
pub(super) const NAME: &str = "fan-out";

/// Members of each session; one of them writes.
pub(super) const MEMBERS: [usize; 2] = [4, 16];

/// Taps of sessions of one size.
#[derive(Debug)]
pub(super) struct FanOut {
    /// As many as there are writers.
    sessions: usize,
    members: usize,
    reached: Vec<Reached>,
}

/// What one server delivered.
#[derive(Debug)]
struct Reached {
    name: &'static str,
    /// Writes in a second.
    writes: f64,
    taps: Heard,
    time: Duration,
    failure: Option<String>,
}

/// Sockets of one server, and how it is written to.
struct Room<'a> {
    process: &'a Process,
    sockets: Vec<Socket>,
    scripts: Box<dyn Fn(u64) -> Vec<Script> + 'a>,
}

/// Taps that arrived.
#[derive(Debug)]
struct Heard {
    count: u64,
    /// Microseconds from the moment of the change to the socket.
    latency: Histogram<u64>,
}

/// Measures so many sessions of so many members.
pub(super) async fn measure(
    plan: &Plan,
    sessions: usize,
    members: usize,
) -> anyhow::Result<FanOut> {
    let bar = progress(3, &format!("{NAME} × {sessions} to {members} members"));
    bar.set_message("setting up");
    let name = format!("{NAME}-{sessions}-{members}");
    let subject = Subject::start(plan.folder.path(), &name, &plan.config).await?;
    let (seats, sockets) = meet(&subject, sessions, members, plan.document).await?;
    let sample = subject.answer(&seats[0]).await?;
    let broadcast = Yardstick::Broadcast
        .start(plan.folder.path(), &sample)
        .await?;
    let mut rooms = [
        Room {
            process: &subject.process,
            sockets,
            scripts: Box::new(|run| {
                let script = |seat| Case::PutProperty.script(seat, run);
                seats.iter().map(script).collect()
            }),
        },
        Room {
            process: &broadcast,
            sockets: gather(&broadcast.address, sessions, members).await?,
            scripts: Box::new(|_| (0..sessions).map(to_group).collect()),
        },
    ];
    let mut reached = Vec::new();
    for (room, name) in rooms.iter_mut().zip(["convoke", "axum broadcast"]) {
        bar.set_message(name);
        reached.push(room.load(plan, name, 1, None).await?);
        bar.inc(1);
    }
    bar.set_message("half the rate");
    let rate = load::offered(reached[0].writes, 0.5, plan.slice);
    let pace = load::pace(sessions, rate);
    let half = rooms[0].load(plan, "convoke at half rate", 2, Some(pace));
    reached.insert(1, half.await?);
    bar.finish_and_clear();
    drop(rooms);
    subject.process.kill().await?;
    broadcast.kill().await?;
    Ok(FanOut {
        sessions,
        members,
        reached,
    })
}

/// Sessions whose members all listen; the first member of each has the seat that writes.
async fn meet(
    subject: &Subject,
    sessions: usize,
    members: usize,
    document: usize,
) -> anyhow::Result<(Vec<Seat>, Vec<Socket>)> {
    let (mut seats, mut sockets) = (Vec::new(), Vec::new());
    for session in 0..sessions as u64 {
        let seat = subject.seat("session", session, document).await?;
        let mut players = vec![seat.owner.clone()];
        for member in 1..members as u64 {
            let xuid = 1_000_000 + session * 1_000 + member;
            players.push(subject.player(xuid).await?);
        }
        for player in players {
            let mut socket = Socket::open(&subject.process.address, "/connect", &player).await?;
            let connection = socket.connection().await?;
            subject
                .subscribe(&seat.session, &player, connection)
                .await?;
            sockets.push(socket);
        }
        seats.push(seat);
    }
    Ok((seats, sockets))
}

/// As many sockets of the yardstick.
async fn gather(address: &str, sessions: usize, members: usize) -> anyhow::Result<Vec<Socket>> {
    let mut sockets = Vec::new();
    for session in 0..sessions {
        for _ in 0..members {
            sockets.push(Socket::open(address, &group(session), "-").await?);
        }
    }
    Ok(sockets)
}

fn group(session: usize) -> String {
    format!("/groups/{session}")
}

fn to_group(session: usize) -> Script {
    let path = group(session);
    let mut count = 0_u64;
    Box::new(move || {
        count += 1;
        let body = format!(r#"{{"properties":{{"custom":{{"score":{count}}}}}}}"#);
        request(Method::PUT, &path, "-", &body)
    })
}

impl Room<'_> {
    async fn load(
        &mut self,
        plan: &Plan,
        name: &'static str,
        run: u64,
        pace: Option<Duration>,
    ) -> anyhow::Result<Reached> {
        let load = Load {
            warm_up: plan.warm_up,
            measured: plan.slice,
            pace,
        };
        let watch = Stopwatch::start();
        let mut listening = JoinSet::new();
        for socket in self.sockets.drain(..) {
            listening.spawn(listen(socket, load, watch));
        }
        let scripts = (self.scripts)(run * 4_000_000_000);
        let outcome = load::put_on(&self.process.address, scripts, load).await?;
        let mut taps = Heard::nothing();
        while let Some(heard) = listening.join_next().await {
            let (socket, heard) = heard?.context("a socket broke")?;
            self.sockets.push(socket);
            taps.count += heard.count;
            taps.latency.add(&heard.latency)?;
        }
        Ok(Reached {
            name,
            writes: outcome.rate(),
            taps,
            time: load.measured,
            failure: outcome.failure,
        })
    }
}

/// Counts what arrives in the measured time.
async fn listen(
    mut socket: Socket,
    load: Load,
    watch: Stopwatch,
) -> anyhow::Result<(Socket, Heard)> {
    let mut heard = Heard::nothing();
    let end = load.warm_up + load.measured;
    loop {
        let event = tokio::select! {
            event = socket.taps() => event?.context("the server closed a socket")?,
            () = watch.until(end) => return Ok((socket, heard)),
        };
        if load.warm_up <= watch.elapsed() {
            heard.take(&event, clock::now());
        }
    }
}

impl Heard {
    fn nothing() -> Self {
        Self {
            count: 0,
            latency: load::latencies(),
        }
    }

    fn take(&mut self, event: &TapEvent, now: Timestamp) {
        for tap in &event.shoulder_taps {
            self.count += 1;
            let micros = now.duration_since(tap.timestamp.0).as_micros();
            let micros = u64::try_from(micros).unwrap_or_default();
            self.latency.saturating_record(micros);
        }
    }
}

impl Reached {
    /// Taps in a second.
    fn rate(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
        let count = self.taps.count as f64;
        count / self.time.as_secs_f64()
    }

    #[expect(clippy::cast_precision_loss, reason = "a minute at most")]
    fn quantile(&self, quantile: f64) -> f64 {
        self.taps.latency.value_at_quantile(quantile) as f64 / 1000.0
    }
}

impl FanOut {
    pub(super) fn failure(&self) -> Option<&str> {
        self.reached.iter().find_map(|it| it.failure.as_deref())
    }

    pub(super) fn text(&self) -> String {
        let mut text = format!(
            "\n{} sessions, every write taps {} members\n  {:<22} {:>10} {:>10} {:>9} {:>9}\n",
            self.sessions, self.members, "", "writes/s", "taps/s", "p50 ms", "p99 ms"
        );
        for it in &self.reached {
            let _ = writeln!(
                text,
                "  {:<22} {:>10.0} {:>10.0} {:>9.2} {:>9.2}",
                it.name,
                it.writes,
                it.rate(),
                it.quantile(0.5),
                it.quantile(0.99)
            );
        }
        if let [service, .., broadcast] = self.reached.as_slice() {
            let ratio = service.rate() / broadcast.rate();
            let _ = writeln!(text, "  {ratio:.2} of the broadcast's taps");
        }
        text
    }

    pub(super) fn json(&self) -> Value {
        let reached = self.reached.iter().map(|it| {
            json!({
                "server": it.name,
                "writesPerSecond": it.writes,
                "tapsPerSecond": it.rate(),
                "p50Ms": it.quantile(0.5),
                "p99Ms": it.quantile(0.99),
            })
        });
        json!({"members": self.members, "sessions": self.sessions, "reached": reached.collect::<Value>()})
    }
}
