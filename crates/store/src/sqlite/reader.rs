//! The connections that read, and every question they answer.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use convoke_core::handle::Handle;
use convoke_core::index::IndexEntry;
use convoke_core::people::Follow;
use convoke_core::privacy::{Listing, PrivateList, Settings};
use convoke_core::session::{Session, Sharing};
use convoke_wire::{HandleId, Sandbox, SessionKey, Xuid};
use jiff::Timestamp;
use rusqlite::{Connection, Params, Row, params};

use super::values::{limit as rows, nanoseconds, session_key, text, time, xuid};
use super::{members, schema};
use crate::{StoreError, apart, codec};

/// Connections that read: more than answer at the same time on common machines.
const CONNECTIONS: usize = 4;

/// A few connections, each with one user at a time.
#[derive(Debug)]
pub(super) struct Readers {
    connections: Vec<Mutex<Connection>>,
    next: AtomicUsize,
}

impl Readers {
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let connections = (0..CONNECTIONS).map(|_| schema::open_reader(path).map(Mutex::new));
        Ok(Self {
            connections: connections.collect::<Result<_, _>>()?,
            next: AtomicUsize::new(0),
        })
    }

    /// Asks one question.
    pub(super) fn with<T>(
        &self,
        question: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        question(&self.connection())
    }

    /// A connection nobody uses; when all are in use, the first to become free of a changing one.
    fn connection(&self) -> MutexGuard<'_, Connection> {
        let start = self.next.fetch_add(1, Ordering::Relaxed) % CONNECTIONS;
        for offset in 0..CONNECTIONS {
            match self.connections[(start + offset) % CONNECTIONS].try_lock() {
                Ok(connection) => return connection,
                Err(TryLockError::Poisoned(poisoned)) => return poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => {}
            }
        }
        self.connections[start]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// All rows of one statement.
