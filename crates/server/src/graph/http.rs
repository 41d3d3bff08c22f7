//! A people graph that a service of the operator's keeps, asked over HTTP.
//!
//! What is asked and answered is in `docs/people.md`: the documents of the original's people hub,
//! social and privacy services. Answers are believed for a few seconds; whatever is no answer is an
//! error, and nothing passes.

mod answers;
mod client;

use std::collections::BTreeSet;
use std::sync::Arc;

use convoke_core::handle::query::PeopleSet;
use convoke_core::limits::{MAX_FOLLOWING, MAX_PERMISSION_USERS};
use convoke_core::privacy::permission::{Permission, check_privileges};
use convoke_wire::Xuid;
use convoke_wire::people::PeopleRequest;
use convoke_wire::privacy::{PermissionBatch, PermissionUser};
use jiff::{SignedDuration, Timestamp};

use super::{GraphError, SocialGraph, Verdict};
use crate::clock::Clock;
use crate::config::PeopleConfig;
use crate::privacy::Asker;
use crate::recent::Recent;
use answers::{Answered, BatchAnswer, ListAnswer, Listed};
use client::Client;

/// How long a yes is believed. `Inferred:` people 7
const YES: SignedDuration = SignedDuration::from_secs(5);
/// How long a no is believed. `Inferred:` people 7
const NO: SignedDuration = SignedDuration::from_secs(1);
/// Most answers that are remembered of each kind, some 100 bytes each.
const MAX_ANSWERS: usize = 65_536;
/// Most people lists that are remembered, up to 32 KB each.
const MAX_LISTS: usize = 1024;

/// A graph behind an address.
#[derive(Debug)]
pub(crate) struct HttpGraph {
    client: Client,
    clock: Arc<dyn Clock>,
    follows: Recent<(Xuid, Xuid), Remembered<bool>>,
    verdicts: Recent<(Xuid, Permission, Xuid), Remembered<Verdict>>,
    lists: Recent<Xuid, Remembered<Arc<[Listed]>>>,
}

/// An answer and when it came.
type Remembered<T> = Option<(Timestamp, T)>;

impl HttpGraph {
    /// Reads the file that the configuration names; nothing is asked yet.
    pub(crate) fn open(
        config: &PeopleConfig,
        clock: &Arc<dyn Clock>,
    ) -> anyhow::Result<Option<Self>> {
        let Some(client) = Client::open(config)? else {
            return Ok(None);
        };
        Ok(Some(Self {
            client,
            clock: Arc::clone(clock),
            follows: Recent::new(MAX_ANSWERS, YES),
            verdicts: Recent::new(MAX_ANSWERS, YES),
            lists: Recent::new(MAX_LISTS, YES),
        }))
    }

    /// Asks for the relations of a user and others, and remembers who follows the user.
    async fn ask_follows(&self, of: Xuid, others: &[Xuid]) -> Result<BTreeSet<Xuid>, GraphError> {
        let path = format!("/users/xuid({of})/people/batch");
        let request = PeopleRequest {
            xuids: others.to_vec(),
        };
        let answer: BatchAnswer = self.client.post(&path, "7", &request).await?;
        let following = answer.following(others)?;
        let now = self.clock.now();
        for other in others {
            let follows = following.contains(other);
            self.follows.with((*other, of), now, |kept| {
                *kept = Some((now, follows));
            });
        }
        Ok(following)
    }

    /// Asks what a user may do to others, and remembers it.
    async fn ask_verdicts(
        &self,
        of: Xuid,
        permission: Permission,
        others: &[Xuid],
    ) -> Result<Vec<Verdict>, GraphError> {
        let path = format!("/users/xuid({of})/permission/validate");
        let user = |xuid: &Xuid| PermissionUser {
            xuid: Some(*xuid),
            anonymous_user: None,
        };
        let request = PermissionBatch {
            users: others.iter().map(user).collect(),
            permissions: vec![permission.as_str().to_owned()],
        };
        let answer: Answered = self.client.post(&path, "1", &request).await?;
        let verdicts = answer.verdicts(others)?;
        let now = self.clock.now();
        for (other, verdict) in others.iter().zip(&verdicts) {
            self.verdicts.with((of, permission, *other), now, |kept| {
                *kept = Some((now, *verdict));
            });
        }
        Ok(verdicts)
    }

