//! Handles, and queries for them.

use std::fmt;
use std::sync::Arc;

use indexmap::IndexMap;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::ids::{HandleId, Scid, SessionName, SessionRef, TemplateName, TitleId, Xuid};
use crate::raw::RawJson;
use crate::session::constants::word_enum;
use crate::session::properties::Restriction;
use crate::session::roles::RoleTypes;
use crate::time::WireTime;

word_enum! {
    /// What a handle is for. `[doc]`
    HandleType {
        /// What a user is doing.
        Activity = "activity",
        /// An invitation of one user.
        Invite = "invite",
        /// A session that can be found.
        Search = "search",
        /// From one session to the next.
        Transfer = "transfer",
        /// Another name of a session.
        Correlation = "correlation",
    }
}

/// A session reference whose name the service may make up. `[doc]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PartialSessionRef {
    /// The service configuration.
    pub scid: Scid,
    /// The template within it.
    pub template_name: TemplateName,
    /// The session's own name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<SessionName>,
}

/// The body of `POST /handles`. Unknown fields are ignored. `Inferred:`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HandleRequest {
    /// What the handle is for.
    #[serde(rename = "type")]
    pub kind: HandleType,
    /// Only 1 exists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// The session it leads to.
    pub session_ref: PartialSessionRef,
    /// Transfer: the session whose members may use it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin_session_ref: Option<SessionRef>,
    /// Invite: who is invited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invited_xuid: Option<Xuid>,
    /// Invite: what the invitation says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invite_attributes: Option<InviteAttributes>,
    /// Search: what it is found by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search_attributes: Option<SearchAttributes>,
}

/// What an invitation says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InviteAttributes {
    /// The title being invited to.
    pub title_id: TitleId,
    /// Opaque to the service, at most 256 characters URI-encoded. `[doc]`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// Text of the toast.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_string: Option<String>,
    /// The sender's name when a service sends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender_string: Option<String>,
}

/// What a search handle is found by; the letter case is kept. `[doc]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SearchAttributes {
    /// Words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
    /// Named texts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strings: Option<IndexMap<String, String>>,
    /// Named numbers, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub numbers: Option<IndexMap<String, serde_json::Number>>,
    /// Achievements that the post is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub achievement_ids: Option<Vec<String>>,
    /// Language tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// Language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

/// A handle as it is answered; only the fields of its type are there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Handle {
    /// Made by the service.
    pub id: HandleId,
    /// What the handle is for.
    #[serde(rename = "type")]
    pub kind: HandleType,
    /// Always 1.
    pub version: u64,
    /// The session it leads to.
    pub session_ref: SessionRef,
    /// When it was made.
    pub create_time: WireTime,
    /// Activity: the title of its owner's token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title_id: Option<TitleId>,
    /// Activity: its owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_xuid: Option<Xuid>,
    /// Activity and invite: how the title is called on each platform.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub game_types: Option<RawJson>,
    /// Activity and invite: from the session's constants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invite_protocol: Option<String>,
    /// Invite: who is invited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invited_xuid: Option<Xuid>,
    /// Invite: who invites; absent when a service does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender_xuid: Option<Xuid>,
    /// Invite: as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invite_attributes: Option<InviteAttributes>,
    /// Invite: when it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiration: Option<WireTime>,
    /// Search: as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search_attributes: Option<Arc<SearchAttributes>>,
    /// Transfer: as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin_session_ref: Option<SessionRef>,
    /// `include=relatedInfo`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub related_info: Option<RelatedInfo>,
    /// `include=customProperties`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom_properties: Option<RawJson>,
    /// `include=roleInfo`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_info: Option<RoleInfo>,
    /// `include=activityInfo`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activity_info: Option<ActivityInfo>,
    /// `include=session`: the document, if the caller may read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<RawJson>,
}

