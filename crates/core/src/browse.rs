//! Search handles of one template, kept so that those a query wants are found quickly.
//!
//! A [`Shelf`] keeps handles in chunks of 1,024. What a chunk says of its handles lies in columns, so
//! that a condition is answered for a whole chunk by a few words of bits, and only what is left of
//! all conditions is looked at one by one. A shelf is changed in one place; anybody may keep a
//! [`Catalogue`], the state that it had at one moment. Both share all chunks that did not change.
//!
//! A [`Search`] takes catalogues chunk by chunk and keeps the best handles that it has seen.
//!
//! Not here: who may see what is found, and where sessions are.

mod best;
mod bits;
mod chunk;
mod plan;
mod posts;
mod search;
mod sorted;
mod words;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use self::chunk::{CHUNK, Chunk};
use self::words::Words;
use crate::handle::{Body, Handle};

pub use self::best::Found;
pub use self::plan::Plan;
pub use self::search::{Search, World};

/// All search handles of one template, one for each session.
#[derive(Debug, Default)]
pub struct Shelf {
    chunks: Vec<Arc<Chunk>>,
    /// Where the handle of a session is, by the session's folded key.
    places: HashMap<Arc<str>, usize>,
    /// Places that are free again.
    free: BTreeSet<usize>,
    words: Words,
}

/// What a shelf held at one moment.
#[derive(Debug, Clone, Default)]
pub struct Catalogue(Arc<[Arc<Chunk>]>);

impl Shelf {
    /// Puts a search handle in the place of its session; other handles are not taken.
    pub fn put(&mut self, handle: &Arc<Handle>) {
        let Body::Search {
            attributes,
            title_id,
        } = &handle.body
        else {
            return;
        };
        let key = handle.session_key().folded();
        let known = self.places.get_key_value(key.as_str());
        let (key, place) = if let Some((key, place)) = known {
            (Arc::clone(key), *place)
        } else {
            let key: Arc<str> = key.into();
            let beyond = self.chunks.len() * CHUNK;
            let place = self.free.pop_first().unwrap_or(beyond);
            self.places.insert(Arc::clone(&key), place);
            (key, place)
        };
        if self.chunks.len() * CHUNK <= place {
            self.chunks.push(Arc::default());
            self.free.extend(place + 1..place + CHUNK);
        }
        let chunk = Arc::make_mut(&mut self.chunks[place / CHUNK]);
        let words = &mut self.words;
        chunk.put(place % CHUNK, key, handle, attributes, *title_id, words);
    }

    /// Takes away the handle of a session, by the session's folded key.
    pub fn remove(&mut self, session: &str) {
        let Some(place) = self.places.remove(session) else {
            return;
        };
        Arc::make_mut(&mut self.chunks[place / CHUNK]).remove(place % CHUNK);
        self.free.insert(place);
        // What is free at the end is given up, so that a shelf shrinks again.
        while self.chunks.last().is_some_and(|chunk| chunk.is_empty()) {
            self.chunks.pop();
            let end = self.chunks.len() * CHUNK;
            self.free.split_off(&end);
        }
    }

    /// What it holds now.
    pub fn catalogue(&self) -> Catalogue {
        Catalogue(self.chunks.iter().cloned().collect())
    }

    /// How many handles it holds.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }
}

impl Catalogue {
    /// How many chunks it has.
    pub fn chunks(&self) -> usize {
        self.0.len()
    }

    /// Every handle.
    pub fn handles(&self) -> impl Iterator<Item = &Arc<Handle>> {
        self.0.iter().flat_map(|chunk| chunk.handles())
    }
}