    /// What a user may do to others, by what is remembered and what is asked now.
    async fn allowed(
        &self,
        of: Xuid,
        permission: Permission,
        others: &[Xuid],
    ) -> Result<Vec<Verdict>, GraphError> {
        let now = self.clock.now();
        let mut known: Vec<Option<Verdict>> = Vec::with_capacity(others.len());
        for other in others {
            let kept = |kept: &mut Remembered<Verdict>| fresh(kept.as_ref(), now, Result::is_ok);
            known.push(self.verdicts.with((of, permission, *other), now, kept));
        }
        let open: Vec<usize> = (0..others.len())
            .filter(|at| known[*at].is_none())
            .collect();
        for places in open.chunks(MAX_PERMISSION_USERS) {
            let asked: Vec<Xuid> = places.iter().map(|at| others[*at]).collect();
            let verdicts = self.ask_verdicts(of, permission, &asked).await?;
            for (at, verdict) in places.iter().zip(verdicts) {
                known[*at] = Some(verdict);
            }
        }
        Ok(known.into_iter().flatten().collect())
    }

    async fn list(&self, of: Xuid) -> Result<Arc<[Listed]>, GraphError> {
        let now = self.clock.now();
        let kept = |kept: &mut Remembered<Arc<[Listed]>>| fresh(kept.as_ref(), now, |_| true);
        if let Some(list) = self.lists.with(of, now, kept) {
            return Ok(list);
        }
        let path = format!("/users/xuid({of})/people?view=All&maxItems={MAX_FOLLOWING}");
        let answer: ListAnswer = self.client.get(&path, "3").await?;
        let list: Arc<[Listed]> = answer.list(MAX_FOLLOWING).into();
        let now = self.clock.now();
        self.lists.with(of, now, |kept| {
            *kept = Some((now, Arc::clone(&list)));
        });
        Ok(list)
    }
}

/// What is remembered, unless it is too old.
fn fresh<T: Clone>(
    kept: Option<&(Timestamp, T)>,
    now: Timestamp,
    is_yes: impl Fn(&T) -> bool,
) -> Option<T> {
    let (at, answer) = kept?;
    let age = now.duration_since(*at);
    let most = if is_yes(answer) { YES } else { NO };
    // A clock that was set back makes nothing younger than it is.
    (SignedDuration::ZERO <= age && age < most).then(|| answer.clone())
}

impl SocialGraph for HttpGraph {
    async fn following(&self, users: &[Xuid], whom: Xuid) -> Result<BTreeSet<Xuid>, GraphError> {
        let now = self.clock.now();
        let (mut following, mut open) = (BTreeSet::new(), Vec::new());
        for user in users {
            let kept = |kept: &mut Remembered<bool>| fresh(kept.as_ref(), now, |follows| *follows);
            match self.follows.with((*user, whom), now, kept) {
                Some(true) => _ = following.insert(*user),
                Some(false) => {}
                None => open.push(*user),
            }
        }
        for users in open.chunks(MAX_FOLLOWING) {
            following.extend(self.ask_follows(whom, users).await?);
        }
        Ok(following)
    }

    /// Whoever does not let another play with them is taken to have blocked them.
    async fn blocking(&self, users: &[Xuid], whom: Xuid) -> Result<BTreeSet<Xuid>, GraphError> {
        let verdicts = self
            .allowed(whom, Permission::PlayMultiplayer, users)
            .await?;
        let all = users.iter().zip(verdicts);
        Ok(all
            .filter(|(_, verdict)| verdict.is_err())
            .map(|(user, _)| *user)
            .collect())
    }

    async fn people(&self, of: Xuid, set: PeopleSet) -> Result<Vec<Xuid>, GraphError> {
        let list = self.list(of).await?;
        let wanted = |person: &&Listed| match set {
            PeopleSet::People => true,
            PeopleSet::Favorites => person.is_favorite,
            PeopleSet::Friends => person.follows_back,
        };
        Ok(list.iter().filter(wanted).map(|it| it.xuid).collect())
    }

    async fn verdicts(
        &self,
        asker: &Asker<'_>,
        permission: Permission,
        targets: &[Xuid],
    ) -> Result<Vec<Verdict>, GraphError> {
        let of = asker.xuid();
        // Privileges are in the token, which the service does not see.
        let privileges = check_privileges(permission, asker);
        let others: Vec<Xuid> = targets.iter().copied().filter(|it| *it != of).collect();
        let asked = match privileges {
            Ok(()) => self.allowed(of, permission, &others).await?,
            Err(denial) => vec![Err(denial); others.len()],
        };
        let mut asked = asked.into_iter();
        let all = targets.iter().map(|target| {
            if *target == of {
                return Some(Ok(()));
            }
            asked.next()
        });
        let all: Option<Vec<Verdict>> = all.collect();
        all.ok_or_else(|| GraphError::Service("an answer is missing".to_owned()))
    }
}
