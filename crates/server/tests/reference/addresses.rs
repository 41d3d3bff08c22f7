//! Whether the OpenAPI document has the addresses and verbs of the router, asked of the router itself.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::body::Body;
use convoke_core::activity::Sending;
use convoke_server::app::App;
use convoke_server::clock::SystemClock;
use convoke_server::config::{Config, StoreChoice};
use convoke_server::entropy::SystemEntropy;
use convoke_server::router::{ActivityAddress, Part, PrivateAddress, Target, resolve};
use convoke_server::routes::activities::recent_players::Report;
use convoke_wire::people::hub::Selector;
use http::Request;
use http::header::ALLOW;

use crate::operations::{CONFIG, HOPPER, SESSION, TEMPLATES, operations};

/// The address of a target as the document writes it. A new target does not compile without one.
fn template_of(target: &Target) -> String {
    match target {
        Target::Templates(_) => TEMPLATES.to_owned(),
        Target::Template(..) => format!("{TEMPLATES}/{{template}}"),
        Target::Sessions(among) => match among.template {
            None => format!("{CONFIG}/sessions"),
            Some(_) => format!("{TEMPLATES}/{{template}}/sessions"),
        },
        Target::Batch(among) => match among.template {
            None => format!("{CONFIG}/batch"),
            Some(_) => format!("{TEMPLATES}/{{template}}/batch"),
        },
        Target::Session(_) => SESSION.to_owned(),
        Target::Changes(_) => format!("{SESSION}/changes"),
        Target::Part(_, part) => {
            let part = match part {
                Part::Constants => "constants",
                Part::Properties => "properties",
                Part::Members => "members",
                Part::Me => "members/me",
                Part::Member(_) => "members/{index}",
                Part::Servers => "servers",
                Part::Server(_) => "servers/{server}",
            };
            format!("{SESSION}/{part}")
        }
        Target::Handles => "/handles".to_owned(),
        Target::HandleQuery => "/handles/query".to_owned(),
        Target::Handle(_) => "/handles/{id}".to_owned(),
        Target::HandleSession(_) => "/handles/{id}/session".to_owned(),
        Target::Hopper(..) => HOPPER.to_owned(),
        Target::HopperStats(..) => format!("{HOPPER}/stats"),
        Target::Ticket(..) => format!("{HOPPER}/tickets/{{ticket}}"),
        Target::People(_) => "/users/{owner}/people".to_owned(),
        Target::Person(..) => "/users/{owner}/people/{target}".to_owned(),
        Target::Favorite(..) => "/users/{owner}/people/favorites/{target}".to_owned(),
        Target::NotificationEndpoints => "/system/notifications/endpoints".to_owned(),
        Target::Inbox(_) => "/users/{owner}/inbox".to_owned(),
        Target::InboxUpdates(_) => "/users/{owner}/inbox/subscriptions/batch".to_owned(),
        Target::Activity(_, address) => {
            let rest = match address {
                ActivityAddress::Of(_) => "users/{xuid}/activities",
                ActivityAddress::Query => "activities/query",
                ActivityAddress::RecentPlayers(Report::User) => "recentplayers",
                ActivityAddress::RecentPlayers(Report::Users) => "recentplayers/server",
                ActivityAddress::RecentPlayers(Report::Groups) => "recentplayergroups/server",
                ActivityAddress::Invites(Sending::AsUser) => "invites",
                ActivityAddress::Invites(Sending::AsServer) => "invites/server",
            };
            format!("/titles/{{title_id}}/{rest}")
        }
        Target::Connect => "/connect".to_owned(),
        Target::Nonce => "/nonce".to_owned(),
        Target::SomePeople(_) => "/users/{owner}/people/xuids".to_owned(),
        Target::Follower(..) => "/users/{owner}/people/follower/{target}".to_owned(),
        Target::Friend(..) => "/users/{owner}/people/friends/v2/{target}".to_owned(),
        Target::Friends(_) => "/bulk/users/{owner}/people/friends/v2".to_owned(),
        Target::Summary(_) => "/users/{owner}/summary".to_owned(),
        Target::Hub(_, selector, decorations) => {
            let word = match selector {
                Selector::Friends => "friends",
                Selector::Social => "social",
                Selector::Followers => "followers",
                Selector::RequestsReceived => "friendRequests(received)",
                Selector::RequestsSent => "friendRequests(sent)",
                Selector::Users(_) => "xuids({xuids})",
                Selector::Batch => "batch",
                Selector::Search => "search",
                Selector::Recommendations => "recommendations",
                Selector::RecentPlayers => "recentplayers",
                Selector::PlayedTitle(_) => "playedTitle({played})",
            };
            let decoration = decorations.as_ref();
            let decoration = decoration.map_or("", |_| "/decoration/{decorations}");
            format!("/users/{{owner}}/people/{word}{decoration}")
        }
        Target::Private(_, list) => {
            let word = match list {
                PrivateAddress::Avoid => "avoid",
                PrivateAddress::Never => "never",
                PrivateAddress::Mute => "mute",
            };
            format!("/users/{{owner}}/people/{word}")
        }
        Target::Permission(_) => "/users/{owner}/permission/validate".to_owned(),
        Target::Settings(_) => "/users/{owner}/settings".to_owned(),
        Target::Profiles(..) => "/users/{owner}/profile/settings/people/{group}".to_owned(),
        Target::Health => "/healthz".to_owned(),
        Target::Ready => "/readyz".to_owned(),
        Target::Metrics => "/metrics".to_owned(),
        Target::ErrorReference => "/docs/errors.md".to_owned(),
        Target::OpenApi => "/openapi.json".to_owned(),
    }
}

#[tokio::test]
async fn the_document_has_the_addresses_and_verbs_of_the_router_and_no_others() {
    let config = Config {
        store: StoreChoice::Memory,
        ..Config::default()
    };
    let app = App::open(config, Arc::new(SystemClock), Arc::new(SystemEntropy)).expect("a service");
    let operations = operations();
    for operation in &operations {
        let sample = operation.sample();
        if operation.tag != "issuer" {
            let target = resolve(&sample.parse().expect("a URI")).expect(&sample);
            assert_eq!(template_of(&target), operation.path);
        }
        let request = Request::patch(&sample)
            .body(Body::empty())
            .expect("a request");
        let answer = app.edge().answer(request, None).await;
        assert_eq!(answer.status(), 405, "{sample}");
        let allowed = answer.headers()[ALLOW]
            .to_str()
            .expect("text")
            .to_ascii_lowercase();
        let allowed: BTreeSet<_> = allowed
            .split(',')
            .map(str::trim)
            .filter(|verb| *verb != "head")
            .collect();
        let documented: BTreeSet<_> = operations
            .iter()
            .filter(|other| other.path == operation.path)
            .map(|other| other.verb)
            .collect();
        assert_eq!(allowed, documented, "{sample}");
    }
}
