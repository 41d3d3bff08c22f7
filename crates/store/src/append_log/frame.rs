//! How batches stand in a file.
//!
//! A frame is `CVKF`, a checksum of all that follows (8 bytes), the length of the payload (4), the
//! number of the frame (8), and the payload; numbers are little-endian. The payload is a sequence
//! of records: table (1), what to do (1), lengths of key and value (4 each), key, value.

use std::num::TryFromIntError;

use bytes::Bytes;

use crate::codec::{checksum, is_checksum};
use crate::log::{Record, Table};

const MAGIC: [u8; 4] = *b"CVKF";
/// Where the bytes begin that the checksum is of.
const CHECKED: usize = 12;
/// Bytes before the payload.
pub(super) const HEAD: usize = 24;
/// Bytes of a record before its key.
const RECORD_HEAD: usize = 10;

/// A frame where it lies.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame<'a> {
    pub(super) number: u64,
    pub(super) payload: &'a [u8],
}

/// Writes one frame into a buffer, in the place of what was there; fails when a length does not
/// fit.
pub(super) fn encode(
    buffer: &mut Vec<u8>,
    number: u64,
    records: &[Record],
) -> Result<(), TryFromIntError> {
    begin(buffer);
    for record in records {
        let value = record.value.as_deref();
        push_head(buffer, record.table, &record.key, value.map(<[u8]>::len))?;
        buffer.extend_from_slice(value.unwrap_or_default());
    }
    end(buffer, number)
}

/// Begins a frame in a buffer, in the place of what was there.
pub(super) fn begin(buffer: &mut Vec<u8>) {
    buffer.clear();
    buffer.extend([0; HEAD]);
}

/// Writes of a record what stands before its value, and how long that is.
pub(super) fn push_head(
    buffer: &mut Vec<u8>,
    table: Table,
    key: &[u8],
    value: Option<usize>,
) -> Result<(), TryFromIntError> {
    buffer.push(table_number(table));
    buffer.push(u8::from(value.is_some()));
    buffer.extend(length(key.len())?);
    buffer.extend(length(value.unwrap_or_default())?);
    buffer.extend_from_slice(key);
    Ok(())
}

/// Ends the frame in a buffer.
pub(super) fn end(buffer: &mut [u8], number: u64) -> Result<(), TryFromIntError> {
    let payload = length(buffer.len() - HEAD)?;
    buffer[..4].copy_from_slice(&MAGIC);
    buffer[12..16].copy_from_slice(&payload);
    buffer[16..HEAD].copy_from_slice(&number.to_le_bytes());
    let checksum = checksum(&buffer[CHECKED..]);
    buffer[4..CHECKED].copy_from_slice(&checksum.to_le_bytes());
    Ok(())
}

fn length(bytes: usize) -> Result<[u8; 4], TryFromIntError> {
    Ok(u32::try_from(bytes)?.to_le_bytes())
}

/// The frame at the beginning of some bytes, if there is a whole one.
pub(super) fn decode(bytes: &[u8]) -> Option<Frame<'_>> {
    let head = bytes.first_chunk::<HEAD>()?;
    if !head.starts_with(&MAGIC) {
        return None;
    }
    let length = u32::from_le_bytes(*head[12..].first_chunk()?) as usize;
    let frame = bytes.get(..HEAD.checked_add(length)?)?;
    let expected = i64::from_le_bytes(*head[4..].first_chunk()?);
    if !is_checksum(expected, &frame[CHECKED..]) {
        return None;
    }
    Some(Frame {
        number: u64::from_le_bytes(*head[16..].first_chunk()?),
        payload: &frame[HEAD..],
    })
}

/// Whether a whole frame of a later number begins anywhere in some bytes.
pub(super) fn any_after(bytes: &[u8], number: u64) -> bool {
    (0..bytes.len()).any(|at| {
        bytes[at..].starts_with(&MAGIC)
            && decode(&bytes[at..]).is_some_and(|frame| number <= frame.number)
    })
}

/// A record where it lies in a payload.
#[derive(Debug)]
pub(super) struct Place<'a> {
    pub(super) table: Table,
    pub(super) key: &'a [u8],
    /// Where the value is in the payload; `None` for a removal.
    pub(super) value: Option<std::ops::Range<usize>>,
}

/// The records of a payload; `None` among them when it is not one.
pub(super) fn records(payload: &[u8]) -> impl Iterator<Item = Option<Place<'_>>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        if at == payload.len() {
            return None;
        }
        let place = record(payload, at);
        at = place.as_ref().map_or(payload.len(), |(_, end)| *end);
        Some(place.map(|(place, _)| place))
    })
}

fn record(payload: &[u8], at: usize) -> Option<(Place<'_>, usize)> {
    let head = payload.get(at..)?.first_chunk::<RECORD_HEAD>()?;
    let table = *Table::ALL.iter().find(|it| table_number(**it) == head[0])?;
    let key_length = u32::from_le_bytes(*head[2..].first_chunk()?) as usize;
    let value_length = u32::from_le_bytes(*head[6..].first_chunk()?) as usize;
    let key_start = at + RECORD_HEAD;
    let value_start = key_start.checked_add(key_length)?;
    let end = value_start.checked_add(value_length)?;
    let key = payload.get(key_start..value_start)?;
    payload.get(value_start..end)?;
    let value = match head[1] {
        0 if value_length == 0 => None,
        1 => Some(value_start..end),
        _ => return None,
    };
    Some((Place { table, key, value }, end))
}

fn table_number(table: Table) -> u8 {
    match table {
        Table::Sessions => 1,
        Table::Handles => 2,
        Table::Follows => 3,
        Table::Listings => 4,
        Table::Settings => 5,
        Table::Activities => 6,
        Table::RecentPlayers => 7,
        Table::Members => 8,
    }
}

impl Place<'_> {
    /// What identifies the document.
    pub(super) fn identity(&self) -> (Table, Bytes) {
        (self.table, Bytes::copy_from_slice(self.key))
    }
}
