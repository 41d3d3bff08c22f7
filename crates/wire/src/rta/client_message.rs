//! What a client asks for.

use std::fmt;

use serde::de::SeqAccess;

use super::frame::{self, FrameError, Message, field};
use super::{MAX_FRAME_BYTES, MAX_SUBSCRIPTION};

/// A message of a client.
///
/// Sequence numbers are the client's own: any number of 32 bits, 0 included, also one it used
/// before. `[client]` The answer carries it back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientMessage {
    /// `[1, seq, "uri"]`
    Subscribe {
        /// Repeated in the answer.
        seq: u32,
        /// As sent; [`super::Resource::parse`] says whether it names a resource.
        uri: String,
    },
    /// `[2, seq, subscription]`
    Unsubscribe {
        /// Repeated in the answer.
        seq: u32,
        /// The subscription; `None` for a whole number that none can have.
        subscription: Option<u32>,
    },
}

impl ClientMessage {
    /// Reads one text frame; `Ok(None)` for a message of an unknown type, which is ignored.
    ///
    /// What is no JSON array, what does not begin with a whole number of 64 bits, and a known message
    /// whose fields are missing or of another form, is malformed. A number written with a fraction or
    /// an exponent is no whole number, and a sequence number below 0 or above 32 bits could not be
    /// repeated in an answer. White space around the array and further elements in it are ignored.
    /// `[client]` for white space, `Inferred:` for the rest.
    pub fn read(bytes: &[u8]) -> Result<Option<Self>, FrameError> {
        if MAX_FRAME_BYTES < bytes.len() {
            return Err(FrameError::TooLarge(bytes.len()));
        }
        frame::read(bytes)
    }
}

impl Message for ClientMessage {
    fn fields<'de, A: SeqAccess<'de>>(kind: i64, rest: &mut A) -> Result<Option<Self>, A::Error> {
        Ok(Some(match kind {
            1 => Self::Subscribe {
                seq: field(rest, "the sequence number")?,
                uri: field(rest, "the URI of the resource")?,
            },
            2 => Self::Unsubscribe {
                seq: field(rest, "the sequence number")?,
                subscription: subscription(field(rest, "the subscription")?),
            },
            _ => return Ok(None),
        }))
    }
}

fn subscription(number: i64) -> Option<u32> {
    let number = u32::try_from(number).ok()?;
    (number <= MAX_SUBSCRIPTION).then_some(number)
}

