//! What a change of a large session costs, counted in allocations: time would differ from run to run.

#![expect(clippy::unwrap_used, reason = "a panic is the report of a test")]

use std::sync::Arc;

use allocation_counter::{AllocationInfo, measure};
use convoke_core::contract::{SessionChange, read, render};
use convoke_core::session::apply::Target;
use convoke_core::session::connections::changes;
use convoke_core::session::departures::departures;
use convoke_core::session::{
    ChangeTypes, Facts, Lost, apply, ended_activities, lose, next_timer, settle, taps,
};
use convoke_core::template::Template;
use convoke_core::{Caller, Entropy, Member, MemberState, Session, User, index};
use convoke_wire::session::changes::Cause;
use convoke_wire::{ContractVersion, SessionRef, TitleId, Xuid};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

const TEMPLATE: &[u8] = br#"{"constants":{"system":{"maxMembersCount":10000,
    "capabilities":{"large":true,"gameplay":true,"connectionRequiredForActiveMembers":true},
    "inactiveRemovalTimeout":1000}},
    "roleTypes":{"class":{"roles":{"mage":{"max":9000},"smith":{"target":7}}}}}"#;
const OWNED: &[u8] = br#"{"constants":{"system":{"maxMembersCount":10000,
    "capabilities":{"large":true,"gameplay":true,"connectionRequiredForActiveMembers":true,
    "hasOwners":true},"ownershipPolicies":{"migration":"oldest"}}}}"#;
const JOIN: &[u8] = br#"{"members":{"me":{"properties":{"system":{"active":true,"groups":["north"],
    "connection":"11111111-2222-4333-8444-555555555555"},"custom":{"level":7}},
    "roles":{"class":"mage"}}}}"#;
const LEAVE: &[u8] = br#"{"members":{"me":null}}"#;

/// A large session, and a user with a place in the middle of it or none.
struct Case {
    template: Template,
    session: Session,
    caller: Caller,
    now: Timestamp,
}

impl Case {
    fn of(members: u32, caller: Xuid) -> Self {
        Self::with(TEMPLATE, members, caller)
    }

    fn with(template: &[u8], members: u32, caller: Xuid) -> Self {
        let now = Timestamp::UNIX_EPOCH;
        let reference = SessionRef {
            scid: "11111111-2222-3333-4444-555555555555".parse().unwrap(),
            template_name: "large".parse().unwrap(),
            name: "s".parse().unwrap(),
        };
        let template = Template::new(read::document(template).unwrap()).unwrap();
        let mut session: Session = serde_json::from_value(serde_json::json!({
            "reference": reference, "branch": Uuid::nil(), "change_number": 1, "start_time": now,
            "constants": {}, "properties": {}, "members": {}, "next_index": members,
        }))
        .unwrap();
        session.constants = template.constants.clone();
        session.role_types = template.role_types.clone().map(Arc::new);
        let member = |index: u32| {
            let mut member = Member::new(user(index), MemberState::Active, now);
            let id = Uuid::from_u128(u128::from(index) + 1);
            member.connection = Some(id.to_string());
            let role = if index.is_multiple_of(2) {
                "mage"
            } else {
                "smith"
            };
            member.roles.insert("class".to_owned(), role.to_owned());
            (index, Arc::new(member))
        };
        session.members = (0..members).map(member).collect();
        let user = User {
            xuid: caller,
            gamertag: Some("Joiner".to_owned()),
            multiplayer: true,
            banned: false,
        };
        let caller = Caller {
            user: Some(user),
            server: false,
            title_id: Some(TitleId(123)),
            device_id: None,
            title_unproven: false,
        };
        Self {
            template,
            session,
            caller,
            now,
        }
    }

    /// A write, and all that follows from it.
    fn write(&self, change: &SessionChange) {
        let entropy = Entropy {
            branch: Uuid::nil(),
        };
        let target = Target::Existing(&self.session);
        let (template, caller, facts) = (&self.template, &self.caller, Facts::default());
        let outcome = apply(target, template, change, caller, facts, self.now, entropy);
        let after = outcome.unwrap().session.unwrap();
        assert_ne!(after.members.len(), self.session.members.len());
        self.follow(&after, caller.xuid());
    }

