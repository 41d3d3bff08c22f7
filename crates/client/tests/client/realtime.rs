//! Real time: taps, reconnects with all that belongs to them, and a clean end.

use std::time::Duration;

use convoke_client::wire::rta::{ErrorCode, Resource};
use convoke_client::wire::session::change_type::ChangeType;
use convoke_client::wire::{SessionRef, Xuid};
use convoke_client::{
    Change, Client, Error, Event, Events, Hosts, Opening, RealTime, RealTimeOptions, RemoteSession,
    Service as Host, Snapshot, Tap, WriteMode, Written,
};
use uuid::Uuid;

use crate::environment::Steady;
use crate::service::{Service, named};
use crate::wire::Wire;

const SOCKETS: &str = "convoke_rta_sockets_open";
const SUBSCRIPTIONS: &str = "convoke_rta_subscriptions";
const EVERYTHING: &[ChangeType] = &[ChangeType::Everything];

/// Somebody with a connection that can be cut.
struct Player {
    wire: Wire,
    client: Client,
    realtime: RealTime,
    events: Events,
}

impl Player {
    async fn of(service: &Service, xuid: u64) -> Self {
        Self::with(service, xuid, RealTimeOptions::default()).await
    }

    async fn with(service: &Service, xuid: u64, options: RealTimeOptions) -> Self {
        let wire = Wire::to(service.address).await;
        let hosts = Hosts::one(&format!("http://{}", service.address));
        let hosts = hosts.and_then(|hosts| hosts.with(Host::RealTime, &wire.url));
        let client = Client::builder_for(hosts.expect("addresses"))
            .environment(Steady::by(&service.clock))
            .idle_connections(0)
            .build();
        let client = client
            .expect("a client")
            .with_dev_token(Service::subject(xuid));
        let (realtime, mut events) = client.connect(options).await.expect("connected");
        let event = events.next().await;
        let Some(Event::Connected { connection }) = event else {
            panic!("not connected: {event:?}");
        };
        assert_eq!(realtime.connection(), Some(connection));
        Self {
            wire,
            client,
            realtime,
            events,
        }
    }

    fn session(&self, name: &str) -> RemoteSession {
        self.client.session(named(name))
    }

    async fn enter(&self, name: &str, mode: WriteMode) -> Snapshot {
        let session = self.session(name);
        let entered = self
            .realtime
            .enter(&session, mode, Change::new(), EVERYTHING)
            .await;
        entered.expect("entered").into_session().expect("there")
    }

    /// Cuts the connection, lets the client wait, and gives the new connection.
    async fn reconnect(&mut self, service: &Service) -> Uuid {
        self.wire.cut();
        self.until(|event| matches!(event, Event::Disconnected { .. }))
            .await;
        service
            .clock
            .until_waiting(1, Duration::from_millis(400))
            .await;
        service.clock.advance(Duration::from_millis(500));
        let event = self
            .until(|event| matches!(event, Event::Connected { .. }))
            .await;
        let Event::Connected { connection } = event else {
            panic!("looked for: {event:?}");
        };
        connection
    }

    async fn until(&mut self, wanted: impl Fn(&Event) -> bool) -> Event {
        loop {
            let event = self.events.next().await.expect("not closed");
            if wanted(&event) {
                return event;
            }
        }
    }

    /// The tap that tells of a change; every tap before it is of an earlier one.
    async fn until_tapped(&mut self, session: &SessionRef, number: u64) -> Tap {
        let mut last = 0;
        loop {
            let event = self.until(|event| matches!(event, Event::Tapped(_))).await;
            let Event::Tapped(tap) = event else {
                panic!("looked for: {event:?}");
            };
            assert_eq!(&tap.session, session);
            assert!(
                last < tap.change_number && tap.change_number <= number,
                "{tap:?}"
            );
            last = tap.change_number;
            if last == number {
                return tap;
            }
        }
    }

    async fn until_refreshed(&mut self) -> Snapshot {
        let event = self
            .until(|event| matches!(event, Event::Refreshed { .. }))
            .await;
        let Event::Refreshed { snapshot, .. } = event else {
            panic!("looked for: {event:?}");
        };
        snapshot
    }

    async fn until_lost(&mut self) -> (SessionRef, Error) {
        let event = self
            .until(|event| matches!(event, Event::Lost { .. }))
            .await;
        let Event::Lost { session, error } = event else {
            panic!("looked for: {event:?}");
        };
        (session, error)
    }
}

async fn change(session: &RemoteSession, value: u32) -> u64 {
    let written = session
        .set_property("value", &value)
        .await
        .expect("written");
    written.into_session().expect("there").change_number()
}

#[tokio::test]
async fn members_are_tapped_for_every_change_and_once_for_each() {
    let service = Service::start().await;
    let (mut a, mut b) = (
        Player::of(&service, 1001).await,
        Player::of(&service, 1002).await,
    );
    a.enter("game/x", WriteMode::CreateNew).await;
    let joined = b.enter("game/x", WriteMode::UpdateExisting).await;
    assert!(joined.is_active(Xuid(1001)) && joined.is_active(Xuid(1002)));
    let mut last = 0;
    for value in 0..5 {
        last = change(&a.session("game/x"), value).await;
    }
    for player in [&mut a, &mut b] {
        let tap = player.until_tapped(&named("game/x"), last).await;
        assert_eq!(tap.branch, joined.branch());
        assert!(tap.subscription.is_some());
    }
}

