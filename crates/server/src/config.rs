//! The configuration: one TOML file, the environment, then flags; every key optional.
//!
//! Not here: the flags (the command's), and service configurations, which are files of their own
//! (`service_configs`).

mod auth;
mod cors;
mod environment;
mod handles;
mod keys;
mod limits;
mod people;
mod profile;
mod realtime;
mod telemetry;
mod tls;

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use auth::{ApiKeyConfig, Auth, CertifiedServiceConfig, SignatureMode};
pub use cors::{Cors, Origin};
pub use handles::{HandlesConfig, InviteLifetime};
pub use keys::{schema, schema_part};
pub(crate) use limits::MAX_SESSIONS_PER_USER;
pub use limits::{Limits, Mode, Network, PerAddress, Scale, SessionsPerUser};
pub use people::{FriendModel, PeopleConfig, PeopleUrl};
pub use profile::Profile;
pub use realtime::RealTimeConfig;
pub use telemetry::{Endpoint, SampleRatio, ServiceName, Telemetry};
pub use tls::TlsConfig;

/// What the server is told at start.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Config {
    /// What the service is run for; `production` refuses what is only meant for development.
    pub profile: Profile,
    /// The address to listen on.
    pub listen: SocketAddr,
    /// The folder of everything that outlives the process; made when missing.
    pub data: PathBuf,
    /// Where sessions and handles are kept.
    pub store: StoreChoice,
    /// The folder of service configurations; without one, the sample is served.
    pub service_configs: Option<PathBuf>,
    /// Whether anybody who asks is given a token, which is for development only.
    pub dev_issuer: bool,
    /// Lets the development issuer listen where other machines reach it.
    pub i_know_this_is_insecure: bool,
    /// The certificate of the listener; without one it speaks plain HTTP.
    pub tls: Option<TlsConfig>,
    /// Who may call, and how they prove who they are.
    pub auth: Auth,
    /// How much callers may ask.
    pub limits: Limits,
    /// How long what leads to sessions lasts.
    pub handles: HandlesConfig,
    /// Web pages that may call the services from a browser.
    pub cors: Cors,
    /// Whose people graph and privacy choices count; without an address, those that are kept here.
    pub people: PeopleConfig,
    /// Real-time activity: sockets, and what a lost connection does.
    pub rta: RealTimeConfig,
    /// Traces of requests for an OpenTelemetry collector; needs a program built with the feature `otlp`.
    pub telemetry: Telemetry,
}

/// Where sessions are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StoreChoice {
    /// Nothing survives the process.
    Memory,
    /// One SQLite file in the data directory.
    #[default]
    Sqlite,
    /// Files in the data directory that are appended to, and everything in memory: less work per
    /// write than SQLite, and files that no other program reads.
    Log,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            profile: Profile::default(),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            data: PathBuf::from("./convoke-data"),
            store: StoreChoice::Sqlite,
            service_configs: None,
            dev_issuer: true,
            auth: Auth::default(),
            i_know_this_is_insecure: false,
            tls: None,
            limits: Limits::default(),
            handles: HandlesConfig::default(),
            cors: Cors::default(),
            people: PeopleConfig::default(),
            rta: RealTimeConfig::default(),
            telemetry: Telemetry::default(),
        }
    }
}

impl Config {
    /// Reads a file, or takes the defaults when there is none to read, and lays the variables of
    /// the environment over it.
    ///
    /// Relative paths in the file are relative to its folder. Unknown keys are errors, all at once.
    pub fn load(path: Option<&Path>, environment: &[(String, String)]) -> anyhow::Result<Self> {
        let config = match path {
            Some(path) => Self::of_file(path)?,
            None => Self::default(),
        };
        let config = environment::over(config, environment)?;
        config.people.check()?;
        Ok(config)
    }

