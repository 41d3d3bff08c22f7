//! The list of documented addresses: path and verb to handler.
//!
//! Path words compare without regard to case; names keep the spelling of the request. `[client]`

mod people;

pub use people::PrivateAddress;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use convoke_core::rate_limit::Allowance;
use convoke_wire::headers::WOULD_THROTTLE;
use convoke_wire::people::hub::Selector;
use convoke_wire::{Scid, SessionName, SessionRef, TemplateName, uri};
use http::header::HOST;
use http::{HeaderValue, Method, Uri};
use tower::ServiceExt as _;

use crate::api_error::{ApiError, Family};
use crate::call::Call;
use crate::caller::Identity;
use crate::connections::Peer;
use crate::edge::Edge;
use crate::edge_rule::EdgeRule;
use crate::hosts::{self, Scope, Service};
use crate::rate_limits;
use crate::realtime;
use crate::route::Route;
use crate::routes::{
    self, changes, handle_queries, handle_session, handles, hoppers, notifications, operations,
    session_parts, sessions, templates,
};
use crate::shared::Shared;
use crate::signed;
use crate::trail;

/// What an address names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// `/serviceconfigs/{scid}/sessiontemplates`
    Templates(Scid),
    /// `/serviceconfigs/{scid}/sessiontemplates/{template}`
    Template(Scid, TemplateName),
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

/// Finds what a path names.
pub fn resolve(uri: &Uri) -> Option<Target> {
    let segments = uri::segments(uri.path())?;
    let words: Vec<&str> = segments.iter().map(|segment| word(segment)).collect();
    let named = |position: usize| segments[position].to_string();
    match words.as_slice() {
        ["serviceconfigs", _, "sessiontemplates", rest @ ..] => {
            let scid: Scid = segments[1].parse().ok()?;
            let Some(template) = segments.get(3) else {
                return Some(Target::Templates(scid));
            };
            let template: TemplateName = template.parse().ok()?;
            match rest {
                [_] => Some(Target::Template(scid, template)),
                [_, "sessions", _, part @ ..] => {
                    let name: SessionName = segments[5].parse().ok()?;
                    let reference = SessionRef {
                        scid,
                        template_name: template,
                        name,
                    };
                    session_target(reference, part, segments.last()?)
                }
                _ => None,
            }
        }
        ["serviceconfigs", _, "hoppers", _, rest @ ..] => {
            let (scid, hopper) = (segments[1].parse().ok()?, named(3));
            match rest {
                [] => Some(Target::Hopper(scid, hopper)),
                ["stats"] => Some(Target::HopperStats(scid, hopper)),
                ["tickets", _] => Some(Target::Ticket(scid, hopper)),
                _ => None,
            }
        }
        ["handles"] => Some(Target::Handles),
        ["handles", "query"] => Some(Target::HandleQuery),
        ["handles", _] => Some(Target::Handle(named(1))),
        ["handles", _, "session"] => Some(Target::HandleSession(named(1))),
        ["users", _, "people"] => Some(Target::People(named(1))),
        ["system", "notifications", "endpoints"] => Some(Target::NotificationEndpoints),
        ["connect" | "socket"] => Some(Target::Connect),
        ["nonce"] => Some(Target::Nonce),
        ["users", _, "people", rest @ ..] => people::target(named(1), rest, &segments[3..]),
        ["users", _, "summary"] => Some(Target::Summary(named(1))),
        ["users", _, "profile", "settings", "people", _] => {
            Some(Target::Profiles(named(1), named(5)))
        }
        ["users", _, "settings"] => Some(Target::Settings(named(1))),
        ["users", _, "permission", "validate"] => Some(Target::Permission(named(1))),
        ["bulk", "users", _, "people", "friends", "v2"] => Some(Target::Friends(named(2))),
        ["healthz"] => Some(Target::Health),
        ["readyz"] => Some(Target::Ready),
        ["metrics"] => Some(Target::Metrics),
        ["docs", "errors.md"] => Some(Target::ErrorReference),
        ["openapi.json"] => Some(Target::OpenApi),
        _ => None,
    }
}

/// A word of the documented addresses as they are written here; anything else as it is.
fn word(segment: &str) -> &str {
    const WORDS: &[&str] = &[
        "serviceconfigs",
        "sessiontemplates",
        "sessions",
        "changes",
        "constants",
        "properties",
        "members",
        "me",
        "servers",
        "handles",
        "query",
        "session",
        "hoppers",
        "stats",
        "tickets",
        "users",
        "people",
        "favorites",
        "system",
        "notifications",
        "endpoints",
        "connect",
        "socket",
        "nonce",
        "follower",
        "friends",
        "v2",
        "xuids",
        "avoid",
        "never",
        "mute",
        "decoration",
        "summary",
        "settings",
        "profile",
        "permission",
        "validate",
        "bulk",
        "healthz",
        "readyz",
        "metrics",
        "docs",
        "errors.md",
        "openapi.json",
    ];
    let known = WORDS.iter().find(|word| word.eq_ignore_ascii_case(segment));
    known.copied().unwrap_or(segment)
}

