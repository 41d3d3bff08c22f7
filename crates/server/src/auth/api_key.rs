//! Static keys of services, for development. Not here: making them up.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConditionallySelectable as _, ConstantTimeEq as _};

use super::principal::{Acting, Principal};
use super::role::Role;
use convoke_wire::ids::Sandbox;

/// What every API key starts with. Inferred.
pub const API_KEY_PREFIX: &str = "mpsk_";

/// A configured key: only its hash is kept. Debug output shows the service only.
#[derive(Clone)]
pub struct ApiKey {
    sha256: [u8; 32],
    principal: Arc<Principal>,
}

impl ApiKey {
    /// The key with this SHA-256 hash, for a service of this name.
    pub fn new(
        sha256: [u8; 32],
        service: &str,
        roles: impl IntoIterator<Item = Role>,
        sandbox: Sandbox,
    ) -> Self {
        let principal = Principal {
            users: Vec::new(),
            acting: Acting::Nobody,
            title_id: None,
            device_id: None,
            device_type: None,
            sandbox,
            roles: roles.into_iter().collect(),
            scids: None,
            service: Some(service.to_owned()),
            proof_key: None,
            token_id: format!("api-key:{service}"),
            expires: Timestamp::MAX,
        };
        Self {
            sha256,
            principal: Arc::new(principal),
        }
    }
}

/// The service of a key, if the key is one of the configured ones.
///
/// Every configured key is compared, in a time that does not depend on which one fits.
pub(super) fn find(keys: &[ApiKey], presented: &str) -> Option<Arc<Principal>> {
    let presented: [u8; 32] = Sha256::digest(presented).into();
    let mut found = Choice::from(0);
    let mut index = 0_u32;
    for (position, key) in (0_u32..).zip(keys) {
        let fits = key.sha256.ct_eq(&presented);
        index.conditional_assign(&position, fits);
        found |= fits;
    }
    if !bool::from(found) {
        return None;
    }
    let index = usize::try_from(index).ok()?;
    keys.get(index).map(|key| Arc::clone(&key.principal))
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKey")
            .field("service", &self.principal.service)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_finds_its_own_service() {
        let key = |text: &str, service: &str| {
            let roles = [Role::SessionsServer];
            ApiKey::new(
                Sha256::digest(text).into(),
                service,
                roles,
                Sandbox::default(),
            )
        };
        let keys = [key("mpsk_a", "a"), key("mpsk_b", "b"), key("mpsk_c", "c")];
        let check = |presented: &str, expected: Option<&str>| {
            let service = find(&keys, presented).and_then(|p| p.service.clone());
            assert_eq!(service.as_deref(), expected, "{presented}");
        };
        check("mpsk_a", Some("a"));
        check("mpsk_b", Some("b"));
        check("mpsk_c", Some("c"));
        check("mpsk_d", None);
        check("mpsk_", None);
        check("", None);
        assert!(find(&[], "mpsk_a").is_none());
    }
}
