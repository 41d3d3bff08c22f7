//! The fields of an object that its structure knows.

use std::fmt;

use serde::de::value::StringDeserializer;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};

use super::objects::lenient;

/// The visitor of a structure with these fields.
pub(super) struct Known<V> {
    pub(super) visitor: V,
    pub(super) fields: &'static [&'static str],
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Known<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_map(KnownEntries {
            entries,
            fields: self.fields,
        })
    }
}

/// The entries of an object without those that its structure does not know.
struct KnownEntries<A> {
    entries: A,
    fields: &'static [&'static str],
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for KnownEntries<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        while let Some(name) = self.entries.next_key::<String>()? {
            if self.fields.contains(&name.as_str()) {
                let name = StringDeserializer::<A::Error>::new(name);
                return seed.deserialize(name).map(Some);
            }
            self.entries.next_value::<IgnoredAny>()?;
        }
        Ok(None)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, A::Error> {
        self.entries.next_value_seed(lenient(seed))
    }
}
