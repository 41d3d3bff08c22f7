//! Queries for sessions: `GET …/sessions` and `POST …/batch`.

use std::borrow::Cow;
use std::cmp::Reverse;

use axum::body::Body;
use axum::response::Response;
use convoke_core::contract::read;
use convoke_core::session::query::{self, Asking, SessionQuery};
use convoke_store::Store;
use convoke_wire::session::query::{BatchQuery, SessionResult, SessionResults};
use convoke_wire::{Scid, TemplateName, Xuid};
use http::StatusCode;

use super::begin;
use super::query_string::parameter;
use crate::api_error::ApiError;
use crate::call::Call;
use crate::caller::{Identity, admit};
use crate::exchange;
use crate::reply;
use crate::service_configs::NamedTemplate;
use crate::shared::Shared;

/// Most sessions of a user, or of a keyword, that are looked at. Ours.
///
/// A query takes the latest of at most so many; those beyond it in the order of the index are not
/// seen, so that a keyword of hundreds of thousands of sessions holds nobody up.
const MAX_CANDIDATES: usize = 10_000;

/// The sessions that are asked about: those of a configuration, or of one template in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Among {
    /// The service configuration.
    pub scid: Scid,
    /// Only those of this template.
    pub template: Option<TemplateName>,
}

/// `GET /serviceconfigs/{scid}/sessions`, `GET …/sessiontemplates/{template}/sessions`: at most 100
/// sessions of a user or with a keyword, the latest first. `[doc]`
pub async fn get(shared: &Shared, among: Among, call: &Call) -> Result<Response, ApiError> {
    answer(shared, &among, call, None).await
}

/// `POST /serviceconfigs/{scid}/batch`, `POST …/sessiontemplates/{template}/batch`: the same for
/// several users, whose sessions come one user after the other. `[doc]`
pub async fn batch(
    shared: &Shared,
    among: Among,
    call: &Call,
    body: Body,
) -> Result<Response, ApiError> {
    let wanted: BatchQuery = read::document(&exchange::json_body(&call.head, body).await?)?;
    answer(shared, &among, call, Some(wanted)).await
}

async fn answer(
    shared: &Shared,
    among: &Among,
    call: &Call,
    batch: Option<BatchQuery>,
) -> Result<Response, ApiError> {
    let (identity, viewer) = begin(call)?;
    let admitted = admit(shared, &identity, &among.scid)?;
    let template = among.template.as_ref();
    let template = template.map(|name| admitted.template(name)).transpose()?;
    let uri = &call.head.uri;
    let query = query::read(
        |name| parameter(uri, name).map(Cow::into_owned),
        Asking {
            caller: &admitted.caller,
            own: &identity.own_xuids(),
            contract: viewer.contract,
            batch,
        },
    )?;
    let search = Search {
        shared,
        identity: &identity,
        scid: &among.scid,
        template: template.as_deref(),
        query: &query,
    };
    let mut results = Vec::new();
    if query.users.is_empty() {
        results = search.of(None).await?;
    }
    for user in &query.users {
        if query.take <= results.len() {
            break;
        }
        results.extend(search.of(Some(*user)).await?);
    }
    results.truncate(query.take);
    Ok(reply::json(StatusCode::OK, &SessionResults { results }))
}

/// One query among the sessions that its caller asks about.
struct Search<'a> {
    shared: &'a Shared,
    identity: &'a Identity,
    scid: &'a Scid,
    template: Option<&'a NamedTemplate>,
    query: &'a SessionQuery,
}

impl Search<'_> {
    /// The sessions of a user, or with the keyword, the latest first. `Inferred:` handles 4.4
    ///
    /// What is due in them is applied first. `[doc]`
    async fn of(&self, user: Option<Xuid>) -> Result<Vec<SessionResult>, ApiError> {
        let directory = &self.shared.directory;
        let sandbox = &self.identity.principal.sandbox;
        let Some(entry) = self.query.entry(user) else {
            return Ok(Vec::new());
        };
        let keys = directory.store.find(sandbox, &entry, MAX_CANDIDATES)?;
        let mut found = Vec::new();
        for key in keys {
            let reference = &key.reference;
            let is_asked_about = reference.scid == *self.scid
                && self
                    .template
                    .is_none_or(|it| it.name == reference.template_name);
            if !is_asked_about {
                continue;
            }
            if let Some(state) = directory.read(&key).await? {
                found.extend(self.query.found(&state.session, user));
            }
        }
        found.sort_by_cached_key(|it| (Reverse(it.start_time.0), it.session_ref.resource()));
        Ok(found)
    }
}
