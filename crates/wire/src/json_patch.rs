//! RFC 6902: what leads from one JSON document to another.
//!
//! Values are texts and stay them, so that a title's numbers come through digit for digit; libraries
//! that compare parsed numbers lose digits.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::RawJson;
use crate::session::constants::word_enum;

/// Objects inside objects that are compared member by member; deeper ones are replaced whole.
///
/// Documents of sessions are not as deep, and whoever nests deeper must not choose our stack.
pub const MAX_DEPTH: usize = 16;

/// The member below which values belong to the title: they are compared, and replaced, whole.
const CUSTOM: &str = "custom";

word_enum! {
    /// What an operation does. RFC 6902, 4
    Op {
        /// Puts a value where none is.
        Add = "add",
        /// Takes a value away.
        Remove = "remove",
        /// Puts a value in the place of another.
        Replace = "replace",
    }
}

/// One step from a document to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// What is done.
    pub op: Op,
    /// Where, as a JSON pointer (RFC 6901); empty for the whole document.
    pub path: String,
    /// The value that is there afterwards; none for a removal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<RawJson>,
}

/// The operations that lead from one text to the other, both of one JSON value; none when they are
/// equal letter by letter.
///
/// Objects are compared member by member, all else as a whole. Fails where a text is not JSON.
pub fn diff(before: &str, after: &str) -> Result<Vec<Operation>, serde_json::Error> {
    let mut diff = Diff::default();
    diff.compare(before, after, MAX_DEPTH)?;
    Ok(diff.operations)
}

type Members<'a> = IndexMap<String, &'a RawValue>;

/// The members of an object; none of any other value.
fn members(text: &str) -> Result<Option<Members<'_>>, serde_json::Error> {
    let is_object = text.trim_ascii_start().starts_with('{');
    is_object.then(|| serde_json::from_str(text)).transpose()
}

#[derive(Default)]
struct Diff {
    /// Where the values are that are being compared.
    path: String,
    operations: Vec<Operation>,
}

impl Diff {
    fn compare(
        &mut self,
        before: &str,
        after: &str,
        depth: usize,
    ) -> Result<(), serde_json::Error> {
        if before == after {
            return Ok(());
        }
        let objects = if depth == 0 {
            None
        } else {
            members(before)?.zip(members(after)?)
        };
        let Some((old, new)) = objects else {
            return self.put(Op::Replace, after);
        };
        for name in old.keys().filter(|name| !new.contains_key(*name)) {
            self.at(name, Self::remove);
        }
        for (name, value) in &new {
            let depth = if name == CUSTOM { 1 } else { depth - 1 };
            self.at(name, |diff| match old.get(name) {
                Some(former) => diff.compare(former.get(), value.get(), depth),
                None => diff.put(Op::Add, value.get()),
            })?;
        }
        Ok(())
    }

    /// Goes into a member, and out again.
    fn at<T>(&mut self, name: &str, inside: impl FnOnce(&mut Self) -> T) -> T {
        let outside = self.path.len();
        self.path.push('/');
        self.path
            .push_str(&name.replace('~', "~0").replace('/', "~1"));
        let result = inside(self);
        self.path.truncate(outside);
        result
    }

    fn put(&mut self, op: Op, value: &str) -> Result<(), serde_json::Error> {
        self.operations.push(Operation {
            op,
            path: self.path.clone(),
            value: Some(RawJson::parse(value)?),
        });
        Ok(())
    }

    fn remove(&mut self) {
        self.operations.push(Operation {
            op: Op::Remove,
            path: self.path.clone(),
            value: None,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(before: &str, after: &str, expected: &str) {
        let operations = diff(before, after).expect("JSON");
        let text = serde_json::to_string(&operations).expect("JSON");
        assert_eq!(text, expected, "{before} to {after}");
    }

    #[test]
    fn objects_are_compared_member_by_member_and_all_else_as_a_whole() {
        check(r#"{"a":1}"#, r#"{"a":1}"#, "[]");
        check(
            r#"{"a":1,"b":{"c":[1,2],"d":"x"}}"#,
            r#"{"b":{"c":[1,3],"d":"x","e":true}}"#,
            r#"[{"op":"remove","path":"/a"},{"op":"replace","path":"/b/c","value":[1,3]},{"op":"add","path":"/b/e","value":true}]"#,
        );
        check("1", "{}", r#"[{"op":"replace","path":"","value":{}}]"#);
    }

    #[test]
    fn names_are_escaped_as_pointers_want() {
        check(
            r#"{"a/b":1,"m~n":1}"#,
            r#"{"a/b":2,"m~n":2}"#,
            r#"[{"op":"replace","path":"/a~1b","value":2},{"op":"replace","path":"/m~0n","value":2}]"#,
        );
    }

    #[test]
    fn values_of_titles_are_replaced_whole_and_keep_their_digits() {
        check(
            r#"{"properties":{"custom":{"id":18446744073709551557,"deep":{"x":1}}}}"#,
            r#"{"properties":{"custom":{"id":123456789012345678901234567890,"deep":{"x":1.10}}}}"#,
            r#"[{"op":"replace","path":"/properties/custom/id","value":123456789012345678901234567890},{"op":"replace","path":"/properties/custom/deep","value":{"x":1.10}}]"#,
        );
    }

    #[test]
    fn nobody_nests_deeper_than_is_compared() {
        let nested = |inner: &str| {
            let depth = 100_000;
            format!("{}{inner}{}", "{\"a\":".repeat(depth), "}".repeat(depth))
        };
        let operations = diff(&nested("1"), &nested("2")).expect("JSON");
        assert_eq!(operations.len(), 1);
        assert_eq!(operations[0].path, "/a".repeat(MAX_DEPTH));
    }
}
