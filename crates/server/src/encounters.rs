//! Whom members of sessions meet, on the way to their lists of recent players.
//!
//! A change of a session leaves what it did here, after it is durable. A moment later that is
//! written to the store, once for each list however much happened: a list is never waited for.
//! Not here: who has met whom (`convoke_core::session::encounters`).

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use convoke_core::recent_players::{Encounter, Meetings, RecentPlayersKey};
use convoke_core::session::encounters::{Met, Place, meetings, met};
use convoke_core::session::{Reported, Session};
use convoke_store::{Commit, PlayOp};
use convoke_wire::{SessionKey, TitleId, Xuid};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::clock::{later, until};
use crate::commit::Directory;
use crate::live::Exclusive;
use crate::metrics::Metrics;
use crate::service_configs::Catalogue;

/// How long what happened waits for more of the same lists. `[client]`: titles that report recent
/// players themselves do so every five seconds.
const GATHERED: SignedDuration = SignedDuration::from_secs(5);
/// Pause after the store failed.
const RETRY: SignedDuration = SignedDuration::from_secs(10);
/// Longest sleep; what comes meanwhile wakes.
const IDLE: Duration = Duration::from_mins(10);
/// Most encounters that wait; those beyond are dropped. Ours: some 10 MB.
const MAX_WAITING: usize = 100_000;
/// Lists that one step of the store changes.
const BATCH: usize = 256;

/// What is to be added to lists of recent players.
#[derive(Debug)]
pub(crate) struct Encounters {
    waiting: Mutex<Waiting>,
    /// Something waits that did not before.
    begun: Notify,
    /// For the titles of users whose tokens name none.
    catalogue: Arc<Catalogue>,
    metrics: Arc<Metrics>,
}

#[derive(Debug, Default)]
struct Waiting {
    lists: HashMap<RecentPlayersKey, BTreeMap<(Xuid, TitleId), Encounter>>,
    count: usize,
    /// Since that was last told.
    dropped: u64,
    /// When it is to be written.
    due: Option<Timestamp>,
}

/// A change of a session that is durable.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Change<'a> {
    pub(crate) key: &'a SessionKey,
    pub(crate) before: Option<&'a Session>,
    pub(crate) after: Option<&'a Session>,
    /// Encounters that were reported with it.
    pub(crate) reported: &'a [Reported],
    pub(crate) now: Timestamp,
}

impl Encounters {
    /// Nothing has happened yet.
    pub(crate) fn new(catalogue: Arc<Catalogue>, metrics: Arc<Metrics>) -> Self {
        Self {
            waiting: Mutex::default(),
            begun: Notify::new(),
            catalogue,
            metrics,
        }
    }

    /// A session has changed. To be called before its next change begins.
    pub(crate) fn follow(&self, exclusive: &Exclusive, change: Change<'_>) {
        let Change {
            key,
            before,
            after,
            reported,
            now,
        } = change;
        let session = before.or(after).filter(|session| session.is_gameplay());
        let Some(session) = session else {
            return;
        };
        let met = if session.has_groups() {
            exclusive.with_groups(before, |groups| groups.follow(before, after, reported, now))
        } else {
            met(before, after, now)
        };
        if !met.is_empty() {
            self.add(&met, &self.place(key), now);
        }
    }

    fn place(&self, key: &SessionKey) -> Place {
        let configs = self.catalogue.current();
        let config = configs.get(&key.reference.scid);
        let title = config.and_then(|config| config.title_ids.first().copied());
        Place {
            sandbox: key.sandbox.clone(),
            title: title.unwrap_or(TitleId(0)),
        }
    }

    fn add(&self, met: &[Met], place: &Place, now: Timestamp) {
        let mut waiting = self.waiting();
        let is_first = waiting.due.is_none();
        waiting.due.get_or_insert(later(now, GATHERED));
        self.keep(waiting, meetings(met, place));
        if is_first {
            self.begun.notify_one();
        }
    }

    /// Adds to what waits, and counts what there is no room for.
    fn keep(&self, mut waiting: MutexGuard<'_, Waiting>, all: impl IntoIterator<Item = Meetings>) {
        let before = waiting.dropped;
        for Meetings { key, met } in all {
            waiting.add(key, met);
        }
        let dropped = waiting.dropped - before;
        drop(waiting);
        self.metrics.encounters_dropped(dropped);
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // The lists are whole after every operation, whatever panicked meanwhile.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn add(&mut self, key: RecentPlayersKey, met: Vec<Encounter>) {
        let list = self.lists.entry(key).or_default();
        for encounter in met {
            let place = (encounter.user, encounter.title_id);
            if let Some(known) = list.get_mut(&place) {
                if known.met <= encounter.met {
                    *known = encounter;
                }
            } else if self.count < MAX_WAITING {
                list.insert(place, encounter);
                self.count += 1;
            } else {
                self.dropped += 1;
            }
        }
    }

