//! What waits to be told to one socket. Whoever posts never waits: a slow reader loses taps and is
//! told to read everything again.

use std::future::poll_fn;
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use convoke_core::handle::Handle;
use convoke_wire::rta::{CloseReason, ShoulderTap};
use futures_util::task::AtomicWaker;
use uuid::Uuid;

use super::notices::Notice;

use crate::people_feed::PeopleChange;

/// Most taps that wait for one socket. `Inferred:` handles 6.5 D11
pub(super) const MAX_WAITING: usize = 256;

/// Most changes of people lists that wait for one socket. Ours.
pub(super) const MAX_PEOPLE: usize = 256;
/// Most notifications that wait for one socket and are kept nowhere else; others are lost. Ours.
pub(super) const MAX_NOTICES: usize = 64;

/// Most invitations that wait for one socket; others are looked for in the store. Ours.
pub(super) const MAX_INVITATIONS: usize = 64;

/// What waits for one socket.
#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    waiting: Mutex<Waiting>,
    /// Something has been left since the socket looked last.
    is_filled: AtomicBool,
    socket: AtomicWaker,
}

/// Everything that waits at a moment.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    /// In their order, and so few that they are looked through.
    taps: Vec<WaitingTap>,
    people: Vec<PeopleChange>,
    /// Taps or changes of people lists were lost, and none are kept until that has been noticed.
    overflowed: bool,
    notices: Vec<Arc<Notice>>,
    invitations: Vec<Arc<Handle>>,
    /// There were more.
    more_invitations: bool,
    closing: Option<CloseReason>,
}

/// A tap that waits.
#[derive(Debug)]
struct WaitingTap {
    member: u32,
    tap: ShoulderTap,
}

impl WaitingTap {
    /// Of the taps of one subscription to a session one waits, the latest.
    fn subscription(&self) -> (Uuid, u32, Option<&str>) {
        let tap = &self.tap;
        (tap.branch, self.member, tap.subscription.as_deref())
    }
}

/// What became of a tap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Posted {
    /// It waits.
    Queued,
    /// It took the place of an earlier one. `Inferred:` handles 6.5 D6
    Merged,
    /// Too many wait.
    Dropped,
}

/// What a socket is to do.
#[derive(Debug, Default)]
pub(super) struct Post {
    pub(super) taps: Vec<ShoulderTap>,
    pub(super) people: Vec<PeopleChange>,
    pub(super) lost_taps: bool,
    pub(super) notices: Vec<Arc<Notice>>,
    pub(super) invitations: Vec<Arc<Handle>>,
    pub(super) more_invitations: bool,
    pub(super) closing: Option<CloseReason>,
}

impl Mailbox {
    /// Leaves a tap for the socket.
    pub(super) fn post(&self, member: u32, tap: ShoulderTap) -> Posted {
        let mut waiting = self.waiting();
        if waiting.overflowed {
            return Posted::Dropped;
        }
        let tap = WaitingTap { member, tap };
        let mut taps = waiting.taps.iter_mut();
        if let Some(earlier) = taps.find(|it| it.subscription() == tap.subscription()) {
            *earlier = tap;
            return Posted::Merged;
        }
        let posted = if waiting.taps.len() < MAX_WAITING {
            waiting.taps.push(tap);
            Posted::Queued
        } else {
            waiting.overflow();
            Posted::Dropped
        };
        drop(waiting);
        self.wake();
        posted
    }

    /// Leaves a change of a people list for the socket.
    pub(super) fn post_people(&self, change: PeopleChange) {
        let mut waiting = self.waiting();
        if waiting.overflowed {
            return;
        }
        if waiting.people.len() < MAX_PEOPLE {
            waiting.people.push(change);
        } else {
            waiting.overflow();
        }
        drop(waiting);
        self.wake();
    }

    /// Leaves a notification for the socket.
    pub(super) fn notify(&self, notice: Arc<Notice>) -> Posted {
        let mut waiting = self.waiting();
        if MAX_NOTICES <= waiting.notices.len() {
            return Posted::Dropped;
        }
        waiting.notices.push(notice);
        drop(waiting);
        self.wake();
        Posted::Queued
    }

    /// Leaves an invitation for the socket.
    pub(super) fn invite(&self, invitation: Arc<Handle>) {
        let mut waiting = self.waiting();
        if waiting.invitations.len() < MAX_INVITATIONS {
            waiting.invitations.push(invitation);
        } else {
            waiting.more_invitations = true;
        }
        drop(waiting);
        self.wake();
    }

    /// Tells the socket to close.
    pub(super) fn close(&self, reason: CloseReason) {
        self.waiting().closing.get_or_insert(reason);
        self.wake();
    }

