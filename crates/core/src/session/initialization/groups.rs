//! Groups: members who play together or not at all.

use std::collections::BTreeSet;

use convoke_wire::session::initialization::Failure;

use super::machine::enrolled;
use crate::session::{Member, Session};

/// Remembers the members of the running episode whose groups a removed member was in.
pub(in crate::session) fn note_removal(session: &mut Session, removed: u32) {
    let Some(state) = &mut session.initialization else {
        return;
    };
    let Some(number) = state.running() else {
        return;
    };
    state.broken_groups.remove(&removed);
    for (index, member) in &session.members {
        let enrolled = member.initialization_episode == Some(number);
        if enrolled && group(member).contains(&removed) {
            state.broken_groups.insert(*index);
        }
    }
}

/// Fails the members whose groups lost somebody, and then, as long as there are any, those in whose
/// groups somebody failed.
pub(super) fn fail_groups(session: &mut Session) {
    let lost: BTreeSet<u32> = session
        .initialization
        .iter()
        .flat_map(|state| state.broken_groups.iter().copied())
        .collect();
    loop {
        let failing: Vec<u32> = enrolled(session)
            .filter(|(index, member)| lost.contains(index) || is_broken(session, member))
            .map(|(index, _)| index)
            .collect();
        if failing.is_empty() {
            return;
        }
        for index in failing {
            let fail = |member: &mut Member| member.initialization_failure = Some(Failure::Group);
            session.members.update(index, fail);
        }
    }
}

fn is_broken(session: &Session, member: &Member) -> bool {
    group(member).iter().any(|peer| {
        let peer = session.members.get(peer);
        peer.is_none_or(|peer| peer.initialization_failure.is_some())
    })
}

fn group(member: &Member) -> &[u32] {
    member.initialization_group.as_deref().unwrap_or_default()
}
