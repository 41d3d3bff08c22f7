//! Live sessions, decoded and rendered, beside the store.
//!
//! Every session of the store is here, so a session that is not here does not exist.
//! Reads take no lock: they load a shared state that the last commit published.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex as StdMutex, OnceLock, PoisonError};

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use convoke_core::contract::render;
use convoke_core::handle::query::Include;
use convoke_core::session::{Groups, Session, next_timer};
use convoke_wire::etag::ETag;
use convoke_wire::{ContractVersion, SessionKey, Xuid};
use jiff::Timestamp;
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::history::History;

/// Bytes that most documents fit in.
const USUAL_BYTES: usize = 4096;

/// One committed state of a session.
#[derive(Debug)]
pub struct LiveSession {
    /// The document.
    pub session: Arc<Session>,
    /// Its validator.
    pub etag: ETag,
    /// When it will change by itself.
    pub next_timer: Option<Timestamp>,
    /// What readers were shown, per contract version, 104 to 107.
    rendered: [OnceLock<Bytes>; 4],
    /// How its search handle was shown first.
    listed: OnceLock<Box<Listed>>,
}

/// The document of a session's search handle.
#[derive(Debug)]
struct Listed {
    include: Include,
    readable: bool,
    text: Bytes,
}

impl LiveSession {
    /// A state as it was just committed, or would be.
    pub fn new(session: Arc<Session>) -> Self {
        Self {
            etag: session.etag(),
            next_timer: next_timer(&session),
            rendered: Default::default(),
            listed: OnceLock::new(),
            session,
        }
    }

    /// Whether time has something to do to this state.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.next_timer.is_some_and(|due| due <= now)
    }

    /// The document's bytes for a viewer.
    ///
    /// A writer is shown most states once, so nothing is kept for the next.
    pub fn body(&self, viewer: Option<Xuid>, contract: ContractVersion) -> Bytes {
        let kept = self.rendered[slot(contract)].get().cloned();
        kept.unwrap_or_else(|| self.render(viewer, contract).into())
    }

    /// The same, kept for the next reader where all viewers see the same.
    pub fn body_to_keep(&self, viewer: Option<Xuid>, contract: ContractVersion) -> Bytes {
        if !render::is_same_for_all(&self.session) {
            return self.render(viewer, contract).into();
        }
        let rendered = &self.rendered[slot(contract)];
        let exact = || self.render(viewer, contract).into_boxed_slice().into();
        rendered.get_or_init(exact).clone()
    }

    /// The document of its search handle, kept for the next query that includes the same, which
    /// most do; `render` must depend on nothing else.
    pub(crate) fn listed(
        &self,
        include: Include,
        readable: bool,
        render: impl Fn() -> Vec<u8>,
    ) -> Bytes {
        let first = self.listed.get_or_init(|| {
            let text = render().into_boxed_slice().into();
            Box::new(Listed {
                include,
                readable,
                text,
            })
        });
        if (first.include, first.readable) == (include, readable) {
            return first.text.clone();
        }
        render().into()
    }

    fn render(&self, viewer: Option<Xuid>, contract: ContractVersion) -> Vec<u8> {
        let document = render::session(&self.session, viewer, contract);
        let mut text = Vec::with_capacity(USUAL_BYTES);
        serde_json::to_writer(&mut text, &document).expect("documents have text keys only");
        text
    }
}

/// The document of a state, where there is one.
pub fn session_of(state: Option<&Arc<LiveSession>>) -> Option<&Session> {
    state.map(|state| &*state.session)
}

/// The place of a contract version among all.
fn slot(contract: ContractVersion) -> usize {
    usize::from(contract.number() - ContractVersion::V104.number())
}

/// The place of one session: its published state, and the right to change it.
#[derive(Debug, Default)]
pub struct Slot {
    state: ArcSwapOption<LiveSession>,
    writer: Arc<Mutex<()>>,
    history: StdMutex<Option<Arc<History>>>,
    /// Of a large session that is gameplay.
    groups: StdMutex<Option<Box<Groups>>>,
    /// Whether this is the place of no session any more. Set by whoever may change it.
    is_given_up: AtomicBool,
}

