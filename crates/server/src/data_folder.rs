//! The store in the data folder, and what is done to it while no server runs.

use std::sync::Arc;

use anyhow::{Context as _, ensure};
use convoke_core::session::{Session, next_timer};
use convoke_store::store::SessionState;
use convoke_store::{AnyStore, Commit, LogStore, SessionWrite, SqliteStore, Store as _, Version};
use convoke_wire::SessionKey;
use futures_util::future::try_join_all;

use crate::config::{Config, StoreChoice};
use crate::entropy::Entropy;

/// Steps that are handed to the store at a time; they reach the disk together. Ours.
const STEPS_AT_A_TIME: usize = 256;

/// Opens the durable store that a configuration names; `None` when everything is in memory.
pub(crate) fn open_store(config: &Config) -> anyhow::Result<Option<AnyStore>> {
    let dir = &config.data;
    let opened = match config.store {
        StoreChoice::Memory => return Ok(None),
        StoreChoice::Sqlite => SqliteStore::open(dir).map(AnyStore::Sqlite),
        StoreChoice::Log => LogStore::open(dir).map(AnyStore::Log),
    };
    let opened =
        opened.with_context(|| format!("the store in {} cannot be opened", dir.display()))?;
    Ok(Some(opened))
}

/// Gives every session a new `branch`, and says how many there are. `[doc]`
///
/// To be done after a backup was put back: sessions may then have the same change numbers twice,
/// with other content, and whoever kept an entity tag or a number from before has to find out.
/// Everything else of a session stays. When it does not come to its end it can be done again.
pub async fn give_new_branches(config: &Config, entropy: &dyn Entropy) -> anyhow::Result<usize> {
    check_there(config)?;
    let store = open_store(config)?;
    let store = Arc::new(store.context("sessions in memory are not restored")?);
    let result = rebranch(&store, entropy).await;
    // Waits for the disk, so not on a thread that does other work.
    tokio::task::spawn_blocking(move || store.close()).await?;
    result
}

/// Opening would make what is missing, and an empty store looks as if all were done.
fn check_there(config: &Config) -> anyhow::Result<()> {
    let dir = &config.data;
    let (is_there, kind) = match config.store {
        StoreChoice::Memory => return Ok(()),
        StoreChoice::Sqlite => (SqliteStore::is_in(dir), "sqlite"),
        StoreChoice::Log => (LogStore::is_in(dir), "log"),
    };
    let dir_text = dir.display();
    ensure!(dir.exists(), "there is no data folder {dir_text}");
    ensure!(
        is_there,
        "there is no store of this kind in {dir_text}: `store` is \"{kind}\""
    );
    Ok(())
}

async fn rebranch(store: &AnyStore, entropy: &dyn Entropy) -> anyhow::Result<usize> {
    let mut sessions: Vec<(SessionKey, Arc<Session>)> = Vec::new();
    store.for_each_session(&mut |key, session| sessions.push((key, session)))?;
    for some in sessions.chunks(STEPS_AT_A_TIME) {
        let steps = some.iter().map(|(key, before)| {
            let commit = with_new_branch(key, before, entropy);
            store.commit(commit)
        });
        let written = try_join_all(steps).await;
        written.map_err(|error| anyhow::anyhow!("the sessions cannot be written: {error:?}"))?;
    }
    Ok(sessions.len())
}

fn with_new_branch(key: &SessionKey, before: &Arc<Session>, entropy: &dyn Entropy) -> Commit {
    let next = Session {
        branch: entropy.uuid(),
        ..Session::clone(before)
    };
    let write = SessionWrite {
        key: key.clone(),
        expected: Some(Version::from(&**before)),
        before: Some(Arc::clone(before)),
        next: Some(SessionState {
            next_timer: next_timer(&next),
            session: Arc::new(next),
        }),
    };
    Commit {
        sessions: vec![write],
        ..Commit::default()
    }
}
