//! The whole service as one function: a request comes in, and its answer goes out.
//!
//! This is the order in which a request meets the rules of the edge, outermost first. They are
//! plain calls and no layers of boxed services, since every request goes through all of them.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use futures_util::FutureExt as _;
use tracing::Instrument as _;

use crate::api_error::{ApiError, Family};
use crate::connections::Peer;
use crate::exchange::{self, Exchange};
use crate::shared::Shared;
use crate::{cors, router, trail};

/// What answers requests.
#[derive(Debug)]
pub struct Edge {
    pub(crate) shared: Arc<Shared>,
    /// The addresses where tokens are handed out, if any are.
    pub(crate) issuer: Option<Router>,
}

impl Edge {
    /// Answers one request. Without a peer it comes from this process itself.
    pub async fn answer(&self, request: Request, peer: Option<&Peer>) -> Response {
        let exchange = Exchange::begin(&self.shared, &request);
        let span = exchange.span();
        let answer = trail::follow(self.acceptable(request, peer));
        let (response, trail) = answer.instrument(span).await;
        exchange.finish(response, &trail)
    }

    /// What may not be asked of anything; preflights; and the marks for the pages of others.
    async fn acceptable(&self, request: Request, peer: Option<&Peer>) -> Response {
        if let Err(error) = exchange::check(&request) {
            return error.into_response(Family::Text);
        }
        let page = cors::page(&self.shared.cors, request.headers());
        if cors::is_preflight(&request) {
            return cors::preflight(page);
        }
        let mut response = self.limited(request, peer).await;
        cors::mark(&self.shared.cors, page, &mut response);
        response
    }

    /// What one address may do, before anybody asks who sends the request.
    async fn limited(&self, request: Request, peer: Option<&Peer>) -> Response {
        let (addresses, clock) = (&self.shared.addresses, &self.shared.directory.clock);
        let address = peer.and_then(|peer| addresses.client(peer.address.ip(), request.headers()));
        let Some(address) = address else {
            return self.placed(request, peer).await;
        };
        if let Err(error) = addresses.request(address, clock.now()) {
            return error.into_response(Family::Text);
        }
        let response = self.placed(request, peer).await;
        addresses.answered(address, response.status(), clock.now());
        response
    }

    /// A place among the requests that run at the same time.
    async fn placed(&self, request: Request, peer: Option<&Peer>) -> Response {
        let admission = &self.shared.admission;
        let (request, place) = match admission.enter(request) {
            Ok(entered) => entered,
            // Whoever runs the service must reach it when others do not.
            Err(request) if router::is_operation(request.uri()) => {
                return self.caught(request, peer).await;
            }
            Err(_) => return ApiError::Overloaded.into_response(Family::Text),
        };
        let response = self.caught(request, peer).await;
        place.leave(response)
    }

    /// A panic ends its own request and no other.
    async fn caught(&self, request: Request, peer: Option<&Peer>) -> Response {
        AssertUnwindSafe(router::dispatch(self, request, peer))
            .catch_unwind()
            .await
            .unwrap_or_else(|_| exchange::after_panic())
    }
}
