//! What the parameters of a query ask of each session.

use convoke_wire::session::query::FoundVisibility;
use convoke_wire::{ContractVersion, Xuid};

use super::{bad, shows_as};
use crate::caller::Caller;
use crate::refusal::{Refusal, Rule};
use crate::session::Session;

/// What the parameters of a query ask of each session (handles 4.2).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conditions {
    /// Only sessions with this keyword, in lower case.
    pub(super) keyword: Option<String>,
    /// Also those where the user has only a place kept.
    pub(super) reservations: bool,
    /// Also those where the user does not play.
    pub(super) inactive: bool,
    /// Also private ones.
    pub(super) private: bool,
    /// Only those that show as this.
    pub(super) visibility: Option<FoundVisibility>,
    /// Only those of this major version or an earlier one.
    version: Option<u32>,
}

impl Conditions {
    /// Reads them; `parameter` gives the value of a query-string parameter.
    pub fn read(
        parameter: impl Fn(&str) -> Option<String>,
        contract: ContractVersion,
    ) -> Result<Self, Refusal> {
        let flag = |name: &str| truth(name, parameter(name));
        let shown = parameter("visibility");
        let most = parameter("version");
        Ok(Self {
            keyword: parameter("keyword").as_deref().map(keyword).transpose()?,
            reservations: flag("reservations")?,
            inactive: flag("inactive")?,
            private: flag("private")?,
            visibility: shown.as_deref().map(visibility).transpose()?,
            version: most.map(|text| version(&text, contract)).transpose()?,
        })
    }

    /// Whether the caller may ask so about these users (handles 4.3).
    pub fn admit(&self, caller: &Caller, own: &[Xuid], users: &[Xuid]) -> Result<(), Refusal> {
        let only_own = !users.is_empty() && users.iter().all(|user| own.contains(user));
        if caller.server || only_own {
            return Ok(());
        }
        for (name, is_set) in [
            ("private", self.private),
            ("reservations", self.reservations),
        ] {
            if is_set {
                let detail = "only the user concerned and services are shown these";
                return Err(Rule::ForeignSessions.at(name, detail));
            }
        }
        Ok(())
    }

    /// Whether a session has the keyword, and is shown as asked for.
    pub fn fit(&self, session: &Session) -> bool {
        let keywords = &session.properties.keywords;
        let has = |word: &String| keywords.iter().any(|it| it.to_lowercase() == *word);
        self.keyword.as_ref().is_none_or(has)
            && self
                .visibility
                .is_none_or(|wanted| wanted == shows_as(session))
            && self.version.is_none_or(|most| version_of(session) <= most)
    }
}

fn truth(name: &str, text: Option<String>) -> Result<bool, Refusal> {
    match text {
        None => Ok(false),
        Some(text) if text.eq_ignore_ascii_case("true") => Ok(true),
        Some(text) if text.eq_ignore_ascii_case("false") => Ok(false),
        Some(_) => Err(bad(name, "expected `true` or `false`")),
    }
}

fn keyword(text: &str) -> Result<String, Refusal> {
    if text.is_empty() {
        return Err(bad("keyword", "expected a word"));
    }
    Ok(text.to_lowercase())
}

fn visibility(text: &str) -> Result<FoundVisibility, Refusal> {
    FoundVisibility::parse(text).ok_or_else(|| {
        bad(
            "visibility",
            "expected `open`, `full`, `visible` or `private`",
        )
    })
}

/// A contract's last two digits are the latest major version it knows. `[doc]`
fn version(text: &str, contract: ContractVersion) -> Result<u32, Refusal> {
    let latest = u32::from(contract.number() % 100);
    match text.parse() {
        Ok(version) if (1..=latest).contains(&version) => Ok(version),
        _ => Err(bad("version", format!("expected 1 to {latest}"))),
    }
}

/// A session that names none is of the first. `[doc]`
fn version_of(session: &Session) -> u32 {
    session.constants.version.unwrap_or(1)
}
