//! What a client is told.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use serde::Serialize;
use serde::de::{Error, SeqAccess};

use super::ErrorCode;
use super::frame::{self, FrameError, Message, field};
use crate::raw::RawJson;

/// Bytes that most events fit in.
const USUAL_BYTES: usize = 512;

/// A frame of the service; [`fmt::Display`] writes its exact text.
///
/// Data is written as it is, never read and written again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerFrame {
    /// `[1, seq, 0, subscription, data]`: always five elements. `[client]`
    Subscribed {
        /// That of the request.
        seq: u32,
        /// New on this socket, counted from 0, at most [`super::MAX_SUBSCRIPTION`]. `[client]`
        subscription: u32,
        /// What the resource has to say at once; `null` for nothing.
        data: RawJson,
    },
    /// `[1, seq, code, "message"]`
    SubscribeRefused {
        /// That of the request.
        seq: u32,
        /// Why.
        code: ErrorCode,
        /// Why, in words; clients only log it.
        message: Cow<'static, str>,
    },
    /// `[2, seq, 0]`
    Unsubscribed {
        /// That of the request.
        seq: u32,
    },
    /// `[2, seq, code, "message"]`
    UnsubscribeRefused {
        /// That of the request.
        seq: u32,
        /// Why.
        code: ErrorCode,
        /// Why, in words; clients only log it.
        message: Cow<'static, str>,
    },
    /// `[3, subscription, data]`
    Event {
        /// The subscription it is for.
        subscription: u32,
        /// What happened; its form is the resource's.
        data: RawJson,
    },
    /// `[4]`: events may have been lost, everything is to be read again. `[client]`
    Resync,
}

impl ServerFrame {
    /// The refusal of a subscription, in the words of its code.
    pub fn subscribe_refused(seq: u32, code: ErrorCode) -> Self {
        Self::SubscribeRefused {
            seq,
            code,
            message: code.message().into(),
        }
    }

    /// The refusal to end a subscription, in the words of its code.
    pub fn unsubscribe_refused(seq: u32, code: ErrorCode) -> Self {
        Self::UnsubscribeRefused {
            seq,
            code,
            message: code.message().into(),
        }
    }

    /// The texts of an [`Event`](Self::Event) for each subscription, with data that is not yet text.
    ///
    /// # Panics
    ///
    /// If the data has keys that are no texts, which no document of the service has.
    pub fn events(subscriptions: &[u32], data: &impl Serialize) -> Vec<String> {
        let Some((first, others)) = subscriptions.split_first() else {
            return Vec::new();
        };
        let begin = |subscription: &u32| {
            let mut text = String::with_capacity(USUAL_BYTES);
            write!(text, "[3,{subscription},").expect("a string takes everything");
            text
        };
        // Nearly always there is one, and its data is written to where it stays.
        let mut text = begin(first).into_bytes();
        let start = text.len();
        serde_json::to_writer(&mut text, data).expect("keys are texts");
        let mut text = String::from_utf8(text).expect("JSON is text");
        text.push(']');
        let rest = &text[start..];
        let mut all: Vec<String> = others.iter().map(|it| begin(it) + rest).collect();
        all.insert(0, text);
        all
    }

    /// Reads a frame as clients do; `Ok(None)` for one of an unknown type, which they ignore. `[doc]`
    pub fn read(bytes: &[u8]) -> Result<Option<Self>, FrameError> {
        frame::read(bytes)
    }
}

impl fmt::Display for ServerFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Subscribed {
                seq,
                subscription,
                data,
            } => write!(f, "[1,{seq},0,{subscription},{}]", data.text()),
            Self::SubscribeRefused { seq, code, message } => refused(f, 1, *seq, *code, message),
            Self::Unsubscribed { seq } => write!(f, "[2,{seq},0]"),
            Self::UnsubscribeRefused { seq, code, message } => refused(f, 2, *seq, *code, message),
            Self::Event { subscription, data } => write!(f, "[3,{subscription},{}]", data.text()),
            Self::Resync => f.write_str("[4]"),
        }
    }
}

fn refused(
    f: &mut fmt::Formatter<'_>,
    kind: u8,
    seq: u32,
    code: ErrorCode,
    message: &str,
) -> fmt::Result {
    let message = serde_json::to_string(message).map_err(|_| fmt::Error)?;
    write!(f, "[{kind},{seq},{},{message}]", code.number())
}

