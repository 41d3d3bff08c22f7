//! `[people]`: where the people graph is kept, if not here.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use anyhow::ensure;
use reqwest::Url;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whose people graph and privacy choices count; without an address, those that are kept here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PeopleConfig {
    /// How users become friends; `request` only where the people graph is kept here, without `url`.
    pub friend_model: FriendModel,
    /// The address of a people service of your own, as in `https://people.example/xbl`; what it is
    /// asked is in `docs/people.md`.
    pub url: Option<PeopleUrl>,
    /// A file with the value of the `Authorization` header for it; readable by its owner only.
    pub authorization_file: Option<PathBuf>,
    /// Milliseconds within which it must have answered a question.
    pub timeout_ms: NonZeroU32,
}

/// How users become friends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FriendModel {
    /// By following each other.
    #[default]
    Follow,
    /// By a request that the other accepts; friends follow each other from then on.
    Request,
}

/// Longest address of a people service, in bytes. Ours.
const MAX_URL_LEN: usize = 1024;

/// The address of a people service: https, or on this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct PeopleUrl(Url);

impl Default for PeopleConfig {
    fn default() -> Self {
        Self {
            friend_model: FriendModel::Follow,
            url: None,
            authorization_file: None,
            // Inferred: people 7
            timeout_ms: NonZeroU32::new(300).expect("not zero"),
        }
    }
}

impl PeopleConfig {
    /// Checks what keys say together.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        ensure!(
            self.url.is_none() || self.friend_model == FriendModel::Follow,
            "people.friend_model: `request` does not go with `people.url`, whose service says who \
             the friends are; remove one of the two"
        );
        Ok(())
    }

    /// Makes relative paths relative to a folder.
    pub(super) fn resolve_paths(&mut self, folder: &Path) {
        if let Some(path) = &mut self.authorization_file {
            *path = folder.join(&*path);
        }
    }
}

impl PeopleUrl {
    /// The address without a slash at its end.
    pub(crate) fn base(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    /// Whether it is on this machine.
    pub(crate) fn is_local(&self) -> bool {
        is_local(&self.0)
    }
}

fn is_local(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address: Option<IpAddr> = host.trim_matches(['[', ']']).parse().ok();
    host == "localhost" || address.is_some_and(|address| address.to_canonical().is_loopback())
}

impl TryFrom<String> for PeopleUrl {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = |flaw: &str| format!("people.url: {flaw}");
        if MAX_URL_LEN < text.len() {
            return Err(wrong(&format!("longer than {MAX_URL_LEN} bytes")));
        }
        let shape = || wrong("expected an address such as https://people.example/xbl");
        let url = Url::parse(&text).map_err(|_| shape())?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong(
                "credentials do not belong into an address; use `people.authorization_file`",
            ));
        }
        if !url.has_host() || url.query().is_some() || url.fragment().is_some() {
            return Err(shape());
        }
        match url.scheme() {
            "https" => Ok(Self(url)),
            "http" if is_local(&url) => Ok(Self(url)),
            "http" => Err(wrong("http is for this machine only; use https")),
            _ => Err(shape()),
        }
    }
}

impl From<PeopleUrl> for String {
    fn from(url: PeopleUrl) -> Self {
        url.0.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, parse};

    #[test]
    fn every_key_is_read_and_written_back() {
        let text = r#"
            [people]
            friend_model = "follow"
            url = "https://people.example/xbl/"
            authorization_file = "secret"
            timeout_ms = 150
        "#;
        let people = parse(text).expect("valid").people;
        let url = people.url.as_ref().expect("an address");
        assert_eq!(url.base(), "https://people.example/xbl");
        assert_eq!(
            people.authorization_file.as_deref(),
            Some("secret".as_ref())
        );
        assert_eq!(people.timeout_ms.get(), 150);
        assert_eq!(people.friend_model, FriendModel::Follow);
        let written = Config {
            people: people.clone(),
            ..Config::default()
        };
        let written = toml::to_string(&written).expect("TOML");
        assert_eq!(parse(&written).expect("valid").people, people);
    }

    #[test]
    fn requests_make_friends_only_where_the_graph_is_kept_here() {
        let requests = "[people]\nfriend_model = \"request\"\n";
        let people = parse(requests).expect("valid").people;
        assert_eq!(people.friend_model, FriendModel::Request);
        let url = "https://people.example";
        let in_file = parse(&format!("{requests}url = \"{url}\"")).expect_err("both");
        let variable = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let given = [
            variable("CONVOKE_PEOPLE__FRIEND_MODEL", "request"),
            variable("CONVOKE_PEOPLE__URL", url),
        ];
        let in_environment = Config::load(None, &given).expect_err("both");
        for error in [in_file, in_environment] {
            let text = format!("{error:#}");
            assert!(text.contains("people.friend_model: `request`"), "{text}");
            assert!(text.contains("`people.url`"), "{text}");
        }
    }

    #[test]
    fn an_address_is_https_or_on_this_machine() {
        for (address, local) in [
            ("http://127.0.0.1:9000", true),
            ("http://localhost/people", true),
            ("http://[::1]:9000/", true),
            ("https://people.example", false),
        ] {
            let url = PeopleUrl::try_from(address.to_owned()).expect(address);
            assert_eq!(url.is_local(), local, "{address}");
        }
        let long = format!("https://{}", "x".repeat(MAX_URL_LEN));
        for (address, expected) in [
            ("http://people.example", "use https"),
            ("ftp://people.example", "expected an address"),
            ("people.example", "expected an address"),
            ("https://people.example/?a=1", "expected an address"),
            ("https://people.example/#a", "expected an address"),
            (
                "https://me:secret@people.example",
                "`people.authorization_file`",
            ),
            (long.as_str(), "longer than 1024 bytes"),
            ("", "expected an address"),
        ] {
            let line = format!("[people]\nurl = \"{address}\"");
            let error = format!("{:#}", parse(&line).expect_err(address));
            assert!(error.contains("people.url: "), "{error}");
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn no_time_at_all_is_no_time_limit() {
        parse("[people]\ntimeout_ms = 0").expect_err("zero");
    }
}
