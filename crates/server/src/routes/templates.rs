//! `…/sessiontemplates`: the templates of a service configuration, read-only here.

use axum::response::Response;
use convoke_wire::template::TemplateListItem;
use convoke_wire::{Scid, TemplateName};
use http::StatusCode;
use serde::Serialize;

use crate::api_error::ApiError;
use crate::call::Call;
use crate::caller::admit;
use crate::exchange;
use crate::reply;
use crate::shared::Shared;

#[derive(Debug, Serialize)]
struct TemplateList {
    results: Vec<TemplateListItem>,
}

/// `GET /serviceconfigs/{scid}/sessiontemplates`: all of them, by name.
pub fn list(shared: &Shared, scid: &Scid, call: &Call) -> Result<Response, ApiError> {
    exchange::contract(&call.head.headers)?;
    let admitted = admit(shared, &call.identity, scid)?;
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
pub fn get(
    shared: &Shared,
    scid: &Scid,
    name: &TemplateName,
    call: &Call,
) -> Result<Response, ApiError> {
    exchange::contract(&call.head.headers)?;
    let template = admit(shared, &call.identity, scid)?.template(name)?;
    Ok(reply::json(StatusCode::OK, &template.template.document))
}