/// What a handle tells of its session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RelatedInfo {
    /// `open`, `visible`, `private`, or `full` when open and without a free place.
    pub visibility: String,
    /// `none` when unset.
    pub join_restriction: Restriction,
    /// Whether the session takes nobody.
    pub closed: bool,
    /// Places.
    pub max_members_count: u32,
    /// Places taken, reservations included.
    pub members_count: u32,
    /// When the handle was posted.
    pub posted_time: WireTime,
    /// From the session's constants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invite_protocol: Option<String>,
    /// Search: who owns the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_owners: Option<Vec<Xuid>>,
    /// From the session's properties.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keywords: Option<Vec<String>>,
    /// From the session's properties.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search_handle_visibility: Option<String>,
    /// From the session's properties.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<crate::session::properties::Description>,
    /// From the session's properties.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheduled_time: Option<String>,
}

/// The roles of a handle's session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RoleInfo {
    /// By type.
    pub role_types: RoleTypes,
}

/// The title of a handle's owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ActivityInfo {
    /// The title.
    pub title_id: TitleId,
}

/// The body of `POST /handles/query`. Unknown fields are ignored. `Inferred:`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HandleQuery {
    /// `activity` or `search`.
    #[serde(rename = "type")]
    pub kind: HandleType,
    /// Only handles of this service configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scid: Option<Scid>,
    /// Activity: whose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owners: Option<HandleOwners>,
    /// Search: only handles of sessions of this template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template_name: Option<TemplateName>,
    /// Search: which handles are wanted, in the filter language. `[doc]`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// Search: a path, and `asc` or `desc`. `[client]`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_by: Option<String>,
    /// Search: only sessions that one of these users has come to. `[client]`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_members: Option<HandleOwners>,
    /// Search: only sessions that one of these users owns. `[wild]`
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "users_in_any_form"
    )]
    pub session_owners: Option<HandleOwners>,
    /// Search: only sessions whose owners all may communicate with the caller. `[wild]`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub communicate_permission_required: Option<bool>,
    /// Search: also sessions that are scheduled for later. `[wild]`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include_scheduled: Option<bool>,
    /// Search: only sessions of owners whom the caller follows. `[wild]`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub followed: Option<bool>,
    /// 0 to 100; 100 when missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub take: Option<u64>,
}

/// The users that a query asks for: exactly one of the two.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HandleOwners {
    /// These users', at most 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub xuids: Option<Vec<Xuid>>,
    /// The people's of somebody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub people: Option<PeopleMoniker>,
}

/// Users as one id, a list of ids, or an object. `[wild]`
fn users_in_any_form<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<HandleOwners>, D::Error> {
    struct AnyForm;

    impl<'de> Visitor<'de> for AnyForm {
        type Value = Option<HandleOwners>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an XUID, a list of them, or an object with `xuids` or `people`")
        }

        fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
            let xuid = text.parse().map_err(E::custom)?;
            Ok(Some(HandleOwners::users(vec![xuid])))
        }

        fn visit_u64<E: de::Error>(self, number: u64) -> Result<Self::Value, E> {
            Ok(Some(HandleOwners::users(vec![Xuid(number)])))
        }

        fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
            let xuids = Vec::deserialize(SeqAccessDeserializer::new(seq))?;
            Ok(Some(HandleOwners::users(xuids)))
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            HandleOwners::deserialize(MapAccessDeserializer::new(map)).map(Some)
        }
    }
    deserializer.deserialize_any(AnyForm)
}

impl HandleOwners {
    /// These users.
    pub fn users(xuids: Vec<Xuid>) -> Self {
        Self {
            xuids: Some(xuids),
            people: None,
        }
    }
}

impl HandleQuery {
    /// A query for handles of a type, without conditions.
    pub fn of(kind: HandleType) -> Self {
        Self {
            kind,
            scid: None,
            owners: None,
            template_name: None,
            filter: None,
            order_by: None,
            session_members: None,
            session_owners: None,
            communicate_permission_required: None,
            include_scheduled: None,
            followed: None,
            take: None,
        }
    }
}

/// A name for a set of people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PeopleMoniker {
    /// `people`, `favorites`, `friends`, in any case.
    pub moniker: String,
    /// Whose people; the caller's when missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moniker_xuid: Option<Xuid>,
}

/// The answer to a query.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HandleResults {
    /// At most 100.
    pub results: Vec<Handle>,
}
