//! Short forms of requests and answers: what a reader of the story needs to see.

use serde_json::{Map, Value};

use crate::http::{Answer, Call};

/// Longer texts are cut.
const LINE: usize = 110;

/// A request in one line.
pub(crate) fn request(call: &Call) -> String {
    let mut text = format!("{} {}", call.method, shorten(&call.path));
    for (name, value) in &call.headers {
        let shown = match *name {
            "if-match" => "If-Match",
            "if-none-match" => "If-None-Match",
            _ => continue,
        };
        text.extend(["  ", shown, ": ", &shorten(value)]);
    }
    if let Some(body) = &call.body {
        text.push_str("  ");
        text.push_str(&cut(&shorten(body)));
    }
    text
}

/// The headers of an answer that matter to the story.
pub(crate) fn headers(answer: &Answer) -> String {
    let mut text = String::new();
    if let Some(etag) = &answer.etag {
        text.extend(["  ETag: ", &shorten(etag)]);
    }
    if let Some(location) = &answer.content_location {
        text.extend(["  Content-Location: ", &shorten(location)]);
    }
    text
}

/// The body of an answer in one line; an empty one has none.
pub(crate) fn body(text: &str) -> Option<String> {
    if text.is_empty() {
        return None;
    }
    let Ok(document) = serde_json::from_str::<Value>(text) else {
        return Some(cut(text));
    };
    Some(if document["membersInfo"].is_object() {
        session(&document)
    } else if let Some(results) = document["results"].as_array() {
        let found: Vec<_> = results.iter().map(handle).collect();
        format!("{} found: {}", results.len(), found.join("; "))
    } else if document["sessionRef"].is_object() {
        handle(&document)
    } else if document["Token"].is_string() {
        token(&document)
    } else {
        cut(&shorten(text))
    })
}

fn session(document: &Value) -> String {
    let members = match document["members"].as_object() {
        Some(members) if !members.is_empty() => {
            let members: Vec<_> = members
                .iter()
                .map(|(index, it)| member(index, it))
                .collect();
            members.join(", ")
        }
        _ => "nobody".to_owned(),
    };
    let custom = &document["properties"]["custom"];
    let custom = if custom.as_object().is_some_and(Map::is_empty) {
        String::new()
    } else {
        format!(", custom {custom}")
    };
    let initialization = initialization(document);
    format!(
        "change {} of the session: {members}{custom}{initialization}",
        document["changeNumber"]
    )
}

/// How far the members' initialisation has come, and who could be the host.
fn initialization(document: &Value) -> String {
    let mut text = String::new();
    if let Some(stage) = document["initializing"]["stage"].as_str() {
        let episode = &document["initializing"]["episode"];
        text.extend(["; episode ", &episode.to_string(), ": ", stage]);
    }
    let name = |token: &Value| {
        let token = token.as_str()?;
        let mut members = document["members"].as_object()?.values();
        let member = members.find(|member| member["deviceToken"] == token)?;
        member["gamertag"].as_str()
    };
    if let Some(candidates) = document["hostCandidates"].as_array() {
        let names: Vec<_> = candidates.iter().filter_map(name).collect();
        text.extend(["; could be the host: ", &names.join(", ")]);
    }
    if let Some(host) = name(&document["properties"]["system"]["host"]) {
        text.extend(["; the host is ", host]);
    }
    text
}

fn member(index: &str, member: &Value) -> String {
    let name = member["gamertag"]
        .as_str()
        .or_else(|| member["constants"]["system"]["xuid"].as_str())
        .unwrap_or("?");
    let state = if member["reserved"] == true {
        "reserved"
    } else if member["properties"]["system"]["active"] == true {
        "active"
    } else {
        "inactive"
    };
    let failure = match member["initializationFailure"].as_str() {
        Some(reason) => format!(", failed by {reason}"),
        None => String::new(),
    };
    format!("{index} is {name} ({state}{failure})")
}

