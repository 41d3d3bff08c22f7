//! Activities without a session: what a title says that a user is doing, and how others join.

use convoke_wire::multiplayer_activity::{
    Activity as WireActivity, ActivityQuery, JoinRestriction, Platform, SendInvites,
    SequenceNumber, SetActivity,
};
use convoke_wire::{Sandbox, TitleId, Xuid};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::caller::Caller;
use crate::limits::{
    ACTIVITY_TTL_S, MAX_ACTIVITY_INVITES, MAX_ACTIVITY_PLAYERS, MAX_ACTIVITY_QUERY,
    MAX_CONNECTION_STRING_CHARS, MAX_GROUP_ID_CHARS,
};
use crate::refusal::{Refusal, Rule};

/// Whose activity it is, and in which title. There is one of each. `[doc]`
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ActivityKey {
    /// Where it can be seen.
    pub sandbox: Sandbox,
    /// The user.
    pub owner: Xuid,
    /// The title.
    pub title_id: TitleId,
}

/// The activity of a user in a title, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activity {
    /// Whose, and where.
    pub key: ActivityKey,
    /// The number of the last write.
    pub sequence: u64,
    /// When that was.
    pub updated: Timestamp,
    /// What the user does; nothing once that has ended, so that writes which come late are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doing: Option<Doing>,
}

/// One state of an activity among all it ever had: what a guarded write expects to find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// The number of its last write.
    pub sequence: u64,
    /// When that was.
    pub updated: Timestamp,
}

impl From<&Activity> for Stamp {
    fn from(activity: &Activity) -> Self {
        Self {
            sequence: activity.sequence,
            updated: activity.updated,
        }
    }
}

/// What a user does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doing {
    /// How to join, opaque to the service.
    pub connection_string: String,
    /// Who may.
    pub join_restriction: JoinRestriction,
    /// Places.
    pub max_players: Option<u64>,
    /// Places taken.
    pub current_players: Option<u64>,
    /// What activities of one game have in common.
    pub group_id: Option<String>,
    /// Where it takes place; everywhere if nothing is said.
    pub platform: Option<Platform>,
}

/// Who looks at an activity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Viewer {
    /// Its user, or a server.
    Trusted,
    /// A user whom its user follows.
    Followed,
    /// Any other.
    Stranger,
}

impl ActivityKey {
    /// A text that equals that of every other spelling of the sandbox.
    pub fn folded(&self) -> String {
        format!("{}~{}~{}", self.sandbox.folded(), self.owner, self.title_id)
    }
}

impl Activity {
    /// When it is over unless more is heard of it: a day after its last write. `[doc]`
    pub fn ends(&self) -> Timestamp {
        let life = SignedDuration::from_secs(ACTIVITY_TTL_S);
        self.updated.checked_add(life).unwrap_or(Timestamp::MAX)
    }

    /// Whether nothing was heard of it for a day.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.ends() <= now
    }

    /// The activity as a viewer sees it; `None` once it has ended.
    ///
    /// How to join is told to whom it lets in, while there is room. `[doc]`
    pub fn seen_by(&self, viewer: Viewer, now: Timestamp) -> Option<WireActivity> {
        let doing = self.doing.as_ref().filter(|_| !self.is_over(now))?;
        let full = match (doing.current_players, doing.max_players) {
            (Some(current), Some(max)) => max <= current,
            _ => false,
        };
        let may_join = match (viewer, doing.join_restriction) {
            (Viewer::Trusted, _) => true,
            _ if full => false,
            (_, JoinRestriction::Public) => true,
            (viewer, JoinRestriction::Followed) => viewer == Viewer::Followed,
            (_, JoinRestriction::InviteOnly) => false,
        };
        Some(WireActivity {
            sequence_number: SequenceNumber(self.sequence),
            title_id: self.key.title_id,
            connection_string: may_join.then(|| doing.connection_string.clone()),
            join_restriction: doing.join_restriction,
            max_players: doing.max_players,
            current_players: doing.current_players,
            group_id: doing.group_id.clone(),
            platform: doing.platform,
        })
    }
}

/// What a write makes of an activity; `None` when a later one came before it.
///
/// `Inferred:` after a day without a write, numbers begin anew.
pub fn set(
    request: SetActivity,
    before: Option<&Activity>,
    key: ActivityKey,
    now: Timestamp,
) -> Result<Option<Activity>, Refusal> {
    check(&request)?;
    let sequence = request.sequence_number.0;
    if is_late(sequence, before, now) {
        return Ok(None);
    }
    Ok(Some(Activity {
        key,
        sequence,
        updated: now,
        doing: Some(Doing {
            connection_string: request.connection_string,
            join_restriction: request.join_restriction,
            max_players: request.max_players,
            current_players: request.current_players,
            group_id: request.group_id,
            platform: request.platform,
        }),
    }))
}

