//! The services of the configuration, checked: an error names the key and what is wrong with it.
//!
//! Not here: finding the service of a request (`certificate`, `api_key`).

use std::collections::BTreeSet;

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use convoke_wire::ids::{Sandbox, Scid};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::api_key::{API_KEY_PREFIX, ApiKey};
use super::certificate::{CertifiedService, Credential};
use super::hexadecimal;
use super::principal::{Acting, Principal};
use super::role::Role;
use crate::config::{ApiKeyConfig, CertifiedServiceConfig, Config};
use crate::tls::read_secret;

/// Shortest API key, without its prefix, by our own choice: 128 bits in base64.
const MIN_KEY_LEN: usize = 22;

/// The services that are known by their certificates.
pub(crate) fn services(config: &Config) -> anyhow::Result<Vec<CertifiedService>> {
    let mut services: Vec<CertifiedService> = Vec::new();
    for (index, entry) in config.auth.services.iter().enumerate() {
        let at = format!("auth.services[{index}]");
        if config.tls.is_none() {
            bail!("{at}: certificates need a [tls] section");
        }
        let service = service(&at, entry, config)?;
        if services
            .iter()
            .any(|other| other.credential == service.credential)
        {
            bail!("{at}: another service has the same certificate");
        }
        services.push(service);
    }
    Ok(services)
}

fn service(
    at: &str,
    entry: &CertifiedServiceConfig,
    config: &Config,
) -> anyhow::Result<CertifiedService> {
    let credential = match (&entry.spki_sha256, &entry.san_uri) {
        (Some(hash), None) => Credential::Key(key_hash(hash).with_context(|| {
            format!("{at}.spki_sha256: expected 32 bytes in hexadecimal or base64")
        })?),
        (None, Some(uri)) => {
            check_uri(at, uri)?;
            let authorities = config.tls.as_ref().and_then(|tls| tls.client_ca.as_ref());
            authorities.with_context(|| format!("{at}.san_uri: it needs `tls.client_ca`"))?;
            Credential::Uri(uri.clone())
        }
        _ => bail!("{at}: expected one of `spki_sha256` and `san_uri`"),
    };
    let scids = entry.scids.as_ref().map(|scids| {
        let read = |(index, text): (usize, &String)| {
            let scid: Result<Scid, _> = text.parse();
            scid.with_context(|| format!("{at}.scids[{index}]"))
        };
        scids.iter().enumerate().map(read).collect()
    });
    let principal = Principal {
        scids: scids.transpose()?,
        ..principal(at, &entry.name, &entry.roles, entry.sandbox.as_deref())?
    };
    Ok(CertifiedService::new(credential, principal))
}

/// The services that are known by static keys. Files of keys are read now.
pub(crate) fn api_keys(config: &Config) -> anyhow::Result<Vec<ApiKey>> {
    let entries = config.auth.api_keys.iter().enumerate();
    entries
        .map(|(index, entry)| api_key(&format!("auth.api_keys[{index}]"), entry))
        .collect()
}

fn api_key(at: &str, entry: &ApiKeyConfig) -> anyhow::Result<ApiKey> {
    let hash = match (&entry.key_sha256, &entry.key_file) {
        (Some(text), None) => colons_aside(text)
            .with_context(|| format!("{at}.key_sha256: expected 32 bytes in hexadecimal"))?,
        (None, Some(path)) => {
            let bytes = read_secret(path, &format!("{at}.key_file"))?;
            let key = bytes.trim_ascii();
            let long = key
                .strip_prefix(API_KEY_PREFIX.as_bytes())
                .is_some_and(|rest| {
                    MIN_KEY_LEN <= rest.len() && rest.iter().all(u8::is_ascii_graphic)
                });
            if !long {
                bail!(
                    "{at}.key_file: expected `{API_KEY_PREFIX}` and at least {MIN_KEY_LEN} \
                     characters without spaces in {}",
                    path.display()
                );
            }
            Sha256::digest(key).into()
        }
        _ => bail!("{at}: expected one of `key_sha256` and `key_file`"),
    };
    let principal = principal(at, &entry.name, &entry.roles, entry.sandbox.as_deref())?;
    Ok(ApiKey::new(
        hash,
        &entry.name,
        principal.roles,
        principal.sandbox,
    ))
}

/// What both kinds have in common.
fn principal(
    at: &str,
    name: &str,
    roles: &[String],
    sandbox: Option<&str>,
) -> anyhow::Result<Principal> {
    if name.is_empty() || name.chars().any(char::is_control) {
        bail!("{at}.name: expected the service's name");
    }
    let role = |(index, text): (usize, &String)| match Role::from(text.as_str()) {
        Role::Other(_) => {
            let known: Vec<&str> = Role::KNOWN.iter().map(Role::as_str).collect();
            bail!(
                "{at}.roles[{index}]: unknown role `{text}`; the roles are {}",
                known.join(", ")
            )
        }
        role => Ok(role),
    };
    let sandbox: Option<Sandbox> = sandbox
        .map(|text| text.parse().with_context(|| format!("{at}.sandbox")))
        .transpose()?;
    Ok(Principal {
        users: Vec::new(),
        acting: Acting::Nobody,
        title_id: None,
        device_id: None,
        device_type: None,
        sandbox: sandbox.unwrap_or_default(),
        roles: roles
            .iter()
            .enumerate()
            .map(role)
            .collect::<Result<BTreeSet<_>, _>>()?,
        scids: None,
        service: Some(name.to_owned()),
        proof_key: None,
        token_id: format!("service:{name}"),
        expires: Timestamp::MAX,
    })
}

