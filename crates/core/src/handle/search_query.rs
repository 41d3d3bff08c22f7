//! Queries for search handles: what a request asks for, and which sessions it may be shown.
//!
//! Not here: the filter language, and how handles are found.

use convoke_wire::Xuid;
use convoke_wire::handle::{HandleOwners, HandleQuery};
use convoke_wire::session::constants::Visibility;
use jiff::Timestamp;

use super::query::{Asking, Owners};
use crate::caller::Caller;
use crate::filter::{self, Filter, OrderBy, OrderKey};
use crate::limits::MAX_QUERY;
use crate::refusal::{Refusal, Rule};
use crate::session::Session;

/// The word by which a session says that its search handle is for everybody. `[wild]`
const FOR_EVERYBODY: &str = "xboxlive";

/// What a query for search handles asks for (2.1).
#[derive(Debug)]
pub struct SearchQuery {
    /// Which handles.
    pub filter: Option<Filter>,
    /// In which order; newest first without one.
    pub order: Option<OrderBy>,
    /// Only sessions that one of these users has come to.
    pub members: Option<Owners>,
    /// Only sessions that one of these users owns.
    pub owners: Option<Owners>,
    /// Only sessions whose owners may all communicate with the caller.
    pub communicates: bool,
    /// Also sessions that are scheduled for later.
    pub scheduled: bool,
    /// Only sessions with an owner whom the caller follows.
    pub followed: bool,
}

impl SearchQuery {
    /// Checks what a request asks for.
    pub fn read(query: &HandleQuery, asking: &Asking<'_>) -> Result<Self, Refusal> {
        if query.scid.is_none() && query.template_name.is_none() && query.filter.is_none() {
            let detail = "expected at least one of `scid`, `templateName` and `filter`";
            return Err(Rule::BadQuery.at("", detail));
        }
        let users = |users: &Option<HandleOwners>, path: &str| match users {
            None => Ok(None),
            // They need not have come as `xuids`, so the path ends before that.
            Some(HandleOwners {
                xuids: Some(xuids), ..
            }) if MAX_QUERY < xuids.len() => {
                let detail = format!("at most {MAX_QUERY} users, found {}", xuids.len());
                Err(Rule::BadQuery.at(path, detail))
            }
            Some(users) => asking.users(users, path),
        };
        Ok(Self {
            filter: query.filter.as_deref().map(read_filter).transpose()?,
            order: query.order_by.as_deref().map(read_order).transpose()?,
            members: users(&query.session_members, "sessionMembers")?,
            owners: users(&query.session_owners, "sessionOwners")?,
            communicates: query.communicate_permission_required == Some(true),
            scheduled: query.include_scheduled == Some(true),
            followed: query.followed == Some(true),
        })
    }

    /// Whether the order depends on whom the caller follows.
    pub fn orders_by_people(&self) -> bool {
        let key = self.order.as_ref().map(|order| &order.key);
        key == Some(&OrderKey::SuggestedLfg)
    }

    /// Whether anybody is shown the session: it is not private (Q10), and not for later.
    pub fn shows(&self, session: &Session, now: Timestamp) -> bool {
        let later = filter::scheduled(session).is_some_and(|time| now < time);
        session.constants.visibility() != Visibility::Private && (self.scheduled || !later)
    }
}

fn read_filter(text: &str) -> Result<Filter, Refusal> {
    Filter::parse(text).map_err(|error| Rule::BadFilter.at("filter", error.to_string()))
}

fn read_order(text: &str) -> Result<OrderBy, Refusal> {
    OrderBy::parse(text).map_err(|error| Rule::BadOrder.at("orderBy", error.to_string()))
}

/// Whether the session's search handle is shown to members and their followers only (S17).
pub fn is_for_followers(session: &Session, caller: &Caller) -> bool {
    let said = session.properties.search_handle_visibility.as_deref();
    let restricted = said.is_some_and(|word| !word.eq_ignore_ascii_case(FOR_EVERYBODY));
    let inside = |xuid: Xuid| session.member_of(xuid).is_some();
    restricted && !caller.server && !caller.xuid().is_some_and(inside)
}