/// What is left of an activity that its user ends; `None` when nothing changes.
///
/// `Inferred:` without a number, it ends whatever came before.
pub fn end(
    sequence: Option<SequenceNumber>,
    before: Option<&Activity>,
    key: ActivityKey,
    now: Timestamp,
) -> Option<Activity> {
    let lasting = before.filter(|activity| !activity.is_over(now));
    let sequence = match sequence {
        Some(number) if is_late(number.0, before, now) => return None,
        Some(number) => number.0,
        None => lasting?.sequence,
    };
    Some(Activity {
        key,
        sequence,
        updated: now,
        doing: None,
    })
}

fn is_late(sequence: u64, before: Option<&Activity>, now: Timestamp) -> bool {
    before.is_some_and(|activity| !activity.is_over(now) && sequence <= activity.sequence)
}

/// Checks the number of a write. `[doc]`
pub fn check_sequence(number: SequenceNumber) -> Result<(), Refusal> {
    if number.0 == 0 {
        return Err(field("sequenceNumber", "expected a number above 0"));
    }
    Ok(())
}

fn check(request: &SetActivity) -> Result<(), Refusal> {
    check_sequence(request.sequence_number)?;
    check_connection_string(Some(&request.connection_string))?;
    if let Some(max) = request.max_players
        && !(2..=MAX_ACTIVITY_PLAYERS).contains(&max)
    {
        let detail = format!("expected 2 to {MAX_ACTIVITY_PLAYERS}, found {max}");
        return Err(field("maxPlayers", detail));
    }
    if let Some(current) = request.current_players
        && !(1..=MAX_ACTIVITY_PLAYERS).contains(&current)
    {
        let detail = format!("expected 1 to {MAX_ACTIVITY_PLAYERS}, found {current}");
        return Err(field("currentPlayers", detail));
    }
    let group_id = request.group_id.as_deref().unwrap_or_default();
    if MAX_GROUP_ID_CHARS < group_id.chars().count() {
        let detail = format!("at most {MAX_GROUP_ID_CHARS} characters");
        return Err(field("groupId", detail));
    }
    Ok(())
}

fn check_connection_string(text: Option<&str>) -> Result<(), Refusal> {
    if MAX_CONNECTION_STRING_CHARS < text.map_or(0, |text| text.chars().count()) {
        let detail = format!("at most {MAX_CONNECTION_STRING_CHARS} characters");
        return Err(field("connectionString", detail));
    }
    Ok(())
}

fn field(path: &str, detail: impl Into<String>) -> Refusal {
    Rule::ActivityField.at(path, detail)
}

/// Checks that a caller may write an activity: its user in the title of the token, or a server.
pub fn check_writer(caller: &Caller, key: &ActivityKey) -> Result<(), Refusal> {
    check_title(caller, key.title_id)?;
    if caller.server || caller.xuid() == Some(key.owner) {
        return Ok(());
    }
    Err(forbidden("", "only its user and servers write an activity"))
}

/// Checks a query for the activities of some users.
pub fn check_query(query: &ActivityQuery) -> Result<(), Refusal> {
    let count = query.users.len();
    if (1..=MAX_ACTIVITY_QUERY).contains(&count) {
        return Ok(());
    }
    let detail = format!("expected 1 to {MAX_ACTIVITY_QUERY} users, found {count}");
    Err(field("users", detail))
}

/// Under which address invitations are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sending {
    /// `invites`: by the calling user.
    AsUser,
    /// `invites/server`: by a server, for the user it names.
    AsServer,
}

/// Checks invitations to an activity; who sends them.
pub fn check_invites(
    request: &SendInvites,
    sending: Sending,
    caller: &Caller,
    title_id: TitleId,
) -> Result<Xuid, Refusal> {
    let sender = match sending {
        Sending::AsServer if !caller.server => {
            return Err(forbidden("", "this address is for servers"));
        }
        Sending::AsServer => request
            .sender
            .ok_or_else(|| field("sender", "expected the user who invites"))?,
        Sending::AsUser => {
            check_title(caller, title_id)?;
            let user = caller.xuid();
            user.ok_or_else(|| forbidden("", "this takes a token with an XUID claim"))?
        }
    };
    let count = request.invited_users.len();
    if !(1..=MAX_ACTIVITY_INVITES).contains(&count) {
        let detail = format!("expected 1 to {MAX_ACTIVITY_INVITES} users, found {count}");
        return Err(field("invitedUsers", detail));
    }
    check_connection_string(request.connection_string.as_deref())?;
    Ok(sender)
}

/// A user acts in the title of the token; servers act in any. `Inferred:`
pub fn check_title(caller: &Caller, title_id: TitleId) -> Result<(), Refusal> {
    if caller.server || caller.title_id.is_none_or(|title| title == title_id) {
        return Ok(());
    }
    Err(forbidden("", "the title of the path is not the token's"))
}

fn forbidden(path: &str, detail: &str) -> Refusal {
    Rule::ActivityForbidden.at(path, detail)
}
