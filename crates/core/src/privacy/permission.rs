//! Whether one user may do something to another: the composition of privileges, lists and settings.
//!
//! The first step that fails gives the reason. What the other user has chosen is never told: such
//! a refusal says [`Reason::NotAllowed`] and nothing else. `[doc]`

use super::settings::{Age, Audience, Setting, Settings};

macro_rules! permissions {
    ($($name:ident = $number:literal: $privilege:expr, $mute:expr, $own:expr, $theirs:expr;)+) => {
        /// Something that may be done to another user. `[client]` for names and numbers.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "each is its name on the wire")]
        pub enum Permission { $($name),+ }

        impl Permission {
            /// All there are.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The name on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),+ }
            }

            /// The number that clients have for it.
            pub const fn number(self) -> u16 {
                match self { $(Self::$name => $number),+ }
            }

            const fn steps(self) -> Steps {
                match self {
                    $(Self::$name => Steps { privilege: $privilege, mute: $mute, own: $own, theirs: $theirs }),+
                }
            }
        }
    };
}

/// What a permission depends on beside block lists, which all do.
#[derive(Debug, Clone, Copy)]
struct Steps {
    /// The privilege the requestor needs.
    privilege: Option<u16>,
    /// Whether the requestor's mute list counts.
    mute: Mute,
    /// The requestor's own setting.
    own: Option<Setting>,
    /// The target's setting.
    theirs: Option<Setting>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mute {
    Counts,
    Ignored,
}

const TALK: Option<Setting> = Some(Setting::CommunicateUsingTextAndVoice);
const VIDEO: Option<Setting> = Some(Setting::CommunicateUsingVideo);
const GAMES: Option<Setting> = Some(Setting::ShareGameHistory);
const MEDIA: Option<Setting> = Some(Setting::ShareVideoAndMusicStatus);
const PROFILE: Option<Setting> = Some(Setting::ShareProfile);
const PRESENCE: Option<Setting> = Some(Setting::SharePresence);

// The first six rows are those of the specification (people 5.6).
// Inferred: the others, from what they show and by the same pattern.
permissions! {
    CommunicateUsingText = 1000: Some(252), Mute::Ignored, TALK, TALK;
    CommunicateUsingVoice = 1002: Some(252), Mute::Counts, TALK, TALK;
    CommunicateUsingVideo = 1001: Some(235), Mute::Counts, VIDEO, VIDEO;
    PlayMultiplayer = 1014: Some(254), Mute::Ignored, None, None;
    ViewTargetPresence = 1011: None, Mute::Ignored, None, PRESENCE;
    ViewTargetProfile = 1004: Some(249), Mute::Ignored, None, PROFILE;
    ViewTargetGameHistory = 1005: None, Mute::Ignored, None, GAMES;
    ViewTargetVideoHistory = 1006: None, Mute::Ignored, None, MEDIA;
    ViewTargetMusicHistory = 1007: None, Mute::Ignored, None, MEDIA;
    ViewTargetExerciseInfo = 1009: None, Mute::Ignored, None, PROFILE;
    ViewTargetVideoStatus = 1012: None, Mute::Ignored, None, MEDIA;
    ViewTargetMusicStatus = 1013: None, Mute::Ignored, None, MEDIA;
    ViewTargetUserCreatedContent = 1018: None, Mute::Ignored, None, PROFILE;
    BroadcastWithTwitch = 1019: None, Mute::Ignored, None, None;
    WriteComment = 1022: Some(252), Mute::Ignored, None, TALK;
    ShareItem = 1024: Some(252), Mute::Ignored, None, TALK;
    ShareTargetContentToExternalNetworks = 1025: None, Mute::Ignored, None, PROFILE;
}

/// The privilege to play with people of other networks. `[client]`
const CROSS_PLAY: u16 = 185;

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Asked {
    /// A permission.
    Permission(Permission),
    /// Whether the target's setting lets the requestor. `[doc]`
    Setting(Setting),
}

impl Asked {
    /// Reads a permission's name or number, or a setting's name, in any case. `Inferred:`
    pub fn parse(text: &str) -> Option<Self> {
        let number = text.parse().ok();
        let named = |permission: &&Permission| {
            permission.as_str().eq_ignore_ascii_case(text) || Some(permission.number()) == number
        };
        let permission = Permission::ALL.iter().find(named).copied();
        permission
            .map(Self::Permission)
            .or_else(|| Setting::parse(text).map(Self::Setting))
    }
}

/// Who asks.
pub trait Requestor {
    /// Whether the user has a privilege.
    fn has_privilege(&self, privilege: u16) -> bool;

    /// Who is let by a setting of the user's own.
    fn audience(&self, setting: Setting) -> Audience;
}

/// Whom it is about.
#[derive(Debug, Clone, Copy)]
pub enum Target<'a> {
    /// The requestor.
    Oneself,
    /// Another user.
    User(&'a Relation),
    /// Anybody of another network. `[client]`
    CrossNetworkUser,
    /// Somebody of another network who is a friend. `[client]`
    CrossNetworkFriend,
}

/// What stands between the requestor and another user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Relation {
    /// The requestor blocked the target.
    pub blocks: bool,
    /// The target blocked the requestor.
    pub is_blocked: bool,
    /// The requestor muted the target.
    pub mutes: bool,
    /// The requestor follows the target.
    pub follows: bool,
    /// The target follows the requestor.
    pub is_followed: bool,
    /// What the target has chosen.
    pub settings: Settings,
}

