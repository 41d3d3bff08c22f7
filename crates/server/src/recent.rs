//! A bounded map that many requests share and that forgets what nobody has used for a while.
//!
//! Not here: what is kept. Verified credentials have a map of their own (`auth`).

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

const SHARDS: usize = 16;

/// A map from keys to small values.
///
/// An entry that is used is kept for at least the idle time after its last use, unless more than
/// half as many others as the map holds have been used since: then it is forgotten early, and its
/// key begins afresh.
pub(crate) struct Recent<K, V> {
    shards: [Mutex<Shard<K, V>>; SHARDS],
    hasher: RandomState,
    generation_len: usize,
    idle: SignedDuration,
}

/// Two generations; a use moves an entry to the young one.
struct Shard<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
    /// Since when `young` has been young.
    since: Timestamp,
}

impl<K: Hash + Eq, V: Default> Recent<K, V> {
    /// A map of at most `capacity` entries.
    pub(crate) fn new(capacity: usize, idle: SignedDuration) -> Self {
        let shard = || Shard {
            young: HashMap::new(),
            old: HashMap::new(),
            since: Timestamp::MIN,
        };
        Self {
            shards: std::array::from_fn(|_| Mutex::new(shard())),
            hasher: RandomState::new(),
            generation_len: (capacity / SHARDS / 2).max(1),
            idle,
        }
    }

    /// Works on the value of a key; a key that is not known has the default.
    pub(crate) fn with<T>(&self, key: K, now: Timestamp, work: impl FnOnce(&mut V) -> T) -> T {
        let hash = usize::try_from(self.hasher.hash_one(&key) % SHARDS as u64);
        let shard = &self.shards[hash.expect("less than 16")];
        // A panic while a map is changed leaves a map that is still a map.
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        shard.age(now, self.idle, self.generation_len);
        let Shard { young, old, .. } = &mut *shard;
        if let Some(value) = young.get_mut(&key) {
            return work(value);
        }
        let value = old.remove(&key).unwrap_or_default();
        work(young.entry(key).or_insert(value))
    }

    /// How many keys are known.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        let count = |shard: &Mutex<Shard<K, V>>| {
            let shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            shard.young.len() + shard.old.len()
        };
        self.shards.iter().map(count).sum()
    }
}

impl<K, V> Shard<K, V> {
    /// Makes the young generation the old one when it is full or its time is over.
    fn age(&mut self, now: Timestamp, idle: SignedDuration, most: usize) {
        let over = idle <= now.duration_since(self.since);
        if over || most <= self.young.len() {
            self.old = std::mem::take(&mut self.young);
            self.since = now;
        }
        // A clock that is set back must not keep entries for longer.
        self.since = self.since.min(now);
    }
}

impl<K, V> fmt::Debug for Recent<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recent").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDLE: SignedDuration = SignedDuration::from_secs(300);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    fn count(map: &Recent<u64, u32>, key: u64, now: i64) -> u32 {
        map.with(key, at(now), |count| {
            *count += 1;
            *count
        })
    }

    #[test]
    fn what_is_idle_is_forgotten_and_what_is_used_is_not() {
        let map = Recent::new(1024, IDLE);
        for key in 0..100 {
            count(&map, key, 0);
        }
        assert_eq!(map.len(), 100);
        assert_eq!(count(&map, 7, 299), 2, "not idle yet");
        for now in [700, 1100] {
            for key in 100..400 {
                count(&map, key, now);
            }
        }
        assert_eq!(count(&map, 7, 1100), 1, "begun afresh");
        assert_eq!(map.len(), 301);
    }

    #[test]
    fn an_entry_outlives_its_idle_time_if_there_is_room() {
        for start in [0, 1, 150, 299] {
            let map = Recent::new(1024, IDLE);
            count(&map, 0, 0);
            count(&map, 1, start);
            assert_eq!(count(&map, 1, start + 299), 2, "{start}");
        }
    }

    #[test]
    fn the_map_is_bounded_and_keeps_what_is_in_use() {
        let map = Recent::new(1024, IDLE);
        for key in 1..10_000 {
            count(&map, key, 0);
            assert_eq!(u64::from(count(&map, 0, 0)), key);
        }
        assert!(map.len() <= 1024, "{}", map.len());
        assert_eq!(count(&map, 1, 0), 1, "begun afresh");
    }
}
