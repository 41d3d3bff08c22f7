//! The best handles of all that were seen, and no more than are asked for.

use std::cmp::Ordering;
use std::sync::Arc;

use super::bits::Bits;
use super::chunk::{Chunk, Ranks};
use super::posts::Post;
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
}

/// A handle that may be found, where it lies: most are given up again before anything but their
/// rank is looked at.
#[derive(Debug, Clone)]
pub(super) struct Candidate<'a> {
    pub(super) rank: Option<Rank>,
    pub(super) chunk: &'a Chunk,
    pub(super) place: usize,
    pub(super) alternatives: u8,
}

/// At most so many handles; those that come first in the order.
///
/// Twice as many are gathered before the worse half is given up, which costs each candidate a few
/// comparisons, however many come.
#[derive(Debug)]
pub(super) struct Best<'a> {
    gathered: Vec<Candidate<'a>>,
    most: usize,
    direction: Direction,
    /// The last of those that were kept, once there were more than could be.
    last: Option<Candidate<'a>>,
    /// How many were given up, or not taken.
    dropped: usize,
}

impl<'a> Best<'a> {
    pub(super) fn new(most: usize, direction: Direction) -> Self {
        Self {
            gathered: Vec::new(),
            most,
            direction,
            last: None,
            dropped: 0,
        }
    }

    /// Takes a handle if it may be among the best.
    pub(super) fn offer(&mut self, candidate: Candidate<'a>) {
        let direction = self.direction;
        let comes_later =
            |last: &Candidate<'_>| candidate.compare(last, direction) == Ordering::Greater;
        if self.last.as_ref().is_some_and(comes_later) {
            self.dropped += 1;
            return;
        }
        self.gathered.push(candidate);
        if 2 * self.most <= self.gathered.len() {
            self.give_up();
        }
    }

    /// Of some places of a chunk, those that may be among the best; most are not as soon as there are
    /// enough, and that is told for all of them at once. The others count as dropped.
    pub(super) fn hopeful(&mut self, within: Bits, ranks: Ranks<'_>) -> Bits {
        let last = self.last.as_ref();
        let Some(rank) = last.and_then(|last| last.rank.as_ref()) else {
            return within;
        };
        let left = ranks.up_to(rank, self.direction, within);
        self.dropped += within.len() - left.len();
        left
    }

    /// How many more were seen than are kept in the end.
    pub(super) fn dropped(&self) -> usize {
        self.dropped + self.gathered.len().saturating_sub(self.most)
    }

    pub(super) fn into_sorted(mut self) -> impl ExactSizeIterator<Item = Found> + use<'a> {
        self.give_up();
        let direction = self.direction;
        self.gathered
            .sort_unstable_by(|one, other| one.compare(other, direction));
        self.gathered.into_iter().map(Candidate::found)
    }

    /// Gives up what comes after the best.
    fn give_up(&mut self) {
        let beyond = self.gathered.len().saturating_sub(self.most);
        if beyond == 0 {
            return;
        }
        self.dropped += beyond;
        let direction = self.direction;
        if let Some(last) = self.most.checked_sub(1) {
            self.gathered
                .select_nth_unstable_by(last, |one, other| one.compare(other, direction));
            self.last = Some(self.gathered[last].clone());
        }
        self.gathered.truncate(self.most);
    }
}

impl<'a> Candidate<'a> {
    /// Whatever comes first is less. The handles themselves are looked at where ranks are equal.
    fn compare(&self, other: &Candidate<'_>, direction: Direction) -> Ordering {
        direction
            .compare(self.rank.as_ref(), other.rank.as_ref())
            .then_with(|| newest_first(&self.post().handle, &other.post().handle))
    }

    fn found(self) -> Found {
        let Post { session, handle } = self.post().clone();
        Found {
            handle,
            session,
            alternatives: self.alternatives,
        }
    }

    pub(super) fn post(&self) -> &'a Post {
        self.chunk
            .post(self.place)
            .expect("a place that was selected")
    }
}
