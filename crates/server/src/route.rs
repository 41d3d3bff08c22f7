//! The documented addresses as one label each, for metrics, logs and traces.
//!
//! A fixed set: a client cannot make new ones. Not here: which address a path is (`router`).

use convoke_core::activity::Sending;
use convoke_wire::people::hub::Selector;

use crate::router::{ActivityAddress, Part, PrivateAddress, Target};
use crate::routes::activities::recent_players::Report;

macro_rules! routes {
    ($($variant:ident = $template:literal;)+) => {
        /// An address, whatever the names in it are.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[expect(missing_docs, reason = "each is its template")]
        pub enum Route { $($variant),+ }

        impl Route {
            /// Every route.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The address with its names in braces.
            pub fn template(self) -> &'static str {
                match self { $(Self::$variant => $template),+ }
            }
        }
    };
}

routes! {
    Templates = "/serviceconfigs/{scid}/sessiontemplates";
    Template = "/serviceconfigs/{scid}/sessiontemplates/{template}";
    Sessions = "/serviceconfigs/{scid}/sessions";
    TemplateSessions = "/serviceconfigs/{scid}/sessiontemplates/{template}/sessions";
    Batch = "/serviceconfigs/{scid}/batch";
    TemplateBatch = "/serviceconfigs/{scid}/sessiontemplates/{template}/batch";
    Changes = "/serviceconfigs/{scid}/sessiontemplates/{template}/sessions/{name}/changes";
    Session = "/serviceconfigs/{scid}/sessiontemplates/{template}/sessions/{name}";
    Constants = "/serviceconfigs/{scid}/sessiontemplates/{template}/sessions/{name}/constants";
    Properties = "/serviceconfigs/{scid}/sessiontemplates/{template}/sessions/{name}/properties";
    Members = "/serviceconfigs/{scid}/sessiontemplates/{template}/sessions/{name}/members";
    Me = "/serviceconfigs/{scid}/sessiontemplates/{template}/sessions/{name}/members/me";
    Member = "/serviceconfigs/{scid}/sessiontemplates/{template}/sessions/{name}/members/{index}";
    Servers = "/serviceconfigs/{scid}/sessiontemplates/{template}/sessions/{name}/servers";
    Server = "/serviceconfigs/{scid}/sessiontemplates/{template}/sessions/{name}/servers/{server}";
    Handles = "/handles";
    HandleQuery = "/handles/query";
    Handle = "/handles/{id}";
    HandleSession = "/handles/{id}/session";
    Hopper = "/serviceconfigs/{scid}/hoppers/{hopper}";
    HopperStats = "/serviceconfigs/{scid}/hoppers/{hopper}/stats";
    Ticket = "/serviceconfigs/{scid}/hoppers/{hopper}/tickets/{ticket}";
    People = "/users/{owner}/people";
    Person = "/users/{owner}/people/{target}";
    Favorite = "/users/{owner}/people/favorites/{target}";
    SomePeople = "/users/{owner}/people/xuids";
    Follower = "/users/{owner}/people/follower/{target}";
    Friend = "/users/{owner}/people/friends/v2/{target}";
    Friends = "/bulk/users/{owner}/people/friends/v2";
    Summary = "/users/{owner}/summary";
    HubFriends = "/users/{owner}/people/friends";
    HubSocial = "/users/{owner}/people/social";
    HubFollowers = "/users/{owner}/people/followers";
    HubReceived = "/users/{owner}/people/friendRequests(received)";
    HubSent = "/users/{owner}/people/friendRequests(sent)";
    HubUsers = "/users/{owner}/people/xuids({xuids})";
    HubBatch = "/users/{owner}/people/batch";
    HubSearch = "/users/{owner}/people/search";
    HubRecommendations = "/users/{owner}/people/recommendations";
    HubRecentPlayers = "/users/{owner}/people/recentplayers";
    HubPlayedTitle = "/users/{owner}/people/playedTitle({title})";
    Avoid = "/users/{owner}/people/avoid";
    Never = "/users/{owner}/people/never";
    Mute = "/users/{owner}/people/mute";
    Permission = "/users/{owner}/permission/validate";
    Settings = "/users/{owner}/settings";
    Profiles = "/users/{owner}/profile/settings/people/{group}";
    UserAuthenticate = "/user/authenticate";
    DeviceAuthenticate = "/device/authenticate";
    TitleAuthenticate = "/title/authenticate";
    XstsAuthorize = "/xsts/authorize";
    Endpoints = "/titles/{title}/endpoints";
    DevToken = "/dev/token";
    Jwks = "/.well-known/jwks.json";
    NotificationEndpoints = "/system/notifications/endpoints";
    Inbox = "/users/{owner}/inbox";
    InboxUpdates = "/users/{owner}/inbox/subscriptions/batch";
    Activities = "/titles/{title_id}/users/{xuid}/activities";
    ActivityQuery = "/titles/{title_id}/activities/query";
    RecentPlayers = "/titles/{title_id}/recentplayers";
    RecentServerPlayers = "/titles/{title_id}/recentplayers/server";
    RecentPlayerGroups = "/titles/{title_id}/recentplayergroups/server";
    ActivityInvites = "/titles/{title_id}/invites";
    ActivityServerInvites = "/titles/{title_id}/invites/server";
    Connect = "/connect";
    Nonce = "/nonce";
    Health = "/healthz";
    Ready = "/readyz";
    Metrics = "/metrics";
    ErrorReference = "/docs/errors.md";
    OpenApi = "/openapi.json";
    Unknown = "unknown";
}

