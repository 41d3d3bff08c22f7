//! A tournament match: what its players report, and what comes of it.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::constants::word_enum;

word_enum! {
    /// How a match ended for a team. `[doc]`
    TeamOutcome {
        /// It won.
        Win = "win",
        /// It lost.
        Loss = "loss",
        /// Nobody won.
        Draw = "draw",
        /// It came in at a place, of more than two teams.
        Rank = "rank",
        /// It did not come.
        NoShow = "noshow",
        /// The match did not count.
        NoContest = "nocontest",
    }
}

word_enum! {
    /// How a match was decided. `[doc]`
    ResultState {
        /// All active players reported a result.
        Completed = "completed",
        /// Some did, before the time was over.
        PartialResults = "partialresults",
        /// None did.
        NoResults = "noresults",
        /// Nobody came in time.
        Canceled = "canceled",
    }
}

word_enum! {
    /// By whom a match was decided. `[doc]`
    ResultSource {
        /// By the service, from what players reported.
        Arbitration = "arbitration",
        /// By a game server.
        Server = "server",
        /// By whoever corrected it afterwards.
        Adjusted = "adjusted",
    }
}

word_enum! {
    /// How far a match has come, as a whole or for a player. `[doc]`
    ArbitrationStatus {
        /// It has not begun.
        Waiting = "waiting",
        /// It has begun, and the player has not come.
        Joining = "joining",
        /// It has begun, and somebody has come: of the match as a whole.
        InProgress = "inprogress",
        /// The player has come.
        Playing = "playing",
        /// The player has reported, or the match is decided.
        Complete = "complete",
        /// The player did not report in time.
        Incomplete = "incomplete",
    }
}

/// What became of one team.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TeamResult {
    /// How it ended.
    pub outcome: TeamOutcome,
    /// The place from 1, where teams are ranked, and only there. `[doc]`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ranking: Option<u64>,
}

/// What became of each team, by its id.
pub type TeamResults = IndexMap<String, TeamResult>;

/// `members.*.properties.system.arbitration`: what a player reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// The result of every team.
    pub results: TeamResults,
}

/// `arbitration` of a session. Inferred: where the status of the whole match is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arbitration {
    /// How far the match has come.
    pub status: ArbitrationStatus,
}
