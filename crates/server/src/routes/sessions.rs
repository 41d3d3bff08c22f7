//! `…/sessions/{name}`: reading and writing a session by its own address.

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use convoke_core::Caller;
use convoke_core::contract::{SessionChange, read};
use convoke_core::entropy::Entropy;
use convoke_core::handle::Grant;
use convoke_core::refusal::{Class, Refusal};
use convoke_core::session::apply::{Target, apply_for};
use convoke_core::session::connections::places;
use convoke_core::session::{Actor, Disposition, Facts, Party, Session, access, owners};
use convoke_store::HandleOp;
use convoke_wire::session::SessionRequest;
use convoke_wire::{Field, HandleId, SessionKey, SessionRef, Xuid};
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;

use super::{begin, query_string, session_access, viewer};
use crate::api_error::ApiError;
use crate::call::Call;
use crate::caller::{Admitted, Identity, admit, key_of};
use crate::commit::{Next, Step, TransactError};
use crate::exchange;
use crate::graph::{GraphError, Needs, Ties};
use crate::live::LiveSession;
use crate::preconditions::{Preconditions, Verdict};
use crate::reply::{self, Address, Viewer};
use crate::service_configs::NamedTemplate;
use crate::sessions_of_user;
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
    if session_access::is_asked_for(call) {
        return session_access::explain(shared, &identity, &admitted, reference, call).await;
    }
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
    let caller = identity.caller_in(shared, &open.config);
    Writing {
        acting: identity.acting_users(&open.config, &caller),
        caller,
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
            self.check(shared, &state.session).await?;
        }
        Ok(state)
    }

    /// Whether the caller may read a state.
    pub(super) async fn check(&self, shared: &Shared, session: &Session) -> Result<(), ApiError> {
        let facts = asked(shared, session, &self.caller, self.grant).await?;
        Ok(access::may_read(session, &self.caller, facts)?)
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

/// What whoever reads a session needs the people graph for.
pub(super) async fn asked(
    shared: &Shared,
    session: &Session,
    caller: &Caller,
    grant: Option<Grant>,
) -> Result<Facts, ApiError> {
    // Nothing is fetched of the people who are kept here, so nobody need be named.
    let ties = if shared.graph.is_elsewhere() {
        ties(shared, needs(session, caller, Vec::new())).await?
    } else {
        Ties::Stored
    };
    Ok(facts(shared, &ties, session, caller, grant)?)
}

/// What has to be asked of the people graph; nothing where the answer does not depend on it.
pub(super) fn needs(session: &Session, caller: &Caller, owners: Vec<Xuid>) -> Option<Needs> {
    let user = caller.xuid()?;
    let members = if access::depends_on_follows(session, caller) {
        session.accepted().map(|(_, member)| member.xuid).collect()
    } else {
        Vec::new()
    };
    Some(Needs {
        user,
        members,
        owners,
    })
}

pub(super) async fn ties(shared: &Shared, needs: Option<Needs>) -> Result<Ties, GraphError> {
    match needs {
        Some(needs) => shared.graph.ties(needs).await,
        None => Ok(Ties::Stored),
    }
}

/// What the people graph says, as far as the answer depends on it.
fn facts(
    shared: &Shared,
    ties: &Ties,
    session: &Session,
    caller: &Caller,
    grant: Option<Grant>,
) -> Result<Facts, GraphError> {
    let followed = match caller.xuid() {
        Some(xuid) if access::depends_on_follows(session, caller) => {
            ties.is_followed_in(&shared.directory.store, xuid, session)?
        }
        _ => false,
    };
    Ok(Facts {
        followed,
        handle: grant,
        ..Facts::default()
    })
}

/// Whose blocks keep a user out who has no place yet: those of the owners; without owners, of who
/// published the session with the handle that the user comes through.
pub(super) fn judges(session: &Session, user: &Caller, publisher: Option<Xuid>) -> Vec<Xuid> {
    let joiner = user.xuid().filter(|_| !user.server);
    if joiner.is_none_or(|joiner| session.member_of(joiner).is_some()) {
        return Vec::new();
    }
    let mut owners = owners::users(session);
    if owners.is_empty() {
        owners.extend(publisher);
    }
    owners
}

/// What the people graph says to somebody who may want a place: [`facts`], and who blocks them.
pub(super) fn joining_facts(
    shared: &Shared,
    ties: &Ties,
    session: &Session,
    user: &Caller,
    way: Way,
) -> Result<Facts, GraphError> {
    let blocked = match user.xuid() {
        Some(joiner) => {
            let owners = judges(session, user, way.publisher).into_iter();
            ties.is_blocked(&shared.directory.store, joiner, owners)?
        }
        None => false,
    };
    Ok(Facts {
        blocked,
        ..facts(shared, ties, session, user, way.grant)?
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
    /// The users whom a server acts for, if there are several.
    pub(super) acting: Vec<Caller>,
    pub(super) template: Arc<NamedTemplate>,
    pub(super) change: SessionChange,
    /// The handle it came through.
    pub(super) handle: Option<Through>,
    pub(super) existence: Existence,
    pub(super) commits: bool,
    pub(super) viewer: Viewer,
}

/// How a user comes to a session: by its own address, or through a handle.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Way {
    /// What the handle grants.
    pub(super) grant: Option<Grant>,
    /// Who published the session with it, if it is one for search.
    pub(super) publisher: Option<Xuid>,
}

/// The handle that a write came through, which must outlive the commit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Through {
    pub(super) id: HandleId,
    /// What it means to the caller.
    pub(super) way: Way,
    /// The caller is the user whom this invitation still waits for, and need not be told now.
    pub(super) settles: bool,
}

/// How often people are asked about anew because a session has other members by then. Ours.
const MAX_ATTEMPTS: usize = 4;

/// What is known of those whom a write acts for.
struct Known {
    /// What the people graph says, in their order.
    ties: Vec<Ties>,
    /// Who is in as many sessions as one may be.
    crowded: Vec<Xuid>,
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
        let mut attempts = 0;
        let (written, committed) = loop {
            let known = self.known(shared).await?;
            let decide = |state: Option<&Arc<LiveSession>>, now: Timestamp| {
                let entropy = Entropy { branch };
                self.decide(shared, &known, state, &conditions, now, entropy)
            };
            attempts += 1;
            let by = (&self.caller).into();
            match shared.directory.transact(&self.key, by, decide).await {
                Err(TransactError::Refused(ApiError::People(GraphError::Unfetched)))
                    if attempts < MAX_ATTEMPTS => {}
                done => break done?,
            }
        };
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

    /// What is found out before the session is locked.
    async fn known(&self, shared: &Shared) -> Result<Known, ApiError> {
        let mut ties = Vec::with_capacity(1);
        for user in self.users() {
            ties.push(self.ties(shared, user).await?);
        }
        let players = self.users().iter().filter(|user| !user.server);
        let players = players.filter_map(Caller::xuid);
        Ok(Known {
            ties,
            crowded: sessions_of_user::crowded(shared, &self.key, players).await?,
        })
    }

    /// Those whom the write acts for, or else the one who sent it.
    fn users(&self) -> &[Caller] {
        if self.acting.is_empty() {
            std::slice::from_ref(&self.caller)
        } else {
            &self.acting
        }
    }

    /// What the rules may need to know of people, asked before the session is locked.
    async fn ties(&self, shared: &Shared, user: &Caller) -> Result<Ties, ApiError> {
        if !shared.graph.is_elsewhere() {
            return Ok(Ties::Stored);
        }
        let state = shared.directory.read(&self.key).await?;
        let needs = state.and_then(|state| {
            let owners = judges(&state.session, user, self.way().publisher);
            needs(&state.session, user, owners)
        });
        // Of a session that comes to exist meanwhile nothing is known, and then it is asked.
        let nothing = user.xuid().map(|user| Needs {
            user,
            members: Vec::new(),
            owners: Vec::new(),
        });
        Ok(ties(shared, needs.or(nothing)).await?)
    }

    fn decide(
        &self,
        shared: &Shared,
        known: &Known,
        state: Option<&Arc<LiveSession>>,
        conditions: &Preconditions,
        now: Timestamp,
        entropy: Entropy,
    ) -> Result<(Step, Written), ApiError> {
        let session = state.map(|state| &*state.session);
        let actors = self.actors(shared, &known.ties, session)?;
        let reads = |actor: &Actor<'_>, state: &LiveSession| {
            access::may_read(&state.session, actor.caller, actor.facts).is_ok()
        };
        let readable = state.filter(|state| actors.iter().all(|actor| reads(actor, state)));
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
        let party = Party {
            caller: &self.caller,
            facts: actors.first().map(|actor| actor.facts).unwrap_or_default(),
            // A sender without a user acts for nobody.
            actors: if self.acting.is_empty() && self.caller.user.is_none() {
                &[]
            } else {
                &actors
            },
        };
        let mut outcome = apply_for(target, template, &self.change, party, now, entropy)
            .map_err(|refusal| self.refused(refusal, readable))?;
        let mut taken = Vec::new();
        if let Some(after) = &outcome.session {
            sessions_of_user::check(shared, session, after, &known.crowded)?;
            let realtime = &shared.directory.realtime;
            let place = |connection, most| realtime.place(connection, &self.key, most);
            taken =
                places(session, after, place).map_err(|refusal| self.refused(refusal, readable))?;
        }
        let disposition = outcome.disposition;
        let encounters = std::mem::take(&mut outcome.encounters);
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
        let settled = self.handle.iter().filter(|through| through.settles);
        let step = Step {
            next: Next::from(outcome),
            handles: settled.map(|used| HandleOp::Settle(used.id)).collect(),
            require_handles: self.handle.iter().map(|through| through.id).collect(),
            encounters,
            places: taken,
            ..Step::default()
        };
        let written = Written {
            disposition,
            rehearsed: None,
        };
        Ok((step, written))
    }

    /// Those whom the write acts for, with what the people graph says of each.
    fn actors(
        &self,
        shared: &Shared,
        ties: &[Ties],
        session: Option<&Session>,
    ) -> Result<Vec<Actor<'_>>, GraphError> {
        let way = self.way();
        let facts = |caller: &Caller, ties: &Ties| match session {
            Some(session) => joining_facts(shared, ties, session, caller, way),
            None => Ok(Facts {
                handle: way.grant,
                ..Facts::default()
            }),
        };
        let users = self.users().iter().zip(ties);
        users
            .map(|(caller, ties)| facts(caller, ties).map(|facts| Actor { caller, facts }))
            .collect()
    }

    fn way(&self) -> Way {
        self.handle.map(|through| through.way).unwrap_or_default()
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
