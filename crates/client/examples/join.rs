//! Joins whatever session a player is in, changes it together with everybody else, and leaves.
//!
//! ```console
//! $ cargo run -p convoke-client --example join -- http://127.0.0.1:8080 1002 1001
//! ```

use convoke_client::wire::{Scid, SessionRef, TitleId, Xuid};
use convoke_client::{Change, Client, DevSubject, Error, Include, Join, Written};

/// Joins the session of a friend's activity; `None` when the friend is in none.
pub(crate) async fn join(
    player: &Client,
    scid: &Scid,
    friend: Xuid,
) -> Result<Option<SessionRef>, Error> {
    let include = [Include::RelatedInfo];
    let found = player
        .handles()
        .activities_of(scid, &[friend], &include)
        .await?;
    let is_open = |closed: Option<bool>| closed != Some(true);
    let activity = found
        .into_iter()
        .find(|it| is_open(it.related_info.as_ref().map(|info| info.closed)));
    let Some(activity) = activity else {
        return Ok(None);
    };
    let (reference, _) = player.handles().join(activity.id, Join::default()).await?;
    Ok(Some(reference))
}

/// Counts one up in the session, whoever else does so at the same time.
pub(crate) async fn count_up(player: &Client, reference: SessionRef) -> Result<Written, Error> {
    let session = player.session(reference);
    let counted = session.update(|now| {
        let visits: u32 = now.property_as("visits").unwrap_or(0);
        Some(Change::new().property("visits", &(visits + 1)))
    });
    counted.await
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments
        .next()
        .unwrap_or("http://127.0.0.1:8080".to_owned());
    let xuid = arguments
        .next()
        .unwrap_or("1002".to_owned())
        .parse::<Xuid>()?;
    let friend = arguments
        .next()
        .unwrap_or("1001".to_owned())
        .parse::<Xuid>()?;
    // Ids of the sample configuration.
    let scid = "00000000-0000-4000-8000-00000000c0de".parse()?;
    let subject = DevSubject::player(xuid).title(TitleId(1_717_113_201));
    let player = Client::builder(&address).build()?.with_dev_token(subject);

    let Some(reference) = join(&player, &scid, friend).await? else {
        println!("{friend} is in no session");
        return Ok(());
    };
    let session = count_up(&player, reference.clone()).await?.into_session()?;
    println!("{reference:?} is at change {}", session.change_number());
    player.session(reference).leave().await?;
    Ok(())
}
