//! Everything by which a session can be found, derived from its document.

use std::collections::BTreeSet;

use convoke_wire::Xuid;

use crate::session::{Members, Session};

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
    members
        .chain(words(session).into_iter().map(IndexEntry::Keyword))
        .collect()
}

/// What a change takes from the entries of a session, and what it adds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Difference {
    /// Only before.
    pub removed: Vec<IndexEntry>,
    /// Only after.
    pub added: Vec<IndexEntry>,
}

/// The difference that a change makes to the entries; `None` is no session.
///
/// Members that both states share are not looked at, so that it costs the same among thousands.
pub fn difference(before: Option<&Session>, after: Option<&Session>) -> Difference {
    let nobody = Members::new();
    let old = before.map_or(&nobody, |session| &session.members);
    let new = after.map_or(&nobody, |session| &session.members);
    let mut difference = Difference::default();
    for changed in new.differences(old) {
        let (was, is) = (
            changed.before.map(|it| it.xuid),
            changed.after.map(|it| it.xuid),
        );
        if was == is {
            continue;
        }
        // A user may have come back at another index.
        let gone = was.filter(|xuid| new.index_of(*xuid).is_none());
        let come = is.filter(|xuid| old.index_of(*xuid).is_none());
        difference.removed.extend(gone.map(IndexEntry::Member));
        difference.added.extend(come.map(IndexEntry::Member));
    }
    let (old, new) = (
        before.map(words).unwrap_or_default(),
        after.map(words).unwrap_or_default(),
    );
    let only = |one: &BTreeSet<String>, other: &BTreeSet<String>| -> Vec<IndexEntry> {
        let words = one.difference(other).cloned();
        words.map(IndexEntry::Keyword).collect()
    };
    difference.removed.extend(only(&old, &new));
    difference.added.extend(only(&new, &old));
    difference
}

fn words(session: &Session) -> BTreeSet<String> {
    let words = session.properties.keywords.iter();
    words.map(|word| word.to_lowercase()).collect()
}
