//! One step inside the writer's transaction: all guards first, then all writes.
//!
//! Nothing is written before the last guard has held, so a refused step needs no rollback of its
//! own. Steps of one batch see each other, in their order.

use std::collections::BTreeSet;

use convoke_core::handle::Handle;
use convoke_core::privacy::Settings;
use convoke_wire::{HandleId, Xuid};
use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

use super::endings;
use super::prepared::{self, HandleChange, HandleRow, Prepared, SessionChange, SessionRow};
use super::reader;
use super::values::nanoseconds;
use crate::{CommitError, PeopleOp, StoreError, codec};

/// Takes one step, or none when a guard does not hold.
///
/// After [`CommitError::Store`] the whole transaction must be rolled back.
pub(super) fn apply(conn: &Connection, step: &Prepared) -> Result<(), CommitError> {
    let found = step
        .sessions
        .iter()
        .map(|change| check_session(conn, change))
        .collect::<Result<Vec<_>, _>>()?;
    endings::check(conn, &step.require_activities)?;
    check_handles(conn, step)?;
    for (change, found) in step.sessions.iter().zip(found) {
        write_session(conn, change, found)?;
    }
    for change in &step.handles {
        change_handles(conn, change)?;
    }
    for op in &step.people {
        change_people(conn, op)?;
    }
    for change in &step.play {
        endings::change(conn, change)?;
    }
    Ok(())
}

/// What is needed to know of the row that a guard has found.
struct Found {
    id: i64,
    next_timer: Option<i64>,
    /// The row's entries, where the step changes them.
    old_entries: Option<String>,
}

fn check_session(conn: &Connection, change: &SessionChange) -> Result<Option<Found>, CommitError> {
    let mut select = conn
        .prepare_cached(
            "SELECT id, branch, change_number, next_timer, entries FROM sessions WHERE key = ?1",
        )
        .map_err(StoreError::from)?;
    let found = select
        .query_row([&change.key], |row| read_found(row, change))
        .optional()
        .map_err(StoreError::from)?;
    match (found, change.expected) {
        (None, None) => Ok(None),
        (Some((version, found)), Some(expected)) if version == expected => Ok(Some(found)),
        _ => Err(CommitError::Conflict),
    }
}

fn read_found(row: &Row<'_>, change: &SessionChange) -> rusqlite::Result<((Uuid, i64), Found)> {
    // A branch that cannot be read is nobody's expectation.
    let branch = Uuid::try_parse(row.get_ref(1)?.as_str()?).unwrap_or(Uuid::nil());
    let old_entries = row.get_ref(4)?.as_str()?;
    let next = change.next.as_ref();
    let same = next.is_some_and(|next| next.entries.as_deref().is_none_or(|it| it == old_entries));
    let found = Found {
        id: row.get(0)?,
        next_timer: row.get(3)?,
        old_entries: (!same).then(|| old_entries.to_owned()),
    };
    Ok(((branch, row.get(2)?), found))
}

fn check_handles(conn: &Connection, step: &Prepared) -> Result<(), CommitError> {
    for required in &step.require_handles {
        if !exists(
            conn,
            "SELECT 1 FROM handles WHERE id = ?1 AND (expires IS NULL OR ?2 < expires)",
            params![required.0, required.1],
        )? {
            return Err(CommitError::HandleGone);
        }
    }
    for key in &step.require_free_keys {
        if exists(conn, "SELECT 1 FROM handle_keys WHERE key = ?1", [key])? {
            return Err(CommitError::KeyTaken);
        }
    }
    Ok(())
}

fn exists(
    conn: &Connection,
    sql: &str,
    parameters: impl rusqlite::Params,
) -> Result<bool, StoreError> {
    Ok(conn.prepare_cached(sql)?.exists(parameters)?)
}

fn write_session(
    conn: &Connection,
    change: &SessionChange,
    found: Option<Found>,
) -> Result<(), StoreError> {
    match (&change.next, &found) {
        (Some(next), Some(found)) => update_session(conn, next, found)?,
        (Some(next), None) => insert_session(conn, &change.key, next)?,
        (None, Some(found)) => execute(conn, "DELETE FROM sessions WHERE id = ?1", [found.id])?,
        (None, None) => return Ok(()),
    }
    let [mut old, mut new] = match &change.members {
        None => [BTreeSet::new(), BTreeSet::new()],
        Some(members) => {
            let id = found.as_ref().map(|found| found.id);
            members.write(conn, id.unwrap_or_else(|| conn.last_insert_rowid()))?
        }
    };
    match found {
        Some(Found {
            old_entries: None, ..
        }) => {}
        found => {
            let entries = found.and_then(|found| found.old_entries);
            old.extend(
                entries
                    .as_deref()
                    .map(read_entries)
                    .transpose()?
                    .into_iter()
                    .flatten(),
            );
            let entries = change.next.as_ref().and_then(|it| it.entries.as_deref());
            new.extend(entries.map(read_entries).transpose()?.into_iter().flatten());
        }
    }
    write_index(conn, change, &old, &new)
}

