//! The `[auth]` section: who may call, and how they prove who they are.
//!
//! Not here: what its entries turn into (`auth/configured`, `auth::oidc`).

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::auth::oidc::{self, ProviderError, ProviderSettings};
use crate::auth::{MissingPrivileges, TitleIdentity};

/// How callers prove who they are.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Auth {
    /// Identity providers (OpenID Connect) whose tokens are accepted.
    pub issuers: Vec<ProviderSettings>,
    /// What a token without any privilege means: `allow` (all of them) or `deny` (none).
    pub missing_privileges: MissingPrivileges,
    /// Whether devices other than consoles may only use sessions with the capability
    /// `userAuthorizationStyle`: with `require`, the device type of the token (`xdi.dty`, or the
    /// claim that `claim_map.device_type` names) has to be that of a console for all others.
    pub strong_title_identity: TitleIdentity,
    /// Whether `XBL3.0 x=<any number>;<token>` is accepted with an identity provider's token.
    pub lenient_user_hash: bool,
    /// Whether requests have to be signed with the proof key of their token.
    pub signatures: SignatureMode,
    /// Services that are known by their TLS certificates.
    pub services: Vec<CertifiedServiceConfig>,
    /// Services that are known by a static key, which is for development.
    pub api_keys: Vec<ApiKeyConfig>,
}

/// What happens to the signatures of requests. Inferred.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SignatureMode {
    /// They are ignored.
    #[default]
    Off,
    /// They are checked where there is one and the token has a proof key.
    Verify,
    /// Every request with a token has to be signed, and no signature is taken twice.
    Require,
}

/// A service that is known by its certificate: by its key, or by its issuer and name.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CertifiedServiceConfig {
    /// The service's name, for logs.
    pub name: String,
    /// Its roles, such as `sessions.server`.
    pub roles: Vec<String>,
    /// The sandbox of requests that do not name one with X-Xbl-Sandbox; RETAIL unless given.
    pub sandbox: Option<String>,
    /// The service configurations in which its roles count; all unless given.
    pub scids: Option<Vec<String>>,
    /// The SHA-256 hash of the certificate's public key, in hexadecimal or base64.
    pub spki_sha256: Option<String>,
    /// The URI that names the service in a certificate of `tls.client_ca`, as in
    /// `spiffe://example.org/lobby`.
    pub san_uri: Option<String>,
}

/// A service that is known by a static key.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ApiKeyConfig {
    /// The service's name, for logs.
    pub name: String,
    /// Its roles, such as `sessions.server`.
    pub roles: Vec<String>,
    /// The sandbox of requests that do not name one with X-Xbl-Sandbox; RETAIL unless given.
    pub sandbox: Option<String>,
    /// The SHA-256 hash of the key, in hexadecimal.
    pub key_sha256: Option<String>,
    /// A file with the key, which starts with `mpsk_`; readable by its owner only.
    pub key_file: Option<PathBuf>,
}

impl Auth {
    /// Refuses settings that could never work, by the name of their key.
    pub fn check(&self) -> Result<(), ProviderError> {
        oidc::check(&self.issuers)
    }

    /// Makes relative paths relative to a folder.
    pub(super) fn resolve_paths(&mut self, folder: &Path) {
        for path in self
            .api_keys
            .iter_mut()
            .filter_map(|key| key.key_file.as_mut())
        {
            *path = folder.join(&*path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Config, parse};
    use crate::auth::MissingPrivileges;

    const SECTION: &str = r#"
        [auth]
        missing_privileges = "deny"
        lenient_user_hash = true
        [[auth.issuers]]
        issuer = "https://id.example/realm"
        jwks_uri = "https://keys.example/jwks"
        audiences = ["convoke"]
        algorithms = ["ES256"]
        sandbox = "XLDP.1"
        default_privileges = [254, 185]
        title_ids = ["1717113201"]
        [auth.issuers.claim_map]
        xuid = { hash = "/sub" }
        gamertag = "{/given_name} {/family_name}"
        age_group = "/age"
        privileges = "/prv"
        title_id = "/tid"
        device_id = "/did"
        device_type = "/dty"
        sandbox = "/sbx"
        roles = "/realm_access/roles"
    "#;

    #[test]
    fn every_key_is_read_and_written_back() {
        let config = parse(SECTION).expect("valid");
        assert_eq!(config.auth.missing_privileges, MissingPrivileges::Deny);
        assert!(config.auth.lenient_user_hash);
        let written = toml::to_string(&config.auth.issuers[0]).expect("TOML");
        for (line, value) in SECTION
            .lines()
            .filter_map(|line| line.trim().split_once(" = "))
        {
            let kept = written.contains(&format!("{line} = ")) || line.starts_with(['m', 'l']);
            assert!(kept || line == "xuid", "{line} = {value} in {written}");
        }
        assert!(
            written.contains("[claim_map.xuid]\nhash = \"/sub\""),
            "{written}"
        );
        let again = toml::from_str(&written).expect("valid");
        assert_eq!(config.auth.issuers, [again]);
    }

    #[test]
    fn without_the_section_nobody_else_is_believed() {
        let auth = Config::default().auth;
        assert!(auth.issuers.is_empty() && !auth.lenient_user_hash);
        assert_eq!(auth.missing_privileges, MissingPrivileges::Allow);
    }

    #[test]
    fn mistakes_are_named_by_their_key() {
        let check = |from: &str, to: &str, expected: &str| {
            let text = SECTION.replace(from, to);
            assert_ne!(text, SECTION, "{from}");
            let error = format!("{:#}", parse(&text).expect_err(to));
            assert!(error.contains(expected), "{error}");
        };
        let key = "unknown key `auth.issuers.0.audience`; did you mean `audiences`?";
        check(
            "audiences = [\"convoke\"]",
            "audiences = [\"convoke\"]\naudience = \"x\"",
            key,
        );
        let key = "unknown key `auth.issuers.0.claim_map.gamer_tag`; did you mean `gamertag`?";
        check("gamertag =", "gamer_tag =", key);
        check(
            "lenient_user_hash",
            "lenient_hash",
            "unknown key `auth.lenient_hash`",
        );
        check(
            "https://id",
            "http://id",
            "auth.issuers[0].issuer: expected a URL",
        );
        check("[\"ES256\"]", "[\"HS256\"]", "unknown variant `HS256`");
        check("\"deny\"", "\"no\"", "expected `allow` or `deny`");
        check(
            "\"/sub\"",
            "\"sub\"",
            "expected a JSON pointer such as `/sub`",
        );
        check("audiences = [\"convoke\"]", "", "missing field `audiences`");
    }
}
