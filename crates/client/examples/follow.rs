//! Joins a session by its name and prints every change, through reconnects, until it is lost.
//!
//! ```console
//! $ cargo run -p convoke-client --example follow -- http://127.0.0.1:8080 1003
//! ```

use convoke_client::wire::session::change_type::ChangeType;
use convoke_client::wire::{SessionRef, TitleId, Xuid};
use convoke_client::{Client, DevSubject, Error, Event, RealTimeOptions, RemoteSession, Snapshot};

/// Follows a session and shows every state of it that is new.
pub(crate) async fn follow(
    player: &Client,
    session: RemoteSession,
    mut show: impl FnMut(&Snapshot),
) -> Result<(), Error> {
    let (realtime, mut events) = player.connect(RealTimeOptions::default()).await?;
    let joined = realtime.join(&session, &[ChangeType::Everything]).await?;
    let mut known = joined.into_session()?;
    show(&known);
    while let Some(event) = events.next().await {
        let now = match event {
            // A tap says that something has changed, and reading says what.
            Event::Tapped(_) | Event::Resync => session.get().await?,
            Event::Refreshed { snapshot, .. } => Some(snapshot),
            Event::Lost { .. } => None,
            _ => continue,
        };
        let Some(now) = now else {
            break;
        };
        if now.is_newer_than(&known) {
            show(&now);
            known = now;
        }
    }
    realtime.close().await;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments
        .next()
        .unwrap_or("http://127.0.0.1:8080".to_owned());
    let xuid = arguments
        .next()
        .unwrap_or("1003".to_owned())
        .parse::<Xuid>()?;
    let reference = SessionRef {
        scid: "00000000-0000-4000-8000-00000000c0de".parse()?,
        template_name: "lobby".parse()?,
        name: "example".parse()?,
    };
    // Ids of the sample configuration.
    let subject = DevSubject::player(xuid).title(TitleId(1_717_113_201));
    let player = Client::builder(&address).build()?.with_dev_token(subject);

    let session = player.session(reference);
    let show = |now: &Snapshot| {
        let members = now.document.members_info.count;
        println!("change {}: {members} members", now.change_number());
    };
    follow(&player, session, show).await?;
    Ok(())
}
