//! What conditions and orders are about.

/// A collection of texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Set {
    /// `tags`
    Tags,
    /// `achievementIds`
    AchievementIds,
    /// `session/memberXuids`: accepted members.
    MemberXuids,
    /// `session/ownerXuids`: owners; without any, the maker of the handle.
    OwnerXuids,
    /// `session/keywords`
    Keywords,
}

/// A text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextField {
    /// `strings/{name}`; the name is in lower case.
    Attribute(String),
    /// `language`, or the language of `locale`.
    Language,
    /// `session/scid`
    Scid,
    /// `session/templateName`
    TemplateName,
    /// `session/name`
    Name,
    /// `session/registrationState`
    RegistrationState,
    /// `session/visibility`
    Visibility,
    /// `session/joinRestriction`
    JoinRestriction,
}

/// A number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NumberField {
    /// `numbers/{name}`; the name is in lower case.
    Attribute(String),
    /// `session/titleId`: of whoever made the handle.
    TitleId,
    /// `session/membersCount`: places taken, reserved ones included.
    MembersCount,
    /// `session/maxMembersCount`: places.
    MaxMembersCount,
    /// `session/targetMembersCount`: wanted members.
    TargetMembersCount,
    /// `session/targetMembersCountRemaining` and `session/needs`: members still wanted.
    Needs,
    /// `session/maxMembersCountRemaining`: free places.
    MaxMembersCountRemaining,
    /// `session/roles/{type}/{role}/…`; names are in lower case.
    Role {
        /// The role type.
        kind: String,
        /// The role.
        role: String,
        /// What of it.
        number: RoleNumber,
    },
}

/// A number of a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoleNumber {
    /// Members who hold it.
    Count,
    /// How many should; where that is not said, how many may.
    Target,
    /// How many may.
    Max,
    /// How many more should.
    Needs,
}

/// A point in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeField {
    /// `session/scheduledTime`
    ScheduledTime,
    /// `session/postedTime`: when the handle was made.
    PostedTime,
}

/// What a path leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    Set(Set),
    Text(TextField),
    Number(NumberField),
    Time(TimeField),
    Closed,
}

impl Place {
    /// How an error calls it.
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Self::Set(_) => "a collection",
            Self::Text(_) => "a text",
            Self::Number(_) => "a number",
            Self::Time(_) => "a time",
            Self::Closed => "true or false",
        }
    }
}

impl TextField {
    /// Whether letter case never matters: of names and words that the service keeps (F4).
    pub(super) fn ignores_case(&self) -> bool {
        !matches!(self, Self::Attribute(_))
    }
}

impl Set {
    /// Whether elements are read in lower case even without `tolower` (F1, F3, F5).
    pub(super) fn is_lowered(self) -> bool {
        matches!(self, Self::Tags | Self::Keywords)
    }
}
