//! The tables, and the connections to them.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::members;
use crate::StoreError;

/// Marks a file as ours: `CVKE`.
pub(super) const APPLICATION_ID: u32 = 0x4356_4b45;
/// The layout of the tables; documents have a format of their own.
pub(super) const VERSION: u32 = 5;
/// The oldest layout that [`upgrade`] understands.
pub(super) const OLDEST: u32 = 1;

/// How long to wait for a lock that another program holds on the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Page cache of the writer, in KiB; a small store uses less.
///
/// No larger, because a commit may go through all of it: a tree that grows moves a page to a number
/// beyond the file for a moment, and afterwards SQLite looks for pages that are beyond the file.
const WRITER_CACHE_KIB: i32 = 16 * 1024;
/// Page cache of each reader, in KiB.
const READER_CACHE_KIB: i32 = 8 * 1024;
/// Prepared statements per connection; there are fewer than this in the source.
const STATEMENTS: usize = 96;

// `sessions` has row ids, so that a document of 2 KB lies in a leaf and not in an overflow page,
// and the columns that guards read stand before the document.
// `entries` repeats the keys of `session_index`, so that a write knows the difference without
// reading them.
const TABLES: &str = "
CREATE TABLE sessions (
    id            INTEGER PRIMARY KEY,
    key           TEXT NOT NULL UNIQUE,   -- sandbox~scid~template~name, lower case
    sandbox       TEXT NOT NULL,          -- these four as their writer spelled them
    scid          TEXT NOT NULL,
    template      TEXT NOT NULL,
    name          TEXT NOT NULL,
    branch        TEXT NOT NULL,
    change_number INTEGER NOT NULL,
    next_timer    INTEGER,                -- nanoseconds since 1970
    checksum      INTEGER NOT NULL,       -- of the body
    entries       TEXT NOT NULL,          -- JSON array, sorted; of large sessions without members
    body          TEXT NOT NULL           -- JSON, see codec.rs
) STRICT;
CREATE INDEX sessions_by_timer ON sessions (next_timer) WHERE next_timer IS NOT NULL;

