//! Everything by which a session can be found, derived from its document.

use std::collections::BTreeSet;

use convoke_wire::Xuid;

use crate::session::Session;

/// One way to find a session.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IndexEntry {
    /// By a user who has a place in it.
    Member(Xuid),
    /// By a keyword, in lower case.
    Keyword(String),
}

impl IndexEntry {
    /// The key as text, for stores: a kind, `:`, and the value.
    pub fn to_text(&self) -> String {
        match self {
            Self::Member(xuid) => format!("member:{xuid}"),
            Self::Keyword(word) => format!("keyword:{word}"),
        }
    }
}

/// All entries of a session.
pub fn entries(session: &Session) -> BTreeSet<IndexEntry> {
    let members = session
        .members
        .values()
        .map(|member| IndexEntry::Member(member.xuid));
    let keywords = session
        .properties
        .keywords
        .iter()
        .map(|word| IndexEntry::Keyword(word.to_lowercase()));
    members.chain(keywords).collect()
}