    /// Some of the lists that wait.
    fn take(&mut self, most: usize) -> Vec<Meetings> {
        let keys: Vec<RecentPlayersKey> = self.lists.keys().take(most).cloned().collect();
        let taken = keys.into_iter().filter_map(|key| {
            let met: Vec<Encounter> = self.lists.remove(&key)?.into_values().collect();
            self.count -= met.len();
            Some(Meetings { key, met })
        });
        taken.collect()
    }
}

/// Writes what waits, if it is time.
pub(crate) async fn run_due(directory: &Directory) {
    let now = directory.clock.now();
    let due = directory.encounters.waiting().due;
    if due.is_some_and(|due| due <= now) {
        flush(directory).await;
    }
}

/// Writes all that waits.
pub(crate) async fn flush(directory: &Directory) {
    let dropped = {
        let mut waiting = directory.encounters.waiting();
        waiting.due = None;
        std::mem::take(&mut waiting.dropped)
    };
    if 0 < dropped {
        tracing::warn!(
            encounters.dropped = dropped,
            "more players met than are remembered at once"
        );
    }
    loop {
        let lists = directory.encounters.waiting().take(BATCH);
        if lists.is_empty() {
            return;
        }
        let now = directory.clock.now();
        let lists: Vec<Arc<Meetings>> = lists.into_iter().map(Arc::new).collect();
        let play = lists.iter().map(|meetings| PlayOp::Meet {
            meetings: Arc::clone(meetings),
            now,
        });
        let commit = Commit {
            play: play.collect(),
            ..Commit::default()
        };
        if let Err(error) = directory.commits.take(commit).await {
            tracing::error!(%error, "recent players could not be written");
            let encounters = &directory.encounters;
            let mut waiting = encounters.waiting();
            waiting.due = Some(later(now, RETRY));
            encounters.keep(waiting, lists.into_iter().map(Arc::unwrap_or_clone));
            return;
        }
    }
}

/// Runs until it is told to stop. What waits then is written when the service closes.
pub(crate) async fn run(directory: Arc<Directory>, stop: CancellationToken) {
    loop {
        run_due(&directory).await;
        let encounters = &directory.encounters;
        let due = encounters.waiting().due;
        let now = directory.clock.now();
        let wait = due.map_or(IDLE, |due| until(due, now).min(IDLE));
        tokio::select! {
            () = stop.cancelled() => return,
            () = encounters.begun.notified() => {}
            () = directory.clock.sleep(wait) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use convoke_wire::Sandbox;
    use convoke_wire::multiplayer_activity::EncounterType;

    use super::*;

    /// The encounters of a user with so many others.
    fn met(owner: u64, others: u64) -> Meetings {
        let met = (1..=others).map(|user| Encounter {
            user: Xuid(user),
            title_id: TitleId(777),
            kind: EncounterType::Default,
            met: Timestamp::UNIX_EPOCH,
        });
        Meetings {
            key: RecentPlayersKey {
                sandbox: Sandbox::default(),
                owner: Xuid(owner),
            },
            met: met.collect(),
        }
    }

    #[test]
    fn what_there_is_no_room_for_is_counted_and_what_waits_already_takes_none() {
        let metrics = Arc::new(Metrics::new(Timestamp::UNIX_EPOCH));
        let catalogue = Arc::new(Catalogue::sample());
        let encounters = Encounters::new(catalogue, Arc::clone(&metrics));
        let keep = |all: Vec<Meetings>| encounters.keep(encounters.waiting(), all);
        keep((1..=100).map(|owner| met(owner, 1000)).collect());
        assert_eq!(encounters.waiting().count, MAX_WAITING);
        let dropped = || metrics.encounters_dropped.get();
        keep(vec![met(1, 1000)]);
        assert_eq!(dropped(), 0);
        keep(vec![met(1, 1003), met(101, 4)]);
        assert_eq!((dropped(), encounters.waiting().dropped), (7, 7));
        encounters.waiting().take(1);
        keep(vec![met(102, 1000)]);
        assert_eq!(dropped(), 7);
    }
}
