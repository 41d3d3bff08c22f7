//! The story itself: three players, one session.

use anyhow::Context;
use reqwest::Method;
use serde_json::{Value, json};

use super::server::Sample;
use super::teller::{Player, Teller};
use crate::http::{Answer, Call};
use crate::token::{TOKEN_PATH, header};

const NAME: &str = "demo";

/// Tells the story, step by step; the first answer that is not as told ends it.
pub(crate) async fn tell(teller: &mut Teller, sample: &Sample) -> anyhow::Result<()> {
    let story = Story::new(sample);
    let players = tokens(teller, sample).await?;
    let [a, b, c] = &players;
    let created = story.create(teller, a).await?;
    let activity = story.post_activity(teller, a).await?;
    story.find_activity(teller, b, a, &activity).await?;
    story.join(teller, b, &activity).await?;
    story.invite(teller, a, c).await?;
    let current = story.write_late(teller, a, &etag(&created)?).await?;
    story.write_again(teller, a, &etag(&current)?).await?;
    story.leave(teller, &players).await?;
    story.look_back(teller, b, &activity).await
}

struct Story<'a> {
    sample: &'a Sample,
    session: String,
    reference: Value,
}

impl<'a> Story<'a> {
    fn new(sample: &'a Sample) -> Self {
        let Sample { scid, template, .. } = sample;
        Self {
            sample,
            session: format!("/serviceconfigs/{scid}/sessiontemplates/{template}/sessions/{NAME}"),
            reference: json!({"scid": scid, "templateName": template, "name": NAME}),
        }
    }

    async fn create(&self, teller: &mut Teller, a: &Player) -> anyhow::Result<Answer> {
        teller.step("A creates a session, if there is none of that name")?;
        let call = Call::new(Method::PUT, &self.session)
            .header("if-none-match", "*")
            .json(&joining(a));
        let answer = teller.ask(a, call, 201).await?;
        let session = document(&answer)?;
        teller.check(
            session["changeNumber"] == 1,
            "it is the session's first change",
        )?;
        Ok(answer)
    }

    async fn post_activity(&self, teller: &mut Teller, a: &Player) -> anyhow::Result<String> {
        teller.step("A tells the world about it with an activity handle")?;
        let body = json!({"type": "activity", "version": 1, "sessionRef": self.reference});
        let call = Call::new(Method::POST, "/handles").json(&body);
        let answer = teller.ask(a, call, 201).await?;
        handle_id(&answer)
    }

    async fn find_activity(
        &self,
        teller: &mut Teller,
        b: &Player,
        a: &Player,
        activity: &str,
    ) -> anyhow::Result<()> {
        teller.step("B asks what A is doing, and finds the handle")?;
        let body = json!({
            "type": "activity", "scid": self.sample.scid, "owners": {"xuids": [a.xuid]},
        });
        let call = Call::new(Method::POST, "/handles/query").json(&body);
        let answer = teller.ask(b, call, 200).await?;
        let results = &document(&answer)?["results"];
        teller.check(
            results.as_array().is_some_and(|found| found.len() == 1)
                && results[0]["id"] == activity,
            "it is the handle that A made",
        )
    }

    async fn join(&self, teller: &mut Teller, b: &Player, activity: &str) -> anyhow::Result<()> {
        teller.step("B joins through the handle, without knowing the session's name")?;
        let answer = teller.ask(b, join_by_handle(b, activity), 200).await?;
        teller.check(
            answer.content_location.as_deref() == Some(self.session.as_str()),
            "Content-Location says which session it is",
        )?;
        check_members(teller, &answer, &["A", "B"])
    }

    async fn invite(&self, teller: &mut Teller, a: &Player, c: &Player) -> anyhow::Result<()> {
        teller.step("A invites C")?;
        let body = json!({
            "type": "invite", "version": 1, "sessionRef": self.reference, "invitedXuid": c.xuid,
            "inviteAttributes": {"titleId": self.sample.title_id},
        });
        let call = Call::new(Method::POST, "/handles").json(&body);
        let answer = teller.ask(a, call, 201).await?;
        let invite = handle_id(&answer)?;
        teller.step("C accepts the invitation and joins")?;
        let answer = teller.ask(c, join_by_handle(c, &invite), 200).await?;
        check_members(teller, &answer, &["A", "B", "C"])
    }

