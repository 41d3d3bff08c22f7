//! Writing to the log: everything that waits goes to it together.

use std::sync::{Arc, PoisonError};

use bytes::Bytes;

use super::{Shared, documents};
use crate::StoreError;
use crate::batch_writer::{Answer, Engine, fail_all};
use crate::draft::Draft;
use crate::step::Step;

/// Brings steps to the log, and then makes them true in memory.
#[derive(Debug)]
pub(super) struct LogEngine {
    shared: Arc<Shared>,
    /// Once the log has failed nobody knows what is in it, so it is not written to any more.
    failure: Option<StoreError>,
}

impl LogEngine {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            failure: None,
        }
    }
}

impl Engine<Step> for LogEngine {
    /// Refusals are given out only after the write: they were judged on what it makes true.
    fn take(&mut self, steps: &mut [Step]) -> Vec<Answer> {
        if let Some(failure) = &self.failure {
            return fail_all(steps, failure);
        }
        let shared = &*self.shared;
        let mut draft = Draft::default();
        let answers = {
            let state = shared.state();
            let drafted = steps.iter_mut().map(|step| draft.take(&state, step));
            drafted.collect()
        };
        let records = match documents::records(&mut draft, &shared.state()) {
            Ok(records) if records.is_empty() => return answers,
            Ok(records) => records,
            Err(error) => return fail_all(steps, &error),
        };
        let bytes = records.iter().filter_map(|record| record.value.as_ref());
        shared.counters.wrote(bytes.map(Bytes::len).sum());
        let _step = shared.step.lock();
        if let Err(error) = shared.counters.timed(|| shared.log.write(records)) {
            tracing::error!(%error, "the store writes nothing any more until it is opened again");
            let error = StoreError::Stopped(error.to_string());
            let answers = fail_all(steps, &error);
            self.failure = Some(error);
            return answers;
        }
        let mut state = shared.state.write().unwrap_or_else(PoisonError::into_inner);
        state.apply(draft);
        answers
    }
}
