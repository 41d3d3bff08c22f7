//! Documents that end by themselves, by their keys: activities, and lists of recent players.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use convoke_core::activity::Activity;
use convoke_core::recent_players::RecentPlayers;
use jiff::Timestamp;

/// A document with a key and an end.
pub(crate) trait Ends {
    /// The key, the same for every spelling of it.
    fn key(&self) -> String;

    /// When it is to be forgotten unless it is replaced.
    fn ends(&self) -> Timestamp;
}

impl Ends for Activity {
    fn key(&self) -> String {
        self.key.folded()
    }

    fn ends(&self) -> Timestamp {
        self.ends()
    }
}

impl Ends for RecentPlayers {
    fn key(&self) -> String {
        self.key.folded()
    }

    fn ends(&self) -> Timestamp {
        self.ends()
    }
}

/// What is to be changed, by key; `None` stands for removal.
pub(crate) type Changes<T> = HashMap<Arc<str>, Option<Arc<T>>>;

/// All documents of one kind.
#[derive(Debug)]
pub(crate) struct Ending<T> {
    by_key: HashMap<Arc<str>, Arc<T>>,
    ends: BTreeSet<(Timestamp, Arc<str>)>,
}

impl<T> Default for Ending<T> {
    fn default() -> Self {
        Self {
            by_key: HashMap::new(),
            ends: BTreeSet::new(),
        }
    }
}

impl<T: Ends> Ending<T> {
    pub(crate) fn apply(&mut self, changes: Changes<T>) {
        for (key, next) in changes {
            if let Some(former) = self.by_key.remove(&key) {
                self.ends.remove(&(former.ends(), Arc::clone(&key)));
            }
            if let Some(next) = next {
                self.ends.insert((next.ends(), Arc::clone(&key)));
                self.by_key.insert(key, next);
            }
        }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Arc<T>> {
        self.by_key.get(key)
    }

    /// What is there once some changes are made.
    pub(crate) fn drafted<'a>(&'a self, changes: &'a Changes<T>, key: &str) -> Option<&'a Arc<T>> {
        match changes.get(key) {
            Some(drafted) => drafted.as_ref(),
            None => self.get(key),
        }
    }

    /// Adds to some changes that what is over by then is removed.
    pub(crate) fn forget(&self, changes: &mut Changes<T>, now: Timestamp) {
        for next in changes.values_mut() {
            if next.as_ref().is_some_and(|it| it.ends() <= now) {
                *next = None;
            }
        }
        let ended = self.ends.iter().take_while(|(end, _)| *end <= now);
        for (_, key) in ended {
            changes.entry(Arc::clone(key)).or_insert(None);
        }
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<T>> {
        self.by_key.values()
    }

    /// Compares what is derived with the documents.
    pub(crate) fn verify(&self, what: &str) -> Vec<String> {
        let mut findings = Vec::new();
        for (key, document) in &self.by_key {
            if document.key() != **key {
                findings.push(format!("{what} {key}: stands under the key of another"));
            }
            if !self.ends.contains(&(document.ends(), Arc::clone(key))) {
                findings.push(format!("{what} {key}: its end is not known"));
            }
        }
        if self.ends.len() != self.by_key.len() {
            let (kept, said) = (self.ends.len(), self.by_key.len());
            findings.push(format!(
                "{kept} ends of {what} are kept, the documents have {said}"
            ));
        }
        findings
    }
}
