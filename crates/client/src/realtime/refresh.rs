//! Writing a session again over a new connection.

use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use super::registry::Tracked;
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
    pub(super) tracked: Tracked,
    pub(super) connection: Uuid,
    pub(super) result: Result<Snapshot, Error>,
}

/// Writes a session until it has been, or cannot be.
pub(super) async fn refresh(
    tracked: Tracked,
    connection: Uuid,
    environment: Arc<dyn Environment>,
) -> Refreshed {
    let mut attempt = 1;
    let result = loop {
        let change = tracked.add_to(Change::new(), connection);
        let written = tracked.session.change(change).await;
        match written.and_then(crate::Written::into_session) {
            Err(error) if error.is_temporary() && attempt < MAX_ATTEMPTS => {
                let wait = backoff(FIRST_WAIT, MAX_WAIT, attempt, environment.random());
                environment.sleep(wait).await;
                attempt += 1;
            }
            result => break result,
        }
    };
    Refreshed {
        tracked,
        connection,
        result,
    }
}
