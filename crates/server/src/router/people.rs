//! The addresses of people and privacy: what is under `/users`, and its handlers.

use std::borrow::Cow;

use axum::body::Body;
use axum::response::Response;
use convoke_core::privacy::PrivateList;
use convoke_wire::people::hub::Selector;
use http::Method;

use super::Target;
use crate::api_error::ApiError;
use crate::call::Call;
use crate::edge_rule::EdgeRule;
use crate::routes::{people, people_hub, privacy};
use crate::shared::Shared;

/// A private list under one of its names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrivateAddress {
    /// `avoid`: the block list, to read. `[doc]`
    Avoid,
    /// `never`: the block list. `[client]`
    Never,
    /// `mute`
    Mute,
}

impl PrivateAddress {
    fn list(self) -> PrivateList {
        match self {
            Self::Avoid | Self::Never => PrivateList::Blocked,
            Self::Mute => PrivateList::Muted,
        }
    }
}

/// What stands after `/users/{owner}/people`. Words come before users, of whom none is a word.
pub(super) fn target(owner: String, words: &[&str], written: &[Cow<'_, str>]) -> Option<Target> {
    let last = written.last()?.to_string();
    match words {
        ["favorites", _] => Some(Target::Favorite(owner, last)),
        ["follower", _] => Some(Target::Follower(owner, last)),
        ["friends", "v2", _] => Some(Target::Friend(owner, last)),
        ["xuids"] => Some(Target::SomePeople(owner)),
        ["avoid"] => Some(Target::Private(owner, PrivateAddress::Avoid)),
        ["never"] => Some(Target::Private(owner, PrivateAddress::Never)),
        ["mute"] => Some(Target::Private(owner, PrivateAddress::Mute)),
        [_] => Some(match Selector::parse(&last) {
            Some(selector) => Target::Hub(owner, selector, None),
            None => Target::Person(owner, last),
        }),
        [_, "decoration", _] => {
            let selector = Selector::parse(&written[0])?;
            Some(Target::Hub(owner, selector, Some(last)))
        }
        _ => None,
    }
}

/// Leads to the handler.
pub(super) async fn answer(
    shared: &Shared,
    target: Target,
    call: &Call,
    body: Body,
) -> Result<Response, ApiError> {
    if shared.graph.is_elsewhere() {
        let text = "people and their privacy are kept by another service";
        return Err(ApiError::edge(EdgeRule::PeopleElsewhere, text));
    }
    let verb = &call.head.method;
    match (target, verb) {
        (Target::People(owner), &Method::GET) => people::list(shared, &owner, call),
        (Target::Summary(owner), &Method::GET) => people::summary(shared, &owner, call),
        (Target::Person(owner, person), &Method::GET) => people::get(shared, &owner, &person, call),
        (Target::Person(owner, person), &Method::PUT) => {
            people::writes::follow(shared, &owner, &person, call).await
        }
        (Target::Person(owner, person), &Method::DELETE) => {
            people::writes::unfollow(shared, &owner, &person, call).await
        }
        (Target::Favorite(owner, person), &Method::PUT | &Method::DELETE) => {
            people::writes::favorite(shared, &owner, &person, call).await
        }
        (Target::Follower(owner, person), &Method::DELETE) => {
            people::writes::drop_follower(shared, &owner, &person, call).await
        }
        (Target::Friend(owner, person), &Method::PUT | &Method::DELETE) => {
            people::friends::write(shared, &owner, &person, call).await
        }
        (Target::Friends(owner), &Method::POST) => {
            people::friends::bulk(shared, &owner, call, body).await
        }
        (Target::SomePeople(owner), &Method::POST) => {
            people::friends::several(shared, &owner, call, body).await
        }

        (Target::Hub(owner, selector, decorations), _) => {
            let decorations = decorations.as_deref();
            people_hub::people(shared, &owner, &selector, decorations, call, body).await
        }
        (Target::Private(owner, at), &Method::GET) => {
            privacy::list(shared, &owner, at.list(), call)
        }
        (Target::Private(owner, at), &Method::PUT | &Method::DELETE) => {
            privacy::change(shared, &owner, at.list(), call, body).await
        }
        (Target::Permission(owner), &Method::GET) => {
            privacy::permissions::one(shared, &owner, call)
        }
        (Target::Permission(owner), &Method::POST) => {
            privacy::permissions::batch(shared, &owner, call, body).await
        }
        (Target::Settings(owner), &Method::GET) => privacy::settings(shared, &owner, call),
        (Target::Settings(owner), &Method::PUT) => {
            privacy::choose(shared, &owner, call, body).await
        }
        (target, _) => Err(ApiError::Method(target.verbs())),
    }
}
