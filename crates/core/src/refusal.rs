//! Every reason to refuse a request, and which family of answer it gives.
//!
//! Status numbers are not here: the server maps [`Class`] to them.

mod help;

use std::fmt;

pub use help::Help;

/// A rule that refused something, where, and what it found there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Refusal {
    /// The rule.
    pub rule: Rule,
    /// Where in the request document, as `members.me.properties`; empty for the whole.
    pub path: String,
    /// What the rule asks for or found, in words.
    pub detail: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        write!(f, "{} [{}]", self.detail, self.rule.code())
    }
}

/// The family of answer a refusal gives. `[doc]`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// The request is wrong on its face.
    Invalid,
    /// This kind of caller may not ask for that.
    Forbidden,
    /// The caller may not do that to this session; one who may read it is shown it.
    NoAccess,
    /// What is asked for does not exist.
    NotFound,
    /// The request does not fit the session.
    Conflict,
}

macro_rules! rules {
    ($(#[doc = $sentence:literal] $variant:ident = $code:literal, $class:ident;)+) => {
        /// A rule of the session directory.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Rule { $(#[doc = $sentence] $variant,)+ }

        impl Rule {
            /// Every rule.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable name of the rule, for people and programs.
            pub fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// The rule, as one sentence.
            pub fn sentence(self) -> &'static str {
                match self { $(Self::$variant => $sentence.trim_ascii()),+ }
            }

            /// The family of answer.
            pub fn class(self) -> Class {
                match self { $(Self::$variant => Class::$class),+ }
            }
        }
    };
}

