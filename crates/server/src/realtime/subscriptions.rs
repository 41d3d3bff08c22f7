//! What one socket is subscribed to: the numbers it was given, and how many there may be.

use std::collections::{BTreeMap, HashSet};

use convoke_wire::rta::{ErrorCode, MAX_SUBSCRIPTION, Resource};
use convoke_wire::{TitleId, Xuid};
use jiff::{SignedDuration, Timestamp};

use crate::auth::Principal;

/// Subscriptions that may be made at once. `Inferred:` handles 7.5
const BURST: u32 = 200;
/// And per second after that. `Inferred:` handles 7.5
const PER_SECOND: u32 = 50;

/// A kind of resource with a limit of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The socket's own connection.
    Connections,
    /// Statistics.
    Statistic,
    /// Presence.
    Presence,
    /// All others.
    Other,
}

impl Kind {
    fn of(resource: &Resource) -> Self {
        match resource {
            Resource::Connections => Self::Connections,
            Resource::Statistic { .. } => Self::Statistic,
            Resource::PresenceDevices { .. }
            | Resource::PresenceTitle { .. }
            | Resource::RichPresence { .. } => Self::Presence,
            Resource::Notifications { .. }
            | Resource::Friends { .. }
            | Resource::Achievements { .. } => Self::Other,
        }
    }

    /// The most that a socket has. `[doc]` for statistics and presence, `Inferred:` handles 7.5 for
    /// others. Connections are limited because each of them is told of every tap.
    fn most(self) -> u32 {
        match self {
            Self::Statistic => 1000,
            Self::Presence => 2500,
            Self::Connections | Self::Other => 100,
        }
    }
}

/// The subscriptions of one socket.
#[derive(Debug)]
pub(super) struct Subscriptions {
    live: BTreeMap<u32, Kind>,
    /// Those to the socket's own connection.
    connections: Vec<u32>,
    /// Those to people lists, with the owner.
    people: BTreeMap<u32, Xuid>,
    /// Those to notifications, with the user and the title.
    notifications: BTreeMap<u32, (Xuid, TitleId)>,
    /// How many there are of each kind.
    counts: [u32; 4],
    /// The next number; none is given twice. `[client]` for beginning with 0
    next: u32,
    allowed: u32,
    /// Since when `allowed` grows.
    since: Timestamp,
}

impl Subscriptions {
    pub(super) fn new(now: Timestamp) -> Self {
        Self {
            live: BTreeMap::new(),
            connections: Vec::new(),
            people: BTreeMap::new(),
            notifications: BTreeMap::new(),
            counts: [0; 4],
            next: 0,
            allowed: BURST,
            since: now,
        }
    }

    /// Makes a subscription.
    pub(super) fn add(
        &mut self,
        uri: &str,
        caller: &Principal,
        now: Timestamp,
    ) -> Result<(u32, Resource), ErrorCode> {
        if !self.is_allowed(now) {
            return Err(ErrorCode::Throttled);
        }
        let resource = Resource::parse(uri).ok_or(ErrorCode::UnknownResource)?;
        match &resource {
            // Nobody here says what somebody is doing.
            Resource::RichPresence { .. } => return Err(ErrorCode::UnknownResource),
            Resource::Notifications { xuid, .. } | Resource::Friends { xuid } => {
                let own = caller.users.iter().any(|user| user.xuid == *xuid);
                if !own {
                    return Err(ErrorCode::NoResourceData);
                }
            }
            _ => {}
        }
        let kind = Kind::of(&resource);
        let count = &mut self.counts[kind as usize];
        if kind.most() <= *count || MAX_SUBSCRIPTION < self.next {
            return Err(ErrorCode::SubscriptionLimitReached);
        }
        *count += 1;
        let number = self.next;
        self.next += 1;
        self.live.insert(number, kind);
        match resource {
            Resource::Connections => self.connections.push(number),
            Resource::Friends { xuid } => {
                self.people.insert(number, xuid);
            }
            Resource::Notifications { xuid, title_id } => {
                self.notifications.insert(number, (xuid, title_id));
            }
            _ => {}
        }
        Ok((number, resource))
    }

    /// Ends a subscription, if there is one of the number.
    pub(super) fn remove(&mut self, number: Option<u32>) -> Result<Kind, ErrorCode> {
        let removed = number.and_then(|number| self.live.remove(&number));
        let kind = removed.ok_or(ErrorCode::UnknownSubscription)?;
        self.counts[kind as usize] -= 1;
        if let Some(number) = number {
            self.connections.retain(|other| *other != number);
            self.people.remove(&number);
            self.notifications.remove(&number);
        }
        Ok(kind)
    }

    /// The subscriptions to a user's people list.
    pub(super) fn to_people_of(&self, owner: Xuid) -> impl Iterator<Item = u32> {
        let people = self.people.iter();
        people
            .filter(move |(_, xuid)| **xuid == owner)
            .map(|(number, _)| *number)
    }

    /// The users whose people lists are subscribed to.
    pub(super) fn people_of(&self) -> HashSet<Xuid> {
        self.people.values().copied().collect()
    }

    /// The subscriptions to notifications: number, user and title.
    pub(super) fn notifications(&self) -> impl Iterator<Item = (u32, Xuid, TitleId)> {
        let all = self.notifications.iter();
        all.map(|(number, (xuid, title_id))| (*number, *xuid, *title_id))
    }

    /// The users whose notifications are subscribed to.
    pub(super) fn listened_to(&self) -> HashSet<Xuid> {
        self.notifications.values().map(|(xuid, _)| *xuid).collect()
    }

    /// The subscriptions to the socket's own connection: each is told of every tap.
    pub(super) fn connections(&self) -> &[u32] {
        &self.connections
    }

    /// Whether there is one to the socket's own connection.
    pub(super) fn has_connection(&self) -> bool {
        !self.connections.is_empty()
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.live.len()
    }

    fn is_allowed(&mut self, now: Timestamp) -> bool {
        let passed = now.duration_since(self.since).max(SignedDuration::ZERO);
        let grown = passed.as_millis() * i128::from(PER_SECOND) / 1000;
        if 0 < grown {
            let grown = u32::try_from(grown).unwrap_or(BURST);
            self.allowed = self.allowed.saturating_add(grown).min(BURST);
            self.since = now;
        }
        // A clock that is set back must not stop the growth.
        self.since = self.since.min(now);
        let allowed = 0 < self.allowed;
        self.allowed = self.allowed.saturating_sub(1);
        allowed
    }
}
