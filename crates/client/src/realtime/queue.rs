//! What waits to be told to the caller.
//!
//! Bounded, and never in the way of the socket: taps of one session become one, and when the caller
//! does not listen, what waits makes way for the request to read everything again.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::event::{Event, Tap};

#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    told: Notify,
    most: usize,
}

#[derive(Debug, Default)]
struct State {
    events: VecDeque<Event>,
    is_closed: bool,
}

impl Queue {
    /// For at least two events.
    pub(super) fn new(most: usize) -> Self {
        Self {
            state: Mutex::default(),
            told: Notify::new(),
            most: most.max(2),
        }
    }

    pub(super) fn push(&self, event: Event) {
        let mut state = self.state();
        if !state.merge(&event) {
            if self.most <= state.events.len() {
                tracing::debug!("events make way: nobody listens");
                state.events.clear();
                state.events.push_back(Event::Resync);
            }
            state.events.push_back(event);
        }
        drop(state);
        self.told.notify_one();
    }

    /// Nothing more will come.
    pub(super) fn close(&self) {
        self.state().is_closed = true;
        self.told.notify_one();
    }

    pub(super) async fn next(&self) -> Option<Event> {
        loop {
            {
                let mut state = self.state();
                if let Some(event) = state.events.pop_front() {
                    return Some(event);
                }
                if state.is_closed {
                    return None;
                }
            }
            self.told.notified().await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whether an event is told by one that waits already.
    fn merge(&mut self, event: &Event) -> bool {
        match event {
            Event::Tapped(tap) => self.merge_tap(tap),
            Event::Resync => self.events.iter().any(|it| matches!(it, Event::Resync)),
            _ => false,
        }
    }

    fn merge_tap(&mut self, tap: &Tap) -> bool {
        let mut waiting = self.events.iter_mut().filter_map(|event| match event {
            Event::Tapped(waiting) => Some(waiting),
            _ => None,
        });
        let same = waiting.find(|it| it.session == tap.session && it.branch == tap.branch);
        let Some(waiting) = same else {
            return false;
        };
        if waiting.change_number < tap.change_number {
            waiting.clone_from(tap);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use convoke_wire::SessionRef;
    use futures_util::FutureExt as _;
    use uuid::Uuid;

    use super::*;

    fn tap(name: &str, number: u64) -> Tap {
        let resource = format!("11111111-2222-3333-4444-555555555555~lobby~{name}");
        Tap {
            session: SessionRef::from_resource(&resource).expect("a resource"),
            branch: Uuid::nil(),
            change_number: number,
            timestamp: jiff::Timestamp::UNIX_EPOCH.into(),
            subscription: None,
        }
    }

    fn next(queue: &Queue) -> Option<Event> {
        queue.next().now_or_never().flatten()
    }

    #[test]
    fn taps_of_one_session_become_one() {
        let queue = Queue::new(8);
        for (name, number) in [("a", 1), ("b", 5), ("a", 3), ("a", 2)] {
            queue.push(Event::Tapped(tap(name, number)));
        }
        for expected in [tap("a", 3), tap("b", 5)] {
            let event = next(&queue);
            assert!(
                matches!(&event, Some(Event::Tapped(it)) if *it == expected),
                "{event:?}"
            );
        }
        assert!(next(&queue).is_none());
    }

    #[test]
    fn who_does_not_listen_is_asked_to_read_again() {
        let queue = Queue::new(4);
        for number in 0..1000 {
            queue.push(Event::Tapped(tap(&format!("s{number}"), 1)));
            assert!(queue.state().events.len() <= 4);
        }
        assert!(matches!(next(&queue), Some(Event::Resync)));
        queue.push(Event::Tapped(tap("last", 1)));
        queue.close();
        let mut last = None;
        while let Some(event) = next(&queue) {
            last = Some(event);
        }
        assert!(matches!(last, Some(Event::Tapped(it)) if it == tap("last", 1)));
    }
}
