//! One client of the soak: what it does, and what it is told.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, bail};
use convoke_client::wire::session::change_type::ChangeType;
use convoke_client::wire::{SessionRef, Xuid};
use convoke_client::{
    Change, Client, DevSubject, Environment as _, Error, Event, Events, RealTime, RealTimeOptions,
    RemoteSession, Snapshot, SystemEnvironment, WriteMode, Written,
};
use reqwest::StatusCode;
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::{Deeds, GRACE};
use crate::bench::subject::TITLE;
use crate::stopwatch::Stopwatch;

/// The shortest and the longest pause between two deeds, in ms.
const PAUSES: (u64, u64) = (100, 900);
/// How often it is tried to enter a session that others are just taking down.
const MAX_ENTRIES: usize = 5;

/// A client at work.
pub(super) struct Player {
    number: usize,
    client: Client,
    sessions: Arc<Vec<SessionRef>>,
    realtime: RealTime,
    ears: Ears,
    place: RemoteSession,
    deeds: Deeds,
    writes: u64,
}

/// A client that is done, and where it is.
pub(super) struct Survivor(Player);

/// What a client was told, by a task of its own.
struct Ears {
    heard: Arc<Mutex<Heard>>,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Heard {
    /// The last change of each session.
    changes: HashMap<SessionRef, (Uuid, u64)>,
    lost: Vec<SessionRef>,
    deeds: Deeds,
    fault: Option<String>,
}

impl Player {
    /// Connects and enters a session.
    pub(super) async fn new(
        number: usize,
        client: Client,
        sessions: Arc<Vec<SessionRef>>,
    ) -> anyhow::Result<Self> {
        let subject = DevSubject::player(Xuid(10_000 + number as u64)).title(TITLE);
        let client = client.with_dev_token(subject);
        let (realtime, events) = client.connect(RealTimeOptions::default()).await?;
        let place = client.session(sessions[number % sessions.len()].clone());
        let mut player = Self {
            number,
            client,
            sessions,
            realtime,
            ears: Ears::open(events, Heard::default()),
            place,
            deeds: Deeds::default(),
            writes: 0,
        };
        player.enter().await?;
        Ok(player)
    }

    /// Does one thing after the other for so long, and ends in a session.
    pub(super) async fn live(
        mut self,
        watch: Stopwatch,
        length: Duration,
    ) -> anyhow::Result<Survivor> {
        let name = format!("client {}", self.number);
        while watch.elapsed() < length {
            let (least, most) = PAUSES;
            SystemEnvironment
                .sleep(Duration::from_millis(least + chance(most - least)))
                .await;
            self.act().await.with_context(|| name.clone())?;
        }
        self.realtime.connected().await?;
        // Whoever lost its session on the way enters one, so that all end somewhere.
        self.find_a_place().await.with_context(|| name.clone())?;
        Ok(Survivor(self))
    }

    async fn act(&mut self) -> anyhow::Result<()> {
        if self.find_a_place().await? {
            return Ok(());
        }
        match chance(100) {
            0..60 => self.write().await,
            60..75 => {
                self.deeds.reconnects += 1;
                Ok(self.realtime.reconnect().await?)
            }
            75..90 => self.move_on().await,
            _ => self.vanish().await,
        }
    }

    async fn write(&mut self) -> anyhow::Result<()> {
        self.writes += 1;
        let change = Change::new()
            .property(&format!("of{}", self.number % 8), &self.writes)
            .own_property("writes", &self.writes);
        match self.place.change(change).await {
            Ok(Written::Conflict(_) | Written::Deleted) => self.elsewhere().await,
            Ok(_) => {
                self.deeds.writes += 1;
                Ok(())
            }
            Err(error) if is_foreign(&error) => self.elsewhere().await,
            Err(error) => Err(error).context("a write"),
        }
    }

    async fn move_on(&mut self) -> anyhow::Result<()> {
        self.deeds.leaves += 1;
        self.elsewhere().await
    }

    /// Goes away without a word, and comes back as somebody new after a while.
    async fn vanish(&mut self) -> anyhow::Result<()> {
        self.deeds.vanishings += 1;
        self.realtime.reconnect().await?;
        self.realtime.clone().close().await;
        let before = self.ears.close();
        SystemEnvironment
            .sleep(Duration::from_millis(chance(3000 * GRACE)))
            .await;
        let (realtime, events) = self.client.connect(RealTimeOptions::default()).await?;
        self.realtime = realtime;
        self.ears = Ears::open(events, before);
        // Its old place is for the service to clear.
        self.enter_another().await
    }