/// A SPIFFE id: the scheme, a trust domain and a path.
fn check_uri(at: &str, uri: &str) -> anyhow::Result<()> {
    let rest = uri.strip_prefix("spiffe://").unwrap_or_default();
    let whole = rest
        .split_once('/')
        .is_some_and(|(domain, path)| !domain.is_empty() && !path.is_empty());
    if whole && uri.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    bail!("{at}.san_uri: expected something like spiffe://example.org/lobby");
}

fn key_hash(text: &str) -> Option<[u8; 32]> {
    colons_aside(text).or_else(|| STANDARD.decode(text).ok()?.try_into().ok())
}

/// With or without the colons that tools put between the bytes.
fn colons_aside(text: &str) -> Option<[u8; 32]> {
    hexadecimal::decode(&text.replace(':', ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Config {
        toml::from_str(text).expect("TOML")
    }

    const TLS: &str = "[tls]\ncertificate = \"a\"\nkey = \"b\"\n";

    #[test]
    fn mistakes_are_named_by_their_key() {
        let check = |tls: &str, entry: &str, expected: &str| {
            let text = format!("{tls}\n[[auth.services]]\n{entry}");
            let error = services(&config(&text)).expect_err(entry);
            let error = format!("{error:#}");
            assert!(error.starts_with(expected), "{entry}: {error}");
        };
        let pin = format!("spki_sha256 = \"{}\"", "0a".repeat(32));
        check(
            "",
            &pin,
            "auth.services[0]: certificates need a [tls] section",
        );
        check(TLS, "name = \"a\"", "auth.services[0]: expected one of");
        let both = format!("{pin}\nsan_uri = \"spiffe://a/b\"");
        check(TLS, &both, "auth.services[0]: expected one of");
        check(TLS, &pin, "auth.services[0].name: expected");
        check(
            TLS,
            "spki_sha256 = \"0a0b\"",
            "auth.services[0].spki_sha256: expected 32 bytes",
        );
        check(
            TLS,
            "san_uri = \"spiffe://a/b\"",
            "auth.services[0].san_uri: it needs `tls.client_ca`",
        );
        check(
            TLS,
            "san_uri = \"https://a/b\"",
            "auth.services[0].san_uri: expected something",
        );
        check(
            TLS,
            "san_uri = \"spiffe://a\"",
            "auth.services[0].san_uri: expected something",
        );
        let named = format!("name = \"a\"\n{pin}\n");
        check(
            TLS,
            &format!("{named}roles = [\"sessions.server\", \"session.server\"]"),
            "auth.services[0].roles[1]: unknown role `session.server`; the roles are sessions.server,",
        );
        check(
            TLS,
            &format!("{named}scids = [\"x\"]"),
            "auth.services[0].scids[0]: ",
        );
        check(
            TLS,
            &format!("{named}sandbox = \"a b\""),
            "auth.services[0].sandbox: ",
        );
        let twice = format!("{named}[[auth.services]]\n{named}");
        check(
            TLS,
            &twice,
            "auth.services[1]: another service has the same certificate",
        );
    }

    #[test]
    fn a_hash_is_read_in_the_forms_that_tools_print() {
        let bytes: [u8; 32] = std::array::from_fn(|index| u8::try_from(index * 7).expect("small"));
        let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let plain = digits.concat();
        let colons: Vec<String> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
        for text in [plain.clone(), colons.join(":"), STANDARD.encode(bytes)] {
            assert_eq!(key_hash(&text), Some(bytes), "{text}");
        }
        assert_eq!(key_hash(&format!("+{}", &plain[1..])), None);
    }

    #[test]
    fn a_file_with_a_key_is_read_and_must_be_a_secret() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("lobby.key");
        let text = format!("[[auth.api_keys]]\nname = \"lobby\"\nkey_file = {path:?}");
        let refusal = |content: &str, mode: u32| {
            std::fs::write(&path, content).expect("written");
            let permissions = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(&path, permissions).expect("changed");
            api_keys(&config(&text))
                .err()
                .map(|error| format!("{error:#}"))
        };
        assert_eq!(refusal("mpsk_0123456789abcdefghijkl\n", 0o600), None);
        let said = refusal("mpsk_0123456789abcdefghijkl", 0o644).expect("refused");
        assert!(
            said.starts_with("auth.api_keys[0].key_file: other users"),
            "{said}"
        );
        for content in [
            "",
            "mpsk_short",
            "0123456789abcdefghijkl",
            "mpsk_0123456789 abcdefghijkl",
        ] {
            let said = refusal(content, 0o600).expect("refused");
            assert!(
                said.starts_with("auth.api_keys[0].key_file: expected `mpsk_`"),
                "{said}"
            );
            assert!(content.is_empty() || !said.contains(content), "{said}");
        }
    }
}
