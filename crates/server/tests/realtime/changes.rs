//! `…/changes`: each change as it happens, who caused it, and what became of whoever is gone.

use std::fs;
use std::num::NonZeroU32;
use std::time::Duration;

use convoke_server::config::StoreChoice;
use json_patch::Patch;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use crate::service::{MAX_LOOKS, Player, SCID, Service, me, path, subscription_of};

/// A reader of a stream.
struct Reader {
    response: Response,
    text: String,
    /// The session, with all patches applied.
    session: Value,
    last_id: Option<String>,
}

const STREAMS: &str = "convoke_change_streams_open";

/// One event: its name and its data.
type Event = (String, Value);

impl Service {
    async fn changes(&self, player: &Player, session: &str, last: Option<&str>) -> Response {
        let url = format!("http://{}{}/changes", self.address, path(session));
        let mut request = self.http.get(url).header("x-xbl-contract-version", "107");
        request = request.header("authorization", &player.authorization);
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        request.send().await.expect("an answer")
    }

    /// A reader, and the snapshot that it is given.
    async fn follow(&self, player: &Player, session: &str) -> (Reader, Value) {
        let mut reader = Reader::of(self.changes(player, session, None).await);
        let (name, snapshot) = reader.next().await.expect("an event");
        assert_eq!(name, "snapshot");
        reader.session = snapshot["session"].clone();
        (reader, snapshot)
    }
}

impl Reader {
    fn of(response: Response) -> Self {
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-cache, no-store");
        Self {
            response,
            text: String::new(),
            session: Value::Null,
            last_id: None,
        }
    }

    /// The next event; none when the stream has ended. Comments are passed over.
    async fn next(&mut self) -> Option<Event> {
        loop {
            let block = self.block().await?;
            if block != ":" {
                return Some(self.read(&block));
            }
        }
    }

    /// The text up to the next empty line.
    async fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                return Some(block);
            }
            let chunk = self.response.chunk().await.expect("a stream")?;
            self.text
                .push_str(std::str::from_utf8(&chunk).expect("UTF-8"));
        }
    }

    fn read(&mut self, block: &str) -> Event {
        let (mut name, mut data) = (None, None);
        for line in block.lines() {
            match line.split_once(": ").expect("a field") {
                ("event", it) => name = Some(it.to_owned()),
                ("id", it) => self.last_id = Some(it.to_owned()),
                ("data", it) => data = Some(serde_json::from_str(it).expect("JSON")),
                (other, _) => panic!("unknown field {other}"),
            }
        }
        (name.expect("a name"), data.expect("data"))
    }

    /// The next change, applied to the session; its branch and patch are left out.
    async fn change(&mut self) -> Value {
        let (name, mut change) = self.next().await.expect("an event");
        assert_eq!(name, "change", "{change}");
        let members = change.as_object_mut().expect("an object");
        if let Some(patch) = members.remove("patch") {
            let patch: Patch = serde_json::from_value(patch).expect("a patch");
            json_patch::patch(&mut self.session, &patch).expect("it applies");
            assert_eq!(members["changeNumber"], self.session["changeNumber"]);
        }
        let id = format!(
            "{}:{}",
            members["branch"].as_str().expect("a branch"),
            members["changeNumber"]
        );
        assert_eq!(self.last_id.as_ref(), Some(&id));
        members.remove("branch");
        change
    }

    async fn end(&mut self) -> Value {
        let (name, end) = self.next().await.expect("an event");
        assert_eq!(name, "end", "{end}");
        assert_eq!(self.next().await, None, "nothing comes after the end");
        end
    }
}

fn custom(value: &Value) -> Value {
    json!({"properties": {"custom": value}})
}

fn playing() -> Value {
    me(&json!({"active": true}))
}

fn leave() -> Value {
    json!({"members": {"me": null}})
}

const START: &str = "2026-01-01T00:00:00.0000000Z";

