//! What a deployment says about an identity provider. Not here: the file it is read from.

use std::collections::BTreeSet;
use std::net::IpAddr;

use convoke_wire::ids::{Sandbox, TitleId};
use jsonwebtoken::Algorithm;
use reqwest::Url;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::claim_map::ClaimMap;

/// An identity provider whose tokens are accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProviderSettings {
    /// The issuer's URL, exactly as the `iss` claim of its tokens has it.
    pub issuer: String,
    /// Where its keys are; without one, its discovery document says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
    /// A token must be for one of these: its `aud` claim.
    pub audiences: Vec<String>,
    /// The signatures that are accepted.
    #[serde(default = "default_algorithms")]
    pub algorithms: Vec<SignatureAlgorithm>,
    /// Which claims say who somebody is.
    pub claim_map: ClaimMap,
    /// The sandbox of everybody whose token does not name one; RETAIL unless configured.
    #[serde(default)]
    #[schemars(with = "String")]
    pub sandbox: Sandbox,
    /// The privileges of users whose token has no claim for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_privileges: Option<BTreeSet<u16>>,
    /// The titles that the issuer signs in for, as decimal text; none means all.
    ///
    /// A token that names no title is for the only one, when there is only one.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub title_ids: Vec<TitleId>,
}

/// A signature with a public key. There is no way to name `none` or a shared secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[expect(missing_docs, reason = "the names of RFC 7518 and RFC 8037")]
pub enum SignatureAlgorithm {
    RS256,
    RS384,
    RS512,
    PS256,
    PS384,
    PS512,
    ES256,
    ES384,
    EdDSA,
}

/// What is wrong with the providers of a configuration.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// A key has a value that cannot be used.
    #[error("auth.issuers[{index}].{key}: {rule}")]
    Invalid {
        /// The position of the provider.
        index: usize,
        /// The key below it.
        key: &'static str,
        /// What its value should be.
        rule: &'static str,
    },
    /// The system has no usable certificates of authorities, for instance.
    #[error("cannot fetch keys of identity providers")]
    Client(#[source] reqwest::Error),
}

fn default_algorithms() -> Vec<SignatureAlgorithm> {
    use SignatureAlgorithm::{ES256, EdDSA, RS256};
    vec![RS256, ES256, EdDSA]
}

impl SignatureAlgorithm {
    /// The library's name of it.
    pub(super) fn algorithm(self) -> Algorithm {
        match self {
            Self::RS256 => Algorithm::RS256,
            Self::RS384 => Algorithm::RS384,
            Self::RS512 => Algorithm::RS512,
            Self::PS256 => Algorithm::PS256,
            Self::PS384 => Algorithm::PS384,
            Self::PS512 => Algorithm::PS512,
            Self::ES256 => Algorithm::ES256,
            Self::ES384 => Algorithm::ES384,
            Self::EdDSA => Algorithm::EdDSA,
        }
    }

    /// The name as the header of a token writes it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::RS256 => "RS256",
            Self::RS384 => "RS384",
            Self::RS512 => "RS512",
            Self::PS256 => "PS256",
            Self::PS384 => "PS384",
            Self::PS512 => "PS512",
            Self::ES256 => "ES256",
            Self::ES384 => "ES384",
            Self::EdDSA => "EdDSA",
        }
    }
}

/// Refuses providers that could never work, or would be dangerous.
pub fn check(all: &[ProviderSettings]) -> Result<(), ProviderError> {
    let fetchable = "expected a URL that starts with https:// (http:// only for a loopback \
                     address), without user, query or fragment";
    for (index, settings) in all.iter().enumerate() {
        let refuse = |key, rule| Err(ProviderError::Invalid { index, key, rule });
        let plain = |url: &Url| url.query().is_none() && url.fragment().is_none();
        if !web_address(&settings.issuer).is_some_and(|url| plain(&url)) {
            return refuse("issuer", fetchable);
        }
        if all[..index].iter().any(|one| one.issuer == settings.issuer) {
            return refuse("issuer", "another provider has the same issuer");
        }
        if settings
            .jwks_uri
            .as_deref()
            .is_some_and(|uri| web_address(uri).is_none())
        {
            return refuse("jwks_uri", fetchable);
        }
        if settings.audiences.is_empty() || settings.audiences.iter().any(String::is_empty) {
            return refuse("audiences", "expected at least one, none of them empty");
        }
        if settings.algorithms.is_empty() {
            return refuse("algorithms", "expected at least one");
        }
    }
    Ok(())
}

