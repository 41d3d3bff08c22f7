//! The plainest way to answer a query for search handles: look at each of them. It is what the
//! index is measured against, and serves nobody.

use std::cmp::Ordering;
use std::sync::Arc;

use convoke_core::contract::read;
use convoke_core::filter::{Subject, newest_first};
use convoke_core::handle::query::{self, Asking, Include};
use convoke_core::handle::search_query::SearchQuery;
use convoke_core::handle::{Body, Handle};
use convoke_core::session::apply::Target;
use convoke_core::session::{Facts, Session, apply};
use convoke_core::template::Template;
use convoke_core::{Caller, Entropy, Refusal, Rule, User};
use convoke_wire::handle::{HandleQuery, HandleResults, SearchAttributes};
use convoke_wire::{RawJson, Sandbox, SessionRef, TitleId, Xuid};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

/// Search handles in a list.
#[derive(Debug)]
pub struct Scan {
    handles: Vec<(Arc<Handle>, Arc<Session>)>,
}

impl Scan {
    /// Handles of sessions of a template with one member each, one second younger than the last.
    pub fn of(
        template: &str,
        posts: impl IntoIterator<Item = (SessionRef, SearchAttributes)>,
    ) -> Result<Self, Refusal> {
        let template = Template::new(read::document(template.as_bytes())?)?;
        let mut now = Timestamp::UNIX_EPOCH;
        let mut handles = Vec::new();
        for (number, (reference, attributes)) in (1..).zip(posts) {
            now += SignedDuration::from_secs(1);
            let session = session(&template, &reference, now)?;
            let body = Body::Search {
                attributes: Arc::new(attributes),
                title_id: Some(TitleId(1)),
            };
            let handle = Handle {
                id: Uuid::from_u128(number),
                sandbox: Sandbox::default(),
                session: reference,
                created: now,
                expires: None,
                creator: Some(OWNER),
                body,
            };
            handles.push((Arc::new(handle), Arc::new(session)));
        }
        Ok(Self { handles })
    }

    /// Answers a query, with the session's information as XSAPI asks for it.
    pub fn answer(&self, body: &[u8]) -> Result<HandleResults, Refusal> {
        let wanted: HandleQuery = read::document(body)?;
        let caller = Caller::default();
        let asking = Asking {
            caller: &caller,
            own: &[],
            reads_people: false,
        };
        let SearchQuery { filter, order, .. } = SearchQuery::read(&wanted, &asking)?;
        let take = query::take(Rule::BadQuery, wanted.take, None)?;
        let mut found = Vec::new();
        for (handle, session) in &self.handles {
            let Some(subject) = Subject::new(handle, session) else {
                continue;
            };
            if filter
                .as_ref()
                .is_none_or(|filter| filter.matches(&subject))
            {
                let rank = order.as_ref().and_then(|order| order.rank(&subject, false));
                found.push((rank, handle, session));
            }
        }
        found.sort_by(|(one, this, _), (other, that, _)| {
            let ranked = order.as_ref().map_or(Ordering::Equal, |order| {
                order.direction.compare(one.as_ref(), other.as_ref())
            });
            ranked.then_with(|| newest_first(this, that))
        });
        let include = Include::parse("relatedInfo,roleInfo,customProperties");
        let results = found.into_iter().take(take).map(|(_, handle, session)| {
            let mut shown = query::document(handle, RawJson::empty_object());
            query::include(&mut shown, handle, Some(session), include, true);
            shown
        });
        Ok(HandleResults {
            results: results.collect(),
        })
    }
}

const OWNER: Xuid = Xuid(1001);

fn session(
    template: &Template,
    reference: &SessionRef,
    now: Timestamp,
) -> Result<Session, Refusal> {
    let change =
        read::session_change(br#"{"members":{"me":{"properties":{"system":{"active":true}}}}}"#)?;
    let caller = Caller {
        user: Some(User {
            xuid: OWNER,
            gamertag: None,
            multiplayer: true,
            banned: false,
        }),
        server: false,
        title_id: Some(TitleId(1)),
        device_id: None,
        title_unproven: false,
    };
    let target = Target::Missing(reference);
    let branch = Uuid::nil();
    let outcome = apply(
        target,
        template,
        &change,
        &caller,
        Facts::default(),
        now,
        Entropy { branch },
    )?;
    let missing =
        || Rule::HandleSessionMissing.at("", "the template makes no session of one member");
    outcome.session.ok_or_else(missing)
}
