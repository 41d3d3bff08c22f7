//! `convoke session`: reads and writes sessions.

use std::io::Read as _;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};
use convoke_wire::{HandleId, Xuid};
use reqwest::Method;
use serde_json::value::RawValue;

use crate::caller::Caller;
use crate::http::Call;
use crate::target::{Target, handle_id};

/// Read and write sessions.
#[derive(Debug, Subcommand)]
pub(crate) enum Session {
    /// Read a session or an element of one.
    Get(Get),
    /// Create, join, change or leave a session.
    Put(Put),
    /// Tell rule by rule why a user may or may not read, join and write a session.
    Explain(Explain),
}

#[derive(Debug, Args)]
pub(crate) struct Get {
    /// <scid>/<template>/<name>, a whole path, or handle:<GUID>.
    #[arg(value_name = "SESSION")]
    target: Target,
    #[command(flatten)]
    conditions: Conditions,
    #[command(flatten)]
    caller: Caller,
}

#[derive(Debug, Args)]
pub(crate) struct Put {
    /// <scid>/<template>/<name>, a whole path, or handle:<GUID>.
    #[arg(value_name = "SESSION")]
    target: Target,
    /// The request document: JSON, @FILE, or - for the standard input.
    #[arg(long, value_name = "JSON|@FILE|-")]
    data: String,
    /// Evaluate the write and show the outcome without storing it.
    #[arg(long)]
    nocommit: bool,
    #[command(flatten)]
    conditions: Conditions,
    #[command(flatten)]
    caller: Caller,
}

#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// <scid>/<template>/<name>, or a whole path.
    #[arg(value_name = "SESSION")]
    target: Target,
    /// The user to ask about.
    #[arg(long, value_name = "XUID")]
    of: Xuid,
    /// The handle that the user comes through.
    #[arg(long, value_name = "GUID", value_parser = handle_id)]
    through: Option<HandleId>,
    #[command(flatten)]
    caller: Caller,
}

impl Explain {
    fn path(&self) -> String {
        let path = format!("{}?explain=access&xuid={}", self.target.path(), self.of);
        match self.through {
            Some(handle) => format!("{path}&handle={handle}"),
            None => path,
        }
    }
}

/// Preconditions.
#[derive(Debug, Args)]
pub(crate) struct Conditions {
    /// Only if the session has this ETag, or * for any.
    #[arg(long, value_name = "ETAG")]
    if_match: Option<String>,
    /// Only if the session has another ETag, or * for only if there is none.
    #[arg(long, value_name = "ETAG")]
    if_none_match: Option<String>,
}

impl Session {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Get(get) => {
                let call = Call::new(Method::GET, get.target.path());
                ask(&get.caller, get.conditions.add_to(call)).await
            }
            Self::Put(put) => {
                let mut path = put.target.path();
                if put.nocommit {
                    path.push_str(if path.contains('?') { "&" } else { "?" });
                    path.push_str("nocommit=true");
                }
                let call = Call::new(Method::PUT, path).json_text(document(&put.data)?);
                ask(&put.caller, put.conditions.add_to(call)).await
            }
            Self::Explain(explain) => {
                let call = Call::new(Method::GET, explain.path());
                ask(&explain.caller, call).await
            }
        }
    }
}

impl Conditions {
    pub(crate) fn add_to(&self, mut call: Call) -> Call {
        let conditions = [
            ("if-match", &self.if_match),
            ("if-none-match", &self.if_none_match),
        ];
        for (name, value) in conditions {
            if let Some(value) = value {
                call = call.header(name, value);
            }
        }
        call
    }

    /// Whether neither was given.
    pub(crate) fn is_empty(&self) -> bool {
        self.if_match.is_none() && self.if_none_match.is_none()
    }
}

/// Sends a request, prints the answer, explained if it is a refusal, and says by the exit code whether it was a good one.
pub(crate) async fn ask(caller: &Caller, call: Call) -> anyhow::Result<ExitCode> {
    let answer = caller.send(call.explained()).await?;
    caller.print(&answer)?;
    Ok(if answer.is_good() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The text that `--data` stands for, which has to be JSON.
pub(crate) fn document(data: &str) -> anyhow::Result<String> {
    let (text, place) = if data == "-" {
        let mut text = String::new();
        std::io::stdin()
            .read_to_string(&mut text)
            .context("failed to read the standard input")?;
        (text, "the standard input")
    } else if let Some(path) = data.strip_prefix('@') {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("failed to read {path}"))?;
        (text, path)
    } else {
        (data.to_owned(), "--data")
    };
    serde_json::from_str::<&RawValue>(&text).with_context(|| {
        format!(r#"{place} is not JSON; for example '{{"members":{{"me":{{}}}}}}' or @file.json"#)
    })?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_come_from_the_flag_or_a_file() {
        assert_eq!(document("{}").expect("JSON"), "{}");
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.json");
        std::fs::write(&path, "{\"a\":1}").expect("written");
        let data = format!("@{}", path.display());
        assert_eq!(document(&data).expect("JSON"), "{\"a\":1}");
    }

    #[test]
    fn documents_that_are_not_json_are_explained() {
        let check = |data: &str, expected: &str| {
            let error = format!("{:#}", document(data).expect_err(data));
            assert!(error.contains(expected), "{error}");
        };
        check("{a:1}", "--data is not JSON; for example");
        check("", "--data is not JSON");
        check("@no-such-file.json", "failed to read no-such-file.json");
    }

    #[test]
    fn conditions_become_headers() {
        let conditions = Conditions {
            if_match: Some("*".to_owned()),
            if_none_match: None,
        };
        let call = conditions.add_to(Call::new(Method::GET, "/"));
        assert_eq!(call.headers, [("if-match", "*".to_owned())]);
        assert!(!conditions.is_empty());
    }
}
