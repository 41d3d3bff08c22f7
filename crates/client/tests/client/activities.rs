//! Activities without a session, invitations to them, and lists of recent players.

use convoke_client::wire::Xuid;
use convoke_client::wire::multiplayer_activity::{
    ActivityErrorCode, Encounter, EncounterType, GroupedPlayer, JoinRestriction, RecentPlayerGroup,
    RecentPlayersOf, SendInvites, SequenceNumber, SetActivity,
};
use convoke_client::wire::rta::Resource;
use convoke_client::{
    Client, DevSubject, Event, PlayerActivity, RealTimeOptions, RecentPlayer, Refusal,
};
use convoke_server::clock::Clock as _;
use reqwest::StatusCode;

use crate::script::{Script, said};
use crate::service::{Service, TITLE};

fn doing(sequence: u64, connection_string: &str) -> SetActivity {
    SetActivity {
        sequence_number: SequenceNumber(sequence),
        connection_string: connection_string.to_owned(),
        join_restriction: JoinRestriction::Public,
        max_players: Some(4),
        current_players: Some(1),
        group_id: None,
        platform: None,
    }
}

fn seen(sequence: u64, connection_string: Option<&str>) -> PlayerActivity {
    PlayerActivity {
        sequence_number: Some(SequenceNumber(sequence)),
        title_id: TITLE,
        connection_string: connection_string.map(ToOwned::to_owned),
        join_restriction: Some(JoinRestriction::Public),
        max_players: Some(4),
        current_players: Some(1),
        group_id: None,
        platform: None,
    }
}

fn server(service: &Service) -> Client {
    let subject = DevSubject::service("sessions.server").title(TITLE);
    service.client.with_dev_token(subject)
}

/// Whom somebody has met, and in how many titles.
async fn met(player: &Client) -> Vec<(Xuid, usize)> {
    let people = player.recent_players().await.expect("a list");
    let titles = |it: &RecentPlayer| it.recent_player.as_ref().map_or(0, |it| it.titles.len());
    people.iter().map(|it| (it.xuid, titles(it))).collect()
}

#[tokio::test]
async fn an_activity_is_set_found_and_ended_and_late_writes_change_nothing() {
    let service = Service::start().await;
    let (a, b) = (service.player(1001), service.player(1002));
    let (own, others) = (a.activities(TITLE), b.activities(TITLE));
    assert_eq!(others.get(Xuid(1001)).await.expect("an answer"), None);
    own.set(Xuid(1001), &doing(5, "ip=1")).await.expect("set");
    own.set(Xuid(1001), &doing(5, "ip=2"))
        .await
        .expect("passed over");
    let found = others.get(Xuid(1001)).await.expect("an answer");
    assert_eq!(found, Some(seen(5, Some("ip=1"))));

    let full = SetActivity {
        current_players: Some(4),
        ..doing(6, "ip=3")
    };
    own.set(Xuid(1001), &full).await.expect("set");
    let found = others.of_users(&[Xuid(1002), Xuid(1001)]).await;
    let found = found.expect("an answer");
    let users: Vec<_> = found.iter().map(|it| it.user_id).collect();
    assert_eq!(users, [Xuid(1002), Xuid(1001)]);
    assert_eq!(found[0].activities, Some(Vec::new()));
    let hidden = PlayerActivity {
        current_players: Some(4),
        ..seen(6, None)
    };
    assert_eq!(found[1].activities, Some(vec![hidden]));

    own.end(Xuid(1001), SequenceNumber(6))
        .await
        .expect("passed over");
    assert!(others.get(Xuid(1001)).await.expect("an answer").is_some());
    own.end(Xuid(1001), SequenceNumber(7)).await.expect("ended");
    assert_eq!(own.get(Xuid(1001)).await.expect("an answer"), None);
}

#[tokio::test]
async fn a_refusal_says_of_which_kind_it_is() {
    let service = Service::start().await;
    let a = service.player(1001).activities(TITLE);
    let foreign = a.set(Xuid(1002), &doing(1, "ip=1")).await;
    let foreign = foreign.expect_err("not theirs");
    assert_eq!(foreign.status(), Some(StatusCode::BAD_REQUEST));
    let said = foreign.refusal().and_then(Refusal::activity_error);
    let said = said.expect("in the form of the service");
    assert_eq!(said.error_code, ActivityErrorCode::Authorization);
    assert!(
        foreign.to_string().ends_with(&said.debug_message),
        "{foreign}"
    );
    let wrong = a.set(Xuid(1001), &doing(0, "ip=1")).await;
    let wrong = wrong.expect_err("no number").refusal().cloned();
    let said = wrong.and_then(|it| it.activity_error());
    let said = said.expect("in the form of the service");
    assert_eq!(said.error_code, ActivityErrorCode::RequestValidation);
    let many: Vec<_> = (1..=31).map(Xuid).collect();
    assert!(a.of_users(&many).await.expect_err("31").refusal().is_some());
}

