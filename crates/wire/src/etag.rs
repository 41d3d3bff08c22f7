//! Entity tags and the `If-Match` and `If-None-Match` conditions made of them.

use std::fmt;

/// The validator of one state of a session: 32 lower-case hexadecimal digits. `[trace]`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ETag(pub u128);

impl fmt::Display for ETag {
    /// As the header carries it, in quotes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{:032x}\"", self.0)
    }
}

/// The value of an `If-Match` or `If-None-Match` header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TagCondition {
    /// `*`: any existing state.
    Any,
    /// One of these states; unreadable entries match nothing.
    OneOf(Vec<Option<ETag>>),
}

impl TagCondition {
    /// Reads a header value; an empty one is no condition. `[client]`
    ///
    /// Bare (unquoted) tags are accepted, because the documents show them. `[doc]`
    /// Weak tags (`W/`) match nothing: the comparison is a strong one.
    pub fn parse(header: &str) -> Option<Self> {
        let header = header.trim();
        match header {
            "" => None,
            "*" => Some(Self::Any),
            list => Some(Self::OneOf(list.split(',').map(parse_tag).collect())),
        }
    }

    /// Whether the condition names this state.
    pub fn matches(&self, tag: ETag) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(tags) => tags.contains(&Some(tag)),
        }
    }
}

fn parse_tag(entry: &str) -> Option<ETag> {
    let entry = entry.trim();
    let digits = entry
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or(entry);
    let well_formed = digits.len() == 32
        && digits
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if !well_formed {
        return None;
    }
    u128::from_str_radix(digits, 16).ok().map(ETag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_match_as_the_documents_show_them() {
        let tag = ETag(0xabc);
        let bare = format!("{:032x}", 0xabc);
        let check = |header: &str, expected: Option<bool>| {
            assert_eq!(
                TagCondition::parse(header).map(|c| c.matches(tag)),
                expected,
                "{header}"
            );
        };
        check("*", Some(true));
        check("", None);
        check(" ", None);
        check(&tag.to_string(), Some(true));
        check(&bare, Some(true));
        check(&format!("\"1\", {tag}"), Some(true));
        check(&format!("W/{tag}"), Some(false));
        check("\"stale\"", Some(false));
        check(&bare.to_uppercase(), Some(false));
    }
}
