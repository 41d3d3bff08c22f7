//! Writing a session again over a new connection.

use std::sync::Arc;
use std::time::Duration;

use convoke_wire::SessionRef;
use tokio::sync::watch;
use uuid::Uuid;

use super::registry::{Entry, Registered, Registry};
use crate::change::Change;
use crate::environment::Environment;
use crate::error::Error;
use crate::retry::backoff;
use crate::snapshot::Snapshot;

/// How often it is tried: the waits between add up to less than the 30 s that a member has. `[doc]`
const MAX_ATTEMPTS: u32 = 6;
const FIRST_WAIT: Duration = Duration::from_millis(500);
const MAX_WAIT: Duration = Duration::from_secs(8);

/// What came of it.
#[derive(Debug)]
pub(super) struct Refreshed {
    pub(super) entry: Entry,
    pub(super) session: SessionRef,
    pub(super) connection: Uuid,
    pub(super) result: Result<Snapshot, Error>,
}

/// Writes a session until it has been, or cannot be, or need not be any more.
///
/// It is never broken off: what is on its way to the service could come after what is written next.
pub(super) async fn refresh(
    registered: Registered,
    connection: Uuid,
    registry: Arc<Registry>,
    connected: watch::Receiver<Option<Uuid>>,
    environment: Arc<dyn Environment>,
) -> Option<Refreshed> {
    let Registered {
        entry,
        tracked,
        turn,
    } = registered;
    let session = tracked.session.reference().clone();
    let mut attempt = 1;
    let result = loop {
        let written = {
            let _turn = turn.lock().await;
            let is_current = *connected.borrow() == Some(connection);
            if !is_current || !registry.has(&session, entry) {
                return None;
            }
            let change = tracked.add_to(Change::new(), connection);
            tracked.session.change(change).await
        };
        match written.and_then(crate::Written::into_session) {
            Err(error) if error.is_temporary() && attempt < MAX_ATTEMPTS => {
                let wait = backoff(FIRST_WAIT, MAX_WAIT, attempt, environment.random());
                environment.sleep(wait).await;
                attempt += 1;
            }
            result => break result,
        }
    };
    Some(Refreshed {
        entry,
        session,
        connection,
        result,
    })
}
