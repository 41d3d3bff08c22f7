//! What the commands print.

use std::collections::HashMap;
use std::io::{self, IsTerminal as _, Write};

use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::http::{Answer, PROBLEM};

/// Prints an answer: status, headers that matter and the body, or one JSON object.
pub(crate) fn print_answer(answer: &Answer, format: Format) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match format {
        Format::Text => write!(out, "{}", answer_text(answer))?,
        Format::Json => writeln!(out, "{}", answer_json(answer))?,
    }
    out.flush()
}

/// Prints one line, or several.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}

/// Whom the output is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Text,
    Json,
}

impl Format {
    /// The format that the flag `--json` asks for.
    pub(crate) fn from_flag(json: bool) -> Self {
        if json { Self::Json } else { Self::Text }
    }
}

/// Colours, or none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paint {
    on: bool,
}

impl Paint {
    /// Colours when the output is a terminal and `NO_COLOR` is not set (no-color.org).
    pub(crate) fn detect() -> Self {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self {
            on: !refused && io::stdout().is_terminal(),
        }
    }

    pub(crate) fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    pub(crate) fn dim(self, text: &str) -> String {
        self.with("2", text)
    }

    pub(crate) fn green(self, text: &str) -> String {
        self.with("32", text)
    }

    pub(crate) fn red(self, text: &str) -> String {
        self.with("31", text)
    }