/// Why not. `[client]`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// By the target's choice, or for no reason that is told.
    NotAllowed,
    /// The requestor lacks a privilege.
    MissingPrivilege,
    /// The requestor blocked the target.
    BlockListRestrictsTarget,
    /// The requestor muted the target.
    MuteListRestrictsTarget,
    /// The requestor's own setting is stricter.
    PrivacySettingRestrictsTarget,
    /// Of other networks, only friends.
    CrossNetworkUserMustBeFriend,
}

impl Reason {
    /// All there are.
    pub const ALL: [Self; 6] = [
        Self::NotAllowed,
        Self::MissingPrivilege,
        Self::BlockListRestrictsTarget,
        Self::MuteListRestrictsTarget,
        Self::PrivacySettingRestrictsTarget,
        Self::CrossNetworkUserMustBeFriend,
    ];

    /// Reads a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == name)
    }

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotAllowed => "NotAllowed",
            Self::MissingPrivilege => "MissingPrivilege",
            Self::BlockListRestrictsTarget => "BlockListRestrictsTarget",
            Self::MuteListRestrictsTarget => "MuteListRestrictsTarget",
            Self::PrivacySettingRestrictsTarget => "PrivacySettingRestrictsTarget",
            Self::CrossNetworkUserMustBeFriend => "CrossNetworkUserMustBeFriend",
        }
    }
}

/// A refusal, with the privilege or setting of the requestor's own that is the cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Denial {
    /// Why.
    pub reason: Reason,
    /// By which privilege or setting.
    pub restricted_setting: Option<&'static str>,
}

impl Denial {
    const fn plain(reason: Reason) -> Self {
        Self {
            reason,
            restricted_setting: None,
        }
    }

    /// Whether it comes from the target's choice, of which the requestor learns nothing.
    pub fn is_the_targets(self) -> bool {
        self.reason == Reason::NotAllowed
    }
}

/// Judges one question.
pub fn check(asked: Asked, requestor: &impl Requestor, target: Target<'_>) -> Result<(), Denial> {
    let steps = match asked {
        Asked::Permission(permission) => permission.steps(),
        Asked::Setting(setting) => Steps {
            privilege: None,
            mute: Mute::Ignored,
            own: None,
            theirs: Some(setting),
        },
    };
    if let Target::Oneself = target {
        return Ok(());
    }
    check_privilege(steps.privilege, requestor)?;
    match target {
        Target::Oneself => Ok(()),
        Target::User(relation) => check_user(steps, requestor, relation),
        Target::CrossNetworkUser | Target::CrossNetworkFriend => {
            if asked == Asked::Permission(Permission::PlayMultiplayer) {
                check_privilege(Some(CROSS_PLAY), requestor)?;
            }
            check_stranger(steps, requestor, target)
        }
    }
}

/// Judges only what the requestor's own privileges say of a permission.
pub fn check_privileges(permission: Permission, requestor: &impl Requestor) -> Result<(), Denial> {
    check_privilege(permission.steps().privilege, requestor)
}

fn check_privilege(privilege: Option<u16>, requestor: &impl Requestor) -> Result<(), Denial> {
    match privilege {
        Some(privilege) if !requestor.has_privilege(privilege) => Err(Denial {
            reason: Reason::MissingPrivilege,
            restricted_setting: Some(privilege_name(privilege)),
        }),
        _ => Ok(()),
    }
}

fn check_user(steps: Steps, requestor: &impl Requestor, relation: &Relation) -> Result<(), Denial> {
    if relation.blocks {
        return Err(Denial::plain(Reason::BlockListRestrictsTarget));
    }
    if relation.is_blocked {
        return Err(Denial::plain(Reason::NotAllowed));
    }
    if steps.mute == Mute::Counts && relation.mutes {
        return Err(Denial::plain(Reason::MuteListRestrictsTarget));
    }
    if let Some(own) = steps.own
        && !lets(requestor.audience(own), relation.follows)
    {
        return Err(restricted(Reason::PrivacySettingRestrictsTarget, own));
    }
    // Inferred: the target's age is not known here, so that what it chose is all that counts.
    if let Some(theirs) = steps.theirs
        && !lets(
            relation.settings.audience(theirs, Age::Adult),
            relation.is_followed,
        )
    {
        return Err(Denial::plain(Reason::NotAllowed));
    }
    Ok(())
}

fn check_stranger(
    steps: Steps,
    requestor: &impl Requestor,
    target: Target<'_>,
) -> Result<(), Denial> {
    let Some(own) = steps.own else { return Ok(()) };
    match (requestor.audience(own), target) {
        (Audience::Blocked, _) => Err(restricted(Reason::PrivacySettingRestrictsTarget, own)),
        (Audience::PeopleOnMyList, Target::CrossNetworkUser) => {
            Err(restricted(Reason::CrossNetworkUserMustBeFriend, own))
        }
        _ => Ok(()),
    }
}

fn lets(audience: Audience, on_list: bool) -> bool {
    match audience {
        Audience::Everyone => true,
        Audience::PeopleOnMyList => on_list,
        Audience::Blocked => false,
    }
}

fn restricted(reason: Reason, setting: Setting) -> Denial {
    Denial {
        reason,
        restricted_setting: Some(setting.as_str()),
    }
}

/// The privileges by name. `[client]` for the first two; `Inferred:` the others.
fn privilege_name(privilege: u16) -> &'static str {
    match privilege {
        252 => "AllowCommunications",
        254 => "AllowMultiplayer",
        249 => "AllowProfileViewing",
        235 => "AllowVideoCommunications",
        CROSS_PLAY => "AllowCrossPlay",
        _ => "Unknown",
    }
}
