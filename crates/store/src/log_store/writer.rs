//! The thread that writes: everything that waits goes to the log together.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use bytes::Bytes;
use tokio::sync::oneshot;

use super::{Shared, documents};
use crate::draft::Draft;
use crate::queue::Queue;
use crate::step::Step;
use crate::{CommitError, StoreError};

/// Most steps that reach the disk together.
const MAX_BATCH: usize = 1024;
/// Most steps that wait; whoever comes then waits outside.
const QUEUE: usize = 4096;

type Answer = Result<(), CommitError>;

#[derive(Debug)]
struct Request {
    step: Step,
    /// The step goes back with the answer: many threads free memory faster than this one.
    answer: oneshot::Sender<(Answer, Step)>,
}

/// The writing side of the store.
#[derive(Debug)]
pub(super) struct Writer {
    queue: Arc<Queue<Request>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    pub(super) fn start(shared: &Arc<Shared>) -> Result<Self, StoreError> {
        let queue = Arc::new(Queue::new(QUEUE));
        let thread = thread::Builder::new()
            .name("convoke-store".to_owned())
            .spawn({
                let (queue, shared) = (Arc::clone(&queue), Arc::clone(shared));
                move || run(&queue, &shared)
            })
            .map_err(|error| StoreError::Failed(error.to_string()))?;
        Ok(Self {
            queue,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Hands one step to the thread and waits for its answer.
    pub(super) async fn commit(&self, step: Step) -> Answer {
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

fn run(queue: &Queue<Request>, shared: &Shared) {
    let _close = CloseAtEnd(queue);
    let mut batch = Vec::with_capacity(MAX_BATCH);
    let mut failure = None;
    loop {
        queue.take(&mut batch, MAX_BATCH);
        if batch.is_empty() {
            break;
        }
        let answers = take_steps(shared, &mut batch, &mut failure);
        shared.counters.answered(&answers);
        for (request, answer) in batch.drain(..).zip(answers) {
            // Who is gone does not want to know.
            let _ = request.answer.send((answer, request.step));
        }
    }
}

/// Takes the steps of a batch; the answers are in the order of the steps.
///
/// Refusals are given out only after the write: they were judged on what it makes true.
/// Once the log has failed nobody knows what is in it, so it is not written to any more.
fn take_steps(
    shared: &Shared,
    batch: &mut [Request],
    failure: &mut Option<StoreError>,
) -> Vec<Answer> {
    if let Some(failure) = failure {
        return fail_all(batch, failure);
    }
    let mut draft = Draft::default();
    let answers = {
        let state = shared.state();
        let steps = batch.iter_mut().map(|request| &mut request.step);
        steps.map(|step| draft.take(&state, step)).collect()
    };
    let records = match documents::records(&mut draft) {
        Ok(records) if records.is_empty() => return answers,
        Ok(records) => records,
        Err(error) => return fail_all(batch, &error),
    };
    let bytes = records.iter().filter_map(|record| record.value.as_ref());
    shared.counters.wrote(bytes.map(Bytes::len).sum());
    let _step = shared.step.lock();
    if let Err(error) = shared.counters.timed(|| shared.log.write(records)) {
        tracing::error!(%error, "the store writes nothing any more until it is opened again");
        let error = StoreError::Stopped(error.to_string());
        *failure = Some(error.clone());
        return fail_all(batch, &error);
    }
    let mut state = shared.state.write().unwrap_or_else(PoisonError::into_inner);
    state.apply(draft);
    answers
}

fn fail_all(batch: &[Request], error: &StoreError) -> Vec<Answer> {
    batch.iter().map(|_| Err(error.clone().into())).collect()
}
