//! What is counted of members.

use std::sync::Arc;

use jiff::Timestamp;

use super::tree::Sum;
use crate::session::{Member, MemberState, initialization};

/// What is counted of members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// All, reserved places included.
    pub count: u32,
    /// Those who have come.
    pub accepted: u32,
    /// Those who play.
    pub active: u32,
    /// Those who play and subscribe to something, by whichever kind of subscription.
    pub subscribers: u32,
    /// The bytes that titles filled.
    pub weight: usize,
    /// When the first of those who have come did.
    pub first_join: Option<Timestamp>,
    /// Since when the one is in its state who is in it for longest and whose timer runs: reserved,
    /// inactive, ready.
    since: [Option<Timestamp>; 3],
}

impl Totals {
    /// Since when the one is in a state who is in it for longest. Active members have no timer, and
    /// are not looked at.
    pub fn earliest(&self, state: MemberState) -> Option<Timestamp> {
        *self.since.get(timed(state)?)?
    }
}

impl Sum<Arc<Member>> for Totals {
    fn add_value(&mut self, member: &Arc<Member>) {
        self.count += 1;
        self.accepted += u32::from(member.is_accepted());
        self.active += u32::from(member.state == MemberState::Active);
        self.subscribers += u32::from(subscribes(member));
        self.weight += member.weight();
        if member.is_accepted() {
            self.first_join = earlier(self.first_join, Some(member.join_time));
        }
        let timed = timed(member.state).filter(|_| !initialization::holds_timer(member));
        if let Some(since) = timed.and_then(|state| self.since.get_mut(state)) {
            *since = earlier(*since, Some(member.state_since));
        }
    }

    fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.accepted += other.accepted;
        self.active += other.active;
        self.subscribers += other.subscribers;
        self.weight += other.weight;
        self.first_join = earlier(self.first_join, other.first_join);
        for (since, other) in self.since.iter_mut().zip(other.since) {
            *since = earlier(*since, other);
        }
    }
}

fn subscribes(member: &Member) -> bool {
    let any = member.subscription.is_some()
        || !member.secondary_subscriptions.is_empty()
        || !member.legacy_subscriptions.is_empty();
    any && member.state == MemberState::Active
}

fn earlier(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    one.into_iter().chain(other).min()
}

fn timed(state: MemberState) -> Option<usize> {
    match state {
        MemberState::Reserved => Some(0),
        MemberState::Inactive => Some(1),
        MemberState::Ready => Some(2),
        MemberState::Active => None,
    }
}