#[tokio::test]
async fn each_change_is_told_with_its_cause_and_leads_to_the_document_that_a_read_shows() {
    let service = Service::start().await;
    let (a, b) = (service.player(1001).await, service.player(1002).await);
    service.put(&a, "loose/g1", &playing()).await.ok(201);
    let (mut reader, snapshot) = service.follow(&a, "loose/g1").await;
    assert_eq!(
        snapshot["session"],
        service.get(&a, "loose/g1").await.ok(200)
    );
    let branch = snapshot["session"]["branch"].clone();
    assert_eq!(
        snapshot["changes"],
        json!([{"changeNumber": 1, "branch": branch, "timestamp": START,
            "cause": {"type": "member", "xuid": "1001"},
            "changeTypes": ["everything", "membersList", "membersStatus"]}])
    );

    service.put(&b, "loose/g1", &playing()).await.ok(200);
    assert_eq!(
        reader.change().await,
        json!({"changeNumber": 2, "timestamp": START,
            "cause": {"type": "member", "xuid": "1002"},
            "changeTypes": ["everything", "membersList", "membersStatus"]})
    );
    assert_eq!(reader.session, service.get(&a, "loose/g1").await.ok(200));

    service.clock.advance(Duration::from_millis(1500));
    let numbers = custom(&json!({"big": 18_446_744_073_709_551_557_u64, "a/b": "x"}));
    service.put(&b, "loose/g1", &numbers).await.ok(200);
    assert_eq!(
        reader.change().await,
        json!({"changeNumber": 3, "timestamp": "2026-01-01T00:00:01.5000000Z",
            "cause": {"type": "member", "xuid": "1002"},
            "changeTypes": ["everything", "customProperty"]})
    );
    assert_eq!(reader.session, service.get(&a, "loose/g1").await.ok(200));

    service.put(&b, "loose/g1", &leave()).await.ok(200);
    assert_eq!(
        reader.change().await["departures"],
        json!([{"index": 1, "xuid": "1002", "reason": "left"}])
    );
    assert_eq!(reader.session, service.get(&a, "loose/g1").await.ok(200));
    let (_, snapshot) = service.follow(&a, "loose/g1").await;
    assert_eq!(snapshot["changes"][3]["departures"][0]["reason"], "left");
}

#[tokio::test]
async fn a_patch_names_what_changed_and_keeps_every_digit() {
    let service = Service::start().await;
    let a = service.player(1001).await;
    service.put(&a, "loose/g1", &playing()).await.ok(201);
    let mut response = service.changes(&a, "loose/g1", None).await;
    let first = response.chunk().await.expect("a stream").expect("an event");
    assert!(first.starts_with(b"event: snapshot\nid: "), "{first:?}");
    let body = "{\"properties\":{\"custom\":{\"n\":\n123456789012345678901234567890.10}}}";
    let url = format!("http://{}{}", service.address, path("loose/g1"));
    let request = service.http.put(url).body(body);
    let request = request.header("x-xbl-contract-version", "107");
    let request = request.header("authorization", &a.authorization);
    assert_eq!(request.send().await.expect("an answer").status(), 200);
    let second = response.chunk().await.expect("a stream").expect("an event");
    let second = std::str::from_utf8(&second).expect("UTF-8");
    let patch = "\"patch\":[\
        {\"op\":\"add\",\"path\":\"/properties/custom/n\",\"value\":123456789012345678901234567890.10},\
        {\"op\":\"replace\",\"path\":\"/changeNumber\",\"value\":2}]}\n\n";
    assert!(second.ends_with(patch), "{second}");
}

#[tokio::test]
async fn a_lost_connection_and_what_follows_from_it_are_told_apart() {
    let service = Service::start().await;
    let (a, b) = (service.player(1001).await, service.player(1002).await);
    let (mut at_a, of_a) = service.connect(&a).await;
    let (at_b, of_b) = service.connect(&b).await;
    let on = |id: &str| me(&json!({"active": true, "connection": id}));
    service.put(&a, "slow/g1", &on(&of_a)).await.ok(201);
    service.put(&b, "slow/g1", &on(&of_b)).await.ok(200);
    let (mut reader, _) = service.follow(&a, "slow/g1").await;
    drop(at_b);
    service.until_metric("convoke_rta_sockets_open", 1).await;
    service.pass(31, &mut [&mut at_a]).await;
    let lost = reader.change().await;
    assert_eq!(lost["cause"], json!({"type": "disconnect"}));
    assert_eq!(lost["changeTypes"], json!(["everything", "membersStatus"]));
    assert_eq!(lost["departures"], Value::Null);
    service.pass(60, &mut [&mut at_a]).await;
    let gone = reader.change().await;
    assert_eq!(gone["cause"], json!({"type": "timer"}));
    assert_eq!(
        gone["departures"],
        json!([{"index": 1, "xuid": "1002", "reason": "disconnected"}])
    );
    assert_eq!(reader.session, service.get(&a, "slow/g1").await.ok(200));
}

