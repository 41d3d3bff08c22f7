//! Session browse: two groups look for players, and players look for a group.

use reqwest::Method;
use serde_json::{Value, json};

use super::server::Sample;
use super::story::{check_members, document, handle_id, join_by_handle, joining, tokens};
use super::teller::{Player, Teller};
use crate::http::{Answer, Call};

/// The template of groups, in the sample configuration.
const TEMPLATE: &str = "lfg";

/// What XSAPI asks to be told beside each handle.
const QUERY: &str = "/handles/query?include=relatedInfo,roleInfo,customProperties";

/// Tells the story, step by step; the first answer that is not as told ends it.
pub(crate) async fn tell(teller: &mut Teller, sample: &Sample) -> anyhow::Result<()> {
    let browse = Browse { sample };
    let [a, b, c] = &tokens(teller, sample).await?;
    browse
        .gather(teller, a, "raid", "A opens a group for a raid")
        .await?;
    let raid = json!({
        "tags": ["Raid", "MicRequired"], "numbers": {"level": 40}, "strings": {"map": "Canyon"},
    });
    let sentence = "A posts it for search: tags, numbers and texts by which it is found";
    let first = browse.post(teller, a, "raid", &raid, sentence).await?;
    browse
        .gather(teller, b, "duel", "B opens a group of another kind")
        .await?;
    let duel = json!({"tags": ["Duel"], "numbers": {"level": 12}});
    browse
        .post(teller, b, "duel", &duel, "B posts that one too")
        .await?;
    browse.look(teller, c).await?;
    browse.filter(teller, c).await?;
    browse.mistype(teller, c).await?;
    browse.join(teller, c, &first).await?;
    browse.needs(teller, b).await?;
    browse.replace(teller, a, b, &first).await?;
    browse.leave(teller, a, c).await
}

struct Browse<'a> {
    sample: &'a Sample,
}

impl Browse<'_> {
    fn session(&self, name: &str) -> String {
        let scid = &self.sample.scid;
        format!("/serviceconfigs/{scid}/sessiontemplates/{TEMPLATE}/sessions/{name}")
    }

    fn query(&self, filter: Option<&str>, order: &str) -> Call {
        let mut body = json!({
            "type": "search", "scid": self.sample.scid, "templateName": TEMPLATE, "orderBy": order,
        });
        if let Some(filter) = filter {
            body["filter"] = filter.into();
        }
        Call::new(Method::POST, QUERY).json(&body)
    }

    async fn gather(
        &self,
        teller: &mut Teller,
        owner: &Player,
        name: &str,
        sentence: &str,
    ) -> anyhow::Result<()> {
        teller.step(sentence)?;
        let call = Call::new(Method::PUT, self.session(name)).json(&joining(owner));
        teller.ask(owner, call, 201).await?;
        Ok(())
    }

    async fn post(
        &self,
        teller: &mut Teller,
        owner: &Player,
        name: &str,
        attributes: &Value,
        sentence: &str,
    ) -> anyhow::Result<String> {
        teller.step(sentence)?;
        let reference = json!({"scid": self.sample.scid, "templateName": TEMPLATE, "name": name});
        let body = json!({
            "type": "search", "version": 1, "sessionRef": reference, "searchAttributes": attributes,
        });
        let call = Call::new(Method::POST, "/handles").json(&body);
        handle_id(&teller.ask(owner, call, 201).await?)
    }

    async fn look(&self, teller: &mut Teller, c: &Player) -> anyhow::Result<()> {
        teller.step("C looks at all groups, the lowest level first")?;
        let answer = teller
            .ask(c, self.query(None, "numbers/level asc"), 200)
            .await?;
        check_names(teller, &answer, &["duel", "raid"])
    }

    async fn filter(&self, teller: &mut Teller, c: &Player) -> anyhow::Result<()> {
        teller.step("C wants raids from level 30 on; letter case does not matter to tags")?;
        let filter = "tags/any(t:tolower(t) eq 'raid') and numbers/level ge 30";
        let call = self.query(Some(filter), "numbers/level desc");
        let answer = teller.ask(c, call, 200).await?;
        check_names(teller, &answer, &["raid"])?;
        let found = &document(&answer)?["results"][0];
        let role = &found["roleInfo"]["roleTypes"]["lfg"]["roles"]["confirmed"];
        teller.check(
            found["relatedInfo"]["sessionOwners"] == json!(["1001"])
                && role["count"] == 0
                && role["target"] == 4,
            "it is A's, and says that four are wanted and none is confirmed yet",
        )
    }

    async fn mistype(&self, teller: &mut Teller, c: &Player) -> anyhow::Result<()> {
        teller.step("C forgets a quote, and is told where")?;
        let call = self.query(
            Some("tags/any(t:tolower(t) eq 'raid)"),
            "numbers/level desc",
        );
        let answer = teller.ask(c, call, 400).await?;
        teller.check(
            answer
                .body
                .contains("column 26: expected a text with a quote at its end"),
            "the refusal names the column, and what was expected there",
        )
    }

    async fn join(&self, teller: &mut Teller, c: &Player, raid: &str) -> anyhow::Result<()> {
        teller.step("C joins the group through the handle that was found")?;
        let answer = teller.ask(c, join_by_handle(c, raid), 200).await?;
        check_members(teller, &answer, &["A", "C"])
    }

    async fn needs(&self, teller: &mut Teller, b: &Player) -> anyhow::Result<()> {
        teller.step("B looks for groups that want one to two more: C counts at once")?;
        let filter = "session/needs ge 1 and session/needs le 2";
        let call = self.query(Some(filter), "session/needs asc");
        let answer = teller.ask(b, call, 200).await?;
        check_names(teller, &answer, &["raid"])
    }

    async fn replace(
        &self,
        teller: &mut Teller,
        a: &Player,
        b: &Player,
        first: &str,
    ) -> anyhow::Result<()> {
        let next = json!({"tags": ["Raid"], "numbers": {"level": 50}});
        let sentence =
            "A posts the group anew, for a higher level: the new handle replaces the old";
        self.post(teller, a, "raid", &next, sentence).await?;
        teller.step("The old handle leads nowhere, and is not found any more")?;
        let path = format!("/handles/{first}/session");
        teller.ask(b, Call::new(Method::GET, path), 404).await?;
        let answer = teller
            .ask(
                b,
                self.query(Some("numbers/level eq 40"), "numbers/level"),
                200,
            )
            .await?;
        check_names(teller, &answer, &[])
    }

    async fn leave(&self, teller: &mut Teller, a: &Player, c: &Player) -> anyhow::Result<()> {
        teller.step("A, who owns the group, leaves: the session ends, and its handle with it")?;
        let call = Call::new(Method::PUT, self.session("raid"));
        let leaving = json!({"members": {"me": null}});
        teller.ask(a, call.json(&leaving), 204).await?;
        let answer = teller
            .ask(c, self.query(None, "numbers/level"), 200)
            .await?;
        check_names(teller, &answer, &["duel"])
    }
}

fn check_names(teller: &Teller, answer: &Answer, expected: &[&str]) -> anyhow::Result<()> {
    let found = document(answer)?;
    let results = found["results"].as_array();
    let names: Vec<_> = results
        .into_iter()
        .flatten()
        .filter_map(|handle| handle["sessionRef"]["name"].as_str())
        .collect();
    let claim = match expected {
        [] => "nothing is found".to_owned(),
        names => format!("what is found, in this order: {}", names.join(", ")),
    };
    teller.check(names == expected, &claim)
}
