//! Handles in answers: the document of one, what it tells of its session, and queries for many.

use convoke_wire::handle::{
    ActivityInfo, Handle as WireHandle, HandleOwners, HandleQuery, RelatedInfo, RoleInfo,
};
use convoke_wire::session::constants::Visibility;
use convoke_wire::session::properties::Restriction;
use convoke_wire::{RawJson, Xuid};

use super::{Body, Handle};
use crate::caller::Caller;
use crate::contract::render;
use crate::limits::MAX_QUERY;
use crate::refusal::{Refusal, Rule};
use crate::session::query::shows_as;
use crate::session::{Session, owners};

/// What a request wants to know beside the handle itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Include {
    /// `relatedInfo`.
    pub related_info: bool,
    /// `customProperties`.
    pub custom_properties: bool,
    /// `roleInfo`.
    pub role_info: bool,
    /// `activityInfo`.
    pub activity_info: bool,
    /// `session`.
    pub session: bool,
}

impl Include {
    /// Reads a comma-separated list; unknown words mean nothing. `[client]`
    pub fn parse(list: &str) -> Self {
        let has = |word: &str| list.split(',').any(|w| w.trim().eq_ignore_ascii_case(word));
        Self {
            related_info: has("relatedInfo"),
            custom_properties: has("customProperties"),
            role_info: has("roleInfo"),
            activity_info: has("activityInfo"),
            session: has("session"),
        }
    }
}

/// The document of a handle, without what `include` adds.
pub fn document(handle: &Handle, game_types: RawJson) -> WireHandle {
    let mut shown = WireHandle {
        id: handle.id,
        kind: handle.kind(),
        version: 1,
        session_ref: handle.session.clone(),
        create_time: handle.created.into(),
        title_id: None,
        owner_xuid: None,
        game_types: None,
        invite_protocol: None,
        invited_xuid: None,
        sender_xuid: None,
        invite_attributes: None,
        expiration: None,
        search_attributes: None,
        origin_session_ref: None,
        related_info: None,
        custom_properties: None,
        role_info: None,
        activity_info: None,
        session: None,
    };
    match &handle.body {
        Body::Activity {
            owner,
            title_id,
            invite_protocol,
        } => {
            shown.owner_xuid = Some(*owner);
            shown.title_id = Some(*title_id);
            shown.game_types = Some(game_types);
            shown.invite_protocol.clone_from(invite_protocol);
        }
        Body::Invite {
            invited,
            attributes,
            invite_protocol,
            ..
        } => {
            shown.invited_xuid = Some(*invited);
            shown.sender_xuid = handle.creator;
            shown.invite_attributes = Some(attributes.clone());
            shown.expiration = handle.expires.map(Into::into);
            shown.game_types = Some(game_types);
            shown.invite_protocol.clone_from(invite_protocol);
        }
        Body::Search { attributes, .. } => shown.search_attributes = Some(attributes.clone()),
        Body::Transfer { origin } => shown.origin_session_ref = Some(origin.clone()),
        Body::Correlation {} => {}
    }
    shown
}

/// Adds what `include` asks for of the handle's session.
///
/// A caller who may not read the session sees no `customProperties` content and no `session` (Q8).
pub fn include(
    shown: &mut WireHandle,
    handle: &Handle,
    session: Option<&Session>,
    include: Include,
    readable: bool,
) {
    if include.activity_info {
        let title = match &handle.body {
            Body::Activity { title_id, .. } => Some(*title_id),
            Body::Search { title_id, .. } => *title_id,
            _ => None,
        };
        shown.activity_info = title.map(|title_id| ActivityInfo { title_id });
    }
    if include.custom_properties {
        let bag = session
            .filter(|_| readable)
            .map(|session| session.properties.custom.to_raw());
        // A client reads the field without asking whether it is there. `[client]`
        shown.custom_properties = Some(bag.unwrap_or_else(RawJson::empty_object));
    }
    let Some(session) = session else { return };
    if include.related_info {
        shown.related_info = Some(related_info(handle, session));
    }
    if include.role_info {
        shown.role_info = Some(RoleInfo {
            role_types: render::role_types(session, None).unwrap_or_default(),
        });
    }
}

fn related_info(handle: &Handle, session: &Session) -> RelatedInfo {
    let info = render::members_info(session);
    let properties = &session.properties;
    let owners = match &handle.body {
        Body::Search { .. } => Some(session_owners(handle, session)),
        _ => None,
    };
    RelatedInfo {
        visibility: shows_as(session).as_str().to_owned(),
        join_restriction: properties.join_restriction.unwrap_or(Restriction::None),
        closed: properties.closed,
        max_members_count: session.constants.max_members(),
        members_count: info.count,
        posted_time: handle.created.into(),
        invite_protocol: session.constants.invite_protocol.clone(),
        session_owners: owners,
        keywords: (!properties.keywords.is_empty()).then(|| properties.keywords.clone()),
        search_handle_visibility: properties.search_handle_visibility.clone(),
        description: properties.description.clone(),
        scheduled_time: properties.scheduled_time.clone(),
    }
}