/// A URL from which keys may be fetched: encrypted, or not leaving this machine.
pub(super) fn web_address(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let secure = match url.scheme() {
        "https" => url.has_host(),
        "http" => is_loopback(&url),
        _ => false,
    };
    (secure && url.username().is_empty() && url.password().is_none()).then_some(url)
}

/// Whether a URL names this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let loopback = |address: IpAddr| address.to_canonical().is_loopback();
    // RFC 6761 keeps the name for this machine.
    host == "localhost" || address.parse().is_ok_and(loopback)
}

impl ProviderSettings {
    /// What is fetched first: the keys where they are configured, else the discovery document.
    pub fn first_url(&self) -> String {
        let configured = self.jwks_uri.clone();
        configured.unwrap_or_else(|| discovery_url(&self.issuer))
    }
}

/// Where an issuer describes itself; OpenID Connect Discovery 1.0, section 4.
pub(super) fn discovery_url(issuer: &str) -> String {
    let issuer = issuer.trim_end_matches('/');
    format!("{issuer}/.well-known/openid-configuration")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(changes: &str) -> Result<ProviderSettings, toml::de::Error> {
        let defaults = [
            ("issuer", "\"https://id.example/realm\""),
            ("audiences", "[\"convoke\"]"),
        ];
        let mut text = String::new();
        for (key, value) in defaults {
            if !changes.contains(&format!("{key} =")) {
                text = format!("{text}{key} = {value}\n");
            }
        }
        toml::from_str(&format!("{text}{changes}\n[claim_map]\nxuid = \"/xid\"\n"))
    }

    #[test]
    fn what_is_left_out_has_the_documented_default() {
        let settings = settings("").expect("valid");
        let names: Vec<_> = settings.algorithms.iter().map(|one| one.name()).collect();
        assert_eq!(names, ["RS256", "ES256", "EdDSA"]);
        assert_eq!(settings.sandbox, Sandbox::default());
        assert!(settings.title_ids.is_empty() && settings.default_privileges.is_none());
        assert!(check(&[settings]).is_ok());
    }

    #[test]
    fn shared_secrets_and_unsigned_tokens_cannot_be_configured() {
        for name in ["HS256", "HS384", "HS512", "none", "None", "rs256", ""] {
            let error = settings(&format!("algorithms = [\"RS256\", \"{name}\"]"));
            let text = error.expect_err(name).to_string();
            assert!(text.contains("unknown variant"), "{text}");
            assert!(text.contains("`RS256`, "), "the names are listed: {text}");
        }
    }

    #[test]
    fn a_bad_value_is_refused_by_the_name_of_its_key() {
        let refused = |changes: &str, key: &str| {
            let settings = settings(changes).expect(changes);
            let error = check(&[settings]).expect_err(changes).to_string();
            assert!(
                error.starts_with(&format!("auth.issuers[0].{key}: ")),
                "{error}"
            );
        };
        refused("issuer = \"id.example\"", "issuer");
        refused("issuer = \"http://id.example\"", "issuer");
        refused("issuer = \"http://127.0.0.1.example\"", "issuer");
        refused("issuer = \"https://user@id.example\"", "issuer");
        refused("issuer = \"https://id.example?x\"", "issuer");
        refused("issuer = \"ftp://127.0.0.1\"", "issuer");
        refused("jwks_uri = \"http://192.0.2.1/jwks\"", "jwks_uri");
        refused("jwks_uri = \"file:///etc/passwd\"", "jwks_uri");
        refused("audiences = []", "audiences");
        refused("audiences = [\"\"]", "audiences");
        refused("algorithms = []", "algorithms");
        let one = settings("").expect("valid");
        let error = check(&[one.clone(), one]).expect_err("twice").to_string();
        assert_eq!(
            error,
            "auth.issuers[1].issuer: another provider has the same issuer"
        );
    }

    #[test]
    fn addresses_of_this_machine_need_no_encryption() {
        for issuer in [
            "http://127.0.0.1:3000",
            "http://[::1]:3000/x",
            "http://localhost:1",
        ] {
            let settings = settings(&format!("issuer = \"{issuer}\"")).expect(issuer);
            assert!(check(&[settings]).is_ok(), "{issuer}");
        }
    }
}