impl Message for ServerFrame {
    fn fields<'de, A: SeqAccess<'de>>(kind: i64, rest: &mut A) -> Result<Option<Self>, A::Error> {
        Ok(Some(match kind {
            1 => {
                let seq = field(rest, "the sequence number")?;
                match error_code(rest)? {
                    None => Self::Subscribed {
                        seq,
                        subscription: field(rest, "the subscription")?,
                        data: field(rest, "the data")?,
                    },
                    Some(code) => Self::SubscribeRefused {
                        seq,
                        code,
                        message: message(rest)?,
                    },
                }
            }
            2 => {
                let seq = field(rest, "the sequence number")?;
                match error_code(rest)? {
                    None => Self::Unsubscribed { seq },
                    Some(code) => Self::UnsubscribeRefused {
                        seq,
                        code,
                        message: message(rest)?,
                    },
                }
            }
            3 => Self::Event {
                subscription: field(rest, "the subscription")?,
                data: field(rest, "the data")?,
            },
            4 => Self::Resync,
            _ => return Ok(None),
        }))
    }
}

/// `None` is success.
fn error_code<'de, A: SeqAccess<'de>>(rest: &mut A) -> Result<Option<ErrorCode>, A::Error> {
    let number: u32 = field(rest, "the code")?;
    if number == 0 {
        return Ok(None);
    }
    let code = ErrorCode::from_number(number);
    code.map(Some)
        .ok_or_else(|| A::Error::custom(format_args!("no error has the code {number}")))
}

fn message<'de, A: SeqAccess<'de>>(rest: &mut A) -> Result<Cow<'static, str>, A::Error> {
    let text: Option<String> = rest.next_element()?;
    Ok(text.unwrap_or_default().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> RawJson {
        RawJson::parse(text).expect(text)
    }

    #[test]
    fn frames_have_exactly_the_text_that_clients_read() {
        let check = |frame: ServerFrame, text: &str| {
            assert_eq!(frame.to_string(), text);
            assert_eq!(
                ServerFrame::read(text.as_bytes()),
                Ok(Some(frame)),
                "{text}"
            );
        };
        let data = r#"{"ConnectionId":"b2779ac0-0d5e-4c53-9c8e-3c7a2f1d6b20"}"#;
        let subscribed = |seq, subscription, data: &str| ServerFrame::Subscribed {
            seq,
            subscription,
            data: raw(data),
        };
        check(subscribed(1, 0, data), &format!("[1,1,0,0,{data}]")); // h77
        check(subscribed(2, 1, "null"), "[1,2,0,1,null]");
        check(
            ServerFrame::subscribe_refused(5, ErrorCode::UnknownResource),
            r#"[1,5,1,"unknown resource"]"#, // h79
        );
        check(ServerFrame::Unsubscribed { seq: 1 }, "[2,1,0]"); // h80
        check(
            ServerFrame::unsubscribe_refused(9, ErrorCode::UnknownSubscription),
            r#"[2,9,5,"unknown subscription"]"#, // h80
        );
        let event = |data: &str| ServerFrame::Event {
            subscription: 7,
            data: raw(data),
        };
        check(
            event(r#"{"n":1.10,"b": 18446744073709551616}"#),
            r#"[3,7,{"n":1.10,"b": 18446744073709551616}]"#,
        );
        check(event("\"XboxOne:true\""), "[3,7,\"XboxOne:true\"]");
        check(ServerFrame::Resync, "[4]");
    }

    #[test]
    fn words_of_a_refusal_are_escaped() {
        let frame = ServerFrame::SubscribeRefused {
            seq: 1,
            code: ErrorCode::NoResourceData,
            message: "not \"yours\"\n".into(),
        };
        assert_eq!(frame.to_string(), r#"[1,1,3,"not \"yours\"\n"]"#);
    }

    #[test]
    fn what_is_no_frame_of_the_service_is_not_read() {
        let check = |text: &str, problem: &str| {
            let error = ServerFrame::read(text.as_bytes()).expect_err(text);
            assert!(error.to_string().contains(problem), "{text}: {error}");
        };
        check("[1,1,0,0]", "the data is missing");
        check("[1,1,4,\"x\"]", "no error has the code 4");
        check("[3,1]", "the data is missing");
        check("[2,1]", "the code is missing");
        check("{}", "expected an array");
        assert_eq!(ServerFrame::read(b"[8,1]"), Ok(None));
    }

    #[test]
    fn codes_are_found_by_their_numbers() {
        for code in ErrorCode::ALL {
            assert_eq!(ErrorCode::from_number(code.number()), Some(*code));
        }
        for number in [0, 4, 1000] {
            assert_eq!(ErrorCode::from_number(number), None, "{number}");
        }
    }
}