fn insert_session(conn: &Connection, key: &str, next: &SessionRow) -> Result<(), StoreError> {
    let reference = &next.session.reference;
    execute(
        conn,
        "INSERT INTO sessions (key, sandbox, scid, template, name, branch, change_number,
             next_timer, checksum, entries, body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        params![
            key,
            next.sandbox.as_str(),
            reference.scid.as_str(),
            reference.template_name.as_str(),
            reference.name.as_str(),
            text(next.session.branch, &mut Uuid::encode_buffer()),
            next.change_number,
            next.next_timer,
            next.body.checksum,
            next.entries,
            next.body.text,
        ],
    )
}

fn update_session(conn: &Connection, next: &SessionRow, found: &Found) -> Result<(), StoreError> {
    let reference = &next.session.reference;
    // The engine rewrites an index whenever its column is mentioned, also with the same value.
    let sql = if found.next_timer == next.next_timer {
        "UPDATE sessions SET sandbox = ?2, scid = ?3, template = ?4, name = ?5, branch = ?6,
             change_number = ?7, checksum = ?9, entries = coalesce(?10, entries), body = ?11
         WHERE id = ?1 AND next_timer IS ?8"
    } else {
        "UPDATE sessions SET sandbox = ?2, scid = ?3, template = ?4, name = ?5, branch = ?6,
             change_number = ?7, next_timer = ?8, checksum = ?9,
             entries = coalesce(?10, entries), body = ?11
         WHERE id = ?1"
    };
    execute(
        conn,
        sql,
        params![
            found.id,
            next.sandbox.as_str(),
            reference.scid.as_str(),
            reference.template_name.as_str(),
            reference.name.as_str(),
            text(next.session.branch, &mut Uuid::encode_buffer()),
            next.change_number,
            next.next_timer,
            next.body.checksum,
            next.entries,
            next.body.text,
        ],
    )
}

/// Writes the difference of two sets of index entries.
fn write_index(
    conn: &Connection,
    change: &SessionChange,
    old: &BTreeSet<String>,
    new: &BTreeSet<String>,
) -> Result<(), StoreError> {
    for entry in old.difference(new) {
        execute(
            conn,
            "DELETE FROM session_index WHERE entry = ?1 AND sandbox = ?2 AND key = ?3",
            params![entry, change.sandbox, change.key],
        )?;
    }
    for entry in new.difference(old) {
        execute(
            conn,
            "INSERT INTO session_index (entry, sandbox, key) VALUES (?1, ?2, ?3)
             ON CONFLICT DO NOTHING",
            params![entry, change.sandbox, change.key],
        )?;
    }
    Ok(())
}

/// The set in a column `entries`.
pub(super) fn read_entries(column: &str) -> Result<BTreeSet<String>, StoreError> {
    serde_json::from_str(column)
        .map_err(|error| StoreError::Corrupt(format!("index entries cannot be read: {error}")))
}

/// Two statements that remove handles: first their keys, then themselves.
macro_rules! removal {
    ($condition:literal) => {
        [
            concat!(
                "DELETE FROM handle_keys WHERE handle IN (SELECT id FROM handles WHERE ",
                $condition,
                ")"
            ),
            concat!("DELETE FROM handles WHERE ", $condition),
        ]
    };
}

const REMOVE_ONE: [&str; 2] = removal!("id = ?1");
const REMOVE_ACTIVITY: [&str; 2] = removal!("session = ?1 AND kind = 'activity' AND owner = ?2");
const REMOVE_OF_SESSION: [&str; 2] = removal!("session = ?1 AND kind = ?2");
const REMOVE_ENDED: [&str; 2] = removal!("expires <= ?1");

fn change_handles(conn: &Connection, change: &HandleChange) -> Result<(), StoreError> {
    match change {
        HandleChange::Put(handle) => put_handle(conn, handle),
        HandleChange::Delete(id) => remove(conn, REMOVE_ONE, [id]),
        HandleChange::DeleteActivity { session, owner } => {
            remove(conn, REMOVE_ACTIVITY, [session, owner])
        }
        HandleChange::DeleteOfSession { session, kinds } => kinds
            .iter()
            .try_for_each(|kind| remove(conn, REMOVE_OF_SESSION, [session, *kind])),
        HandleChange::ClearExpiry { session, kind } => clear_expiry(conn, session, kind),
        HandleChange::Settle(id) => settle(conn, *id),
        HandleChange::DeleteExpired { now } => remove(conn, REMOVE_ENDED, [now]),
    }
}

