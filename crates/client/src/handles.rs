//! Handles: made, found, deleted, and followed to their sessions.

use convoke_wire::handle::{
    HandleOwners, HandleQuery, HandleRequest, HandleType, InviteAttributes, PartialSessionRef,
    PeopleMoniker, SearchAttributes,
};
use convoke_wire::json::read_answer;
use convoke_wire::uri::{handle_path, parse_session_path};
use convoke_wire::{Scid, SessionRef, Xuid};
use reqwest::header::CONTENT_LOCATION;
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use uuid::Uuid;

use crate::change::Change;
use crate::client::Client;
use crate::error::Error;
use crate::handle::{HandleInfo, Include};
use crate::raw::{Answer, Call, Repeat};
use crate::refusal::Refusal;
use crate::session::write_at;
use crate::snapshot::Snapshot;
use crate::written::{Read, WriteMode, Written};

/// Handles of the service.
#[derive(Debug, Clone)]
pub struct Handles {
    client: Client,
}

/// What came back through a handle, and which session it leads to.
#[derive(Debug, Clone)]
pub struct ByHandle<T> {
    /// The session; `None` where the service does not say, as when the session is gone.
    pub reference: Option<SessionRef>,
    /// What came back.
    pub value: T,
}

impl Handles {
    pub(crate) fn new(client: Client) -> Self {
        Self { client }
    }

    /// Says that the caller is in a session. A user has one activity in a title; a new one replaces it.
    pub async fn create_activity(&self, session: &SessionRef) -> Result<HandleInfo, Error> {
        self.create(&request(HandleType::Activity, session)).await
    }

    /// Invites a user.
    pub async fn create_invite(
        &self,
        session: &SessionRef,
        invited: Xuid,
        attributes: InviteAttributes,
    ) -> Result<HandleInfo, Error> {
        let request = HandleRequest {
            invited_xuid: Some(invited),
            invite_attributes: Some(attributes),
            ..request(HandleType::Invite, session)
        };
        self.create(&request).await
    }

    /// Lets a session be found.
    pub async fn create_search(
        &self,
        session: &SessionRef,
        attributes: SearchAttributes,
    ) -> Result<HandleInfo, Error> {
        let request = HandleRequest {
            search_attributes: Some(attributes),
            ..request(HandleType::Search, session)
        };
        self.create(&request).await
    }

    /// Leads the members of one session to another.
    pub async fn create_transfer(
        &self,
        origin: &SessionRef,
        session: &SessionRef,
    ) -> Result<HandleInfo, Error> {
        let request = HandleRequest {
            origin_session_ref: Some(origin.clone()),
            ..request(HandleType::Transfer, session)
        };
        self.create(&request).await
    }

    /// Makes any handle.
    pub async fn create(&self, request: &HandleRequest) -> Result<HandleInfo, Error> {
        let call = Call::new(Method::POST, "/handles").json(request)?;
        read(&self.client.send(&call).await?)
    }

    /// A handle; `None` when there is none (any more).
    pub async fn get(&self, id: Uuid) -> Result<Option<HandleInfo>, Error> {
        let call = Call::new(Method::GET, handle_path(id));
        let answer = self.client.send(&call).await?;
        if answer.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        read(&answer).map(Some)
    }

    /// Deletes a handle. It is no error if there is none.
    pub async fn delete(&self, id: Uuid) -> Result<(), Error> {
        let call = Call::new(Method::DELETE, handle_path(id));
        let answer = self.client.send(&call).await?;
        if answer.status.is_success() || answer.status == StatusCode::NOT_FOUND {
            return Ok(());
        }
        Err(Refusal::of(&answer).into())
    }

    /// What users are doing; at most 100 of them. `[doc]`
    pub async fn activities_of(
        &self,
        scid: &Scid,
        users: &[Xuid],
        include: &[Include],
    ) -> Result<Vec<HandleInfo>, Error> {
        let owners = HandleOwners::users(users.to_vec());
        self.query(&activities(scid, owners), include).await
    }