    /// Waits until something has been left since the last time. For the socket alone: of several
    /// that wait, one would be told.
    pub(super) async fn filled(&self) {
        let is_filled = || self.is_filled.swap(false, Ordering::AcqRel);
        poll_fn(|context| {
            if is_filled() {
                return Poll::Ready(());
            }
            self.socket.register(context.waker());
            if is_filled() {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }

    /// Wakes the socket, unless it was woken and has not looked yet.
    fn wake(&self) {
        if !self.is_filled.swap(true, Ordering::AcqRel) {
            self.socket.wake();
        }
    }

    /// Takes everything out.
    pub(super) fn take(&self) -> Post {
        let waiting = mem::take(&mut *self.waiting());
        Post {
            taps: waiting.taps.into_iter().map(|it| it.tap).collect(),
            people: waiting.people,
            lost_taps: waiting.overflowed,
            notices: waiting.notices,
            invitations: waiting.invitations,
            more_invitations: waiting.more_invitations,
            closing: waiting.closing,
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // What waits is whole after every operation, whatever panicked meanwhile.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn overflow(&mut self) {
        (self.taps, self.people) = (Vec::new(), Vec::new());
        self.overflowed = true;
    }
}

#[cfg(test)]
mod tests {
    use convoke_wire::Xuid;
    use convoke_wire::people::PeopleEvent;
    use convoke_wire::rta::TapResource;
    use jiff::Timestamp;

    use super::*;

    fn tap(subscription: usize, change_number: u64) -> ShoulderTap {
        ShoulderTap {
            timestamp: Timestamp::UNIX_EPOCH.into(),
            subscription: Some(subscription.to_string().into()),
            resource_type: TapResource::Session,
            resource: "s~t~n".into(),
            branch: Uuid::nil(),
            change_number,
        }
    }

    #[test]
    fn waiting_taps_of_one_subscription_are_one_the_latest() {
        let mailbox = Mailbox::default();
        assert_eq!(mailbox.post(0, tap(1, 5)), Posted::Queued);
        assert_eq!(mailbox.post(0, tap(2, 5)), Posted::Queued);
        assert_eq!(mailbox.post(0, tap(1, 6)), Posted::Merged);
        assert_eq!(mailbox.post(1, tap(1, 6)), Posted::Queued);
        let post = mailbox.take();
        assert_eq!(post.taps, [tap(1, 6), tap(2, 5), tap(1, 6)]);
        assert!(!post.lost_taps);
        assert_eq!(mailbox.take().taps, []);
    }

    #[test]
    fn h94_too_many_waiting_taps_are_lost_together_and_that_is_said_once() {
        let mailbox = Mailbox::default();
        for subscription in 0..MAX_WAITING {
            assert_eq!(mailbox.post(0, tap(subscription, 1)), Posted::Queued);
        }
        assert_eq!(mailbox.post(0, tap(7, 2)), Posted::Merged);
        assert_eq!(mailbox.post(0, tap(MAX_WAITING, 1)), Posted::Dropped);
        assert_eq!(mailbox.post(0, tap(7, 3)), Posted::Dropped);
        let post = mailbox.take();
        assert!(post.lost_taps && post.taps.is_empty());
        assert_eq!(mailbox.post(0, tap(7, 4)), Posted::Queued);
        assert!(!mailbox.take().lost_taps);
    }

    #[test]
    fn too_many_waiting_changes_of_people_lists_are_lost_as_taps_are() {
        let mailbox = Mailbox::default();
        let change = |n: usize| PeopleChange {
            owner: Xuid(1),
            event: PeopleEvent::Added {
                xuids: vec![Xuid(n as u64)],
            },
        };
        for n in 0..MAX_PEOPLE {
            mailbox.post_people(change(n));
        }
        let post = mailbox.take();
        assert_eq!(post.people, (0..MAX_PEOPLE).map(change).collect::<Vec<_>>());
        assert!(!post.lost_taps);
        for n in 0..=MAX_PEOPLE {
            mailbox.post_people(change(n));
        }
        assert_eq!(mailbox.post(0, tap(1, 1)), Posted::Dropped);
        let post = mailbox.take();
        assert!(post.lost_taps && post.people.is_empty());
        mailbox.post_people(change(1));
        assert_eq!(mailbox.take().people, [change(1)]);
    }

    #[test]
    fn invitations_that_are_too_many_are_to_be_looked_for() {
        let mailbox = Mailbox::default();
        let text = r#"{"id":"00000000-0000-4000-8000-000000000002","sandbox":"RETAIL",
            "session":{"scid":"6b1ff4f4-7f3a-4ab5-8c4a-08a4d37bb0a1","templateName":"t","name":"n"},
            "created":"2026-01-01T00:00:00Z","body":{"type":"invite","invited":"2",
            "attributes":{"titleId":"7"},"settled":false}}"#;
        let handle: Arc<Handle> = Arc::new(serde_json::from_str(text).expect("a handle"));
        for _ in 0..MAX_INVITATIONS {
            mailbox.invite(Arc::clone(&handle));
        }
        let post = mailbox.take();
        assert_eq!(post.invitations.len(), MAX_INVITATIONS);
        assert!(!post.more_invitations);
        for _ in 0..=MAX_INVITATIONS {
            mailbox.invite(Arc::clone(&handle));
        }
        let post = mailbox.take();
        assert_eq!(post.invitations.len(), MAX_INVITATIONS);
        assert!(post.more_invitations && !mailbox.take().more_invitations);
    }

    #[test]
    fn notifications_that_are_too_many_are_lost() {
        let mailbox = Mailbox::default();
        let notice = Arc::new(Notice {
            user: Xuid(1),
            title_id: convoke_wire::TitleId(777),
            data: convoke_wire::RawJson::parse("{}").expect("JSON"),
        });
        for _ in 0..MAX_NOTICES {
            assert_eq!(mailbox.notify(Arc::clone(&notice)), Posted::Queued);
        }
        assert_eq!(mailbox.notify(Arc::clone(&notice)), Posted::Dropped);
        assert_eq!(mailbox.take().notices.len(), MAX_NOTICES);
        assert_eq!(mailbox.notify(notice), Posted::Queued);
    }

    #[test]
    fn the_first_reason_to_close_stays() {
        let mailbox = Mailbox::default();
        mailbox.close(CloseReason::TooManySockets);
        mailbox.close(CloseReason::ShuttingDown);
        assert_eq!(mailbox.take().closing, Some(CloseReason::TooManySockets));
    }
}
