//! What sessions send over the socket: connection ids and shoulder taps.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::session::constants::word_enum;
use crate::time::WireTime;

/// The data of a subscription to `…/connections/`. `[client]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ConnectionData {
    /// What members write as their `connection`.
    pub connection_id: Uuid,
}

/// The data of an event of that subscription: sessions have changed. `[client]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TapEvent {
    /// New for every event; clients know a tap by it. `[client]`
    pub ncid: Uuid,
    /// At least one.
    pub shoulder_taps: Vec<ShoulderTap>,
}

/// One subscription is told that one session changed; what changed, the client reads. `[doc]`
///
/// Its texts are shared: one change makes as many taps as a session has subscriptions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ShoulderTap {
    /// When the change was committed.
    pub timestamp: WireTime,
    /// The subscription's id, as its member wrote it. `[client]`
    ///
    /// Absent when the member named none: an empty text would be no GUID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscription: Option<Arc<str>>,
    /// What kind of thing changed.
    pub resource_type: TapResource,
    /// `scid~template~name`. `[client]`
    pub resource: Arc<str>,
    /// Scopes the change number.
    pub branch: Uuid,
    /// That of the state in which the change was made.
    pub change_number: u64,
}

word_enum! {
    /// What kind of thing taps tell of. `[client]`
    TapResource {
        /// A session.
        Session = "mpsd/session",
    }
}