impl Route {
    /// The position in [`ALL`](Self::ALL).
    pub(crate) fn index(self) -> usize {
        self as usize
    }

    /// The route of an address of the issuer.
    pub(crate) fn of_issuer(path: &str) -> Self {
        match path {
            "/user/authenticate" => Self::UserAuthenticate,
            "/device/authenticate" => Self::DeviceAuthenticate,
            "/title/authenticate" => Self::TitleAuthenticate,
            "/xsts/authorize" => Self::XstsAuthorize,
            "/dev/token" => Self::DevToken,
            "/.well-known/jwks.json" => Self::Jwks,
            _ if path.starts_with("/titles/") => Self::Endpoints,
            _ => Self::Unknown,
        }
    }
}

impl From<&Target> for Route {
    fn from(target: &Target) -> Self {
        match target {
            Target::Templates(_) => Self::Templates,
            Target::Template(..) => Self::Template,
            Target::Sessions(among) => match among.template {
                None => Self::Sessions,
                Some(_) => Self::TemplateSessions,
            },
            Target::Batch(among) => match among.template {
                None => Self::Batch,
                Some(_) => Self::TemplateBatch,
            },
            Target::Session(_) => Self::Session,
            Target::Changes(_) => Self::Changes,
            Target::Part(_, part) => match part {
                Part::Constants => Self::Constants,
                Part::Properties => Self::Properties,
                Part::Members => Self::Members,
                Part::Me => Self::Me,
                Part::Member(_) => Self::Member,
                Part::Servers => Self::Servers,
                Part::Server(_) => Self::Server,
            },
            Target::Handles => Self::Handles,
            Target::HandleQuery => Self::HandleQuery,
            Target::Handle(_) => Self::Handle,
            Target::HandleSession(_) => Self::HandleSession,
            Target::Hopper(..) => Self::Hopper,
            Target::HopperStats(..) => Self::HopperStats,
            Target::Ticket(..) => Self::Ticket,
            Target::People(_) => Self::People,
            Target::Person(..) => Self::Person,
            Target::Favorite(..) => Self::Favorite,
            Target::NotificationEndpoints => Self::NotificationEndpoints,
            Target::Inbox(_) => Self::Inbox,
            Target::InboxUpdates(_) => Self::InboxUpdates,
            Target::Activity(_, address) => match address {
                ActivityAddress::Of(_) => Self::Activities,
                ActivityAddress::Query => Self::ActivityQuery,
                ActivityAddress::RecentPlayers(Report::User) => Self::RecentPlayers,
                ActivityAddress::RecentPlayers(Report::Users) => Self::RecentServerPlayers,
                ActivityAddress::RecentPlayers(Report::Groups) => Self::RecentPlayerGroups,
                ActivityAddress::Invites(Sending::AsUser) => Self::ActivityInvites,
                ActivityAddress::Invites(Sending::AsServer) => Self::ActivityServerInvites,
            },
            Target::Connect => Self::Connect,
            Target::Nonce => Self::Nonce,
            Target::SomePeople(_) => Self::SomePeople,
            Target::Follower(..) => Self::Follower,
            Target::Friend(..) => Self::Friend,
            Target::Friends(_) => Self::Friends,
            Target::Summary(_) => Self::Summary,
            Target::Hub(_, selector, _) => match selector {
                Selector::Friends => Self::HubFriends,
                Selector::Social => Self::HubSocial,
                Selector::Followers => Self::HubFollowers,
                Selector::RequestsReceived => Self::HubReceived,
                Selector::RequestsSent => Self::HubSent,
                Selector::Users(_) => Self::HubUsers,
                Selector::Batch => Self::HubBatch,
                Selector::Search => Self::HubSearch,
                Selector::Recommendations => Self::HubRecommendations,
                Selector::RecentPlayers => Self::HubRecentPlayers,
                Selector::PlayedTitle(_) => Self::HubPlayedTitle,
            },
            Target::Private(_, list) => match list {
                PrivateAddress::Avoid => Self::Avoid,
                PrivateAddress::Never => Self::Never,
                PrivateAddress::Mute => Self::Mute,
            },
            Target::Permission(_) => Self::Permission,
            Target::Settings(_) => Self::Settings,
            Target::Profiles(..) => Self::Profiles,
            Target::Health => Self::Health,
            Target::Ready => Self::Ready,
            Target::Metrics => Self::Metrics,
            Target::ErrorReference => Self::ErrorReference,
            Target::OpenApi => Self::OpenApi,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::router::resolve;

    #[test]
    fn a_route_is_the_address_that_its_template_names() {
        for route in Route::ALL {
            let path = route
                .template()
                .replace("{scid}", "11111111-2222-3333-4444-555555555555")
                .replace("{index}", "3")
                .replace("{title_id}", "777")
                .replace(['{', '}'], "");
            let resolved = resolve(&path.parse().expect("a path"));
            let found = match &resolved {
                Some(target) => Route::from(target),
                None => Route::of_issuer(&path),
            };
            assert_eq!(found, *route, "{path}");
        }
    }

    #[test]
    fn an_index_is_the_position_in_the_list() {
        for (position, route) in Route::ALL.iter().enumerate() {
            assert_eq!(route.index(), position);
        }
    }
}
