//! What becomes of members whose connection is lost: after a while they are inactive, as a change
//! of its own through the one write path.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use convoke_core::session::connections::{Lost, lose};
use convoke_store::StoreError;
use convoke_wire::SessionKey;
use convoke_wire::session::changes::Cause;
use jiff::SignedDuration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::clock::{later, until};
use crate::commit::{Directory, Next, Step, TransactError};

/// Longest sleep; a loss that comes earlier wakes.
const IDLE: Duration = Duration::from_mins(10);
/// Pause after the store failed.
const RETRY: SignedDuration = SignedDuration::from_secs(1);
/// Most batches before other work gets a turn.
const MAX_ROUNDS: usize = 64;

/// Makes everybody inactive whose connection counts as lost by now.
pub(crate) async fn run_due(directory: &Arc<Directory>) {
    for _ in 0..MAX_ROUNDS {
        let now = directory.clock.now();
        let due = directory.realtime.attachments.take_due(now);
        if due.is_empty() {
            return;
        }
        let mut losing = JoinSet::new();
        for (key, lost) in due {
            let directory = Arc::clone(directory);
            losing.spawn(async move {
                let result = lose_in(&directory, &key, &lost).await;
                if let Err(error) = result {
                    let session = key.reference.resource();
                    tracing::error!(session.ref = %session, %error, "members whose connection is lost could not be made inactive");
                    directory.realtime.attachments.postpone(&lost, later(now, RETRY));
                }
            });
        }
        while let Some(ended) = losing.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "the loss of a connection ended badly");
            }
        }
    }
}

async fn lose_in(
    directory: &Directory,
    key: &SessionKey,
    lost: &BTreeSet<Uuid>,
) -> Result<(), StoreError> {
    let decided = directory
        .transact::<_, Infallible>(key, Cause::Disconnect, |state, now| {
            let Some(state) = state else {
                return Ok((Step::default(), 0));
            };
            Ok(match lose(&state.session, lost, now) {
                Lost::Nobody | Lost::NotRequired => (Step::default(), 0),
                Lost::Changed { session, members } => {
                    let step = Step {
                        next: Next::Put(Arc::new(session)),
                        ..Step::default()
                    };
                    (step, members.len())
                }
            })
        })
        .await;
    match decided {
        Ok((members, _)) => {
            directory.metrics.members_lost(members);
            Ok(())
        }
        Err(TransactError::Unavailable(error)) => Err(error),
        Err(TransactError::Refused(never)) => match never {},
        Err(TransactError::HandleGone | TransactError::KeyTaken) => {
            unreachable!("a loss requires nothing of handles")
        }
    }
}

/// Runs until it is told to stop.
pub(crate) async fn run(directory: Arc<Directory>, stop: CancellationToken) {
    loop {
        run_due(&directory).await;
        let attachments = &directory.realtime.attachments;
        let now = directory.clock.now();
        let due = attachments.earliest_loss();
        let wait = due.map_or(IDLE, |due| until(due, now).min(IDLE));
        tokio::select! {
            () = stop.cancelled() => return,
            () = attachments.earlier_loss() => {}
            () = directory.clock.sleep(wait) => {}
        }
    }
}
