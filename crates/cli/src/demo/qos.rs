//! Two matches whose players find out whether they can play with each other.
//!
//! The measurements are made up, everything else is real: the service waits, judges and names hosts.

use std::time::Duration;

use anyhow::Context;
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::server::Sample;
use super::story::{check_members, document, sign_in};
use super::teller::{Player, Teller};
use crate::http::{Answer, Call};

/// How long the second match waits for its players.
const JOIN_TIMEOUT: Duration = Duration::from_secs(2);
/// The clock of the service may tick a little later than ours.
const MARGIN: Duration = Duration::from_millis(50);

/// Tells of a match of two, and then of one of four.
pub(crate) async fn tell(teller: &mut Teller, sample: &Sample) -> anyhow::Result<()> {
    teller.step("Players A, B, C and D get tokens from the development issuer")?;
    let players = [("A", "1001"), ("B", "1002"), ("C", "1003"), ("D", "1004")];
    let [a, b, c, d] = sign_in(teller, sample, players).await?;
    of_two(teller, &Match::new(sample, "two"), &a, &b).await?;
    of_four(teller, &Match::new(sample, "four"), [&a, &b, &c, &d]).await
}

/// Everybody comes, everybody measures, and both can play.
async fn of_two(teller: &mut Teller, game: &Match, a: &Player, b: &Player) -> anyhow::Result<()> {
    teller.step("A makes a match with B: a place for each, to be initialised before they play")?;
    let answer = game.create(teller, a, &[b]).await?;
    check_stage(teller, &answer, Some("joining"))?;
    teller.step("B comes, and now both are to measure the way to each other")?;
    let answer = game.come(teller, b).await?;
    check_stage(teller, &answer, Some("measuring"))?;
    let session = document(&answer)?;
    teller.step("A has measured: B is 20 ms away")?;
    let answer = game.upload(teller, a, &session, &[(b, 20)]).await?;
    check_stage(teller, &answer, Some("measuring"))?;
    teller.step("B has measured: A is 35 ms away. The service judges, and both pass")?;
    let answer = game.upload(teller, b, &session, &[(a, 35)]).await?;
    check_stage(teller, &answer, None)?;
    check_candidates(teller, &answer, &[b, a])?;
    teller.step("A makes the best candidate the host, and they play")?;
    let host = device_token(&document(&answer)?, b)?;
    let choice = json!({"properties": {"system": {"host": host}}});
    let answer = teller.ask(a, game.put(&choice), 200).await?;
    let session = document(&answer)?;
    teller.check(
        session.get("hostCandidates").is_none(),
        "with a host there are no candidates any more",
    )?;
    teller.step("They leave, and the match is over")?;
    teller.ask(b, game.put(&leaving()), 200).await?;
    teller.ask(a, game.put(&leaving()), 204).await?;
    Ok(())
}

/// One does not come, one is too far away, and the others play.
async fn of_four(
    teller: &mut Teller,
    game: &Match,
    [a, b, c, d]: [&Player; 4],
) -> anyhow::Result<()> {
    teller.step("A makes a match with B, C and D, of whom two are enough")?;
    let answer = game.create(teller, a, &[b, c, d]).await?;
    check_stage(teller, &answer, Some("joining"))?;
    teller.step("B and C come")?;
    game.come(teller, b).await?;
    let answer = game.come(teller, c).await?;
    check_stage(teller, &answer, Some("joining"))?;
    teller.step("D does not, and the match goes on without")?;
    let why = "the service waits for D for as long as `joinTimeout` says";
    teller.wait(JOIN_TIMEOUT + MARGIN, why).await?;
    let answer = teller.ask(a, game.get(), 200).await?;
    check_members(teller, &answer, &["A", "B", "C"])?;
    check_stage(teller, &answer, Some("measuring"))?;
    let session = document(&answer)?;
    teller.step("A and B are near each other, and C is far from both")?;
    game.upload(teller, a, &session, &[(b, 25), (c, 410)])
        .await?;
    game.upload(teller, b, &session, &[(a, 20), (c, 430)])
        .await?;
    let answer = game
        .upload(teller, c, &session, &[(a, 400), (b, 420)])
        .await?;
    check_stage(teller, &answer, None)?;
    let session = document(&answer)?;
    let failures = |player: &Player| member(&session, player)["initializationFailure"].clone();
    teller.check(
        failures(c) == "latency",
        "C fails by latency, and nobody else fails",
    )?;
    teller.check(
        [a, b].into_iter().all(|player| failures(player).is_null()),
        "A and B play",
    )?;
    check_candidates(teller, &answer, &[a, b])?;
    teller.step("C leaves, to look for another match")?;
    let answer = teller.ask(c, game.put(&leaving()), 200).await?;
    check_members(teller, &answer, &["A", "B"])?;
    teller
        .step("D comes after all. Its episode is a new one, and A and B need not measure again")?;
    let answer = game.come(teller, d).await?;
    check_stage(teller, &answer, Some("measuring"))?;
    let session = document(&answer)?;
    let answer = game
        .upload(teller, d, &session, &[(a, 30), (b, 30)])
        .await?;
    check_stage(teller, &answer, None)?;
    check_members(teller, &answer, &["A", "B", "D"])?;
    teller.step("They leave, and the match is over")?;
    teller.ask(d, game.put(&leaving()), 200).await?;
    teller.ask(b, game.put(&leaving()), 200).await?;
    teller.ask(a, game.put(&leaving()), 204).await?;
    Ok(())
}

