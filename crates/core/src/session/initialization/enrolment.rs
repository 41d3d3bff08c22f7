//! Who takes part in which episode.

use std::sync::Arc;

use convoke_wire::session::initialization::Stage;

use super::Initialization;
use crate::refusal::{Refusal, Rule};
use crate::session::constants::merge;
use crate::session::{Member, Session};

/// Refuses to create a session with fewer members to initialise than its first episode needs. `[doc]`
pub(in crate::session) fn check_creation(session: &Session) -> Result<(), Refusal> {
    let needed = members_needed(session);
    let asking = session.members.values().filter(|it| it.initialize);
    if needed == 0 || needed as usize <= asking.clone().count() {
        return Ok(());
    }
    let enrolling = asking.count();
    let detail = format!(
        "the session is configured for managed initialization and requires at least {needed} members \
         with `initialize` to start; the request adds {enrolling}"
    );
    Err(Rule::TooFewToStart.at("members", detail))
}

/// Gives the members whom a write added an episode.
///
/// While an episode runs, they wait for the next. `[doc]` Once the first has failed, nobody is
/// enrolled any more. `Inferred:` session 6.1
pub(in crate::session) fn enrol(session: &mut Session, before: Option<&Session>) {
    if session.constants.member_initialization.is_none() {
        return;
    }
    let creating = before.is_none();
    let state = session.initialization.get_or_insert_with(|| {
        // A session of before there were episodes has nobody to initialise.
        let latest = u32::from(!creating);
        Box::new(Initialization {
            latest,
            ..Initialization::default()
        })
    });
    if state.episode.is_some_and(|it| it.stage == Stage::Failed) {
        return;
    }
    let number = state.latest + 1;
    let asking = session.members.iter().filter(|(index, member)| {
        let former = before.and_then(|before| before.members.get(index));
        asks_now(former, member)
    });
    let enrolled: Vec<u32> = asking.map(|(index, _)| *index).collect();
    if creating && enrolled.is_empty() {
        // Nobody needs to be there at the start: the first episode is passed over. `[doc]`
        state.latest = number;
    }
    for index in enrolled {
        let enrol = |member: &mut Member| member.initialization_episode = Some(number);
        session.members.update(index, enrol);
    }
}

/// Whether a member asks for it with this write: by joining, by being reserved, or by accepting.
fn asks_now(former: Option<&Arc<Member>>, member: &Member) -> bool {
    member.initialize && !former.is_some_and(|former| former.initialize)
}

/// How many members the first episode needs.
pub(super) fn members_needed(session: &Session) -> u32 {
    let constants = session.constants.member_initialization.as_ref();
    constants
        .and_then(|it| merge::explicit(it).members_needed_to_start)
        .unwrap_or(0)
}
