//! What an address names, the service it belongs to and the verbs it takes.

use convoke_wire::people::hub::Selector;
use convoke_wire::{Scid, SessionRef, TemplateName, TitleId};

use super::{ActivityAddress, PrivateAddress};
use crate::hosts::Service;
use crate::routes::session_queries::Among;

/// What an address names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// `/serviceconfigs/{scid}/sessiontemplates`
    Templates(Scid),
    /// `/serviceconfigs/{scid}/sessiontemplates/{template}`
    Template(Scid, TemplateName),
    /// `/serviceconfigs/{scid}/sessions`, `…/sessiontemplates/{template}/sessions`
    Sessions(Among),
    /// `/serviceconfigs/{scid}/batch`, `…/sessiontemplates/{template}/batch`
    Batch(Among),
    /// `…/sessions/{name}`
    Session(SessionRef),
    /// `…/sessions/{name}/changes`
    Changes(SessionRef),
    /// `…/sessions/{name}/{part}`
    Part(SessionRef, Part),
    /// `/handles`
    Handles,
    /// `/handles/query`
    HandleQuery,
    /// `/handles/{id}`
    Handle(String),
    /// `/handles/{id}/session`
    HandleSession(String),
    /// `/serviceconfigs/{scid}/hoppers/{hopper}`
    Hopper(Scid, String),
    /// `…/hoppers/{hopper}/stats`
    HopperStats(Scid, String),
    /// `…/hoppers/{hopper}/tickets/{id}`
    Ticket(Scid, String),
    /// `/users/{owner}/people`
    People(String),
    /// `/users/{owner}/people/{target}`
    Person(String, String),
    /// `/users/{owner}/people/favorites/{target}`
    Favorite(String, String),
    /// `/system/notifications/endpoints`
    NotificationEndpoints,
    /// `/users/{owner}/inbox`
    Inbox(String),
    /// `/users/{owner}/inbox/subscriptions/batch`
    InboxUpdates(String),
    /// `/titles/{title_id}/…`
    Activity(TitleId, ActivityAddress),
    /// `/connect`, or `/socket`
    Connect,
    /// `/nonce`
    Nonce,
    /// `/users/{owner}/people/xuids`
    SomePeople(String),
    /// `/users/{owner}/people/follower/{target}`
    Follower(String, String),
    /// `/users/{owner}/people/friends/v2/{target}`
    Friend(String, String),
    /// `/bulk/users/{owner}/people/friends/v2`
    Friends(String),
    /// `/users/{owner}/summary`
    Summary(String),
    /// `/users/{owner}/people/{selector}`, with or without `/decoration/{list}`
    Hub(String, Selector, Option<String>),
    /// `/users/{owner}/people/{avoid, never, mute}`
    Private(String, PrivateAddress),
    /// `/users/{owner}/permission/validate`
    Permission(String),
    /// `/users/{owner}/settings`
    Settings(String),
    /// `/users/{owner}/profile/settings/people/{group}`
    Profiles(String, String),
    /// `/healthz`
    Health,
    /// `/readyz`
    Ready,
    /// `/metrics`
    Metrics,
    /// `/docs/errors.md`
    ErrorReference,
    /// `/openapi.json`
    OpenApi,
}

/// An element of a session with an address of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// `constants`
    Constants,
    /// `properties`
    Properties,
    /// `members`
    Members,
    /// `members/me`
    Me,
    /// `members/{index}`
    Member(u32),
    /// `servers`
    Servers,
    /// `servers/{name}`
    Server(String),
}

impl Target {
    /// The service that an address belongs to.
    pub(crate) fn service(&self) -> Service {
        match self {
            Self::People(..)
            | Self::Person(..)
            | Self::Favorite(..)
            | Self::SomePeople(..)
            | Self::Follower(..)
            | Self::Friend(..)
            | Self::Friends(..)
            | Self::Summary(..) => Service::Social,
            Self::Hub(..) => Service::PeopleHub,
            Self::Private(..) | Self::Permission(..) | Self::Settings(..) => Service::Privacy,
            Self::Profiles(..) => Service::Profile,
            Self::Health | Self::Ready | Self::Metrics | Self::ErrorReference | Self::OpenApi => {
                Service::Operations
            }
            Self::Hopper(..) | Self::HopperStats(..) | Self::Ticket(..) => Service::SmartMatch,
            Self::Connect | Self::Nonce => Service::RealTime,
            Self::NotificationEndpoints => Service::Notify,
            Self::Inbox(_) | Self::InboxUpdates(_) => Service::Inbox,
            Self::Activity(..) => Service::MultiplayerActivity,
            _ => Service::SessionDirectory,
        }
    }

    /// The verbs of an address, as `Allow` names them.
    pub(crate) fn verbs(&self) -> &'static str {
        match self {
            Self::Session(_)
            | Self::Part(_, Part::Properties)
            | Self::HandleSession(_)
            | Self::Settings(_) => "GET, PUT",
            Self::Part(_, Part::Me | Part::Member(_) | Part::Server(_))
            | Self::Handle(_)
            | Self::Ticket(..) => "GET, DELETE",
            Self::Handles
            | Self::Batch(_)
            | Self::HandleQuery
            | Self::Hopper(..)
            | Self::SomePeople(_)
            | Self::Friends(_)
            | Self::Hub(_, Selector::Batch, _)
            | Self::InboxUpdates(_)
            | Self::NotificationEndpoints => "POST",
            Self::Person(..) | Self::Private(_, PrivateAddress::Never | PrivateAddress::Mute) => {
                "GET, PUT, DELETE"
            }
            Self::Favorite(..) | Self::Friend(..) => "PUT, DELETE",
            Self::Follower(..) => "DELETE",
            Self::Permission(_) => "GET, POST",
            Self::Activity(_, address) => address.verbs(),
            Self::Part(..)
            | Self::Changes(_)
            | Self::Templates(_)
            | Self::Sessions(_)
            | Self::Template(..)
            | Self::HopperStats(..)
            | Self::People(_)
            | Self::Connect
            | Self::Nonce
            | Self::Inbox(_)
            | Self::Summary(_)
            | Self::Profiles(..)
            | Self::Hub(..)
            | Self::Private(_, PrivateAddress::Avoid)
            | Self::Health
            | Self::Ready
            | Self::Metrics
            | Self::ErrorReference
            | Self::OpenApi => "GET",
        }
    }
}
