//! Words that many handles have, kept once.

use std::collections::HashSet;
use std::sync::Arc;

/// Words in use. Those that come often cost no memory of their own in each chunk, and what is
/// compared with them is read once.
#[derive(Debug, Default)]
pub(super) struct Words {
    known: HashSet<Arc<str>>,
    /// How many there may be before those that nobody uses any more are forgotten.
    most: usize,
}

impl Words {
    /// The word that reads so.
    pub(super) fn get(&mut self, text: &str) -> Arc<str> {
        if let Some(word) = self.known.get(text) {
            return Arc::clone(word);
        }
        if self.most <= self.known.len() {
            self.known.retain(|word| 1 < Arc::strong_count(word));
            self.most = 2 * self.known.len().max(512);
        }
        let word: Arc<str> = text.into();
        self.known.insert(Arc::clone(&word));
        word
    }
}
