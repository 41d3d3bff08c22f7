//! The state machine as a table: every way from one state to the next.
//!
//! The machine follows it row by row, and `docs/initialization.md` is made of it.

use convoke_wire::session::initialization::Stage;

/// Where a session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// No episode runs.
    Idle,
    /// Reserved members are awaited.
    Joining,
    /// A fork: everybody who comes has come.
    Joined,
    /// Members measure and upload what they found.
    Measuring,
    /// A fork: what can be measured has been.
    Measured,
    /// The title decides.
    Evaluating,
    /// A fork: the episode failed.
    Lost,
    /// The first episode failed: nothing is initialised any more.
    Failed,
}

/// What must be so for a row to be followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Members wait for their episode.
    MembersWait,
    /// No member of the episode is reserved.
    EverybodyJoined,
    /// `joinTimeout` has passed.
    JoinTimeout,
    /// A member of the episode has a way to another member or to a server to measure.
    SomethingToMeasure,
    /// Every member of the episode has uploaded what it is to measure, or failed.
    EverybodyMeasured,
    /// `measurementTimeout` has passed.
    MeasurementTimeout,
    /// `externalEvaluation` is on.
    ExternalEvaluation,
    /// As many members passed as the episode needs.
    EnoughPassed,
    /// Somebody wrote `initializationSucceeded: true`.
    TitleAccepts,
    /// Somebody wrote `initializationSucceeded: false`.
    TitleRejects,
    /// `evaluationTimeout` has passed.
    EvaluationTimeout,
    /// It is episode 1.
    FirstEpisode,
    /// No row of the same state above this one applies.
    Otherwise,
}

/// What a row does on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// The waiting members' episode becomes the one that runs.
    StartEpisode,
    /// Members of the episode that are still reserved are removed.
    RemoveReserved,
    /// Members who did not upload fail by `timeout`.
    FailSilent,
    /// Members whose ways do not reach the requirements fail by what they lack.
    FailUnfit,
    /// Members whose group lost somebody, or in whose group somebody failed, fail by `group`.
    FailGroups,
    /// In episode 1, `hostCandidates` are named.
    NameHosts,
    /// All others of the episode fail by `episode`.
    FailOthers,
    /// Whoever waits for the next episode fails by `episode`, and waits no more.
    FailWaiting,
    /// The members of the episode lose its number.
    Release,
}

/// One way from a state to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Where it begins.
    pub from: State,
    /// What must be so.
    pub when: When,
    /// What is done, in order.
    pub acts: &'static [Act],
    /// Where it ends.
    pub to: State,
}

const fn row(from: State, when: When, acts: &'static [Act], to: State) -> Row {
    Row {
        from,
        when,
        acts,
        to,
    }
}

/// The state machine. The first row of a state whose condition holds is followed.
pub const TABLE: &[Row] = {
    use Act::{
        FailGroups, FailOthers, FailSilent, FailUnfit, FailWaiting, NameHosts, Release,
        RemoveReserved, StartEpisode,
    };
    use State::{Evaluating, Failed, Idle, Joined, Joining, Lost, Measured, Measuring};
    use When::{
        EnoughPassed, EvaluationTimeout, EverybodyJoined, EverybodyMeasured, ExternalEvaluation,
        FirstEpisode, JoinTimeout, MeasurementTimeout, MembersWait, Otherwise, SomethingToMeasure,
        TitleAccepts, TitleRejects,
    };
    &[
        row(Idle, MembersWait, &[StartEpisode], Joining),
        row(Joining, EverybodyJoined, &[FailGroups], Joined),
        row(Joining, JoinTimeout, &[RemoveReserved, FailGroups], Joined),
        row(Joined, SomethingToMeasure, &[], Measuring),
        row(Joined, Otherwise, &[], Measured),
        row(
            Measuring,
            EverybodyMeasured,
            &[FailUnfit, FailGroups, NameHosts],
            Measured,
        ),
        row(
            Measuring,
            MeasurementTimeout,
            &[FailSilent, FailUnfit, FailGroups, NameHosts],
            Measured,
        ),
        row(Measured, ExternalEvaluation, &[], Evaluating),
        row(Measured, EnoughPassed, &[Release], Idle),
        row(Measured, Otherwise, &[], Lost),
        row(Evaluating, TitleAccepts, &[FailGroups, Release], Idle),
        row(Evaluating, TitleRejects, &[], Lost),
        row(Evaluating, EvaluationTimeout, &[], Lost),
        row(
            Lost,
            FirstEpisode,
            &[FailOthers, FailWaiting, Release],
            Failed,
        ),
        row(Lost, Otherwise, &[FailOthers, Release], Idle),
    ]
};

impl State {
    /// Every state, in the order in which an episode comes to them.
    pub const ALL: &'static [Self] = &[
        Self::Idle,
        Self::Joining,
        Self::Joined,
        Self::Measuring,
        Self::Measured,
        Self::Evaluating,
        Self::Lost,
        Self::Failed,
    ];

    /// The stage that the session shows, if it stays in the state; none in a fork, and none where
    /// nothing is shown.
    pub fn stage(self) -> Option<Stage> {
        match self {
            Self::Joining => Some(Stage::Joining),
            Self::Measuring => Some(Stage::Measuring),
            Self::Evaluating => Some(Stage::Evaluating),
            Self::Failed => Some(Stage::Failed),
            Self::Idle | Self::Joined | Self::Measured | Self::Lost => None,
        }
    }

    /// Whether the state is left as soon as it is entered.
    pub fn is_fork(self) -> bool {
        matches!(self, Self::Joined | Self::Measured | Self::Lost)
    }
}

impl From<Stage> for State {
    fn from(stage: Stage) -> Self {
        match stage {
            Stage::Joining => Self::Joining,
            Stage::Measuring => Self::Measuring,
            Stage::Evaluating => Self::Evaluating,
            Stage::Failed => Self::Failed,
        }
    }
}