/// A session that is a match.
struct Match {
    path: String,
}

impl Match {
    fn new(sample: &Sample, name: &str) -> Self {
        let Sample { scid, template, .. } = sample;
        let path = format!("/serviceconfigs/{scid}/sessiontemplates/{template}/sessions/{name}");
        Self { path }
    }

    fn put(&self, body: &Value) -> Call {
        Call::new(Method::PUT, &self.path).json(body)
    }

    fn get(&self) -> Call {
        Call::new(Method::GET, &self.path)
    }

    /// Creates the session, with a place for everybody.
    async fn create(
        &self,
        teller: &mut Teller,
        host: &Player,
        others: &[&Player],
    ) -> anyhow::Result<Answer> {
        let mut body = coming(host);
        for (number, other) in others.iter().enumerate() {
            let place = json!({"constants": {"system": {"xuid": other.xuid, "initialize": true}}});
            body["members"][format!("reserve_{number}")] = place;
        }
        body["constants"] = json!({"system": {
            "memberInitialization": {
                "joinTimeout": joining_ms(others.len()), "membersNeededToStart": 2,
            },
            "peerToPeerRequirements": {"latencyMaximum": 250, "bandwidthMinimum": 10_000},
            "peerToHostRequirements": {"latencyMaximum": 100},
        }});
        teller.ask(host, self.put(&body), 201).await
    }

    /// A player comes to its place, or takes a new one.
    async fn come(&self, teller: &mut Teller, player: &Player) -> anyhow::Result<Answer> {
        teller.ask(player, self.put(&coming(player)), 200).await
    }

    /// A player uploads what it measured: how many ms it is away from others.
    async fn upload(
        &self,
        teller: &mut Teller,
        player: &Player,
        session: &Value,
        ways: &[(&Player, u64)],
    ) -> anyhow::Result<Answer> {
        let mut measurements = Map::new();
        for (other, latency) in ways {
            let way = json!({"latency": latency, "bandwidthDown": 250_000, "bandwidthUp": 50_000});
            measurements.insert(device_token(session, other)?, way);
        }
        let body = json!({"members": {"me": {"properties": {"system": {
            "measurements": measurements,
        }}}}});
        teller.ask(player, self.put(&body), 200).await
    }
}

/// A match of two has all the time there is by default; the other shows what happens when it is over.
fn joining_ms(others: usize) -> u128 {
    if others == 1 {
        10_000
    } else {
        JOIN_TIMEOUT.as_millis()
    }
}

/// The request document by which a player comes to play from its device.
fn coming(player: &Player) -> Value {
    json!({"members": {"me": {
        "constants": {"system": {"xuid": player.xuid, "initialize": true}},
        "properties": {"system": {
            "active": true, "secureDeviceAddress": format!("AAAA{}", player.xuid),
        }},
    }}})
}

fn leaving() -> Value {
    json!({"members": {"me": null}})
}

/// The entry of a player in a session; `null` if there is none.
fn member<'a>(session: &'a Value, player: &Player) -> &'a Value {
    let members = session["members"].as_object();
    let mut members = members.into_iter().flat_map(Map::values);
    let found = members.find(|member| member["gamertag"] == player.name);
    found.unwrap_or(&Value::Null)
}

fn device_token(session: &Value, player: &Player) -> anyhow::Result<String> {
    let token = member(session, player)["deviceToken"].as_str();
    let token = token.with_context(|| format!("{} has no device token", player.name))?;
    Ok(token.to_owned())
}

/// Requires a stage, or that no episode runs any more.
fn check_stage(teller: &Teller, answer: &Answer, expected: Option<&str>) -> anyhow::Result<()> {
    let session = document(answer)?;
    let stage = session["initializing"]["stage"].as_str();
    let claim = match expected {
        Some(stage) => format!("the stage is `{stage}`"),
        None => "the episode is over".to_owned(),
    };
    teller.check(stage == expected, &claim)
}

/// Requires the host candidates, best first.
fn check_candidates(teller: &Teller, answer: &Answer, best: &[&Player]) -> anyhow::Result<()> {
    let session = document(answer)?;
    let mut tokens = Vec::new();
    for player in best {
        tokens.push(device_token(&session, player)?);
    }
    let names: Vec<_> = best.iter().map(|player| player.name).collect();
    let claim = format!("host candidates, best first: {}", names.join(", "));
    teller.check(session["hostCandidates"] == json!(tokens), &claim)
}
