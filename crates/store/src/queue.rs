//! The queue between those who commit and the thread that writes: bounded, and taken in batches.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use tokio::sync::Semaphore;

use crate::StoreError;

/// A bounded queue of many producers that wait asynchronously and one consumer that blocks.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    /// One permit for each free place.
    free: Semaphore,
    state: Mutex<State<T>>,
    changed: Condvar,
}

#[derive(Debug)]
struct State<T> {
    waiting: VecDeque<T>,
    closed: bool,
}

impl<T> Queue<T> {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            free: Semaphore::new(capacity),
            state: Mutex::new(State {
                waiting: VecDeque::with_capacity(capacity),
                closed: false,
            }),
            changed: Condvar::new(),
        }
    }

    /// Adds an item, once there is a place.
    pub(crate) async fn push(&self, item: T) -> Result<(), StoreError> {
        let permit = self.free.acquire().await;
        // The place is free again when the consumer has taken the item.
        permit.map_err(|_| StoreError::Closed)?.forget();
        let mut state = self.state();
        if state.closed {
            return Err(StoreError::Closed);
        }
        state.waiting.push_back(item);
        let was_empty = state.waiting.len() == 1;
        drop(state);
        // Nobody sleeps while something waits, and waking costs a call of the system.
        if was_empty {
            self.changed.notify_one();
        }
        Ok(())
    }

    /// Moves up to `most` items into the empty `batch`; blocks until there is one.
    ///
    /// Leaves `batch` empty when the queue is closed and nothing is left.
    pub(crate) fn take(&self, batch: &mut Vec<T>, most: usize) {
        drop(self.filled());
        // When all processors are busy, whoever is about to add something does so first: a batch
        // costs about the same whatever is in it. When one is idle this takes no time.
        thread::yield_now();
        let mut state = self.filled();
        let count = most.min(state.waiting.len());
        batch.extend(state.waiting.drain(..count));
        drop(state);
        self.free.add_permits(count);
    }

    /// Blocks until there is an item, or there will be none.
    fn filled(&self) -> MutexGuard<'_, State<T>> {
        let mut state = self.state();
        while state.waiting.is_empty() && !state.closed {
            let woken = self.changed.wait(state);
            state = woken.unwrap_or_else(PoisonError::into_inner);
        }
        state
    }

    /// How many items wait.
    pub(crate) fn len(&self) -> usize {
        self.state().waiting.len()
    }

    /// Lets nothing in any more.
    pub(crate) fn close(&self) {
        self.state().closed = true;
        self.free.close();
        self.changed.notify_one();
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn items_come_out_in_their_order_and_in_batches() {
        let queue = Queue::new(8);
        for item in 0..5 {
            queue.push(item).await.unwrap();
        }
        let mut batch = Vec::new();
        queue.take(&mut batch, 3);
        assert_eq!(batch, [0, 1, 2]);
        batch.clear();
        queue.take(&mut batch, 3);
        assert_eq!(batch, [3, 4]);
    }

    #[tokio::test]
    async fn a_full_queue_makes_producers_wait() {
        let queue = Arc::new(Queue::new(1));
        queue.push(1).await.unwrap();
        let second = tokio::spawn({
            let queue = Arc::clone(&queue);
            async move { queue.push(2).await }
        });
        tokio::task::yield_now().await;
        assert!(!second.is_finished());
        let mut batch = Vec::new();
        queue.take(&mut batch, 8);
        assert_eq!(batch, [1]);
        second.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_closed_queue_gives_out_what_it_has_and_takes_nothing() {
        let queue = Queue::new(2);
        queue.push(1).await.unwrap();
        queue.close();
        assert!(matches!(queue.push(2).await, Err(StoreError::Closed)));
        let mut batch = Vec::new();
        queue.take(&mut batch, 8);
        assert_eq!(batch, [1]);
        batch.clear();
        queue.take(&mut batch, 8);
        assert!(batch.is_empty());
    }
}
