//! Which changes of which sessions have been told.

use convoke_wire::SessionRef;
use indexmap::IndexMap;
use uuid::Uuid;

use super::event::Tap;

/// Sessions that are remembered; a tap of another one may come twice. Ours: one connection has ten
/// at a time. `[doc]`
const MAX_SESSIONS: usize = 1024;

#[derive(Debug, Default)]
pub(super) struct Seen(IndexMap<SessionRef, (Uuid, u64)>);

impl Seen {
    /// Whether a tap tells something; it is known from then on.
    pub(super) fn is_news(&mut self, tap: &Tap) -> bool {
        let latest = (tap.branch, tap.change_number);
        match self.0.get_mut(&tap.session) {
            Some((branch, number)) if *branch == tap.branch && tap.change_number <= *number => {
                false
            }
            Some(known) => {
                *known = latest;
                true
            }
            None => {
                if MAX_SESSIONS <= self.0.len() {
                    self.0.shift_remove_index(0);
                }
                self.0.insert(tap.session.clone(), latest);
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_once_and_other_branches_count_anew() {
        let mut seen = Seen::default();
        let mut news = |name: &str, branch: u128, number: u64| {
            let resource = format!("11111111-2222-3333-4444-555555555555~lobby~{name}");
            seen.is_news(&Tap {
                session: SessionRef::from_resource(&resource).expect("a resource"),
                branch: Uuid::from_u128(branch),
                change_number: number,
                timestamp: jiff::Timestamp::UNIX_EPOCH.into(),
                subscription: None,
            })
        };
        assert!(news("a", 1, 5));
        assert!(!news("A", 1, 5) && !news("a", 1, 4));
        assert!(news("a", 1, 6) && news("b", 1, 1) && news("a", 2, 1));
        for index in 0..MAX_SESSIONS {
            assert!(news(&format!("s{index}"), 1, 1));
        }
        assert!(news("a", 2, 1), "forgotten");
    }
}
