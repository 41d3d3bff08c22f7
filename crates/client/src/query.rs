//! Which sessions there are: of users, or with a keyword. `[doc]`

use convoke_wire::json::read_answer;
use convoke_wire::session::properties::Restriction;
use convoke_wire::time::WireTime;
use convoke_wire::{Scid, SessionRef, TemplateName, Xuid};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use serde::{Deserialize, Serialize};

use crate::client::Client;
use crate::error::Error;
use crate::raw::{Call, Repeat};
use crate::refusal::Refusal;

/// A question for sessions; the service wants it to name users or a keyword.
#[derive(Debug, Clone)]
pub struct SessionQuery {
    client: Client,
    scid: Scid,
    template: Option<TemplateName>,
    users: Vec<Xuid>,
    parameters: Vec<(&'static str, String)>,
}

/// A session in the answer. Whatever a service may leave out is optional.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionListing {
    /// The session.
    pub session_ref: SessionRef,
    /// The user it was found for.
    #[serde(default)]
    pub xuid: Option<Xuid>,
    /// When the session was created.
    #[serde(default)]
    pub start_time: Option<WireTime>,
    /// About how many members there are, reservations not counted.
    #[serde(default)]
    pub accepted: Option<u32>,
    /// What the user is in the session.
    #[serde(default)]
    pub status: Option<UserState>,
    /// `open`, `visible`, `private`, or `full` when open and without a free place.
    #[serde(default)]
    pub visibility: Option<String>,
    /// Who may join, where that is restricted.
    #[serde(default)]
    pub join_restriction: Option<Restriction>,
    /// Whether it is the user's turn.
    #[serde(default)]
    pub my_turn: bool,
    /// The session's keywords.
    #[serde(default)]
    pub keywords: Vec<String>,
}

/// What a user is in a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum UserState {
    /// An active member.
    Active,
    /// A member who is not active.
    Inactive,
    /// Somebody with a reservation.
    Reserved,
    /// Something else.
    #[serde(other)]
    Other,
}

#[derive(Debug, Serialize)]
struct Batch<'a> {
    xuids: &'a [Xuid],
}

#[derive(Debug, Deserialize)]
struct Results {
    results: Vec<SessionListing>,
}

impl SessionQuery {
    pub(crate) fn new(client: Client, scid: Scid) -> Self {
        Self {
            client,
            scid,
            template: None,
            users: Vec::new(),
            parameters: Vec::new(),
        }
    }

    /// Only sessions of a template.
    #[must_use]
    pub fn template(mut self, template: TemplateName) -> Self {
        self.template = Some(template);
        self
    }

    /// Sessions that a user is in; of several users, the sessions of each, in their order.
    #[must_use]
    pub fn user(mut self, xuid: Xuid) -> Self {
        self.users.push(xuid);
        self
    }

    /// Sessions with a keyword.
    #[must_use]
    pub fn keyword(self, keyword: &str) -> Self {
        let keyword = utf8_percent_encode(keyword, NON_ALPHANUMERIC).to_string();
        self.parameter("keyword", keyword)
    }

    /// Also sessions where the user is not active.
    #[must_use]
    pub fn with_inactive(self) -> Self {
        self.parameter("inactive", "true")
    }

    /// Also sessions where the user has a reservation; for the caller's own only.
    #[must_use]
    pub fn with_reservations(self) -> Self {
        self.parameter("reservations", "true")
    }

    /// Also private sessions; for the caller's own only.
    #[must_use]
    pub fn with_private(self) -> Self {
        self.parameter("private", "true")
    }

    /// Only sessions with this visibility: `open`, `full`, `visible` or `private`.
    #[must_use]
    pub fn visibility(self, word: &str) -> Self {
        let word = utf8_percent_encode(word, NON_ALPHANUMERIC).to_string();
        self.parameter("visibility", word)
    }

    /// How many at most; 100 unless said, and never more.
    #[must_use]
    pub fn take(self, most: u32) -> Self {
        self.parameter("take", most.to_string())
    }

    /// Asks. One user goes into the address, several into a batch. `[client]`
    pub async fn send(self) -> Result<Vec<SessionListing>, Error> {
        let answer = self.client.send(&self.call()?).await?;
        if !answer.status.is_success() {
            return Err(Refusal::of(&answer).into());
        }
        let results: Results = read_answer(&answer.body).map_err(|problem| Error::Unreadable {
            what: "list of sessions",
            problem,
        })?;
        Ok(results.results)
    }

    fn call(&self) -> Result<Call, Error> {
        let mut path = format!("/serviceconfigs/{}", self.scid);
        if let Some(template) = &self.template {
            path = format!("{path}/sessiontemplates/{template}");
        }
        let mut parameters = self.parameters.clone();
        let is_batch = 1 < self.users.len();
        if let ([user], false) = (self.users.as_slice(), is_batch) {
            parameters.insert(0, ("xuid", user.to_string()));
        }
        path.push_str(if is_batch { "/batch" } else { "/sessions" });
        for (index, (name, value)) in parameters.iter().enumerate() {
            let mark = if index == 0 { '?' } else { '&' };
            path = format!("{path}{mark}{name}={value}");
        }
        if !is_batch {
            return Ok(Call::new(Method::GET, path));
        }
        let batch = Batch { xuids: &self.users };
        // It only reads.
        Call::new(Method::POST, path)
            .repeat(Repeat::Always)
            .json(&batch)
    }

    fn parameter(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.parameters.push((name, value.into()));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCID: &str = "11111111-2222-3333-4444-555555555555";

    fn query() -> SessionQuery {
        let client = Client::builder("http://127.0.0.1:1")
            .build()
            .expect("a client");
        client.sessions(SCID.parse().expect("a GUID"))
    }

    #[test]
    fn one_user_is_asked_for_in_the_address_and_several_in_a_batch() {
        let call = query()
            .user(Xuid(1))
            .with_inactive()
            .take(5)
            .call()
            .expect("a call");
        let path = format!("/serviceconfigs/{SCID}/sessions?xuid=1&inactive=true&take=5");
        assert_eq!((call.method, call.path), (Method::GET, path));

        let template = "lobby".parse().expect("a name");
        let query = query().template(template).user(Xuid(2)).user(Xuid(1));
        let call = query.with_private().call().expect("a call");
        let path = format!("/serviceconfigs/{SCID}/sessiontemplates/lobby/batch?private=true");
        assert_eq!((call.method, call.path), (Method::POST, path));
        assert_eq!(call.body.as_deref(), Some(r#"{"xuids":["2","1"]}"#));
    }

    #[test]
    fn keywords_are_escaped() {
        let call = query().keyword("a&b=ü").call().expect("a call");
        assert!(
            call.path.ends_with("/sessions?keyword=a%26b%3D%C3%BC"),
            "{}",
            call.path
        );
    }
}
