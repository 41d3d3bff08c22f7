//! The examples do what they say, against the service itself.

use std::sync::{Arc, Mutex};

use convoke_client::Change;
use convoke_client::wire::{Field, Scid, Xuid};
use tokio::sync::Notify;

use crate::environment::Steady;
use crate::service::{SCID, Service, TITLE, named};

#[expect(dead_code, reason = "its main is not run")]
#[path = "../../examples/follow.rs"]
mod follow;
#[expect(dead_code, reason = "its main is not run")]
#[path = "../../examples/host.rs"]
mod host;
#[expect(dead_code, reason = "its main is not run")]
#[path = "../../examples/join.rs"]
mod join;

#[expect(dead_code, reason = "its main is not run")]
#[path = "../../examples/play.rs"]
mod play;
#[expect(dead_code, reason = "its main is not run")]
#[path = "../../examples/why.rs"]
mod why;

#[tokio::test]
async fn one_hosts_another_joins_and_a_third_follows() {
    let service = Service::start().await;
    let [a, b, c] = [1001, 1002, 1003].map(|xuid| service.player(xuid));
    let hosted = host::host(&a, named("open/x")).await.expect("hosted");
    let (realtime, session, activity) = hosted;
    assert_eq!(activity.owner_xuid, Some(Xuid(1001)));

    let (seen, told) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Notify::new()));
    let show = {
        let (seen, told) = (Arc::clone(&seen), Arc::clone(&told));
        move |now: &convoke_client::Snapshot| {
            seen.lock()
                .expect("whole")
                .push(now.property_as::<u32>("visits"));
            told.notify_one();
        }
    };
    let following = {
        let session = c.session(named("open/x"));
        tokio::spawn(async move { follow::follow(&c, session, show).await })
    };
    told.notified().await;

    let scid: Scid = SCID.parse().expect("a GUID");
    let nowhere = join::join(&b, &scid, Xuid(1004)).await.expect("an answer");
    assert_eq!(nowhere, None);
    let joined = join::join(&b, &scid, Xuid(1001)).await.expect("joined");
    let reference = joined.expect("a session");
    assert_eq!(reference, named("open/x"));
    for expected in 1..=2_u32 {
        join::count_up(&b, reference.clone())
            .await
            .expect("counted");
        while seen.lock().expect("whole").last() != Some(&Some(expected)) {
            told.notified().await;
        }
    }

    b.session(reference.clone()).leave().await.expect("left");
    realtime.leave(&session).await.expect("left");
    realtime.close().await;
    following.abort();
}

#[tokio::test]
async fn one_plays_without_a_session_and_invites_whom_they_met() {
    let service = Service::start().await;
    let (a, b) = (service.player(1001), service.player(1002));
    let clock = Steady::by(&service.clock);
    let nobody = play::invite_the_met(&a, TITLE, "ip=1").await;
    assert_eq!(nobody.expect("an answer"), 0);
    play::offer(&a, TITLE, Xuid(1001), "ip=1", &clock)
        .await
        .expect("said");
    let friends = [Xuid(1003), Xuid(1001)];
    let way = play::way_in(&b, TITLE, &friends).await.expect("an answer");
    assert_eq!(way.as_deref(), Some("ip=1"));
    play::remember(&a, TITLE, Xuid(1002), &clock)
        .await
        .expect("told");
    let invited = play::invite_the_met(&a, TITLE, "ip=1").await;
    assert_eq!(invited.expect("invited"), 1);
}

#[tokio::test]
async fn a_developer_is_told_why_somebody_may_not_join() {
    let service = Service::start().await;
    let a = service.player(1001);
    let hosted = host::host(&a, named("open/x")).await.expect("hosted");
    let (realtime, session, _) = hosted;
    let (allowed, rules) = why::why(&a, named("open/x"), Xuid(1002))
        .await
        .expect("explained");
    assert!(allowed && rules.contains("passes"), "{rules}");
    let closed = Change::new().system(|system| system.closed = Field::Value(true));
    session.change(closed).await.expect("closed");
    let (allowed, rules) = why::why(&a, named("open/x"), Xuid(1002))
        .await
        .expect("explained");
    let last = rules.lines().last().expect("a rule");
    assert!(!allowed && last.starts_with("refuses"), "{rules}");
    realtime.leave(&session).await.expect("left");
    realtime.close().await;
}