    /// Enters another session, if the one it is in is lost. Says whether it was.
    async fn find_a_place(&mut self) -> anyhow::Result<bool> {
        let is_lost = {
            let mut heard = self.ears.heard();
            if let Some(fault) = heard.fault.take() {
                bail!(fault);
            }
            let lost = std::mem::take(&mut heard.lost);
            lost.contains(self.place.reference())
        };
        if is_lost {
            self.elsewhere().await?;
        }
        Ok(is_lost)
    }

    async fn elsewhere(&mut self) -> anyhow::Result<()> {
        // It may have joined again since it was told that it is out.
        self.realtime.leave(&self.place).await.context("a leave")?;
        self.enter_another().await
    }

    async fn enter_another(&mut self) -> anyhow::Result<()> {
        let index = usize::try_from(chance(self.sessions.len() as u64))?;
        self.place = self.client.session(self.sessions[index].clone());
        self.enter().await
    }

    async fn enter(&mut self) -> anyhow::Result<()> {
        self.deeds.entries += 1;
        let kinds = [ChangeType::Everything];
        for _ in 0..MAX_ENTRIES {
            let change = Change::new().own_property("entries", &self.deeds.entries);
            let entering =
                self.realtime
                    .enter(&self.place, WriteMode::UpdateOrCreate, change, &kinds);
            match entering.await.context("an entry")? {
                // It was entered, but gone before it could be written with another connection.
                Written::Conflict(_) | Written::Deleted => {}
                _ => return Ok(()),
            }
        }
        bail!("{:?} could not be entered", self.place.reference());
    }
}

impl Survivor {
    pub(super) fn xuid(&self) -> Xuid {
        Xuid(10_000 + self.0.number as u64)
    }

    pub(super) fn place(&self) -> &SessionRef {
        self.0.place.reference()
    }

    pub(super) async fn look(&self) -> Result<Option<Snapshot>, Error> {
        self.0.place.get().await
    }

    /// The last change of its session that it was told of.
    pub(super) fn told(&self) -> Option<(Uuid, u64)> {
        self.0.ears.heard().changes.get(self.place()).copied()
    }

    pub(super) fn fault(&self) -> Option<String> {
        self.0.ears.heard().fault.clone()
    }

    pub(super) fn deeds(&self) -> Deeds {
        let mut deeds = self.0.deeds;
        deeds.add(self.0.ears.heard().deeds);
        deeds
    }

    /// Leaves and closes its connection.
    pub(super) async fn leave(self) -> Result<(), Error> {
        let Player {
            realtime, place, ..
        } = self.0;
        let left = realtime.leave(&place).await;
        realtime.close().await;
        left.map(drop)
    }
}

impl Ears {
    fn open(mut events: Events, heard: Heard) -> Self {
        let heard = Arc::new(Mutex::new(heard));
        let telling = Arc::clone(&heard);
        let task = tokio::spawn(async move {
            while let Some(event) = events.next().await {
                let mut heard = telling.lock().unwrap_or_else(PoisonError::into_inner);
                heard.note(event);
            }
        });
        Self { heard, task }
    }

    fn heard(&self) -> std::sync::MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hears no more, and gives what was heard.
    fn close(&mut self) -> Heard {
        self.task.abort();
        std::mem::take(&mut *self.heard())
    }
}

impl Heard {
    fn note(&mut self, event: Event) {
        match event {
            Event::Tapped(tap) => {
                self.deeds.taps += 1;
                self.changed(tap.session, tap.branch, tap.change_number);
            }
            Event::Refreshed { session, snapshot } => {
                self.deeds.refreshes += 1;
                self.changed(session, snapshot.branch(), snapshot.change_number());
            }
            Event::Lost { session, error } => {
                self.deeds.lost_sessions += 1;
                if !matches!(error, Error::NoSession) {
                    self.fault = Some(format!("lost {session:?}: {error}"));
                }
                self.lost.push(session);
            }
            Event::Resync | Event::GivenUp { .. } | Event::NotRefreshed { .. } => {
                self.fault = Some(format!("{event:?}"));
            }
            _ => {}
        }
    }

    fn changed(&mut self, session: SessionRef, branch: Uuid, number: u64) {
        let known = self.changes.entry(session).or_insert((branch, number));
        if known.0 != branch || known.1 < number {
            *known = (branch, number);
        }
    }
}

/// Whether a write was refused because the writer is no longer a member.
fn is_foreign(error: &Error) -> bool {
    error.status() == Some(StatusCode::FORBIDDEN)
}

/// A number below a limit.
fn chance(below: u64) -> u64 {
    SystemEnvironment.random() % below.max(1)
}
