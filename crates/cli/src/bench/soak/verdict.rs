//! What is wrong after a soak.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use convoke_client::raw::Call;
use convoke_client::wire::{SessionRef, Xuid};
use convoke_client::{Client, DevSubject, Environment as _, Snapshot, SystemEnvironment};
use reqwest::Method;
use tokio::task::JoinSet;

use super::player::Survivor;
use crate::bench::subject::TITLE;

/// Metrics that have to be 0 when everybody is gone.
const COUNTERS: [&str; 4] = [
    "convoke_rta_sockets_open",
    "convoke_rta_subscriptions",
    "convoke_live_sessions",
    "convoke_pending_timers",
];
/// How often they are looked at, and how long to wait in between: sockets take a moment to close.
const LOOKS: usize = 50;
const PAUSE: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) faults: Vec<String>,
}

impl Verdict {
    pub(super) fn new(faults: Vec<String>) -> Self {
        Self { faults }
    }

    /// Every client must know the last change, and every session have exactly these members.
    pub(super) async fn look_at_clients(
        &mut self,
        survivors: &[Survivor],
        sessions: &[SessionRef],
    ) {
        let mut members: HashMap<&SessionRef, BTreeSet<u64>> = HashMap::new();
        let mut seen: HashMap<&SessionRef, Snapshot> = HashMap::new();
        for survivor in survivors {
            let (Xuid(xuid), place) = (survivor.xuid(), survivor.place());
            self.faults
                .extend(survivor.fault().map(|fault| format!("{xuid}: {fault}")));
            members.entry(place).or_default().insert(xuid);
            let now = match survivor.look().await {
                Ok(Some(now)) => now,
                Ok(None) => {
                    self.faults.push(format!("{xuid}: {} is gone", place.name));
                    continue;
                }
                Err(error) => {
                    self.faults.push(format!("{xuid}: {}: {error}", place.name));
                    continue;
                }
            };
            let last = (now.branch(), now.change_number());
            if survivor.told() != Some(last) {
                let told = survivor.told();
                let name = &place.name;
                self.faults.push(format!(
                    "{xuid}: told of {told:?}, but {name} is at {last:?}"
                ));
            }
            if !now.is_active(Xuid(xuid)) {
                self.faults
                    .push(format!("{xuid}: not active in {}", place.name));
            }
            seen.insert(place, now);
        }
        for session in sessions {
            let snapshot = seen.get(session);
            let there = snapshot.map(members_of).unwrap_or_default();
            let expected = members.remove(session).unwrap_or_default();
            if there != expected {
                let stuck: Vec<_> = there.difference(&expected).collect();
                let missing: Vec<_> = expected.difference(&there).collect();
                let name = &session.name;
                let states = stuck.iter().map(|&&xuid| {
                    let member = snapshot.and_then(|it| it.member(Xuid(xuid)));
                    member.map(|it| (it.join_time, it.properties.clone()))
                });
                let states: Vec<_> = states.collect();
                self.faults.push(format!(
                    "{name}: stuck {stuck:?} {states:?}, missing {missing:?}"
                ));
            }
        }
    }

    /// Everybody leaves.
    pub(super) async fn look_at_leavings(&mut self, survivors: Vec<Survivor>) {
        let mut leaving: JoinSet<_> = survivors.into_iter().map(Survivor::leave).collect();
        while let Some(left) = leaving.join_next().await {
            match left {
                Ok(Ok(())) => {}
                Ok(Err(error)) => self.faults.push(format!("a leave: {error}")),
                Err(error) => self.faults.push(format!("a leave: {error}")),
            }
        }
    }

    /// Then nothing may be left.
    pub(super) async fn look_at_what_is_left(&mut self, client: &Client, sessions: &[SessionRef]) {
        let stranger = client.with_dev_token(DevSubject::player(Xuid(1)).title(TITLE));
        for session in sessions {
            match stranger.session(session.clone()).get().await {
                Ok(None) => {}
                Ok(Some(left)) => {
                    let members = members_of(&left);
                    self.faults
                        .push(format!("{} is left, with {members:?}", session.name));
                }
                Err(error) => self.faults.push(format!("{}: {error}", session.name)),
            }
        }
        let mut left = Vec::new();
        for _ in 0..LOOKS {
            left = match counters(client).await {
                Ok(left) => left,
                Err(fault) => vec![fault],
            };
            if left.is_empty() {
                return;
            }
            SystemEnvironment.sleep(PAUSE).await;
        }
        self.faults.append(&mut left);
    }
}

fn members_of(snapshot: &Snapshot) -> BTreeSet<u64> {
    let members = snapshot.document.members.values();
    let xuids = members.filter_map(|member| member.constants.system.value()?.xuid);
    xuids.map(|Xuid(xuid)| xuid).collect()
}

/// The counters that are not 0.
async fn counters(client: &Client) -> Result<Vec<String>, String> {
    let call = Call::new(Method::GET, "/metrics");
    let page = client
        .send(&call)
        .await
        .map_err(|error| error.to_string())?;
    let page = String::from_utf8_lossy(&page.body).into_owned();
    let value = |name: &str| {
        let mut lines = page.lines();
        lines.find_map(|line| {
            line.strip_prefix(name)?
                .strip_prefix(' ')
                .map(str::to_owned)
        })
    };
    let counters = COUNTERS.iter().map(|name| (name, value(name)));
    let left = counters.filter(|(_, value)| value.as_deref() != Some("0"));
    Ok(left
        .map(|(name, value)| format!("{name} is {value:?} after everybody has gone"))
        .collect())
}
