//! The list from which clients learn which token to send to which host. `[client]`

use serde_json::{Value, json};

use super::Issuer;
use super::refusal::IssuerError;
use crate::auth::SERVICE_AUDIENCE;

/// A host name under which clients reach the services.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicHost {
    /// The scheme of its URLs.
    pub scheme: WebScheme,
    /// The host name or address.
    pub host: String,
    /// The port, when it is not the scheme's own.
    pub port: Option<u16>,
}

/// The scheme of a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebScheme {
    /// `http`: development without certificates.
    Http,
    /// `https`.
    Https,
}

impl Issuer {
    /// `GET /titles/{title}/endpoints`, for `default`, `current` or a title id.
    ///
    /// The list is the same for every title and needs no credentials.
    pub fn endpoints(&self, title: &str) -> Result<Value, IssuerError> {
        let known = title.eq_ignore_ascii_case("default")
            || title.eq_ignore_ascii_case("current")
            || title.parse::<convoke_wire::ids::TitleId>().is_ok();
        if !known {
            return Err(IssuerError::NotFound(
                "expected `default`, `current` or a decimal title id".to_owned(),
            ));
        }
        let everywhere = endpoint(WebScheme::Https, "*.xboxlive.com", "wildcard", None);
        let ours = self
            .config
            .public_hosts
            .iter()
            .map(|host| endpoint(host.scheme, &host.host, "fqdn", host.port));
        let endpoints: Vec<Value> = std::iter::once(everywhere).chain(ours).collect();
        Ok(json!({
            "EndPoints": endpoints,
            "SignaturePolicies": [{
                "Version": 1,
                "SupportedAlgorithms": ["XBL"],
                "MaxBodyBytes": 8192,
                "ExtraHeaders": [],
            }],
            "Certs": [],
            "RootCerts": [],
        }))
    }
}

fn endpoint(scheme: WebScheme, host: &str, host_type: &str, port: Option<u16>) -> Value {
    let mut endpoint = json!({
        "Protocol": match scheme {
            WebScheme::Http => "http",
            WebScheme::Https => "https",
        },
        "Host": host,
        "HostType": host_type,
        "RelyingParty": SERVICE_AUDIENCE,
        "TokenType": "JWT",
        "SignaturePolicyIndex": 0,
    });
    if scheme == WebScheme::Https {
        endpoint["MinTlsVersion"] = json!("1.2");
    }
    if let Some(port) = port {
        endpoint["Port"] = json!(port);
    }
    endpoint
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::IssuerKeys;
    use crate::issuer::IssuerConfig;
    use std::sync::Arc;

    fn issuer() -> Issuer {
        let mut config = IssuerConfig::new("i");
        config.public_hosts = vec![PublicHost {
            scheme: WebScheme::Http,
            host: "localhost".to_owned(),
            port: Some(8080),
        }];
        Issuer::new(Arc::new(IssuerKeys::generate()), config)
    }

    #[test]
    fn the_list_has_the_original_hosts_and_our_own() {
        let list = issuer().endpoints("default").expect("known");
        assert_eq!(
            list["EndPoints"],
            json!([
                {
                    "Protocol": "https", "Host": "*.xboxlive.com", "HostType": "wildcard",
                    "RelyingParty": "http://xboxlive.com", "TokenType": "JWT",
                    "SignaturePolicyIndex": 0, "MinTlsVersion": "1.2",
                },
                {
                    "Protocol": "http", "Host": "localhost", "HostType": "fqdn", "Port": 8080,
                    "RelyingParty": "http://xboxlive.com", "TokenType": "JWT",
                    "SignaturePolicyIndex": 0,
                },
            ])
        );
        assert_eq!(list["SignaturePolicies"][0]["MaxBodyBytes"], 8192);
    }

    #[test]
    fn the_title_is_a_word_or_a_number() {
        let issuer = issuer();
        let check = |title: &str, expected: bool| {
            assert_eq!(issuer.endpoints(title).is_ok(), expected, "{title}");
        };
        check("default", true);
        check("Current", true);
        check("1234", true);
        check("4294967296", false);
        check("other", false);
        check("", false);
    }
}
