//! Members of large sessions as records of their own.

use bytes::Bytes;
use convoke_core::session::Members;
use convoke_core::session::member_map::Changed;

use crate::log::{Record, Table};
use crate::step::StoredSession;
use crate::{StoreError, codec};

/// What becomes of members that are stored apart from their session.
pub(super) fn records(
    session: &str,
    before: Option<&StoredSession>,
    next: Option<&StoredSession>,
) -> Result<Vec<Record>, StoreError> {
    let of = |stored: Option<&StoredSession>| {
        stored.map_or_else(Members::new, StoredSession::members_apart)
    };
    let (before, next) = (of(before), of(next));
    let record = |changed: Changed<'_>| {
        let member = changed.after.map(|member| codec::pack_member(member));
        Ok(Record {
            table: Table::Members,
            key: key(session, changed.index),
            value: member.transpose()?,
        })
    };
    let changed = next.differences(&before).into_iter();
    changed.map(record).collect()
}

/// The key of a member.
pub(super) fn key(session: &str, index: u32) -> Bytes {
    [session.as_bytes(), &index.to_be_bytes()].concat().into()
}

/// The session and the index in the key of a member.
pub(super) fn place(key: &[u8]) -> Option<(&str, u32)> {
    let (session, index) = key.split_last_chunk()?;
    Some((str::from_utf8(session).ok()?, u32::from_be_bytes(*index)))
}
