//! `[handles]`: how long what leads to sessions lasts.

use convoke_core::limits::INVITE_TTL_S;
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Longest life of an invitation, in seconds: thirty days. Ours; every invitation is kept that long.
const MAX_INVITE_LIFETIME_S: u32 = 30 * 24 * 60 * 60;

/// How long what leads to sessions lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct HandlesConfig {
    /// Seconds after which an invitation ends, from 1 to 2592000; 24 hours unless configured.
    /// Invitations that were made before a change end when they said.
    pub invite_lifetime: InviteLifetime,
}

/// A number of seconds, at least one and at most thirty days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "u32")]
pub struct InviteLifetime(#[schemars(range(min = 1, max = 2_592_000))] u32);

impl Default for InviteLifetime {
    /// `Inferred:` handles I12
    fn default() -> Self {
        Self(u32::try_from(INVITE_TTL_S).expect("a day is not long"))
    }
}

impl TryFrom<u32> for InviteLifetime {
    type Error = String;

    fn try_from(seconds: u32) -> Result<Self, String> {
        if (1..=MAX_INVITE_LIFETIME_S).contains(&seconds) {
            return Ok(Self(seconds));
        }
        Err(format!(
            "handles.invite_lifetime: expected 1 to {MAX_INVITE_LIFETIME_S} seconds, found {seconds}"
        ))
    }
}

impl From<InviteLifetime> for SignedDuration {
    fn from(lifetime: InviteLifetime) -> Self {
        Self::from_secs(lifetime.0.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;

    fn lifetime(text: &str) -> anyhow::Result<SignedDuration> {
        Ok(parse(text)?.handles.invite_lifetime.into())
    }

    #[test]
    fn an_invitation_lives_for_a_day_unless_configured() {
        let hours = |text| lifetime(text).expect("valid").as_hours();
        assert_eq!(hours(""), 24);
        assert_eq!(hours("[handles]\ninvite_lifetime = 7200"), 2);
        assert_eq!(hours("[handles]\ninvite_lifetime = 2592000"), 720);
    }

    #[test]
    fn a_life_without_length_or_end_is_refused_by_key() {
        for seconds in ["0", "2592001"] {
            let error = lifetime(&format!("[handles]\ninvite_lifetime = {seconds}"));
            let error = format!("{:#}", error.expect_err(seconds));
            let expected =
                format!("handles.invite_lifetime: expected 1 to 2592000 seconds, found {seconds}");
            assert!(error.contains(&expected), "{error}");
        }
        for text in ["-1", "\"1 d\"", "4294967296"] {
            let error = lifetime(&format!("[handles]\ninvite_lifetime = {text}"));
            let error = format!("{:#}", error.expect_err(text));
            assert!(error.contains("invite_lifetime = "), "{error}");
        }
    }
}
