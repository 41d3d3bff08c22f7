//! How a document is written: one JSON text with its format, and a checksum beside it.
//!
//! JSON, so that an operator can look into the data file with the tools at hand.
//! Titles' `custom` values stand in it as their writers sent them.
//! The checksum finds damage that leaves valid JSON behind; it is no protection against intent.

use bytes::Bytes;
use convoke_core::handle::Handle;
use convoke_core::people::Follow;
use convoke_core::privacy::{Listing, Settings};
use convoke_core::session::{Member, Session};
use convoke_wire::Sandbox;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::StoreError;
use crate::ending::Ends;

/// The format that this version writes, and the newest it reads.
pub const FORMAT: u32 = 1;

/// Bytes that most documents fit in.
const USUAL_BYTES: usize = 4096;

/// A document as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// `{"format":1,"document":{…}}`.
    pub text: String,
    /// Of the text.
    pub checksum: i64,
}

/// Writes a session.
pub fn encode_session(session: &Session) -> Result<Encoded, StoreError> {
    encode(session)
}

/// Writes a handle.
pub fn encode_handle(handle: &Handle) -> Result<Encoded, StoreError> {
    encode(handle)
}

/// Reads a session; whatever is wrong with the bytes is an error.
pub fn decode_session(bytes: &[u8], checksum: i64) -> Result<Session, StoreError> {
    decode(bytes, checksum)
}

/// Reads a handle; whatever is wrong with the bytes is an error.
pub fn decode_handle(bytes: &[u8], checksum: i64) -> Result<Handle, StoreError> {
    decode(bytes, checksum)
}

/// Writes a member that is stored apart from its session.
pub(crate) fn encode_member(member: &Member) -> Result<Encoded, StoreError> {
    encode(member)
}

/// Reads a member; whatever is wrong with the bytes is an error.
pub(crate) fn decode_member(bytes: &[u8], checksum: i64) -> Result<Member, StoreError> {
    decode(bytes, checksum)
}

/// Writes a member that is stored apart from its session into one value.
pub(crate) fn pack_member(member: &Member) -> Result<Bytes, StoreError> {
    pack("", member)
}

/// Reads a member from one value.
pub(crate) fn unpack_member(value: &[u8]) -> Result<Member, StoreError> {
    Ok(unpack(value)?.1)
}

/// Writes a session into one value: a checksum of eight bytes, the sandbox in its writer's
/// spelling, a line break, and the text.
pub(crate) fn pack_session(sandbox: &Sandbox, session: &Session) -> Result<Bytes, StoreError> {
    pack(sandbox.as_str(), session)
}

/// Writes a handle into one value; what stands before the line break is empty.
pub(crate) fn pack_handle(handle: &Handle) -> Result<Bytes, StoreError> {
    pack("", handle)
}

/// Reads a session and its sandbox from one value.
pub(crate) fn unpack_session(value: &[u8]) -> Result<(Sandbox, Session), StoreError> {
    let (sandbox, session) = unpack(value)?;
    let sandbox = sandbox
        .parse()
        .map_err(|error| StoreError::Corrupt(format!("a sandbox cannot be read: {error}")))?;
    Ok((sandbox, session))
}

/// Reads a handle from one value.
pub(crate) fn unpack_handle(value: &[u8]) -> Result<Handle, StoreError> {
    Ok(unpack(value)?.1)
}

/// Writes an edge of the people graph into one value.
pub(crate) fn pack_follow(follow: &Follow) -> Result<Bytes, StoreError> {
    pack("", follow)
}

/// Reads an edge of the people graph from one value.
pub(crate) fn unpack_follow(value: &[u8]) -> Result<Follow, StoreError> {
    Ok(unpack(value)?.1)
}

/// Writes an entry of a private list into one value.
pub(crate) fn pack_listing(listing: &Listing) -> Result<Bytes, StoreError> {
    pack("", listing)
}

/// Reads an entry of a private list from one value.
pub(crate) fn unpack_listing(value: &[u8]) -> Result<Listing, StoreError> {
    Ok(unpack(value)?.1)
}

/// Writes what a user has chosen into one value.
pub(crate) fn pack_settings(settings: &Settings) -> Result<Bytes, StoreError> {
    pack("", settings)
}

