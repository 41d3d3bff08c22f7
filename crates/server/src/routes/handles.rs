//! `/handles`: making, reading and deleting handles.

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use convoke_core::Rule;
use convoke_core::contract::read;
use convoke_core::handle::create::{self, Maker};
use convoke_core::handle::query::{self, Include};
use convoke_core::handle::{Grant, Handle, correlation_key, grant};
use convoke_core::privacy::permission::Permission;
use convoke_core::rate_limit::Allowance;
use convoke_core::session::Session;
use convoke_core::session::access::may_enter;
use convoke_store::{HandleOp, Store};
use convoke_wire::handle::{Handle as WireHandle, HandleRequest, HandleType};
use convoke_wire::ids::parse_guid;
use convoke_wire::notification::InviteInfo;
use convoke_wire::{RawJson, SessionKey, SessionName, SessionRef, TitleId, Xuid, uri};
use http::header::{CONTENT_LOCATION, LOCATION};
use http::{HeaderValue, StatusCode};

use super::query_string;
use super::{begin, count_search};
use crate::api_error::ApiError;
use crate::call::Call;
use crate::caller::{Admitted, Identity, admit, key_of};
use crate::commit::{Next, Step, TransactError};
use crate::exchange;
use crate::live::LiveSession;
use crate::privacy::Asker;
use crate::reply::{self, Viewer};
use crate::routes::sessions::asked;
use crate::shared::Shared;

/// `POST /handles`: makes a handle.
pub async fn post(shared: &Shared, call: &Call, body: Body) -> Result<Response, ApiError> {
    let (identity, viewer) = begin(call)?;
    let include = included(call);
    let body = exchange::json_body(&call.head, body).await?;
    let wanted: HandleRequest = read::document(&body)?;
    if wanted.kind == HandleType::Search {
        count_search(shared, &identity, call, Allowance::SearchWrite)?;
    }
    let admitted = admit(shared, &identity, &wanted.session_ref.scid)?;
    if wanted.kind == HandleType::Activity && identity.acts_for_another() {
        let detail = "an activity is set by its user; a service sets none for others";
        return Err(Rule::HandleForbidden.at("type", detail).into());
    }
    if let (HandleType::Invite, Some(invited)) = (wanted.kind, wanted.invited_xuid) {
        check_invitation(shared, &identity, &admitted, invited).await?;
    }
    let template = admitted.template(&wanted.session_ref.template_name)?;
    let reference = SessionRef {
        scid: wanted.session_ref.scid.clone(),
        template_name: template.name.clone(),
        name: match &wanted.session_ref.name {
            Some(name) => name.clone(),
            None => SessionName::from(shared.directory.entropy.uuid()),
        },
    };
    let making = Making {
        key: key_of(&identity, reference),
        sender: sender(&identity),
        wanted,
        admitted,
    };
    let (status, handle) = making.carry_out(shared).await?;
    let shown = document(shared, &handle, &making.admitted, include, viewer).await?;
    let mut response = reply::json(status, &shown);
    if let Ok(path) = HeaderValue::try_from(uri::handle_path(handle.id)) {
        response.headers_mut().insert(LOCATION, path.clone());
        response.headers_mut().insert(CONTENT_LOCATION, path);
    }
    Ok(response)
}

/// Whether the sender may write to the invited user at all.
///
/// What the invited user has chosen does not refuse, or it could be found out (I15).
async fn check_invitation(
    shared: &Shared,
    identity: &Identity,
    admitted: &Admitted,
    invited: Xuid,
) -> Result<(), ApiError> {
    if admitted.caller.server {
        return Ok(());
    }
    let Some(asker) = Asker::of(shared, identity)? else {
        return Ok(());
    };
    let writes = Permission::CommunicateUsingText;
    match shared.graph.verdict(&asker, writes, invited).await? {
        Err(denial) if !denial.is_the_targets() => {
            let detail = format!(
                "the sender may not write to this user: {}",
                denial.reason.as_str()
            );
            Err(Rule::InviteForbidden.at("invitedXuid", detail).into())
        }
        _ => Ok(()),
    }
}

/// The making of one handle.
struct Making {
    key: SessionKey,
    wanted: HandleRequest,
    admitted: Admitted,
    sender: InviteInfo,
}

