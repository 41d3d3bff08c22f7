//! `/titles/{titleId}`: activities without a session.
//!
//! An activity is read and written by its key; a write that comes late is passed over. Not here: the
//! rules (`convoke_core::activity`).

pub mod invites;
pub mod recent_players;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use convoke_core::activity::{self, Activity, ActivityKey, Stamp, Viewer, check_writer};
use convoke_core::contract::read;
use convoke_core::privacy::permission::Permission;
use convoke_core::{Refusal, Rule};
use convoke_store::{Commit, CommitError, PlayOp, Store as _, StoreError};
use convoke_wire::multiplayer_activity::{
    Activity as WireActivity, ActivityQuery, ActivityResults, DeleteActivity, SetActivity,
    UserActivities,
};
use convoke_wire::{TitleId, Xuid};
use http::StatusCode;
use jiff::Timestamp;

use crate::api_error::ApiError;
use crate::call::Call;
use crate::caller::Identity;
use crate::exchange;
use crate::graph::SocialGraph as _;
use crate::privacy::Asker;
use crate::reply;
use crate::shared::Shared;

/// Most times that a write is judged anew because another one came between.
const MAX_ATTEMPTS: usize = 8;

/// `GET /titles/{titleId}/users/{xuid}/activities`: what a user does in a title; 204 for nothing.
pub async fn get(
    shared: &Shared,
    title_id: TitleId,
    user: &str,
    call: &Call,
) -> Result<Response, ApiError> {
    let owner = user_of(user)?;
    let identity = call.identity.clone().acting_for(|| None)?;
    let found = Looking::new(shared, &identity, title_id, &[owner]).await?;
    Ok(match found.activity(owner)? {
        Some(activity) => reply::json(StatusCode::OK, &activity),
        None => reply::empty(StatusCode::NO_CONTENT),
    })
}

/// `PUT /titles/{titleId}/users/{xuid}/activities`: says what a user does.
pub async fn set(
    shared: &Shared,
    title_id: TitleId,
    user: &str,
    call: &Call,
    body: Body,
) -> Result<Response, ApiError> {
    let key = key_to_write(shared, title_id, user, call)?;
    let request: SetActivity = read::document(&exchange::json_body(&call.head, body).await?)?;
    write(shared, &key, |before, now| {
        activity::set(request.clone(), before, key.clone(), now)
    })
    .await
}

/// `DELETE /titles/{titleId}/users/{xuid}/activities`: the user does nothing any more.
///
/// Inferred: a request without a body ends whatever came before it.
pub async fn end(
    shared: &Shared,
    title_id: TitleId,
    user: &str,
    call: &Call,
    body: Body,
) -> Result<Response, ApiError> {
    let key = key_to_write(shared, title_id, user, call)?;
    let body = exchange::json_body(&call.head, body).await?;
    let sequence = if body.is_empty() {
        None
    } else {
        let request: DeleteActivity = read::document(&body)?;
        activity::check_sequence(request.sequence_number)?;
        Some(request.sequence_number)
    };
    write(shared, &key, |before, now| {
        Ok(activity::end(sequence, before, key.clone(), now))
    })
    .await
}

/// `POST /titles/{titleId}/activities/query`: what some users do in a title.
pub async fn query(
    shared: &Shared,
    title_id: TitleId,
    call: &Call,
    body: Body,
) -> Result<Response, ApiError> {
    let identity = call.identity.clone().acting_for(|| None)?;
    let query: ActivityQuery = read::document(&exchange::json_body(&call.head, body).await?)?;
    activity::check_query(&query)?;
    let found = Looking::new(shared, &identity, title_id, &query.users).await?;
    let user_activities = query.users.iter().map(|user| {
        Ok(UserActivities {
            user_id: *user,
            activities: found.activity(*user)?.into_iter().collect(),
        })
    });
    let results = ActivityResults {
        user_activities: user_activities.collect::<Result<_, ApiError>>()?,
    };
    Ok(reply::json(StatusCode::OK, &results))
}

/// The user that a path names. `[doc]`
fn user_of(segment: &str) -> Result<Xuid, ApiError> {
    let user = segment.parse();
    user.map_err(|_| {
        let detail = "expected the XUID of a user, as digits";
        Rule::ActivityField.at("xuid", detail).into()
    })
}

