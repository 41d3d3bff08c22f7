//! The body of a successful answer. `[client]`

use std::fmt;

use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;
use serde::Serialize;

use crate::auth::{DeviceClaims, TitleClaims, UserClaims};

/// A token and what its holder may know of it. Debug output leaves the token out.
#[derive(Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct TokenResponse {
    /// When the token was made; UTC with seven digits of fraction.
    pub issue_instant: String,
    /// When it expires, in the same form.
    pub not_after: String,
    /// The token, opaque to the client. `[doc]`
    pub token: String,
    /// The claims that the client may read.
    pub display_claims: DisplayClaims,
}

/// The claims that a client may read. `[client]`
#[derive(Debug, Clone, Default, Serialize)]
pub struct DisplayClaims {
    /// The users.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub xui: Option<Vec<UserClaims>>,
    /// The device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub xdi: Option<DeviceClaims>,
    /// The title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub xti: Option<TitleClaims>,
}

impl TokenResponse {
    pub(super) fn new(
        issued: Timestamp,
        expires: Timestamp,
        token: String,
        display_claims: DisplayClaims,
    ) -> Self {
        Self {
            issue_instant: seven_digits(issued),
            not_after: seven_digits(expires),
            token,
            display_claims,
        }
    }
}

impl DisplayClaims {
    /// The claims of a token for users, possibly none.
    pub(super) fn users(users: Vec<UserClaims>) -> Self {
        Self {
            xui: Some(users),
            ..Self::default()
        }
    }
}

/// RFC 3339 in UTC with seven fractional digits, as .NET prints it. Inferred.
fn seven_digits(instant: Timestamp) -> String {
    DateTimePrinter::new()
        .precision(Some(7))
        .timestamp_to_string(&instant)
}

impl fmt::Debug for TokenResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenResponse")
            .field("issue_instant", &self.issue_instant)
            .field("not_after", &self.not_after)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_have_seven_fractional_digits() {
        let check = |nanosecond: i128, expected: &str| {
            let instant = Timestamp::from_nanosecond(nanosecond).expect("in range");
            assert_eq!(seven_digits(instant), expected);
        };
        check(1_735_689_600_000_000_000, "2025-01-01T00:00:00.0000000Z");
        check(1_735_689_600_123_456_789, "2025-01-01T00:00:00.1234567Z");
        check(1_735_689_600_999_999_999, "2025-01-01T00:00:00.9999999Z");
    }

    #[test]
    fn the_body_is_in_pascal_case_and_debug_output_has_no_token() {
        let epoch = Timestamp::UNIX_EPOCH;
        let users = DisplayClaims::users(Vec::new());
        let response = TokenResponse::new(epoch, epoch, "secret".to_owned(), users);
        assert_eq!(
            serde_json::to_string(&response).expect("plain JSON"),
            r#"{"IssueInstant":"1970-01-01T00:00:00.0000000Z","NotAfter":"1970-01-01T00:00:00.0000000Z","Token":"secret","DisplayClaims":{"xui":[]}}"#
        );
        assert!(!format!("{response:?}").contains("secret"));
    }
}
