//! What a session says about its managed initialisation.

use serde::{Deserialize, Serialize};

use super::constants::word_enum;
use crate::time::WireTime;

/// The episode that runs, or the first one if it failed.
///
/// The words are texts, so that a reader takes what a later service may say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Initializing {
    /// A [`Stage`].
    pub stage: String,
    /// When the stage began.
    pub stage_start_time: WireTime,
    /// Counts from 1.
    pub episode: u32,
}

word_enum! {
    /// How far an episode has come. `[doc]`
    Stage {
        /// Reserved members are awaited.
        Joining = "joining",
        /// Members measure the ways to each other and to servers.
        Measuring = "measuring",
        /// The title decides.
        Evaluating = "evaluating",
        /// The first episode failed: the session cannot be initialised any more.
        Failed = "failed",
    }
}

word_enum! {
    /// Why a member failed to initialise; of several reasons, the first in this order. `[doc]`
    Failure {
        /// It did not upload its measurements in time.
        Timeout = "timeout",
        /// A way takes too long.
        Latency = "latency",
        /// Too little arrives.
        BandwidthDown = "bandwidthdown",
        /// Too little leaves.
        BandwidthUp = "bandwidthup",
        /// A way was not measured: there is none.
        Network = "network",
        /// A member of its group failed or is gone.
        Group = "group",
        /// The episode failed as a whole.
        Episode = "episode",
    }
}

impl Failure {
    /// The word of contracts 104 and 105. `[doc]` for the name, `Inferred:` that it is this reason's.
    pub fn as_legacy_str(self) -> &'static str {
        match self {
            Self::Episode => "quorum",
            other => other.as_str(),
        }
    }
}
