//! Reading the `Authorization` header. Not here: what the token in it says.

use std::fmt;

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName};

use super::error::AuthError;
use super::token::MAX_TOKEN_LEN;

/// Longest decimal user hash: well beyond the twenty digits of 64 bits.
const USER_HASH_MAX_LEN: usize = 40;

/// Longest whole header value: a token and what stands before it.
pub(super) const VALUE_MAX_LEN: usize = MAX_TOKEN_LEN + 64;

/// The two halves of an `Authorization` header. Debug output leaves the token out.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials<'a> {
    /// How the token is presented.
    pub scheme: Scheme,
    /// The token, opaque here.
    pub token: &'a str,
}

/// How a token is presented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scheme {
    /// `XBL3.0 x=<userhash>;<token>`. `[doc]` `[client]`
    Xbl3(UserHash),
    /// `Bearer <token>`. Inferred.
    Bearer,
}

/// Whom the header says the request acts for. Inferred where it is not a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserHash {
    /// The user of the token with this hash. `[client]`
    Decimal(String),
    /// `*`: all users of the token.
    All,
    /// `-`: no user.
    None,
}

impl fmt::Debug for Credentials<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("scheme", &self.scheme)
            .finish_non_exhaustive()
    }
}

/// The text of the one `Authorization` header of a request.
pub fn authorization(headers: &HeaderMap) -> Result<&str, AuthError> {
    let several = AuthError::Malformed("the request has several Authorization headers");
    let not_text = AuthError::Malformed("the Authorization header has characters outside of ASCII");
    single(headers, &AUTHORIZATION, several, not_text)?.ok_or(AuthError::Missing)
}

/// The text of a header that a request has once at most; otherwise the refusal that fits.
pub(super) fn single<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
    several: AuthError,
    not_text: AuthError,
) -> Result<Option<&'a str>, AuthError> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(several);
    }
    value.to_str().map(Some).map_err(|_| not_text)
}

impl<'a> Credentials<'a> {
    /// Reads a header value.
    ///
    /// The scheme is compared without regard to case and followed by exactly one space. Inferred.
    pub fn parse(value: &'a str) -> Result<Self, AuthError> {
        if value.is_empty() {
            return Err(AuthError::Missing);
        }
        if VALUE_MAX_LEN < value.len() {
            return Err(AuthError::TOO_LONG);
        }
        if starts_with_ignore_case(value, "Xauth=") {
            return Err(AuthError::Malformed(
                "`Xauth=<token>` is not supported, send `XBL3.0 x=<userhash>;<token>`",
            ));
        }
        let (scheme, rest) = value.split_once(' ').ok_or(AuthError::Malformed(
            "expected `XBL3.0 x=<userhash>;<token>` or `Bearer <token>`",
        ))?;
        let (scheme, token) = if scheme.eq_ignore_ascii_case("XBL3.0") {
            let (hash, token) = xbl3(rest)?;
            (Scheme::Xbl3(hash), token)
        } else if scheme.eq_ignore_ascii_case("Bearer") {
            (Scheme::Bearer, rest)
        } else {
            return Err(AuthError::Malformed(
                "unknown scheme, expected `XBL3.0` or `Bearer`",
            ));
        };
        if token.is_empty() {
            return Err(AuthError::Malformed("the token is empty"));
        }
        if !token.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(AuthError::Malformed(
                "the token has spaces or control characters",
            ));
        }
        Ok(Self { scheme, token })
    }
}

fn xbl3(rest: &str) -> Result<(UserHash, &str), AuthError> {
    let (hash, token) = rest
        .strip_prefix("x=")
        .and_then(|rest| rest.split_once(';'))
        .ok_or(AuthError::Malformed(
            "expected `x=<userhash>;<token>` after `XBL3.0` and one space",
        ))?;
    let hash = match hash {
        "*" => UserHash::All,
        "-" => UserHash::None,
        digits if is_decimal(digits) => UserHash::Decimal(digits.to_owned()),
        _ => {
            return Err(AuthError::Malformed(
                "the user hash must be a decimal number, `*` or `-`",
            ));
        }
    };
    Ok((hash, token))
}

