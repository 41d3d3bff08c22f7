//! What a user lets which others see and do.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Who is let. `[doc]`: three buckets; `Inferred:` their spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Audience {
    /// Everybody.
    Everyone,
    /// Those whom the user follows.
    PeopleOnMyList,
    /// Nobody.
    Blocked,
}

macro_rules! settings {
    ($($(#[$doc:meta])* $name:ident;)+) => {
        /// One choice of a user. `[client]` for the names.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Setting { $($(#[$doc])* $name,)+ }

        impl Setting {
            /// All there are.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The name on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),+ }
            }
        }
    };
}

settings! {
    /// Reading the people list.
    ShareFriendList;
    /// Reading what was played.
    ShareGameHistory;
    /// Messages, voice and invitations.
    CommunicateUsingTextAndVoice;
    /// Seeing whether and where the user is.
    SharePresence;
    /// Reading the profile.
    ShareProfile;
    /// Seeing what is watched and heard.
    ShareVideoAndMusicStatus;
    /// Video calls.
    CommunicateUsingVideo;
}

impl Setting {
    /// Reads a name, in any case.
    pub fn parse(name: &str) -> Option<Self> {
        let named = |setting: &&Self| setting.as_str().eq_ignore_ascii_case(name);
        Self::ALL.iter().find(named).copied()
    }

    /// What counts where the user has not chosen. `Inferred:` people 5.5
    pub const fn default_for(self, age: Age) -> Audience {
        match (age, self) {
            (Age::Teen, Self::CommunicateUsingTextAndVoice | Self::CommunicateUsingVideo)
            | (Age::Child, Self::SharePresence) => Audience::PeopleOnMyList,
            (Age::Child, Self::CommunicateUsingTextAndVoice | Self::CommunicateUsingVideo) => {
                Audience::Blocked
            }
            _ => Audience::Everyone,
        }
    }
}

/// The age group of a user, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Age {
    /// Grown up, or not said.
    #[default]
    Adult,
    /// A teenager.
    Teen,
    /// A child.
    Child,
}

/// What a user has chosen; the rest is as by default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Settings(pub BTreeMap<Setting, Audience>);

impl Settings {
    /// Who is let, of a user of an age group.
    pub fn audience(&self, setting: Setting, age: Age) -> Audience {
        let chosen = self.0.get(&setting).copied();
        chosen.unwrap_or(setting.default_for(age))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_any_case_and_written_in_one() {
        for setting in Setting::ALL {
            let name = setting.as_str();
            assert_eq!(Setting::parse(&name.to_lowercase()), Some(*setting));
            assert_eq!(serde_json::to_string(setting).unwrap(), format!("{name:?}"));
        }
        assert_eq!(Setting::parse("ShareSecrets"), None);
    }

    #[test]
    fn minors_are_protected_until_they_choose_otherwise() {
        let text = Setting::CommunicateUsingTextAndVoice;
        let mut settings = Settings::default();
        assert_eq!(settings.audience(text, Age::Adult), Audience::Everyone);
        assert_eq!(settings.audience(text, Age::Teen), Audience::PeopleOnMyList);
        assert_eq!(settings.audience(text, Age::Child), Audience::Blocked);
        let presence = settings.audience(Setting::SharePresence, Age::Child);
        assert_eq!(presence, Audience::PeopleOnMyList);
        settings.0.insert(text, Audience::Everyone);
        assert_eq!(settings.audience(text, Age::Child), Audience::Everyone);
    }
}
