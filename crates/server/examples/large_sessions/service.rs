//! A service in this process, and players who join one session of it.

use std::fs;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use convoke_server::app::App;
use convoke_server::clock::SystemClock;
use convoke_server::config::{Config, Mode, StoreChoice};
use convoke_server::edge::Edge;
use convoke_server::entropy::SystemEntropy;
use http::Request;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};

use crate::{Failure, JOIN, TEMPLATE, median, now};

const SCID: &str = "11111111-2222-3333-4444-555555555555";
const SESSION: &str =
    "/serviceconfigs/11111111-2222-3333-4444-555555555555/sessiontemplates/large/sessions/s";

/// Joins about the nth that count for it.
const AROUND: usize = 100;

/// How long the nth joins take: the median of those about each of them.
pub(crate) async fn joins_of(
    store: StoreChoice,
    compared: [u32; 2],
) -> Result<[Duration; 2], Failure> {
    let dir = tempfile::tempdir()?;
    let services = dir.path().join("services");
    write_template(&services)?;
    let mut config = Config {
        store,
        data: dir.path().join("data"),
        service_configs: Some(services),
        ..Config::default()
    };
    config.limits.mode = Mode::Off;
    let app = App::open(config, Arc::new(SystemClock), Arc::new(SystemEntropy))?;
    let edge = app.edge();
    let mut times = Vec::new();
    for player in 1..=u64::from(compared[1]) {
        let token = token(&edge, player).await?;
        let begin = now();
        let joined = call(&edge, "PUT", SESSION, Some(&token), JOIN).await?;
        times.push(now() - begin);
        check(&joined, player)?;
    }
    app.close().await;
    let about = |nth: u32| {
        median(
            times
                .get(window(nth, times.len()))
                .unwrap_or_default()
                .to_vec(),
        )
    };
    Ok(compared.map(about))
}

/// The places of the joins about the nth.
fn window(nth: u32, all: usize) -> Range<usize> {
    let end = all.min(nth as usize + AROUND / 2);
    end - AROUND..end
}

/// The session's totals are shown to everybody, of the members only the player.
fn check(joined: &Value, player: u64) -> Result<(), Failure> {
    let members = joined["members"]
        .as_object()
        .map_or(0, serde_json::Map::len);
    if joined["membersInfo"]["count"] != player || members != 1 {
        return Err(format!("join {player} was answered with {joined}").into());
    }
    Ok(())
}

fn write_template(services: &Path) -> Result<(), Failure> {
    let templates = services.join(SCID).join("templates");
    fs::create_dir_all(&templates)?;
    fs::write(
        services.join(SCID).join("service.toml"),
        "title_ids = [\"123\"]\n",
    )?;
    fs::write(templates.join("large.json"), TEMPLATE)?;
    Ok(())
}

async fn token(edge: &Edge, player: u64) -> Result<String, Failure> {
    let wanted = json!({"xuid": player.to_string(), "gamertag": "P", "titleId": "123"});
    let issued = call(edge, "POST", "/dev/token", None, &wanted.to_string()).await?;
    let uhs = &issued["DisplayClaims"]["xui"][0]["uhs"];
    let (Some(token), Some(uhs)) = (issued["Token"].as_str(), uhs.as_str()) else {
        return Err(format!("no token was issued: {issued}").into());
    };
    Ok(format!("XBL3.0 x={uhs};{token}"))
}

async fn call(
    edge: &Edge,
    method: &str,
    path: &str,
    token: Option<&str>,
    body: &str,
) -> Result<Value, Failure> {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(CONTENT_TYPE, "application/json")
        .header("x-xbl-contract-version", "107")
        .body(Body::from(body.to_owned()))?;
    if let Some(token) = token {
        request.headers_mut().insert(AUTHORIZATION, token.parse()?);
    }
    let answer = edge.answer(request, None).await;
    let status = answer.status();
    let body = answer.into_body().collect().await?.to_bytes();
    if !status.is_success() {
        let text = String::from_utf8_lossy(&body);
        return Err(format!("{method} {path}: {status} {text}").into());
    }
    Ok(serde_json::from_slice(&body)?)
}
