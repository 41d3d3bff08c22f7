//! One search: catalogues in, the best handles out.

use std::sync::Arc;

use convoke_wire::Xuid;

use super::Catalogue;
use super::best::{Best, Candidate, Found};
use super::bits::Bits;
use super::chunk::Chunk;
use super::plan::Plan;
use crate::filter::{Direction, OrderKey, Rank, Subject, TimeField};
use crate::handle::query::session_owners;
use crate::session::Session;

/// What a search looks up.
pub trait World {
    /// The present state of a session, by its folded key.
    fn session(&self, key: &str) -> Option<Arc<Session>>;

    /// Whether the caller follows a user.
    fn follows(&self, user: Xuid) -> bool;
}

/// A search that is going on.
///
/// Where sessions decide only what is left out, they are not looked at before [`Search::holds`]:
/// most of the handles that match are never shown.
#[derive(Debug)]
pub struct Search<'a> {
    plan: &'a Plan<'a>,
    best: Best<'a>,
}

impl<'a> Search<'a> {
    /// A search for so many of the best handles.
    pub fn new(plan: &'a Plan<'a>, most: usize) -> Self {
        // Without an order the newest come first, which is one by their time.
        let direction = plan.order.map_or(Direction::Descending, |it| it.direction);
        Self {
            plan,
            best: Best::new(most, direction),
        }
    }

    /// Looks at some chunks of a catalogue.
    pub fn look(
        &mut self,
        catalogue: &'a Catalogue,
        chunks: std::ops::Range<usize>,
        world: &impl World,
    ) {
        for chunk in catalogue.0.get(chunks).into_iter().flatten() {
            self.look_at(chunk, world);
        }
    }

    fn look_at(&mut self, chunk: &'a Chunk, world: &impl World) {
        let plan = self.plan;
        let newest = OrderKey::Time(TimeField::PostedTime);
        let ranks = chunk.ranks(plan.order.map_or(&newest, |order| &order.key));
        let by_session = plan.orders_by_session();
        let selected = [0, 1].map(|index| match plan.alternatives.get(index) {
            None => Bits::default(),
            Some(list) if by_session => list.select(chunk, |left| left),
            Some(list) => list.select(chunk, |left| self.best.hopeful(left, ranks)),
        });
        for place in (selected[0] | selected[1]).iter() {
            let alternatives =
                u8::from(selected[0].has(place)) | u8::from(selected[1].has(place)) << 1;
            let mut candidate = Candidate {
                rank: None,
                chunk,
                place,
                alternatives,
            };
            if by_session {
                self.offer_by_session(candidate, world);
            } else {
                candidate.rank = ranks.get(place);
                self.best.offer(candidate);
            }
        }
    }

    /// Sessions have to be looked at anyway, so what they decide is decided first.
    fn offer_by_session(&mut self, mut candidate: Candidate<'a>, world: &impl World) {
        let post = candidate.post();
        let Some(session) = world.session(&post.session) else {
            return;
        };
        let Some(subject) = Subject::new(&post.handle, &session) else {
            return;
        };
        if holds(self.plan, &subject, candidate.alternatives) {
            candidate.rank = self.rank(&subject, world);
            self.best.offer(candidate);
        }
    }

    fn rank(&self, subject: &Subject<'_>, world: &impl World) -> Option<Rank> {
        let order = self.plan.order?;
        let followed = order.key == OrderKey::SuggestedLfg
            && session_owners(subject.handle(), subject.session())
                .into_iter()
                .any(|owner| world.follows(owner));
        order.rank(subject, followed)
    }

    /// Whether what the filter says of sessions holds of a handle that was found.
    pub fn holds(plan: &Plan<'_>, found: &Found, session: &Session) -> bool {
        let subject = Subject::new(&found.handle, session);
        subject.is_some_and(|subject| holds(plan, &subject, found.alternatives))
    }

    /// How many more handles may match than could be kept; none where all were kept.
    pub fn dropped(&self) -> usize {
        self.best.dropped()
    }

    /// What was found, in its order.
    pub fn found(self) -> impl ExactSizeIterator<Item = Found> + use<'a> {
        self.best.into_sorted()
    }
}

fn holds(plan: &Plan<'_>, subject: &Subject<'_>, alternatives: u8) -> bool {
    let lists = plan.alternatives.iter().enumerate();
    let mut open = lists.filter(|(index, _)| alternatives >> index & 1 == 1);
    open.any(|(_, list)| list.of_session.iter().all(|term| term.holds(subject)))
}
