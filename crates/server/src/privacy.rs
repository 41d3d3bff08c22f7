//! What stands between a caller and other users, looked up for the rules of `core::privacy`.

use convoke_core::privacy::permission::{self, Asked, Denial, Relation, Requestor, Target};
use convoke_core::privacy::settings::Age;
use convoke_core::privacy::{Audience, PrivateList, Setting, Settings};
use convoke_store::{Store as _, StoreError};
use convoke_wire::Xuid;

use crate::auth::{AgeGroup, MissingPrivileges, TokenUser};
use crate::caller::Identity;
use crate::shared::Shared;

/// The acting user of a request, about to do something to others.
#[derive(Debug)]
pub(crate) struct Asker<'a> {
    shared: &'a Shared,
    user: &'a TokenUser,
    policy: MissingPrivileges,
    settings: Settings,
}

impl<'a> Asker<'a> {
    /// `None` for a caller that acts for no user.
    pub(crate) fn of(
        shared: &'a Shared,
        identity: &'a Identity,
    ) -> Result<Option<Self>, StoreError> {
        let Some(user) = identity.principal.acting_user() else {
            return Ok(None);
        };
        Ok(Some(Self {
            shared,
            user,
            policy: shared.authenticator.missing_privileges(),
            settings: shared.directory.store.settings(user.xuid)?,
        }))
    }

    /// Whether the user may do something to another, or why not.
    pub(crate) fn verdict(
        &self,
        asked: Asked,
        target: Xuid,
    ) -> Result<Result<(), Denial>, StoreError> {
        if target == self.user.xuid {
            return Ok(permission::check(asked, self, Target::Oneself));
        }
        let relation = relation(self.shared, self.user.xuid, target)?;
        Ok(permission::check(asked, self, Target::User(&relation)))
    }
}

impl Requestor for Asker<'_> {
    fn has_privilege(&self, privilege: u16) -> bool {
        self.user.has_privilege(privilege, self.policy)
    }

    fn audience(&self, setting: Setting) -> Audience {
        let age = match self.user.age_group {
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
