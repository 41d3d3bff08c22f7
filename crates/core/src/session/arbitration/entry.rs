//! The server entry `arbitration`: when the match begins, and the result.

use std::sync::Arc;

use convoke_wire::session::arbitration::{ResultSource, ResultState, TeamResults};
use convoke_wire::session::server::OpaqueBag;
use convoke_wire::time::WireTime;
use convoke_wire::{RawJson, json};
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::to_raw_value;

use super::results::{check_teams, misread};
use crate::refusal::{Refusal, Rule};
use crate::session::{Server, Session};

/// The name of the entry. `[doc]`
pub(super) const NAME: &str = "arbitration";
const START: &str = "startTime";
const STATE: &str = "resultState";
const SOURCE: &str = "resultSource";
const CONFIDENCE: &str = "resultConfidenceLevel";
const RESULTS: &str = "results";
/// All players agree. `[doc]`
const FULL_CONFIDENCE: u64 = 100;

fn read<T: DeserializeOwned>(bag: &OpaqueBag, field: &str) -> Option<T> {
    json::read(bag.get(field)?.text().as_bytes()).ok()
}

/// When the match begins.
pub(super) fn start(session: &Session) -> Option<Timestamp> {
    let entry = session.servers.get(NAME)?;
    read::<WireTime>(&entry.constants_system, START).map(|time| time.0)
}

/// How the match was decided, if it was.
pub(super) fn decided(session: &Session) -> Option<ResultState> {
    session.arbitration?;
    read(&session.servers.get(NAME)?.system, STATE)
}

/// An arbitrated session has the entry from its creation on. `[doc]`
pub(super) fn check_there(session: &Session) -> Result<(), Refusal> {
    if start(session).is_some() {
        return Ok(());
    }
    let path = format!("servers.{NAME}.constants.system.{START}");
    let detail = "an arbitrated session is created with the time at which its match begins";
    Err(Rule::ArbitrationEntry.at(path, detail))
}

/// The entry stays as long as the session.
pub(in crate::session) fn check_removal(session: &Session, name: &str) -> Result<(), Refusal> {
    if session.arbitration.is_none() || name != NAME {
        return Ok(());
    }
    let detail = "the entry of an arbitrated session says when its match begins, and stays";
    Err(Rule::ConstantConflict.at(format!("servers.{NAME}"), detail))
}

/// Whether an entry of an arbitrated session is one, where it is that one.
pub(in crate::session) fn check_entry(name: &str, entry: &Server) -> Result<(), Refusal> {
    if name != NAME {
        return Ok(());
    }
    let constants = format!("servers.{NAME}.constants.system");
    typed::<WireTime>(&entry.constants_system, START, &constants)?;
    let properties = format!("servers.{NAME}.properties.system");
    let state = typed::<ResultState>(&entry.system, STATE, &properties)?;
    typed::<ResultSource>(&entry.system, SOURCE, &properties)?;
    let confidence = typed::<u64>(&entry.system, CONFIDENCE, &properties)?;
    let results = typed::<TeamResults>(&entry.system, RESULTS, &properties)?;
    let refuse = |field: &str, detail: &str| {
        Err(Rule::ArbitrationEntry.at(format!("{properties}.{field}"), detail))
    };
    if confidence.is_some_and(|level| FULL_CONFIDENCE < level) {
        return refuse(CONFIDENCE, "expected 0 to 100");
    }
    if let Some(results) = &results {
        check_teams(results, &format!("{properties}.{RESULTS}"))?;
    }
    match (state, results) {
        (None, Some(_)) => refuse(STATE, "results come with the state that they are in"),
        (Some(ResultState::NoResults | ResultState::Canceled), Some(_)) => {
            refuse(RESULTS, "a match that came to nothing has no results")
        }
        _ => Ok(()),
    }
}

fn typed<T: DeserializeOwned>(
    bag: &OpaqueBag,
    field: &str,
    path: &str,
) -> Result<Option<T>, Refusal> {
    let Some(value) = bag.get(field) else {
        return Ok(None);
    };
    let read = json::read(value.text().as_bytes()).map(Some);
    read.map_err(|error| misread(Rule::ArbitrationEntry, &format!("{path}.{field}"), &error))
}

/// Puts down how the match was decided by the service: with the results that were chosen, and how
/// many per cent agree on them.
///
/// Inferred: where nothing was reported, nobody agrees on anything.
pub(super) fn decide(session: &mut Session, state: ResultState, chosen: Option<(&RawJson, u64)>) {
    let Some(entry) = session.servers.get_mut(NAME) else {
        return;
    };
    let system = &mut Arc::make_mut(entry).system;
    put(system, STATE, &state);
    put(system, SOURCE, &ResultSource::Arbitration);
    put(system, CONFIDENCE, &chosen.map_or(0, |(_, level)| level));
    match chosen {
        Some((results, _)) => {
            system.insert(RESULTS.to_owned(), results.clone());
        }
        None => {
            system.shift_remove(RESULTS);
        }
    }
}

fn put(bag: &mut OpaqueBag, field: &str, value: &impl Serialize) {
    let raw = to_raw_value(value).expect("words and numbers are JSON");
    bag.insert(field.to_owned(), raw.into());
}
