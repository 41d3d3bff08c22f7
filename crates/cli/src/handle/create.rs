//! `convoke handle create`: one command for each type of handle.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use convoke_wire::ids::{TitleId, Xuid};
use reqwest::Method;
use serde_json::{Map, Number, Value, json};

use crate::caller::Caller;
use crate::http::Call;
use crate::session::ask;
use crate::target::NamedSession;

/// Create a handle to a session.
#[derive(Debug, Subcommand)]
pub(crate) enum Create {
    /// Say that the caller is playing in this session.
    Activity(Plain),
    /// Invite a player to this session.
    Invite(Invite),
    /// Let this session be found by its attributes.
    Search(Search),
    /// Lead the members of one session to another.
    Transfer(Transfer),
    /// Give this session another name.
    Correlation(Plain),
}

#[derive(Debug, Args)]
pub(crate) struct Plain {
    /// <scid>/<template>/<name>, or a whole path.
    session: NamedSession,
    #[command(flatten)]
    caller: Caller,
}

#[derive(Debug, Args)]
pub(crate) struct Invite {
    /// <scid>/<template>/<name>, or a whole path.
    session: NamedSession,
    /// Who is invited.
    #[arg(long, value_name = "XUID")]
    to: Xuid,
    /// The title that the player is invited to play.
    #[arg(long)]
    title_id: TitleId,
    /// Text for the title that is started.
    #[arg(long)]
    context: Option<String>,
    /// The id of a text of the title's that the invitation shows.
    #[arg(long)]
    context_string: Option<String>,
    #[command(flatten)]
    caller: Caller,
}

#[derive(Debug, Args)]
pub(crate) struct Search {
    /// <scid>/<template>/<name>, or a whole path.
    session: NamedSession,
    /// A tag; may be repeated.
    #[arg(long = "tag")]
    tags: Vec<String>,
    /// A named text; may be repeated.
    #[arg(long = "string", value_name = "NAME=TEXT", value_parser = string)]
    strings: Vec<(String, String)>,
    /// A named number; may be repeated.
    #[arg(long = "number", value_name = "NAME=NUMBER", value_parser = number)]
    numbers: Vec<(String, Number)>,
    #[command(flatten)]
    caller: Caller,
}

#[derive(Debug, Args)]
pub(crate) struct Transfer {
    /// The session to go to: <scid>/<template>/<name>, or a whole path.
    session: NamedSession,
    /// The session whose members may go, in the same form.
    #[arg(long, value_name = "SESSION")]
    origin: NamedSession,
    #[command(flatten)]
    caller: Caller,
}

impl Create {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let (body, caller) = match self {
            Self::Activity(plain) => (handle("activity", &plain.session), plain.caller),
            Self::Invite(invite) => (invite.body(), invite.caller),
            Self::Search(search) => (search.body(), search.caller),
            Self::Transfer(transfer) => (transfer.body(), transfer.caller),
            Self::Correlation(plain) => (handle("correlation", &plain.session), plain.caller),
        };
        ask(&caller, Call::new(Method::POST, "/handles").json(&body)).await
    }
}

impl Invite {
    fn body(&self) -> Value {
        let mut attributes = json!({"titleId": self.title_id.to_string()});
        if let Some(context) = &self.context {
            attributes["context"] = json!(context);
        }
        if let Some(id) = &self.context_string {
            attributes["contextString"] = json!(id);
        }
        let mut body = handle("invite", &self.session);
        body["invitedXuid"] = json!(self.to.to_string());
        body["inviteAttributes"] = attributes;
        body
    }
}

impl Search {
    fn body(&self) -> Value {
        let mut attributes = Map::new();
        if !self.tags.is_empty() {
            attributes.insert("tags".to_owned(), json!(self.tags));
        }
        if !self.strings.is_empty() {
            attributes.insert("strings".to_owned(), object(&self.strings));
        }
        if !self.numbers.is_empty() {
            attributes.insert("numbers".to_owned(), object(&self.numbers));
        }
        let mut body = handle("search", &self.session);
        if !attributes.is_empty() {
            body["searchAttributes"] = Value::Object(attributes);
        }
        body
    }
}

impl Transfer {
    fn body(&self) -> Value {
        let mut body = handle("transfer", &self.session);
        body["originSessionRef"] = self.origin.to_json();
        body
    }
}

/// What handles of every type have.
pub(crate) fn handle(kind: &str, session: &NamedSession) -> Value {
    json!({"type": kind, "version": 1, "sessionRef": session.to_json()})
}

fn object<T: Clone + Into<Value>>(pairs: &[(String, T)]) -> Value {
    pairs
        .iter()
        .map(|(name, value)| (name.clone(), value.clone().into()))
        .collect::<Map<String, Value>>()
        .into()
}

fn string(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .ok_or_else(|| "expected NAME=TEXT, for example map=canyon".to_owned())
}

fn number(text: &str) -> Result<(String, Number), String> {
    let example = "expected NAME=NUMBER, for example skill=12.5";
    let (name, value) = text.split_once('=').ok_or(example)?;
    let value = value.parse().map_err(|_| example)?;
    Ok((name.to_owned(), value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(subcommand)]
        create: Create,
    }

    const A: &str = "11111111-2222-3333-4444-555555555555/lobby/a";

    fn body(line: &[&str]) -> Value {
        let line = Line::try_parse_from([&["create"], line].concat()).expect("valid");
        match line.create {
            Create::Activity(plain) => handle("activity", &plain.session),
            Create::Invite(invite) => invite.body(),
            Create::Search(search) => search.body(),
            Create::Transfer(transfer) => transfer.body(),
            Create::Correlation(plain) => handle("correlation", &plain.session),
        }
    }

    fn session(name: &str) -> Value {
        let scid = "11111111-2222-3333-4444-555555555555";
        json!({"scid": scid, "templateName": "lobby", "name": name})
    }

    #[test]
    fn every_type_has_its_body() {
        let check = |line: &[&str], expected: Value| assert_eq!(body(line), expected);
        check(
            &["activity", A],
            json!({"type": "activity", "version": 1, "sessionRef": session("a")}),
        );
        check(
            &[
                "invite",
                A,
                "--to",
                "1003",
                "--title-id",
                "123",
                "--context",
                "x",
            ],
            json!({"type": "invite", "version": 1, "sessionRef": session("a"), "invitedXuid": "1003",
                   "inviteAttributes": {"titleId": "123", "context": "x"}}),
        );
        check(
            &["search", A],
            json!({"type": "search", "version": 1, "sessionRef": session("a")}),
        );
        check(
            &[
                "search",
                A,
                "--tag",
                "fun",
                "--string",
                "map=a=b",
                "--number",
                "skill=1.5",
            ],
            json!({"type": "search", "version": 1, "sessionRef": session("a"),
                   "searchAttributes": {"tags": ["fun"], "strings": {"map": "a=b"}, "numbers": {"skill": 1.5}}}),
        );
        check(
            &["transfer", A, "--origin", &A.replace("/a", "/b")],
            json!({"type": "transfer", "version": 1, "sessionRef": session("a"), "originSessionRef": session("b")}),
        );
        check(
            &["correlation", A],
            json!({"type": "correlation", "version": 1, "sessionRef": session("a")}),
        );
    }

    #[test]
    fn attributes_that_are_none_are_explained() {
        assert!(string("map").expect_err("no value").contains("map=canyon"));
        assert!(
            number("skill=high")
                .expect_err("no number")
                .contains("skill=12.5")
        );
    }
}
