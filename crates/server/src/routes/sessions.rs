//! `…/sessions/{name}`: reading and writing a session by its own address.

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use convoke_core::Caller;
use convoke_core::contract::{SessionChange, read};
use convoke_core::entropy::Entropy;
use convoke_core::handle::Grant;
use convoke_core::privacy::PrivateList;
use convoke_core::refusal::{Class, Refusal};
use convoke_core::session::apply::{Target, apply};
use convoke_core::session::connections::check_tapped;
use convoke_core::session::{Disposition, Facts, Session, access, owners};
use convoke_store::{Store as _, StoreError};
use convoke_wire::session::SessionRequest;
use convoke_wire::{Field, HandleId, SessionKey, SessionRef, Xuid};
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;

use super::query_string;
use super::{begin, viewer};
use crate::api_error::ApiError;
use crate::call::Call;
use crate::caller::{Admitted, Identity, admit, key_of};
use crate::commit::{Next, Step};
use crate::exchange;
use crate::live::LiveSession;
use crate::preconditions::{Preconditions, Verdict};
use crate::reply::{self, Address, Viewer};
use crate::service_configs::NamedTemplate;
use crate::shared::Shared;

/// `GET …/sessions/{name}`: the session, or 204 when there is none.
pub async fn get(
    shared: &Shared,
    reference: SessionRef,
    call: &Call,
) -> Result<Response, ApiError> {
    let (identity, viewer) = begin(call)?;
    let admitted = admit(shared, &identity, &reference.scid)?;
    admitted.template(&reference.template_name)?;
    reading(&identity, admitted, reference, viewer)
        .answer(
            shared,
            &Preconditions::of(&call.head.headers),
            Address::Known,
        )
        .await
}

/// `PUT …/sessions/{name}`: create, join, update, leave.
pub async fn put(
    shared: &Shared,
    reference: SessionRef,
    call: &Call,
    body: Body,
) -> Result<Response, ApiError> {
    let identity = call.identity.clone();
    let contract = exchange::contract(&call.head.headers)?;
    let commits = !query_string::is_set(&call.head.uri, "nocommit");
    let open = admit(shared, &identity, &reference.scid)?;
    let template = open.template(&reference.template_name)?;
    let body = exchange::json_body(&call.head, body).await?;
    let change = read::session_change(&body)?;
    let identity = identity.acting_for(|| named_user(&body))?;
    Writing {
        caller: identity.caller_in(shared, &reference.scid),
        key: key_of(&identity, reference),
        template,
        change,
        handle: None,
        existence: Existence::Optional,
        commits,
        viewer: viewer(&identity, contract),
    }
    .answer(shared, &call.head.headers, Address::Known)
    .await
}

/// The user that `members.me` names, for tokens of several users.
pub(super) fn named_user(body: &[u8]) -> Option<Xuid> {
    let request: SessionRequest = convoke_wire::json::read(body).ok()?;
    let me = request.members?.get("me").cloned()??;
    match me.constants?.system {
        Field::Value(system) => system.xuid,
        Field::Absent | Field::Null => None,
    }
}

/// One read of a session.
pub(super) struct Reading {
    pub(super) key: SessionKey,
    pub(super) caller: Caller,
    pub(super) grant: Option<Grant>,
    pub(super) viewer: Viewer,
}

impl Reading {
    /// The session, if it exists and the caller may read it.
    pub(super) async fn state(
        &self,
        shared: &Shared,
    ) -> Result<Option<Arc<LiveSession>>, ApiError> {
        let state = shared.directory.read(&self.key).await?;
        if let Some(state) = &state {
            let facts = self.facts(shared, &state.session)?;
            access::may_read(&state.session, &self.caller, facts)?;
        }
        Ok(state)
    }

    /// What decides whether the caller may read a state.
    pub(super) fn facts(&self, shared: &Shared, session: &Session) -> Result<Facts, ApiError> {
        facts(shared, session, &self.caller, self.grant)
    }

    /// The answer to a GET.
    pub(super) async fn answer(
        &self,
        shared: &Shared,
        conditions: &Preconditions,
        address: Address,
    ) -> Result<Response, ApiError> {
        let state = self.state(shared).await?;
        match (
            conditions.for_read(state.as_ref().map(|state| state.etag)),
            state,
        ) {
            (Verdict::Holds, Some(state)) => {
                let body = state.body_to_keep(self.viewer.xuid, self.viewer.contract);
                Ok(reply::session(StatusCode::OK, &state, body, address))
            }
            (Verdict::Holds, None) => Ok(reply::empty(StatusCode::NO_CONTENT)),
            (Verdict::NotModified, Some(state)) => Ok(reply::not_modified(&state)),
            (Verdict::FailedShowing, Some(state)) => Err(ApiError::Precondition(Some(
                reply::shown(&state, self.viewer),
            ))),
            _ => Err(ApiError::Precondition(None)),
        }
    }
}

/// What the people graph says, asked only where the answer depends on it.
pub(super) fn facts(
    shared: &Shared,
    session: &Session,
    caller: &Caller,
    grant: Option<Grant>,
) -> Result<Facts, ApiError> {
    let followed = match caller.xuid() {
        Some(xuid) if access::depends_on_follows(session, caller) => {
            shared.directory.followed_by_member(session, xuid)?
        }
        _ => false,
    };
    Ok(Facts {
        followed,
        handle: grant,
        ..Facts::default()
    })
}

/// Whether a write needs a session that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Existence {
    /// It may create one.
    Optional,
    /// Elements of a session that does not exist are not found.
    Required,
}

