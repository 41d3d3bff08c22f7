//! Whom users have met in play: what is added to whose list, and what is kept of it.

use convoke_core::contract::read;
use convoke_core::limits::MAX_RECENT_PLAYERS;
use convoke_core::recent_players::{
    Encounter, Meetings, RecentPlayers, RecentPlayersKey, Scene, of_groups, of_user, of_users,
    with_meetings,
};
use convoke_core::{Caller, Refusal, Rule};
use convoke_wire::multiplayer_activity::EncounterType;
use convoke_wire::{Sandbox, TitleId, Xuid};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::support::{a, server, start, user};

fn scene() -> Scene {
    Scene {
        sandbox: Sandbox::default(),
        title_id: TitleId(777),
        now: start(),
    }
}

fn key(owner: u64) -> RecentPlayersKey {
    RecentPlayersKey {
        sandbox: Sandbox::default(),
        owner: Xuid(owner),
    }
}

fn days(number: i64) -> Timestamp {
    start() + SignedDuration::from_hours(24 * number)
}

fn met(user: u64, kind: EncounterType, when: Timestamp) -> Encounter {
    Encounter {
        user: Xuid(user),
        title_id: TitleId(777),
        kind,
        met: when,
    }
}

fn meetings(encounters: &[Encounter]) -> Meetings {
    Meetings {
        key: key(1001),
        met: encounters.to_vec(),
    }
}

/// Whom a list names, in its order.
fn users(list: Option<&RecentPlayers>) -> Vec<u64> {
    let met = list.iter().flat_map(|list| &list.met);
    met.map(|encounter| encounter.user.0).collect()
}

fn encounter(id: u64) -> Value {
    json!({"id": id.to_string(), "timestamp": start().to_string(), "encounterType": "Teammate"})
}

fn path(refused: Result<Vec<Meetings>, Refusal>) -> (Rule, String) {
    let refusal = refused.expect_err("refused");
    (refusal.rule, refusal.path)
}

fn reported(count: u64, caller: &Caller) -> Result<Vec<Meetings>, Refusal> {
    let entries: Vec<Value> = (0..count).map(|it| encounter(2000 + it)).collect();
    let body = json!({"recentPlayers": entries}).to_string();
    of_user(
        &read::document(body.as_bytes()).expect("a body"),
        caller,
        &scene(),
    )
}

#[test]
fn h100_users_report_whom_they_have_met_themselves() {
    let here = Caller {
        title_id: Some(TitleId(777)),
        ..user(1001)
    };
    let all = reported(1, &here).expect("a report");
    let expected = Meetings {
        key: key(1001),
        met: vec![met(2000, EncounterType::Teammate, start())],
    };
    assert_eq!(all, [expected]);
    assert_eq!(reported(100, &here).expect("a report")[0].met.len(), 100);
    let players = "recentPlayers".to_owned();
    for wrong in [0, 101] {
        let refused = path(reported(wrong, &here));
        assert_eq!(refused, (Rule::ActivityField, players.clone()), "{wrong}");
    }
    let elsewhere = Caller {
        title_id: Some(TitleId(778)),
        ..a()
    };
    let nowhere = String::new();
    for caller in [elsewhere, server()] {
        let refused = path(reported(1, &caller));
        assert_eq!(refused, (Rule::ActivityForbidden, nowhere.clone()));
    }
}

#[test]
fn a_server_reports_for_many_and_each_list_is_changed_once() {
    let report = |lists: &[(u64, Vec<u64>)], caller: &Caller| {
        let entries = lists.iter().map(|(owner, others)| {
            let others: Vec<Value> = others.iter().copied().map(encounter).collect();
            json!({"xuid": owner.to_string(), "recentPlayers": others})
        });
        let body = json!({"recentPlayersByXuid": entries.collect::<Vec<_>>()}).to_string();
        let request = read::document(body.as_bytes()).expect("a body");
        of_users(&request, caller, &scene())
    };
    let all = report(&[(1, vec![2]), (3, vec![2, 4]), (1, vec![5])], &server());
    let all = all.expect("a report");
    let found: Vec<_> = all
        .iter()
        .map(|it| {
            let met = it.met.iter().map(|encounter| encounter.user.0);
            (it.key.owner.0, met.collect())
        })
        .collect();
    assert_eq!(found, [(1, vec![2, 5]), (3, vec![2, 4])]);
    let field = |at: &str| (Rule::ActivityField, at.to_owned());
    let many: Vec<_> = (1..22).map(|owner| (owner, vec![99])).collect();
    assert!(report(&many[..20], &server()).is_ok());
    assert_eq!(path(report(&many, &server())), field("recentPlayersByXuid"));
    assert_eq!(path(report(&[], &server())), field("recentPlayersByXuid"));
    assert_eq!(
        path(report(&[(1, vec![2]), (2, vec![])], &server())),
        field("recentPlayersByXuid.1.recentPlayers")
    );
    let refused = path(report(&[(1, vec![2])], &user(1)));
    assert_eq!(refused, (Rule::ActivityForbidden, String::new()));
}

