//! A follower of one session: what it is told next, and when that ends.
//!
//! Nothing waits for it: it looks into the history whenever it has sent what it had. One that reads
//! too slowly for the history is shown the whole session again.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use convoke_wire::RawJson;
use convoke_wire::json_patch::{Operation, diff};
use convoke_wire::session::changes::{
    Change, ChangeId, Departure, EndReason, Snapshot, StreamEnd, StreamEvent,
};
use jiff::Timestamp;

use super::event::{self, KEEP_ALIVE};
use crate::api_error::ApiError;
use crate::caller::mark_banned;
use crate::clock::until;
use crate::history::{Following, News, Record, States, id_of};
use crate::lifetime;
use crate::live::LiveSession;
use crate::metrics::Up;
use crate::routes::sessions::Reading;
use crate::shared::Shared;

/// How long nothing may be sent: proxies give up after a minute or half of one. Ours.
const KEEP_ALIVE_AFTER: Duration = Duration::from_secs(15);

pub(super) struct Follower {
    shared: Arc<Shared>,
    reading: Reading,
    following: Following,
    /// The last change that the reader knows of.
    known: Option<ChangeId>,
    /// What is sent next.
    events: VecDeque<Bytes>,
    is_over: bool,
    end: (Timestamp, EndReason),
    _counted: Up,
}

impl Follower {
    pub(super) fn new(
        shared: Arc<Shared>,
        reading: Reading,
        following: Following,
        known: Option<ChangeId>,
        expires: Timestamp,
    ) -> Self {
        let now = shared.directory.clock.now();
        let (age, token) = (EndReason::Lifetime, EndReason::TokenExpired);
        Self {
            end: lifetime::end(expires, now, age, token),
            _counted: shared.directory.metrics.change_stream_opened(),
            shared,
            reading,
            following,
            known,
            events: VecDeque::new(),
            is_over: false,
        }
    }

    /// What is sent next; none when nothing more is.
    pub(super) async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            if self.is_over {
                return None;
            }
            self.look_or_wait().await;
        }
    }

    async fn look_or_wait(&mut self) {
        let history = Arc::clone(&self.following.history);
        let mut news = pin!(history.news.notified());
        // What happens from here on wakes, even before it is waited for.
        news.as_mut().enable();
        if self.look().await {
            return;
        }
        let directory = Arc::clone(&self.shared.directory);
        let left = until(self.end.0, directory.clock.now());
        if left.is_zero() {
            return self.end(self.end.1, None);
        }
        tokio::select! {
            () = news => {}
            () = directory.realtime.stopping() => self.end(EndReason::Shutdown, None),
            () = directory.clock.sleep(left.min(KEEP_ALIVE_AFTER)) => {
                self.events.push_back(KEEP_ALIVE);
            }
        }
    }

    /// Whether there is something to tell.
    async fn look(&mut self) -> bool {
        let present = self.shared.directory.live.get(&self.reading.key);
        let Some(known) = self.known else {
            self.show(present).await;
            return true;
        };
        let number = present.as_ref().map(|state| id_of(&state.session));
        let number = number.filter(|present| present.branch == known.branch);
        match self.following.history.since(known, number) {
            News::Nothing => return false,
            News::Changes(records) => {
                for record in &records {
                    self.tell(record).await;
                }
            }
            News::TooMuch => self.show(present).await,
        }
        true
    }

    /// Shows the session as it is.
    async fn show(&mut self, present: Option<Arc<LiveSession>>) {
        let history = Arc::clone(&self.following.history);
        let Some(state) = present.filter(|_| !history.is_over()) else {
            return self.end(EndReason::SessionEnded, None);
        };
        if !self.may_read(&state, None).await {
            return;
        }
        let id = id_of(&state.session);
        let records = history.records().into_iter();
        let until_now = records.filter(|it| it.id.change_number <= id.change_number);
        let snapshot = Snapshot {
            changes: until_now.map(|record| Record::told(&record)).collect(),
            session: Some(RawJson::parse(text(&self.body(&state))).expect("a document")),
        };
        self.events
            .push_back(event::text(StreamEvent::Snapshot, Some(id), &snapshot));
        self.known = Some(id);
    }

    /// Tells of one change, unless the stream has ended with one before.
    async fn tell(&mut self, record: &Record) {
        if self.is_over {
            return;
        }
        let states = record.states.as_ref();
        let after = states.and_then(|states| states.after.as_ref());
        if let Some(after) = after
            && !self.may_read(after, Some(record)).await
        {
            return;
        }
        let change = Change {
            patch: states.and_then(|states| self.patch(states)),
            ..record.told()
        };
        self.events
            .push_back(event::text(StreamEvent::Change, Some(record.id), &change));
        self.known = Some(record.id);
        if change.ended.is_some() {
            self.end(EndReason::SessionEnded, None);
        }
    }

    /// Whether the reader may read a state; if not, the stream ends.
    async fn may_read(&mut self, state: &LiveSession, change: Option<&Record>) -> bool {
        let reading = &mut self.reading;
        // Who has been banned meanwhile reads no further.
        let configs = self.shared.catalogue.current();
        if let Some(config) = configs.get(&reading.key.reference.scid) {
            mark_banned(config, &mut reading.caller);
        }
        match self.reading.check(&self.shared, &state.session).await {
            Ok(()) => return true,
            Err(ApiError::Unavailable(_) | ApiError::People(_)) => {
                self.end(EndReason::Unavailable, None);
            }
            Err(_) => {
                let departure = change.and_then(|record| self.own_departure(record));
                self.end(EndReason::AccessLost, departure);
            }
        }
        false
    }

    /// The reader's own departure with a change.
    fn own_departure(&self, record: &Record) -> Option<Departure> {
        let own = self.reading.viewer.xuid?;
        let departures = record.departures.as_deref()?;
        let mut members = departures.members.iter();
        members.find(|member| member.xuid == own).copied()
    }

    fn patch(&self, states: &States) -> Option<Vec<Operation>> {
        let (before, after) = (states.before.as_ref()?, states.after.as_ref()?);
        let (before, after) = (self.body(before), self.body(after));
        Some(diff(text(&before), text(&after)).expect("documents are JSON"))
    }

    /// The document as the reader is shown it.
    fn body(&self, state: &LiveSession) -> Bytes {
        let viewer = self.reading.viewer;
        state.body_to_keep(viewer.xuid, viewer.contract)
    }

    fn end(&mut self, reason: EndReason, departure: Option<Departure>) {
        let end = StreamEnd { reason, departure };
        self.events
            .push_back(event::text(StreamEvent::End, None, &end));
        self.is_over = true;
    }
}

fn text(document: &Bytes) -> &str {
    std::str::from_utf8(document).expect("documents are UTF-8")
}
