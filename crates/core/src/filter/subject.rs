//! What filters and orders see of a search handle and its session.

use std::borrow::Cow;

use convoke_wire::handle::SearchAttributes;
use convoke_wire::session::properties::Restriction;
use convoke_wire::session::roles::{Role, RoleType};
use convoke_wire::{TitleId, Xuid};
use jiff::Timestamp;

use super::field::{NumberField, RoleNumber, Set, TextField, TimeField};
use crate::handle::query::session_owners;
use crate::handle::{Body, Handle};
use crate::session::Session;
use crate::session::query::shows_as;

/// A search handle with its session in its present state.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    pub(super) handle: &'a Handle,
    pub(super) session: &'a Session,
    attributes: &'a SearchAttributes,
    title_id: Option<TitleId>,
}

impl<'a> Subject<'a> {
    /// `None` for a handle of another type.
    pub fn new(handle: &'a Handle, session: &'a Session) -> Option<Self> {
        match &handle.body {
            Body::Search {
                attributes,
                title_id,
            } => Some(Self {
                handle,
                session,
                attributes,
                title_id: *title_id,
            }),
            _ => None,
        }
    }

    /// The handle.
    pub fn handle(&self) -> &'a Handle {
        self.handle
    }

    /// The session.
    pub fn session(&self) -> &'a Session {
        self.session
    }

    /// Whether a collection has an element for which `is_wanted` holds.
    pub(super) fn any(&self, set: Set, is_wanted: impl Fn(&str) -> bool) -> bool {
        let in_list = |list: &Option<Vec<String>>| list.iter().flatten().any(|it| is_wanted(it));
        let is_user = |xuid: Xuid| is_wanted(&xuid.to_string());
        match set {
            Set::Tags => in_list(&self.attributes.tags),
            Set::AchievementIds => in_list(&self.attributes.achievement_ids),
            Set::Keywords => self
                .session
                .properties
                .keywords
                .iter()
                .any(|it| is_wanted(it)),
            Set::MemberXuids => self
                .session
                .accepted()
                .any(|(_, member)| is_user(member.xuid)),
            Set::OwnerXuids => session_owners(self.handle, self.session)
                .into_iter()
                .any(is_user),
        }
    }

    /// A text in its own letter case.
    pub(super) fn text(&self, field: &TextField) -> Option<Cow<'a, str>> {
        Some(match field {
            TextField::Attribute(name) => {
                let mut strings = self.attributes.strings.iter().flatten();
                let found = strings.find(|(key, _)| is_named(key, name));
                found?.1.as_str().into()
            }
            TextField::Language => language(self.attributes)?.into(),
            TextField::Scid | TextField::TemplateName | TextField::Name => {
                reference_text(self.handle, field)?.into()
            }
            // Inferred: nobody registers teams here, so no session has a state of that.
            TextField::RegistrationState => return None,
            TextField::Visibility => shows_as(self.session).as_str().into(),
            TextField::JoinRestriction => {
                let restriction = self.session.properties.join_restriction;
                restriction.unwrap_or(Restriction::None).as_str().into()
            }
        })
    }

    /// A number.
    pub(super) fn number(&self, field: &NumberField) -> Option<f64> {
        let members = || f64::from(taken(self.session));
        let places = || f64::from(self.session.constants.max_members());
        Some(match field {
            NumberField::Attribute(name) => {
                let mut numbers = self.attributes.numbers.iter().flatten();
                let found = numbers.find(|(key, _)| is_named(key, name));
                found?.1.as_f64()?
            }
            NumberField::TitleId => f64::from(self.title_id?.0),
            NumberField::MembersCount => members(),
            NumberField::MaxMembersCount => places(),
            NumberField::TargetMembersCount => wanted(self.session).unwrap_or_else(places),
            NumberField::Needs => wanted(self.session).unwrap_or_else(places) - members(),
            NumberField::MaxMembersCountRemaining => places() - members(),
            NumberField::Role { kind, role, number } => {
                let types = self.session.role_types.as_deref()?;
                let (kind, defined) = types.iter().find(|(name, _)| is_named(name, kind))?;
                let (role, defined) = defined
                    .roles
                    .iter()
                    .find(|(name, _)| is_named(name, role))?;
                role_number(self.session, (kind, role, defined), *number)?
            }
        })
    }

    /// A point in time.
    pub(super) fn time(&self, field: TimeField) -> Option<Timestamp> {
        match field {
            TimeField::PostedTime => Some(self.handle.created),
            TimeField::ScheduledTime => scheduled(self.session),
        }
    }
}

/// A part of the reference that a handle has.
pub(crate) fn reference_text<'a>(handle: &'a Handle, field: &TextField) -> Option<&'a str> {
    let reference = &handle.session;
    match field {
        TextField::Scid => Some(reference.scid.as_str()),
        TextField::TemplateName => Some(reference.template_name.as_str()),
        TextField::Name => Some(reference.name.as_str()),
        _ => None,
    }
}

/// Names of attributes and roles are found in any case.
fn is_named(name: &str, wanted: &str) -> bool {
    name.eq_ignore_ascii_case(wanted)
}

/// The language of a post: as said, or the first part of its locale.
pub(crate) fn language(attributes: &SearchAttributes) -> Option<&str> {
    let locale = attributes.locale.as_deref();
    let of_locale = locale.map(|tag| tag.split(['-', '_']).next().unwrap_or(tag));
    attributes.language.as_deref().or(of_locale)
}

/// When a session is to be played, if that can be read.
pub fn scheduled(session: &Session) -> Option<Timestamp> {
    session.properties.scheduled_time.as_deref()?.parse().ok()
}

fn taken(session: &Session) -> u32 {
    u32::try_from(session.members.len()).unwrap_or(u32::MAX)
}

/// How many members are wanted: what the roles of the only role type say together.
fn wanted(session: &Session) -> Option<f64> {
    let types = session.role_types.as_deref()?;
    let mut types = types.values();
    let (Some(only), None) = (types.next(), types.next()) else {
        return None;
    };
    targets(only)
}

fn targets(kind: &RoleType) -> Option<f64> {
    let targets = kind.roles.values().filter_map(|role| role.target);
    targets.map(f64::from).reduce(|sum, target| sum + target)
}

fn role_number(
    session: &Session,
    (kind, name, role): (&str, &str, &Role),
    number: RoleNumber,
) -> Option<f64> {
    let count = || f64::from(session.members.holders(kind, name));
    let target = role.target.or(role.max).map(f64::from);
    match number {
        RoleNumber::Count => Some(count()),
        RoleNumber::Target => target,
        RoleNumber::Max => role.max.map(f64::from),
        RoleNumber::Needs => Some(target? - count()),
    }
}