    /// What is found, told and shown of a change.
    fn follow(&self, after: &Session, viewer: Option<Xuid>) {
        let (old, new) = (Some(&self.session), Some(after));
        assert!(after.weight() < 10_000_000);
        let _ = (next_timer(after), index::difference(old, new));
        let _ = (
            changes(old, new),
            taps(old, new),
            ended_activities(old, new),
        );
        let _ = ChangeTypes::between(old, new);
        let _ = departures(&self.session, new, Cause::Timer, &[], self.now);
        let document = render::session(after, viewer, ContractVersion::V107);
        assert!(serde_json::to_vec(&document).unwrap().len() < 3_000);
    }
}

fn user(index: u32) -> Xuid {
    Xuid(2_533_274_790_395_904 + u64::from(index) * 7919 % 1_000_003)
}

/// Compares what something takes among a hundred and among ten thousand.
fn compare(what: &str, cost: impl Fn(u32) -> AllocationInfo) {
    let (few, many) = (cost(99), cost(9_999));
    let counts = (few.count_total, many.count_total);
    let bytes = (few.bytes_total, many.bytes_total);
    assert!(counts.1 <= 2 * counts.0, "{what}: {counts:?} allocations");
    assert!(bytes.1 <= 2 * bytes.0, "{what}: {bytes:?} bytes");
}

#[test]
fn a_join_costs_at_most_twice_as_much_among_ten_thousand_as_among_a_hundred() {
    let join = read::session_change(JOIN).unwrap();
    compare("joining", |members| {
        let case = Case::of(members, Xuid(1));
        // The text of the constants is made once for all states.
        case.write(&join);
        measure(|| case.write(&join))
    });
}

#[test]
fn leaving_and_timing_out_cost_at_most_twice_as_much() {
    let leave = read::session_change(LEAVE).unwrap();
    compare("leaving", |members| {
        let case = Case::of(members, user(members / 2));
        case.write(&leave);
        measure(|| case.write(&leave))
    });
    compare("timing out", |members| {
        let mut case = Case::of(members, Xuid(1));
        let turn_inactive = |member: &mut Member| member.state = MemberState::Inactive;
        case.session.members.update(members / 2, turn_inactive);
        let due = case.now + SignedDuration::from_secs(1);
        let time_out = || match settle(&case.session, due) {
            convoke_core::session::Settled::Changed(after) => case.follow(&after, None),
            other => panic!("{other:?}"),
        };
        time_out();
        measure(time_out)
    });
}

#[test]
fn losing_a_connection_costs_at_most_twice_as_much() {
    compare("losing a connection", |members| {
        let case = Case::of(members, Xuid(1));
        let of_one = [Uuid::from_u128(u128::from(members / 2) + 1)].into();
        let be_lost = || match lose(&case.session, &of_one, case.now) {
            Lost::Changed {
                session,
                members: lost,
            } => {
                assert_eq!(lost, [(members / 2, user(members / 2))]);
                case.follow(&session, None);
            }
            other => panic!("{other:?}"),
        };
        be_lost();
        measure(be_lost)
    });
}

#[test]
fn the_last_owner_leaving_costs_at_most_twice_as_much() {
    let leave = read::session_change(LEAVE).unwrap();
    compare("the last owner leaving", |members| {
        let mut case = Case::with(OWNED, members, user(members / 2));
        case.session.properties.owners = vec![members / 2];
        case.write(&leave);
        measure(|| case.write(&leave))
    });
}

#[test]
fn leaving_a_locked_session_that_remembers_many_costs_at_most_twice_as_much() {
    let leave = read::session_change(LEAVE).unwrap();
    compare("leaving a locked session", |members| {
        let mut case = Case::of(members, user(members / 2));
        case.session.properties.closed = true;
        case.session.properties.locked = true;
        let former: Vec<Xuid> = (20_000..20_000 + members).map(user).collect();
        let former = serde_json::to_value(&former).unwrap();
        case.session.alumni = serde_json::from_value(former).unwrap();
        case.write(&leave);
        measure(|| case.write(&leave))
    });
}
