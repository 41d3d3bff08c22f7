//! One session of the service, by its name.

use convoke_wire::session::access::AccessExplanation;
use convoke_wire::session::change_type::ChangeType;
use convoke_wire::uri::session_path;
use convoke_wire::{RawJson, SessionRef};
use reqwest::Method;
use serde::Serialize;
use uuid::Uuid;

use crate::access::{self, AccessQuestion};
use crate::change::{Change, Join};
use crate::client::Client;
use crate::error::Error;
use crate::raw::{Answer, Call, Repeat};
use crate::snapshot::{EntityTag, Snapshot};
use crate::written::{Read, WriteMode, Written, unless};

/// How often a synchronised update is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyncPolicy {
    /// Most writes that are tried.
    pub max_attempts: u32,
}

impl Default for SyncPolicy {
    /// Ten: with as many writers at once, one of them loses nine times.
    fn default() -> Self {
        Self { max_attempts: 10 }
    }
}

/// A session of the service. It may exist or not; nothing is asked before a method is called.
#[derive(Debug, Clone)]
pub struct RemoteSession {
    client: Client,
    reference: SessionRef,
}

impl RemoteSession {
    pub(crate) fn new(client: Client, reference: SessionRef) -> Self {
        Self { client, reference }
    }

    /// Its name.
    pub fn reference(&self) -> &SessionRef {
        &self.reference
    }

    /// The session as it is; `None` when there is none.
    pub async fn get(&self) -> Result<Option<Snapshot>, Error> {
        let answer = self.client.send(&self.reading()).await?;
        Read::of(&answer)?.into_snapshot()
    }

    /// The session, unless it is in the state with this tag.
    pub async fn get_if_changed(&self, tag: &EntityTag) -> Result<Read, Error> {
        let answer = self.client.send(&unless(self.reading(), tag)?).await?;
        Read::of(&answer)
    }

    /// Writes a change.
    pub async fn write(&self, mode: WriteMode, change: Change) -> Result<Written, Error> {
        let answer = write_at(&self.client, &self.path(), &mode, change).await?;
        Written::of(&answer, &mode)
    }

    /// What a write would do, without doing it. `[doc]`
    pub async fn try_out(&self, mode: WriteMode, change: Change) -> Result<Written, Error> {
        let path = format!("{}?nocommit=true", self.path());
        let answer = write_at(&self.client, &path, &mode, change).await?;
        Written::of(&answer, &mode)
    }

    /// Updates the session from its present state, as often as it takes for nobody else to have
    /// changed it in between.
    ///
    /// `change` is called with each state and says what to change; `None` leaves it at that, and the
    /// outcome is [`Written::Same`]. Where a write comes too late, its refusal brings the next state,
    /// so that nothing has to be read again.
    pub async fn update(
        &self,
        change: impl FnMut(&Snapshot) -> Option<Change> + Send,
    ) -> Result<Written, Error> {
        self.update_with(SyncPolicy::default(), None, change).await
    }

    /// The same from a state that the caller knows, and with a limit of its own.
    pub async fn update_with(
        &self,
        policy: SyncPolicy,
        known: Option<Snapshot>,
        mut change: impl FnMut(&Snapshot) -> Option<Change> + Send,
    ) -> Result<Written, Error> {
        let mut known = known;
        for _ in 0..policy.max_attempts {
            let current = match known.take() {
                Some(current) => current,
                None => self.get().await?.ok_or(Error::NoSession)?,
            };
            let Some(wanted) = change(&current) else {
                return Ok(Written::Same(current));
            };
            let tag = current.tag.ok_or(Error::Incomplete {
                status: reqwest::StatusCode::OK,
                missing: "an ETag",
            })?;
            match self.write(WriteMode::Unchanged(tag), wanted).await? {
                Written::Conflict(current) => known = current,
                written => return Ok(written),
            }
        }
        Err(Error::Contended(policy.max_attempts))
    }

    /// Joins the session as an active member; it has to exist.
    pub async fn join(&self, join: Join) -> Result<Written, Error> {
        self.change(Change::new().join(join)).await
    }

    /// Leaves the session. It is no error if the caller or the session is gone already. `[client]`
    pub async fn leave(&self) -> Result<Written, Error> {
        let written = self.change(Change::new().leave()).await?;
        Ok(match written {
            Written::Conflict(None) => Written::Deleted,
            written => written,
        })
    }

    /// Sets a custom property of the session.
    pub async fn set_property(
        &self,
        name: &str,
        value: &(impl Serialize + Sync),
    ) -> Result<Written, Error> {
        self.change(Change::new().property(name, value)).await
    }

    /// The same with a value that is kept letter by letter.
    pub async fn set_property_text(&self, name: &str, value: RawJson) -> Result<Written, Error> {
        self.change(Change::new().property_text(name, value)).await
    }

    /// Makes the caller an active or an inactive member.
    pub async fn set_active(&self, active: bool) -> Result<Written, Error> {
        self.change(Change::new().active(active)).await
    }

    /// Ties the caller's member, which becomes active, to a real-time connection.
    pub async fn set_connection(&self, connection: Uuid) -> Result<Written, Error> {
        self.change(Change::new().active(true).connection(connection))
            .await
    }

    /// Has the caller be tapped for these changes.
    pub async fn subscribe(&self, id: Uuid, kinds: &[ChangeType]) -> Result<Written, Error> {
        self.change(Change::new().subscription(id, kinds)).await
    }

    /// Writes a change of an existing session.
    pub async fn change(&self, change: Change) -> Result<Written, Error> {
        self.write(WriteMode::UpdateExisting, change).await
    }

    /// Which rules let a user read, join and write the session, or refuse it; for servers, operators
    /// and developers. Only Convoke answers this: of another service it is [`Error::Unreadable`].
    pub async fn explain_access(
        &self,
        question: &AccessQuestion,
    ) -> Result<AccessExplanation, Error> {
        access::ask(&self.client, &self.reference, question).await
    }

    fn path(&self) -> String {
        session_path(&self.reference)
    }

    fn reading(&self) -> Call {
        Call::new(Method::GET, self.path())
    }
}

/// Writes a change of the session that a path leads to.
pub(crate) async fn write_at(
    client: &Client,
    path: &str,
    mode: &WriteMode,
    change: Change,
) -> Result<Answer, Error> {
    // A condition that held before may fail once the write has been done.
    let is_repeatable = change.is_repeatable()
        && matches!(mode, WriteMode::UpdateOrCreate | WriteMode::UpdateExisting);
    let call = Call::new(Method::PUT, path)
        .json(&change.into_request()?)?
        .repeat(if is_repeatable {
            Repeat::Always
        } else {
            Repeat::Unread
        });
    client.send(&mode.add_to(call)?).await
}