fn session_target(reference: SessionRef, words: &[&str], last: &str) -> Option<Target> {
    let part = match words {
        [] => return Some(Target::Session(reference)),
        ["changes"] => return Some(Target::Changes(reference)),
        ["constants"] => Part::Constants,
        ["properties"] => Part::Properties,
        ["members"] => Part::Members,
        ["members", "me"] => Part::Me,
        ["members", index] => Part::Member(
            index
                .parse()
                .ok()
                .filter(|i: &u32| i.to_string() == *index)?,
        ),
        ["servers"] => Part::Servers,
        ["servers", _] => Part::Server(last.to_owned()),
        _ => return None,
    };
    Some(Target::Part(reference, part))
}

/// The service that an address belongs to.
fn service_of(target: &Target) -> Service {
    match target {
        Target::People(..)
        | Target::Person(..)
        | Target::Favorite(..)
        | Target::SomePeople(..)
        | Target::Follower(..)
        | Target::Friend(..)
        | Target::Friends(..)
        | Target::Summary(..) => Service::Social,
        Target::Hub(..) => Service::PeopleHub,
        Target::Private(..) | Target::Permission(..) | Target::Settings(..) => Service::Privacy,
        Target::Profiles(..) => Service::Profile,
        Target::Health
        | Target::Ready
        | Target::Metrics
        | Target::ErrorReference
        | Target::OpenApi => Service::Operations,
        Target::Hopper(..) | Target::HopperStats(..) | Target::Ticket(..) => Service::SmartMatch,
        Target::Connect | Target::Nonce => Service::RealTime,
        Target::NotificationEndpoints => Service::Notify,
        _ => Service::SessionDirectory,
    }
}

/// The services that a request's host name stands for.
pub fn scope(request: &Request) -> Scope {
    let host = request
        .headers()
        .get(HOST)
        .and_then(|host| host.to_str().ok());
    // An address in the request line counts, and not the header beside it (RFC 9112, 3.2.2).
    hosts::scope_of(request.uri().host().or(host))
}

/// Answers a request.
pub(crate) async fn dispatch(edge: &Edge, request: Request, peer: Option<&Peer>) -> Response {
    let scope = scope(&request);
    let Some(target) = resolve(request.uri()) else {
        return match &edge.issuer {
            Some(issuer) if scope.includes(Service::Issuer) => {
                trail::routed(Route::of_issuer(request.uri().path()));
                let issuer = issuer.clone();
                Box::pin(issuer.oneshot(request))
                    .await
                    .unwrap_or_else(|never| match never {})
            }
            _ => nothing_here(scope),
        };
    };
    let of = service_of(&target);
    if !scope.includes(of) {
        return nothing_here(scope);
    }
    trail::routed(Route::from(&target));
    let shared = &edge.shared;
    let answer = match rate_limits::allowance(of) {
        Some(allowance) => counted(shared, target, allowance, request, peer).await,
        None => operation(shared, &target, request.method()),
    };
    answer.unwrap_or_else(|error| error.into_response(family_of(of)))
}

/// The answer at an address of the issuer's services that names nothing.
pub(crate) async fn nothing_at(request: Request) -> Response {
    nothing_here(scope(&request))
}

/// Authenticates and counts the caller of a service, then answers.
///
/// What a handler refuses has been counted too. `[doc]`
async fn counted(
    shared: &Arc<Shared>,
    target: Target,
    allowance: Allowance,
    request: Request,
    peer: Option<&Peer>,
) -> Result<Response, ApiError> {
    let service = service_of(&target);
    let (head, body) = request.into_parts();
    let verbs = verbs_of(&target);
    if !verbs.split(", ").any(|verb| verb == head.method.as_str()) {
        return Err(ApiError::Method(verbs));
    }
    let identity = match target {
        Target::Connect => realtime::identity(shared, &head, peer).await?,
        _ => Identity::of(shared, &head.headers, peer).await?,
    };
    let now = shared.directory.clock.now();
    let limits = &shared.rate_limits;
    let pass = limits.admit(&identity.principal, allowance, now)?;
    let body = signed::checked(shared, &identity, &head, body).await?;
    let over = pass.over().clone();
    let call = Call {
        head,
        identity,
        over,
    };
    let mut response = answer(shared, target, &call, body)
        .await
        .unwrap_or_else(|error| error.into_response(family_of(service)));
    if pass.over().was_found() {
        let yes = HeaderValue::from_static("1");
        response.headers_mut().insert(WOULD_THROTTLE, yes);
    }
    Ok(response)
}

