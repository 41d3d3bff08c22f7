//! The whole service as one function: a request comes in, and its answer goes out.
//!
//! Plain calls and no layers of boxed services, since every request goes through all of them.
//! What is at hand when an answer is waited for is all that an open connection costs.

use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use futures_util::FutureExt as _;
use http::HeaderValue;
use tracing::Instrument as _;

use crate::addresses::Address;
use crate::admission::Place;
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
        let mut answer = pin!(trail::followed(self.served(request, peer)));
        let response = answer.as_mut().instrument(exchange.span()).await;
        let trail = answer.take_value().unwrap_or_default();
        exchange.finish(response, &trail)
    }

    /// Lets a request in, hands it to its handler, and lets the answer out.
    async fn served(&self, request: Request, peer: Option<&Peer>) -> Response {
        let (request, entry) = match Entry::of(&self.shared, request, peer) {
            Ok(entered) => entered,
            Err(response) => return response,
        };
        // A panic ends its own request and no other.
        let response = AssertUnwindSafe(router::dispatch(self, request, peer))
            .catch_unwind()
            .await
            .unwrap_or_else(|_| exchange::after_panic());
        entry.leave(&self.shared, response)
    }
}

/// A request that was let in before anybody asked who sends it.
///
/// The order is the one in which a request meets the rules: what may be asked of nobody,
/// preflights, what one address may do, and the places of all.
struct Entry {
    /// The page that may read the answer.
    page: Option<HeaderValue>,
    /// Whose refused credentials are counted.
    address: Option<Address>,
    place: Place,
}

impl Entry {
    /// Lets a request in; otherwise there is an answer to it already.
    #[expect(clippy::result_large_err, reason = "an answer is as large either way")]
    fn of(
        shared: &Shared,
        request: Request,
        peer: Option<&Peer>,
    ) -> Result<(Request, Self), Response> {
        exchange::check(&request).map_err(refused)?;
        let page = cors::page(&shared.cors, request.headers());
        if cors::is_preflight(&request) {
            return Err(cors::preflight(page));
        }
        match Self::limited(shared, request, peer) {
            Ok((request, entry)) => Ok((request, Self { page, ..entry })),
            Err(error) => Err(cors::marked(&shared.cors, page, refused(error))),
        }
    }

    fn limited(
        shared: &Shared,
        request: Request,
        peer: Option<&Peer>,
    ) -> Result<(Request, Self), ApiError> {
        let addresses = &shared.addresses;
        let address = peer.and_then(|peer| addresses.client(peer.address.ip(), request.headers()));
        if let Some(address) = address {
            addresses.request(address, shared.directory.clock.now())?;
        }
        let (request, place) = shared.admission.enter(request)?;
        let entry = Self {
            page: None,
            address,
            place,
        };
        Ok((request, entry))
    }

    /// Lets the answer out.
    fn leave(self, shared: &Shared, response: Response) -> Response {
        let response = self.place.leave(response);
        if let Some(address) = self.address {
            let now = shared.directory.clock.now();
            shared.addresses.answered(address, response.status(), now);
        }
        cors::marked(&shared.cors, self.page, response)
    }
}

fn refused(error: ApiError) -> Response {
    error.into_response(Family::Text)
}
