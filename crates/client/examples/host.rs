//! Hosts a session and says so with an activity, until Ctrl-C.
//!
//! ```console
//! $ convoke serve &
//! $ cargo run -p convoke-client --example host -- http://127.0.0.1:8080 1001
//! ```

use convoke_client::wire::handle::HandleType;
use convoke_client::wire::session::change_type::ChangeType;
use convoke_client::wire::{SessionRef, TitleId, Xuid};
use convoke_client::{
    Change, Client, DevSubject, Error, HandleInfo, RealTimeOptions, RemoteSession, WriteMode,
};

/// Creates a session whose host is tapped for everything, and publishes it.
pub(crate) async fn host(
    player: &Client,
    reference: SessionRef,
) -> Result<(convoke_client::RealTime, RemoteSession, HandleInfo), Error> {
    let (realtime, _events) = player.connect(RealTimeOptions::default()).await?;
    let session = player.session(reference);
    let wanted = Change::new()
        .property("map", &"canyon")
        .own_property("team", &"red");
    let kinds = [ChangeType::Everything];
    let entered = realtime.enter(&session, WriteMode::CreateNew, wanted, &kinds);
    entered.await?.into_session()?;
    let activity = player
        .handles()
        .create_activity(session.reference())
        .await?;
    debug_assert_eq!(activity.kind, HandleType::Activity);
    Ok((realtime, session, activity))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments
        .next()
        .unwrap_or("http://127.0.0.1:8080".to_owned());
    let xuid = arguments
        .next()
        .unwrap_or("1001".to_owned())
        .parse::<Xuid>()?;
    let reference = SessionRef {
        scid: "00000000-0000-4000-8000-00000000c0de".parse()?,
        template_name: "lobby".parse()?,
        name: "example".parse()?,
    };
    // Ids of the sample configuration.
    let subject = DevSubject::player(xuid).title(TitleId(1_717_113_201));
    let player = Client::builder(&address).build()?.with_dev_token(subject);

    let (realtime, session, activity) = host(&player, reference).await?;
    println!("join with: {}", activity.id);
    tokio::signal::ctrl_c().await?;
    realtime.leave(&session).await?;
    realtime.close().await;
    Ok(())
}
