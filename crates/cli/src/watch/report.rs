//! What people and tools are told of one event.

use std::collections::HashMap;
use std::fmt::Write as _;

use anyhow::Context;
use convoke_wire::session::change_type::ChangeType;
use convoke_wire::session::changes::{Cause, Change, Departure, Snapshot, StreamEnd, StreamEvent};
use eventsource_stream::Event;
use serde_json::json;
use serde_json::value::RawValue;

use crate::output::body_json;

/// One JSON object in one line.
pub(super) fn json(event: &Event) -> String {
    format!(
        r#"{{"event":{},"id":{},"data":{}}}"#,
        json!(event.event),
        json!(event.id),
        body_json(&event.data)
    )
}

/// A few lines.
pub(super) fn text(event: &Event) -> anyhow::Result<String> {
    let data = &event.data;
    let unreadable = || format!("an event that is unreadable: {data}");
    Ok(match StreamEvent::parse(&event.event) {
        Some(StreamEvent::Snapshot) => {
            snapshot(&serde_json::from_str(data).with_context(unreadable)?)
        }
        Some(StreamEvent::Change) => change(&serde_json::from_str(data).with_context(unreadable)?),
        Some(StreamEvent::End) => end(&serde_json::from_str(data).with_context(unreadable)?),
        None => format!("{}: {data}", event.event),
    })
}

fn snapshot(snapshot: &Snapshot) -> String {
    let mut lines: Vec<String> = snapshot.changes.iter().map(change).collect();
    lines.push(match &snapshot.session {
        Some(session) => {
            let parts: HashMap<String, &RawValue> =
                serde_json::from_str(session.text()).unwrap_or_default();
            let members: HashMap<String, &RawValue> = parts
                .get("members")
                .and_then(|members| serde_json::from_str(members.get()).ok())
                .unwrap_or_default();
            let number = parts.get("changeNumber").map_or("?", |number| number.get());
            format!(
                "at change {number}, with {} members; following",
                members.len()
            )
        }
        None => "the session is gone".to_owned(),
    });
    lines.join("\n")
}

fn change(change: &Change) -> String {
    let types: Vec<_> = change
        .change_types
        .iter()
        .filter(|kind| **kind != ChangeType::Everything)
        .map(|kind| kind.as_str())
        .collect();
    let mut text = format!(
        "#{} {} {}",
        change.change_number,
        change.timestamp,
        cause(change.cause)
    );
    if !types.is_empty() {
        text.extend([": ", &types.join(", ")]);
    }
    for departure in &change.departures {
        text.extend(["\n    gone: ", &gone(departure)]);
    }
    for operation in change.patch.iter().flatten() {
        // The number is told already.
        if operation.path == "/changeNumber" {
            continue;
        }
        let value = operation.value.as_ref().map_or("", |value| value.text());
        let line = format!("\n    {} {} {value}", operation.op.as_str(), operation.path);
        text.push_str(line.trim_end());
    }
    if let Some(reason) = change.ended {
        write!(text, "\n    the session is gone: {}", reason.as_str())
            .expect("writing to a string");
    }
    text
}

fn cause(cause: Cause) -> String {
    match cause {
        Cause::Member { xuid } => format!("member {xuid}"),
        Cause::Server => "server".to_owned(),
        Cause::Timer => "timer".to_owned(),
        Cause::Disconnect => "disconnect".to_owned(),
    }
}

fn gone(departure: &Departure) -> String {
    format!(
        "{} (member {}), {}",
        departure.xuid,
        departure.index,
        departure.reason.as_str()
    )
}

fn end(end: &StreamEnd) -> String {
    let mut text = format!("end: {}", end.reason.as_str());
    if let Some(departure) = &end.departure {
        text.extend(["\n    gone: ", &gone(departure)]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(name: &str, data: &str) -> Event {
        Event {
            event: name.to_owned(),
            data: data.to_owned(),
            id: "b:7".to_owned(),
            retry: None,
        }
    }

    const CHANGE: &str = r#"{"changeNumber":7,"branch":"00000000-0000-0000-0000-000000000000",
        "timestamp":"2026-01-01T00:00:00.0000000Z","cause":{"type":"timer"},
        "changeTypes":["everything","membersList"],
        "departures":[{"index":1,"xuid":"1002","reason":"disconnected"}],
        "patch":[{"op":"replace","path":"/changeNumber","value":7},{"op":"remove","path":"/members/1"},
            {"op":"add","path":"/properties/custom/n","value":18446744073709551616}]}"#;

    #[test]
    fn people_are_told_who_what_and_why() {
        let check = |name: &str, data: &str, expected: &str| {
            assert_eq!(text(&event(name, data)).expect("readable"), expected);
        };
        let told = "#7 2026-01-01T00:00:00.0000000Z timer: membersList\n    \
            gone: 1002 (member 1), disconnected\n    remove /members/1\n    \
            add /properties/custom/n 18446744073709551616";
        check("change", CHANGE, told);
        let session = r#"{"session":{"changeNumber":3,"members":{"0":{},"4":{}}},"changes":[]}"#;
        check(
            "snapshot",
            session,
            "at change 3, with 2 members; following",
        );
        check("snapshot", r#"{"changes":[]}"#, "the session is gone");
        check(
            "end",
            r#"{"reason":"accessLost","departure":{"index":0,"xuid":"1001","reason":"removed"}}"#,
            "end: accessLost\n    gone: 1001 (member 0), removed",
        );
        check("later", "{}", "later: {}");
        text(&event("change", "{}")).expect_err("no change");
    }

    #[test]
    fn tools_are_given_the_data_as_it_came() {
        assert_eq!(
            json(&event("change", r#"{"n":18446744073709551616}"#)),
            r#"{"event":"change","id":"b:7","data":{"n":18446744073709551616}}"#
        );
    }
}
