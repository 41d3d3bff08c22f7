//! Activities and lists of recent players: documents with a key and an end, in a table each.

use std::sync::Arc;

use convoke_core::activity::{Activity, ActivityKey, Stamp};
use convoke_core::recent_players::{Meetings, RecentPlayers, with_meetings};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::values::{nanoseconds, text};
use crate::codec::{self, Encoded};
use crate::ending::Ends;
use crate::{CommitError, PlayOp, StoreError};

/// The statements of one of the tables.
#[derive(Debug)]
pub(super) struct Table {
    select: &'static str,
    put: &'static str,
    delete: &'static str,
    forget: &'static str,
    all: &'static str,
}

macro_rules! table {
    ($name:literal) => {
        Table {
            select: concat!("SELECT body, checksum FROM ", $name, " WHERE key = ?1"),
            put: concat!(
                "INSERT INTO ",
                $name,
                " (key, ends, checksum, body) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (key) DO UPDATE
                 SET ends = excluded.ends, checksum = excluded.checksum, body = excluded.body"
            ),
            delete: concat!("DELETE FROM ", $name, " WHERE key = ?1"),
            forget: concat!("DELETE FROM ", $name, " WHERE ends <= ?1"),
            all: concat!("SELECT key, ends, checksum, body FROM ", $name),
        }
    };
}

pub(super) static ACTIVITIES: Table = table!("activities");
pub(super) static RECENT_PLAYERS: Table = table!("recent_players");

/// A change as it goes into the tables.
#[derive(Debug)]
pub(super) enum PlayChange {
    Do(DocumentRow),
    Meet {
        meetings: Arc<Meetings>,
        now: Timestamp,
    },
    Forget {
        now: i64,
    },
}

/// The columns of a document.
#[derive(Debug)]
pub(super) struct DocumentRow {
    key: String,
    ends: i64,
    pub(super) body: Encoded,
}

impl PlayChange {
    pub(super) fn new(op: &PlayOp) -> Result<Self, StoreError> {
        Ok(match op {
            PlayOp::Do(activity) => Self::Do(row(&**activity)?),
            PlayOp::Meet { meetings, now } => Self::Meet {
                meetings: Arc::clone(meetings),
                now: *now,
            },
            PlayOp::Forget { now } => Self::Forget {
                now: nanoseconds(*now),
            },
        })
    }
}

fn row<T: Ends + Serialize>(document: &T) -> Result<DocumentRow, StoreError> {
    Ok(DocumentRow {
        key: document.key(),
        ends: nanoseconds(document.ends()),
        body: codec::encode_ending(document)?,
    })
}

/// One document.
pub(super) fn one<T: Ends + DeserializeOwned>(
    conn: &Connection,
    table: &Table,
    key: &str,
) -> Result<Option<T>, StoreError> {
    let mut select = conn.prepare_cached(table.select)?;
    let found = select
        .query_row([key], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?))
        })
        .optional()?;
    found
        .map(|(body, checksum)| codec::decode_ending(body.as_bytes(), checksum))
        .transpose()
}

/// Checks that activities are in the states that a step expects.
pub(super) fn check(
    conn: &Connection,
    required: &[(ActivityKey, Option<Stamp>)],
) -> Result<(), CommitError> {
    for (key, expected) in required {
        let found: Option<Activity> = one(conn, &ACTIVITIES, &key.folded())?;
        if found.as_ref().map(Stamp::from) != *expected {
            return Err(CommitError::Conflict);
        }
    }
    Ok(())
}

/// Makes one change.
pub(super) fn change(conn: &Connection, change: &PlayChange) -> Result<(), StoreError> {
    match change {
        PlayChange::Do(row) => put(conn, &ACTIVITIES, row),
        PlayChange::Meet { meetings, now } => meet(conn, meetings, *now),
        PlayChange::Forget { now } => {
            for table in [&ACTIVITIES, &RECENT_PLAYERS] {
                conn.prepare_cached(table.forget)?.execute([now])?;
            }
            Ok(())
        }
    }
}

fn put(conn: &Connection, table: &Table, row: &DocumentRow) -> Result<(), StoreError> {
    let DocumentRow { key, ends, body } = row;
    let mut put = conn.prepare_cached(table.put)?;
    put.execute(params![key, ends, body.checksum, body.text])?;
    Ok(())
}

fn meet(conn: &Connection, meetings: &Meetings, now: Timestamp) -> Result<(), StoreError> {
    let key = meetings.key.folded();
    let before: Option<RecentPlayers> = one(conn, &RECENT_PLAYERS, &key)?;
    if let Some(list) = with_meetings(before.as_ref(), meetings, now) {
        return put(conn, &RECENT_PLAYERS, &row(&list)?);
    }
    conn.prepare_cached(RECENT_PLAYERS.delete)?.execute([key])?;
    Ok(())
}

/// What is wrong with the documents of a table, in words.
pub(super) fn findings<T: Ends + DeserializeOwned>(
    snapshot: &Transaction<'_>,
    table: &Table,
    what: &str,
) -> Result<Vec<String>, StoreError> {
    let mut findings = Vec::new();
    let mut select = snapshot.prepare(table.all)?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let (key, ends, checksum): (_, i64, _) = (text(row, 0)?, row.get(1)?, row.get(2)?);
        match codec::decode_ending::<T>(text(row, 3)?.as_bytes(), checksum) {
            Ok(document) if document.key() == key && nanoseconds(document.ends()) == ends => {}
            Ok(_) => findings.push(format!("{what} {key}: its columns do not fit its document")),
            Err(error) => findings.push(format!("{what} {key}: {error}")),
        }
    }
    Ok(findings)
}
