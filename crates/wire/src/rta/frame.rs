//! What all frames have in common: one JSON array that begins with the type of the message.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserializer, Error, IgnoredAny, SeqAccess, Visitor};

use super::{CloseReason, MAX_FRAME_BYTES};
use crate::json;

/// Longest description of a fault, in characters: it goes into logs.
const MAX_PROBLEM_CHARS: usize = 120;

/// Why a frame cannot be read; the socket is closed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Larger than a frame may be.
    #[error("a frame of {0} bytes; at most {MAX_FRAME_BYTES} are read")]
    TooLarge(usize),
    /// No JSON array, or a known message with fields of another form.
    #[error("malformed frame: {0}")]
    Malformed(String),
}

impl FrameError {
    /// How the socket is closed.
    pub fn close_reason(&self) -> CloseReason {
        match self {
            Self::TooLarge(_) => CloseReason::TooLarge,
            Self::Malformed(_) => CloseReason::Malformed,
        }
    }
}

/// A set of messages that begin with their type.
pub(super) trait Message: Sized {
    /// Reads the fields of a message; `None` when the type is not known.
    fn fields<'de, A: SeqAccess<'de>>(kind: i64, rest: &mut A) -> Result<Option<Self>, A::Error>;
}

/// The next field, which must be there.
pub(super) fn field<'de, T, A>(rest: &mut A, name: &'static str) -> Result<T, A::Error>
where
    T: serde::Deserialize<'de>,
    A: SeqAccess<'de>,
{
    rest.next_element()?
        .ok_or_else(|| A::Error::custom(format_args!("{name} is missing")))
}

/// Reads one frame; fields beyond the known ones are ignored.
pub(super) fn read<M: Message>(bytes: &[u8]) -> Result<Option<M>, FrameError> {
    let malformed =
        |problem: &str| FrameError::Malformed(problem.chars().take(MAX_PROBLEM_CHARS).collect());
    let text = json::decode(bytes).map_err(|error| malformed(&error.problem))?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    deserializer
        .deserialize_seq(Frame(PhantomData))
        .and_then(|message| deserializer.end().map(|()| message))
        .map_err(|error| malformed(&error.to_string()))
}

struct Frame<M>(PhantomData<M>);

impl<'de, M: Message> Visitor<'de> for Frame<M> {
    type Value = Option<M>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array that begins with the type of the message")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rest: A) -> Result<Option<M>, A::Error> {
        let kind = field(&mut rest, "the type of the message")?;
        let message = M::fields(kind, &mut rest)?;
        while rest.next_element::<IgnoredAny>()?.is_some() {}
        Ok(message)
    }
}
