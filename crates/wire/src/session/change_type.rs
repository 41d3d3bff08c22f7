//! `changeTypes`: the kinds of change that a member can be tapped for.

use super::constants::word_enum;

word_enum! {
    /// A kind of change, in the order of the client library's flags. `[client]`
    ///
    /// Names match in any case. Others are kept where they are written and never fire; among them
    /// `tournaments` and `arbitration`, which clients no longer use.
    ChangeType {
        /// Every change that has a number.
        Everything = "everything",
        /// Another host.
        Host = "host",
        /// Another stage of managed initialisation, or a member failed in it.
        Initialization = "initialization",
        /// What matchmaking found, or what it is asked for.
        MatchmakingStatus = "matchmakingStatus",
        /// Members came or went, reservations included.
        MembersList = "membersList",
        /// A member's state changed, or members came or went.
        MembersStatus = "membersStatus",
        /// Whether and by whom the session can be joined.
        Joinability = "joinability",
        /// The session's custom properties.
        CustomProperty = "customProperty",
        /// A member's custom properties.
        MembersCustomProperty = "membersCustomProperty",
        /// Roles of members, or the settings of roles.
        Roles = "roles",
        /// When the play is meant to begin.
        ScheduledTime = "scheduledtime",
    }
}
