//! From an address and a verb to the handler, and back as an answer of the address's service.

mod activities;
mod people;
mod resolve;
mod target;

pub use activities::ActivityAddress;
pub use people::PrivateAddress;
pub use resolve::resolve;
pub use target::{Part, Target};

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use convoke_core::rate_limit::Allowance;
use convoke_wire::headers::WOULD_THROTTLE;
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
    self, changes, handle_queries, handle_session, handles, hoppers, inbox, notifications,
    operations, session_parts, session_queries, sessions, templates,
};
use crate::shared::Shared;
use crate::signed;
use crate::trail;

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
    let of = target.service();
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
    let service = target.service();
    let (head, body) = request.into_parts();
    let verbs = target.verbs();
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
    resolve(uri).is_some_and(|target| target.service() == Service::Operations)
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
        Service::MultiplayerActivity => Family::Activity,
        Service::SessionDirectory
        | Service::SmartMatch
        | Service::RealTime
        | Service::Notify
        | Service::Inbox
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

        (Target::Sessions(among), &Method::GET) => {
            Box::pin(session_queries::get(shared, among, call)).await
        }
        (Target::Batch(among), &Method::POST) => {
            Box::pin(session_queries::batch(shared, among, call, body)).await
        }

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

        (Target::Inbox(owner), &Method::GET) => Box::pin(inbox::get(shared, &owner, call)).await,
        (Target::InboxUpdates(owner), &Method::POST) => {
            Box::pin(inbox::update(shared, &owner, call, body)).await
        }

        (Target::Activity(title_id, address), _) => {
            Box::pin(activities::answer(shared, title_id, address, call, body)).await
        }

        (Target::Connect, &Method::GET) => routes::realtime::connect(call),
        (Target::Nonce, &Method::GET) => Ok(routes::realtime::nonce(shared, call)),

        (Target::Profiles(owner, group), &Method::GET) => {
            Box::pin(routes::profile::of_people(shared, &owner, &group, call)).await
        }

        (target, _) if is_about_people(&target) => {
            Box::pin(people::answer(shared, target, call, body)).await
        }

        (target, _) => Err(ApiError::Method(target.verbs())),
    }
}

fn is_about_people(target: &Target) -> bool {
    matches!(
        target.service(),
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
        (target, _) => Err(ApiError::Method(target.verbs())),
    }
}