/// One write of a session.
pub(super) struct Writing {
    pub(super) key: SessionKey,
    pub(super) caller: Caller,
    pub(super) template: Arc<NamedTemplate>,
    pub(super) change: SessionChange,
    /// The handle it came through.
    pub(super) handle: Option<Through>,
    pub(super) existence: Existence,
    pub(super) commits: bool,
    pub(super) viewer: Viewer,
}

/// The handle that a write came through, which must outlive the commit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Through {
    pub(super) id: HandleId,
    /// What it grants.
    pub(super) grant: Grant,
    /// Who published the session with it, if it is one for search.
    pub(super) publisher: Option<Xuid>,
}

/// What a write leaves behind for its answer.
struct Written {
    disposition: Disposition,
    /// The state that would be, where nothing is committed.
    rehearsed: Option<Arc<LiveSession>>,
}

impl Writing {
    /// Carries the write out and answers with the whole session.
    pub(super) async fn answer(
        &self,
        shared: &Shared,
        headers: &HeaderMap,
        address: Address,
    ) -> Result<Response, ApiError> {
        let conditions = Preconditions::of(headers);
        let branch = shared.directory.entropy.uuid();
        let decide = |state: Option<&Arc<LiveSession>>, now: Timestamp| {
            self.decide(shared, state, &conditions, now, Entropy { branch })
        };
        let (written, committed) = shared
            .directory
            .transact(&self.key, (&self.caller).into(), decide)
            .await?;
        let state = if self.commits {
            committed
        } else {
            written.rehearsed
        };
        let status = match written.disposition {
            Disposition::Created => StatusCode::CREATED,
            Disposition::Updated | Disposition::Unchanged => StatusCode::OK,
            Disposition::Deleted | Disposition::NothingCreated => StatusCode::NO_CONTENT,
        };
        match state {
            Some(state) if status != StatusCode::NO_CONTENT => {
                let body = state.body(self.viewer.xuid, self.viewer.contract);
                Ok(reply::session(status, &state, body, address))
            }
            _ => Ok(reply::empty(StatusCode::NO_CONTENT)),
        }
    }

    fn decide(
        &self,
        shared: &Shared,
        state: Option<&Arc<LiveSession>>,
        conditions: &Preconditions,
        now: Timestamp,
        entropy: Entropy,
    ) -> Result<(Step, Written), ApiError> {
        let session = state.map(|state| &*state.session);
        let grant = self.handle.map(|through| through.grant);
        let facts = match session {
            Some(session) => Facts {
                blocked: self.is_blocked(shared, session)?,
                ..facts(shared, session, &self.caller, grant)?
            },
            None => Facts {
                handle: grant,
                ..Facts::default()
            },
        };
        let readable =
            state.filter(|state| access::may_read(&state.session, &self.caller, facts).is_ok());
        if session.is_none() && self.existence == Existence::Required {
            return Err(ApiError::session_not_found());
        }
        match conditions.for_write(state.map(|state| state.etag)) {
            Verdict::Holds => {}
            Verdict::FailedShowing => {
                let shown = readable.map(|state| reply::shown(state, self.viewer));
                return Err(ApiError::Precondition(shown));
            }
            Verdict::Failed | Verdict::NotModified => return Err(ApiError::Precondition(None)),
        }
        let target = session.map_or(Target::Missing(&self.key.reference), Target::Existing);
        let template = &self.template.template;
        let outcome = apply(
            target,
            template,
            &self.change,
            &self.caller,
            facts,
            now,
            entropy,
        )
        .map_err(|refusal| self.refused(refusal, readable))?;
        if let Some(after) = &outcome.session {
            let realtime = &shared.directory.realtime;
            let others = |connection| realtime.others_tapping(connection, &self.key);
            check_tapped(session, after, others)
                .map_err(|refusal| self.refused(refusal, readable))?;
        }
        let disposition = outcome.disposition;
        if !self.commits {
            let rehearsed = outcome
                .session
                .map(|session| Arc::new(LiveSession::new(Arc::new(session))));
            let written = Written {
                disposition,
                rehearsed,
            };
            return Ok((Step::default(), written));
        }
        let step = Step {
            next: Next::from(outcome),
            require_handles: self.handle.iter().map(|through| through.id).collect(),
            ..Step::default()
        };
        let written = Written {
            disposition,
            rehearsed: None,
        };
        Ok((step, written))
    }

    /// Whether an owner has blocked a caller who has no place yet; without owners, the publisher.
    fn is_blocked(&self, shared: &Shared, session: &Session) -> Result<bool, StoreError> {
        let Some(joiner) = self.caller.xuid().filter(|_| !self.caller.server) else {
            return Ok(false);
        };
        if session.member_of(joiner).is_some() {
            return Ok(false);
        }
        let mut owners = owners::users(session);
        if owners.is_empty() {
            owners.extend(self.handle.and_then(|through| through.publisher));
        }
        for owner in owners {
            let store = &shared.directory.store;
            if store.is_listed(PrivateList::Blocked, owner, joiner)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// One who may read a session they cannot change is shown it. `[doc]`
    fn refused(&self, refusal: Refusal, readable: Option<&Arc<LiveSession>>) -> ApiError {
        match refusal.rule.class() {
            Class::NoAccess => ApiError::NoAccess(
                refusal,
                readable.map(|state| reply::shown(state, self.viewer)),
            ),
            _ => ApiError::Refused(refusal),
        }
    }
}

/// The caller's rights on a session, for handlers of its elements.
pub(super) fn reading(
    identity: &Identity,
    admitted: Admitted,
    reference: SessionRef,
    viewer: Viewer,
) -> Reading {
    Reading {
        key: key_of(identity, reference),
        caller: admitted.caller,
        grant: None,
        viewer,
    }
}
