//! A client of the session directory, for Convoke and for every service that speaks its contract.
//!
//! [`Client`] is where to begin: it is cheap to clone, and every clone shares connections and tokens.
//!
//! | to | look at |
//! |---|---|
//! | say where the service is and who asks | [`ClientBuilder`], [`Hosts`], [`TokenSource`] |
//! | read, join, change and leave a session | [`RemoteSession`], [`Change`], [`WriteMode`] |
//! | make, find and follow handles | [`Handles`] |
//! | say what a player does without a session, invite to it, and list whom they met | [`Activities`], [`Client::recent_players`] |
//! | know why somebody may or may not join | [`RemoteSession::explain_access`] |
//! | be told of changes | [`RealTime`], [`Event`] |
//! | know why something was refused | [`Error`], [`Refusal`] |
//!
//! What a session, a member or a handle looks like is in `convoke-wire`, as [`wire`].
//!
//! ```no_run
//! use convoke_client::wire::{SessionRef, TitleId, Xuid};
//! use convoke_client::{Change, Client, DevSubject, WriteMode};
//!
//! # async fn host(lobby: SessionRef) -> Result<(), Box<dyn std::error::Error>> {
//! let service = Client::builder("http://127.0.0.1:8080").build()?;
//! let player = service.with_dev_token(DevSubject::player(Xuid(1001)).title(TitleId(1_717_113_201)));
//!
//! let session = player.session(lobby);
//! session.write(WriteMode::CreateNew, Change::new().active(true)).await?;
//! session.set_property("map", &"canyon").await?;
//! player.handles().create_activity(session.reference()).await?;
//! # Ok(())
//! # }
//! ```
//!
//! Not here: any rule of the service. Whatever is against one, the service says.

#![warn(missing_docs)]

mod access;
mod activities;
mod change;
mod client;
mod environment;
mod error;
mod handle;
mod handles;
mod hosts;
mod issuer;
mod query;
pub mod raw;
mod realtime;
mod recent_players;
mod refusal;
mod retry;
mod session;
mod snapshot;
mod token;
mod transport;
mod written;

pub use convoke_wire as wire;

pub use access::AccessQuestion;
pub use activities::{Activities, ActivitiesOf, PlayerActivity, sequence_at};
pub use change::{Change, Join};
pub use client::{Client, ClientBuilder};
pub use environment::{Environment, Sleep, SystemEnvironment};
pub use error::Error;
pub use handle::{HandleInfo, Include, RelatedInfo};
pub use handles::{ByHandle, Handles};
pub use hosts::{Hosts, Service};
pub use issuer::{DevIssuer, DevSubject, IssuedToken};
pub use query::{SessionListing, SessionQuery, UserState};
pub use realtime::{Event, Events, Opening, RealTime, RealTimeOptions, SubscriptionKey, Tap};
pub use recent_players::{RecentEncounter, RecentEncounters, RecentPlayer};
pub use refusal::{Refusal, RefusedBy};
pub use retry::RetryPolicy;
pub use session::{RemoteSession, SyncPolicy};
pub use snapshot::{Document, EntityTag, Snapshot};
pub use token::{NoToken, StaticToken, Token, TokenFuture, TokenSource};
pub use written::{Read, WriteMode, Written};

/// Compiles what the repository's front page says about this crate.
#[cfg(doctest)]
mod front_page {
    #![doc = include_str!("../../../README.md")]
}
