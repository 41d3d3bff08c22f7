//! What shipping clients decode answers about handles into: a field that is missing or of another
//! type is a failure of the whole call there.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

/// The strict reader of go-xsapi and the Java record of Broadcaster in one.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ActivityHandle {
    pub(crate) id: Uuid,
    pub(crate) r#type: String,
    pub(crate) version: i32,
    pub(crate) session_ref: Reference,
    pub(crate) create_time: Timestamp,
    pub(crate) game_types: HashMap<String, GameType>,
    pub(crate) invite_protocol: String,
    pub(crate) owner_xuid: String,
    pub(crate) title_id: String,
    pub(crate) related_info: Option<RelatedInfo>,
    pub(crate) custom_properties: Option<Value>,
}

/// The strict reader of go-xsapi.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InviteHandle {
    pub(crate) id: Uuid,
    pub(crate) r#type: String,
    pub(crate) version: i32,
    pub(crate) session_ref: Reference,
    pub(crate) invited_xuid: String,
    pub(crate) sender_xuid: String,
    pub(crate) invite_attributes: InviteAttributes,
    pub(crate) expiration: Timestamp,
    pub(crate) invite_protocol: String,
    #[expect(dead_code, reason = "that it can be read is what counts")]
    pub(crate) game_types: HashMap<String, GameType>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InviteAttributes {
    pub(crate) title_id: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GameType {
    #[expect(dead_code, reason = "that it can be read is what counts")]
    pub(crate) title_id: String,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Reference {
    pub(crate) scid: Uuid,
    pub(crate) template_name: String,
    pub(crate) name: String,
}

/// What clients read of the session beside a handle; XSAPI wants real booleans and integers.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RelatedInfo {
    pub(crate) closed: bool,
    pub(crate) join_restriction: String,
    pub(crate) max_members_count: u32,
    pub(crate) members_count: u32,
    pub(crate) visibility: String,
    pub(crate) posted_time: Option<Timestamp>,
    pub(crate) invite_protocol: Option<String>,
}

#[track_caller]
pub(crate) fn read<T: for<'de> Deserialize<'de>>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap_or_else(|why| panic!("{why} in {value:#}"))
}
