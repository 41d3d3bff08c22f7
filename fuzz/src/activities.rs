//! Bodies of the addresses of activities, read and then acted upon by the rules.

use convoke_core::activity::{
    Activity, ActivityKey, Sending, Viewer, check_invites, check_query, end, set,
};
use convoke_core::contract::read;
use convoke_core::limits::{
    ACTIVITY_TTL_S, MAX_ACTIVITY_INVITES, MAX_ACTIVITY_QUERY, MAX_RECENT_PLAYERS,
};
use convoke_core::recent_players::{
    Meetings, RecentPlayers, Scene, of_groups, of_user, of_users, with_meetings,
};
use convoke_core::{Caller, Refusal, User};
use convoke_wire::multiplayer_activity::{
    ActivityQuery, DeleteActivity, SendInvites, SequenceNumber, SetActivity,
};
use convoke_wire::{Sandbox, TitleId, Xuid};
use jiff::{SignedDuration, Timestamp};

use super::refusals;

/// The body of `PUT …/activities`: what is read means the same when it is written and read again,
/// and what it makes can be stored and shown, and ends.
pub fn set_activity(bytes: &[u8]) {
    let request: SetActivity = match read::document(bytes) {
        Ok(request) => request,
        Err(refusal) => return refusals::check(&refusal, bytes),
    };
    let written = serde_json::to_vec(&request).expect("requests are plain JSON");
    assert_eq!(read::document(&written).as_ref(), Ok(&request));
    match set(request.clone(), None, key(), now()) {
        Ok(made) => check_activity(&made.expect("nothing came before"), &request),
        Err(refusal) => refusals::check(&refusal, bytes),
    }
}

fn check_activity(made: &Activity, request: &SetActivity) {
    let stored = serde_json::to_string(made).expect("activities are plain JSON");
    let loaded: Activity = serde_json::from_str(&stored).expect("what was stored");
    assert_eq!(&loaded, made, "{stored}");
    let number = made.sequence;
    // The same write, or an earlier one, counts once; the next one counts.
    let again = set(request.clone(), Some(made), key(), now());
    assert_eq!(again, Ok(None));
    assert_eq!(
        end(Some(SequenceNumber(number)), Some(made), key(), now()),
        None
    );
    if let Some(next) = number.checked_add(1) {
        let ended = end(Some(SequenceNumber(next)), Some(made), key(), now());
        let ended = ended.expect("it counts");
        assert_eq!(ended.seen_by(Viewer::Trusted, now()), None);
    }
    for viewer in [Viewer::Trusted, Viewer::Followed, Viewer::Stranger] {
        let shown = made.seen_by(viewer, now()).expect("it has just begun");
        let text = serde_json::to_value(&shown).expect("documents are plain JSON");
        assert!(!text.to_string().contains("null,"), "{text}");
        assert_eq!(text["titleId"], 777);
        assert_eq!(text["sequenceNumber"], number.to_string());
        let tells = shown.connection_string.is_some();
        assert!(tells || viewer != Viewer::Trusted, "{text}");
    }
    let last = now() + SignedDuration::from_secs(ACTIVITY_TTL_S);
    assert_eq!(made.seen_by(Viewer::Trusted, last), None);
}

/// Any other body of the service: limits hold for what is taken, and whatever is refused is refused
/// with a path into the body.
pub fn activity_body(bytes: &[u8]) {
    read::document(bytes).map_or_else(
        |refusal| refusals::check(&refusal, bytes),
        |request: DeleteActivity| {
            end(Some(request.sequence_number), None, key(), now());
        },
    );
    if let Ok(query) = read::document::<ActivityQuery>(bytes) {
        match check_query(&query) {
            Ok(()) => assert!((1..=MAX_ACTIVITY_QUERY).contains(&query.users.len())),
            Err(refusal) => refusals::check(&refusal, bytes),
        }
    }
    if let Ok(request) = read::document::<SendInvites>(bytes) {
        for (caller, sending) in [(user(), Sending::AsUser), (server(), Sending::AsServer)] {
            match check_invites(&request, sending, &caller, TitleId(777)) {
                Ok(_) => assert!(request.invited_users.len() <= MAX_ACTIVITY_INVITES),
                Err(refusal) => refusals::check(&refusal, bytes),
            }
        }
    }
    let scene = Scene {
        sandbox: Sandbox::default(),
        title_id: TitleId(777),
        now: now(),
    };
    if let Ok(request) = read::document(bytes) {
        check_report(of_user(&request, &user(), &scene), bytes);
    }
    if let Ok(request) = read::document(bytes) {
        check_report(of_users(&request, &server(), &scene), bytes);
    }
    if let Ok(request) = read::document(bytes) {
        check_report(of_groups(&request, &server(), &scene), bytes);
    }
}

fn check_report(report: Result<Vec<Meetings>, Refusal>, bytes: &[u8]) {
    let all = match report {
        Ok(all) => all,
        Err(refusal) => return refusals::check(&refusal, bytes),
    };
    for meetings in all {
        let Some(list) = with_meetings(None, &meetings, now()) else {
            continue;
        };
        assert!((1..=MAX_RECENT_PLAYERS).contains(&list.met.len()));
        assert!(list.met.is_sorted_by(|one, two| two.met <= one.met));
        let known = |it: &convoke_core::recent_players::Encounter| {
            it.user != list.key.owner && it.met <= now()
        };
        assert!(list.met.iter().all(known));
        let again = with_meetings(Some(&list), &meetings, now());
        assert_eq!(again.as_ref(), Some(&list), "a report counts once");
        let stored = serde_json::to_string(&list).expect("lists are plain JSON");
        let loaded: RecentPlayers = serde_json::from_str(&stored).expect("what was stored");
        assert_eq!(loaded, list, "{stored}");
        assert_eq!(list.lasting(list.ends()).count(), 0);
    }
}

fn key() -> ActivityKey {
    ActivityKey {
        sandbox: Sandbox::default(),
        owner: Xuid(1001),
        title_id: TitleId(777),
    }
}

fn user() -> Caller {
    Caller {
        user: Some(User {
            xuid: Xuid(1001),
            gamertag: None,
            multiplayer: true,
            banned: false,
        }),
        ..Caller::default()
    }
}

fn server() -> Caller {
    Caller {
        server: true,
        ..Caller::default()
    }
}

fn now() -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * 365 * 50)
}
