//! Members of large sessions in rows of their own.

use std::collections::BTreeSet;
use std::sync::Arc;

use convoke_core::index::{self, IndexEntry};
use convoke_core::session::{Member, Members, Session};
use rusqlite::{Connection, params};

use super::values::text;
use crate::codec::{self, Encoded};
use crate::{SessionWrite, StoreError, apart};

/// What becomes of the members of one session that are stored apart.
#[derive(Debug)]
pub(super) struct MembersChange {
    /// Whether those that are there go first, because nobody knows which they are.
    anew: bool,
    removed: Vec<u32>,
    put: Vec<MemberRow>,
    /// Index entries of theirs: those that are no more, and those that are new.
    entries: [BTreeSet<String>; 2],
}

#[derive(Debug)]
struct MemberRow {
    place: u32,
    xuid: String,
    body: Encoded,
}

impl MembersChange {
    /// What a write does to them; `None` where there neither are nor were any.
    pub(super) fn of(write: &SessionWrite) -> Result<Option<Self>, StoreError> {
        let next = write.next.as_ref().map(|next| &*next.session);
        let before = apart::known(write);
        let is_apart = |session: Option<&Session>| session.is_some_and(apart::is_apart);
        let is_new = write.expected.is_none();
        let was_whole = is_new || (before.is_some() && !is_apart(before));
        if was_whole && !is_apart(next) {
            return Ok(None);
        }
        let is_known = is_new || (is_apart(before) && is_apart(next));
        let nobody = Members::new();
        let (old, new) = (apart::members(before), apart::members(next));
        let old = if is_known { &old } else { &nobody };
        let mut change = Self {
            anew: !is_known,
            removed: Vec::new(),
            put: Vec::new(),
            entries: entries(before.filter(|_| is_known), next.filter(|_| is_apart(next))),
        };
        for changed in new.differences(old) {
            match changed.after {
                None => change.removed.push(changed.index),
                Some(member) => change.put.push(MemberRow {
                    place: changed.index,
                    xuid: member.xuid.to_string(),
                    body: codec::encode_member(member)?,
                }),
            }
        }
        Ok(Some(change))
    }

    /// Bytes of its documents.
    pub(super) fn bytes(&self) -> usize {
        self.put.iter().map(|row| row.body.text.len()).sum()
    }

    /// Writes it, and tells which index entries are no more, and which are new.
    pub(super) fn write(
        &self,
        conn: &Connection,
        session: i64,
    ) -> Result<[BTreeSet<String>; 2], StoreError> {
        let [mut gone, come] = self.entries.clone();
        if self.anew {
            gone.extend(entries_of_rows(conn, session)?);
            let sql = "DELETE FROM session_members WHERE session = ?1";
            conn.prepare_cached(sql)?.execute([session])?;
        }
        for place in &self.removed {
            let sql = "DELETE FROM session_members WHERE session = ?1 AND place = ?2";
            conn.prepare_cached(sql)?.execute((session, place))?;
        }
        for row in &self.put {
            let sql =
                "INSERT OR REPLACE INTO session_members (session, place, xuid, checksum, body)
                       VALUES (?1, ?2, ?3, ?4, ?5)";
            let (checksum, text) = (row.body.checksum, &row.body.text);
            let values = params![session, row.place, row.xuid, checksum, text];
            conn.prepare_cached(sql)?.execute(values)?;
        }
        Ok([gone, come])
    }
}

/// The index entries of members that a change takes away, and those that it adds.
fn entries(before: Option<&Session>, next: Option<&Session>) -> [BTreeSet<String>; 2] {
    let difference = index::difference(before, next);
    let of_members = |entries: Vec<IndexEntry>| {
        let entries = entries.into_iter();
        let entries = entries.filter(|entry| matches!(entry, IndexEntry::Member(_)));
        entries.map(|entry| entry.to_text()).collect()
    };
    [difference.removed, difference.added].map(of_members)
}

/// The index entries of the members that are stored apart.
pub(super) fn entries_of_rows(
    conn: &Connection,
    session: i64,
) -> Result<BTreeSet<String>, StoreError> {
    let sql = "SELECT 'member:' || xuid FROM session_members WHERE session = ?1";
    let mut select = conn.prepare_cached(sql)?;
    let found = select.query_map([session], |row| row.get(0))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// The members that are stored apart, in the order of their indices.
pub(super) fn read(conn: &Connection, session: i64) -> Result<Vec<(u32, Arc<Member>)>, StoreError> {
    let sql = "SELECT place, xuid, checksum, body FROM session_members WHERE session = ?1
               ORDER BY place";
    let mut select = conn.prepare_cached(sql)?;
    let mut rows = select.query([session])?;
    let mut members = Vec::new();
    while let Some(row) = rows.next()? {
        let body = text(row, 3)?.as_bytes();
        let (place, member): (u32, _) = (row.get(0)?, codec::decode_member(body, row.get(2)?)?);
        if text(row, 1)? != member.xuid.to_string() {
            let detail = format!("the row of member {place} does not fit its document");
            return Err(StoreError::Corrupt(detail));
        }
        members.push((place, Arc::new(member)));
    }
    Ok(members)
}

/// Stores the members of large sessions apart, in a file of before this was done.
pub(super) fn set_apart(conn: &Connection) -> Result<(), StoreError> {
    let sql = r#"SELECT id FROM sessions WHERE body LIKE '%"large"%'"#;
    let mut select = conn.prepare(sql)?;
    let ids = select.query_map([], |row| row.get(0))?;
    let ids: Vec<i64> = ids.collect::<Result<_, _>>()?;
    for id in ids {
        let sql = "SELECT body, checksum FROM sessions WHERE id = ?1";
        let mut select = conn.prepare_cached(sql)?;
        let mut rows = select.query([id])?;
        let Some(row) = rows.next()? else { continue };
        let session = codec::decode_session(text(row, 0)?.as_bytes(), row.get(1)?)?;
        if !apart::is_apart(&session) {
            continue;
        }
        let head = codec::encode_session(&apart::head(&session))?;
        let sql = "UPDATE sessions SET checksum = ?2, entries = ?3, body = ?4 WHERE id = ?1";
        let values = params![id, head.checksum, column(&session)?, head.text];
        conn.prepare_cached(sql)?.execute(values)?;
        for (place, member) in &session.members {
            let sql = "INSERT INTO session_members (session, place, xuid, checksum, body)
                       VALUES (?1, ?2, ?3, ?4, ?5)";
            let Encoded { text, checksum } = codec::encode_member(member)?;
            let values = params![id, place, member.xuid.to_string(), checksum, text];
            conn.prepare_cached(sql)?.execute(values)?;
        }
    }
    Ok(())
}

/// The column `entries` of a session: equal sets have equal texts. Those of members that are stored
/// apart are not in it.
pub(super) fn column(session: &Session) -> Result<String, StoreError> {
    let entries = index::entries(&apart::head(session));
    let texts: BTreeSet<String> = entries.iter().map(IndexEntry::to_text).collect();
    serde_json::to_string(&texts).map_err(|error| StoreError::Failed(error.to_string()))
}

/// Whether the column `entries` of a session surely says what it said of the state before, which
/// costs less to tell than to write it.
pub(super) fn keep_column(before: Option<&Session>, next: &Session) -> bool {
    before.is_some_and(|before| {
        apart::is_apart(before) == apart::is_apart(next)
            && before.properties.keywords == next.properties.keywords
            && next.members.differences(&before.members).is_empty()
    })
}
