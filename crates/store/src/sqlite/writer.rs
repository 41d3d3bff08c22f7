//! The thread that writes: everything that waits goes to the disk together.

use std::fs::File;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::oneshot;

use super::apply::apply;
use super::checkpoint::Checkpoints;
use super::prepared::Prepared;
use super::schema;
use crate::metrics::Counters;
use crate::queue::Queue;
use crate::{CommitError, Metrics, StoreError};

/// Most steps that reach the disk together.
const MAX_BATCH: usize = 1024;
/// Most steps that wait; whoever comes then waits outside.
const QUEUE: usize = 4096;

type Answer = Result<(), CommitError>;

#[derive(Debug)]
struct Request {
    step: Prepared,
    /// The step goes back with the answer: many threads free memory faster than this one.
    answer: oneshot::Sender<(Answer, Prepared)>,
}

/// The writing side of the store.
#[derive(Debug)]
pub(super) struct Writer {
    queue: Arc<Queue<Request>>,
    counters: Arc<Counters>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    pub(super) fn start(path: &Path, data: Arc<File>) -> Result<Self, StoreError> {
        let mut conn = schema::open_writer(path)?;
        let checkpoints = Checkpoints::watch(path, data, &mut conn)?;
        let queue = Arc::new(Queue::new(QUEUE));
        let counters = Arc::new(Counters::default());
        let thread = thread::Builder::new()
            .name("convoke-store".to_owned())
            .spawn({
                let (queue, counters) = (Arc::clone(&queue), Arc::clone(&counters));
                move || run(conn, checkpoints, &queue, &counters)
            })
            .map_err(|error| StoreError::Failed(error.to_string()))?;
        Ok(Self {
            queue,
            counters,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Hands one step to the thread and waits for its answer.
    pub(super) async fn commit(&self, step: Prepared) -> Answer {
        let (answer, answered) = oneshot::channel();
        self.queue.push(Request { step, answer }).await?;
        match answered.await {
            Ok((answer, _step)) => answer,
            Err(_) => Err(StoreError::Closed.into()),
        }
    }

    /// Takes the steps that wait, and ends the thread.
    pub(super) fn stop(&self) {
        self.queue.close();
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(thread) = thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the store's writer has panicked");
        }
    }

    pub(super) fn metrics(&self) -> Metrics {
        Metrics {
            queued: self.queue.len(),
            ..self.counters.read()
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Closes the queue when the thread ends, however it ends: nobody waits for an answer in vain.
struct CloseAtEnd<'a>(&'a Queue<Request>);

impl Drop for CloseAtEnd<'_> {
    fn drop(&mut self) {
        self.0.close();
        let mut rest = Vec::new();
        self.0.take(&mut rest, usize::MAX);
    }
}

fn run(
    mut conn: Connection,
    mut checkpoints: Checkpoints,
    queue: &Queue<Request>,
    counters: &Counters,
) {
    let _close = CloseAtEnd(queue);
    let mut batch = Vec::with_capacity(MAX_BATCH);
    let mut damage = None;
    loop {
        queue.take(&mut batch, MAX_BATCH);
        if batch.is_empty() {
            break;
        }
        let answers = take_steps(&mut conn, &batch, &mut damage, counters);
        counters.answered(&answers);
        for (request, answer) in batch.drain(..).zip(answers) {
            // Who is gone does not want to know.
            let _ = request.answer.send((answer, request.step));
        }
        if let Err(error) = checkpoints.between_batches(&conn, counters) {
            stop_writing(&mut damage, error);
        }
    }
    checkpoints.at_end(&conn);
}

/// Takes the steps of a batch; the answers are in the order of the steps.
///
/// Once the file has turned out to be damaged, or the disk has failed to confirm what was written,
/// nothing is written any more: a disk that failed once may confirm the next time without having
/// kept what it failed to keep.
fn take_steps(
    conn: &mut Connection,
    batch: &[Request],
    damage: &mut Option<StoreError>,
    counters: &Counters,
) -> Vec<Answer> {
    if let Some(damage) = damage {
        return fail_all(batch, damage);
    }
    let failure = match in_one_transaction(conn, batch, None, counters) {
        Ok(answers) => return answers,
        Err(failure) => failure,
    };
    // A step that the engine cannot take must not take the others down with it.
    let failure = match failure.step {
        Some(step) if 1 < batch.len() && !failure.is_damage() => {
            match in_one_transaction(conn, batch, Some((step, &failure.error)), counters) {
                Ok(answers) => return answers,
                Err(failure) => failure,
            }
        }
        _ => failure,
    };
    let is_damage = failure.is_damage();
    let error = failure.error;
    if is_damage {
        stop_writing(damage, error.clone());
    } else {
        // Whoever asked for a step is told of its error, and reports it.
        tracing::debug!(%error, batch.steps = batch.len(), "a batch of writes failed");
    }
    fail_all(batch, &error)
}

fn stop_writing(damage: &mut Option<StoreError>, error: StoreError) {
    tracing::error!(%error, "the store writes nothing any more");
    damage.get_or_insert(error);
}

fn fail_all(batch: &[Request], error: &StoreError) -> Vec<Answer> {
    batch.iter().map(|_| Err(error.clone().into())).collect()
}

/// Why a transaction has failed: nothing of it has happened.
struct Failure {
    error: StoreError,
    /// The step that failed, when it was not the transaction itself.
    step: Option<usize>,
}

impl Failure {
    fn is_damage(&self) -> bool {
        matches!(self.error, StoreError::Corrupt(_) | StoreError::Stopped(_))
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self {
            error: error.into(),
            step: None,
        }
    }
}

/// Takes all steps but the one that is known to fail, which gets its error for an answer.
///
/// Refusals are given out only after the commit: they were judged on what it makes true.
fn in_one_transaction(
    conn: &mut Connection,
    batch: &[Request],
    failing: Option<(usize, &StoreError)>,
    counters: &Counters,
) -> Result<Vec<Answer>, Failure> {
    let transaction = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut answers = Vec::with_capacity(batch.len());
    for (step, request) in batch.iter().enumerate() {
        let answer = match failing {
            Some((failing, error)) if failing == step => Err(error.clone().into()),
            _ => match apply(&transaction, &request.step) {
                Err(CommitError::Store(error)) => {
                    let step = Some(step);
                    return Err(Failure { error, step });
                }
                answer => answer,
            },
        };
        answers.push(answer);
    }
    let taken = batch
        .iter()
        .zip(&answers)
        .filter(|(_, answer)| answer.is_ok());
    counters.wrote(taken.map(|(request, _)| request.step.bytes()).sum());
    counters.timed(|| transaction.commit())?;
    Ok(answers)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use convoke_core::people::Follow;
    use convoke_wire::Xuid;
    use jiff::Timestamp;

    use super::*;
    use crate::PeopleOp;
    use crate::codec::Encoded;
    use crate::sqlite::prepared::{HandleChange, HandleRow, SessionChange};

    fn store() -> (tempfile::TempDir, PathBuf, Connection) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.db");
        schema::create(&path).unwrap();
        let conn = schema::open_writer(&path).unwrap();
        (dir, path, conn)
    }

    fn request(handles: Vec<HandleChange>, people: Vec<PeopleOp>) -> Request {
        Request {
            step: Prepared {
                sessions: Vec::new(),
                require_handles: Vec::new(),
                require_free_keys: Vec::new(),
                handles,
                people,
            },
            answer: oneshot::channel().0,
        }
    }

    fn good(target: u64) -> Request {
        let follow = Follow {
            owner: Xuid(1),
            target: Xuid(target),
            favorite: false,
            added_at: Timestamp::UNIX_EPOCH,
        };
        request(Vec::new(), vec![PeopleOp::Put(follow)])
    }

    /// Holds one key twice, which no handle does and no table takes.
    fn bad() -> Request {
        let handle = HandleRow {
            id: "1".to_owned(),
            session: String::new(),
            kind: "search",
            sandbox: String::new(),
            owner: None,
            created: 0,
            expires: None,
            body: Encoded {
                text: String::new(),
                checksum: 0,
            },
            keys: vec!["key".to_owned(), "key".to_owned()],
        };
        request(vec![HandleChange::Put(Box::new(handle))], Vec::new())
    }

    fn take(
        conn: &mut Connection,
        batch: &[Request],
        damage: &mut Option<StoreError>,
    ) -> Vec<Answer> {
        take_steps(conn, batch, damage, &Counters::default())
    }

    fn outcomes(answers: &[Answer]) -> Vec<bool> {
        answers.iter().map(Result::is_ok).collect()
    }

    fn follows(conn: &Connection) -> i64 {
        conn.query_row("SELECT count(*) FROM follows", [], |row| row.get(0))
            .unwrap()
    }

    #[test]
    fn a_step_that_the_engine_cannot_take_fails_alone() {
        let (_dir, _, mut conn) = store();
        let batch = [good(1), bad(), good(2)];
        let answers = take(&mut conn, &batch, &mut None);
        assert_eq!(outcomes(&answers), [true, false, true]);
        assert_eq!(follows(&conn), 2);
        let handles: i64 = conn
            .query_row("SELECT count(*) FROM handles", [], |row| row.get(0))
            .unwrap();
        assert_eq!(handles, 0);
    }

    #[test]
    fn when_more_than_one_step_fails_the_batch_fails_and_the_next_does_not() {
        let (_dir, _, mut conn) = store();
        let damage = &mut None;
        let answers = take(&mut conn, &[good(1), bad(), good(2), bad()], damage);
        assert_eq!(outcomes(&answers), [false; 4]);
        assert_eq!(follows(&conn), 0);
        assert!(damage.is_none());
        assert_eq!(outcomes(&take(&mut conn, &[good(1)], damage)), [true]);
    }

    #[test]
    fn when_the_file_is_locked_the_batch_fails_and_a_later_one_does_not() {
        let (_dir, path, mut conn) = store();
        conn.busy_timeout(std::time::Duration::ZERO).unwrap();
        let other = Connection::open(path).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        let answers = take(&mut conn, &[good(1), good(2)], &mut None);
        assert_eq!(outcomes(&answers), [false, false]);
        other.execute_batch("ROLLBACK").unwrap();
        let answers = take(&mut conn, &[good(1), good(2)], &mut None);
        assert_eq!(outcomes(&answers), [true, true]);
    }

    #[test]
    fn nothing_is_written_to_a_damaged_file() {
        let (_dir, _, mut conn) = store();
        conn.execute_batch(
            "INSERT INTO sessions VALUES (1, 'k', '', '', '', '', '', 1, NULL, 0, 'damage', '')",
        )
        .unwrap();
        let deletes = Request {
            step: Prepared {
                sessions: vec![SessionChange {
                    key: "k".to_owned(),
                    sandbox: String::new(),
                    expected: Some((uuid::Uuid::nil(), 1)),
                    next: None,
                }],
                ..good(1).step
            },
            answer: oneshot::channel().0,
        };
        let damage = &mut None;
        let answers = take(&mut conn, &[good(2), deletes], damage);
        assert_eq!(outcomes(&answers), [false, false]);
        let answers = take(&mut conn, &[good(3)], damage);
        let damaged = matches!(
            answers[..],
            [Err(CommitError::Store(StoreError::Corrupt(_)))]
        );
        assert!(damaged, "{answers:?}");
        assert_eq!(follows(&conn), 0);
    }
}
