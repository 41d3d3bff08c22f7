//! The people hub: lists of people with more about each, in the form that clients decode.
//!
//! `null` stands where clients expect it and nowhere else. `[client]`

use serde::{Deserialize, Serialize};

use crate::ids::Xuid;

/// Which people are asked for: the word after `people/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector {
    /// Those who follow each other.
    Friends,
    /// Those whom the owner follows.
    Social,
    /// Those who follow the owner.
    Followers,
    /// Who asks to be a friend.
    RequestsReceived,
    /// Who was asked to be a friend.
    RequestsSent,
    /// Named in the path, as written there.
    Users(String),
    /// Named in the body.
    Batch,
    /// By a name.
    Search,
    /// Suggested.
    Recommendations,
    /// Whom the owner has met in play, the latest first. `[client]`
    RecentPlayers,
    /// Who played a title, as written in the path.
    PlayedTitle(String),
}

impl Selector {
    /// Reads a decoded path segment, in any case.
    pub fn parse(segment: &str) -> Option<Self> {
        let folded = segment.to_ascii_lowercase();
        let inner = |word: &str| {
            let inside = folded.strip_prefix(word)?;
            let inside = inside.strip_prefix('(')?.strip_suffix(')')?;
            Some(inside.to_owned())
        };
        Some(match folded.as_str() {
            "friends" => Self::Friends,
            "social" => Self::Social,
            "followers" => Self::Followers,
            "friendrequests(received)" => Self::RequestsReceived,
            "friendrequests(sent)" => Self::RequestsSent,
            "batch" => Self::Batch,
            "search" => Self::Search,
            "recentplayers" => Self::RecentPlayers,
            "recommendations" => Self::Recommendations,
            _ => {
                let users = inner("xuids").map(Self::Users);
                return users.or_else(|| inner("playedtitle").map(Self::PlayedTitle));
            }
        })
    }
}

/// The answer of the people hub.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HubPeople {
    /// The people.
    pub people: Vec<HubPerson>,
    /// Always `null`. `[client]`
    pub recommendation_summary: (),
    /// Always `null`. `[client]`
    pub friend_finder_state: (),
    /// Always `null`. `[client]`
    pub account_link_details: (),
    /// Always `null`. `[client]`
    pub friend_request_summary: (),
}

/// One person; names are within the lengths that clients have room for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HubPerson {
    /// The user.
    pub xuid: Xuid,
    /// Both follow each other.
    pub is_friend: bool,
    /// Marked by the caller.
    pub is_favorite: bool,
    /// The person follows the caller.
    pub is_following_caller: bool,
    /// The caller follows the person.
    pub is_followed_by_caller: bool,
    /// Always false here.
    pub is_identity_shared: bool,
    /// Always false here.
    pub is_quarantined: bool,
    /// Since when the caller follows; absent otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub added_date_time_utc: Option<crate::time::WireTime>,
    /// The gamertag; empty where it is not known.
    pub display_name: String,
    /// Always empty here.
    pub real_name: String,
    /// Always empty here.
    pub display_pic_raw: String,
    /// Always false here.
    pub use_avatar: bool,
    /// The gamertag; empty where it is not known.
    pub gamertag: String,
    /// The gamertag without its suffix.
    pub modern_gamertag: String,
    /// The suffix.
    pub modern_gamertag_suffix: String,
    /// The gamertag with its suffix.
    pub unique_modern_gamertag: String,
    /// Digits.
    pub gamer_score: String,
    /// `Unknown`: presence is not kept here.
    pub presence_state: String,
    /// Always empty here.
    pub presence_text: String,
    /// Always empty here; asked for by a decoration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub presence_details: Option<Vec<()>>,
    /// In which titles the owner has met the person; only where recent players are asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recent_player: Option<HubEncounters>,
}

/// In which titles two people have met. `[client]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HubEncounters {
    /// The latest first.
    pub titles: Vec<HubEncounter>,
    /// For people: the title of the latest encounter.
    pub text: String,
}

/// When two people have met in a title. `[client]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HubEncounter {
    /// `Title <id>`: no names of titles are known here.
    pub title_name: String,
    /// The last time.
    pub last_played_with_date_time: crate::time::WireTime,
}

/// Cuts a text on a character boundary to what fits a client's buffer with its terminator. `[client]`
pub fn fitting(text: &str, buffer: usize) -> String {
    let mut end = text.len().min(buffer.saturating_sub(1));
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_are_read_in_any_case() {
        let check = |text: &str, expected: Option<Selector>| {
            assert_eq!(Selector::parse(text), expected, "{text}");
        };
        check("friends", Some(Selector::Friends));
        check("Social", Some(Selector::Social));
        check("recentPlayers", Some(Selector::RecentPlayers));
        check("friendRequests(received)", Some(Selector::RequestsReceived));
        check("FRIENDREQUESTS(SENT)", Some(Selector::RequestsSent));
        check("xuids(1,2)", Some(Selector::Users("1,2".to_owned())));
        check(
            "playedTitle(7)",
            Some(Selector::PlayedTitle("7".to_owned())),
        );
        check("xuids", None);
        check("xuid(1)", None);
        check("xuids(1", None);
    }

    #[test]
    fn texts_are_cut_between_characters() {
        assert_eq!(fitting("abc", 48), "abc");
        assert_eq!(fitting("abcd", 4), "abc");
        assert_eq!(fitting("aéé", 4), "aé");
        assert_eq!(fitting("éé", 2), "");
        assert_eq!(fitting("a", 0), "");
    }
}