impl Slot {
    /// The published state.
    pub fn state(&self) -> Option<Arc<LiveSession>> {
        self.state.load_full()
    }

    /// The history of the session, which begins now if it has none.
    fn history(&self) -> Arc<History> {
        let mut history = self.history.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(history.get_or_insert_default())
    }
}

/// The right to change one session; one holder at a time.
#[derive(Debug)]
pub struct Exclusive {
    live: Arc<LiveSessions>,
    slot: Arc<Slot>,
    key: String,
    _guard: OwnedMutexGuard<()>,
}

impl Exclusive {
    /// The state that changes start from.
    pub fn state(&self) -> Option<Arc<LiveSession>> {
        self.slot.state()
    }

    /// Publishes a committed state.
    pub fn publish(&self, state: Option<Arc<LiveSession>>) {
        self.slot.state.store(state);
    }

    /// The history of the session.
    pub(crate) fn history(&self) -> Arc<History> {
        self.slot.history()
    }

    /// The session is gone: another of the same name has a history of its own.
    pub(crate) fn end_history(&self) {
        let history = &self.slot.history;
        *history.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.forget_groups();
    }

    /// Does something with the groups of the session; those of its present state, `before`, where
    /// nothing is known of them.
    pub(crate) fn with_groups<T>(
        &self,
        before: Option<&Session>,
        act: impl FnOnce(&mut Groups) -> T,
    ) -> T {
        let groups = &self.slot.groups;
        let mut groups = groups.lock().unwrap_or_else(PoisonError::into_inner);
        let present = || Box::new(before.map(Groups::of).unwrap_or_default());
        act(groups.get_or_insert_with(present))
    }

    /// What the groups were is not known any more.
    pub(crate) fn forget_groups(&self) {
        let groups = &self.slot.groups;
        *groups.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// With the right to change a session that does not exist, its place is given up.
impl Drop for Exclusive {
    fn drop(&mut self) {
        if self.slot.state.load().is_none() {
            self.slot.is_given_up.store(true, Ordering::Release);
            self.live.slots.pin().remove(&self.key);
        }
    }
}

/// All live sessions.
#[derive(Debug, Default)]
pub struct LiveSessions {
    slots: papaya::HashMap<String, Arc<Slot>>,
}

impl LiveSessions {
    /// The published state of a session.
    pub fn get(&self, key: &SessionKey) -> Option<Arc<LiveSession>> {
        self.get_folded(&key.folded())
    }

    /// The same by the key's folded text.
    pub fn get_folded(&self, key: &str) -> Option<Arc<LiveSession>> {
        self.slots.pin().get(key).and_then(|slot| slot.state())
    }

    /// The history of a session that exists.
    pub(crate) fn history(&self, key: &SessionKey) -> Option<Arc<History>> {
        let slots = self.slots.pin();
        let slot = slots.get(&key.folded())?;
        let history = slot.history();
        slot.state().map(|_| history)
    }

    /// Waits for the right to change a session, existing or not.
    pub async fn lock(self: &Arc<Self>, key: &SessionKey) -> Exclusive {
        let key = key.folded();
        loop {
            let slot = self.slot(&key);
            let guard = Arc::clone(&slot.writer).lock_owned().await;
            // A deleted session's place is given up, perhaps while this waited for it.
            if !slot.is_given_up.load(Ordering::Acquire) {
                return Exclusive {
                    live: Arc::clone(self),
                    slot,
                    key,
                    _guard: guard,
                };
            }
        }
    }

    /// The place of a session, which is made if there is none.
    fn slot(&self, key: &str) -> Arc<Slot> {
        let slots = self.slots.pin();
        let slot = slots.get(key);
        Arc::clone(slot.unwrap_or_else(|| slots.get_or_insert_with(key.to_owned(), Arc::default)))
    }

    /// Puts a stored session into its place when the service starts.
    pub fn insert(&self, key: &SessionKey, state: LiveSession) {
        let slot = Slot::default();
        slot.state.store(Some(Arc::new(state)));
        self.slots.pin().insert(key.folded(), Arc::new(slot));
    }

    /// How many sessions there are, places of vanishing ones included.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }
}
