//! Activities without a session: what is kept, for how long, and who sees how to join.

use convoke_core::activity::{
    Activity, ActivityKey, Sending, Viewer, check_invites, check_title, end, set,
};
use convoke_core::contract::read;
use convoke_core::{Caller, Refusal, Rule};
use convoke_wire::multiplayer_activity::{SendInvites, SequenceNumber};
use convoke_wire::{Sandbox, TitleId, Xuid};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::support::{a, server, start, user};

fn key() -> ActivityKey {
    ActivityKey {
        sandbox: Sandbox::default(),
        owner: Xuid(1001),
        title_id: TitleId(777),
    }
}

fn body(sequence: &Value, rest: &Value) -> Value {
    let mut body = json!({"sequenceNumber": sequence, "connectionString": "ip=1",
        "joinRestriction": "Followed", "maxPlayers": 4, "currentPlayers": 1});
    for (name, value) in rest.as_object().expect("an object") {
        body[name] = value.clone();
    }
    body
}

fn put(
    body: &Value,
    before: Option<&Activity>,
    now: Timestamp,
) -> Result<Option<Activity>, Refusal> {
    let request = read::document(body.to_string().as_bytes())?;
    set(request, before, key(), now)
}

fn made(rest: &Value) -> Activity {
    let made = put(&body(&json!(10), rest), None, start());
    made.expect("a valid body").expect("the first write")
}

fn later(hours: i64) -> Timestamp {
    start() + SignedDuration::from_hours(hours)
}

#[test]
fn h96_a_write_counts_if_its_number_is_above_the_last() {
    let first = made(&json!({}));
    let second = put(
        &body(&json!("11"), &json!({"currentPlayers": 2})),
        Some(&first),
        later(1),
    );
    let second = second.expect("a valid body").expect("it counts");
    assert_eq!((second.sequence, second.updated), (11, later(1)));
    for late in [json!("9"), json!(11), json!("11")] {
        let passed_over = put(&body(&late, &json!({})), Some(&second), later(2));
        assert_eq!(passed_over, Ok(None), "{late}");
    }
    // It is 24 hours since the last write that counted, so numbers begin anew.
    let anew = put(&body(&json!(1), &json!({})), Some(&second), later(25));
    assert_eq!(anew.expect("a valid body").map(|it| it.sequence), Some(1));
}

#[test]
fn h96_every_field_has_its_limits() {
    let path = |rest: &Value| {
        let refused = put(&body(&json!(1), rest), None, start()).expect_err("refused");
        (refused.rule, refused.path)
    };
    let long = |chars: usize| "é".repeat(chars);
    for (rest, at) in [
        (json!({"sequenceNumber": 0}), "sequenceNumber"),
        (json!({"connectionString": long(513)}), "connectionString"),
        (json!({"maxPlayers": 1}), "maxPlayers"),
        (json!({"maxPlayers": 101}), "maxPlayers"),
        (json!({"currentPlayers": 0}), "currentPlayers"),
        (json!({"currentPlayers": 101}), "currentPlayers"),
        (json!({"groupId": long(128)}), "groupId"),
    ] {
        assert_eq!(path(&rest), (Rule::ActivityField, at.to_owned()), "{rest}");
    }
    for (rest, at) in [
        (json!({"sequenceNumber": "x"}), "sequenceNumber"),
        (json!({"joinRestriction": "Nobody"}), "joinRestriction"),
        (json!({"platform": "Toaster"}), "platform"),
        (json!({"connectionString": null}), "connectionString"),
    ] {
        assert_eq!(path(&rest), (Rule::MalformedBody, at.to_owned()), "{rest}");
    }
    let widest = json!({"connectionString": long(512), "maxPlayers": 100, "currentPlayers": 100,
        "groupId": long(127), "platform": "ios"});
    assert!(made(&widest).doing.is_some());
}

