//! Why credentials were refused, and what the answer says about it.

use http::HeaderValue;

use crate::edge_rule::EdgeRule;

/// A refusal of the caller's credentials: always answered with 401. `[doc]`
///
/// `Display` is the explanation for a human, safe to send: it never holds a token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// There is no `Authorization` header.
    #[error("the request has no Authorization header")]
    Missing,
    /// The header or the token cannot be read.
    #[error("{0}")]
    Malformed(&'static str),
    /// The token's time is over, grace included.
    #[error("the token has expired")]
    Expired,
    /// The token's time has not come, skew included.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// The token is not one that our issuer signed.
    #[error("{0}")]
    InvalidSignature(&'static str),
    /// The user hash of the header is not in the token.
    #[error("the user hash of the header is not in the token")]
    UnknownUserHash,
    /// The header names all users of a token with several, and the request names none of them.
    #[error("`x=*` with a token of several users needs a request that names one of them")]
    UserNotChosen,
    /// The token was issued for another relying party.
    #[error("the token was issued for another relying party")]
    WrongAudience,
    /// The request must prove possession of the token's key and does not.
    #[error("the request must be signed with the token's proof key")]
    ProofRequired,
}

impl AuthError {
    /// A header value that no token of ours or of a provider needs.
    pub(super) const TOO_LONG: Self = Self::Malformed("the token is longer than 16384 characters");

    /// The rule that the credentials break.
    pub fn rule(&self) -> EdgeRule {
        match self {
            Self::Missing => EdgeRule::AuthMissing,
            Self::Malformed(_) => EdgeRule::AuthMalformed,
            Self::Expired | Self::NotYetValid => EdgeRule::AuthExpired,
            Self::InvalidSignature(_) => EdgeRule::AuthSignature,
            Self::UnknownUserHash | Self::UserNotChosen => EdgeRule::AuthUserHash,
            Self::WrongAudience => EdgeRule::AuthAudience,
            Self::ProofRequired => EdgeRule::AuthProof,
        }
    }

    /// The reason as `WWW-Authenticate` gives it. Inferred.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Malformed(_) => "malformed",
            // No reason of its own: the client's remedy, a new token, is the same.
            Self::Expired | Self::NotYetValid => "expired",
            Self::InvalidSignature(_) => "invalid_signature",
            Self::UnknownUserHash | Self::UserNotChosen => "unknown_user_hash",
            Self::WrongAudience => "wrong_audience",
            Self::ProofRequired => "proof_required",
        }
    }

    /// The value of the `WWW-Authenticate` header: `XBL3.0 error=<reason>`. Inferred.
    pub fn www_authenticate(&self) -> HeaderValue {
        HeaderValue::from_static(match self.reason() {
            "missing" => "XBL3.0 error=missing",
            "expired" => "XBL3.0 error=expired",
            "invalid_signature" => "XBL3.0 error=invalid_signature",
            "unknown_user_hash" => "XBL3.0 error=unknown_user_hash",
            "wrong_audience" => "XBL3.0 error=wrong_audience",
            "proof_required" => "XBL3.0 error=proof_required",
            _ => "XBL3.0 error=malformed",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_names_the_reason() {
        let all = [
            AuthError::Missing,
            AuthError::Malformed("x"),
            AuthError::Expired,
            AuthError::NotYetValid,
            AuthError::InvalidSignature("x"),
            AuthError::UnknownUserHash,
            AuthError::UserNotChosen,
            AuthError::WrongAudience,
            AuthError::ProofRequired,
        ];
        for error in all {
            let expected = format!("XBL3.0 error={}", error.reason());
            assert_eq!(error.www_authenticate(), expected.as_str());
            assert_eq!(error.rule().code(), format!("auth.{}", error.reason()));
        }
    }
}