/// Reads what a user has chosen from one value.
pub(crate) fn unpack_settings(value: &[u8]) -> Result<Settings, StoreError> {
    Ok(unpack(value)?.1)
}

/// Writes what a user has chosen.
pub(crate) fn encode_settings(settings: &Settings) -> Result<Encoded, StoreError> {
    encode(settings)
}

/// Reads what a user has chosen; whatever is wrong with the bytes is an error.
pub(crate) fn decode_settings(bytes: &[u8], checksum: i64) -> Result<Settings, StoreError> {
    decode(bytes, checksum)
}

/// Writes an activity or a list of recent players into one value.
pub(crate) fn pack_ending<T: Ends + Serialize>(document: &T) -> Result<Bytes, StoreError> {
    pack("", document)
}

/// Reads an activity or a list of recent players from one value.
pub(crate) fn unpack_ending<T: Ends + DeserializeOwned>(value: &[u8]) -> Result<T, StoreError> {
    Ok(unpack(value)?.1)
}

/// Writes an activity or a list of recent players.
pub(crate) fn encode_ending<T: Ends + Serialize>(document: &T) -> Result<Encoded, StoreError> {
    encode(document)
}

/// Reads an activity or a list of recent players; whatever is wrong with the bytes is an error.
pub(crate) fn decode_ending<T: Ends + DeserializeOwned>(
    bytes: &[u8],
    checksum: i64,
) -> Result<T, StoreError> {
    decode(bytes, checksum)
}

#[derive(Serialize)]
struct Written<'a, T> {
    format: u32,
    document: &'a T,
}

#[derive(Deserialize)]
struct Read<T> {
    format: u32,
    document: T,
}

#[derive(Deserialize)]
struct Format {
    format: u32,
}

fn encode<T: Serialize>(document: &T) -> Result<Encoded, StoreError> {
    let written = Written {
        format: FORMAT,
        document,
    };
    let mut text = Vec::with_capacity(USUAL_BYTES);
    serde_json::to_writer(&mut text, &written)
        .map_err(|error| StoreError::Failed(error.to_string()))?;
    let text = String::from_utf8(text).map_err(|error| StoreError::Failed(error.to_string()))?;
    let checksum = checksum(text.as_bytes());
    Ok(Encoded { text, checksum })
}

const CHECKSUM_BYTES: usize = size_of::<i64>();

fn pack<T: Serialize>(before: &str, document: &T) -> Result<Bytes, StoreError> {
    let written = Written {
        format: FORMAT,
        document,
    };
    let mut value = Vec::with_capacity(USUAL_BYTES);
    value.extend([0; CHECKSUM_BYTES]);
    value.extend(before.as_bytes());
    value.push(b'\n');
    serde_json::to_writer(&mut value, &written)
        .map_err(|error| StoreError::Failed(error.to_string()))?;
    let checksum = checksum(&value[CHECKSUM_BYTES..]);
    value[..CHECKSUM_BYTES].copy_from_slice(&checksum.to_le_bytes());
    // The value stays in memory for as long as the engine wants it: without spare capacity.
    Ok(value.into_boxed_slice().into())
}

fn unpack<T: DeserializeOwned>(value: &[u8]) -> Result<(&str, T), StoreError> {
    let damaged = |what: &str| StoreError::Corrupt(what.to_owned());
    let (expected, rest) = value
        .split_first_chunk::<CHECKSUM_BYTES>()
        .ok_or_else(|| damaged("a document is cut off"))?;
    check(rest, i64::from_le_bytes(*expected))?;
    let end = rest.iter().position(|byte| *byte == b'\n');
    let (before, text) = rest.split_at(end.ok_or_else(|| damaged("a document is cut off"))?);
    let before = str::from_utf8(before).map_err(|error| damaged(&error.to_string()))?;
    Ok((before, read(&text[1..])?))
}

fn decode<T: DeserializeOwned>(bytes: &[u8], expected: i64) -> Result<T, StoreError> {
    check(bytes, expected)?;
    read(bytes)
}

