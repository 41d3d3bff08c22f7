//! Wakes sessions when they are due, so that they change without traffic.
//!
//! Only for tidiness: every access settles a session first, so a late timer gives no wrong answer.

use std::sync::Arc;
use std::time::Duration;

use convoke_store::{Commit, HandleOp, PlayOp};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::clock::until;
use crate::commit::Directory;

/// Sessions woken before the queue is looked at again.
const BATCH: usize = 256;
/// Most times the queue is looked at before other work gets a turn.
const MAX_ROUNDS: usize = 64;
/// Longest sleep: what has ended by itself is swept this often.
const SWEEP: Duration = Duration::from_mins(10);
/// Pause after the store failed.
const RETRY: Duration = Duration::from_secs(1);

/// Settles every session that is due now. False when the store failed.
///
/// Those of one batch are settled side by side, so that they share the store's trip to the disk.
pub async fn run_due(directory: &Arc<Directory>) -> bool {
    for _ in 0..MAX_ROUNDS {
        let due = directory.timers.due(directory.clock.now(), BATCH);
        if due.is_empty() {
            return true;
        }
        let mut settling = JoinSet::new();
        for key in due {
            let directory = Arc::clone(directory);
            settling.spawn(async move { (directory.settle(&key).await, key) });
        }
        while let Some(settled) = settling.join_next().await {
            match settled {
                Ok((Ok(()), _)) => {}
                Ok((Err(error), key)) => {
                    let session = key.reference.resource();
                    tracing::error!(session.ref = %session, %error, "a due session could not be settled");
                    return false;
                }
                Err(error) => {
                    tracing::error!(%error, "the settling of a due session ended badly");
                    return false;
                }
            }
        }
    }
    true
}

/// Removes handles, activities and encounters that have ended by themselves.
pub async fn sweep(directory: &Directory) {
    let now = directory.clock.now();
    let commit = Commit {
        handles: vec![HandleOp::DeleteExpired { now }],
        play: vec![PlayOp::Forget { now }],
        ..Commit::default()
    };
    if let Err(error) = directory.commits.take(commit).await {
        tracing::error!(%error, "what has ended could not be removed");
    }
}

/// Runs until it is told to stop.
pub async fn run(directory: Arc<Directory>, stop: CancellationToken) {
    let _running = directory.health.timers_run();
    let mut next_sweep = directory.clock.now();
    loop {
        let settled = run_due(&directory).await;
        let now = directory.clock.now();
        if next_sweep <= now {
            sweep(&directory).await;
            next_sweep = now.checked_add(SWEEP).unwrap_or(now);
        }
        let wait = if settled {
            let due = directory.timers.earliest();
            due.map_or(SWEEP, |due| until(due, now).min(SWEEP))
        } else {
            RETRY
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = directory.timers.earlier() => {}
            () = directory.clock.sleep(wait) => {}
        }
    }
}
