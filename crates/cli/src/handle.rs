//! `convoke handle`: creates, reads, uses and deletes handles.

mod create;

use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use convoke_wire::ids::{HandleId, Scid, Xuid};
use convoke_wire::uri::handle_path;
use reqwest::Method;
use serde_json::{Value, json};

use crate::caller::Caller;
use crate::http::Call;
use crate::session::{Conditions, ask};
use crate::target::handle_id;

/// Create, read, use and delete handles.
#[derive(Debug, Subcommand)]
pub(crate) enum Handle {
    /// Create a handle to a session.
    #[command(subcommand)]
    Create(create::Create),
    /// Read a handle.
    Get(One),
    /// Delete a handle.
    Delete(One),
    /// Read the session that a handle leads to.
    Session(One),
    /// Join the session that a handle leads to, as an active member.
    Join(Join),
    /// Find what players are doing.
    Query(Query),
}

#[derive(Debug, Args)]
pub(crate) struct One {
    /// The handle's id.
    #[arg(value_parser = handle_id)]
    id: HandleId,
    #[command(flatten)]
    caller: Caller,
}

#[derive(Debug, Args)]
pub(crate) struct Join {
    /// The handle's id.
    #[arg(value_parser = handle_id)]
    id: HandleId,
    /// Preconditions; unless given, the session has to exist.
    #[command(flatten)]
    conditions: Conditions,
    #[command(flatten)]
    caller: Caller,
}

#[derive(Debug, Args)]
pub(crate) struct Query {
    /// The players, with commas between them.
    #[arg(long, value_delimiter = ',', required_unless_present = "people")]
    xuids: Vec<Xuid>,
    /// A list of the caller's: people (whom the caller follows), favorites or friends.
    #[arg(long, value_name = "MONIKER", conflicts_with = "xuids")]
    people: Option<String>,
    /// Whose list it is; the user given by --as unless given.
    #[arg(long, value_name = "XUID", requires = "people")]
    people_of: Option<Xuid>,
    /// Only within this service configuration.
    #[arg(long)]
    scid: Option<Scid>,
    /// What else to tell, with commas: relatedInfo, customProperties, roleInfo, activityInfo, session.
    #[arg(long, value_delimiter = ',')]
    include: Vec<String>,
    /// How many at most.
    #[arg(long)]
    take: Option<u32>,
    #[command(flatten)]
    caller: Caller,
}

impl Handle {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Create(create) => create.run().await,
            Self::Get(one) => one.ask(Method::GET, "").await,
            Self::Delete(one) => one.ask(Method::DELETE, "").await,
            Self::Session(one) => one.ask(Method::GET, "/session").await,
            Self::Join(join) => join.run().await,
            Self::Query(query) => query.run().await,
        }
    }
}

impl One {
    async fn ask(self, method: Method, element: &str) -> anyhow::Result<ExitCode> {
        let path = format!("{}{element}", handle_path(self.id));
        ask(&self.caller, Call::new(method, path)).await
    }
}

impl Join {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let path = format!("{}/session", handle_path(self.id));
        let call = Call::new(Method::PUT, path).json(&joining());
        let call = if self.conditions.is_empty() {
            call.header("if-match", "*")
        } else {
            self.conditions.add_to(call)
        };
        ask(&self.caller, call).await
    }
}

impl Query {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let mut path = "/handles/query".to_owned();
        if !self.include.is_empty() {
            path.push_str("?include=");
            path.push_str(&self.include.join(","));
        }
        let call = Call::new(Method::POST, path).json(&self.body()?);
        ask(&self.caller, call).await
    }

    fn body(&self) -> anyhow::Result<Value> {
        let mut body = json!({"type": "activity", "owners": self.owners()?});
        if let Some(scid) = &self.scid {
            body["scid"] = json!(scid.as_str());
        }
        if let Some(take) = self.take {
            body["take"] = json!(take);
        }
        Ok(body)
    }

    fn owners(&self) -> anyhow::Result<Value> {
        let Some(moniker) = &self.people else {
            let xuids: Vec<_> = self.xuids.iter().map(Xuid::to_string).collect();
            if xuids.is_empty() {
                bail!("--xuids names nobody; for example --xuids 1001,1002");
            }
            return Ok(json!({"xuids": xuids}));
        };
        let whose = self
            .people_of
            .or(self.caller.acting)
            .context("whose list is it? say --as XUID, or --people-of XUID beside --token")?;
        Ok(json!({"people": {"moniker": moniker, "monikerXuid": whose.to_string()}}))
    }
}

/// The request document that joins as an active member.
pub(crate) fn joining() -> Value {
    json!({"members": {"me": {"properties": {"system": {"active": true}}}}})
}