fn check(bytes: &[u8], expected: i64) -> Result<(), StoreError> {
    if is_checksum(expected, bytes) {
        Ok(())
    } else {
        Err(StoreError::Corrupt(
            "a document does not match its checksum".to_owned(),
        ))
    }
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, StoreError> {
    match serde_json::from_slice::<Read<T>>(bytes) {
        Ok(read) if read.format == FORMAT => Ok(read.document),
        Ok(read) => Err(unknown_format(read.format)),
        // A newer document need not have the shape of today's; its format is asked for alone.
        Err(error) => Err(match serde_json::from_slice::<Format>(bytes) {
            Ok(Format { format }) if format != FORMAT => unknown_format(format),
            _ => StoreError::Corrupt(format!("a document cannot be read: {error}")),
        }),
    }
}

fn unknown_format(found: u32) -> StoreError {
    if FORMAT < found {
        StoreError::TooNew {
            found,
            known: FORMAT,
        }
    } else {
        StoreError::Corrupt(format!("a document has the unknown format {found}"))
    }
}

/// A checksum in which every single changed word shows: each step is a bijection of the state.
///
/// Of four states, because a processor has time for three more while it waits for a product. What
/// is short, the header of a log for instance, keeps the checksum that every version knows.
pub(crate) fn checksum(bytes: &[u8]) -> i64 {
    if bytes.len() < BLOCK {
        return former_checksum(bytes);
    }
    let (blocks, rest) = bytes.as_chunks::<BLOCK>();
    let mut states = [1, 2, 3, 4].map(|number: u64| number.wrapping_mul(FACTOR));
    for block in blocks {
        let (words, _) = block.as_chunks::<WORD>();
        for (state, word) in states.iter_mut().zip(words) {
            *state = mix(*state, *word);
        }
    }
    let state = states.map(u64::to_le_bytes).into_iter().fold(FACTOR, mix);
    ended(state, rest, bytes.len())
}

/// Whether a checksum is that of some bytes.
pub(crate) fn is_checksum(checksum: i64, bytes: &[u8]) -> bool {
    checksum == self::checksum(bytes) || checksum == former_checksum(bytes)
}

/// The checksum of what was written before layout 5 of SQLite files and 4 of logs.
fn former_checksum(bytes: &[u8]) -> i64 {
    ended(FACTOR, bytes, bytes.len())
}

const WORD: usize = 8;
const BLOCK: usize = 4 * WORD;
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

fn mix(state: u64, word: [u8; WORD]) -> u64 {
    let product = (state ^ u64::from_le_bytes(word)).wrapping_mul(FACTOR);
    product ^ (product >> 32)
}

/// A checksum with the last of the bytes and the number of all.
fn ended(state: u64, rest: &[u8], length: usize) -> i64 {
    let (words, rest) = rest.as_chunks::<WORD>();
    let mut last = [0; WORD];
    last[..rest.len()].copy_from_slice(rest);
    let state = words.iter().copied().fold(state, mix);
    mix(mix(state, last), (length as u64).to_le_bytes()).cast_signed()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn session() -> Session {
        // What `json!` cannot say: digits and white space that must survive.
        let custom = r#"{"id":18446744073709551617,"exact":1.10,"x":{"b" : 1,  "a":2.0e3},"s":"\u00e9 \" é"}"#;
        let text = json!({
            "reference": {"scid": "6B1FF4F4-7f3a-4ab5-8c4a-08a4d37bb0a1", "templateName": "Lobby", "name": "One"},
            "branch": "00000000-0000-4000-8000-000000000001",
            "change_number": 18_446_744_073_709_551_615_u64,
            "start_time": "2026-01-01T00:00:00.123456789Z",
            "constants": {"max_members_count": 4, "inactive_removal_timeout": 4_503_599_627_370_495_u64},
            "properties": {"keywords": ["Fun"], "custom": "CUSTOM"},
            "members": {"0": {
                "xuid": "2533274790395904",
                "join_time": "2026-01-01T00:00:01Z",
                "state": "active",
                "state_since": "2026-01-01T00:00:02.000000001Z",
                "custom": "CUSTOM",
                "constants_custom": "CUSTOM",
            }},
            "next_index": 1,
        });
        let text = text.to_string().replace("\"CUSTOM\"", custom);
        serde_json::from_str(&text).expect("a session")
    }

    fn corrupt(result: Result<Session, StoreError>) -> String {
        match result {
            Err(StoreError::Corrupt(reason)) => reason,
            other => panic!("expected damage, found {other:?}"),
        }
    }

    #[test]
    fn a_session_survives_the_round_trip() {
        let session = session();
        let encoded = encode_session(&session).unwrap();
        let decoded = decode_session(encoded.text.as_bytes(), encoded.checksum).unwrap();
        assert_eq!(decoded, session);
        assert_eq!(encode_session(&decoded).unwrap(), encoded);
        assert_eq!(decoded.change_number, u64::MAX);
    }

    #[test]
    fn custom_values_are_kept_byte_for_byte() {
        let encoded = encode_session(&session()).unwrap();
        for value in [
            r#""id":18446744073709551617"#,
            r#""exact":1.10"#,
            r#""x":{"b" : 1,  "a":2.0e3}"#,
            r#""s":"\u00e9 \" é""#,
        ] {
            assert_eq!(encoded.text.matches(value).count(), 3, "{value}");
        }
    }

    #[test]
    fn a_handle_survives_the_round_trip() {
        let text = r#"{"id":"00000000-0000-4000-8000-000000000002","sandbox":"XDKS.1",
            "session":{"scid":"6B1FF4F4-7f3a-4ab5-8c4a-08a4d37bb0a1","templateName":"Lobby","name":"One"},
            "created":"2026-01-01T00:00:00Z","expires":"2026-01-02T00:00:00Z","creator":"18446744073709551615",
            "body":{"type":"search","title_id":"1234","attributes":{"tags":["Micro"],
            "numbers":{"rank":18446744073709551615,"ratio":0.5},"strings":{"b":"1","a":"2"}}}}"#;
        let handle: Handle = serde_json::from_str(text).unwrap();
        let encoded = encode_handle(&handle).unwrap();
        let decoded = decode_handle(encoded.text.as_bytes(), encoded.checksum).unwrap();
        assert_eq!(decoded, handle);
        assert!(encoded.text.contains("18446744073709551615,\"ratio\":0.5"));
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let encoded = encode_session(&session()).unwrap();
        for at in 0..encoded.text.len() {
            let mut bytes = encoded.text.clone().into_bytes();
            bytes[at] ^= 0x04;
            assert!(corrupt(decode_session(&bytes, encoded.checksum)).contains("checksum"));
            // Also a damaged text whose checksum fits gives an answer and no panic.
            let _ = decode_session(&bytes, checksum(&bytes));
        }
        for length in 0..encoded.text.len() {
            let bytes = &encoded.text.as_bytes()[..length];
            assert!(corrupt(decode_session(bytes, encoded.checksum)).contains("checksum"));
            assert!(corrupt(decode_session(bytes, checksum(bytes))).contains("cannot be read"));
        }
    }

    #[test]
    fn checksums_are_the_same_on_every_machine_and_in_every_version() {
        let bytes: Vec<u8> = (0..100).collect();
        assert_eq!(checksum(&bytes), 4_826_314_964_662_063_087);
        assert_eq!(former_checksum(&bytes), -2_807_948_338_009_711_439);
        assert_eq!(checksum(&bytes[..31]), former_checksum(&bytes[..31]));
        assert!(is_checksum(checksum(&bytes), &bytes) && !is_checksum(7, &bytes));
        let encoded = encode_session(&session()).unwrap();
        let text = encoded.text.as_bytes();
        assert_eq!(
            decode_session(text, former_checksum(text)).unwrap(),
            session()
        );
    }

    #[test]
    fn a_newer_format_is_named_and_an_unknown_one_is_damage() {
        let read = |text: &str| decode_session(text.as_bytes(), checksum(text.as_bytes()));
        let found = |result| match result {
            Err(StoreError::TooNew { found, known }) => (found, known),
            other => panic!("expected a newer format, found {other:?}"),
        };
        assert_eq!(found(read(r#"{"format":2,"body":[]}"#)), (2, FORMAT));
        let newer = encode_session(&session())
            .unwrap()
            .text
            .replace("\"format\":1", "\"format\":7");
        assert_eq!(found(read(&newer)), (7, FORMAT));
        assert!(corrupt(read(r#"{"format":0}"#)).contains("unknown format 0"));
        assert!(corrupt(read("{}")).contains("format"));
        assert!(corrupt(read("\u{0}")).contains("cannot be read"));
    }
}
