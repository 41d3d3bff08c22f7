//! Activities without a session, invitations to them, and recent players.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ids::{TitleId, Xuid};
use crate::session::constants::word_enum;
use crate::time::WireTime;

/// The number that orders the writes of one activity: a text or a JSON number, and written as a
/// text. `[doc]` for the text, `[client]` for the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SequenceNumber(pub u64);

impl fmt::Display for SequenceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for SequenceNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SequenceNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl serde::de::Visitor<'_> for Visitor {
            type Value = SequenceNumber;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number below 2^64, or its digits as a text")
            }

            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Self::Value, E> {
                Ok(SequenceNumber(number))
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
                let digits = text.bytes().all(|byte| byte.is_ascii_digit());
                let number = text.parse().ok().filter(|_| digits);
                number
                    .map(SequenceNumber)
                    .ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

word_enum! {
    /// Who may join an activity. `[doc]`
    JoinRestriction {
        /// Anybody.
        Public = "Public",
        /// Whoever was invited.
        InviteOnly = "InviteOnly",
        /// Whom the owner follows.
        Followed = "Followed",
    }
}

word_enum! {
    /// Where an activity takes place. `[doc]`
    Platform {
        /// Xbox One.
        XboxOne = "XboxOne",
        /// Windows, as a store application.
        WindowsOneCore = "WindowsOneCore",
        /// iOS.
        Ios = "IOS",
        /// Android.
        Android = "Android",
        /// Nintendo Switch.
        Nintendo = "Nintendo",
        /// PlayStation.
        PlayStation = "PlayStation",
        /// Windows.
        Win32 = "Win32",
        /// Xbox Series.
        Scarlett = "Scarlett",
        /// macOS. `[client]`
        MacOs = "MacOS",
    }
}

word_enum! {
    /// How two players met. `[doc]`
    EncounterType {
        /// Somehow.
        Default = "Default",
        /// In one team.
        Teammate = "Teammate",
        /// In two.
        Opponent = "Opponent",
    }
}

word_enum! {
    /// Whose users are named. `[doc]`
    Network {
        /// The only one.
        XboxLive = "XboxLive",
    }
}

/// The body of `PUT /titles/{titleId}/users/{xuid}/activities`. Unknown fields are ignored.
/// `Inferred:`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SetActivity {
    /// Above 0; a write that is not above the last one is passed over.
    pub sequence_number: SequenceNumber,
    /// How to join, opaque to the service.
    pub connection_string: String,
    /// Who may join.
    pub join_restriction: JoinRestriction,
    /// Places.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_players: Option<u64>,
    /// Places taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_players: Option<u64>,
    /// What activities of one game have in common.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_id: Option<String>,
    /// Where it takes place; everywhere when missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
}

/// The body of `DELETE` at the same address. `[doc]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeleteActivity {
    /// As when it is set.
    pub sequence_number: SequenceNumber,
}

/// An activity as it is answered. `[client]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Activity {
    /// Of its last write.
    pub sequence_number: SequenceNumber,
    /// The title, as a JSON number: clients require that.
    #[serde(serialize_with = "as_number")]
    pub title_id: TitleId,
    /// How to join; only for who may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_string: Option<String>,
    /// Who may join.
    pub join_restriction: JoinRestriction,
    /// Places.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_players: Option<u64>,
    /// Places taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_players: Option<u64>,
    /// What activities of one game have in common.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_id: Option<String>,
    /// Where it takes place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature that serde asks for"
)]
fn as_number<S: Serializer>(title_id: &TitleId, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u32(title_id.0)
}

/// The body of `POST /titles/{titleId}/activities/query`. `[doc]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActivityQuery {
    /// Whose activities.
    pub users: Vec<Xuid>,
}

/// The answer to a query. `[client]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ActivityResults {
    /// One for each user, in the order of the query.
    pub user_activities: Vec<UserActivities>,
}

/// What one user does. `[client]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserActivities {
    /// The user.
    pub user_id: Xuid,
    /// None or one: a title has one activity of a user.
    pub activities: Vec<Activity>,
}

