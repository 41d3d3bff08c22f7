//! What a people service answers, and what is no answer.

use std::collections::{BTreeMap, BTreeSet};

use convoke_core::privacy::permission::{Denial, Reason};
use convoke_wire::Xuid;
use serde::Deserialize;

use super::super::{GraphError, Verdict};

/// People and how they stand to the user that was asked about.
#[derive(Debug, Deserialize)]
pub(super) struct BatchAnswer {
    people: Vec<Related>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Related {
    xuid: Xuid,
    is_following_caller: bool,
}

impl BatchAnswer {
    /// Who of those asked about follows the user. Whoever is left out does not.
    pub(super) fn following(self, asked: &[Xuid]) -> Result<BTreeSet<Xuid>, GraphError> {
        let asked: BTreeSet<Xuid> = asked.iter().copied().collect();
        let mut following = BTreeSet::new();
        for related in self.people {
            if !asked.contains(&related.xuid) {
                return Err(GraphError::Service(
                    "it answers about users who were not asked about".to_owned(),
                ));
            }
            if related.is_following_caller {
                following.insert(related.xuid);
            }
        }
        Ok(following)
    }
}

/// A people list.
#[derive(Debug, Deserialize)]
pub(super) struct ListAnswer {
    people: Vec<Listed>,
}

/// One person of a people list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Listed {
    pub(super) xuid: Xuid,
    pub(super) is_favorite: bool,
    #[serde(rename = "isFollowingCaller")]
    pub(super) follows_back: bool,
}

impl ListAnswer {
    /// The people, each once, and no more than a list holds.
    pub(super) fn list(self, most: usize) -> Vec<Listed> {
        let mut seen = BTreeSet::new();
        let mut people = self.people;
        people.retain(|person| seen.insert(person.xuid));
        people.truncate(most);
        people
    }
}

/// Answers to a batch of permissions.
#[derive(Debug, Deserialize)]
pub(super) struct Answered {
    responses: Vec<OfUser>,
}

#[derive(Debug, Deserialize)]
struct OfUser {
    user: Named,
    permissions: Vec<Allowed>,
}

#[derive(Debug, Deserialize)]
struct Named {
    xuid: Xuid,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Allowed {
    is_allowed: bool,
    #[serde(default)]
    reasons: Vec<Because>,
}

#[derive(Debug, Deserialize)]
struct Because {
    reason: String,
}

impl Answered {
    /// One verdict for each user asked about.
    pub(super) fn verdicts(self, asked: &[Xuid]) -> Result<Vec<Verdict>, GraphError> {
        let mut verdicts = BTreeMap::new();
        for response in self.responses {
            let [allowed] = response.permissions.as_slice() else {
                let found = response.permissions.len();
                return Err(GraphError::Service(format!(
                    "it answers {found} permissions where one was asked for"
                )));
            };
            verdicts.insert(response.user.xuid, verdict(allowed));
        }
        let all = asked.iter().map(|xuid| verdicts.get(xuid).copied());
        let all: Option<Vec<Verdict>> = all.collect();
        all.ok_or_else(|| {
            GraphError::Service("it leaves out users who were asked about".to_owned())
        })
    }
}

/// Inferred: a reason that is not known is the other user's, of which nothing is told.
fn verdict(allowed: &Allowed) -> Verdict {
    if allowed.is_allowed {
        return Ok(());
    }
    let first = allowed.reasons.first();
    let known = first.and_then(|it| Reason::parse(&it.reason));
    Err(Denial {
        reason: known.unwrap_or(Reason::NotAllowed),
        restricted_setting: None,
    })
}
