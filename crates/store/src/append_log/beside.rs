//! Work that a thread of its own does beside the writer.

use std::thread::{self, JoinHandle};

use crate::StoreError;

/// A thread, and what it comes to.
#[derive(Debug)]
pub(super) struct Beside<T> {
    thread: JoinHandle<Result<T, StoreError>>,
}

impl<T: Send + 'static> Beside<T> {
    pub(super) fn start(
        name: &str,
        work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
    ) -> Result<Self, StoreError> {
        let thread = thread::Builder::new().name(name.to_owned()).spawn(work);
        let thread = thread.map_err(|error| StoreError::Failed(error.to_string()))?;
        Ok(Self { thread })
    }

    /// Whether waiting for the end takes no time.
    pub(super) fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }

    /// Waits for the end.
    pub(super) fn end(self) -> Result<T, StoreError> {
        let panicked = |_| Err(StoreError::Failed("its thread has panicked".to_owned()));
        self.thread.join().unwrap_or_else(panicked)
    }
}