/// Whether an address is for whoever runs the service, who must reach it when others do not.
pub fn is_operation(uri: &Uri) -> bool {
    resolve(uri).is_some_and(|target| service_of(&target) == Service::Operations)
}

fn nothing_here(scope: Scope) -> Response {
    let family = match scope {
        Scope::One(service) => family_of(service),
        Scope::All | Scope::Unserved => Family::Text,
    };
    ApiError::edge(EdgeRule::UnknownUri, "there is nothing at this address").into_response(family)
}

fn family_of(service: Service) -> Family {
    match service {
        Service::Social | Service::PeopleHub | Service::Privacy | Service::Profile => Family::Coded,
        Service::SessionDirectory
        | Service::SmartMatch
        | Service::RealTime
        | Service::Notify
        | Service::Issuer
        | Service::Operations => Family::Text,
    }
}

/// Leads to the handler. Boxed, or every request would carry the room of the largest handler.
async fn answer(
    shared: &Arc<Shared>,
    target: Target,
    call: &Call,
    body: Body,
) -> Result<Response, ApiError> {
    match (target, &call.head.method) {
        (Target::Session(at), &Method::GET) => Box::pin(sessions::get(shared, at, call)).await,
        (Target::Session(at), &Method::PUT) => {
            Box::pin(sessions::put(shared, at, call, body)).await
        }

        (Target::Changes(at), &Method::GET) => Box::pin(changes::get(shared, at, call)).await,

        (Target::Part(at, part), &Method::GET) => {
            Box::pin(session_parts::get(shared, at, part, call)).await
        }
        (Target::Part(at, Part::Properties), &Method::PUT) => {
            Box::pin(session_parts::put_properties(shared, at, call, body)).await
        }
        (
            Target::Part(at, part @ (Part::Me | Part::Member(_) | Part::Server(_))),
            &Method::DELETE,
        ) => Box::pin(session_parts::delete(shared, at, part, call)).await,

        (Target::Templates(scid), &Method::GET) => templates::list(shared, &scid, call),
        (Target::Template(scid, name), &Method::GET) => templates::get(shared, &scid, &name, call),

        (Target::Handles, &Method::POST) => Box::pin(handles::post(shared, call, body)).await,
        (Target::HandleQuery, &Method::POST) => {
            Box::pin(handle_queries::post(shared, call, body)).await
        }
        (Target::Handle(id), &Method::GET) => Box::pin(handles::get(shared, &id, call)).await,
        (Target::Handle(id), &Method::DELETE) => Box::pin(handles::delete(shared, &id, call)).await,
        (Target::HandleSession(id), &Method::GET) => {
            Box::pin(handle_session::get(shared, &id, call)).await
        }
        (Target::HandleSession(id), &Method::PUT) => {
            Box::pin(handle_session::put(shared, &id, call, body)).await
        }

        (
            Target::Hopper(scid, hopper)
            | Target::HopperStats(scid, hopper)
            | Target::Ticket(scid, hopper),
            _,
        ) => hoppers::answer(shared, &scid, &hopper, call),

        (Target::NotificationEndpoints, &Method::POST) => {
            Box::pin(notifications::register(shared, call, body)).await
        }

        (Target::Connect, &Method::GET) => routes::realtime::connect(call),
        (Target::Nonce, &Method::GET) => Ok(routes::realtime::nonce(shared, call)),

        (Target::Profiles(owner, group), &Method::GET) => {
            Box::pin(routes::profile::of_people(shared, &owner, &group, call)).await
        }

        (target, _) if is_about_people(&target) => {
            Box::pin(people::answer(shared, target, call, body)).await
        }

        (target, _) => Err(ApiError::Method(verbs_of(&target))),
    }
}

fn is_about_people(target: &Target) -> bool {
    matches!(
        service_of(target),
        Service::Social | Service::PeopleHub | Service::Privacy
    )
}

/// What whoever runs the service asks, who needs no credentials.
fn operation(shared: &Shared, target: &Target, method: &Method) -> Result<Response, ApiError> {
    match (target, method) {
        (Target::Health, &Method::GET) => Ok(operations::alive()),
        (Target::Ready, &Method::GET) => Ok(operations::ready(shared)),
        (Target::Metrics, &Method::GET) => Ok(operations::metrics(shared)),
        (Target::ErrorReference, &Method::GET) => Ok(operations::error_reference()),
        (Target::OpenApi, &Method::GET) => Ok(operations::openapi()),
        (target, _) => Err(ApiError::Method(verbs_of(target))),
    }
}