    fn of_file(path: &Path) -> anyhow::Result<Self> {
        let text = fs::read_to_string(path)
            .with_context(|| format!("failed to read the configuration {}", path.display()))?;
        let mut config = parse(&text)
            .with_context(|| format!("the configuration {} is not valid", path.display()))?;
        config.resolve_paths(path.parent().unwrap_or(Path::new("")));
        Ok(config)
    }

    /// Reads the text of a file; relative paths stay as they are.
    pub fn from_toml(text: &str) -> anyhow::Result<Self> {
        parse(text)
    }

    /// Makes relative paths relative to a folder, which for a file is its own.
    fn resolve_paths(&mut self, folder: &Path) {
        self.data = folder.join(&self.data);
        let optional = [&mut self.service_configs];
        for path in optional.into_iter().flatten() {
            *path = folder.join(&*path);
        }
        self.auth.resolve_paths(folder);
        self.people.resolve_paths(folder);
        self.telemetry.resolve_paths(folder);
        if let Some(tls) = &mut self.tls {
            tls.resolve_paths(folder);
        }
    }
}

fn parse(text: &str) -> anyhow::Result<Config> {
    let mut unknown = Vec::new();
    let document = toml::Deserializer::parse(text)?;
    let config: Config =
        serde_ignored::deserialize(document, |path| unknown.push(path.to_string()))?;
    if unknown.is_empty() {
        config.auth.check()?;
        config.people.check()?;
        return Ok(config);
    }
    let problems: Vec<_> = unknown.iter().map(|path| keys::unknown(path)).collect();
    bail!("{}", problems.join("\n"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_file_is_the_defaults() {
        let config = parse("").expect("valid");
        assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(config.data, Path::new("./convoke-data"));
        assert!(matches!(config.store, StoreChoice::Sqlite));
        assert!(config.service_configs.is_none() && config.dev_issuer);
    }

    #[test]
    fn every_key_is_read_and_paths_are_relative_to_the_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("convoke.toml");
        let text = r#"
            listen = "[::1]:9000"
            data = "state"
            store = "memory"
            service_configs = "/etc/convoke"
            dev_issuer = false
        "#;
        fs::write(&path, text).expect("written");
        let config = Config::load(Some(&path), &[]).expect("valid");
        assert_eq!(config.listen.to_string(), "[::1]:9000");
        assert_eq!(config.data, folder.path().join("state"));
        assert!(matches!(config.store, StoreChoice::Memory));
        assert_eq!(
            config.service_configs.as_deref(),
            Some(Path::new("/etc/convoke"))
        );
        assert!(!config.dev_issuer);
    }

    #[test]
    fn no_file_is_the_defaults_and_a_missing_file_is_an_error() {
        assert!(Config::load(None, &[]).is_ok());
        let error = Config::load(Some(Path::new("no-such-file.toml")), &[]).expect_err("missing");
        assert!(error.to_string().contains("no-such-file.toml"), "{error}");
    }

    #[test]
    fn every_unknown_key_is_named_with_the_one_that_was_meant() {
        let text = "servce_configs = \"a\"\nDev-Issuer = true\n[limitations]\nburst = 3\n";
        let error = parse(text).expect_err("three unknown keys").to_string();
        let keys = keys::keys_of("").join(", ");
        assert!(keys.contains("dev_issuer, "), "{keys}");
        let expected = format!(
            "unknown key `Dev-Issuer`; did you mean `dev_issuer`?\n\
             unknown key `limitations`; the keys here are {keys}\n\
             unknown key `servce_configs`; did you mean `service_configs`?"
        );
        assert_eq!(error, expected);
    }

    #[test]
    fn a_wrong_value_says_what_was_expected() {
        let check = |text: &str, expected: &str| {
            let error = format!("{:#}", parse(text).expect_err(text));
            assert!(error.contains(expected), "{error}");
        };
        check(
            "store = \"postgres\"",
            "expected one of `memory`, `sqlite`, `log`",
        );
        check("listen = \"localhost\"", "socket address");
        check("dev_issuer = \"yes\"", "boolean");
        check("listen = ", "listen");
    }
}
