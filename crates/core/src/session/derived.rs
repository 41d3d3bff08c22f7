//! What was derived of a member, kept for as long as it stays as it is: its texts, and whom a change
//! taps for it.
//!
//! States of a session share the members that a change has not touched, and with them what was made
//! of those: a write among sixteen writes one member for the store and one for the answer.

use std::fmt;
use std::sync::{Mutex, OnceLock, PoisonError};

use convoke_wire::RawJson;
use serde::{Serialize, Serializer};
use serde_json::value::to_raw_value;

use super::Member;
use super::taps::Subscriber;

/// Bytes of a title's up to which a member keeps its texts. What costs time is the rest of a member;
/// a large bag is copied fast, and would be kept twice more. Ours.
const MAX_WEIGHT: usize = 1024;

/// What was derived of one member. A copy has nothing, because whoever copies a member means to
/// change it.
#[derive(Default)]
pub struct Derived {
    /// As stores keep the member.
    stored: OnceLock<RawJson>,
    /// As readers saw it last under the current contract, and where.
    shown: Mutex<Option<(Seat, RawJson)>>,
    /// Whom a change taps for it.
    subscribers: OnceLock<Box<[Subscriber]>>,
}

/// What of a session stands in a member's document, beside the member itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seat {
    /// The member's index.
    pub(crate) index: u32,
    /// The index after it.
    pub(crate) next: u32,
    /// Whether it is the member's turn.
    pub(crate) turn: bool,
}

impl Member {
    /// Whether the texts that are made of the member are kept.
    pub(crate) fn keeps_texts(&self) -> bool {
        self.weight() <= MAX_WEIGHT
    }
}

impl Derived {
    /// The text that readers see of the member in a seat; `render` makes it unless it was shown in
    /// that seat last.
    pub(crate) fn shown(&self, seat: Seat, render: impl FnOnce() -> RawJson) -> RawJson {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        match &*shown {
            Some((last, text)) if *last == seat => text.clone(),
            _ => shown.insert((seat, render())).1.clone(),
        }
    }

    /// Whom a change taps for the member; `find` says it the first time.
    pub(super) fn subscribers(&self, find: impl FnOnce() -> Box<[Subscriber]>) -> &[Subscriber] {
        self.subscribers.get_or_init(find)
    }
}

/// A member that is written as the text that was made of it first, where that is kept.
pub(super) struct Stored<'a>(pub(super) &'a Member);

impl Serialize for Stored<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !self.0.keeps_texts() {
            return self.0.serialize(serializer);
        }
        let text = || to_raw_value(self.0).expect("members have text keys only");
        let stored = self.0.derived.stored.get_or_init(|| text().into());
        stored.serialize(serializer)
    }
}

impl Clone for Derived {
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// It says nothing that the member does not.
impl PartialEq for Derived {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Derived {}

impl fmt::Debug for Derived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Derived").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use convoke_wire::Xuid;
    use jiff::Timestamp;

    use super::*;
    use crate::session::{MemberState, Members};

    fn text(number: u32) -> RawJson {
        RawJson::parse(&number.to_string()).expect("a number")
    }

    #[test]
    fn a_text_is_made_once_for_a_seat() {
        let texts = Derived::default();
        let here = Seat {
            index: 1,
            next: 2,
            turn: false,
        };
        let there = Seat { next: 3, ..here };
        assert_eq!(texts.shown(here, || text(1)), text(1));
        assert_eq!(texts.shown(here, || text(2)), text(1));
        assert_eq!(texts.shown(there, || text(3)), text(3));
        assert_eq!(texts.shown(here, || text(4)), text(4));
        assert_eq!(texts.clone().shown(here, || text(5)), text(5));
    }

    #[test]
    fn a_member_with_a_large_bag_keeps_no_texts() {
        let mut member = Member::new(Xuid(1), MemberState::Inactive, Timestamp::UNIX_EPOCH);
        let bag = |length: usize| RawJson::parse(&format!("\"{}\"", "x".repeat(length - 2)));
        let room = MAX_WEIGHT - member.constants_custom.len();
        member.custom = bag(room).expect("a text").into();
        assert!(member.keeps_texts());
        let light = serde_json::to_string(&Stored(&member)).expect("JSON");
        assert_eq!(light, serde_json::to_string(&member).expect("JSON"));
        assert!(member.derived.stored.get().is_some());
        let mut member = member.clone();
        member.custom = bag(room + 1).expect("a text").into();
        let heavy = serde_json::to_string(&Stored(&member)).expect("JSON");
        assert_eq!(heavy, serde_json::to_string(&member).expect("JSON"));
        assert!(member.derived.stored.get().is_none());
    }

    #[test]
    fn a_member_that_nobody_shares_loses_its_texts_when_it_changes() {
        let member = Member::new(Xuid(1), MemberState::Inactive, Timestamp::UNIX_EPOCH);
        let mut members = Members::from_iter([(0, Arc::new(member))]);
        let stored = |members: &Members| serde_json::to_string(members).expect("JSON");
        let before = stored(&members);
        assert_eq!(stored(&members), before);
        members.update(0, |member| member.state = MemberState::Active);
        let after = before.replace("inactive", "active");
        assert_ne!(before, after);
        assert_eq!(stored(&members), after);
    }
}
