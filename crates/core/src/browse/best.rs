//! The best handles of all that were seen, and no more than are asked for.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::Arc;

use super::bits::Bits;
use super::chunk::{Post, Ranks};
use crate::filter::{Direction, Rank, newest_first};
use crate::handle::Handle;

/// A handle that a search has found.
#[derive(Debug)]
pub struct Found {
    /// The handle.
    pub handle: Arc<Handle>,
    /// The folded key of its session.
    pub session: Arc<str>,
    /// Which alternatives of the filter hold so far.
    pub(super) alternatives: u8,
    rank: Option<Rank>,
    direction: Direction,
}

/// At most so many handles; those that come first in the order.
#[derive(Debug)]
pub(super) struct Best {
    heap: BinaryHeap<Found>,
    most: usize,
    direction: Direction,
    /// How many did not find room, or would not have.
    pub(super) dropped: usize,
}

impl Best {
    pub(super) fn new(most: usize, direction: Direction) -> Self {
        Self {
            heap: BinaryHeap::with_capacity(most.min(1024) + 1),
            most,
            direction,
            dropped: 0,
        }
    }

    /// Takes a handle if it is among the best so far. Most are not, and only ranks tell that: the
    /// handle itself is looked at where ranks are equal.
    pub(super) fn offer<'p>(
        &mut self,
        rank: Option<Rank>,
        alternatives: u8,
        post: impl FnOnce() -> Option<&'p Post>,
    ) {
        let is_full = self.heap.len() == self.most;
        let worst = self.heap.peek().filter(|_| is_full);
        self.dropped += usize::from(is_full);
        let ranked = worst.map(|worst| compare(rank.as_ref(), worst.rank.as_ref(), self.direction));
        if ranked == Some(Ordering::Greater) {
            return;
        }
        let Some(post) = post() else { return };
        let comes_later =
            |worst: &Found| newest_first(&post.handle, &worst.handle) != Ordering::Less;
        if ranked == Some(Ordering::Equal) && worst.is_some_and(comes_later) {
            return;
        }
        if is_full {
            self.heap.pop();
        }
        if self.most == 0 {
            return;
        }
        self.heap.push(Found {
            handle: Arc::clone(&post.handle),
            session: Arc::clone(&post.session),
            alternatives,
            rank,
            direction: self.direction,
        });
    }

    /// Of some places of a chunk, those that may be among the best; most are not as soon as there are
    /// enough, and that is told for all of them at once. The others count as dropped.
    pub(super) fn hopeful(&mut self, within: Bits, ranks: Ranks<'_>) -> Bits {
        let worst = self.heap.peek().filter(|_| self.heap.len() == self.most);
        let Some(rank) = worst.and_then(|worst| worst.rank.as_ref()) else {
            return within;
        };
        let left = ranks.up_to(rank, self.direction, within);
        self.dropped += within.len() - left.len();
        left
    }

    pub(super) fn into_sorted(self) -> Vec<Found> {
        self.heap.into_sorted_vec()
    }
}

fn compare(one: Option<&Rank>, other: Option<&Rank>, direction: Direction) -> Ordering {
    direction.compare(one, other)
}

/// Whatever comes first is less.
impl Ord for Found {
    fn cmp(&self, other: &Self) -> Ordering {
        compare(self.rank.as_ref(), other.rank.as_ref(), self.direction)
            .then_with(|| newest_first(&self.handle, &other.handle))
    }
}

impl PartialOrd for Found {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Found {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Found {}