    pub(crate) fn cyan(self, text: &str) -> String {
        self.with("36", text)
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.on {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}

fn answer_text(answer: &Answer) -> String {
    let mut text = format!("{}\n", answer.status);
    let headers = [
        ("ETag", &answer.etag),
        ("Content-Location", &answer.content_location),
        ("Location", &answer.location),
        ("Retry-After", &answer.retry_after),
        ("WWW-Authenticate", &answer.www_authenticate),
    ];
    for (name, value) in headers {
        if let Some(value) = value {
            text.extend([name, ": ", value, "\n"]);
        }
    }
    let explained = answer.content_type.as_deref() == Some(PROBLEM);
    match Problem::read(&answer.body).filter(|_| explained) {
        Some(problem) => text.push_str(&problem.text()),
        None if answer.body.is_empty() => {}
        None => text.push_str(&pretty(&answer.body)),
    }
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

/// The members of an explained refusal that people read.
#[derive(Debug)]
struct Problem {
    lines: Vec<(&'static str, String)>,
    session: Option<Box<RawValue>>,
}

impl Problem {
    fn read(body: &str) -> Option<Self> {
        let mut members: HashMap<String, Box<RawValue>> = serde_json::from_str(body).ok()?;
        let session = members.remove("session");
        let mut lines = Vec::new();
        for name in ["code", "detail", "path", "rule", "cure", "docs"] {
            let member = members.get(name)?;
            let text: String = serde_json::from_str(member.get()).ok()?;
            if !text.is_empty() {
                lines.push((name, text));
            }
        }
        Some(Self { lines, session })
    }

    /// One line each, then the session if the refusal shows it.
    fn text(&self) -> String {
        let mut text = String::new();
        for (name, value) in &self.lines {
            text.extend([name, ": ", value, "\n"]);
        }
        if let Some(session) = &self.session {
            text.push_str(&pretty(session.get()));
        }
        text
    }
}

/// The answer as one object; the body stays as it came, digits and order of keys included.
fn answer_json(answer: &Answer) -> String {
    let text = |value: &Option<String>| json!(value).to_string();
    format!(
        r#"{{"status":{},"etag":{},"contentLocation":{},"body":{}}}"#,
        answer.status.as_u16(),
        text(&answer.etag),
        text(&answer.content_location),
        body_json(&answer.body),
    )
}

/// A body as a JSON value: itself if it is JSON, else a string; nothing is null.
pub(crate) fn body_json(body: &str) -> String {
    if body.is_empty() {
        Value::Null.to_string()
    } else if let Ok(raw) = serde_json::from_str::<&RawValue>(body) {
        raw.get().to_owned()
    } else {
        json!(body).to_string()
    }
}

/// JSON with line breaks; other text as it is.
///
/// Works on the text, so that numbers keep their digits and keys their order.
pub(crate) fn pretty(body: &str) -> String {
    if serde_json::from_str::<&RawValue>(body).is_err() {
        return body.to_owned();
    }
    let mut out = String::with_capacity(body.len() * 2);
    let mut depth = 0;
    let mut in_string = false;
    let mut escaped = false;
    let mut characters = body.chars().filter(|c| !c.is_control()).peekable();
    while let Some(c) = characters.next() {
        if in_string {
            out.push(c);
            in_string = escaped || c != '"';
            escaped = !escaped && c == '\\';
            continue;
        }
        match c {
            ' ' => {}
            '{' | '[' => {
                out.push(c);
                while characters.next_if_eq(&' ').is_some() {}
                if let Some(end) = characters.next_if(|next| matches!(next, '}' | ']')) {
                    out.push(end);
                } else {
                    depth += 1;
                    break_line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth -= 1;
                break_line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                break_line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            _ => {
                in_string = c == '"';
                out.push(c);
            }
        }
    }
    out
}

fn break_line(out: &mut String, depth: usize) {
    out.push('\n');
    out.push_str(&"  ".repeat(depth));
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::StatusCode;

    fn answer(status: StatusCode, body: &str) -> Answer {
        Answer {
            status,
            etag: Some("\"0a\"".to_owned()),
            content_location: None,
            location: None,
            retry_after: None,
            www_authenticate: None,
            content_type: None,
            body: body.to_owned(),
        }
    }

    #[test]
    fn json_is_broken_into_lines_without_touching_its_values() {
        let check = |body: &str, expected: &str| assert_eq!(pretty(body), expected, "{body}");
        check("{}", "{}");
        check("[ ]", "[]");
        check(
            r#"{"b":18446744073709551616,"a":1.10}"#,
            "{\n  \"b\": 18446744073709551616,\n  \"a\": 1.10\n}",
        );
        check(
            r#"{"a":[1,{"b":"x\"{,:}\\"}]}"#,
            "{\n  \"a\": [\n    1,\n    {\n      \"b\": \"x\\\"{,:}\\\\\"\n    }\n  ]\n}",
        );
        check("{\n \"a\" : [ \n ] }", "{\n  \"a\": []\n}");
        check("not {json}", "not {json}");
    }

    #[test]
    fn an_answer_as_text_has_the_status_the_tag_and_the_body() {
        assert_eq!(
            answer_text(&answer(StatusCode::CREATED, r#"{"a":1}"#)),
            "201 Created\nETag: \"0a\"\n{\n  \"a\": 1\n}\n"
        );
        assert_eq!(
            answer_text(&answer(StatusCode::FORBIDDEN, "not allowed")),
            "403 Forbidden\nETag: \"0a\"\nnot allowed\n"
        );
    }

    #[test]
    fn an_explained_refusal_has_a_line_for_each_thing_to_know() {
        let problem = r#"{"type":"/d#a.b","title":"R.","status":403,"code":"a.b","rule":"R.",
            "path":"members.me","detail":"D","cure":"C.","docs":"/d#a.b","session":{"n":1}}"#;
        let mut refused = answer(StatusCode::FORBIDDEN, problem);
        refused.content_type = Some(PROBLEM.to_owned());
        assert_eq!(
            answer_text(&refused),
            "403 Forbidden\nETag: \"0a\"\ncode: a.b\ndetail: D\npath: members.me\nrule: R.\n\
             cure: C.\ndocs: /d#a.b\n{\n  \"n\": 1\n}\n"
        );
        refused.body = "{}".to_owned();
        assert!(answer_text(&refused).ends_with("\n{}\n"));
    }

    #[test]
    fn an_answer_as_json_keeps_its_body() {
        let check = |body: &str, expected: &str| {
            let text = answer_json(&answer(StatusCode::OK, body));
            let start = r#"{"status":200,"etag":"\"0a\"","contentLocation":null,"body":"#;
            assert_eq!(text, format!("{start}{expected}}}"));
        };
        check(r#"{"z":1.10,"a":2}"#, r#"{"z":1.10,"a":2}"#);
        check("a \"text\"", r#""a \"text\"""#);
        check("", "null");
    }
}
