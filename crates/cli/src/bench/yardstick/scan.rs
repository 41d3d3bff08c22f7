//! Queries for search handles, answered by looking at each handle.

use std::sync::Arc;

use anyhow::Context;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use convoke_server::browse::scan::Scan;
use convoke_wire::SessionRef;

use crate::bench::browse::{NAME, TEMPLATE, TEMPLATE_TEXT, attributes};
use crate::bench::subject::SCID;

/// A server of so many handles, the ones that the service has.
pub(super) fn routes(count: &str) -> anyhow::Result<Router> {
    let count: usize = count.parse().context("no number of handles")?;
    let mut posts = Vec::new();
    for number in 0..count {
        let reference = SessionRef {
            scid: SCID.parse()?,
            template_name: TEMPLATE.parse()?,
            name: format!("{NAME}-{number}").parse()?,
        };
        posts.push((reference, attributes(number)));
    }
    let scan = Scan::of(TEMPLATE_TEXT, posts)?;
    Ok(Router::new().fallback(answer).with_state(Arc::new(scan)))
}

async fn answer(State(scan): State<Arc<Scan>>, body: Bytes) -> Response {
    let found = scan.answer(&body).map_err(|refusal| refusal.to_string());
    match found.and_then(|found| serde_json::to_vec(&found).map_err(|error| error.to_string())) {
        Ok(found) => ([(CONTENT_TYPE, "application/json")], found).into_response(),
        Err(refusal) => (StatusCode::BAD_REQUEST, refusal).into_response(),
    }
}
