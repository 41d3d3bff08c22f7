//! The examples do what they say, against the service itself.

use std::sync::{Arc, Mutex};

use convoke_client::wire::{Scid, Xuid};
use tokio::sync::Notify;

use crate::service::{SCID, Service, named};

#[expect(dead_code, reason = "its main is not run")]
#[path = "../../examples/follow.rs"]
mod follow;
#[expect(dead_code, reason = "its main is not run")]
#[path = "../../examples/host.rs"]
mod host;
#[expect(dead_code, reason = "its main is not run")]
#[path = "../../examples/join.rs"]
mod join;

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
