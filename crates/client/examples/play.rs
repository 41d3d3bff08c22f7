//! Plays without a session: says how to be joined, invites whoever was met before, remembers the
//! others, and stops.
//!
//! ```console
//! $ cargo run -p convoke-client --example play -- http://127.0.0.1:8080 1001 1002
//! ```

use convoke_client::wire::multiplayer_activity::{
    Encounter, EncounterType, JoinRestriction, SendInvites, SetActivity,
};
use convoke_client::wire::{TitleId, Xuid};
use convoke_client::{Client, DevSubject, Environment, Error, SystemEnvironment, sequence_at};

/// Says that a player can be joined at an address by anybody.
pub(crate) async fn offer(
    player: &Client,
    title_id: TitleId,
    me: Xuid,
    address: &str,
    clock: &impl Environment,
) -> Result<(), Error> {
    let activity = SetActivity {
        sequence_number: sequence_at(clock.now()),
        connection_string: address.to_owned(),
        join_restriction: JoinRestriction::Public,
        max_players: Some(4),
        current_players: Some(1),
        group_id: None,
        platform: None,
    };
    player.activities(title_id).set(me, &activity).await
}

/// How to join whichever of these players lets others in.
pub(crate) async fn way_in(
    player: &Client,
    title_id: TitleId,
    friends: &[Xuid],
) -> Result<Option<String>, Error> {
    let found = player.activities(title_id).of_users(friends).await?;
    let mut all = found
        .into_iter()
        .flat_map(|it| it.activities.unwrap_or_default());
    Ok(all.find_map(|activity| activity.connection_string))
}

/// Invites everybody whom the player has met in play; says how many that are.
pub(crate) async fn invite_the_met(
    player: &Client,
    title_id: TitleId,
    address: &str,
) -> Result<usize, Error> {
    let met = player.recent_players().await?;
    let all: Vec<Xuid> = met.into_iter().map(|it| it.xuid).collect();
    for invited in all.chunks(16) {
        let invites = SendInvites {
            invited_users: invited.to_vec(),
            connection_string: Some(address.to_owned()),
            platform: None,
            sender: None,
        };
        player.activities(title_id).invite(&invites).await?;
    }
    Ok(all.len())
}

/// Remembers somebody who was in the player's team.
pub(crate) async fn remember(
    player: &Client,
    title_id: TitleId,
    teammate: Xuid,
    clock: &impl Environment,
) -> Result<(), Error> {
    let encounter = Encounter {
        id: teammate,
        encounter_type: Some(EncounterType::Teammate),
        network: None,
        timestamp: clock.now().into(),
    };
    let activities = player.activities(title_id);
    activities.report_recent_players(&[encounter]).await
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments
        .next()
        .unwrap_or("http://127.0.0.1:8080".to_owned());
    let mut xuid = |usual: &str| arguments.next().unwrap_or(usual.to_owned()).parse::<Xuid>();
    let (me, friend) = (xuid("1001")?, xuid("1002")?);
    let (title_id, clock) = (TitleId(1_717_113_201), SystemEnvironment);
    let subject = DevSubject::player(me).title(title_id);
    let player = Client::builder(&address).build()?.with_dev_token(subject);

    offer(&player, title_id, me, "ip=192.0.2.1", &clock).await?;
    remember(&player, title_id, friend, &clock).await?;
    let invited = invite_the_met(&player, title_id, "ip=192.0.2.1").await?;
    println!("{invited} invited; {me} can be joined until they stop");
    if let Some(way) = way_in(&player, title_id, &[friend]).await? {
        println!("{friend} can be joined too: {way}");
    }
    let activities = player.activities(title_id);
    activities.end(me, sequence_at(clock.now())).await?;
    Ok(())
}
