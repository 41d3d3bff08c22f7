//! `[rta]`: sockets, and what a lost connection does.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Real-time activity: sockets, and what a lost connection does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RealTimeConfig {
    /// Seconds in which members may replace a connection that was lost before they turn inactive.
    pub disconnect_grace: u32,
    /// Whether sockets whose time is over are ended without a close frame; a client library connects
    /// again only then.
    pub abrupt_close: bool,
}

impl Default for RealTimeConfig {
    fn default() -> Self {
        Self {
            // `[doc]`
            disconnect_grace: 30,
            abrupt_close: false,
        }
    }
}
