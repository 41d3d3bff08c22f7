//! The search handles of all sessions, found by what they say: the index for session browse.
//!
//! It is made of the store when the service starts, and follows every commit. There is a shelf for
//! each template of a sandbox. Who reads takes the catalogue that was published last, and keeps
//! nobody waiting; who writes waits for other writers of the same template only.

pub mod scan;

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use convoke_core::browse::{Catalogue, Shelf};
use convoke_core::handle::Handle;
use convoke_core::session::Session;
use convoke_store::HandleOp;
use convoke_wire::{HandleId, Sandbox, Scid, SessionKey, TemplateName};

/// All shelves.
#[derive(Debug, Default)]
pub(crate) struct Browse {
    shelves: papaya::HashMap<ShelfKey, Arc<Place>>,
}

/// Whose handles a shelf has.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct ShelfKey {
    pub(crate) sandbox: Sandbox,
    pub(crate) scid: Scid,
    pub(crate) template: TemplateName,
}

#[derive(Debug, Default)]
struct Place {
    shelf: Mutex<Shelf>,
    published: ArcSwap<Catalogue>,
}

impl Browse {
    /// Puts the search handle of a session that is read from the store.
    pub(crate) fn restore(&self, handle: &Arc<Handle>) {
        let place = self.place(&handle.session_key());
        place.shelf().put(handle);
    }

    /// Shows what was restored.
    pub(crate) fn publish_restored(&self) {
        for place in self.shelves.pin().values() {
            let catalogue = place.shelf().catalogue();
            place.published.store(Arc::new(catalogue));
        }
    }

    /// Follows a commit: `handle` is the search handle that the session has now.
    pub(crate) fn set(&self, session: &SessionKey, handle: Option<&Arc<Handle>>) {
        let place = self.place(session);
        let mut shelf = place.shelf();
        match handle {
            Some(handle) => shelf.put(handle),
            None => shelf.remove(&session.folded()),
        }
        // Published under the lock, or an older catalogue could come to stand over a newer one.
        place.published.store(Arc::new(shelf.catalogue()));
    }

    /// The catalogues of a sandbox, of one service configuration or template where that is given.
    pub(crate) fn catalogues(
        &self,
        sandbox: &Sandbox,
        scid: Option<&Scid>,
        template: Option<&TemplateName>,
    ) -> Vec<(ShelfKey, Arc<Catalogue>)> {
        let shelves = self.shelves.pin();
        if let (Some(scid), Some(template)) = (scid, template) {
            let key = ShelfKey {
                sandbox: sandbox.clone(),
                scid: scid.clone(),
                template: template.clone(),
            };
            let place = shelves.get(&key);
            let catalogue = place.map(|place| place.published.load_full());
            return catalogue.map(|it| (key, it)).into_iter().collect();
        }
        let wanted = |key: &&ShelfKey| {
            key.sandbox == *sandbox
                && scid.is_none_or(|scid| key.scid == *scid)
                && template.is_none_or(|template| key.template == *template)
        };
        let all = shelves.iter().filter(|(key, _)| wanted(key));
        all.map(|(key, place)| (key.clone(), place.published.load_full()))
            .collect()
    }

    /// How many handles there are on all shelves.
    pub(crate) fn len(&self) -> usize {
        let shelves = self.shelves.pin();
        shelves.values().map(|place| place.shelf().len()).sum()
    }

    fn place(&self, session: &SessionKey) -> Arc<Place> {
        let key = ShelfKey {
            sandbox: session.sandbox.clone(),
            scid: session.reference.scid.clone(),
            template: session.reference.template_name.clone(),
        };
        let shelves = self.shelves.pin();
        Arc::clone(shelves.get_or_insert_with(key, Arc::default))
    }
}

impl Place {
    fn shelf(&self) -> std::sync::MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How the search handle of a session changes.
#[derive(Debug)]
pub(crate) enum Change {
    /// It does not.
    None,
    /// There is none any more.
    Gone,
    /// There is another one.
    Put(Arc<Handle>),
}

impl Change {
    /// What a step does to it.
    pub(crate) fn of(old: Option<&Session>, new: Option<&Session>, ops: &[HandleOp]) -> Self {
        let id = |session: Option<&Session>| session.and_then(|session| session.search_handle);
        match (id(old), id(new)) {
            (before, after) if before == after => Self::None,
            (_, None) => Self::Gone,
            (_, Some(id)) => put_by(ops, id).map_or(Self::None, Self::Put),
        }
    }
}

fn put_by(ops: &[HandleOp], id: HandleId) -> Option<Arc<Handle>> {
    ops.iter().find_map(|op| match op {
        HandleOp::Put(handle) if handle.id == id => Some(Arc::clone(handle)),
        _ => None,
    })
}
