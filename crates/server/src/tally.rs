//! How many things of each kind go on at the same time.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A count for each key; keys of which nothing goes on are not in it.
#[derive(Debug)]
pub(crate) struct Tally<K>(Arc<Mutex<HashMap<K, u32>>>);

/// One thing that goes on until this is dropped.
#[derive(Debug)]
pub(crate) struct Ongoing<K: Hash + Eq> {
    key: K,
    counts: Arc<Mutex<HashMap<K, u32>>>,
}

impl<K> Default for Tally<K> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: Hash + Eq + Clone> Tally<K> {
    /// Begins one more, and says how many go on with it.
    pub(crate) fn begin(&self, key: K) -> (Ongoing<K>, u32) {
        let mut counts = lock(&self.0);
        let count = counts.entry(key.clone()).or_default();
        *count += 1;
        let current = *count;
        drop(counts);
        let counts = Arc::clone(&self.0);
        (Ongoing { key, counts }, current)
    }
}

impl<K: Hash + Eq> Drop for Ongoing<K> {
    fn drop(&mut self) {
        let mut counts = lock(&self.counts);
        if let Some(count) = counts.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.key);
            }
        }
    }
}

/// A panic while a count is changed leaves a count.
fn lock<T>(counts: &Mutex<T>) -> MutexGuard<'_, T> {
    counts.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_ended_is_not_counted() {
        let tally = Tally::default();
        let (first, one) = tally.begin("lobby");
        let (second, two) = tally.begin("lobby");
        let (other, one_of_another) = tally.begin("matcher");
        assert_eq!((one, two, one_of_another), (1, 2, 1));
        drop(first);
        let (_third, two) = tally.begin("lobby");
        assert_eq!(two, 2);
        drop((second, other));
        assert_eq!(*lock(&tally.0), HashMap::from([("lobby", 1)]));
    }
}
