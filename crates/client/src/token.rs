//! Tokens: the value of the `Authorization` header, and where it comes from.

use std::fmt;
use std::pin::Pin;

use reqwest::header::HeaderValue;

use crate::error::Error;

/// The value of an `Authorization` header, such as `XBL3.0 x=<hash>;<token>`; never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(HeaderValue);

/// A token in the making; `None` asks as nobody.
pub type TokenFuture<'a> = Pin<Box<dyn Future<Output = Result<Option<Token>, Error>> + Send + 'a>>;

/// Where tokens come from. Shared by all clones of a client, so it should keep what it has.
pub trait TokenSource: fmt::Debug + Send + Sync + 'static {
    /// A token that is good now.
    fn token(&self) -> TokenFuture<'_>;

    /// The service does not take a token (401). If another one comes next, the request is repeated
    /// once with it.
    fn refused(&self, token: &Token) {
        let _ = token;
    }
}

impl Token {
    /// Takes the whole value of the header.
    pub fn new(value: &str) -> Result<Self, Error> {
        let value = HeaderValue::from_str(value);
        let mut value = value.map_err(|_| {
            Error::NoToken("the text has characters that a header cannot carry".to_owned())
        })?;
        value.set_sensitive(true);
        Ok(Self(value))
    }

    /// The value as it is sent.
    pub fn value(&self) -> &HeaderValue {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// One token for good.
#[derive(Debug, Clone)]
pub struct StaticToken(pub Token);

impl TokenSource for StaticToken {
    fn token(&self) -> TokenFuture<'_> {
        let token = self.0.clone();
        Box::pin(async { Ok(Some(token)) })
    }
}

/// Asks as nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoToken;

impl TokenSource for NoToken {
    fn token(&self) -> TokenFuture<'_> {
        Box::pin(async { Ok(None) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_not_shown() {
        let token = Token::new("XBL3.0 x=1;secret").expect("a header");
        assert_eq!(token.value(), "XBL3.0 x=1;secret");
        for shown in [format!("{token:?}"), format!("{:?}", token.value())] {
            assert!(!shown.contains("secret"), "{shown}");
        }
        assert!(Token::new("a\nb").is_err());
    }
}
