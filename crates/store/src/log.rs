//! What a log has to do for the store that keeps everything in memory.
//!
//! A log knows keys and values and no rule. Tests put one that fails in front of a real one.

use bytes::Bytes;

use crate::StoreError;

/// Which kind of document a record is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// Sessions, by their folded key.
    Sessions,
    /// Handles, by the sixteen bytes of their id.
    Handles,
    /// The people graph, by owner and target, eight bytes each, most significant first.
    Follows,
    /// Block and mute lists: one byte for the list, then owner and target as in the people graph.
    Listings,
    /// What users have chosen about privacy, by the eight bytes of the user.
    Settings,
    /// Activities, by sandbox, user and title in one text.
    Activities,
    /// Recent players, by sandbox and user in one text.
    RecentPlayers,
    /// Members of large sessions, by the folded key of the session and the four bytes of the index,
    /// most significant first.
    Members,
}

impl Table {
    /// All there are.
    pub const ALL: [Self; 8] = [
        Self::Sessions,
        Self::Handles,
        Self::Follows,
        Self::Listings,
        Self::Settings,
        Self::Activities,
        Self::RecentPlayers,
        Self::Members,
    ];
}

/// One document to write, or to remove.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The kind of document.
    pub table: Table,
    /// Which one.
    pub key: Bytes,
    /// The document; `None` removes it.
    pub value: Option<Bytes>,
}

/// The documents of a log.
pub type Contents = Box<dyn Iterator<Item = Result<Record, StoreError>> + Send>;

/// A durable map from keys to documents.
pub trait Log: std::fmt::Debug + Send + Sync + 'static {
    /// Brings records to the disk, all of them or none: when this returns `Ok`, they are durable.
    ///
    /// One caller at a time, each key at most once. After an error it is open whether the records
    /// are on the disk, and the log is not written to any more before it was opened again.
    fn write(&self, records: Vec<Record>) -> Result<(), StoreError>;

    /// Every document, as of the last write before this call. Writing may have to wait meanwhile.
    fn contents(&self) -> Contents;

    /// Ends what the log does by itself; it is not written to any more.
    fn close(&self);
}
