//! One Server-Sent Event as text (HTML, 9.2.5).

use bytes::Bytes;
use convoke_wire::session::changes::{ChangeId, StreamEvent};
use serde::Serialize;

/// A line that means nothing, so that nobody on the way takes the connection for dead.
pub(super) const KEEP_ALIVE: Bytes = Bytes::from_static(b":\n\n");

/// An event of one line of data.
pub(super) fn text<T: Serialize>(event: StreamEvent, id: Option<ChangeId>, data: &T) -> Bytes {
    let mut text = format!("event: {}\n", event.as_str()).into_bytes();
    if let Some(id) = id {
        text.extend_from_slice(format!("id: {id}\n").as_bytes());
    }
    text.extend_from_slice(b"data: ");
    let data = serde_json::to_vec(data).expect("documents have text keys only");
    // Titles' values keep their line breaks, which stand between tokens only: strings escape them.
    let in_one_line = data.into_iter().map(|byte| match byte {
        b'\n' | b'\r' => b' ',
        other => other,
    });
    text.extend(in_one_line);
    text.extend_from_slice(b"\n\n");
    text.into()
}

#[cfg(test)]
mod tests {
    use convoke_wire::RawJson;

    use super::*;

    #[test]
    fn data_is_one_line_whatever_a_title_has_written() {
        let value =
            RawJson::parse("{\"a\":\r\n 18446744073709551557,\n\"b\":\"x\\ny\"}").expect("JSON");
        let event = text(StreamEvent::Change, None, &value);
        let expected = "event: change\ndata: {\"a\":   18446744073709551557, \"b\":\"x\\ny\"}\n\n";
        assert_eq!(event, expected);
    }
}
