//! `[telemetry]`: where traces of requests are sent, and of how many.
//!
//! Not here: sending them (`telemetry`), and metrics and logs, which need no configuration.

use std::path::{Path, PathBuf};

use http::Uri;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Traces of requests for an OpenTelemetry collector; needs a program built with the feature `otlp`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Telemetry {
    /// The collector's address for OTLP over HTTP, as in `http://localhost:4318`; `/v1/traces` is
    /// added unless it is there. Without an address nothing is sent.
    pub otlp_endpoint: Option<Endpoint>,
    /// The name under which traces are found, at most 128 characters.
    pub service_name: ServiceName,
    /// The part of all traces that is sent, from 0 to 1; which ones depends on their ids alone, so
    /// that services with the same ratio send the same.
    pub sample_ratio: SampleRatio,
    /// Whether the sampled flag of a sender's `traceparent` goes before the ratio; only for senders
    /// who may decide how much is sent.
    pub follow_parent: bool,
    /// A file of headers for the collector, such as its credentials, one `name: value` a line;
    /// readable by its owner only.
    pub headers_file: Option<PathBuf>,
}

/// Longest address of a collector, in bytes. Ours.
const MAX_ENDPOINT_LEN: usize = 1024;

/// Longest name of a service, in characters. Ours.
const MAX_SERVICE_NAME_LEN: usize = 128;

/// Where a collector takes traces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Endpoint(Uri);

/// A name that is not empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct ServiceName(String);

/// A part of a whole.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "f64")]
pub struct SampleRatio(#[schemars(range(min = 0, max = 1))] f64);

impl Telemetry {
    /// What a program built without the feature says to an address.
    pub(super) fn problem(&self) -> Option<String> {
        let asked_for = self.otlp_endpoint.is_some();
        (asked_for && !cfg!(feature = "otlp")).then(|| {
            "`telemetry.otlp_endpoint`: this program was built without the feature `otlp` and \
             cannot send traces; remove the key, or build it with `--features otlp`"
                .to_owned()
        })
    }

    /// Makes relative paths relative to a folder.
    pub(super) fn resolve_paths(&mut self, folder: &Path) {
        if let Some(path) = &mut self.headers_file {
            *path = folder.join(&*path);
        }
    }
}

impl Endpoint {
    /// The full address for traces.
    pub fn traces(&self) -> String {
        let base = self.0.to_string();
        let base = base.trim_end_matches('/');
        let base = base.strip_suffix("/v1/traces").unwrap_or(base);
        format!("{base}/v1/traces")
    }

    /// Whether nobody on the network reads what is sent there: it is on this machine, or https.
    pub fn is_safe(&self) -> bool {
        self.0.scheme_str() == Some("https") || self.is_local()
    }

    /// Whether it is on this machine.
    pub(crate) fn is_local(&self) -> bool {
        let host = self.0.host().unwrap_or_default();
        let address: Option<std::net::IpAddr> = host.trim_matches(['[', ']']).parse().ok();
        host == "localhost" || address.is_some_and(|address| address.is_loopback())
    }
}

impl TryFrom<String> for Endpoint {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = |flaw: &str| format!("telemetry.otlp_endpoint: {flaw}");
        if MAX_ENDPOINT_LEN < text.len() {
            return Err(wrong(&format!("longer than {MAX_ENDPOINT_LEN} bytes")));
        }
        let shape = || wrong("expected an http or https address such as http://localhost:4318");
        let uri: Uri = text.parse().map_err(|_| shape())?;
        let authority = uri.authority().ok_or_else(shape)?;
        if authority.as_str().contains('@') {
            return Err(wrong(
                "credentials do not belong into an address; use `telemetry.headers_file`",
            ));
        }
        match uri.scheme_str() {
            Some("http" | "https") if uri.query().is_none() => Ok(Self(uri)),
            _ => Err(shape()),
        }
    }
}

impl From<Endpoint> for String {
    fn from(endpoint: Endpoint) -> Self {
        endpoint.0.to_string()
    }
}

impl ServiceName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for ServiceName {
    fn default() -> Self {
        Self("convoke".to_owned())
    }
}

impl TryFrom<String> for ServiceName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let length = text.chars().count();
        if (1..=MAX_SERVICE_NAME_LEN).contains(&length) && !text.chars().any(char::is_control) {
            return Ok(Self(text));
        }
        Err(format!(
            "telemetry.service_name: expected 1 to {MAX_SERVICE_NAME_LEN} printable characters, \
             found {length}"
        ))
    }
}

impl From<ServiceName> for String {
    fn from(name: ServiceName) -> Self {
        name.0
    }
}

impl SampleRatio {
    /// The part, from 0 to 1.
    pub fn part(self) -> f64 {
        self.0
    }
}

impl Default for SampleRatio {
    fn default() -> Self {
        Self(1.0)
    }
}

