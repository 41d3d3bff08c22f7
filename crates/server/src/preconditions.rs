//! `If-Match` and `If-None-Match`: the table of the specification (session 1.5), row by row.

use convoke_wire::etag::{ETag, TagCondition};
use http::HeaderMap;
use http::header::{IF_MATCH, IF_NONE_MATCH};

/// The conditions of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Preconditions {
    if_match: Option<TagCondition>,
    if_none_match: Option<TagCondition>,
}

/// What a condition says about a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Go on.
    Holds,
    /// The reader has this state already.
    NotModified,
    /// Refused; the answer has no body.
    Failed,
    /// Refused; the answer shows the current session.
    FailedShowing,
}

impl Preconditions {
    /// Reads the headers; several of one name count as one list. Empty ones are ignored. `[client]`
    pub fn of(headers: &HeaderMap) -> Self {
        let list = |name| {
            let values = headers.get_all(name).iter();
            let texts: Vec<_> = values
                .map(|value| value.to_str().unwrap_or("\"\""))
                .collect();
            TagCondition::parse(&texts.join(","))
        };
        Self {
            if_match: list(IF_MATCH),
            if_none_match: list(IF_NONE_MATCH),
        }
    }

    /// The verdict for a read.
    pub fn for_read(&self, current: Option<ETag>) -> Verdict {
        self.judge(current, Verdict::NotModified)
    }

    /// The verdict for a write.
    pub fn for_write(&self, current: Option<ETag>) -> Verdict {
        self.judge(current, Verdict::Failed)
    }

    /// `known` is what a state means that `If-None-Match` names.
    fn judge(&self, current: Option<ETag>, known: Verdict) -> Verdict {
        let Some(tag) = current else {
            return if self.if_match.is_some() {
                Verdict::Failed
            } else {
                Verdict::Holds
            };
        };
        let names = |condition: &Option<TagCondition>| condition.as_ref().map(|c| c.matches(tag));
        if names(&self.if_match) == Some(false) {
            Verdict::FailedShowing
        } else if names(&self.if_none_match) == Some(true) {
            known
        } else {
            Verdict::Holds
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_table() {
        use Verdict::{Failed, FailedShowing, Holds, NotModified};
        let tag = ETag(7);
        let current = tag.to_string();
        let stale = ETag(8).to_string();
        let check = |if_match: Option<&str>,
                     if_none_match: Option<&str>,
                     read: [Verdict; 2],
                     write: [Verdict; 2]| {
            let mut headers = HeaderMap::new();
            for (name, value) in [(IF_MATCH, if_match), (IF_NONE_MATCH, if_none_match)] {
                if let Some(value) = value {
                    headers.insert(name, value.parse().expect("a header value"));
                }
            }
            let conditions = Preconditions::of(&headers);
            let case = format!("{if_match:?} {if_none_match:?}");
            assert_eq!(
                [conditions.for_read(None), conditions.for_read(Some(tag))],
                read,
                "read {case}"
            );
            assert_eq!(
                [conditions.for_write(None), conditions.for_write(Some(tag))],
                write,
                "write {case}"
            );
        };
        check(None, None, [Holds, Holds], [Holds, Holds]);
        check(None, Some(&current), [Holds, NotModified], [Holds, Failed]);
        check(None, Some(&stale), [Holds, Holds], [Holds, Holds]);
        check(None, Some("*"), [Holds, NotModified], [Holds, Failed]);
        check(Some("*"), None, [Failed, Holds], [Failed, Holds]);
        check(Some(&current), None, [Failed, Holds], [Failed, Holds]);
        check(
            Some(&stale),
            None,
            [Failed, FailedShowing],
            [Failed, FailedShowing],
        );
        check(Some(""), Some(""), [Holds, Holds], [Holds, Holds]);
    }
}
