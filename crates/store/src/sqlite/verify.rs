//! Whether all that is derived still says what the documents say.

use std::collections::BTreeSet;

use convoke_core::activity::Activity;
use convoke_core::recent_players::RecentPlayers;
use rusqlite::{Connection, Row, Transaction};

use super::apply::read_entries;
use super::endings;
use super::members;
use super::prepared::{HandleRow, handle_row};
use super::reader::session;
use super::values::{nanoseconds, session_key, text, time};
use crate::derived::{self, Beside};
use crate::{StoreError, apart, codec};

/// Most findings of each kind.
const MAX_FINDINGS: i64 = 100;

/// What is wrong with the file, in words; all of it at one moment.
pub(super) fn findings(conn: &mut Connection) -> Result<Vec<String>, StoreError> {
    let snapshot = conn.transaction()?;
    let mut findings = engine_findings(&snapshot)?;
    let sessions = session_findings(&snapshot)?;
    findings.extend(sessions.findings);
    findings.extend(handle_findings(&snapshot)?);
    findings.extend(settings_findings(&snapshot)?);
    let activities = endings::findings::<Activity>(&snapshot, &endings::ACTIVITIES, "activity")?;
    findings.extend(activities);
    let met = &endings::RECENT_PLAYERS;
    let met = endings::findings::<RecentPlayers>(&snapshot, met, "recent players")?;
    findings.extend(met);
    // All entries of all sessions have been found, so equal numbers mean equal sets.
    let sql = "SELECT count(*) FROM session_index";
    let kept: i64 = snapshot.query_row(sql, [], |row| row.get(0))?;
    if kept != sessions.indexed {
        findings.extend(orphans(
            &snapshot,
            "SELECT 'index entry ' || entry || ' of ' || key || ': the session is gone or has it not'
             FROM session_index AS i WHERE NOT EXISTS (
                 SELECT 1 FROM sessions AS s, json_each(s.entries) AS e
                 WHERE s.key = i.key AND e.value = i.entry)
             AND NOT EXISTS (
                 SELECT 1 FROM sessions AS s JOIN session_members AS m ON m.session = s.id
                 WHERE s.key = i.key AND 'member:' || m.xuid = i.entry) LIMIT ?1",
        )?);
    }
    findings.extend(orphans(
        &snapshot,
        "SELECT 'member ' || place || ' of session number ' || session || ': the session is gone'
         FROM session_members WHERE session NOT IN (SELECT id FROM sessions) LIMIT ?1",
    )?);
    findings.extend(orphans(
        &snapshot,
        "SELECT 'handle key ' || key || ': its handle is gone' FROM handle_keys
         WHERE handle NOT IN (SELECT id FROM handles) LIMIT ?1",
    )?);
    Ok(findings)
}

/// What the engine itself finds.
fn engine_findings(snapshot: &Transaction<'_>) -> Result<Vec<String>, StoreError> {
    let sql = format!("PRAGMA integrity_check({MAX_FINDINGS})");
    let mut check = snapshot.prepare(&sql)?;
    let lines = check.query_map([], |row| row.get::<_, String>(0))?;
    let lines: Vec<String> = lines.collect::<Result<_, _>>()?;
    Ok(lines.into_iter().filter(|line| line != "ok").collect())
}

fn orphans(snapshot: &Transaction<'_>, sql: &str) -> Result<Vec<String>, StoreError> {
    let mut select = snapshot.prepare(sql)?;
    let lines = select.query_map([MAX_FINDINGS], |row| row.get(0))?;
    Ok(lines.collect::<Result<_, _>>()?)
}

struct Sessions {
    findings: Vec<String>,
    /// Rows of the index that belong to a session.
    indexed: i64,
}

fn session_findings(snapshot: &Transaction<'_>) -> Result<Sessions, StoreError> {
    let mut sessions = Sessions {
        findings: Vec::new(),
        indexed: 0,
    };
    let mut select = snapshot.prepare(
        "SELECT key, sandbox, scid, template, name, id, branch, change_number, checksum, body,
                next_timer, entries
         FROM sessions",
    )?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let key = text(row, 0)?;
        if let Err(error) = check_session(snapshot, key, row, &mut sessions) {
            sessions.findings.push(format!("session {key}: {error}"));
        }
    }
    Ok(sessions)
}

