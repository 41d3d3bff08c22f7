//! Every reason to refuse a request, and which family of answer it gives.
//!
//! Status numbers are not here: the server maps [`Class`] to them.

use std::fmt;

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
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $class:ident;)+) => {
        /// A rule of the session directory.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Rule { $($(#[$doc])* $variant,)+ }

        impl Rule {
            /// Every rule.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable name of the rule, for people and programs.
            pub fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// The family of answer.
            pub fn class(self) -> Class {
                match self { $(Self::$variant => Class::$class),+ }
            }
        }
    };
}

rules! {
    /// The body is not the document it should be.
    MalformedBody = "body.malformed", Invalid;
    /// A value is outside its range.
    OutOfRange = "value.range", Invalid;
    /// More entries than a list or map may have.
    TooMany = "value.too_many", Invalid;
    /// A text is longer than it may be, or not of its form.
    BadText = "value.text", Invalid;
    /// A title's bag is too large.
    CustomTooLarge = "custom.size", Invalid;
    /// A title's property bag is not an object.
    CustomNotObject = "custom.object", Invalid;
    /// The stored document would be too large.
    DocumentTooLarge = "document.size", Conflict;

    /// A constant differs from the template's or the session's.
    ConstantConflict = "constants.conflict", Conflict;
    /// Constants, or constants and properties, that exclude each other.
    InvalidCombination = "constants.combination", Invalid;
    /// As the former, but one side is prescribed by the template.
    CombinationConflict = "constants.combination_with_template", Conflict;
    /// The caller is not among the session's initiators.
    NotInitiator = "constants.initiators", Forbidden;
    /// Only servers create such a session.
    ServerCreated = "constants.server_created", Forbidden;

    /// A key of `members` that has no meaning.
    MemberKey = "members.key", Invalid;
    /// Reservations are numbered from 0 without gaps.
    ReservationNumbering = "members.reserve.numbering", Invalid;
    /// Keys of `members` that exclude each other.
    MixedMemberKeys = "members.key.mixed", Invalid;
    /// A reservation names its user.
    ReservationWithoutXuid = "members.reserve.xuid", Invalid;
    /// The user already has a place, with other constants.
    ReservationClash = "members.reserve.clash", Conflict;
    /// Large sessions keep no places and touch no other members.
    LargeSession = "members.large", Conflict;
    /// No place is free.
    Full = "members.full", Invalid;
    /// No place is free (asked through a handle).
    FullByHandle = "members.full.handle", NoAccess;
    /// `members.me` needs a user.
    NoUser = "caller.user", Forbidden;
    /// The user may not play with others.
    NoMultiplayer = "caller.multiplayer", Forbidden;
    /// Existing members are referred to by servers and owners only.
    ExistingMember = "members.existing", Forbidden;
    /// `members.me` names another user.
    ForeignXuid = "members.me.xuid", Forbidden;
    /// Constants that only services set.
    ServerOnlyConstant = "members.constants.server_only", Forbidden;
    /// A request for several users at once.
    MultiUser = "members.multi_user", Invalid;

    /// Active and ready exclude each other.
    ActiveAndReady = "members.state", Invalid;
    /// Being active takes a connection in this session.
    ConnectionRequired = "members.connection", Invalid;
    /// The session lacks a capability that the field needs.
    CapabilityNeeded = "capability.needed", Invalid;
    /// The field cannot be set in a large session.
    NotOnLarge = "capability.large", Invalid;
    /// Measurements of one's own device.
    OwnMeasurement = "members.measurements.own", Invalid;
    /// An index of no member.
    NoSuchMember = "members.index", Invalid;
    /// A role or role type that is not defined.
    NoSuchRole = "roles.unknown", Invalid;
    /// Nobody else may hold the role.
    RoleFull = "roles.full", Conflict;
    /// Only owners assign the role.
    RoleOwnerManaged = "roles.owner_managed", Forbidden;
    /// The setting of the role is fixed.
    RoleSettingFixed = "roles.fixed", Conflict;
    /// A role definition that makes no sense.
    RoleDefinition = "roles.definition", Invalid;

    /// Private sessions have no keywords.
    KeywordsOnPrivate = "properties.keywords.private", Invalid;
    /// Locked sessions are closed.
    LockedNotClosed = "properties.locked", Invalid;
    /// Who may join may read.
    ReadStricterThanJoin = "properties.read_restriction", Invalid;
    /// A restriction that the session's capabilities exclude.
    RestrictionNotAllowed = "properties.join_restriction", Invalid;
    /// No episode waits for a verdict.
    NotEvaluating = "properties.initialization_succeeded", Invalid;
    /// Only owners change the property.
    OwnersOnly = "properties.owners_only", Forbidden;
    /// Only servers write `servers`.
    ServersOnly = "servers.server_only", Forbidden;
    /// A server entry's name.
    ServerName = "servers.name", Invalid;

    /// Members only.
    Private = "access.private", NoAccess;
    /// Reservation needed.
    Visible = "access.visible", NoAccess;
    /// The join restriction is not satisfied.
    JoinRestricted = "access.join_restriction", NoAccess;
    /// The read restriction is not satisfied.
    ReadRestricted = "access.read_restriction", NoAccess;
    /// The session takes nobody.
    Closed = "access.closed", NoAccess;
    /// Only members write.
    NotMember = "access.not_member", NoAccess;

    /// No such handle, or not for this caller.
    HandleNotFound = "handles.not_found", NotFound;
    /// Handles have version 1.
    HandleVersion = "handles.version", Invalid;
    /// A field that the handle's type needs is missing.
    HandleField = "handles.field", Invalid;
    /// A search attribute is malformed.
    SearchAttribute = "handles.search_attributes", Invalid;
    /// The caller may not make or delete the handle.
    HandleForbidden = "handles.forbidden", Forbidden;
    /// The session cannot be found by search.
    NotSearchable = "handles.searchable", Forbidden;
    /// The session of the handle does not exist.
    HandleSessionMissing = "handles.session_missing", NotFound;
    /// A query that cannot be answered.
    BadQuery = "handles.query", Invalid;
    /// Somebody else's people.
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
