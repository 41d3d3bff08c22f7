//! The thread that writes: everything that waits goes to the disk together.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::oneshot;

use super::apply::apply;
use super::checkpoint::Checkpoints;
use super::prepared::Prepared;
use super::queue::Queue;
use super::schema;
use crate::{CommitError, StoreError};

/// Most steps that reach the disk together.
const MAX_BATCH: usize = 1024;
/// Most steps that wait; whoever comes then waits outside.
const QUEUE: usize = 4096;

type Answer = Result<(), CommitError>;

#[derive(Debug)]
struct Request {
    step: Prepared,
    answer: oneshot::Sender<Answer>,
}

/// What the writer has done since the store was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metrics {
    /// Transactions that reached the disk.
    pub batches: u64,
    /// Steps in them.
    pub commits: u64,
    /// Steps refused by a guard.
    pub refused: u64,
    /// Steps that failed.
    pub failed: u64,
    /// Most steps in one transaction.
    pub largest_batch: u64,
    /// Times the log was carried over into the data file.
    pub checkpoints: u64,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    batches: AtomicU64,
    commits: AtomicU64,
    refused: AtomicU64,
    failed: AtomicU64,
    largest_batch: AtomicU64,
    pub(super) checkpoints: AtomicU64,
}

/// The writing side of the store.
#[derive(Debug)]
pub(super) struct Writer {
    queue: Arc<Queue<Request>>,
    counters: Arc<Counters>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    pub(super) fn start(path: &Path) -> Result<Self, StoreError> {
        let mut conn = schema::open_writer(path)?;
        let checkpoints = Checkpoints::watch(path, &mut conn)?;
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
        answered.await.unwrap_or(Err(StoreError::Closed.into()))
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
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let counters = &*self.counters;
        Metrics {
            batches: read(&counters.batches),
            commits: read(&counters.commits),
            refused: read(&counters.refused),
            failed: read(&counters.failed),
            largest_batch: read(&counters.largest_batch),
            checkpoints: read(&counters.checkpoints),
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
        let answers = take_steps(&mut conn, &batch, &mut damage);
        count(counters, &answers);
        for (request, answer) in batch.drain(..).zip(answers) {
            // Who is gone does not want to know.
            let _ = request.answer.send(answer);
        }
        checkpoints.between_batches(&conn, counters);
    }
    checkpoints.at_end(&conn);
}

/// Takes the steps of a batch; the answers are in the order of the steps.
///
/// Once the file has turned out to be damaged, nothing is written to it any more.
fn take_steps(
    conn: &mut Connection,
    batch: &[Request],
    damage: &mut Option<StoreError>,
) -> Vec<Answer> {
    if let Some(damage) = damage {
        return refuse_all(batch, damage);
    }
    let error = match in_one_transaction(conn, batch) {
        Ok(answers) => return answers,
        Err(error) => error,
    };
    if matches!(error, StoreError::Corrupt(_)) {
        tracing::error!(%error, "the store writes nothing any more");
        *damage = Some(error.clone());
        return refuse_all(batch, &error);
    }
    tracing::warn!(%error, batch.steps = batch.len(), "a batch of writes failed");
    if batch.len() == 1 {
        return refuse_all(batch, &error);
    }
    // One step that the engine cannot take must not fail the others.
    batch
        .chunks(1)
        .flat_map(|one| match in_one_transaction(conn, one) {
            Ok(answers) => answers,
            Err(error) => refuse_all(one, &error),
        })
        .collect()
}

fn refuse_all(batch: &[Request], error: &StoreError) -> Vec<Answer> {
    batch.iter().map(|_| Err(error.clone().into())).collect()
}

/// On an error nothing of the batch has happened, also no refusal: it was judged on what is undone.
fn in_one_transaction(conn: &mut Connection, batch: &[Request]) -> Result<Vec<Answer>, StoreError> {
    let transaction = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut answers = Vec::with_capacity(batch.len());
    for request in batch {
        match apply(&transaction, &request.step) {
            Err(CommitError::Store(error)) => return Err(error),
            answer => answers.push(answer),
        }
    }
    transaction.commit()?;
    Ok(answers)
}

fn count(counters: &Counters, answers: &[Answer]) {
    let (mut taken, mut refused, mut failed) = (0, 0, 0);
    for answer in answers {
        match answer {
            Ok(()) => taken += 1,
            Err(CommitError::Store(_)) => failed += 1,
            Err(_) => refused += 1,
        }
    }
    let add = |counter: &AtomicU64, count| counter.fetch_add(count, Ordering::Relaxed);
    add(&counters.batches, u64::from(0 < taken));
    add(&counters.commits, taken);
    add(&counters.refused, refused);
    add(&counters.failed, failed);
    counters.largest_batch.fetch_max(taken, Ordering::Relaxed);
}
