//! One value each for some places of a chunk.

use super::bits::Bits;
use super::chunk::CHUNK;

/// Values by place, without room for those that are missing.
#[derive(Debug, Clone)]
pub(super) struct Column<T> {
    present: Bits,
    values: Vec<T>,
}

impl<T> Default for Column<T> {
    fn default() -> Self {
        Self {
            present: Bits::default(),
            values: Vec::new(),
        }
    }
}

impl<T> Column<T> {
    pub(super) fn present(&self) -> Bits {
        self.present
    }

    pub(super) fn get(&self, place: usize) -> Option<&T> {
        let has = self.present.has(place);
        has.then(|| &self.values[self.index(place)])
    }

    /// Where the value of a place is, or would be; without counting where no value is missing.
    fn index(&self, place: usize) -> usize {
        if self.values.len() == CHUNK {
            return place;
        }
        self.present.rank(place)
    }

    pub(super) fn put(&mut self, place: usize, value: T) {
        let index = self.index(place);
        if self.present.has(place) {
            self.values[index] = value;
        } else {
            self.present.set(place);
            self.values.insert(index, value);
        }
    }

    pub(super) fn remove(&mut self, place: usize) {
        if self.present.has(place) {
            self.values.remove(self.index(place));
            self.present.clear(place);
        }
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &T> {
        self.values.iter()
    }

    /// The places among some whose value is there and wanted.
    pub(super) fn select(&self, within: Bits, is_wanted: impl Fn(&T) -> bool) -> Bits {
        let mut selected = Bits::default();
        let within = within & self.present;
        if within == self.present {
            for (place, value) in within.iter().zip(&self.values) {
                if is_wanted(value) {
                    selected.set(place);
                }
            }
            return selected;
        }
        for place in within.iter() {
            if is_wanted(&self.values[self.index(place)]) {
                selected.set(place);
            }
        }
        selected
    }
}