fn handle(document: &Value) -> String {
    let text = |value: &Value| value.as_str().map(ToOwned::to_owned);
    let kind = text(&document["type"]).unwrap_or_default();
    let id = shorten(&text(&document["id"]).unwrap_or_default());
    let whose = match (text(&document["ownerXuid"]), text(&document["invitedXuid"])) {
        (Some(owner), _) => format!(" of {owner}"),
        (None, Some(invited)) => format!(" for {invited}"),
        (None, None) => String::new(),
    };
    let reference = &document["sessionRef"];
    let part = |name: &str| text(&reference[name]).unwrap_or_default();
    format!(
        "{kind} handle {id}{whose}, to {}/{}",
        part("templateName"),
        part("name")
    )
}

fn token(document: &Value) -> String {
    let user = &document["DisplayClaims"]["xui"][0];
    let text = |name: &str| user[name].as_str().unwrap_or("?").to_owned();
    format!(
        "a token for {}, user hash {}, until {}",
        text("gtg"),
        text("uhs"),
        document["NotAfter"].as_str().unwrap_or("?")
    )
}

/// Leaves the first eight digits of every GUID and ETag.
fn shorten(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut run = String::new();
    for c in text.chars().chain([' ']) {
        if c.is_ascii_hexdigit() || c == '-' {
            run.push(c);
            continue;
        }
        let digits = run.chars().filter(char::is_ascii_hexdigit).count();
        if digits == 32 {
            out.push_str(&run[..8]);
            out.push('…');
        } else {
            out.push_str(&run);
        }
        run.clear();
        out.push(c);
    }
    out.pop();
    out
}

fn cut(text: &str) -> String {
    let line: String = text.chars().take(LINE).collect();
    if line.len() < text.len() {
        format!("{line}…")
    } else {
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::Method;
    use serde_json::json;

    #[test]
    fn identifiers_are_shortened_and_other_text_is_not() {
        let check = |text: &str, expected: &str| assert_eq!(shorten(text), expected);
        check(
            "/serviceconfigs/11111111-2222-3333-4444-555555555555/x",
            "/serviceconfigs/11111111…/x",
        );
        check("\"0123456789abcdef0123456789abcdef\"", "\"01234567…\"");
        check("a-b dead 1001", "a-b dead 1001");
        check("", "");
    }

    #[test]
    fn a_request_is_one_line_with_its_preconditions() {
        let call = Call::new(Method::PUT, "/handles/x")
            .contract("107")
            .header("if-match", "*")
            .json(&json!({"a": 1}));
        assert_eq!(request(&call), r#"PUT /handles/x  If-Match: *  {"a":1}"#);
    }

    #[test]
    fn documents_are_told_in_one_line() {
        let check = |document: Value, expected: &str| {
            assert_eq!(body(&document.to_string()).as_deref(), Some(expected));
        };
        check(
            json!({"membersInfo": {}, "changeNumber": 3, "properties": {"custom": {"map": "x"}},
                   "members": {"0": {"gamertag": "A", "properties": {"system": {"active": true}}},
                               "1": {"reserved": true, "constants": {"system": {"xuid": "1002"}}}}}),
            r#"change 3 of the session: 0 is A (active), 1 is 1002 (reserved), custom {"map":"x"}"#,
        );
        check(
            json!({"membersInfo": {}, "changeNumber": 4, "properties": {"custom": {}, "system": {"host": "t1"}},
                   "initializing": {"stage": "measuring", "episode": 2}, "hostCandidates": ["t2", "t1", "gone"],
                   "members": {"0": {"gamertag": "A", "deviceToken": "t1", "properties": {"system": {"active": true}}},
                               "1": {"gamertag": "B", "deviceToken": "t2", "initializationFailure": "latency"}}}),
            "change 4 of the session: 0 is A (active), 1 is B (inactive, failed by latency); episode 2: measuring; could be the host: B, A; the host is A",
        );
        let handle = json!({"id": "9d1bb6a1-6c5c-4b39-8a70-2f4a1d1f8d0e", "type": "activity",
                            "ownerXuid": "1001", "sessionRef": {"templateName": "lobby", "name": "x"}});
        check(
            handle.clone(),
            "activity handle 9d1bb6a1… of 1001, to lobby/x",
        );
        check(
            json!({"results": [handle]}),
            "1 found: activity handle 9d1bb6a1… of 1001, to lobby/x",
        );
        check(json!({"results": []}), "0 found: ");
        assert_eq!(body(""), None);
        assert_eq!(body("no").as_deref(), Some("no"));
    }
}
