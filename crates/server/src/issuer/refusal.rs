//! Why the issuer gives no token. Not here: status numbers (`routes`).

use serde::{Serialize, Serializer};

use crate::auth::AuthError;
use crate::auth::oidc::Need;
use crate::edge_rule::EdgeRule;
use crate::explain::Explanation;

/// The answer when there is no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IssuerError {
    /// The request does not prove that it comes from the holder of its proof key: 401.
    #[error("{0}")]
    Proof(#[from] AuthError),
    /// More signatures than can be remembered are still good: 503.
    #[error("too many signed requests")]
    TooManySignatures,
    /// The request cannot be read; the text says where and why.
    #[error("{0}")]
    Malformed(String),
    /// The request is fine and the answer is no.
    #[error("sign-in refused: {}", _0.message)]
    Refused(Refusal),
    /// There is nothing under this path.
    #[error("{0}")]
    NotFound(String),
    /// A provider's token needs something first; asked again afterwards, the issuer knows.
    #[error("{path}: {}", need.refusal())]
    NotReady {
        /// The place of the token.
        path: String,
        /// What it needs.
        need: Need,
    },
    /// Somebody is here for the first time, and that cannot be written down now.
    #[error("the identity cannot be recorded")]
    Unavailable,
}

/// The body of a refusal. `[public]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Refusal {
    identity: &'static str,
    /// The code that clients show a page for; absent where the service has none.
    #[serde(rename = "XErr", skip_serializing_if = "Option::is_none")]
    pub code: Option<XErr>,
    /// The reason in words; never a token.
    pub message: String,
    redirect: &'static str,
    /// The rule that refused; not part of the body.
    #[serde(skip)]
    pub(super) rule: EdgeRule,
}

/// A code of the sign-in services: a number on the wire. `[public]`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct XErr(pub u32);

impl XErr {
    /// The account is banned.
    pub const BANNED: Self = Self(2_148_916_227);
    /// A guardian's settings forbid it.
    pub const GUARDIAN_RESTRICTION: Self = Self(2_148_916_229);
    /// There is no such user.
    pub const NO_PROFILE: Self = Self(2_148_916_233);
    /// The terms of use are not accepted.
    pub const TERMS: Self = Self(2_148_916_234);
    /// The service is not offered in the user's region.
    pub const REGION: Self = Self(2_148_916_235);
    /// The user must prove their age.
    pub const AGE_PROOF: Self = Self(2_148_916_236);
    /// The user's playtime is over.
    pub const PLAYTIME: Self = Self(2_148_916_237);
    /// A minor who is in no family group.
    pub const MINOR_WITHOUT_FAMILY: Self = Self(2_148_916_238);
}

impl Refusal {
    pub(super) fn with_code(code: XErr, message: impl Into<String>) -> Self {
        let rule = if code == XErr::NO_PROFILE {
            EdgeRule::IssuerUser
        } else {
            EdgeRule::IssuerAccount
        };
        Self {
            code: Some(code),
            ..Self::by(rule, message)
        }
    }

    /// A refusal of a token that is not what it should be.
    pub(super) fn without_code(message: impl Into<String>) -> Self {
        Self::by(EdgeRule::IssuerToken, message)
    }

    /// A refusal for which the service has no code.
    pub(super) fn by(rule: EdgeRule, message: impl Into<String>) -> Self {
        Self {
            rule,
            identity: "0",
            code: None,
            message: message.into(),
            redirect: "",
        }
    }
}

impl IssuerError {
    /// Which rule refused, where and why.
    pub(super) fn explanation(&self) -> Explanation {
        let (rule, text) = match self {
            Self::NotReady { .. } => {
                return Explanation::new(EdgeRule::IssuerToken, self.to_string());
            }
            Self::Unavailable => return Explanation::new(EdgeRule::Unavailable, self.to_string()),
            Self::Proof(error) => return Explanation::new(error.rule(), error.to_string()),
            Self::TooManySignatures => {
                return Explanation::new(EdgeRule::SignaturesFull, self.to_string());
            }
            Self::Malformed(text) => (EdgeRule::IssuerBody, text),
            Self::Refused(refusal) => (refusal.rule, &refusal.message),
            Self::NotFound(text) => (EdgeRule::IssuerTitle, text),
        };
        // Texts with a place start with it and a colon; a place has no spaces.
        match text.split_once(": ") {
            Some((path, detail)) if !path.contains(' ') => Explanation {
                path: path.to_owned(),
                ..Explanation::new(rule, detail)
            },
            _ => Explanation::new(rule, text),
        }
    }
}

impl From<Refusal> for IssuerError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Serialize for XErr {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_have_the_shape_that_clients_read() {
        let check = |refusal: Refusal, expected: &str| {
            assert_eq!(
                serde_json::to_string(&refusal).expect("plain JSON"),
                expected
            );
        };
        check(
            Refusal::with_code(XErr::NO_PROFILE, "no"),
            r#"{"Identity":"0","XErr":2148916233,"Message":"no","Redirect":""}"#,
        );
        check(
            Refusal::without_code("no"),
            r#"{"Identity":"0","Message":"no","Redirect":""}"#,
        );
    }
}