#[tokio::test]
async fn the_invited_are_told_whether_a_player_or_a_server_invites() {
    let service = Service::start().await;
    let (a, c) = (service.player(1001), service.player(1003));
    let (realtime, mut events) = c.connect(RealTimeOptions::default()).await.expect("open");
    let notifications = Resource::Notifications {
        xuid: Xuid(1003),
        title_id: TITLE,
    };
    realtime.subscribe(notifications).await.expect("subscribed");
    let invites = |sender: Option<Xuid>| SendInvites {
        invited_users: vec![Xuid(1003)],
        connection_string: Some("ip=1".to_owned()),
        platform: None,
        sender,
    };
    for (inviter, sender) in [(&a, None), (&server(&service), Some(Xuid(1001)))] {
        let activities = inviter.activities(TITLE);
        activities.invite(&invites(sender)).await.expect("invited");
        let invite = loop {
            match events.next().await.expect("not closed") {
                Event::InvitedToActivity(invite) => break invite.notification_data,
                Event::Connected { .. } => {}
                other => panic!("unexpected: {other:?}"),
            }
        };
        assert_eq!(invite.sender.xuid, Xuid(1001));
        assert_eq!(invite.invited_user, Xuid(1003));
        assert_eq!(invite.connection_string.as_deref(), Some("ip=1"));
    }
    let pretending = a.activities(TITLE).invite(&invites(Some(Xuid(1001)))).await;
    assert!(pretending.expect_err("no server").refusal().is_some());
    realtime.close().await;
}

#[tokio::test]
async fn recent_players_are_reported_by_players_and_servers_and_listed() {
    let service = Service::start().await;
    let (a, server) = (service.player(1001), server(&service));
    assert_eq!(met(&a).await, []);
    let now = service.clock.now();
    let encounter = |id: u64, seconds: i64| Encounter {
        id: Xuid(id),
        encounter_type: Some(EncounterType::Teammate),
        network: None,
        timestamp: (now - jiff::SignedDuration::from_secs(seconds)).into(),
    };
    let own = a.activities(TITLE);
    own.report_recent_players(&[encounter(1002, 30)])
        .await
        .expect("told");
    let all = server.activities(TITLE);
    let of_a = RecentPlayersOf {
        xuid: Xuid(1001),
        recent_players: vec![encounter(1003, 20)],
    };
    all.report_recent_players_of(&[of_a]).await.expect("told");
    let group = RecentPlayerGroup {
        encounter_type: None,
        timestamp: Some((now - jiff::SignedDuration::from_secs(10)).into()),
        recent_players: [1001, 1004]
            .map(|id| GroupedPlayer {
                id: Xuid(id),
                network: None,
            })
            .to_vec(),
    };
    all.report_groups(&[group]).await.expect("told");
    let expected = [(Xuid(1004), 1), (Xuid(1003), 1), (Xuid(1002), 1)];
    assert_eq!(met(&a).await, expected);
    assert_eq!(met(&service.player(1004)).await, [(Xuid(1001), 1)]);
    let refused = own.report_groups(&[]).await.expect_err("no server");
    assert!(refused.refusal().is_some(), "{refused}");
}

#[tokio::test]
async fn a_service_of_the_original_contract_may_leave_out_and_add_what_it_likes() {
    let activities = r#"{"userActivities":[{"userId":"1001","activities":[{"titleId":777,
        "sequenceNumber":"9","joinRestriction":"Followed","platform":"SomethingNew","more":{}}]},
        {"userId":"1002","activities":null}],"more":1}"#;
    let people = r#"{"people":[{"xuid":"1002","gamertag":"Beta","isFriend":true,"new":[],
        "recentPlayer":{"titles":[{"titleName":"A game","lastPlayedWithDateTime":
        "2026-01-01T00:00:00.0000000Z","new":1}],"text":"Played A game"}},{"xuid":"1003"}],
        "recommendationSummary":null}"#;
    let script = Script::of(vec![said(200, activities), said(200, people)]).await;
    let client = script.client();
    let found = client.activities(TITLE).of_users(&[Xuid(1001)]).await;
    let found = found.expect("readable");
    let first = found[0].activities.as_ref().expect("one");
    assert_eq!(first[0].platform.as_deref(), Some("SomethingNew"));
    assert_eq!(found[1].activities, None);
    let people = client.recent_players().await.expect("readable");
    assert_eq!(people[0].gamertag.as_deref(), Some("Beta"));
    let titles = &people[0].recent_player.as_ref().expect("there").titles;
    assert_eq!(titles[0].title_name.as_deref(), Some("A game"));
    assert_eq!((people[1].xuid, people[1].is_friend), (Xuid(1003), false));
    let asked = script.asked();
    let sent: Vec<_> = asked
        .iter()
        .map(|it| (it.target.as_str(), it.header("x-xbl-contract-version")))
        .collect();
    let expected = [
        ("/titles/777/activities/query", None),
        ("/users/me/people/recentplayers", Some("7")),
    ];
    assert_eq!(sent, expected);
}