/// The owners of a session; where it has none, the maker of the handle.
pub fn session_owners(handle: &Handle, session: &Session) -> Vec<Xuid> {
    let owners = owners::users(session);
    if owners.is_empty() {
        return handle.creator.into_iter().collect();
    }
    owners
}

/// Whether a caller may find somebody's activity: private sessions only show to those inside (Q8).
pub fn may_find(handle: &Handle, session: &Session, caller: &Caller) -> bool {
    let inside = caller.xuid().is_some_and(|xuid| {
        session.member_of(xuid).is_some() || handle.activity_owner() == Some(xuid)
    });
    caller.server || inside || session.constants.visibility() != Visibility::Private
}

/// Whose activities are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owners {
    /// These users', in this order, each once (Q3).
    Users(Vec<Xuid>),
    /// The people of a user.
    People {
        /// Which of them.
        set: PeopleSet,
        /// Whose.
        of: Xuid,
    },
}

/// A named part of a people list. `[doc]`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeopleSet {
    /// Everybody followed.
    People,
    /// Those marked as favourites.
    Favorites,
    /// Those who follow back.
    Friends,
}

impl PeopleSet {
    /// Reads a moniker, in any case.
    pub fn parse(moniker: &str) -> Option<Self> {
        match moniker.to_ascii_lowercase().as_str() {
            "people" | "all" => Some(Self::People),
            "favorites" | "favorite" => Some(Self::Favorites),
            "friends" => Some(Self::Friends),
            _ => None,
        }
    }
}

/// Who asks for handles.
#[derive(Debug, Clone, Copy)]
pub struct Asking<'a> {
    /// The caller.
    pub caller: &'a Caller,
    /// The users of the caller's token, the acting one first.
    pub own: &'a [Xuid],
    /// Whether the caller may read anybody's people.
    pub reads_people: bool,
}

impl Asking<'_> {
    /// The owners of an activity query; `xuid` is the query-string parameter of old.
    pub fn owners(&self, query: &HandleQuery, xuid: Option<Xuid>) -> Result<Owners, Refusal> {
        let named = query.owners.clone().unwrap_or_default();
        match (self.users(&named, "owners")?, xuid) {
            (Some(owners), _) => Ok(owners),
            (None, Some(xuid)) => Ok(Owners::Users(vec![xuid])),
            (None, None) => {
                let detail = "an activity query names whose activities it is for";
                Err(Rule::BadQuery.at("owners", detail))
            }
        }
    }

    /// The users that an object names; none when it is empty.
    pub fn users(&self, named: &HandleOwners, path: &str) -> Result<Option<Owners>, Refusal> {
        let bad = |path: String, detail: String| Err(Rule::BadQuery.at(path, detail));
        match (&named.xuids, &named.people) {
            (None, None) => Ok(None),
            (Some(_), Some(_)) => {
                let detail = "expected either `xuids` or `people`";
                bad(path.to_owned(), detail.to_owned())
            }
            (Some(xuids), None) if MAX_QUERY < xuids.len() => {
                let detail = format!("at most {MAX_QUERY} users, found {}", xuids.len());
                bad(format!("{path}.xuids"), detail)
            }
            (Some(xuids), None) => Ok(Some(Owners::Users(each_once(xuids.clone())))),
            (None, Some(people)) => {
                let Some(set) = PeopleSet::parse(&people.moniker) else {
                    let detail = "expected `people`, `favorites` or `friends`";
                    return bad(format!("{path}.people.moniker"), detail.to_owned());
                };
                let path = format!("{path}.people.monikerXuid");
                let Some(of) = people.moniker_xuid.or(self.caller.xuid()) else {
                    return bad(path, "names whose people are meant".to_owned());
                };
                if !self.own.contains(&of) && !self.reads_people {
                    let detail = "only one's own people can be asked for";
                    return Err(Rule::ForeignPeople.at(path, detail));
                }
                Ok(Some(Owners::People { set, of }))
            }
        }
    }
}

pub(crate) fn each_once(xuids: Vec<Xuid>) -> Vec<Xuid> {
    let mut seen = std::collections::HashSet::new();
    xuids
        .into_iter()
        .filter(|xuid| seen.insert(*xuid))
        .collect()
}

/// How many results a query takes: 0 to 100, all 100 unless it says otherwise. `[doc]`
///
/// `rule` is that of the query.
pub fn take(rule: Rule, body: Option<u64>, parameter: Option<&str>) -> Result<usize, Refusal> {
    let bad = || rule.at("take", "expected 0 to 100");
    let wanted = match parameter {
        None => body,
        Some(text) => Some(text.parse().map_err(|_| bad())?),
    };
    match wanted.map(usize::try_from) {
        None => Ok(MAX_QUERY),
        Some(Ok(take @ 0..=MAX_QUERY)) => Ok(take),
        Some(_) => Err(bad()),
    }
}