CREATE TABLE session_index (
    entry   TEXT NOT NULL,                -- member:<xuid> or keyword:<word>
    sandbox TEXT NOT NULL,                -- lower case
    key     TEXT NOT NULL,
    PRIMARY KEY (entry, sandbox, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE handles (
    id       TEXT NOT NULL PRIMARY KEY,
    session  TEXT NOT NULL,               -- as sessions.key; the session need not exist
    kind     TEXT NOT NULL,
    sandbox  TEXT NOT NULL,               -- lower case
    owner    TEXT,                        -- of an activity, or who is to be told of an invite
    created  INTEGER NOT NULL,            -- nanoseconds since 1970
    expires  INTEGER,                     -- nanoseconds since 1970
    checksum INTEGER NOT NULL,
    body     TEXT NOT NULL                -- JSON, see codec.rs
) STRICT;
CREATE INDEX handles_by_session ON handles (session, kind);
CREATE INDEX handles_by_owner ON handles (owner, sandbox, created) WHERE owner IS NOT NULL;
CREATE INDEX handles_by_end ON handles (expires) WHERE expires IS NOT NULL;

CREATE TABLE handle_keys (
    key    TEXT NOT NULL PRIMARY KEY,
    handle TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX handle_keys_by_handle ON handle_keys (handle);

CREATE TABLE follows (
    owner    TEXT NOT NULL,
    target   TEXT NOT NULL,
    favorite INTEGER NOT NULL,
    added_at INTEGER NOT NULL,            -- nanoseconds since 1970
    PRIMARY KEY (owner, target)
) STRICT, WITHOUT ROWID;
";

/// What version 2 adds.
const TABLES_2: &str = "
CREATE INDEX follows_by_target ON follows (target, added_at);

CREATE TABLE private_lists (
    list     TEXT NOT NULL,               -- the word for one, see PrivateList
    owner    TEXT NOT NULL,
    target   TEXT NOT NULL,
    added_at INTEGER NOT NULL,            -- nanoseconds since 1970
    PRIMARY KEY (list, owner, target)
) STRICT, WITHOUT ROWID;

CREATE TABLE privacy_settings (
    owner    TEXT NOT NULL PRIMARY KEY,
    checksum INTEGER NOT NULL,
    body     TEXT NOT NULL                -- JSON, see codec.rs
) STRICT, WITHOUT ROWID;
";

/// What version 3 adds.
const TABLES_3: &str = "
CREATE TABLE activities (
    key      TEXT NOT NULL PRIMARY KEY,   -- sandbox~xuid~title, lower case
    ends     INTEGER NOT NULL,            -- nanoseconds since 1970
    checksum INTEGER NOT NULL,
    body     TEXT NOT NULL                -- JSON, see codec.rs
) STRICT;
CREATE INDEX activities_by_end ON activities (ends);

CREATE TABLE recent_players (
    key      TEXT NOT NULL PRIMARY KEY,   -- sandbox~xuid, lower case
    ends     INTEGER NOT NULL,            -- nanoseconds since 1970
    checksum INTEGER NOT NULL,
    body     TEXT NOT NULL                -- JSON, see codec.rs
) STRICT;
CREATE INDEX recent_players_by_end ON recent_players (ends);
";

/// What version 4 adds.
const TABLES_4: &str = "
CREATE TABLE session_members (
    session  INTEGER NOT NULL,            -- as sessions.id; large sessions only
    place    INTEGER NOT NULL,            -- the index
    xuid     TEXT NOT NULL,
    checksum INTEGER NOT NULL,            -- of the body
    body     TEXT NOT NULL,               -- JSON, see codec.rs
    PRIMARY KEY (session, place)
) STRICT, WITHOUT ROWID;
";

/// Creates a complete, empty file. Nobody else may know its name yet.
pub(super) fn create(path: &Path) -> Result<(), StoreError> {
    let conn = connect(
        path,
        OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_READ_WRITE,
    )?;
    // Whoever gives the file its name makes it durable first, at once and as a whole.
    conn.pragma_update(None, "synchronous", "off")?;
    conn.pragma_update(None, "application_id", APPLICATION_ID)?;
    conn.pragma_update(None, "user_version", VERSION)?;
    conn.execute_batch(TABLES)?;
    conn.execute_batch(TABLES_2)?;
    conn.execute_batch(TABLES_3)?;
    conn.execute_batch(TABLES_4)?;
    conn.pragma_update(None, "journal_mode", "wal")?;
    conn.close().map_err(|(_, error)| error.into())
}

/// Brings a file of an older version to the present layout, all of it or nothing.
pub(super) fn upgrade(path: &Path) -> Result<(), StoreError> {
    let mut conn = open_writer(path)?;
    let found: u32 = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found < VERSION {
        let step = conn.transaction()?;
        if found < 2 {
            step.execute_batch(TABLES_2)?;
        }
        if found < 3 {
            step.execute_batch(TABLES_3)?;
        }
        if found < 4 {
            step.execute_batch(TABLES_4)?;
            members::set_apart(&step)?;
        }
        // Version 5 has another checksum, and finds the former one as good.
        step.pragma_update(None, "user_version", VERSION)?;
        step.commit()?;
    }
    conn.close().map_err(|(_, error)| error.into())
}

/// The connection that writes.
pub(super) fn open_writer(path: &Path) -> Result<Connection, StoreError> {
    let conn = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    conn.pragma_update(None, "journal_mode", "wal")?;
    // Every commit is on the disk before it is answered.
    conn.pragma_update(None, "synchronous", "full")?;
    conn.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
    Ok(conn)
}

/// A connection that reads.
pub(super) fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    let conn = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    conn.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
    Ok(conn)
}

fn connect(path: &Path, access: OpenFlags) -> Result<Connection, StoreError> {
    // Every connection has one user at a time, so the engine need not lock it.
    let conn = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    conn.busy_timeout(BUSY_TIMEOUT)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(conn)
}