fn is_decimal(text: &str) -> bool {
    (1..=USER_HASH_MAX_LEN).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

fn starts_with_ignore_case(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hash(digits: &str) -> Scheme {
        Scheme::Xbl3(UserHash::Decimal(digits.to_owned()))
    }

    #[test]
    fn well_formed_headers_give_scheme_and_token() {
        let check = |value: &str, scheme: Scheme, token: &str| {
            let read = Credentials::parse(value).expect(value);
            assert_eq!((read.scheme, read.token), (scheme, token), "{value}");
        };
        check("XBL3.0 x=42;T", hash("42"), "T");
        check("xbl3.0 x=42;T", hash("42"), "T");
        check("XBL3.0 x=42;a;b", hash("42"), "a;b");
        check("XBL3.0 x=*;T", Scheme::Xbl3(UserHash::All), "T");
        check("XBL3.0 x=-;T", Scheme::Xbl3(UserHash::None), "T");
        check("Bearer a.b.c", Scheme::Bearer, "a.b.c");
        check("bearer mpsk_1", Scheme::Bearer, "mpsk_1");
    }

    #[test]
    fn malformed_headers_are_refused() {
        let check = |value: &str| {
            let error = Credentials::parse(value).expect_err(value);
            assert_eq!(error.reason(), "malformed", "{value}");
        };
        check("XBL3.0");
        check("XBL3.0 ");
        check("XBL3.0  x=42;T");
        check("XBL3.0\tx=42;T");
        check(" XBL3.0 x=42;T");
        check("XBL3.0 X=42;T");
        check("XBL3.0 x=42");
        check("XBL3.0 x=42;");
        check("XBL3.0 x=;T");
        check("XBL3.0 x=+42;T");
        check("XBL3.0 x=42 ;T");
        check("XBL3.0 x=abc;T");
        check("XBL3.0 x=**;T");
        check("XBL3.0 x=42;T T");
        check("XBL3.0 x=42;T\u{7f}");
        check("XBL2.0 x=42;T");
        check("Basic dXNlcjpwYXNz");
        check("Bearer ");
        check("Bearer  T");
        check(&format!("XBL3.0 x={};T", "1".repeat(41)));
        check(&format!("Bearer {}", "a".repeat(VALUE_MAX_LEN)));
    }

    #[test]
    fn the_legacy_form_is_refused_with_a_hint() {
        for value in ["Xauth=abc", "xauth=abc", "XAuth=<authtoken>"] {
            let error = Credentials::parse(value).expect_err(value);
            assert!(error.to_string().contains("XBL3.0 x="), "{error}");
        }
    }

    #[test]
    fn a_request_has_exactly_one_authorization_header() {
        let mut headers = HeaderMap::new();
        assert_eq!(authorization(&headers), Err(AuthError::Missing));
        headers.append(AUTHORIZATION, "one".parse().expect("a value"));
        assert_eq!(authorization(&headers), Ok("one"));
        headers.append(AUTHORIZATION, "two".parse().expect("a value"));
        assert_eq!(
            authorization(&headers).expect_err("two headers").reason(),
            "malformed"
        );
        headers.insert(
            AUTHORIZATION,
            http::HeaderValue::from_bytes(b"XBL3.0 x=1;\xff").expect("a value"),
        );
        assert_eq!(
            authorization(&headers).expect_err("not ASCII").reason(),
            "malformed"
        );
    }

    #[test]
    fn debug_output_has_no_token() {
        let read = Credentials::parse("XBL3.0 x=42;topsecret").expect("valid");
        assert!(!format!("{read:?}").contains("topsecret"));
    }

    proptest! {
        #[test]
        fn parsing_never_panics(value in "\\PC*") {
            let _ = Credentials::parse(&value);
        }

        #[test]
        fn near_misses_never_panic(value in "(XBL3.0|xbl3.0|Bearer|Xauth=) ?(x=)?[0-9*;= -]{0,12}\\PC{0,8}") {
            let _ = Credentials::parse(&value);
        }

        #[test]
        fn what_is_written_is_read(digits in "[0-9]{1,20}", token in "[!-~]{1,60}") {
            let value = format!("XBL3.0 x={digits};{token}");
            let read = Credentials::parse(&value).expect("well formed");
            prop_assert_eq!(read.scheme, hash(&digits));
            prop_assert_eq!(read.token, token);
        }
    }
}