fn key_to_write(
    shared: &Shared,
    title_id: TitleId,
    user: &str,
    call: &Call,
) -> Result<ActivityKey, ApiError> {
    let owner = user_of(user)?;
    let identity = call.identity.clone().acting_for(|| Some(owner))?;
    let key = ActivityKey {
        sandbox: identity.principal.sandbox.clone(),
        owner,
        title_id,
    };
    check_writer(&identity.caller(shared), &key)?;
    Ok(key)
}

/// Judges a write on what is there, and again when that has changed before it was written.
async fn write(
    shared: &Shared,
    key: &ActivityKey,
    judge: impl Fn(Option<&Activity>, Timestamp) -> Result<Option<Activity>, Refusal>,
) -> Result<Response, ApiError> {
    let directory = &shared.directory;
    for _ in 0..MAX_ATTEMPTS {
        let before = directory.store.activity(key)?;
        let Some(next) = judge(before.as_deref(), directory.clock.now())? else {
            return Ok(reply::empty(StatusCode::NO_CONTENT));
        };
        let expected = before.as_deref().map(Stamp::from);
        let commit = Commit {
            require_activities: vec![(key.clone(), expected)],
            play: vec![PlayOp::Do(Arc::new(next))],
            ..Commit::default()
        };
        match directory.commits.take_to_the_end(commit).await {
            Ok(()) => return Ok(reply::empty(StatusCode::NO_CONTENT)),
            Err(CommitError::Conflict) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let reason = "others write the activity faster than this write can be judged";
    Err(StoreError::Failed(reason.to_owned()).into())
}

/// What stands between a caller and some users while their activities are looked at.
struct Looking<'a> {
    shared: &'a Shared,
    identity: &'a Identity,
    title_id: TitleId,
    /// Those whose activities may be seen, and how.
    viewers: BTreeMap<Xuid, Viewer>,
}

impl<'a> Looking<'a> {
    /// Users who do not share with the caller what they do appear to do nothing. `Inferred:` as for
    /// activities with a session (people 6.5)
    async fn new(
        shared: &'a Shared,
        identity: &'a Identity,
        title_id: TitleId,
        users: &[Xuid],
    ) -> Result<Self, ApiError> {
        let users: BTreeSet<Xuid> = users.iter().copied().collect();
        let viewers = if identity.is_server() {
            let all = users.into_iter();
            all.map(|user| (user, Viewer::Trusted)).collect()
        } else {
            viewers(shared, identity, &users).await?
        };
        Ok(Self {
            shared,
            identity,
            title_id,
            viewers,
        })
    }

    /// The activity of a user as the caller sees it.
    fn activity(&self, owner: Xuid) -> Result<Option<WireActivity>, ApiError> {
        let Some(viewer) = self.viewers.get(&owner) else {
            return Ok(None);
        };
        let directory = &self.shared.directory;
        let found = directory.store.activity(&ActivityKey {
            sandbox: self.identity.principal.sandbox.clone(),
            owner,
            title_id: self.title_id,
        })?;
        let now = directory.clock.now();
        Ok(found.and_then(|activity| activity.seen_by(*viewer, now)))
    }
}

async fn viewers(
    shared: &Shared,
    identity: &Identity,
    users: &BTreeSet<Xuid>,
) -> Result<BTreeMap<Xuid, Viewer>, ApiError> {
    let own = identity.own_xuids();
    let (own, others): (Vec<Xuid>, Vec<Xuid>) = users.iter().partition(|it| own.contains(it));
    let mut viewers: BTreeMap<Xuid, Viewer> = own
        .into_iter()
        .map(|user| (user, Viewer::Trusted))
        .collect();
    let Some(asker) = Asker::of(shared, identity)? else {
        viewers.extend(others.into_iter().map(|user| (user, Viewer::Stranger)));
        return Ok(viewers);
    };
    let sees = Permission::ViewTargetPresence;
    let verdicts = shared.graph.verdicts(&asker, sees, &others).await?;
    let seen = others.into_iter().zip(verdicts);
    let seen: Vec<Xuid> = seen
        .filter(|(_, verdict)| verdict.is_ok())
        .map(|(user, _)| user)
        .collect();
    let follow = shared.graph.following(&seen, asker.xuid()).await?;
    viewers.extend(seen.into_iter().map(|user| {
        let follows = follow.contains(&user);
        let viewer = if follows {
            Viewer::Followed
        } else {
            Viewer::Stranger
        };
        (user, viewer)
    }));
    Ok(viewers)
}