#[test]
fn in_a_group_everybody_has_met_everybody_else() {
    let report = |groups: Value, caller: &Caller| {
        let body = json!({"recentPlayerGroups": groups}).to_string();
        let request = read::document(body.as_bytes()).expect("a body");
        of_groups(&request, caller, &scene())
    };
    let group = |ids: std::ops::Range<u64>| {
        let players: Vec<Value> = ids.map(|id| json!({"id": id.to_string()})).collect();
        json!({"recentPlayers": players, "encounterType": "Opponent"})
    };
    let all = report(json!([group(1..4), group(3..5)]), &server());
    let lists: Vec<_> = all
        .expect("a report")
        .iter()
        .map(|it| {
            let list = with_meetings(None, it, start()).expect("a list");
            assert!(list.met.iter().all(|it| it.kind == EncounterType::Opponent));
            (it.key.owner.0, users(Some(&list)))
        })
        .collect();
    assert_eq!(
        lists,
        [
            (1, vec![2, 3]),
            (2, vec![1, 3]),
            (3, vec![1, 2, 4]),
            (4, vec![3])
        ]
    );
    let field = |at: &str| (Rule::ActivityField, at.to_owned());
    assert!(report(json!([group(1..101)]), &server()).is_ok());
    for wrong in [group(1..2), group(1..102)] {
        assert_eq!(
            path(report(json!([wrong]), &server())),
            field("recentPlayerGroups.0.recentPlayers")
        );
    }
    let many: Vec<Value> = (0..21).map(|_| group(1..3)).collect();
    assert_eq!(
        path(report(json!(many), &server())),
        field("recentPlayerGroups")
    );
    let refused = path(report(json!([group(1..3)]), &user(1)));
    assert_eq!(refused, (Rule::ActivityForbidden, String::new()));
}

#[test]
fn the_latest_encounter_with_each_is_kept_and_the_latest_comes_first() {
    use EncounterType::{Default, Opponent, Teammate};
    let first = meetings(&[met(2, Teammate, start()), met(3, Default, days(-1))]);
    let list = with_meetings(None, &first, start());
    assert_eq!(users(list.as_ref()), [2, 3]);
    // An old report changes nothing, a new one does, and nobody meets themselves or the future.
    let next = meetings(&[
        met(2, Opponent, days(-2)),
        met(3, Opponent, days(1)),
        met(1001, Default, days(1)),
        met(4, Default, days(9)),
    ]);
    let list = with_meetings(list.as_ref(), &next, days(2)).expect("a list");
    let expected = [
        met(4, Default, days(2)),
        met(3, Opponent, days(1)),
        met(2, Teammate, start()),
    ];
    assert_eq!(list.met, expected);
    let other_title = Encounter {
        title_id: TitleId(778),
        ..met(3, Default, days(1))
    };
    let list = with_meetings(Some(&list), &meetings(&[other_title]), days(2));
    assert_eq!(users(list.as_ref()), [4, 3, 3, 2]);
}

#[test]
fn encounters_are_forgotten_after_thirty_days_and_beyond_a_hundred() {
    let kind = EncounterType::Default;
    let two = meetings(&[met(2, kind, start()), met(3, kind, days(1))]);
    let list = with_meetings(None, &two, days(1)).expect("a list");
    assert_eq!(list.ends(), days(31));
    assert_eq!(list.lasting(days(30)).count(), 1);
    let moment = SignedDuration::from_nanos(1);
    assert_eq!(list.lasting(days(30) - moment).count(), 2);
    let later = with_meetings(Some(&list), &meetings(&[met(4, kind, days(30))]), days(30));
    assert_eq!(users(later.as_ref()), [4, 3]);
    assert_eq!(with_meetings(None, &two, days(31)), None);
    let many: Vec<Encounter> = (0..150)
        .map(|it| {
            met(
                2 + it,
                kind,
                start() + SignedDuration::from_secs(it.cast_signed()),
            )
        })
        .collect();
    let list = with_meetings(None, &meetings(&many), days(1)).expect("a list");
    assert_eq!(list.met.len(), MAX_RECENT_PLAYERS);
    assert_eq!(list.met[0].user, Xuid(151));
    assert_eq!(list.met[MAX_RECENT_PLAYERS - 1].user, Xuid(52));
}
