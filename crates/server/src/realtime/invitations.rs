//! Invitations on their way to whom they invite: who hears of them, when, and how often.
//!
//! An invitation is its handle. It is told to the sockets that listen when it was made, and to the
//! next subscription if there were none; until then it waits in the store.

use std::sync::Arc;

use convoke_core::handle::{Handle, notice};
use convoke_store::{Store as _, StoreError};
use convoke_wire::{Sandbox, TitleId, Xuid};
use jiff::{SignedDuration, Timestamp};

use super::RealTime;
use crate::graph::GraphError;
use crate::metrics::NoticeOutcome;
use crate::privacy;
use crate::recent::Recent;
use crate::shared::Shared;

/// Time between two notifications of one sender about one session. `Inferred:` handles I16
const PAUSE: SignedDuration = SignedDuration::from_secs(5);
/// Most senders that are remembered for it.
const MAX_SENDERS: usize = 65_536;
/// Most invitations that a new subscription is told of, the newest ones. Ours.
pub(crate) const MAX_TOLD: usize = 256;

/// Who has invited whom, and to which session.
type Inviting = (Option<Xuid>, Xuid, String);

/// Whom everybody has invited in the last seconds.
pub(super) struct Inviters(Recent<Inviting, Option<(Timestamp, uuid::Uuid)>>);

impl Default for Inviters {
    fn default() -> Self {
        Self(Recent::new(MAX_SENDERS, PAUSE))
    }
}

impl std::fmt::Debug for Inviters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inviters").finish_non_exhaustive()
    }
}

impl RealTime {
    /// Whether the same user was invited to the same session just now, by the same sender: such an
    /// invitation can be used, but is not told of. The same handle repeats nothing.
    pub(crate) fn is_repeated(&self, handle: &Handle, now: Timestamp) -> bool {
        let Some(invited) = handle.waits_for() else {
            return false;
        };
        let session = handle.session_key().folded();
        let inviting = (handle.creator, invited, session);
        self.inviters.0.with(inviting, now, |last| match last {
            Some((at, id)) if now.duration_since(*at) < PAUSE => *id != handle.id,
            last => {
                *last = Some((now, handle.id));
                false
            }
        })
    }

    /// An invitation has been made, durably: whoever listens is told.
    pub(crate) fn invited(&self, handle: &Arc<Handle>) {
        let Some(invited) = handle.waits_for() else {
            return;
        };
        let sockets = self.audience.of(&(handle.sandbox.clone(), invited));
        if sockets.is_empty() {
            self.metrics.noticed(NoticeOutcome::Waits);
        }
        for socket in sockets {
            socket.invite(Arc::clone(handle));
        }
    }
}

/// The invitations that a subscription has to be told of when it begins, oldest first.
pub(super) async fn waiting(
    shared: &Shared,
    sandbox: &Sandbox,
    xuid: Xuid,
    title_id: TitleId,
    now: Timestamp,
) -> Vec<Arc<Handle>> {
    let heard = |handle: &Handle| is_heard_by(shared, handle, title_id);
    waiting_of(shared, sandbox, xuid, heard, now)
        .await
        .unwrap_or_else(|error| {
            tracing::error!(%error, "invitations that wait could not be read");
            Vec::new()
        })
}

/// The invitations that wait for a user and are to be told of, oldest first.
pub(crate) async fn waiting_of(
    shared: &Shared,
    sandbox: &Sandbox,
    xuid: Xuid,
    is_wanted: impl Fn(&Handle) -> bool,
    now: Timestamp,
) -> Result<Vec<Arc<Handle>>, StoreError> {
    let store = &shared.directory.store;
    let mut wanted = Vec::new();
    for handle in store.invitations_for(sandbox, xuid, now, MAX_TOLD)? {
        if is_wanted(&handle) && is_to_be_told(shared, &handle, now).await {
            wanted.push(handle);
        }
    }
    Ok(wanted)
}

/// Whether a title hears of an invitation: its own, or one of its service configuration.
pub(super) fn is_heard_by(shared: &Shared, handle: &Handle, title_id: TitleId) -> bool {
    let configs = shared.catalogue.current();
    let family = configs.get(&handle.session.scid);
    let family = family.map_or(&[][..], |config| &config.title_ids);
    notice::is_heard_by(handle, title_id, family)
}

/// Whether an invitation is still to be told of: it is there, its user is not in the session already
/// and wants to hear of its sender. Where that cannot be found out, it is not told now.
pub(super) async fn is_to_be_told(shared: &Shared, handle: &Handle, now: Timestamp) -> bool {
    let Some(invited) = handle.waits_for() else {
        return false;
    };
    if handle.is_expired(now) || is_in_session(shared, handle, invited) {
        return false;
    }
    let wanted = is_wanted(shared, handle, invited).await;
    wanted.unwrap_or_else(|error| {
        tracing::error!(%error, "whether an invitation is wanted could not be found out");
        false
    })
}

fn is_in_session(shared: &Shared, handle: &Handle, invited: Xuid) -> bool {
    let state = shared.directory.live.get(&handle.session_key());
    state.is_some_and(|state| state.session.has_accepted(invited))
}

async fn is_wanted(shared: &Shared, handle: &Handle, invited: Xuid) -> Result<bool, GraphError> {
    if shared.directory.store.handle(handle.id)?.is_none() {
        return Ok(false);
    }
    match handle.creator {
        Some(sender) => privacy::is_welcome(shared, sender, invited).await,
        None => Ok(true),
    }
}