#[test]
fn h97_only_whom_it_lets_in_sees_how_to_join() {
    use Viewer::{Followed, Stranger, Trusted};
    let shown = |rest: &Value, viewer: Viewer| {
        let seen = made(rest).seen_by(viewer, start()).expect("it is there");
        seen.connection_string.is_some()
    };
    for (rest, trusted, followed, stranger) in [
        (json!({"joinRestriction": "Public"}), true, true, true),
        (json!({"joinRestriction": "Followed"}), true, true, false),
        (json!({"joinRestriction": "InviteOnly"}), true, false, false),
        (
            json!({"joinRestriction": "Public", "currentPlayers": 4}),
            true,
            false,
            false,
        ),
        (
            json!({"joinRestriction": "Public", "maxPlayers": null, "currentPlayers": 4}),
            true,
            true,
            true,
        ),
    ] {
        assert_eq!(shown(&rest, Trusted), trusted, "{rest}");
        assert_eq!(shown(&rest, Followed), followed, "{rest}");
        assert_eq!(shown(&rest, Stranger), stranger, "{rest}");
    }
    let seen = made(&json!({})).seen_by(Stranger, start());
    assert_eq!(
        serde_json::to_value(seen).expect("plain"),
        json!({"sequenceNumber": "10", "titleId": 777, "joinRestriction": "Followed",
            "maxPlayers": 4, "currentPlayers": 1})
    );
}

#[test]
fn an_activity_lasts_a_day() {
    let activity = made(&json!({}));
    let last = later(24) - SignedDuration::from_secs(1);
    assert!(activity.seen_by(Viewer::Trusted, last).is_some());
    assert_eq!(activity.seen_by(Viewer::Trusted, later(24)), None);
}

#[test]
fn h98_an_end_is_ordered_as_writes_are() {
    let first = made(&json!({}));
    let ended = |number: Option<u64>, before: Option<&Activity>| {
        end(number.map(SequenceNumber), before, key(), later(1))
    };
    assert_eq!(ended(Some(10), Some(&first)), None);
    assert_eq!(ended(None, None), None);
    for number in [Some(12), None] {
        let gone = ended(number, Some(&first)).expect("it ends");
        assert_eq!(gone.seen_by(Viewer::Trusted, later(1)), None);
        assert_eq!(gone.sequence, number.unwrap_or(10));
        let late = put(&body(&json!(10), &json!({})), Some(&gone), later(2));
        assert_eq!(
            late,
            Ok(None),
            "a write that comes late brings nothing back"
        );
    }
    assert_eq!(ended(Some(3), None).map(|it| it.sequence), Some(3));
}

#[test]
fn h99_invitations_are_sent_by_users_for_themselves_and_by_servers_for_whom_they_name() {
    let sent = |users: usize, rest: &Value, sending, caller: &Caller| {
        let invited: Vec<String> = (0..users).map(|n| (2000 + n).to_string()).collect();
        let mut body = json!({"invitedUsers": invited});
        for (name, value) in rest.as_object().expect("an object") {
            body[name] = value.clone();
        }
        let request: SendInvites = read::document(body.to_string().as_bytes()).expect("a body");
        check_invites(&request, sending, caller, TitleId(777)).map_err(|refusal| refusal.rule)
    };
    let nothing = json!({});
    let named = json!({"sender": "1009", "connectionString": "ip=1"});
    let here = Caller {
        title_id: Some(TitleId(777)),
        ..user(1001)
    };
    assert_eq!(sent(1, &nothing, Sending::AsUser, &here), Ok(Xuid(1001)));
    assert_eq!(sent(16, &named, Sending::AsUser, &here), Ok(Xuid(1001)));
    let (field, forbidden) = (Rule::ActivityField, Rule::ActivityForbidden);
    assert_eq!(sent(17, &nothing, Sending::AsUser, &here), Err(field));
    assert_eq!(sent(0, &nothing, Sending::AsUser, &here), Err(field));
    let long = json!({"connectionString": "x".repeat(513)});
    assert_eq!(sent(1, &long, Sending::AsUser, &here), Err(field));
    let elsewhere = Caller {
        title_id: Some(TitleId(778)),
        ..a()
    };
    assert_eq!(
        sent(1, &nothing, Sending::AsUser, &elsewhere),
        Err(forbidden)
    );
    assert_eq!(check_title(&elsewhere, TitleId(778)), Ok(()));
    assert_eq!(sent(1, &named, Sending::AsServer, &here), Err(forbidden));
    assert_eq!(
        sent(1, &named, Sending::AsServer, &server()),
        Ok(Xuid(1009))
    );
    assert_eq!(sent(1, &nothing, Sending::AsServer, &server()), Err(field));
}