impl TryFrom<f64> for SampleRatio {
    type Error = String;

    fn try_from(part: f64) -> Result<Self, String> {
        if (0.0..=1.0).contains(&part) {
            return Ok(Self(part));
        }
        Err(format!(
            "telemetry.sample_ratio: expected a number from 0 to 1, found {part}"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, parse};

    #[test]
    fn every_key_is_read_and_written_back() {
        let text = r#"
            [telemetry]
            otlp_endpoint = "https://collector.example/otlp"
            service_name = "lobby"
            sample_ratio = 0.25
            follow_parent = true
            headers_file = "secret"
        "#;
        let config = parse(text).expect("valid");
        let telemetry = Telemetry {
            otlp_endpoint: Some(Endpoint(Uri::from_static("https://collector.example/otlp"))),
            service_name: ServiceName("lobby".to_owned()),
            sample_ratio: SampleRatio(0.25),
            follow_parent: true,
            headers_file: Some("secret".into()),
        };
        assert_eq!(config.telemetry, telemetry);
        let written = toml::to_string(&config).expect("TOML");
        assert_eq!(parse(&written).expect("valid").telemetry, telemetry);
    }

    #[test]
    fn without_the_section_nothing_is_sent() {
        let telemetry = Config::default().telemetry;
        assert_eq!(telemetry.otlp_endpoint, None);
        assert_eq!(telemetry.service_name.as_str(), "convoke");
        assert!(!telemetry.follow_parent);
    }

    #[test]
    fn traces_have_an_address_of_their_own() {
        for (given, traces) in [
            ("http://localhost:4318", "http://localhost:4318/v1/traces"),
            ("http://localhost:4318/", "http://localhost:4318/v1/traces"),
            ("https://c.example/otlp", "https://c.example/otlp/v1/traces"),
            (
                "https://c.example/otlp/v1/traces",
                "https://c.example/otlp/v1/traces",
            ),
        ] {
            let endpoint = Endpoint::try_from(given.to_owned()).expect(given);
            assert_eq!(endpoint.traces(), traces);
        }
    }

    #[test]
    fn the_machine_itself_is_known() {
        for (address, local) in [
            ("http://localhost:4318", true),
            ("http://127.0.0.2", true),
            ("http://[::1]:4318", true),
            ("http://10.0.0.1", false),
            ("http://localhost.example", false),
        ] {
            let endpoint = Endpoint::try_from(address.to_owned()).expect(address);
            assert_eq!(endpoint.is_local(), local, "{address}");
        }
    }

    #[test]
    fn mistakes_are_named_by_their_key() {
        let check = |line: &str, expected: &str| {
            let text = format!("[telemetry]\n{line}");
            let error = format!("{:#}", parse(&text).expect_err(line));
            assert!(error.contains(expected), "{error}");
        };
        let long = format!("http://{}", "x".repeat(MAX_ENDPOINT_LEN));
        for (address, expected) in [
            ("localhost:4318", "expected an http or https address"),
            ("grpc://localhost:4317", "expected an http or https address"),
            (
                "http://c.example/?key=1",
                "expected an http or https address",
            ),
            ("/v1/traces", "expected an http or https address"),
            ("", "expected an http or https address"),
            ("https://me:secret@c.example", "`telemetry.headers_file`"),
            (&long, "longer than 1024 bytes"),
        ] {
            let expected = format!("telemetry.otlp_endpoint: {expected}");
            let line = format!("otlp_endpoint = \"{address}\"");
            let error = format!(
                "{:#}",
                parse(&format!("[telemetry]\n{line}")).expect_err(address)
            );
            let (key, rest) = expected.split_once(": ").expect("a key");
            assert!(error.contains(key) && error.contains(rest), "{error}");
        }
        for ratio in ["-0.1", "1.1", "nan", "inf"] {
            let expected = "telemetry.sample_ratio: expected a number from 0 to 1";
            check(&format!("sample_ratio = {ratio}"), expected);
        }
        let long = "x".repeat(MAX_SERVICE_NAME_LEN + 1);
        for name in ["", &long, "a\\nb"] {
            let expected = "telemetry.service_name: expected 1 to 128 printable characters";
            check(&format!("service_name = \"{name}\""), expected);
        }
        check("otlp_endpont = 1", "did you mean `otlp_endpoint`?");
    }

    #[test]
    fn a_program_that_cannot_send_traces_says_so() {
        let mut telemetry = Telemetry::default();
        assert_eq!(telemetry.problem(), None);
        telemetry.otlp_endpoint = Some(Endpoint(Uri::from_static("http://localhost")));
        let problem = telemetry.problem();
        assert_eq!(problem.is_none(), cfg!(feature = "otlp"), "{problem:?}");
        assert!(problem.is_none_or(|text| text.contains("`telemetry.otlp_endpoint`")));
    }
}
