//! `servers`: entries that services write. Their content is opaque here.

use std::sync::Arc;

use convoke_wire::session::constants::Capability;
use convoke_wire::session::server::{OpaqueBag, ServerRequest};
use convoke_wire::{Field, SessionName};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::{Custom, Session, arbitration};
use crate::limits::MAX_SERVERS;
use crate::refusal::{Refusal, Rule};

/// One server entry.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Server {
    /// Fixed when the entry was created.
    pub constants_system: OpaqueBag,
    /// Fixed when the entry was created.
    pub constants_custom: Custom,
    /// What services change.
    pub system: OpaqueBag,
    /// What titles' services change.
    pub custom: Custom,
}

impl Server {
    /// The bytes that writers filled.
    pub(super) fn weight(&self) -> usize {
        let bag = |bag: &OpaqueBag| -> usize {
            bag.iter()
                .map(|(name, value)| name.len() + value.len())
                .sum()
        };
        bag(&self.constants_system)
            + bag(&self.system)
            + self.constants_custom.len()
            + self.custom.len()
    }
}

/// Merges the `servers` of a request; `null` removes an entry.
pub(super) fn write(
    session: &mut Session,
    servers: &IndexMap<String, Option<ServerRequest>>,
) -> Result<(), Refusal> {
    for (name, request) in servers {
        let path = format!("servers.{name}");
        if name.parse::<SessionName>().is_err() {
            return Err(Rule::ServerName.at(
                path,
                "a server name has 1 to 100 letters, digits, `-`, `_`, `.`",
            ));
        }
        match request {
            None => {
                arbitration::check_removal(session, name)?;
                session.servers.shift_remove(name);
            }
            Some(request) => {
                let merged = merge(session.servers.get(name), request, &path)?;
                if session.constants.has(Capability::Arbitration) {
                    arbitration::check_entry(name, &merged)?;
                }
                session.servers.insert(name.clone(), Arc::new(merged));
            }
        }
    }
    if MAX_SERVERS < session.servers.len() {
        let detail = format!("a session has at most {MAX_SERVERS} server entries");
        return Err(Rule::TooMany.at("servers", detail));
    }
    Ok(())
}

fn merge(
    existing: Option<&Arc<Server>>,
    request: &ServerRequest,
    path: &str,
) -> Result<Server, Refusal> {
    let mut server = existing
        .map(|server| Server::clone(server))
        .unwrap_or_default();
    if let Some(constants) = &request.constants {
        let system = match &constants.system {
            Field::Absent => None,
            Field::Null => Some(OpaqueBag::new()),
            Field::Value(bag) => Some(without_nulls(bag)),
        };
        let custom = Custom::read(&constants.custom);
        if existing.is_some() {
            let again = constants.system.value().into_iter().flatten();
            let fixed = &server.constants_system;
            let differs = again
                .into_iter()
                .any(|(name, value)| fixed.get(name).map_or(!value.is_null(), |f| f != value))
                || custom
                    .as_ref()
                    .is_some_and(|c| server.constants_custom.conflict(c).is_some());
            if differs {
                let detail = "constants of a server entry are fixed when it is created";
                return Err(Rule::ConstantConflict.at(format!("{path}.constants"), detail));
            }
        } else {
            server.constants_system = system.unwrap_or_default();
            server.constants_custom = custom.unwrap_or_default().without_nulls();
        }
    }
    if let Some(properties) = &request.properties {
        match &properties.system {
            Field::Absent => {}
            Field::Null => server.system.clear(),
            Field::Value(bag) => merge_bag(&mut server.system, bag),
        }
        let path = format!("{path}.properties.custom");
        if properties
            .custom
            .value()
            .is_some_and(|raw| !raw.is_object())
        {
            return Err(Rule::CustomNotObject.at(path, "expected an object"));
        }
        match Custom::read(&properties.custom) {
            Some(custom) => server.custom = server.custom.merged(&custom),
            None if properties.custom == Field::Null => server.custom = Custom::default(),
            None => {}
        }
    }
    Ok(server)
}

fn merge_bag(stored: &mut OpaqueBag, written: &OpaqueBag) {
    for (name, value) in written {
        if value.is_null() {
            stored.shift_remove(name);
        } else {
            stored.insert(name.clone(), value.clone());
        }
    }
}

fn without_nulls(bag: &OpaqueBag) -> OpaqueBag {
    let mut clean = OpaqueBag::new();
    merge_bag(&mut clean, bag);
    clean
}