fn all<T>(
    conn: &Connection,
    sql: &str,
    parameters: impl Params,
    read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query(parameters)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

/// The one row of one statement, if there is one.
fn one<T>(
    conn: &Connection,
    sql: &str,
    parameters: impl Params,
    read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query(parameters)?;
    rows.next()?.map(read).transpose()
}

pub(super) fn load(
    conn: &Connection,
    key: &SessionKey,
) -> Result<Option<Arc<Session>>, StoreError> {
    let sql = "SELECT id, branch, change_number, checksum, body FROM sessions WHERE key = ?1";
    // The members are read while the row is, and so of the same moment.
    let session = one(conn, sql, [key.folded()], |row| session(conn, row, 0))?;
    Ok(session.map(Arc::new))
}

/// A session from the columns `id, branch, change_number, checksum, body`, the first of which is
/// given.
pub(super) fn session(
    conn: &Connection,
    row: &Row<'_>,
    first: usize,
) -> Result<Session, StoreError> {
    let mut session = document(row, first + 1)?;
    if apart::is_apart(&session) {
        apart::put_back(&mut session, members::read(conn, row.get(first)?)?)?;
    }
    Ok(session)
}

fn document(row: &Row<'_>, first: usize) -> Result<Session, StoreError> {
    let bytes = text(row, first + 3)?;
    let session = codec::decode_session(bytes.as_bytes(), row.get(first + 2)?)?;
    let same_branch = text(row, first)?.parse() == Ok(session.branch);
    let same_number = row.get::<_, i64>(first + 1).ok() == session.change_number.try_into().ok();
    if !same_branch || !same_number {
        let name = session.reference.resource();
        return Err(StoreError::Corrupt(format!(
            "the row of session {name} does not fit its document"
        )));
    }
    Ok(session)
}

pub(super) fn for_each_session(
    conn: &Connection,
    visit: &mut dyn FnMut(SessionKey, Arc<Session>),
) -> Result<(), StoreError> {
    let sql = "SELECT sandbox, scid, template, name, id, branch, change_number, checksum, body
               FROM sessions";
    let mut statement = conn.prepare(sql)?;
    let mut rows = statement.query([])?;
    let mut sharing = Sharing::default();
    while let Some(row) = rows.next()? {
        let mut session = session(conn, row, 4)?;
        sharing.share(&mut session.constants);
        visit(session_key(row, 0)?, Arc::new(session));
    }
    Ok(())
}

pub(super) fn due(
    conn: &Connection,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<SessionKey>, StoreError> {
    let sql = "SELECT sandbox, scid, template, name FROM sessions
               WHERE next_timer <= ?1 ORDER BY next_timer, key LIMIT ?2";
    let parameters = (nanoseconds(now), rows(limit));
    all(conn, sql, parameters, |row| session_key(row, 0))
}

pub(super) fn earliest_timer(conn: &Connection) -> Result<Option<Timestamp>, StoreError> {
    let sql = "SELECT next_timer FROM sessions
               WHERE next_timer IS NOT NULL ORDER BY next_timer LIMIT 1";
    one(conn, sql, [], |row| time(row.get(0)?))
}

pub(super) fn find(
    conn: &Connection,
    sandbox: &Sandbox,
    entry: &IndexEntry,
    limit: usize,
) -> Result<Vec<SessionKey>, StoreError> {
    // The cross join keeps the order of the index, so that the limit ends the search.
    let sql = "SELECT s.sandbox, s.scid, s.template, s.name
               FROM session_index AS i CROSS JOIN sessions AS s ON s.key = i.key
               WHERE i.entry = ?1 AND i.sandbox = ?2 ORDER BY i.key LIMIT ?3";
    let parameters = (entry.to_text(), sandbox.folded(), rows(limit));
    all(conn, sql, parameters, |row| session_key(row, 0))
}

pub(super) fn handle(conn: &Connection, id: HandleId) -> Result<Option<Arc<Handle>>, StoreError> {
    let sql = "SELECT checksum, body FROM handles WHERE id = ?1";
    one(conn, sql, [id.to_string()], read_handle)
}

pub(super) fn handle_by_key(
    conn: &Connection,
    key: &str,
) -> Result<Option<Arc<Handle>>, StoreError> {
    let sql = "SELECT h.checksum, h.body
               FROM handle_keys AS k CROSS JOIN handles AS h ON h.id = k.handle WHERE k.key = ?1";
    one(conn, sql, [key], read_handle)
}

/// Handles of a type on one session that will end by themselves.
pub(super) fn ending_handles(
    conn: &Connection,
    session: &str,
    kind: &str,
) -> Result<Vec<Arc<Handle>>, StoreError> {
    let sql = "SELECT checksum, body FROM handles
               WHERE session = ?1 AND kind = ?2 AND expires IS NOT NULL ORDER BY id";
    all(conn, sql, [session, kind], read_handle)
}

pub(super) fn activities_of(
    conn: &Connection,
    sandbox: &Sandbox,
    owner: Xuid,
) -> Result<Vec<Arc<Handle>>, StoreError> {
    let sql = "SELECT checksum, body FROM handles
               WHERE owner = ?1 AND sandbox = ?2 AND kind = 'activity'
               ORDER BY created DESC, id";
    let parameters = (owner.to_string(), sandbox.folded());
    all(conn, sql, parameters, read_handle)
}

pub(super) fn invitations_for(
    conn: &Connection,
    sandbox: &Sandbox,
    invited: Xuid,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<Arc<Handle>>, StoreError> {
    let sql = "SELECT checksum, body FROM handles
               WHERE owner = ?1 AND sandbox = ?2 AND kind = 'invite'
                   AND (expires IS NULL OR ?3 < expires)
               ORDER BY created DESC, id DESC LIMIT ?4";
    let (invited, sandbox) = (invited.to_string(), sandbox.folded());
    let parameters = (invited, sandbox, nanoseconds(now), rows(limit));
    let mut found = all(conn, sql, parameters, read_handle)?;
    found.reverse();
    Ok(found)
}

fn read_handle(row: &Row<'_>) -> Result<Arc<Handle>, StoreError> {
    let handle = codec::decode_handle(text(row, 1)?.as_bytes(), row.get(0)?)?;
    Ok(Arc::new(handle))
}

pub(super) fn following(conn: &Connection, owner: Xuid) -> Result<Vec<Follow>, StoreError> {
    let sql = "SELECT owner, target, favorite, added_at FROM follows WHERE owner = ?1";
    let mut found = all(conn, sql, [owner.to_string()], read_follow)?;
    found.sort_by_key(|follow| (follow.added_at, follow.target));
    Ok(found)
}

pub(super) fn follow(
    conn: &Connection,
    owner: Xuid,
    target: Xuid,
) -> Result<Option<Follow>, StoreError> {
    let sql = "SELECT owner, target, favorite, added_at FROM follows
               WHERE owner = ?1 AND target = ?2";
    one(
        conn,
        sql,
        [owner.to_string(), target.to_string()],
        read_follow,
    )
}

fn read_follow(row: &Row<'_>) -> Result<Follow, StoreError> {
    Ok(Follow {
        owner: xuid(text(row, 0)?)?,
        target: xuid(text(row, 1)?)?,
        favorite: row.get(2)?,
        added_at: time(row.get(3)?)?,
    })
}

pub(super) fn followers(
    conn: &Connection,
    target: Xuid,
    limit: usize,
) -> Result<Vec<Follow>, StoreError> {
    // The length first sorts users by number, who are texts here.
    let sql = "SELECT owner, target, favorite, added_at FROM follows WHERE target = ?1
               ORDER BY added_at, length(owner), owner LIMIT ?2";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    all(conn, sql, params![target.to_string(), limit], read_follow)
}

pub(super) fn follower_count(conn: &Connection, target: Xuid) -> Result<usize, StoreError> {
    let sql = "SELECT count(*) FROM follows WHERE target = ?1";
    let count = one(conn, sql, [target.to_string()], |row| {
        Ok(row.get::<_, i64>(0)?)
    })?;
    Ok(usize::try_from(count.unwrap_or_default()).unwrap_or_default())
}

pub(super) fn listed(
    conn: &Connection,
    list: PrivateList,
    owner: Xuid,
) -> Result<Vec<Listing>, StoreError> {
    let sql = "SELECT target, added_at FROM private_lists WHERE list = ?1 AND owner = ?2";
    let mut found = all(conn, sql, (list.as_str(), owner.to_string()), |row| {
        Ok(Listing {
            list,
            owner,
            target: xuid(text(row, 0)?)?,
            added_at: time(row.get(1)?)?,
        })
    })?;
    found.sort_by_key(|listing| (listing.added_at, listing.target));
    Ok(found)
}

pub(super) fn is_listed(
    conn: &Connection,
    list: PrivateList,
    owner: Xuid,
    target: Xuid,
) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM private_lists WHERE list = ?1 AND owner = ?2 AND target = ?3";
    let key = (list.as_str(), owner.to_string(), target.to_string());
    Ok(conn.prepare_cached(sql)?.exists(key)?)
}

/// In one transaction, because each takes and gives back locks of the file.
pub(super) fn listing(
    conn: &Connection,
    list: PrivateList,
    owners: &[Xuid],
    target: Xuid,
) -> Result<Vec<Xuid>, StoreError> {
    let moment = conn.unchecked_transaction()?;
    let mut listing = Vec::new();
    for owner in owners {
        if is_listed(&moment, list, *owner, target)? {
            listing.push(*owner);
        }
    }
    Ok(listing)
}

pub(super) fn settings(conn: &Connection, owner: Xuid) -> Result<Settings, StoreError> {
    let sql = "SELECT body, checksum FROM privacy_settings WHERE owner = ?1";
    let found = one(conn, sql, [owner.to_string()], |row| {
        codec::decode_settings(text(row, 0)?.as_bytes(), row.get(1)?)
    })?;
    Ok(found.unwrap_or_default())
}