fn check_session(
    snapshot: &Transaction<'_>,
    key: &str,
    row: &Row<'_>,
    sessions: &mut Sessions,
) -> Result<(), StoreError> {
    let columns = session_key(row, 1)?;
    let session = session(snapshot, row, 5)?;
    if columns.folded() != key || columns.reference != session.reference {
        let finding = format!("session {key}: its document has another name");
        sessions.findings.push(finding);
    }
    let next_timer: Option<i64> = row.get(10)?;
    let mut kept = Beside {
        next_timer: next_timer.map(time).transpose()?,
        entries: read_entries(text(row, 11)?)?,
    };
    if apart::is_apart(&session) {
        let of_members = members::entries_of_rows(snapshot, row.get(5)?)?;
        kept.entries.extend(of_members);
    }
    if kept.entries != derived::entry_texts(&session) {
        let finding = format!("session {key}: its list of index entries does not fit its document");
        sessions.findings.push(finding);
    }
    // The column holds the nearest time that it can.
    let due = convoke_core::session::next_timer(&session);
    if due.map(nanoseconds) == next_timer {
        kept.next_timer = due;
    }
    let sandbox = columns.sandbox.folded();
    let mut indexed = snapshot.prepare_cached(
        "SELECT 1 FROM session_index WHERE entry = ?1 AND sandbox = ?2 AND key = ?3",
    )?;
    let mut found = BTreeSet::new();
    for entry in kept.entries {
        if indexed.exists((&entry, &sandbox, key))? {
            found.insert(entry);
        }
    }
    sessions.indexed += i64::try_from(found.len()).unwrap_or(i64::MAX);
    kept.entries = found;
    let findings = derived::findings(key, &session, &kept);
    sessions.findings.extend(findings);
    Ok(())
}

fn handle_findings(snapshot: &Transaction<'_>) -> Result<Vec<String>, StoreError> {
    let mut findings = Vec::new();
    let mut select = snapshot.prepare(
        "SELECT id, session, kind, sandbox, owner, created, expires, checksum, body FROM handles",
    )?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let id = text(row, 0)?;
        match check_handle(snapshot, row) {
            Ok(found) => {
                findings.extend(found.iter().map(|said| format!("handle {id}: {said}")));
            }
            Err(error) => findings.push(format!("handle {id}: {error}")),
        }
    }
    Ok(findings)
}

fn settings_findings(snapshot: &Transaction<'_>) -> Result<Vec<String>, StoreError> {
    let mut findings = Vec::new();
    let mut select = snapshot.prepare("SELECT owner, body, checksum FROM privacy_settings")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let body = text(row, 1)?.as_bytes();
        if let Err(error) = codec::decode_settings(body, row.get(2)?) {
            let owner = text(row, 0)?;
            findings.push(format!("privacy settings of {owner}: {error}"));
        }
    }
    Ok(findings)
}

fn check_handle(snapshot: &Transaction<'_>, row: &Row<'_>) -> Result<Vec<String>, StoreError> {
    let handle = codec::decode_handle(text(row, 8)?.as_bytes(), row.get(7)?)?;
    let said: HandleRow = handle_row(&handle)?;
    let mut findings = Vec::new();
    let owner: Option<String> = row.get(4)?;
    let same = text(row, 0)? == said.id
        && text(row, 1)? == said.session
        && text(row, 2)? == said.kind
        && text(row, 3)? == said.sandbox
        && owner == said.owner
        && row.get::<_, i64>(5)? == said.created
        && row.get::<_, Option<i64>>(6)? == said.expires;
    if !same {
        findings.push("its columns do not fit its document".to_owned());
    }
    let mut held =
        snapshot.prepare_cached("SELECT 1 FROM handle_keys WHERE key = ?1 AND handle = ?2")?;
    for key in &said.keys {
        if !held.exists((key, &said.id))? {
            findings.push(format!("does not hold {key}"));
        }
    }
    let mut count =
        snapshot.prepare_cached("SELECT count(*) FROM handle_keys WHERE handle = ?1")?;
    let kept: i64 = count.query_row([&said.id], |row| row.get(0))?;
    if usize::try_from(kept) != Ok(said.keys.len()) {
        findings.push(format!(
            "holds {kept} keys, its document has {}",
            said.keys.len()
        ));
    }
    Ok(findings)
}
