//! Values of some places of a chunk, in their order.

use std::cmp::Ordering;
use std::ops::Range;

use super::bits::{Bits, Ranked};
use crate::filter::Op;

/// So few places are looked at one by one; a comparison of more is answered by the order.
const FEW: usize = 8;

/// Values by place, without room for those that are missing.
///
/// In the order of their values lie the values and whose they are, so that a comparison holds for a
/// run of them, and one that holds for few reads few.
#[derive(Debug, Clone)]
pub(super) struct Sorted<T> {
    present: Ranked,
    /// The least first.
    values: Vec<T>,
    /// The place of each value.
    places: Vec<u16>,
    /// Where the value of each place lies, in the order of the places.
    positions: Vec<u16>,
}

impl<T> Default for Sorted<T> {
    fn default() -> Self {
        Self {
            present: Ranked::default(),
            values: Vec::new(),
            places: Vec::new(),
            positions: Vec::new(),
        }
    }
}

impl<T: PartialOrd> Sorted<T> {
    pub(super) fn present(&self) -> Bits {
        self.present.bits()
    }

    pub(super) fn get(&self, place: usize) -> Option<&T> {
        let has = self.present().has(place);
        has.then(|| &self.values[self.position(place)])
    }

    fn position(&self, place: usize) -> usize {
        usize::from(self.positions[self.present.rank(place)])
    }

    pub(super) fn put(&mut self, place: usize, value: T) {
        self.remove(place);
        let position = self.values.partition_point(|other| *other <= value);
        self.values.insert(position, value);
        self.places.insert(position, small(place));
        for other in &mut self.positions {
            *other += u16::from(position <= usize::from(*other));
        }
        self.positions
            .insert(self.present.rank(place), small(position));
        self.present.set(place);
    }

    pub(super) fn remove(&mut self, place: usize) {
        if !self.present().has(place) {
            return;
        }
        let position = self.position(place);
        self.values.remove(position);
        self.places.remove(position);
        self.positions.remove(self.present.rank(place));
        for other in &mut self.positions {
            *other -= u16::from(position < usize::from(*other));
        }
        self.present.clear(place);
    }

    /// The places among some whose value is there and compares so with another, which `compare`
    /// holds each value against.
    pub(super) fn select(
        &self,
        within: Bits,
        op: Op,
        compare: impl Fn(&T) -> Option<Ordering>,
    ) -> Bits {
        let within = within & self.present();
        let few = within.len();
        if few <= FEW {
            let holds = |place: &usize| {
                let ordering = compare(&self.values[self.position(*place)]);
                op.holds(&ordering, &Some(Ordering::Equal))
            };
            return within.iter().filter(holds).collect();
        }
        let run = self.run(op, compare);
        let inside = |place: &usize| run.contains(&self.position(*place));
        let (all, in_run) = (self.values.len(), run.len());
        let selected = if few < in_run.min(all - in_run) {
            within.iter().filter(inside).collect()
        } else if in_run <= all / 2 {
            within & self.places_of(run)
        } else {
            within & !(self.places_of(0..run.start) | self.places_of(run.end..all))
        };
        if op == Op::Ne {
            return within & !selected;
        }
        selected
    }

    /// Where the values lie that compare so; for `Ne`, those that do not.
    fn run(&self, op: Op, compare: impl Fn(&T) -> Option<Ordering>) -> Range<usize> {
        let less = |value: &T| compare(value) == Some(Ordering::Less);
        let not_greater = |value: &T| compare(value) != Some(Ordering::Greater);
        let all = self.values.len();
        match op {
            Op::Lt => 0..from_front(&self.values, less),
            Op::Le => 0..from_front(&self.values, not_greater),
            Op::Gt => from_back(&self.values, not_greater)..all,
            Op::Ge => from_back(&self.values, less)..all,
            Op::Eq | Op::Ne => {
                let start = self.values.partition_point(less);
                start..start + from_front(&self.values[start..], not_greater)
            }
        }
    }

    fn places_of(&self, run: Range<usize>) -> Bits {
        self.places[run].iter().copied().map(usize::from).collect()
    }
}

/// How many values at the front something holds of, looked for from there.
fn from_front<T>(values: &[T], holds: impl Fn(&T) -> bool) -> usize {
    let (mut low, mut step) = (0, 1);
    while let Some(value) = values.get(low + step - 1) {
        if !holds(value) {
            return low + values[low..low + step].partition_point(holds);
        }
        low += step;
        step *= 2;
    }
    low + values[low..].partition_point(holds)
}

/// The same, where it holds of most, looked for from the back.
fn from_back<T>(values: &[T], holds: impl Fn(&T) -> bool) -> usize {
    let (mut high, mut step) = (values.len(), 1);
    while let Some(low) = high.checked_sub(step) {
        if holds(&values[low]) {
            return low + values[low..high].partition_point(holds);
        }
        high = low;
        step *= 2;
    }
    values[..high].partition_point(holds)
}

#[expect(clippy::cast_possible_truncation, reason = "a chunk has 1,024 places")]
fn small(number: usize) -> u16 {
    number as u16
}
