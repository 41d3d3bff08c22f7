//! A set of the places of a chunk.

use std::ops::{BitAnd, BitOr, Not};

use super::chunk::CHUNK;

const WORDS: usize = CHUNK / 64;

/// Which places.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Bits([u64; WORDS]);

impl Bits {
    pub(super) fn has(self, place: usize) -> bool {
        self.0[place / 64] >> (place % 64) & 1 == 1
    }

    pub(super) fn set(&mut self, place: usize) {
        self.0[place / 64] |= 1 << (place % 64);
    }

    pub(super) fn clear(&mut self, place: usize) {
        self.0[place / 64] &= !(1 << (place % 64));
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == [0; WORDS]
    }

    pub(super) fn len(self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// The places, in order.
    pub(super) fn iter(self) -> impl Iterator<Item = usize> {
        self.0
            .into_iter()
            .enumerate()
            .flat_map(|(index, mut word)| {
                std::iter::from_fn(move || {
                    let place = word.trailing_zeros() as usize;
                    (place < 64).then(|| {
                        word &= word - 1;
                        64 * index + place
                    })
                })
            })
    }
}

/// A set that tells how many of its places come before one.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Ranked {
    bits: Bits,
    /// How many are in the words before each.
    before: [u16; WORDS],
}

impl Ranked {
    pub(super) fn bits(&self) -> Bits {
        self.bits
    }

    pub(super) fn rank(&self, place: usize) -> usize {
        let within = self.bits.0[place / 64] & ((1 << (place % 64)) - 1);
        usize::from(self.before[place / 64]) + within.count_ones() as usize
    }

    pub(super) fn set(&mut self, place: usize) {
        if !self.bits.has(place) {
            self.bits.set(place);
            self.before[place / 64 + 1..]
                .iter_mut()
                .for_each(|it| *it += 1);
        }
    }

    pub(super) fn clear(&mut self, place: usize) {
        if self.bits.has(place) {
            self.bits.clear(place);
            self.before[place / 64 + 1..]
                .iter_mut()
                .for_each(|it| *it -= 1);
        }
    }
}

impl FromIterator<usize> for Bits {
    fn from_iter<I: IntoIterator<Item = usize>>(places: I) -> Self {
        let mut bits = Self::default();
        for place in places {
            bits.set(place);
        }
        bits
    }
}

impl BitAnd for Bits {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self(std::array::from_fn(|index| self.0[index] & other.0[index]))
    }
}

impl BitOr for Bits {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(std::array::from_fn(|index| self.0[index] | other.0[index]))
    }
}

impl Not for Bits {
    type Output = Self;

    fn not(self) -> Self {
        Self(self.0.map(|word| !word))
    }
}