/// The verbs of an address, as `Allow` names them.
fn verbs_of(target: &Target) -> &'static str {
    match target {
        Target::Session(_)
        | Target::Part(_, Part::Properties)
        | Target::HandleSession(_)
        | Target::Settings(_) => "GET, PUT",
        Target::Part(_, Part::Me | Part::Member(_) | Part::Server(_))
        | Target::Handle(_)
        | Target::Ticket(..) => "GET, DELETE",
        Target::Handles
        | Target::HandleQuery
        | Target::Hopper(..)
        | Target::SomePeople(_)
        | Target::Friends(_)
        | Target::Hub(_, Selector::Batch, _)
        | Target::NotificationEndpoints => "POST",
        Target::Person(..) | Target::Private(_, PrivateAddress::Never | PrivateAddress::Mute) => {
            "GET, PUT, DELETE"
        }
        Target::Favorite(..) | Target::Friend(..) => "PUT, DELETE",
        Target::Follower(..) => "DELETE",
        Target::Permission(_) => "GET, POST",
        Target::Part(..)
        | Target::Changes(_)
        | Target::Templates(_)
        | Target::Template(..)
        | Target::HopperStats(..)
        | Target::People(_)
        | Target::Connect
        | Target::Nonce
        | Target::Summary(_)
        | Target::Profiles(..)
        | Target::Hub(..)
        | Target::Private(_, PrivateAddress::Avoid)
        | Target::Health
        | Target::Ready
        | Target::Metrics
        | Target::ErrorReference
        | Target::OpenApi => "GET",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: &str = "/serviceconfigs/11111111-2222-3333-4444-555555555555/sessionTemplates";

    #[test]
    fn paths_lead_to_what_they_name() {
        let kind = |path: &str| {
            let uri: Uri = path.parse().expect(path);
            resolve(&uri).map(|target| match target {
                Target::Part(_, part) => format!("{part:?}"),
                other => format!("{other:?}")
                    .split(['(', ' '])
                    .next()
                    .unwrap_or_default()
                    .to_owned(),
            })
        };
        let check = |path: &str, expected: Option<&str>| {
            assert_eq!(kind(path).as_deref(), expected, "{path}");
        };
        check(S, Some("Templates"));
        check(&format!("{S}/"), Some("Templates"));
        check(&format!("{S}/global(lfg)"), Some("Template"));
        check(&format!("{S}/t/SESSIONS/x"), Some("Session"));
        check(&format!("{S}/t/sessions/a~b"), None);
        check(&format!("{S}/t/sessions/a%20b"), None);
        check(&format!("{S}/t/sessions/a%2Fb"), None);
        check(&format!("{S}/t/sessions/x/Members/ME"), Some("Me"));
        check(&format!("{S}/t/sessions/x/Changes"), Some("Changes"));
        check(&format!("{S}/t/sessions/x/members/7"), Some("Member(7)"));
        check(&format!("{S}/t/sessions/x/members/07"), None);
        check(&format!("{S}/t/sessions/x/members/you"), None);
        check(
            &format!("{S}/t/sessions/x/servers/Matchmaking"),
            Some("Server(\"Matchmaking\")"),
        );
        check(&format!("{S}/t/sessions"), None);
        check("//handles//query", Some("HandleQuery"));
        check("/handles/x/session", Some("HandleSession"));
        check("/handles/x/session/properties", None);
        let c = S.trim_end_matches("/sessionTemplates");
        check(&format!("{c}/Hoppers/h"), Some("Hopper"));
        check(&format!("{c}/hoppers/h/stats"), Some("HopperStats"));
        check(&format!("{c}/hoppers/h/Tickets/1"), Some("Ticket"));
        check(&format!("{c}/hoppers"), None);
        check("/serviceconfigs/none/hoppers/h", None);
        check("/users/me/people/xuid(1)", Some("Person"));
        check("/users/me/people/xuid%281%29", Some("Person"));
        check("/users/me/people/favorites/xuid(1)", Some("Favorite"));
        check("/users/me/people/XUIDS", Some("SomePeople"));
        check("/users/me/people/xuids(1)", Some("Hub"));
        check("/users/me/people/friends", Some("Hub"));
        check("/users/me/people/friends/V2/xuid(1)", Some("Friend"));
        check("/users/me/people/friends/v3/xuid(1)", None);
        check("/users/me/people/social/decoration/detail", Some("Hub"));
        check("/users/me/people/xuid(1)/decoration/detail", None);
        check("/users/me/people/Mute", Some("Private"));
        check("/users/me/people/follower/xuid(1)", Some("Follower"));
        check("/bulk/users/me/people/friends/v2", Some("Friends"));
        check("/users/me/permission/validate", Some("Permission"));
        check("/users/me/permission", None);
        check("/users/me/profile/settings/people/People", Some("Profiles"));
        check("/users/me/profile/settings/people", None);
        check(
            "/System/Notifications/Endpoints",
            Some("NotificationEndpoints"),
        );
        check("/%ff", None);
    }
}
