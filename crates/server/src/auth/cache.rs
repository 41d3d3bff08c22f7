//! Verified credentials, remembered so that a signature is checked once per token and not once
//! per request.
//!
//! Not here: any decision; whoever asks looks at the expiry and the key of what is found.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::oidc::SigningKey;
use super::principal::Principal;

/// The hash of a whole header value.
pub(super) type CredentialHash = [u8; 32];

/// Most entries that are remembered.
pub(super) const CAPACITY: usize = 16_384;

const SHARDS: usize = 16;

/// Each shard has two generations of this many entries.
const GENERATION_LEN: usize = CAPACITY / SHARDS / 2;

/// A principal whose credential was verified before.
#[derive(Clone)]
pub(super) struct Verified {
    pub(super) principal: Arc<Principal>,
    /// The key of the identity provider that signed the credential, if one did.
    pub(super) key: Option<Arc<SigningKey>>,
}

/// A bounded map from credentials to principals that forgets what was not used lately.
pub(super) struct PrincipalCache {
    shards: [Mutex<Shard>; SHARDS],
}

/// When `young` is full it becomes `old`, and what was old is forgotten. A hit moves an entry to
/// `young`, so that a credential in use is never forgotten.
#[derive(Default)]
struct Shard {
    young: HashMap<CredentialHash, Verified>,
    old: HashMap<CredentialHash, Verified>,
}

impl PrincipalCache {
    pub(super) fn new() -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::default()),
        }
    }

    /// The principal of a credential that was verified before.
    pub(super) fn get(&self, hash: &CredentialHash) -> Option<Verified> {
        self.with_shard(hash, |shard| {
            if let Some(verified) = shard.young.get(hash) {
                return Some(verified.clone());
            }
            let verified = shard.old.remove(hash)?;
            shard.insert(*hash, verified.clone());
            Some(verified)
        })
    }

    /// Remembers a verified credential.
    pub(super) fn insert(&self, hash: CredentialHash, verified: Verified) {
        self.with_shard(&hash, |shard| shard.insert(hash, verified));
    }

    /// Forgets a credential that has expired.
    pub(super) fn remove(&self, hash: &CredentialHash) {
        self.with_shard(hash, |shard| {
            shard.young.remove(hash);
            shard.old.remove(hash);
        });
    }

    /// How many credentials are remembered.
    pub(super) fn len(&self) -> usize {
        let count = |shard: &Mutex<Shard>| {
            let shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            shard.young.len() + shard.old.len()
        };
        self.shards.iter().map(count).sum()
    }

    fn with_shard<T>(&self, hash: &CredentialHash, work: impl FnOnce(&mut Shard) -> T) -> T {
        let shard = &self.shards[usize::from(hash[0]) % SHARDS];
        // A panic while a map is changed leaves a map that is still a map.
        work(&mut shard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Shard {
    fn insert(&mut self, hash: CredentialHash, verified: Verified) {
        if GENERATION_LEN <= self.young.len() {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(hash, verified);
    }
}

impl fmt::Debug for PrincipalCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrincipalCache")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Acting;
    use convoke_wire::ids::Sandbox;
    use jiff::Timestamp;
    use sha2::{Digest as _, Sha256};
    use std::collections::BTreeSet;

    fn verified() -> Verified {
        let principal = Principal {
            users: Vec::new(),
            acting: Acting::Nobody,
            title_id: None,
            device_id: None,
            device_type: None,
            sandbox: Sandbox::default(),
            roles: BTreeSet::new(),
            scids: None,
            service: None,
            proof_key: None,
            token_id: "t".to_owned(),
            expires: Timestamp::MAX,
        };
        Verified {
            principal: Arc::new(principal),
            key: None,
        }
    }

    fn hash(n: usize) -> CredentialHash {
        Sha256::digest(n.to_be_bytes()).into()
    }

    #[test]
    fn the_cache_is_bounded_and_keeps_what_is_in_use() {
        let cache = PrincipalCache::new();
        let in_use = hash(0);
        cache.insert(in_use, verified());
        for n in 1..3 * CAPACITY {
            cache.insert(hash(n), verified());
            assert!(cache.get(&in_use).is_some(), "{n}");
        }
        assert!(cache.len() <= CAPACITY, "{}", cache.len());
        assert!(cache.get(&hash(1)).is_none(), "forgotten");
        assert!(cache.get(&hash(3 * CAPACITY - 1)).is_some(), "just added");
    }

    #[test]
    fn what_is_removed_is_not_found() {
        let cache = PrincipalCache::new();
        cache.insert(hash(1), verified());
        cache.remove(&hash(1));
        assert!(cache.get(&hash(1)).is_none());
        assert_eq!(cache.len(), 0);
    }
}