#[tokio::test]
async fn an_episode_that_fails_is_told_and_taps_who_wants_to_know() {
    let service = Service::start().await;
    let a = service.player(1001).await;
    let (mut at_a, of_a) = service.connect(&a).await;
    let mut body = me(&json!({"active": true, "connection": of_a,
        "subscription": {"id": subscription_of(&a), "changeTypes": ["initialization"]}}));
    let asks = json!({"system": {"initialize": true}});
    body["members"]["me"]["constants"] = asks.clone();
    body["members"]["reserve_0"]["constants"] = asks;
    body["members"]["reserve_0"]["constants"]["system"]["xuid"] = json!("1002");
    let managed = json!({"joinTimeout": 5000, "membersNeededToStart": 2});
    body["constants"] = json!({"system": {"memberInitialization": managed}});
    service.put(&a, "loose/m", &body).await.ok(201);
    at_a.until_tapped(1).await;
    let (mut reader, _) = service.follow(&a, "loose/m").await;
    // That is nothing it wants to know.
    service
        .put(&a, "loose/m", &custom(&json!({"x": 1})))
        .await
        .ok(200);
    reader.change().await;
    at_a.assert_silent().await;

    service.clock.advance(Duration::from_secs(5));
    let failed = reader.change().await;
    assert_eq!(failed["cause"], json!({"type": "timer"}));
    assert_eq!(
        failed["changeTypes"],
        json!([
            "everything",
            "initialization",
            "membersList",
            "membersStatus"
        ])
    );
    assert_eq!(
        failed["departures"],
        json!([{"index": 1, "xuid": "1002", "reason": "reservedTimeout"}])
    );
    assert_eq!(reader.session["initializing"]["stage"], "failed");
    assert_eq!(reader.session, service.get(&a, "loose/m").await.ok(200));
    at_a.until_tapped(3).await;
}

#[tokio::test]
async fn only_who_may_read_the_session_may_follow_it() {
    let service = Service::start().await;
    let (a, b) = (service.player(1001).await, service.player(1002).await);
    let missing = service.changes(&a, "private/g1", None).await;
    assert_eq!(missing.status(), 204);
    let private = json!({"members": {"me": playing()["members"]["me"], "reserve_0": {"constants": {"system": {"xuid": "1002"}}}}});
    service.put(&a, "private/g1", &private).await.ok(201);
    let c = service.player(1003).await;
    assert_eq!(service.changes(&c, "private/g1", None).await.status(), 403);
    let nobody = Player {
        authorization: "XBL3.0 x=1;nothing".to_owned(),
        ..c.clone()
    };
    assert_eq!(
        service.changes(&nobody, "private/g1", None).await.status(),
        401
    );

    service.put(&b, "private/g1", &playing()).await.ok(200);
    let (mut reader, _) = service.follow(&b, "private/g1").await;
    service.put(&b, "private/g1", &leave()).await.ok(200);
    assert_eq!(
        reader.end().await,
        json!({"reason": "accessLost",
            "departure": {"index": 1, "xuid": "1002", "reason": "left"}})
    );
    assert_eq!(service.changes(&b, "private/g1", None).await.status(), 403);
}

#[tokio::test]
async fn who_is_banned_meanwhile_follows_no_further() {
    let service = Service::start().await;
    let (a, b) = (service.player(1001).await, service.player(1002).await);
    service.put(&a, "loose/g1", &playing()).await.ok(201);
    let (mut reader, _) = service.follow(&b, "loose/g1").await;
    let change = |n: u64| custom(&json!({ "n": n }));
    service.put(&a, "loose/g1", &change(1)).await.ok(200);
    reader.change().await;

    let file = service.folder.path().join("services").join(SCID);
    let file = file.join("service.toml");
    let text = fs::read_to_string(&file).expect("the service's") + "banned_users = [1002]\n";
    fs::write(&file, text).expect("written");
    service.app.reload_service_configs().expect("valid");
    service.put(&a, "loose/g1", &change(2)).await.ok(200);
    assert_eq!(reader.end().await, json!({"reason": "accessLost"}));
}

