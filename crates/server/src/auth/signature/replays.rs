//! Signatures that have been used, remembered for as long as they could be used again.

use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::sync::{Mutex, PoisonError};

use sha2::{Digest as _, Sha256};

use crate::auth::ProofKey;

/// Most signatures that are remembered. Our own choice: 3495 requests a second over the five
/// minutes that a signature made now is good for, in about 150 MB.
pub(super) const CAPACITY: usize = 1_048_576;

/// Why a signature is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// It has been used.
    Replayed,
    /// There is no room to remember it.
    Full,
}

/// The used signatures.
#[derive(Default)]
pub(super) struct Replays {
    used: Mutex<Used>,
}

#[derive(Default)]
struct Used {
    ids: HashSet<[u8; 32]>,
    /// The same ids, after the last moment at which their signatures are good.
    by_end: BTreeSet<(i128, [u8; 32])>,
}

impl Replays {
    /// Takes a signature for the first time, and only then; times are nanoseconds since 1970.
    ///
    /// `r` is the first half of the signature. It is as good as random, and nobody can make
    /// another signature with it.
    pub(super) fn admit(
        &self,
        key: &ProofKey,
        r: &[u8],
        last_good: i128,
        now: i128,
    ) -> Result<(), Refused> {
        self.admit_within(CAPACITY, id(key, r), last_good, now)
    }

    fn admit_within(
        &self,
        capacity: usize,
        id: [u8; 32],
        last_good: i128,
        now: i128,
    ) -> Result<(), Refused> {
        // A panic between the two sets would leave an id that is remembered too long.
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(&(end, id)) = used.by_end.first()
            && end < now
        {
            used.by_end.pop_first();
            used.ids.remove(&id);
        }
        if used.ids.contains(&id) {
            return Err(Refused::Replayed);
        }
        if capacity <= used.ids.len() {
            return Err(Refused::Full);
        }
        used.ids.insert(id);
        used.by_end.insert((last_good, id));
        Ok(())
    }
}

fn id(key: &ProofKey, r: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(key.point());
    hash.update(r);
    hash.finalize().into()
}

impl fmt::Debug for Replays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replays").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_remembered_until_it_is_useless() {
        let replays = Replays::default();
        let admit = |id: u8, last_good, now| replays.admit_within(10, [id; 32], last_good, now);
        assert_eq!(admit(1, 100, 0), Ok(()));
        assert_eq!(admit(1, 100, 100), Err(Refused::Replayed));
        assert_eq!(admit(1, 300, 101), Ok(()));
    }

    #[test]
    fn a_full_memory_refuses_until_something_is_useless() {
        let replays = Replays::default();
        let admit = |id: u8, now| replays.admit_within(2, [id; 32], 100, now);
        assert_eq!([admit(1, 0), admit(2, 0)], [Ok(()), Ok(())]);
        assert_eq!(admit(3, 100), Err(Refused::Full));
        assert_eq!(admit(1, 100), Err(Refused::Replayed), "never taken for new");
        assert_eq!(admit(3, 101), Ok(()));
        let used = replays.used.lock().expect("not poisoned");
        assert_eq!((used.ids.len(), used.by_end.len()), (1, 1));
    }
}
