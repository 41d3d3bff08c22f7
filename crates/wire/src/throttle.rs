//! The body of the answer to a caller who asks too often.

use serde::{Deserialize, Serialize};

/// What every service says with 429, whatever its other errors look like. `[doc]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ThrottleBody {
    /// Always 1.
    pub version: u32,
    /// Requests counted in the present window, this one included; or requests at the same time.
    pub current_requests: u32,
    /// The most that are served.
    pub max_requests: u32,
    /// The length of the window; 0 where requests at the same time are limited.
    pub period_in_seconds: u32,
    /// What is limited.
    pub limit_type: LimitType,
}

/// What a limit is on. `[doc]`: pages also spell it in lower case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum LimitType {
    /// Requests in a window of time.
    Rate,
    /// Requests at the same time.
    Concurrency,
}