/// The frame as clients write it. An impossible subscription is written as -1.
impl fmt::Display for ClientMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Subscribe { seq, uri } => {
                let uri = serde_json::to_string(uri).map_err(|_| fmt::Error)?;
                write!(f, "[1,{seq},{uri}]")
            }
            Self::Unsubscribe { seq, subscription } => {
                let subscription = subscription.map_or(-1, i64::from);
                write!(f, "[2,{seq},{subscription}]")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::CloseReason;
    use super::*;

    fn subscribe(seq: u32, uri: &str) -> ClientMessage {
        ClientMessage::Subscribe {
            seq,
            uri: uri.to_owned(),
        }
    }

    fn unsubscribe(seq: u32, subscription: Option<u32>) -> ClientMessage {
        ClientMessage::Unsubscribe { seq, subscription }
    }

    #[test]
    fn messages_are_read_as_clients_write_them() {
        let check = |text: &str, expected: ClientMessage| {
            assert_eq!(
                ClientMessage::read(text.as_bytes()),
                Ok(Some(expected)),
                "{text}"
            );
        };
        let uri = "https://sessiondirectory.xboxlive.com/connections/";
        check(&format!("[1,1,\"{uri}\"]"), subscribe(1, uri));
        check(&format!("[1,0,\"{uri}\"]\n"), subscribe(0, uri));
        check(&format!(" [ 1 , 7 , \"{uri}\" ] "), subscribe(7, uri));
        check("[1,4294967295,\"\"]", subscribe(u32::MAX, ""));
        check("[1,1,\"a\\/b\",{\"x\":[]},null]", subscribe(1, "a/b"));
        check("[2,1, 5]", unsubscribe(1, Some(5)));
        check("[2,1,2147483647]", unsubscribe(1, Some(MAX_SUBSCRIPTION)));
        check("[2,1,0,\"more\"]", unsubscribe(1, Some(0)));
    }

    #[test]
    fn a_subscription_that_none_can_have_is_still_a_request() {
        for number in ["-1", "2147483648", "4294967296", "9223372036854775807"] {
            let text = format!("[2,9,{number}]");
            let read = ClientMessage::read(text.as_bytes());
            assert_eq!(read, Ok(Some(unsubscribe(9, None))), "{text}");
        }
    }

    #[test]
    fn h81_messages_of_unknown_types_are_ignored() {
        for text in [
            "[9,1]",
            "[0]",
            "[3,1,{}]",
            "[4]",
            "[-1,\"x\"]",
            "[99,{\"a\":[1.5]}]",
        ] {
            assert_eq!(ClientMessage::read(text.as_bytes()), Ok(None), "{text}");
        }
    }

    #[test]
    fn h81_what_cannot_be_read_closes_with_1007() {
        let check = |bytes: &[u8], problem: &str| {
            let error = ClientMessage::read(bytes).expect_err(problem);
            assert_eq!(error.close_reason(), CloseReason::Malformed);
            assert_eq!(error.close_reason().code(), 1007);
            assert!(error.to_string().contains(problem), "{problem}: {error}");
        };
        check(b"not json", "expected ident");
        check(b"", "EOF");
        check(
            b"{\"type\":1}",
            "expected an array that begins with the type",
        );
        check(b"1", "expected an array");
        check(b"[]", "the type of the message is missing");
        check(b"[\"1\",1,\"u\"]", "expected i64");
        check(b"[1.0,1,\"u\"]", "expected i64");
        check(b"[null]", "expected i64");
        check(b"[1]", "the sequence number is missing");
        check(b"[1,1]", "the URI of the resource is missing");
        check(b"[1,1,5]", "expected a string");
        check(b"[1,1,null]", "expected a string");
        check(b"[1,-1,\"u\"]", "expected u32");
        check(b"[1,4294967296,\"u\"]", "expected u32");
        check(b"[1,1.0,\"u\"]", "expected u32");
        check(b"[1,1e0,\"u\"]", "expected u32");
        check(b"[1,\"1\",\"u\"]", "expected u32");
        check(b"[2,1]", "the subscription is missing");
        check(b"[2,1,1.5]", "expected i64");
        check(b"[2,1,\"5\"]", "expected i64");
        check(b"[2,1,18446744073709551616]", "expected i64");
        check(b"[1,1,\"u\"", "EOF");
        check(b"[1,1,\"u\"] [1,2,\"v\"]", "trailing characters");
        check(b"[9,", "EOF");
        check(b"[1,1,\"\xff\"]", "not UTF-8");
        check(
            &[b"[9,", "[".repeat(10_000).as_bytes()].concat(),
            "malformed",
        );
    }

    #[test]
    fn frames_are_bounded_and_so_is_what_is_said_of_them() {
        let frame = |uri: usize| format!("[1,1,\"{}\"]", "u".repeat(uri));
        let largest = frame(MAX_FRAME_BYTES - 8);
        assert_eq!(largest.len(), MAX_FRAME_BYTES);
        assert!(ClientMessage::read(largest.as_bytes()).is_ok());
        let error = ClientMessage::read(frame(MAX_FRAME_BYTES - 7).as_bytes());
        let error = error.expect_err("too large");
        assert_eq!(error, FrameError::TooLarge(MAX_FRAME_BYTES + 1));
        assert_eq!(error.close_reason().code(), 1009);

        let wordy = format!("[1,\"{}\"]", "secret".repeat(1000));
        let error = ClientMessage::read(wordy.as_bytes()).expect_err("no number");
        assert!(error.to_string().len() < 200, "{error}");
    }
}
