//! Asking a people service, within its time and no more than an answer can be long.

use std::time::Duration;

use anyhow::Context as _;
use convoke_wire::headers::CONTRACT_VERSION;
use http::HeaderValue;
use http::header::AUTHORIZATION;
use reqwest::redirect::Policy;
use reqwest::{RequestBuilder, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::super::GraphError;
use crate::config::PeopleConfig;
use crate::tls::read_secret;

/// Most bytes of an answer: two thousand people with all that clients know of them.
const MAX_ANSWER_LEN: usize = 4 * 1024 * 1024;

const KEY: &str = "people.authorization_file";

/// The client of one people service.
#[derive(Debug)]
pub(super) struct Client {
    http: reqwest::Client,
    base: String,
    authorization: Option<HeaderValue>,
}

impl Client {
    /// `None` without an address.
    pub(super) fn open(config: &PeopleConfig) -> anyhow::Result<Option<Self>> {
        let Some(url) = &config.url else {
            return Ok(None);
        };
        let mut builder = reqwest::Client::builder()
            .timeout(Duration::from_millis(config.timeout_ms.get().into()))
            // Credentials are for the configured address only.
            .redirect(Policy::none())
            .user_agent(concat!("convoke/", env!("CARGO_PKG_VERSION")));
        if url.is_local() {
            // A proxy of the environment would look for the service on its own machine.
            builder = builder.no_proxy();
        }
        Ok(Some(Self {
            http: builder.build().context("people.url cannot be asked")?,
            base: url.base().to_owned(),
            authorization: authorization(config)?,
        }))
    }

    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        contract: &'static str,
    ) -> Result<T, GraphError> {
        let request = self.http.get(format!("{}{path}", self.base));
        self.ask(request, contract).await
    }

    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        contract: &'static str,
        body: &impl Serialize,
    ) -> Result<T, GraphError> {
        let request = self.http.post(format!("{}{path}", self.base)).json(body);
        self.ask(request, contract).await
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        mut request: RequestBuilder,
        contract: &'static str,
    ) -> Result<T, GraphError> {
        request = request.header(CONTRACT_VERSION, contract);
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization.clone());
        }
        // Users are in the addresses, and not for the log.
        let failed = |error: reqwest::Error| {
            let error = anyhow::Error::new(error.without_url());
            GraphError::Service(format!("{error:#}"))
        };
        let mut answer = request.send().await.map_err(failed)?;
        if answer.status() != StatusCode::OK {
            let status = answer.status();
            return Err(GraphError::Service(format!("it answers {status}")));
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(failed)? {
            if MAX_ANSWER_LEN < body.len() + chunk.len() {
                let text = format!("its answer is longer than {MAX_ANSWER_LEN} bytes");
                return Err(GraphError::Service(text));
            }
            body.extend_from_slice(&chunk);
        }
        serde_json::from_slice(&body).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            GraphError::Service(format!(
                "its answer is not of the form that is expected, at {line}:{column}"
            ))
        })
    }
}

/// The value of the file. It is never shown.
fn authorization(config: &PeopleConfig) -> anyhow::Result<Option<HeaderValue>> {
    let Some(path) = &config.authorization_file else {
        return Ok(None);
    };
    let bytes = read_secret(path, KEY)?;
    let value = HeaderValue::from_bytes(bytes.trim_ascii()).ok();
    let mut value = value
        .filter(|value| !value.is_empty())
        .with_context(|| format!("{KEY}: {} is no value of a header", path.display()))?;
    value.set_sensitive(true);
    Ok(Some(value))
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn open(content: &str, mode: u32) -> anyhow::Result<Option<Client>> {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("authorization");
        fs::write(&file, content).expect("written");
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("changed");
        Client::open(&PeopleConfig {
            url: Some(
                "https://people.example"
                    .to_owned()
                    .try_into()
                    .expect("valid"),
            ),
            authorization_file: Some(file),
            ..PeopleConfig::default()
        })
    }

    #[test]
    fn the_secret_is_read_from_a_file_of_its_own_and_never_shown() {
        let client = open(" Bearer secret\n", 0o600).expect("valid");
        let client = client.expect("an address was given");
        let value = client.authorization.as_ref().expect("a value");
        assert_eq!(value, "Bearer secret");
        assert!(!format!("{client:?}").contains("secret"));
        for (content, mode) in [("", 0o600), ("two\nlines", 0o600), ("Bearer secret", 0o644)] {
            let error = format!("{:#}", open(content, mode).expect_err(content));
            assert!(error.contains(KEY) && !error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn without_an_address_nobody_is_asked() {
        let client = Client::open(&PeopleConfig::default()).expect("valid");
        assert!(client.is_none());
    }
}