/// How the calling user is shown to whom they invite.
fn sender(identity: &Identity) -> InviteInfo {
    let Some(user) = identity.principal.acting_user() else {
        return InviteInfo::default();
    };
    let mut sender = InviteInfo::named(&user.gamertag);
    if let Some(modern) = &user.modern {
        sender.sender_modern_gamertag.clone_from(&modern.name);
        sender
            .sender_modern_gamertag_suffix
            .clone_from(&modern.suffix);
        sender
            .sender_unique_modern_gamertag
            .clone_from(&modern.unique);
    }
    sender
}

impl Making {
    /// The handle, and 201, or 200 for a correlation handle that was there already (C1).
    async fn carry_out(&self, shared: &Shared) -> Result<(StatusCode, Arc<Handle>), ApiError> {
        let directory = &shared.directory;
        let id = directory.entropy.uuid();
        let alias =
            (self.wanted.kind == HandleType::Correlation).then(|| correlation_key(&self.key));
        if let Some(existing) = existing(shared, alias.as_deref())? {
            return Ok((StatusCode::OK, existing));
        }
        let made = directory
            .transact(&self.key, (&self.admitted.caller).into(), |state, now| {
                let session = state.map(|state| &*state.session);
                let maker = Maker {
                    caller: &self.admitted.caller,
                    sandbox: &self.key.sandbox,
                    session_ref: session
                        .map_or(&self.key.reference, |s| &s.reference)
                        .clone(),
                    session,
                    default_title: self
                        .admitted
                        .config
                        .title_ids
                        .first()
                        .copied()
                        .unwrap_or(TitleId(0)),
                    sender: self.sender.clone(),
                    invite_lifetime: shared.invite_lifetime,
                    id,
                    now,
                };
                let mut handle = create::make(&self.wanted, &maker)?;
                if directory.realtime.is_repeated(&handle, now) {
                    handle = handle.settled().unwrap_or(handle);
                }
                let handle = Arc::new(handle);
                let step = Step {
                    next: counted(session, &handle),
                    handles: vec![HandleOp::Put(Arc::clone(&handle))],
                    require_free_keys: alias.clone().into_iter().collect(),
                    ..Step::default()
                };
                Ok::<_, ApiError>((step, handle))
            })
            .await;
        match made {
            Ok((handle, _)) => Ok((StatusCode::CREATED, handle)),
            // Somebody made the same alias just now.
            Err(TransactError::KeyTaken) => match existing(shared, alias.as_deref())? {
                Some(existing) => Ok((StatusCode::OK, existing)),
                None => Err(ApiError::handle_not_found()),
            },
            Err(error) => Err(error.into()),
        }
    }
}

/// The handle that an alias of a session has already.
fn existing(shared: &Shared, alias: Option<&str>) -> Result<Option<Arc<Handle>>, ApiError> {
    match alias {
        None => Ok(None),
        Some(key) => Ok(shared.directory.store.handle_by_key(key)?),
    }
}

/// Some handles count as a change of their session. `[trace]`
fn counted(session: Option<&Session>, handle: &Handle) -> Next {
    let Some(session) = session.filter(|_| create::counts_as_change(handle.kind())) else {
        return Next::Keep;
    };
    let mut next = session.clone();
    next.change_number += 1;
    if handle.kind() == HandleType::Search {
        next.search_handle = Some(handle.id);
    }
    Next::Put(Arc::new(next))
}

/// A handle that a caller may know of.
pub(super) struct Found {
    pub(super) handle: Arc<Handle>,
    pub(super) admitted: Admitted,
}

/// Finds a handle; what is malformed, ended, foreign or in another sandbox is not found.
pub(super) fn find(shared: &Shared, identity: &Identity, id: &str) -> Result<Found, ApiError> {
    let id = parse_guid(id).ok_or_else(ApiError::handle_not_found)?;
    let handle = shared
        .directory
        .store
        .handle(id)?
        .ok_or_else(ApiError::handle_not_found)?;
    let now = shared.directory.clock.now();
    if handle.sandbox != identity.principal.sandbox || handle.is_expired(now) {
        return Err(ApiError::handle_not_found());
    }
    let admitted = admit(shared, identity, &handle.session.scid)?;
    Ok(Found { handle, admitted })
}

