//! What players do from beginning to end, told by the client SDK: it writes, waits and comes back as
//! a game would. Not here: single frames, which the other files write and read letter by letter.

use std::time::Duration;

use convoke_client::wire::rta::Resource;
use convoke_client::wire::session::change_type::ChangeType;
use convoke_client::wire::{SessionRef, TitleId, Xuid};
use convoke_client::{
    Change, Client, DevSubject, Event, Events, Join, RealTime, RealTimeOptions, RemoteSession,
    Snapshot, WriteMode,
};

use crate::environment::Steady;
use crate::service::{SCID, Service};

const SOCKETS: &str = "convoke_rta_sockets_open";
const EVERYTHING: &[ChangeType] = &[ChangeType::Everything];

/// Somebody who plays.
struct Gamer {
    xuid: Xuid,
    client: Client,
    realtime: RealTime,
    events: Events,
    session: RemoteSession,
}

impl Gamer {
    async fn of(service: &Service, xuid: u64) -> Self {
        let xuid = Xuid(xuid);
        let client = Client::builder(&format!("http://{}", service.address))
            .environment(Steady::by(&service.clock))
            // When the clock moves, the service closes what has been idle.
            .idle_connections(0)
            .build()
            .expect("a client");
        let client = client.with_dev_token(DevSubject::player(xuid).title(TitleId(777)));
        let opened = client.connect(RealTimeOptions::default()).await;
        let (realtime, events) = opened.expect("connected");
        let session = client.session(game());
        let mut player = Self {
            xuid,
            client,
            realtime,
            events,
            session,
        };
        player.until_connected().await;
        player
    }

    async fn until(&mut self, wanted: impl Fn(&Event) -> bool) -> Event {
        loop {
            let event = self.events.next().await.expect("not closed");
            if wanted(&event) {
                return event;
            }
        }
    }

    async fn until_connected(&mut self) {
        self.until(|event| matches!(event, Event::Connected { .. }))
            .await;
    }

    /// Returns when the player was tapped for a change, having been tapped for none after it.
    async fn until_tapped(&mut self, of: &Snapshot) {
        let (branch, number) = (of.branch(), of.change_number());
        loop {
            let event = self.until(|event| matches!(event, Event::Tapped(_))).await;
            let Event::Tapped(tap) = event else {
                panic!("looked for: {event:?}");
            };
            assert_eq!((&tap.session, tap.branch), (&game(), branch));
            assert!(tap.change_number <= number, "{tap:?}");
            if tap.change_number == number {
                return;
            }
        }
    }

    /// Asks for something and has it answered.
    async fn round_trip(&self) {
        let friends = Resource::Friends { xuid: self.xuid };
        let key = self.realtime.subscribe(friends).await.expect("subscribed");
        self.realtime.unsubscribe(key).await.expect("ended");
    }
}

fn game() -> SessionRef {
    SessionRef {
        scid: SCID.parse().expect("a GUID"),
        template_name: "game".parse().expect("a name"),
        name: "g1".parse().expect("a name"),
    }
}

#[tokio::test]
async fn h82_h88_players_meet_through_a_handle_are_tapped_lose_a_connection_and_leave() {
    let service = Service::start().await;
    let mut a = Gamer::of(&service, 1001).await;
    let mut b = Gamer::of(&service, 1002).await;

    // A hosts, and says so.
    let create = Change::new().property("map", &"canyon");
    let hosted = a
        .realtime
        .enter(&a.session, WriteMode::CreateNew, create, EVERYTHING)
        .await;
    let hosted = hosted.expect("entered").into_session().expect("there");
    assert_eq!(hosted.change_number(), 1);
    let activity = a.client.handles().create_activity(&game()).await;
    assert_eq!(activity.expect("made").owner_xuid, Some(a.xuid));

    // B finds A, joins through the handle, and asks to be told of everything.
    let handles = b.client.handles();
    let found = handles.activities_of(&game().scid, &[a.xuid], &[]).await;
    let found = found.expect("found");
    let [found] = found.as_slice() else {
        panic!("not one: {found:?}");
    };
    let connection = b.realtime.connection().expect("connected");
    let join = Join {
        connection: Some(connection),
        ..Join::default()
    };
    let (reference, joined) = handles.join(found.id, join).await.expect("joined");
    assert_eq!(reference, game());
    a.until_tapped(&joined).await;
    let subscribed = b.realtime.join(&b.session, EVERYTHING).await;
    let subscribed = subscribed.expect("entered").into_session().expect("there");
    assert!(subscribed.is_active(a.xuid) && subscribed.is_active(b.xuid));

    // Whoever writes, both are tapped, and find the change.
    let written = a.session.set_property("map", &"desert").await;
    let written = written.expect("written").into_session().expect("there");
    for player in [&mut a, &mut b] {
        player.until_tapped(&written).await;
        let read = player.session.get().await.expect("read").expect("there");
        assert_eq!(read.property_as::<String>("map").as_deref(), Some("desert"));
    }

    // B's connection is gone for ten seconds, and B comes back in time.
    b.realtime.reconnect().await.expect("dropped");
    b.until(|event| matches!(event, Event::Disconnected { .. }))
        .await;
    service.until_metric(SOCKETS, 1).await;
    let patience = Duration::from_millis(400);
    service.clock.until_waiting(1, patience).await;
    service.clock.advance(Duration::from_secs(10));
    b.until_connected().await;
    assert_ne!(b.realtime.connection(), Some(connection));
    let back = b
        .until(|event| matches!(event, Event::Refreshed { .. }))
        .await;
    let Event::Refreshed { snapshot, .. } = back else {
        panic!("looked for: {back:?}");
    };
    a.until_tapped(&snapshot).await;
    for _ in 0..5 {
        service.clock.advance(Duration::from_secs(10));
        a.round_trip().await;
        b.round_trip().await;
    }
    service.app.run_due_losses().await;
    let session = a.session.get().await.expect("read").expect("there");
    assert_eq!(session.change_number(), snapshot.change_number());
    assert!(session.is_active(b.xuid));
    let written = a.session.set_property("map", &"canyon").await;
    let written = written.expect("written").into_session().expect("there");
    b.until_tapped(&written).await;

    // Both leave, and nothing remains.
    b.realtime.leave(&b.session).await.expect("left");
    let alone = a.session.get().await.expect("read").expect("there");
    assert_eq!(alone.change_number(), written.change_number() + 1);
    a.until_tapped(&alone).await;
    a.realtime.leave(&a.session).await.expect("left");
    assert!(b.session.get().await.expect("read").is_none());
    a.realtime.close().await;
    b.realtime.close().await;
    service.until_metric(SOCKETS, 0).await;
    service.until_metric("convoke_rta_subscriptions", 0).await;
}