#[tokio::test]
async fn whoever_comes_again_is_told_what_was_missed_or_is_shown_everything() {
    let service = Service::start().await;
    let a = service.player(1001).await;
    service.put(&a, "loose/g1", &playing()).await.ok(201);
    let (mut reader, _) = service.follow(&a, "loose/g1").await;
    service
        .put(&a, "loose/g1", &custom(&json!({"n": 0})))
        .await
        .ok(200);
    reader.change().await;
    let (session, last_id) = (reader.session.clone(), reader.last_id.clone());
    drop(reader);
    until_noticed_gone(&service).await;
    for n in 1..4 {
        service
            .put(&a, "loose/g1", &custom(&json!({"n": n})))
            .await
            .ok(200);
    }
    let mut reader = Reader::of(service.changes(&a, "loose/g1", last_id.as_deref()).await);
    reader.session = session;
    for number in 3..6 {
        assert_eq!(reader.change().await["changeNumber"], number);
    }
    assert_eq!(reader.session, service.get(&a, "loose/g1").await.ok(200));
    let last = reader.last_id.clone();
    drop(reader);

    // What is not remembered, because it is too much or too long ago, is not told in parts.
    for n in 4..40 {
        service
            .put(&a, "loose/g1", &custom(&json!({"n": n})))
            .await
            .ok(200);
    }
    let mut reader = Reader::of(service.changes(&a, "loose/g1", last.as_deref()).await);
    let (name, snapshot) = reader.next().await.expect("an event");
    assert_eq!(name, "snapshot");
    assert_eq!(
        snapshot["session"],
        service.get(&a, "loose/g1").await.ok(200)
    );
    assert_eq!(snapshot["changes"].as_array().map(Vec::len), Some(32));
    let last = reader.last_id.clone();
    drop(reader);
    until_noticed_gone(&service).await;
    service.clock.advance(Duration::from_mins(5));
    service
        .put(&a, "loose/g1", &custom(&json!({"n": 40})))
        .await
        .ok(200);
    for last in [last.as_deref(), Some("nonsense"), Some("")] {
        let mut reader = Reader::of(service.changes(&a, "loose/g1", last).await);
        let (name, snapshot) = reader.next().await.expect("an event");
        assert_eq!(
            (name.as_str(), snapshot["session"]["changeNumber"].as_u64()),
            ("snapshot", Some(42))
        );
    }
}

/// A request for the changes of `loose/g1`, as it goes over the wire.
fn asking(player: &Player) -> String {
    format!(
        "GET {}/changes HTTP/1.1\r\nhost: localhost\r\nx-xbl-contract-version: 107\r\n\
         authorization: {}\r\n\r\n",
        path("loose/g1"),
        player.authorization
    )
}

/// Whoever goes away is noticed when something is sent, at the latest what keeps streams alive.
async fn until_noticed_gone(service: &Service) {
    for _ in 0..MAX_LOOKS {
        if service.metric(STREAMS).await == 0 {
            return;
        }
        service.clock.advance(Duration::from_secs(15));
    }
    panic!("who went away was not noticed");
}

#[tokio::test]
async fn whoever_has_asked_and_says_no_more_is_still_told() {
    let service = Service::start().await;
    let a = service.player(1001).await;
    service.put(&a, "loose/g1", &playing()).await.ok(201);
    let mut stream = TcpStream::connect(service.address)
        .await
        .expect("connected");
    stream.write_all(asking(&a).as_bytes()).await.expect("sent");
    stream.shutdown().await.expect("the sending half");
    service.until_metric(STREAMS, 1).await;
    service
        .put(&a, "loose/g1", &custom(&json!({"n": 1})))
        .await
        .ok(200);
    service.put(&a, "loose/g1", &leave()).await.ok(204);
    let mut told = String::new();
    stream.read_to_string(&mut told).await.expect("to its end");
    let events: Vec<&str> = told
        .lines()
        .filter(|line| line.starts_with("event:"))
        .collect();
    assert_eq!(
        events,
        [
            "event: snapshot",
            "event: change",
            "event: change",
            "event: end"
        ],
        "{told}"
    );
}

