//! One join without a service: the rules, the next timer, what is found and told of the change, and
//! the document for the joiner.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use convoke_core::contract::{SessionChange, read, render};
use convoke_core::session::apply::Target;
use convoke_core::session::connections::changes;
use convoke_core::session::{Facts, apply, ended_activities, next_timer, taps};
use convoke_core::template::Template;
use convoke_core::{Caller, Entropy, Member, MemberState, Session, User, index};
use convoke_wire::{ContractVersion, SessionRef, TitleId, Xuid};
use jiff::Timestamp;
use uuid::Uuid;

use crate::{Failure, JOIN, TEMPLATE, median, now};

/// How often each join is repeated.
const ROUNDS: usize = 2_000;

/// One join, again and again, to the same state.
struct Case {
    template: Template,
    join: SessionChange,
    session: Session,
    now: Timestamp,
}

impl Case {
    /// A session with so many active members.
    fn of(members: u32) -> Result<Self, Failure> {
        let now = Timestamp::UNIX_EPOCH;
        let mut case = Self {
            template: Template::new(read::document(TEMPLATE.as_bytes())?)?,
            join: read::session_change(JOIN.as_bytes())?,
            session: serde_json::from_value(serde_json::json!({
                "reference": reference()?, "branch": Uuid::nil(), "change_number": 1,
                "start_time": now, "constants": {}, "properties": {}, "members": {},
                "next_index": members,
            }))?,
            now,
        };
        case.session.constants = case.template.constants.clone();
        let member = |index: u32| {
            let state = MemberState::Active;
            (index, Arc::new(Member::new(xuid(index), state, now)))
        };
        case.session.members = (0..members).map(member).collect();
        Ok(case)
    }

    fn round(&self, caller: &Caller) -> Result<(), Failure> {
        let before = &self.session;
        let entropy = Entropy {
            branch: Uuid::nil(),
        };
        let target = Target::Existing(before);
        let outcome = apply(
            target,
            &self.template,
            &self.join,
            caller,
            Facts::default(),
            self.now,
            entropy,
        )?;
        let after = outcome.session.ok_or("the session is there")?;
        let (old, new) = (Some(before), Some(&after));
        black_box((next_timer(&after), index::difference(old, new)));
        black_box((
            changes(old, new),
            taps(old, new),
            ended_activities(old, new),
        ));
        let document = render::session(&after, caller.xuid(), ContractVersion::V107);
        black_box(serde_json::to_vec(&document)?);
        Ok(())
    }
}

/// How long the join of the nth member takes: the median of many.
pub(crate) fn join_of(nth: u32) -> Result<Duration, Failure> {
    let caller = Caller {
        user: Some(User {
            xuid: Xuid(1),
            gamertag: Some("Joiner".to_owned()),
            multiplayer: true,
            banned: false,
        }),
        server: false,
        title_id: Some(TitleId(123)),
        device_id: None,
        title_unproven: false,
    };
    let case = Case::of(nth - 1)?;
    let mut times = Vec::with_capacity(ROUNDS);
    for round in 0..ROUNDS + ROUNDS / 10 {
        let begin = now();
        case.round(&caller)?;
        // The first ones find nothing in the caches.
        times.extend((ROUNDS / 10 <= round).then(|| now() - begin));
    }
    Ok(median(times))
}

fn reference() -> Result<SessionRef, Failure> {
    Ok(SessionRef {
        scid: "11111111-2222-3333-4444-555555555555".parse()?,
        template_name: "large".parse()?,
        name: "s".parse()?,
    })
}

fn xuid(index: u32) -> Xuid {
    Xuid(2_533_274_790_395_904 + u64::from(index) * 7919 % 1_000_003)
}
