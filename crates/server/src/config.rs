//! The configuration file: one TOML file, every key optional.
//!
//! Not here: the flags that override it (the command's), and service configurations, which are
//! files of their own (`service_configs`).

use std::fmt;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};

use crate::app::{Settings, StoreChoice};
use crate::service_configs::nearest::nearest;

/// Every key there is.
const KEYS: &[&str] = &["listen", "data", "store", "service_configs", "dev_issuer"];

/// What the server is told at start.
#[derive(Debug, Clone)]
pub struct Config {
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
}

/// The file as it is written.
#[derive(Default, Deserialize)]
#[serde(default)]
struct ConfigFile {
    listen: Option<SocketAddr>,
    data: Option<PathBuf>,
    #[serde(deserialize_with = "store")]
    store: Option<StoreChoice>,
    service_configs: Option<PathBuf>,
    dev_issuer: Option<bool>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            data: PathBuf::from("./convoke-data"),
            store: StoreChoice::Sqlite,
            service_configs: None,
            dev_issuer: true,
        }
    }
}

impl Config {
    /// Reads a file, or takes the defaults when there is none to read.
    ///
    /// Relative paths in the file are relative to its folder. Unknown keys are errors, all at once.
    pub fn load(path: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = path else {
            return Ok(Self::default());
        };
        let text = fs::read_to_string(path)
            .with_context(|| format!("failed to read the configuration {}", path.display()))?;
        let file = parse(&text)
            .with_context(|| format!("the configuration {} is not valid", path.display()))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        Ok(file.over_defaults(folder))
    }

    /// The part of it that the application is opened with.
    pub fn settings(&self) -> Settings {
        Settings {
            store: self.store,
            data_dir: self.data.clone(),
            service_configs: self.service_configs.clone(),
            dev_issuer: self.dev_issuer,
        }
    }
}

impl ConfigFile {
    fn over_defaults(self, folder: &Path) -> Config {
        let defaults = Config::default();
        let resolve = |path: PathBuf| folder.join(path);
        Config {
            listen: self.listen.unwrap_or(defaults.listen),
            data: self.data.map_or(defaults.data, resolve),
            store: self.store.unwrap_or(defaults.store),
            service_configs: self.service_configs.map(resolve),
            dev_issuer: self.dev_issuer.unwrap_or(defaults.dev_issuer),
        }
    }
}

fn parse(text: &str) -> anyhow::Result<ConfigFile> {
    let mut unknown = Vec::new();
    let document = toml::Deserializer::parse(text)?;
    let config = serde_ignored::deserialize(document, |path| unknown.push(path.to_string()))?;
    if unknown.is_empty() {
        return Ok(config);
    }
    let problems: Vec<_> = unknown.iter().map(|path| unknown_key(path)).collect();
    bail!("{}", problems.join("\n"));
}

fn unknown_key(path: &str) -> String {
    match nearest(path, KEYS) {
        Some(known) => format!("unknown key `{path}`; did you mean `{known}`?"),
        None => format!("unknown key `{path}`; the keys are {}", KEYS.join(", ")),
    }
}

fn store<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<StoreChoice>, D::Error> {
    struct Name;
    impl Visitor<'_> for Name {
        type Value = StoreChoice;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("\"sqlite\" or \"memory\"")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<StoreChoice, E> {
            match text {
                "sqlite" => Ok(StoreChoice::Sqlite),
                "memory" => Ok(StoreChoice::Memory),
                other => Err(E::invalid_value(de::Unexpected::Str(other), &self)),
            }
        }
    }
    deserializer.deserialize_str(Name).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_file_is_the_defaults() {
        let config = parse("").expect("valid");
        let config = config.over_defaults(Path::new("/etc"));
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
        let config = Config::load(Some(&path)).expect("valid");
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
        assert!(Config::load(None).is_ok());
        let error = Config::load(Some(Path::new("no-such-file.toml"))).expect_err("missing");
        assert!(error.to_string().contains("no-such-file.toml"), "{error}");
    }

    #[test]
    fn every_unknown_key_is_named_with_the_one_that_was_meant() {
        let text = "servce_configs = \"a\"\nDev-Issuer = true\n[limits]\nburst = 3\n";
        let error = parse(text).err().expect("three unknown keys").to_string();
        assert_eq!(
            error,
            "unknown key `Dev-Issuer`; did you mean `dev_issuer`?\n\
             unknown key `limits`; the keys are listen, data, store, service_configs, dev_issuer\n\
             unknown key `servce_configs`; did you mean `service_configs`?"
        );
    }

    #[test]
    fn a_wrong_value_says_what_was_expected() {
        let check = |text: &str, expected: &str| {
            let error = format!("{:#}", parse(text).err().expect(text));
            assert!(error.contains(expected), "{error}");
        };
        check("store = \"postgres\"", "\"sqlite\" or \"memory\"");
        check("listen = \"localhost\"", "socket address");
        check("dev_issuer = \"yes\"", "boolean");
        check("listen = ", "listen");
    }
}
