//! `…/sessiontemplates`: the templates of a service configuration, read-only here.

use axum::response::Response;
use convoke_wire::template::TemplateListItem;
use convoke_wire::{Scid, TemplateName};
use http::StatusCode;
use http::request::Parts;
use serde::Serialize;

use crate::api_error::ApiError;
use crate::caller::{Identity, admit};
use crate::exchange;
use crate::reply;
use crate::shared::Shared;

#[derive(Debug, Serialize)]
struct TemplateList {
    results: Vec<TemplateListItem>,
}

/// `GET /serviceconfigs/{scid}/sessiontemplates`: all of them, by name.
pub async fn list(shared: &Shared, scid: &Scid, parts: &Parts) -> Result<Response, ApiError> {
    let identity = Identity::of(shared, parts).await?;
    exchange::contract(&parts.headers)?;
    let admitted = admit(shared, &identity, scid)?;
    let config = &admitted.config;
    let results = config.templates().map(|named| TemplateListItem {
        scid: config.scid.clone(),
        template_name: named.name.clone(),
        contract_version: named.template.contract.number(),
    });
    let list = TemplateList {
        results: results.collect(),
    };
    Ok(reply::json(StatusCode::OK, &list))
}

/// `GET /serviceconfigs/{scid}/sessiontemplates/{template}`: the document as it was written.
pub async fn get(
    shared: &Shared,
    scid: &Scid,
    name: &TemplateName,
    parts: &Parts,
) -> Result<Response, ApiError> {
    let identity = Identity::of(shared, parts).await?;
    exchange::contract(&parts.headers)?;
    let template = admit(shared, &identity, scid)?.template(name)?;
    Ok(reply::json(StatusCode::OK, &template.template.document))
}
