//! `[cors]`: which web pages may call the services from a browser.

use http::Uri;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Web pages that may call the services from a browser.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Cors {
    /// The origins of the pages, such as `https://play.example`; none unless configured.
    pub origins: Vec<Origin>,
}

/// An origin as browsers send it: scheme, host, and the port where it is not the scheme's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Origin(String);

impl Origin {
    /// The text of the header.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Origin {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match flaw(&text) {
            None => Ok(Self(text)),
            Some(flaw) => Err(format!("cors.origins: `{text}` {flaw}")),
        }
    }
}

impl From<Origin> for String {
    fn from(origin: Origin) -> Self {
        origin.0
    }
}

/// Why no browser sends this as the origin of a page.
fn flaw(text: &str) -> Option<&'static str> {
    const SHAPE: &str = "is not an origin such as https://play.example";
    if text == "*" {
        return Some("is not an origin: each one has to be named");
    }
    let Ok(uri) = text.parse::<Uri>() else {
        return Some(SHAPE);
    };
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Some(SHAPE);
    };
    let default_port = match scheme {
        "http" => 80,
        "https" => 443,
        _ => return Some("has a scheme that is neither http nor https"),
    };
    if authority.as_str().contains('@') {
        return Some("has a user name, which an origin has not");
    }
    if text != format!("{scheme}://{authority}") {
        return Some("ends in a path, which an origin has not, not even a slash");
    }
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Some("has capital letters, which browsers do not send");
    }
    if authority.port_u16() == Some(default_port) {
        return Some("names the port of its scheme, which browsers do not send");
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::config::parse;

    #[test]
    fn origins_are_what_browsers_send() {
        let load = |origin: &str| {
            let text = format!("[cors]\norigins = [\"{origin}\"]");
            parse(&text).map(|config| config.cors)
        };
        for origin in [
            "https://play.example",
            "http://localhost:5173",
            "http://[::1]:5173",
            "https://play.example:8443",
        ] {
            let cors = load(origin).expect(origin);
            assert_eq!(cors.origins[0].as_str(), origin);
        }
        for (origin, flaw) in [
            ("*", "each one has to be named"),
            ("null", "is not an origin such as"),
            ("", "is not an origin such as"),
            ("play.example", "is not an origin such as"),
            ("ftp://play.example", "neither http nor https"),
            ("https://me@play.example", "a user name"),
            ("https://play.example/", "ends in a path"),
            ("https://play.example/a?b", "ends in a path"),
            ("https://Play.example", "capital letters"),
            ("https://play.example:443", "the port of its scheme"),
        ] {
            let error = format!("{:#}", load(origin).expect_err(origin));
            let expected = format!("cors.origins: `{origin}` ");
            assert!(error.contains(&expected) && error.contains(flaw), "{error}");
        }
    }
}
