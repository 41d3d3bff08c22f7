//! Work that a thread of its own does beside the writer.

use std::sync::Arc;
use std::thread::{self, JoinHandle};

use super::pace::Pace;
use crate::StoreError;

/// A thread, and what it comes to.
#[derive(Debug)]
pub(super) struct Beside<T> {
    thread: JoinHandle<Result<T, StoreError>>,
    pace: Arc<Pace>,
}

impl<T: Send + 'static> Beside<T> {
    pub(super) fn start(
        name: &str,
        work: impl FnOnce(&Pace) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<Self, StoreError> {
        let pace = Arc::new(Pace::gentle());
        let thread = thread::Builder::new().name(name.to_owned()).spawn({
            let pace = Arc::clone(&pace);
            move || work(&pace)
        });
        let thread = thread.map_err(|error| StoreError::Failed(error.to_string()))?;
        Ok(Self { thread, pace })
    }

    /// What the work goes by.
    pub(super) fn pace(&self) -> &Pace {
        &self.pace
    }

    /// Whether waiting for the end takes no time.
    pub(super) fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }

    /// Waits for the end.
    pub(super) fn end(self) -> Result<T, StoreError> {
        self.pace.hurry();
        self.join()
    }

    /// Waits for an end that may come before the work is done.
    pub(super) fn give_up(self) -> Result<T, StoreError> {
        self.pace.give_up();
        self.join()
    }

    fn join(self) -> Result<T, StoreError> {
        let panicked = |_| Err(StoreError::Failed("its thread has panicked".to_owned()));
        self.thread.join().unwrap_or_else(panicked)
    }
}
