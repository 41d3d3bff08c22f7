//! The handles of a chunk, by place.

use std::sync::Arc;

use super::bits::Bits;
use crate::handle::Handle;

/// Handles in a block, which is what is copied when one of them changes.
const BLOCK: usize = 64;

/// One handle, and the folded key of its session.
#[derive(Debug, Clone)]
pub(super) struct Post {
    pub(super) session: Arc<str>,
    pub(super) handle: Arc<Handle>,
}

/// Handles by place.
#[derive(Debug, Clone, Default)]
pub(super) struct Posts {
    present: Bits,
    blocks: Vec<Arc<Vec<Option<Post>>>>,
}

impl Posts {
    pub(super) fn present(&self) -> Bits {
        self.present
    }

    pub(super) fn get(&self, place: usize) -> Option<&Post> {
        self.blocks.get(place / BLOCK)?.get(place % BLOCK)?.as_ref()
    }

    pub(super) fn put(&mut self, place: usize, post: Post) {
        let (block, within) = (place / BLOCK, place % BLOCK);
        if self.blocks.len() <= block {
            self.blocks.resize_with(block + 1, Arc::default);
        }
        let block = Arc::make_mut(&mut self.blocks[block]);
        if block.is_empty() {
            block.resize_with(BLOCK, || None);
        }
        block[within] = Some(post);
        self.present.set(place);
    }

    pub(super) fn remove(&mut self, place: usize) {
        if self.present.has(place) {
            Arc::make_mut(&mut self.blocks[place / BLOCK])[place % BLOCK] = None;
            self.present.clear(place);
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Post> {
        self.blocks.iter().flat_map(|block| block.iter().flatten())
    }

    /// The places among some whose handle is wanted.
    pub(super) fn select(&self, within: Bits, is_wanted: impl Fn(&Post) -> bool) -> Bits {
        let wanted = |place: &usize| self.get(*place).is_some_and(&is_wanted);
        within.iter().filter(wanted).collect()
    }
}
