//! What stands between a caller and other users, looked up for the rules of `core::privacy`.

use convoke_core::privacy::permission::{
    self, Asked, Denial, Permission, Relation, Requestor, Target,
};
use convoke_core::privacy::settings::Age;
use convoke_core::privacy::{Audience, PrivateList, Setting, Settings};
use convoke_store::{Store as _, StoreError};
use convoke_wire::Xuid;

use crate::auth::{AgeGroup, MissingPrivileges, TokenUser};
use crate::caller::Identity;
use crate::graph::GraphError;
use crate::shared::Shared;

/// A user who is about to do something to others.
#[derive(Debug)]
pub(crate) struct Asker<'a> {
    shared: &'a Shared,
    xuid: Xuid,
    /// What the user's token says; `None` where a service asks for a user.
    user: Option<&'a TokenUser>,
    policy: MissingPrivileges,
    settings: Settings,
}

impl<'a> Asker<'a> {
    /// The acting user of a request; `None` for a caller that acts for no user.
    pub(crate) fn of(
        shared: &'a Shared,
        identity: &'a Identity,
    ) -> Result<Option<Self>, StoreError> {
        let Some(user) = identity.principal.acting_user() else {
            return Ok(None);
        };
        Ok(Some(Self {
            user: Some(user),
            ..Self::on_behalf(shared, user.xuid)?
        }))
    }

    /// A user for whom a service asks, which judges by itself what only the token says.
    pub(crate) fn on_behalf(shared: &'a Shared, xuid: Xuid) -> Result<Self, StoreError> {
        Ok(Self {
            shared,
            xuid,
            user: None,
            policy: shared.authenticator.missing_privileges(),
            settings: shared.directory.store.settings(xuid)?,
        })
    }

    /// The user.
    pub(crate) fn xuid(&self) -> Xuid {
        self.xuid
    }

    /// Whether the user may do something to another, or why not.
    pub(crate) fn verdict(
        &self,
        asked: Asked,
        target: Xuid,
    ) -> Result<Result<(), Denial>, StoreError> {
        if target == self.xuid {
            return Ok(permission::check(asked, self, Target::Oneself));
        }
        let relation = relation(self.shared, self.xuid, target)?;
        Ok(permission::check(asked, self, Target::User(&relation)))
    }
}

impl Requestor for Asker<'_> {
    fn has_privilege(&self, privilege: u16) -> bool {
        let user = self.user;
        user.is_none_or(|user| user.has_privilege(privilege, self.policy))
    }

    fn audience(&self, setting: Setting) -> Audience {
        let age = match self.user.and_then(|user| user.age_group) {
            Some(AgeGroup::Child) => Age::Child,
            Some(AgeGroup::Teen) => Age::Teen,
            Some(AgeGroup::Adult) | None => Age::Adult,
        };
        self.settings.audience(setting, age)
    }
}

/// What stands between two users, seen from the first.
fn relation(shared: &Shared, requestor: Xuid, target: Xuid) -> Result<Relation, StoreError> {
    let store = &shared.directory.store;
    Ok(Relation {
        blocks: store.is_listed(PrivateList::Blocked, requestor, target)?,
        is_blocked: store.is_listed(PrivateList::Blocked, target, requestor)?,
        mutes: store.is_listed(PrivateList::Muted, requestor, target)?,
        follows: store.follow(requestor, target)?.is_some(),
        is_followed: store.follow(target, requestor)?.is_some(),
        settings: store.settings(target)?,
    })
}

/// Whether a setting of a user lets the caller; a caller without a user is a stranger.
pub(crate) fn is_shared(
    shared: &Shared,
    identity: &Identity,
    setting: Setting,
    owner: Xuid,
) -> Result<bool, StoreError> {
    if let Some(asker) = Asker::of(shared, identity)? {
        return Ok(asker.verdict(Asked::Setting(setting), owner)?.is_ok());
    }
    let settings = shared.directory.store.settings(owner)?;
    Ok(settings.audience(setting, Age::Adult) == Audience::Everyone)
}

/// Whether a user is to hear of what another sends: neither has blocked the other, and the user has
/// not muted the sender nor closed the door to such senders. `Inferred:` handles I15
pub(crate) async fn is_welcome(
    shared: &Shared,
    sender: Xuid,
    user: Xuid,
) -> Result<bool, GraphError> {
    if sender == user {
        return Ok(true);
    }
    let asker = Asker::on_behalf(shared, sender)?;
    let writes = Permission::CommunicateUsingText;
    let verdict = shared.graph.verdict(&asker, writes, user).await?;
    let store = &shared.directory.store;
    let muted =
        !shared.graph.is_elsewhere() && store.is_listed(PrivateList::Muted, user, sender)?;
    Ok(verdict.is_ok() && !muted)
}