/// `GET /handles/{id}`: the handle, not its session.
pub async fn get(shared: &Shared, id: &str, call: &Call) -> Result<Response, ApiError> {
    let (identity, viewer) = begin(call)?;
    let found = find(shared, &identity, id)?;
    may_enter(&found.admitted.caller)?;
    if !grant::may_see(
        &found.handle,
        &found.admitted.caller,
        shared.directory.clock.now(),
    ) {
        return Err(ApiError::handle_not_found());
    }
    let shown = document(
        shared,
        &found.handle,
        &found.admitted,
        included(call),
        viewer,
    )
    .await?;
    Ok(reply::json(StatusCode::OK, &shown))
}

/// `DELETE /handles/{id}`.
pub async fn delete(shared: &Shared, id: &str, call: &Call) -> Result<Response, ApiError> {
    let (identity, _) = begin(call)?;
    let Found { handle, admitted } = find(shared, &identity, id)?;
    if handle.kind() == HandleType::Search {
        count_search(shared, &identity, call, Allowance::SearchWrite)?;
    }
    if !grant::may_see(&handle, &admitted.caller, shared.directory.clock.now()) {
        return Err(ApiError::handle_not_found());
    }
    let decide = |state: Option<&Arc<LiveSession>>, _| {
        let session = state.map(|state| &*state.session);
        create::check_deletion(&handle, session, &admitted.caller)?;
        let step = Step {
            next: unpublished(session, &handle),
            handles: vec![HandleOp::Delete(handle.id)],
            require_handles: vec![handle.id],
            ..Step::default()
        };
        Ok::<_, ApiError>((step, ()))
    };
    shared
        .directory
        .transact(&handle.session_key(), (&admitted.caller).into(), decide)
        .await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

/// The session no longer shows a search handle that is deleted.
fn unpublished(session: Option<&Session>, handle: &Handle) -> Next {
    match session {
        Some(session) if session.search_handle == Some(handle.id) => {
            let mut next = session.clone();
            next.search_handle = None;
            next.change_number += 1;
            Next::Put(Arc::new(next))
        }
        _ => Next::Keep,
    }
}

pub(super) fn included(call: &Call) -> Include {
    let list = query_string::parameter(&call.head.uri, "include");
    Include::parse(list.as_deref().unwrap_or_default())
}

/// The document of a handle, with what `include` asks for.
pub(super) async fn document(
    shared: &Shared,
    handle: &Handle,
    admitted: &Admitted,
    include: Include,
    viewer: Viewer,
) -> Result<WireHandle, ApiError> {
    let mut shown = query::document(handle, admitted.config.game_types.clone());
    if include == Include::default() {
        return Ok(shown);
    }
    let state = shared.directory.read(&handle.session_key()).await?;
    complete(
        shared,
        &mut shown,
        handle,
        state.as_deref(),
        admitted,
        Wanted {
            include,
            viewer,
            grant: None,
        },
    )
    .await?;
    Ok(shown)
}

/// What is wanted beside a handle, for whom, and what the way here grants.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    pub(super) include: Include,
    pub(super) viewer: Viewer,
    pub(super) grant: Option<Grant>,
}

/// Adds what `include` asks for; what the session says of itself, if the caller may read it.
pub(super) async fn complete(
    shared: &Shared,
    shown: &mut WireHandle,
    handle: &Handle,
    state: Option<&LiveSession>,
    admitted: &Admitted,
    wanted: Wanted,
) -> Result<(), ApiError> {
    let Wanted {
        include, viewer, ..
    } = wanted;
    let readable = match state {
        Some(state) => may_read(shared, state, admitted, wanted).await?,
        None => false,
    };
    query::include(
        shown,
        handle,
        state.map(|state| &*state.session),
        include,
        readable,
    );
    if let (true, true, Some(state)) = (include.session, readable, state) {
        let bytes = state.body_to_keep(viewer.xuid, viewer.contract);
        let text = std::str::from_utf8(&bytes).expect("rendered documents are UTF-8");
        shown.session = Some(RawJson::parse(text).expect("rendered documents are JSON"));
    }
    Ok(())
}

/// Whether the caller may read the session, where what is included depends on that.
pub(super) async fn may_read(
    shared: &Shared,
    state: &LiveSession,
    admitted: &Admitted,
    wanted: Wanted,
) -> Result<bool, ApiError> {
    if !wanted.include.session && !wanted.include.custom_properties {
        return Ok(false);
    }
    let facts = asked(shared, &state.session, &admitted.caller, wanted.grant).await?;
    Ok(convoke_core::session::access::may_read(&state.session, &admitted.caller, facts).is_ok())
}
