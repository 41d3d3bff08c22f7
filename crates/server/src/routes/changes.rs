//! `…/sessions/{name}/changes`: a session's changes, as they happen, for whoever may read it.

mod event;
mod follower;

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use convoke_wire::SessionRef;
use convoke_wire::session::changes::{ChangeId, EndReason, Snapshot, StreamEnd, StreamEvent};
use futures_util::stream;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::begin;
use super::sessions::{Reading, reading};
use crate::api_error::ApiError;
use crate::call::Call;
use crate::caller::admit;
use crate::history::{Ended, Record};
use crate::reply;
use crate::shared::Shared;
use follower::Follower;

/// What a client that comes again has read last (HTML, 9.2.4).
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// Told to proxies that would collect an answer before they pass it on.
const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// `GET …/changes`: Server-Sent Events until the session ends or the reader goes away.
///
/// 204 when there is no session, which also keeps clients from coming again, as does having read
/// all there is of one that has ended. An id that means nothing here counts as none.
pub async fn get(
    shared: &Arc<Shared>,
    reference: SessionRef,
    call: &Call,
) -> Result<Response, ApiError> {
    let (identity, viewer) = begin(call)?;
    let admitted = admit(shared, &identity, &reference.scid)?;
    admitted.template(&reference.template_name)?;
    let expires = identity.principal.expires;
    let reading = reading(&identity, admitted, reference, viewer);
    let known = known(&call.head.headers);
    let directory = &shared.directory;
    let present = reading.state(shared).await?;
    let history = present.and_then(|_| directory.live.history(&reading.key));
    let Some(history) = history else {
        return past(shared, &reading, known).await;
    };
    let following = directory.histories.follow(history, &directory.clock);
    let following = following.ok_or(ApiError::Overloaded)?;
    let follower = Follower::new(Arc::clone(shared), reading, following, known, expires);
    let events = stream::unfold(follower, async |mut follower| {
        let event = follower.next().await?;
        Some((Ok::<_, Infallible>(event), follower))
    });
    Ok(answer(Body::from_stream(events)))
}

/// How a session ended that is gone, for whoever might read it.
async fn past(
    shared: &Shared,
    reading: &Reading,
    known: Option<ChangeId>,
) -> Result<Response, ApiError> {
    let directory = &shared.directory;
    let ended = directory
        .histories
        .ended(&reading.key, directory.clock.now());
    let Some(Ended { history, last, .. }) = ended else {
        return Ok(reply::empty(StatusCode::NO_CONTENT));
    };
    reading.check(shared, &last).await?;
    let id = history.last();
    if known.is_some() && known == id {
        return Ok(reply::empty(StatusCode::NO_CONTENT));
    }
    let snapshot = Snapshot {
        session: None,
        changes: history.records().iter().map(Record::told).collect(),
    };
    let end = StreamEnd {
        reason: EndReason::SessionEnded,
        departure: None,
    };
    let events = [
        event::text(StreamEvent::Snapshot, id, &snapshot),
        event::text(StreamEvent::End, id, &end),
    ];
    Ok(answer(Body::from(events.concat())))
}

fn answer(body: Body) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(ACCEL_BUFFERING, HeaderValue::from_static("no"));
    response
}

fn known(headers: &HeaderMap) -> Option<ChangeId> {
    headers
        .get(LAST_EVENT_ID)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()
}
