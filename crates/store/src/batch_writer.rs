//! The thread of a store that writes: everything that waits is taken together.
//!
//! Not here: what taking a batch means, which each engine says for itself.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use tokio::sync::oneshot;

use crate::metrics::Counters;
use crate::queue::Queue;
use crate::{CommitError, Metrics, StoreError};

/// Most steps that reach the disk together.
const MAX_BATCH: usize = 1024;
/// Most steps that wait; whoever comes then waits outside.
const QUEUE: usize = 4096;

/// What became of a step.
pub(crate) type Answer = Result<(), CommitError>;

/// What a thread writes with; it lives on that thread.
pub(crate) trait Engine<S>: Send + 'static {
    /// Takes the steps of a batch; the answers are in the order of the steps.
    fn take(&mut self, steps: &mut [S]) -> Vec<Answer>;

    /// Called when a batch has been answered.
    fn between_batches(&mut self) {}

    /// Called when there is nothing more to take.
    fn at_end(self)
    where
        Self: Sized,
    {
    }
}

/// The writing side of a store whose steps are `S`.
pub(crate) struct BatchWriter<S> {
    queue: Arc<Queue<Request<S>>>,
    counters: Arc<Counters>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Request<S> {
    step: S,
    /// The step goes back with the answer: many threads free memory faster than this one.
    answer: oneshot::Sender<(Answer, S)>,
}

impl<S: Send + 'static> BatchWriter<S> {
    pub(crate) fn start(
        engine: impl Engine<S>,
        counters: Arc<Counters>,
    ) -> Result<Self, StoreError> {
        let queue = Arc::new(Queue::new(QUEUE));
        let thread = thread::Builder::new()
            .name("convoke-store".to_owned())
            .spawn({
                let (queue, counters) = (Arc::clone(&queue), Arc::clone(&counters));
                move || run(engine, &queue, &counters)
            })
            .map_err(|error| StoreError::Failed(error.to_string()))?;
        Ok(Self {
            queue,
            counters,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Hands one step to the thread and waits for its answer.
    pub(crate) async fn commit(&self, step: S) -> Answer {
        let (answer, answered) = oneshot::channel();
        self.queue.push(Request { step, answer }).await?;
        match answered.await {
            Ok((answer, _step)) => answer,
            Err(_) => Err(StoreError::Closed.into()),
        }
    }
}

impl<S> BatchWriter<S> {
    /// Takes the steps that wait, and ends the thread.
    pub(crate) fn stop(&self) {
        self.queue.close();
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(thread) = thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the store's writer has panicked");
        }
    }

    pub(crate) fn metrics(&self) -> Metrics {
        Metrics {
            queued: self.queue.len(),
            ..self.counters.read()
        }
    }
}

impl<S> Drop for BatchWriter<S> {
    fn drop(&mut self) {
        self.stop();
    }
}

impl<S> fmt::Debug for BatchWriter<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchWriter")
            .field("metrics", &self.metrics())
            .finish_non_exhaustive()
    }
}

/// Closes the queue when the thread ends, however it ends: nobody waits for an answer in vain.
struct CloseAtEnd<'a, S>(&'a Queue<Request<S>>);

impl<S> Drop for CloseAtEnd<'_, S> {
    fn drop(&mut self) {
        self.0.close();
        let mut rest = Vec::new();
        self.0.take(&mut rest, usize::MAX);
    }
}

fn run<S>(mut engine: impl Engine<S>, queue: &Queue<Request<S>>, counters: &Counters) {
    let _close = CloseAtEnd(queue);
    let mut batch = Vec::with_capacity(MAX_BATCH);
    loop {
        queue.take(&mut batch, MAX_BATCH);
        if batch.is_empty() {
            break;
        }
        let requests = batch.drain(..);
        let (mut steps, askers): (Vec<_>, Vec<_>) = requests
            .map(|request| (request.step, request.answer))
            .unzip();
        let answers = engine.take(&mut steps);
        counters.answered(&answers);
        for ((step, answer), asker) in steps.into_iter().zip(answers).zip(askers) {
            // Who is gone does not want to know.
            let _ = asker.send((answer, step));
        }
        engine.between_batches();
    }
    engine.at_end();
}

/// The same error for every step of a batch.
pub(crate) fn fail_all<S>(steps: &[S], error: &StoreError) -> Vec<Answer> {
    steps.iter().map(|_| Err(error.clone().into())).collect()
}