/// The body of `POST /titles/{titleId}/invites`, and of `/invites/server`. `[doc]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SendInvites {
    /// Who is invited.
    pub invited_users: Vec<Xuid>,
    /// How to join, opaque to the service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_string: Option<String>,
    /// Where the invited are to play; everywhere when missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
    /// Who invites; named by servers only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<Xuid>,
}

/// The body of `POST /titles/{titleId}/recentplayers`. `[doc]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecentPlayers {
    /// Whom the calling user has met.
    pub recent_players: Vec<Encounter>,
}

/// Somebody whom a user has met. `[doc]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Encounter {
    /// The other user.
    pub id: Xuid,
    /// How.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encounter_type: Option<EncounterType>,
    /// Of which network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<Network>,
    /// When.
    pub timestamp: WireTime,
}

/// The body of `POST /titles/{titleId}/recentplayers/server`. `[doc]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerRecentPlayers {
    /// One entry for each user.
    pub recent_players_by_xuid: Vec<RecentPlayersOf>,
}

/// Whom one user has met. `[doc]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecentPlayersOf {
    /// The user.
    pub xuid: Xuid,
    /// Whom the user has met.
    pub recent_players: Vec<Encounter>,
}

/// The body of `POST /titles/{titleId}/recentplayergroups/server`. `[doc]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecentPlayerGroups {
    /// In each, everybody has met everybody.
    pub recent_player_groups: Vec<RecentPlayerGroup>,
}

/// Users who have met each other. `[doc]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecentPlayerGroup {
    /// How.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encounter_type: Option<EncounterType>,
    /// When; now if that is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<WireTime>,
    /// Who.
    pub recent_players: Vec<GroupedPlayer>,
}

/// A user in a group. `[doc]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupedPlayer {
    /// The user.
    pub id: Xuid,
    /// Of which network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<Network>,
}

/// A refusal in the form of this service. `[doc]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ActivityError {
    /// Which kind.
    pub error_code: ActivityErrorCode,
    /// For people.
    pub debug_message: String,
}

word_enum! {
    /// The kind of a refusal. `[doc]`
    ActivityErrorCode {
        /// The request is wrong on its face.
        RequestValidation = "RequestValidationError",
        /// The caller may not do that.
        Authorization = "AuthorizationError",
        /// The request cannot be served.
        InvalidRequest = "InvalidRequest",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn h96_a_sequence_number_is_a_text_or_a_number() {
        let check = |text: &str, expected: Option<u64>| {
            let read = crate::json::read::<SequenceNumber>(text.as_bytes());
            assert_eq!(read.ok().map(|number| number.0), expected, "{text}");
        };
        check("11", Some(11));
        check(r#""11""#, Some(11));
        check("18446744073709551615", Some(u64::MAX));
        check(r#""18446744073709551615""#, Some(u64::MAX));
        for wrong in [
            r#""18446744073709551616""#,
            "18446744073709551616",
            "-1",
            "1.5",
            r#""""#,
            r#""+1""#,
            r#"" 1""#,
            "null",
            "[]",
        ] {
            check(wrong, None);
        }
    }

    #[test]
    fn h97_an_activity_has_a_title_that_is_a_number_and_nothing_that_is_null() {
        let activity = Activity {
            sequence_number: SequenceNumber(u64::MAX),
            title_id: TitleId(777),
            connection_string: None,
            join_restriction: JoinRestriction::Followed,
            max_players: Some(4),
            current_players: Some(1),
            group_id: None,
            platform: Some(Platform::Ios),
        };
        let written = json!({"sequenceNumber": "18446744073709551615", "titleId": 777,
            "joinRestriction": "Followed", "maxPlayers": 4, "currentPlayers": 1,
            "platform": "IOS"});
        assert_eq!(serde_json::to_value(&activity).expect("plain"), written);
        let read: Activity = serde_json::from_value(written).expect("an activity");
        assert_eq!(read, activity);
    }
}