rules! {
    /// A body is one JSON document of the shape that its address takes.
    MalformedBody = "body.malformed", Invalid;
    /// A number stays within its range.
    OutOfRange = "value.range", Invalid;
    /// A list or map has at most so many entries.
    TooMany = "value.too_many", Invalid;
    /// A text has its form and is not too long.
    BadText = "value.text", Invalid;
    /// A title's bag has at most so many bytes.
    CustomTooLarge = "custom.size", Invalid;
    /// A title's bag of properties is an object.
    CustomNotObject = "custom.object", Invalid;
    /// What titles keep in one session has at most so many bytes together.
    DocumentTooLarge = "document.size", Conflict;

    /// A constant never changes: not the one of a template, nor of a session, a member or a server.
    ConstantConflict = "constants.conflict", Conflict;
    /// Constants, and constants with properties, must not exclude each other.
    InvalidCombination = "constants.combination", Invalid;
    /// What a request adds must not exclude what the template prescribes.
    CombinationConflict = "constants.combination_with_template", Conflict;
    /// Only the initiators of a session create it, where it has some.
    NotInitiator = "constants.initiators", Forbidden;
    /// Only servers create an arbitrated session.
    ServerCreated = "constants.server_created", Forbidden;

    /// A key of `members` is `me`, `reserve_<n>`, an index, or one of those for acting users.
    MemberKey = "members.key", Invalid;
    /// Reservations are numbered from 0 without gaps.
    ReservationNumbering = "members.reserve.numbering", Invalid;
    /// Keys of `members` that exclude each other are not sent in one request.
    MixedMemberKeys = "members.key.mixed", Invalid;
    /// A reservation names its user.
    ReservationWithoutXuid = "members.reserve.xuid", Invalid;
    /// A user who has a place already is not reserved one with other constants.
    ReservationClash = "members.reserve.clash", Conflict;
    /// A large session keeps no places and lets nobody touch other members.
    LargeSession = "members.large", Conflict;
    /// A session has at most `maxMembersCount` members, reserved places included.
    Full = "members.full", Invalid;
    /// A session that is joined through a handle has room for the joiner.
    FullByHandle = "members.full.handle", NoAccess;
    /// What is done as a user takes a token with a user.
    NoUser = "caller.user", Forbidden;
    /// Who is banned from a service configuration uses no session of it.
    Banned = "caller.banned", Forbidden;
    /// A user is a member of at most so many sessions of a service configuration.
    TooManySessions = "members.sessions", Conflict;
    /// Who plays with others has the multiplayer privilege.
    NoMultiplayer = "caller.multiplayer", Forbidden;
    /// Only servers and owners refer to members who are there already.
    ExistingMember = "members.existing", Forbidden;
    /// `members.me` is the calling user and nobody else.
    ForeignXuid = "members.me.xuid", Forbidden;
    /// Some constants of a member are set by services only.
    ServerOnlyConstant = "members.constants.server_only", Forbidden;
    /// A session with managed initialisation begins with as many members as its first episode needs.
    TooFewToStart = "members.initialize", Invalid;
    /// `me` is the one acting user; of several, each is named.
    MultiUser = "members.multi_user", Invalid;
    /// A request for a large session acts for one user at most.
    MultiUserOnLarge = "members.multi_user.large", Forbidden;
    /// `me_<xuid>` is one of the users whom the request acts for.
    NotActing = "members.multi_user.xuid", Forbidden;

    /// A member is active or ready, not both.
    ActiveAndReady = "members.state", Invalid;
    /// Being active takes a real-time connection where the session requires one.
    ConnectionRequired = "members.connection", Invalid;
    /// One real-time connection serves the subscriptions of at most so many sessions.
    ConnectionSessions = "members.connection.sessions", Conflict;
    /// A field that belongs to a capability takes a session with that capability.
    CapabilityNeeded = "capability.needed", Invalid;
    /// Some fields cannot be set in a large session.
    NotOnLarge = "capability.large", Invalid;
    /// Nobody measures the way to their own device.
    OwnMeasurement = "members.measurements.own", Invalid;
    /// An index is that of a member.
    NoSuchMember = "members.index", Invalid;
    /// A role and a role type are defined before they are used.
    NoSuchRole = "roles.unknown", Invalid;
    /// A role is held by at most `max` members.
    RoleFull = "roles.full", Conflict;
    /// Only owners assign roles of an owner-managed type.
    RoleOwnerManaged = "roles.owner_managed", Forbidden;
    /// A setting of a role changes only if its type's `mutableRoleSettings` name it.
    RoleSettingFixed = "roles.fixed", Conflict;
    /// A role definition has a proper name, and `target` and `max` that fit together.
    RoleDefinition = "roles.definition", Invalid;

    /// A private session has no keywords.
    KeywordsOnPrivate = "properties.keywords.private", Invalid;
    /// A locked session is closed.
    LockedNotClosed = "properties.locked", Invalid;
    /// Who may join a session may read it.
    ReadStricterThanJoin = "properties.read_restriction", Invalid;
    /// The join restriction is one that the capabilities of the session allow.
    RestrictionNotAllowed = "properties.join_restriction", Invalid;
    /// A verdict is given only while an initialisation episode waits for one.
    NotEvaluating = "properties.initialization_succeeded", Invalid;
    /// Some properties are changed by owners only, where the session has owners.
    OwnersOnly = "properties.owners_only", Forbidden;
    /// Only servers write `servers`.
    ServersOnly = "servers.server_only", Forbidden;
    /// The name of a server entry is one that a path can carry.
    ServerName = "servers.name", Invalid;
    /// The entry of an arbitrated session says when its match begins, and its result is one.
    ArbitrationEntry = "arbitration.entry", Invalid;
    /// A report has the outcome of each team, and a ranking where the outcome is a rank.
    ArbitrationResults = "arbitration.results", Invalid;
    /// Results are reported from the start of the match until it is decided.
    ArbitrationTime = "arbitration.time", Conflict;
    /// Only servers choose the players of an arbitrated session.
    RosterFixed = "arbitration.roster", NoAccess;

    /// Where titles have to be known for sure, only consoles use sessions without `userAuthorizationStyle`.
    TitleUnproven = "access.title_identity", NoAccess;
    /// A private session is for its members and for who holds a reservation.
    Private = "access.private", NoAccess;
    /// A visible session is joined with a reservation only.
    Visible = "access.visible", NoAccess;
    /// Who joins satisfies the join restriction.
    JoinRestricted = "access.join_restriction", NoAccess;
    /// Who reads satisfies the read restriction.
    ReadRestricted = "access.read_restriction", NoAccess;
    /// A user whom an owner of the session has blocked does not join it.
    BlockedByOwner = "access.blocked", NoAccess;
    /// A closed session takes nobody.
    Closed = "access.closed", NoAccess;
    /// Only members write to a session.
    NotMember = "access.not_member", NoAccess;
    /// A question about access names a user, and only what goes with that.
    BadAccessQuestion = "access.question", Invalid;
    /// Why others have access is for servers, operators and developers to know.
    ForeignAccess = "access.question.foreign", Forbidden;

    /// A handle exists, has not ended, and is for the caller to know.
    HandleNotFound = "handles.not_found", NotFound;
    /// Handles have version 1.
    HandleVersion = "handles.version", Invalid;
    /// A handle has the fields that its type needs.
    HandleField = "handles.field", Invalid;
    /// Search attributes are few, short and well named.
    SearchAttribute = "handles.search_attributes", Invalid;
    /// A handle is made by a member of its session, and deleted by who made it.
    HandleForbidden = "handles.forbidden", Forbidden;
    /// An invitation is for somebody whom its sender may send messages to.
    InviteForbidden = "handles.invite.forbidden", Forbidden;
    /// Activities, and invitations to them, are within their limits.
    ActivityField = "activity.field", Invalid;
    /// Users act for themselves in the title of their token, and servers at the addresses for servers.
    ActivityForbidden = "activity.forbidden", Invalid;
    /// Only a session with the capability `searchable` has search handles.
    NotSearchable = "handles.searchable", Forbidden;
    /// A handle of this type leads to a session that exists.
    HandleSessionMissing = "handles.session_missing", NotFound;
    /// A query for handles names a type, and whose handles are asked for.
    BadQuery = "handles.query", Invalid;
    /// A filter is written in the filter language.
    BadFilter = "handles.query.filter", Invalid;
    /// An order is one path and a direction.
    BadOrder = "handles.query.order_by", Invalid;
    /// A query for sessions names a keyword or a user, and only what goes with that.
    BadSessionQuery = "sessions.query", Invalid;
    /// Private sessions and reservations are shown to the user concerned and to services.
    ForeignSessions = "sessions.query.private", Forbidden;
    /// Only one's own people are asked for.
    ForeignPeople = "handles.query.people", Forbidden;
}

impl Rule {
    /// A refusal by this rule at a place of the document.
    pub fn at(self, path: impl Into<String>, detail: impl Into<String>) -> Refusal {
        Refusal {
            rule: self,
            path: path.into(),
            detail: detail.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique() {
        let mut codes: Vec<_> = Rule::ALL.iter().map(|rule| rule.code()).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), Rule::ALL.len());
    }

    #[test]
    fn a_refusal_names_path_detail_and_rule() {
        let refusal = Rule::Full.at("members.me", "all 4 places are taken");
        assert_eq!(
            refusal.to_string(),
            "members.me: all 4 places are taken [members.full]"
        );
    }
}