#[tokio::test]
async fn the_end_of_a_session_ends_its_streams_and_is_remembered_for_a_while() {
    let service = Service::start().await;
    let (a, b) = (service.player(1001).await, service.player(1002).await);
    service.put(&a, "private/g1", &playing()).await.ok(201);
    let (mut reader, _) = service.follow(&a, "private/g1").await;
    service.put(&a, "private/g1", &leave()).await.ok(204);
    let last = reader.change().await;
    assert_eq!(
        last,
        json!({"changeNumber": 2, "timestamp": START,
            "cause": {"type": "member", "xuid": "1001"}, "changeTypes": last["changeTypes"],
            "departures": [{"index": 0, "xuid": "1001", "reason": "left"}],
            "ended": "lastMemberLeft"})
    );
    assert_eq!(reader.end().await, json!({"reason": "sessionEnded"}));
    let again = service
        .changes(&a, "private/g1", reader.last_id.as_deref())
        .await;
    assert_eq!(
        again.status(),
        204,
        "told everything, and not to come again"
    );

    let mut late = Reader::of(service.changes(&a, "private/g1", None).await);
    let (name, snapshot) = late.next().await.expect("an event");
    assert_eq!(name, "snapshot");
    assert_eq!(snapshot.get("session"), None);
    assert_eq!(snapshot["changes"][1]["ended"], "lastMemberLeft");
    assert_eq!(late.end().await, json!({"reason": "sessionEnded"}));
    assert_eq!(service.changes(&b, "private/g1", None).await.status(), 403);

    // Another session of the same name is another story.
    service.put(&a, "private/g1", &playing()).await.ok(201);
    let (_, snapshot) = service.follow(&a, "private/g1").await;
    assert_eq!(snapshot["changes"].as_array().map(Vec::len), Some(1));
    service.put(&a, "private/g1", &leave()).await.ok(204);
    service.clock.advance(Duration::from_mins(10));
    assert_eq!(service.changes(&a, "private/g1", None).await.status(), 204);
}

#[tokio::test]
async fn a_stream_says_something_now_and_then_and_ends_with_its_time_or_the_service() {
    let mut service = Service::start_with(|config| config.store = StoreChoice::Sqlite).await;
    let a = service.player(1001).await;
    service.put(&a, "loose/g1", &playing()).await.ok(201);
    let (mut reader, _) = service.follow(&a, "loose/g1").await;
    service
        .clock
        .until_waiting(1, Duration::from_secs(15))
        .await;
    service.clock.advance(Duration::from_secs(15));
    assert_eq!(reader.block().await.as_deref(), Some(":"));
    service
        .clock
        .until_waiting(1, Duration::from_secs(15))
        .await;
    service.clock.advance(Duration::from_hours(2));
    assert_eq!(reader.block().await.as_deref(), Some(":"));
    let end = reader.block().await.expect("an end");
    assert!(end.ends_with(r#"{"reason":"lifetime"}"#), "{end}");

    let (mut reader, _) = service.follow(&a, "loose/g1").await;
    let stop = service.stop.take().expect("it runs");
    stop.send(()).expect("it listens");
    assert_eq!(reader.end().await, json!({"reason": "shutdown"}));
    service.serving.await.expect("it ends");
}

#[tokio::test]
async fn a_reader_that_never_reads_loses_its_connection_and_nobody_else_theirs() {
    let patience = Duration::from_secs(37);
    let service = Service::start_with(|config| {
        config.limits.write_timeout = NonZeroU32::new(37).expect("not zero");
    });
    let service = service.await;
    let a = service.player(1001).await;
    service.put(&a, "loose/g1", &playing()).await.ok(201);
    let (mut reader, _) = service.follow(&a, "loose/g1").await;
    let socket = TcpSocket::new_v4().expect("a socket");
    // Little room on the way, so that it is full soon.
    socket.set_recv_buffer_size(4096).expect("set");
    let mut deaf = socket.connect(service.address).await.expect("connected");
    deaf.write_all(asking(&a).as_bytes()).await.expect("sent");
    service.until_metric(STREAMS, 2).await;
    let text = "x".repeat(60_000);
    let stuck = async {
        for number in 0..2_000 {
            // A new text each time, because what stays the same is not told again.
            let value = json!({"text": format!("{number}{text}")});
            service.put(&a, "loose/g1", &custom(&value)).await.ok(200);
            reader.change().await;
        }
        panic!("the way to the client is endless");
    };
    tokio::select! {
        () = stuck => {}
        () = service.clock.until_waiting(1, patience) => {}
    }
    assert_eq!(service.metric(STREAMS).await, 2);
    service.clock.advance(patience);
    service.until_metric(STREAMS, 1).await;
    let last = custom(&json!({"text": "last"}));
    let written = service.put(&a, "loose/g1", &last).await.ok(200);
    while reader.change().await["changeNumber"] != written["changeNumber"] {}
    drop(deaf);
}

#[tokio::test]
async fn other_verbs_are_not_taken() {
    let service = Service::start().await;
    let a = service.player(1001).await;
    let address = format!("{}/changes", path("loose/g1"));
    for verb in [Method::PUT, Method::POST, Method::DELETE] {
        assert_eq!(service.call(verb, &address, &a, None).await.status, 405);
    }
}