    async fn write_late(
        &self,
        teller: &mut Teller,
        a: &Player,
        stale: &str,
    ) -> anyhow::Result<Answer> {
        teller.step("A chooses a map, but still has the ETag of the creation: refused, and told the current session")?;
        let answer = teller.ask(a, self.choose_map(stale), 412).await?;
        teller.check(
            answer.etag.as_deref().is_some_and(|etag| etag != stale),
            "the refusal carries the current ETag",
        )?;
        check_members(teller, &answer, &["A", "B", "C"])?;
        Ok(answer)
    }

    async fn write_again(
        &self,
        teller: &mut Teller,
        a: &Player,
        fresh: &str,
    ) -> anyhow::Result<()> {
        teller.step("A tries again with the current ETag")?;
        let answer = teller.ask(a, self.choose_map(fresh), 200).await?;
        let session = document(&answer)?;
        teller.check(
            session["properties"]["custom"]["map"] == "canyon",
            "the map is chosen",
        )
    }

    async fn leave(&self, teller: &mut Teller, players: &[Player; 3]) -> anyhow::Result<()> {
        let [a, b, c] = players;
        let leaving =
            || Call::new(Method::PUT, &self.session).json(&json!({"members": {"me": null}}));
        teller.step("C and B leave")?;
        teller.ask(c, leaving(), 200).await?;
        let answer = teller.ask(b, leaving(), 200).await?;
        check_members(teller, &answer, &["A"])?;
        teller.step("A leaves, and with the last member the session is gone")?;
        teller.ask(a, leaving(), 204).await?;
        Ok(())
    }

    async fn look_back(
        &self,
        teller: &mut Teller,
        b: &Player,
        activity: &str,
    ) -> anyhow::Result<()> {
        teller.step("There is no such session any more")?;
        teller
            .ask(b, Call::new(Method::GET, &self.session), 204)
            .await?;
        teller.step("And the old handle leads nowhere")?;
        let path = format!("/handles/{activity}/session");
        teller.ask(b, Call::new(Method::GET, path), 404).await?;
        Ok(())
    }

    fn choose_map(&self, etag: &str) -> Call {
        Call::new(Method::PUT, &self.session)
            .header("if-match", etag)
            .json(&json!({"properties": {"custom": {"map": "canyon"}}}))
    }
}

/// The players of every story, and their tokens.
pub(super) async fn tokens(teller: &mut Teller, sample: &Sample) -> anyhow::Result<[Player; 3]> {
    teller.step("Players A, B and C get tokens from the development issuer")?;
    sign_in(
        teller,
        sample,
        [("A", "1001"), ("B", "1002"), ("C", "1003")],
    )
    .await
}

/// Gets everybody a token, by name and XUID.
pub(super) async fn sign_in<const N: usize>(
    teller: &mut Teller,
    sample: &Sample,
    players: [(&'static str, &'static str); N],
) -> anyhow::Result<[Player; N]> {
    let mut players = players.map(|(name, xuid)| Player {
        name,
        xuid,
        token: None,
    });
    for player in &mut players {
        let body = json!({
            "xuid": player.xuid, "gamertag": player.name, "titleId": sample.title_id,
        });
        let call = Call::new(Method::POST, TOKEN_PATH).json(&body);
        let answer = teller.ask(player, call, 200).await?;
        player.token = Some(header(&answer)?);
    }
    Ok(players)
}

pub(super) fn join_by_handle(player: &Player, id: &str) -> Call {
    Call::new(Method::PUT, format!("/handles/{id}/session"))
        .header("if-match", "*")
        .json(&joining(player))
}

/// The request document that joins as an active member, as client libraries send it.
pub(super) fn joining(player: &Player) -> Value {
    json!({"members": {"me": {
        "constants": {"system": {"xuid": player.xuid}},
        "properties": {"system": {"active": true}},
    }}})
}

pub(super) fn check_members(
    teller: &Teller,
    answer: &Answer,
    expected: &[&str],
) -> anyhow::Result<()> {
    let session = document(answer)?;
    let mut present: Vec<_> = session["members"]
        .as_object()
        .into_iter()
        .flat_map(|members| members.values())
        .filter_map(|member| member["gamertag"].as_str())
        .collect();
    present.sort_unstable();
    let claim = format!("the members are {}", expected.join(", "));
    teller.check(present == expected, &claim)
}

pub(super) fn document(answer: &Answer) -> anyhow::Result<Value> {
    serde_json::from_str(&answer.body).context("the answer is not JSON")
}

fn etag(answer: &Answer) -> anyhow::Result<String> {
    answer.etag.clone().context("the answer has no ETag")
}

pub(super) fn handle_id(answer: &Answer) -> anyhow::Result<String> {
    let handle = document(answer)?;
    let id = handle["id"].as_str().context("the handle has no id")?;
    Ok(id.to_owned())
}