#[tokio::test]
async fn after_a_reconnect_sessions_are_written_again_and_taps_arrive() {
    let service = Service::start().await;
    let (a, mut b) = (
        Player::of(&service, 1001).await,
        Player::of(&service, 1002).await,
    );
    a.enter("game/x", WriteMode::CreateNew).await;
    b.enter("game/x", WriteMode::UpdateExisting).await;
    let before = b.realtime.connection().expect("connected");
    let after = b.reconnect(&service).await;
    assert_ne!(before, after);
    let refreshed = b.until_refreshed().await;
    let member = refreshed.member(Xuid(1002)).expect("a member");
    let system = member.properties.system.value().expect("a bag");
    assert_eq!(system.connection.value(), Some(&after.to_string()));
    let number = change(&a.session("game/x"), 1).await;
    b.until_tapped(&named("game/x"), number).await;

    // The service takes the old connection for lost, but it is nobody's any more.
    service.clock.advance(Duration::from_secs(31));
    service.app.run_due_losses().await;
    let read = a
        .session("game/x")
        .get()
        .await
        .expect("read")
        .expect("there");
    assert!(read.is_active(Xuid(1002)));
}

#[tokio::test]
async fn subscriptions_are_made_again_and_ended_for_good() {
    let service = Service::start().await;
    let mut a = Player::of(&service, 1001).await;
    let friends = Resource::Friends { xuid: Xuid(1001) };
    let key = a.realtime.subscribe(friends).await.expect("subscribed");
    service.until_metric(SUBSCRIPTIONS, 2).await;
    a.reconnect(&service).await;
    service.until_metric(SOCKETS, 1).await;
    service.until_metric(SUBSCRIPTIONS, 2).await;
    a.realtime.unsubscribe(key).await.expect("ended");
    a.realtime.unsubscribe(key).await.expect("gone is gone");
    service.until_metric(SUBSCRIPTIONS, 1).await;
    a.reconnect(&service).await;
    service.until_metric(SOCKETS, 1).await;
    service.until_metric(SUBSCRIPTIONS, 1).await;
    let unknown = Resource::RichPresence { xuid: Xuid(1001) };
    let refused = a.realtime.subscribe(unknown).await;
    assert!(
        matches!(
            refused,
            Err(Error::Subscription(ErrorCode::UnknownResource))
        ),
        "{refused:?}"
    );
    let foreign = Resource::Notifications {
        xuid: Xuid(1002),
        title_id: crate::service::TITLE,
    };
    let refused = a.realtime.subscribe(foreign).await;
    assert!(
        matches!(refused, Err(Error::Subscription(ErrorCode::NoResourceData))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn who_was_removed_meanwhile_joins_anew_and_is_tapped_again() {
    let service = Service::start().await;
    let (a, mut b) = (
        Player::of(&service, 1001).await,
        Player::of(&service, 1002).await,
    );
    a.enter("game/x", WriteMode::CreateNew).await;
    b.enter("game/x", WriteMode::UpdateExisting).await;
    b.wire.cut();
    service.until_metric(SOCKETS, 1).await;
    // Leaving from elsewhere is what a removal looks like.
    b.session("game/x").leave().await.expect("left");
    b.reconnect(&service).await;
    assert!(b.until_refreshed().await.is_active(Xuid(1002)));
    let number = change(&a.session("game/x"), 1).await;
    b.until_tapped(&named("game/x"), number).await;
}

#[tokio::test]
async fn sessions_that_are_gone_or_closed_are_lost() {
    let service = Service::start().await;
    let (a, mut b) = (
        Player::of(&service, 1001).await,
        Player::of(&service, 1002).await,
    );
    a.enter("game/closed", WriteMode::CreateNew).await;
    for session in ["game/closed", "game/gone"] {
        b.enter(session, WriteMode::UpdateOrCreate).await;
    }
    b.wire.cut();
    service.until_metric(SOCKETS, 1).await;
    for session in ["game/closed", "game/gone"] {
        b.session(session).leave().await.expect("left");
    }
    let closed =
        Change::new().system(|system| system.closed = convoke_client::wire::Field::Value(true));
    a.session("game/closed")
        .change(closed)
        .await
        .expect("closed");
    b.reconnect(&service).await;
    let mut lost = [b.until_lost().await, b.until_lost().await];
    lost.sort_by_key(|(session, _)| session.name.to_string());
    let [(closed, refused), (gone, missing)] = lost;
    assert_eq!((closed, gone), (named("game/closed"), named("game/gone")));
    assert_eq!(refused.status(), Some(reqwest::StatusCode::FORBIDDEN));
    assert!(matches!(missing, Error::NoSession), "{missing:?}");
    b.reconnect(&service).await;
    let untouched = b.session("game/gone").get().await.expect("an answer");
    assert!(untouched.is_none());
}

#[tokio::test]
async fn a_connection_is_replaced_before_the_service_ends_it() {
    let service = Service::start().await;
    let (a, mut b) = (
        Player::of(&service, 1001).await,
        Player::of(&service, 1002).await,
    );
    a.enter("lasting/x", WriteMode::CreateNew).await;
    b.enter("lasting/x", WriteMode::UpdateExisting).await;
    let before = b.realtime.connection();
    service.clock.advance(Duration::from_mins(90));
    let after = b
        .until(|event| matches!(event, Event::Connected { .. }))
        .await;
    assert!(matches!(after, Event::Connected { connection } if Some(connection) != before));
    assert!(b.until_refreshed().await.is_active(Xuid(1002)));
    let number = change(&a.session("lasting/x"), 1).await;
    b.until_tapped(&named("lasting/x"), number).await;
    service.until_metric(SOCKETS, 2).await;
}

#[tokio::test]
async fn a_nonce_opens_a_socket_too() {
    let service = Service::start().await;
    let options = RealTimeOptions {
        opening: Opening::Nonce,
        ..RealTimeOptions::default()
    };
    let mut a = Player::with(&service, 1001, options).await;
    a.enter("game/x", WriteMode::CreateNew).await;
    a.reconnect(&service).await;
    a.until_refreshed().await;
}

#[tokio::test]
async fn a_refused_entry_leaves_nothing_to_be_written_again() {
    let service = Service::start().await;
    let mut a = Player::of(&service, 1001).await;
    let session = a.session("game/none");
    let written = a.realtime.join(&session, EVERYTHING).await;
    assert!(
        matches!(written, Ok(Written::Conflict(None))),
        "{written:?}"
    );
    a.realtime
        .track(a.session("game/y"), None)
        .expect("tracked");
    a.reconnect(&service).await;
    assert_eq!(a.until_lost().await.0, named("game/y"));
    assert!(session.get().await.expect("an answer").is_none());
}

#[tokio::test]
async fn closing_leaves_nothing_behind() {
    let service = Service::start().await;
    let Player {
        realtime,
        mut events,
        client,
        ..
    } = Player::of(&service, 1001).await;
    let session = client.session(named("game/x"));
    let entered = realtime
        .enter(&session, WriteMode::CreateNew, Change::new(), EVERYTHING)
        .await;
    entered.expect("entered");
    let left = realtime.leave(&session).await;
    assert!(matches!(left, Ok(Written::Deleted)), "{left:?}");
    let other = realtime.clone();
    realtime.close().await;
    while events.next().await.is_some() {}
    assert_eq!(other.connection(), None);
    assert!(matches!(other.connected().await, Err(Error::Closed)));
    let late = other
        .subscribe(Resource::Friends { xuid: Xuid(1001) })
        .await;
    assert!(matches!(late, Err(Error::Closed)), "{late:?}");
    service.until_metric(SOCKETS, 0).await;
    service.until_metric(SUBSCRIPTIONS, 0).await;
}

#[tokio::test]
async fn dropping_the_last_clone_closes_too() {
    let service = Service::start().await;
    let a = Player::of(&service, 1001).await;
    let Player {
        realtime,
        mut events,
        ..
    } = a;
    drop(realtime);
    assert!(events.next().await.is_none());
    service.until_metric(SOCKETS, 0).await;
}

#[tokio::test]
async fn a_service_that_does_not_come_back_is_given_up() {
    let service = Service::start().await;
    let options = RealTimeOptions {
        max_attempts: 2,
        ..RealTimeOptions::default()
    };
    let mut a = Player::with(&service, 1001, options).await;
    let clock = std::sync::Arc::clone(&service.clock);
    service.stop().await;
    let gone = a
        .until(|event| matches!(event, Event::Disconnected { .. }))
        .await;
    assert!(
        matches!(&gone, Event::Disconnected { reason } if reason.contains("shutting down")),
        "{gone:?}"
    );
    for _ in 0..2 {
        clock.until_waiting(1, Duration::from_millis(500)).await;
        clock.advance(Duration::from_secs(1));
    }
    let end = a
        .until(|event| matches!(event, Event::GivenUp { .. }))
        .await;
    assert!(matches!(end, Event::GivenUp { error } if error.is_temporary()));
    assert!(a.events.next().await.is_none());
}

#[tokio::test]
async fn a_caller_may_want_another_connection() {
    let service = Service::start().await;
    let mut a = Player::of(&service, 1001).await;
    a.enter("lasting/x", WriteMode::CreateNew).await;
    let before = a.realtime.connected().await.expect("connected");
    a.realtime.reconnect().await.expect("dropped");
    a.until(|event| matches!(event, Event::Disconnected { .. }))
        .await;
    service.until_metric(SOCKETS, 0).await;
    let wait = Duration::from_millis(400);
    service.clock.until_waiting(1, wait).await;
    service.clock.advance(Duration::from_millis(500));
    assert!(a.until_refreshed().await.is_active(Xuid(1001)));
    assert_ne!(a.realtime.connected().await.expect("connected"), before);
}