    /// What the people of somebody are doing: `people`, `favorites` or `friends`. `[doc]`
    pub async fn activities_of_people(
        &self,
        scid: &Scid,
        of: Xuid,
        moniker: &str,
        include: &[Include],
    ) -> Result<Vec<HandleInfo>, Error> {
        let people = PeopleMoniker {
            moniker: moniker.to_owned(),
            moniker_xuid: Some(of),
        };
        let owners = HandleOwners {
            xuids: None,
            people: Some(people),
        };
        self.query(&activities(scid, owners), include).await
    }

    /// Finds handles, of activities or for search; for search handles, start from
    /// [`HandleQuery::of`].
    pub async fn query(
        &self,
        query: &HandleQuery,
        include: &[Include],
    ) -> Result<Vec<HandleInfo>, Error> {
        let mut path = "/handles/query".to_owned();
        if !include.is_empty() {
            let words: Vec<_> = include.iter().map(|it| it.as_str()).collect();
            path = format!("{path}?include={}", words.join(","));
        }
        // It only reads.
        let call = Call::new(Method::POST, path).repeat(Repeat::Always);
        let answer = self.client.send(&call.json(query)?).await?;
        let results: Results = read(&answer)?;
        Ok(results.results)
    }

    /// The session that a handle leads to; the value is `None` when there is no session.
    ///
    /// A handle that does not exist (any more) is a refusal with 404.
    pub async fn session(&self, id: Uuid) -> Result<ByHandle<Option<Snapshot>>, Error> {
        let call = Call::new(Method::GET, through(id));
        let answer = self.client.send(&call).await?;
        let value = Read::of(&answer)?.into_snapshot()?;
        Ok(ByHandle {
            reference: location(&answer),
            value,
        })
    }

    /// Writes the session that a handle leads to, with what the handle grants.
    pub async fn write(
        &self,
        id: Uuid,
        mode: WriteMode,
        change: Change,
    ) -> Result<ByHandle<Written>, Error> {
        let answer = write_at(&self.client, &through(id), &mode, change).await?;
        Ok(ByHandle {
            reference: location(&answer),
            value: Written::of(&answer, &mode)?,
        })
    }

    /// Joins the session that a handle leads to, and says which one that is.
    pub async fn join(&self, id: Uuid, join: crate::Join) -> Result<(SessionRef, Snapshot), Error> {
        let change = Change::new().join(join);
        let joined = self.write(id, WriteMode::UpdateExisting, change).await?;
        let snapshot = joined.value.into_session()?;
        let reference = joined.reference.ok_or(Error::Incomplete {
            status: StatusCode::OK,
            missing: "a Content-Location that names a session",
        })?;
        Ok((reference, snapshot))
    }
}

#[derive(Debug, Deserialize)]
struct Results {
    results: Vec<HandleInfo>,
}

fn through(id: Uuid) -> String {
    format!("{}/session", handle_path(id))
}

/// The session that an answer is about. `[client]`: a path or a whole URL.
fn location(answer: &Answer) -> Option<SessionRef> {
    parse_session_path(answer.header(CONTENT_LOCATION.as_str())?)
}

fn request(kind: HandleType, session: &SessionRef) -> HandleRequest {
    HandleRequest {
        kind,
        version: Some(1),
        session_ref: PartialSessionRef {
            scid: session.scid.clone(),
            template_name: session.template_name.clone(),
            name: Some(session.name.clone()),
        },
        origin_session_ref: None,
        invited_xuid: None,
        invite_attributes: None,
        search_attributes: None,
    }
}

fn activities(scid: &Scid, owners: HandleOwners) -> HandleQuery {
    HandleQuery {
        scid: Some(scid.clone()),
        owners: Some(owners),
        ..HandleQuery::of(HandleType::Activity)
    }
}

fn read<T: serde::de::DeserializeOwned>(answer: &Answer) -> Result<T, Error> {
    if !answer.status.is_success() {
        return Err(Refusal::of(answer).into());
    }
    read_answer(&answer.body).map_err(|problem| Error::Unreadable {
        what: "handle",
        problem,
    })
}