fn clear_expiry(conn: &Connection, session: &str, kind: &str) -> Result<(), StoreError> {
    for handle in reader::ending_handles(conn, session, kind)? {
        let mut lasting = Handle::clone(&handle);
        lasting.expires = None;
        put_handle(conn, &prepared::handle_row(&lasting)?)?;
    }
    Ok(())
}

fn settle(conn: &Connection, id: HandleId) -> Result<(), StoreError> {
    let waiting = reader::handle(conn, id)?;
    match waiting.and_then(|handle| handle.settled()) {
        Some(settled) => put_handle(conn, &prepared::handle_row(&settled)?),
        None => Ok(()),
    }
}

fn put_handle(conn: &Connection, handle: &HandleRow) -> Result<(), StoreError> {
    remove(conn, REMOVE_ONE, [&handle.id])?;
    for key in &handle.keys {
        let holder: Option<String> = conn
            .prepare_cached("SELECT handle FROM handle_keys WHERE key = ?1")?
            .query_row([key], |row| row.get(0))
            .optional()?;
        if let Some(holder) = holder {
            remove(conn, REMOVE_ONE, [&holder])?;
        }
    }
    execute(
        conn,
        "INSERT INTO handles (id, session, kind, sandbox, owner, created, expires, checksum, body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            handle.id,
            handle.session,
            handle.kind,
            handle.sandbox,
            handle.owner,
            handle.created,
            handle.expires,
            handle.body.checksum,
            handle.body.text,
        ],
    )?;
    for key in &handle.keys {
        let sql = "INSERT INTO handle_keys (key, handle) VALUES (?1, ?2)";
        execute(conn, sql, params![key, handle.id])?;
    }
    Ok(())
}

fn remove(
    conn: &Connection,
    statements: [&str; 2],
    parameters: impl rusqlite::Params + Copy,
) -> Result<(), StoreError> {
    statements
        .iter()
        .try_for_each(|sql| execute(conn, sql, parameters))
}

fn change_people(conn: &Connection, op: &PeopleOp) -> Result<(), StoreError> {
    match op {
        PeopleOp::Put(follow) => execute(
            conn,
            "INSERT INTO follows (owner, target, favorite, added_at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (owner, target)
             DO UPDATE SET favorite = excluded.favorite, added_at = excluded.added_at",
            params![
                follow.owner.to_string(),
                follow.target.to_string(),
                follow.favorite,
                nanoseconds(follow.added_at),
            ],
        ),
        PeopleOp::SetFavorite {
            owner,
            target,
            favorite,
        } => execute(
            conn,
            "UPDATE follows SET favorite = ?3 WHERE owner = ?1 AND target = ?2",
            params![owner.to_string(), target.to_string(), favorite],
        ),
        PeopleOp::Delete { owner, target } => execute(
            conn,
            "DELETE FROM follows WHERE owner = ?1 AND target = ?2",
            [owner.to_string(), target.to_string()],
        ),
        PeopleOp::List(listing) => execute(
            conn,
            "INSERT INTO private_lists (list, owner, target, added_at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (list, owner, target) DO UPDATE SET added_at = excluded.added_at",
            params![
                listing.list.as_str(),
                listing.owner.to_string(),
                listing.target.to_string(),
                nanoseconds(listing.added_at),
            ],
        ),
        PeopleOp::Unlist {
            list,
            owner,
            target,
        } => execute(
            conn,
            "DELETE FROM private_lists WHERE list = ?1 AND owner = ?2 AND target = ?3",
            params![list.as_str(), owner.to_string(), target.to_string()],
        ),
        PeopleOp::Choose { owner, settings } => choose(conn, *owner, settings),
    }
}

fn choose(conn: &Connection, owner: Xuid, settings: &Settings) -> Result<(), StoreError> {
    if settings.0.is_empty() {
        let sql = "DELETE FROM privacy_settings WHERE owner = ?1";
        return execute(conn, sql, [owner.to_string()]);
    }
    let body = codec::encode_settings(settings)?;
    execute(
        conn,
        "INSERT INTO privacy_settings (owner, checksum, body) VALUES (?1, ?2, ?3)
         ON CONFLICT (owner) DO UPDATE SET checksum = excluded.checksum, body = excluded.body",
        params![owner.to_string(), body.checksum, body.text],
    )
}

fn execute(
    conn: &Connection,
    sql: &str,
    parameters: impl rusqlite::Params,
) -> Result<(), StoreError> {
    conn.prepare_cached(sql)?.execute(parameters)?;
    Ok(())
}

/// An identifier as a column, without an allocation.
fn text(id: HandleId, buffer: &mut [u8; 45]) -> &str {
    id.hyphenated().encode_lower(buffer)
}
