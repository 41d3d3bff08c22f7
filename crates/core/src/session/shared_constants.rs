//! Constants as sessions share them: most sessions have those of their template.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use convoke_wire::RawJson;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::value::to_raw_value;

use super::Constants;

/// The constants of a session. Clones are the same constants, and share the texts made of them.
#[derive(Debug, Clone)]
pub struct SharedConstants(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    constants: Constants,
    /// As stores keep them.
    stored: OnceLock<RawJson>,
    /// As readers see them under the current contract.
    rendered: OnceLock<RawJson>,
}

impl SharedConstants {
    /// The text that readers see under the current contract, which `render` makes the first time.
    pub(crate) fn rendered(&self, render: impl FnOnce(&Constants) -> RawJson) -> &RawJson {
        let Shared {
            constants,
            rendered,
            ..
        } = &*self.0;
        rendered.get_or_init(|| render(constants))
    }

    fn stored(&self) -> &RawJson {
        let text = || to_raw_value(&self.0.constants).expect("constants have text keys only");
        self.0.stored.get_or_init(|| text().into())
    }
}

impl From<Constants> for SharedConstants {
    fn from(constants: Constants) -> Self {
        Self(Arc::new(Shared {
            constants,
            stored: OnceLock::new(),
            rendered: OnceLock::new(),
        }))
    }
}

impl Deref for SharedConstants {
    type Target = Constants;

    fn deref(&self) -> &Constants {
        &self.0.constants
    }
}

impl PartialEq for SharedConstants {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.constants == other.0.constants
    }
}

impl Eq for SharedConstants {}

impl Serialize for SharedConstants {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.stored().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for SharedConstants {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = RawJson::deserialize(deserializer)?;
        let constants: Constants = serde_json::from_str(text.text()).map_err(de::Error::custom)?;
        let shared = Self::from(constants);
        let _ = shared.0.stored.set(text);
        Ok(shared)
    }
}

/// Lets sessions that were read one by one share what is the same in them.
#[derive(Debug, Default)]
pub struct Sharing(HashMap<Box<str>, SharedConstants>);

impl Sharing {
    /// Replaces constants by equal ones that were seen before.
    pub fn share(&mut self, constants: &mut SharedConstants) {
        let text = constants.stored().text();
        match self.0.get(text) {
            Some(seen) => *constants = seen.clone(),
            None => {
                self.0.insert(text.into(), constants.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn constants(text: &str) -> SharedConstants {
        serde_json::from_str(text).expect(text)
    }

    #[test]
    fn constants_are_stored_as_they_were_read_and_as_they_are() {
        let text = r#"{"max_members_count":4,"custom":{"n":18446744073709551617}}"#;
        let read = constants(text);
        assert_eq!(read.max_members_count, Some(4));
        assert_eq!(serde_json::to_string(&read).expect("JSON"), text);
        let made = SharedConstants::from(Constants::clone(&read));
        assert_eq!(made, read);
        assert_eq!(serde_json::to_string(&made).expect("JSON"), text);
    }

    #[test]
    fn what_is_no_constants_is_an_error() {
        for text in [r#""text""#, r#"{"max_members_count":"many"}"#, "7"] {
            assert!(
                serde_json::from_str::<SharedConstants>(text).is_err(),
                "{text}"
            );
        }
    }

    #[test]
    fn equal_constants_are_shared() {
        let mut sharing = Sharing::default();
        let mut all = [1, 2, 1].map(|n| constants(&format!(r#"{{"version":{n}}}"#)));
        for one in &mut all {
            sharing.share(one);
        }
        let [a, b, c] = all;
        assert!(Arc::ptr_eq(&a.0, &c.0));
        assert!(!Arc::ptr_eq(&a.0, &b.0));
        assert_eq!((a.version, b.version), (Some(1), Some(2)));
    }
}
