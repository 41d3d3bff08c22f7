//! Sends the requests of the story, prints each exchange and checks its answer.

use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use super::excerpt;
use crate::http::{Answer, CONTRACT, Call, Client};
use crate::output::{Paint, body_json, pretty, print};
use crate::stopwatch::Stopwatch;

/// How much of an exchange is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// A line for the request and one or two for the answer.
    Compact,
    /// Whole headers and bodies.
    Verbose,
    /// One JSON object.
    Json,
}

/// Tells the story to the standard output.
#[derive(Debug)]
pub(crate) struct Teller {
    style: Style,
    paint: Paint,
    client: Client,
    step: usize,
    sentence: String,
    exchanges: usize,
}

/// Somebody in the story.
#[derive(Debug, Clone)]
pub(crate) struct Player {
    pub(crate) name: &'static str,
    pub(crate) xuid: &'static str,
    /// The value of the player's `Authorization` header, once there is one.
    pub(crate) token: Option<String>,
}

impl Teller {
    pub(crate) fn new(style: Style, paint: Paint, client: Client) -> Self {
        Self {
            style,
            paint,
            client,
            step: 0,
            sentence: String::new(),
            exchanges: 0,
        }
    }

    pub(crate) fn introduce(&self, text: &str) -> anyhow::Result<()> {
        if self.style != Style::Json {
            print(&self.paint.dim(text))?;
        }
        Ok(())
    }

    /// Starts the next step.
    pub(crate) fn step(&mut self, sentence: &str) -> anyhow::Result<()> {
        self.step += 1;
        sentence.clone_into(&mut self.sentence);
        if self.style != Style::Json {
            let heading = format!("{:2}. {sentence}", self.step);
            print(&format!("\n{}", self.paint.bold(&heading)))?;
        }
        Ok(())
    }

    /// Sends a player's request and requires the status that the story tells.
    pub(crate) async fn ask(
        &mut self,
        player: &Player,
        call: Call,
        expected: u16,
    ) -> anyhow::Result<Answer> {
        let call = call.contract(CONTRACT).token(player.token.as_deref());
        let answer = self
            .client
            .send(&call)
            .await
            .with_context(|| format!("step {} ({})", self.step, self.sentence))?;
        self.exchanges += 1;
        let as_told = answer.status.as_u16() == expected;
        print(&match self.style {
            Style::Compact => self.compact(player, &call, &answer, as_told),
            Style::Verbose => self.verbose(player, &call, &answer, as_told),
            Style::Json => self.json(player, &call, &answer, expected),
        })?;
        ensure!(
            as_told,
            "step {} ({}): {} {} should have answered {expected}, not {}: {}",
            self.step,
            self.sentence,
            call.method,
            call.path,
            answer.status,
            answer.body
        );
        Ok(answer)
    }

    /// Requires something of the last answer.
    pub(crate) fn check(&self, holds: bool, claim: &str) -> anyhow::Result<()> {
        let Self { step, sentence, .. } = self;
        ensure!(holds, "step {step} ({sentence}): not so: {claim}");
        if self.style != Style::Json {
            print(&self.paint.dim(&format!("      ✓ {claim}")))?;
        }
        Ok(())
    }

    /// Lets time pass, because the story is about what it does.
    pub(crate) async fn wait(&self, time: Duration, why: &str) -> anyhow::Result<()> {
        if self.style != Style::Json {
            let text = format!("    {} ms pass: {why}", time.as_millis());
            print(&self.paint.dim(&text))?;
        }
        Stopwatch::start().until(time).await;
        Ok(())
    }

    pub(crate) fn conclude(&self) -> anyhow::Result<()> {
        if self.style != Style::Json {
            let Self {
                step, exchanges, ..
            } = self;
            let text = format!("All {exchanges} answers of {step} steps were as told.");
            print(&format!("\n{}", self.paint.green(&text)))?;
        }
        Ok(())
    }

    fn compact(&self, player: &Player, call: &Call, answer: &Answer, as_told: bool) -> String {
        let mut text = format!(
            "    {} {}",
            self.paint.cyan(player.name),
            excerpt::request(call)
        );
        text.push_str("\n      ");
        text.push_str(&self.status(answer, as_told));
        text.push_str(&excerpt::headers(answer));
        if let Some(line) = excerpt::body(&answer.body) {
            text.push_str("\n      ");
            text.push_str(&line);
        }
        text
    }

    fn verbose(&self, player: &Player, call: &Call, answer: &Answer, as_told: bool) -> String {
        let mut lines = vec![format!(
            "{} {} {}",
            self.paint.cyan(player.name),
            call.method,
            call.path
        )];
        for (name, value) in &call.headers {
            lines.push(format!("  {name}: {value}"));
        }
        if let Some(body) = &call.body {
            lines.push(indent(body));
        }
        lines.push(self.status(answer, as_told));
        let headers = [
            ("etag", &answer.etag),
            ("content-location", &answer.content_location),
            ("location", &answer.location),
        ];
        for (name, value) in headers {
            if let Some(value) = value {
                lines.push(format!("  {name}: {value}"));
            }
        }
        if !answer.body.is_empty() {
            lines.push(indent(&answer.body));
        }
        lines.join("\n")
    }

    fn status(&self, answer: &Answer, as_told: bool) -> String {
        let status = answer.status.to_string();
        if as_told {
            self.paint.green(&status)
        } else {
            self.paint.red(&status)
        }
    }

    fn json(&self, player: &Player, call: &Call, answer: &Answer, expected: u16) -> String {
        let headers: Value = call
            .headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), json!(value)))
            .collect::<serde_json::Map<_, _>>()
            .into();
        format!(
            r#"{{"step":{},"sentence":{},"as":{},"request":{{"method":{},"path":{},"headers":{headers},"body":{}}},"answer":{{"status":{},"etag":{},"contentLocation":{},"body":{}}},"expectedStatus":{expected}}}"#,
            self.step,
            json!(self.sentence),
            json!(player.name),
            json!(call.method.as_str()),
            json!(call.path),
            body_json(call.body.as_deref().unwrap_or_default()),
            answer.status.as_u16(),
            json!(answer.etag),
            json!(answer.content_location),
            body_json(&answer.body),
        )
    }
}

fn indent(body: &str) -> String {
    let lines: Vec<_> = pretty(body)
        .lines()
        .map(|line| format!("  {line}"))
        .collect();
    lines.join("\n")
}
