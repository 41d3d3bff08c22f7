//! Points in time as the service writes them: UTC with seven fractional digits.

use std::fmt;

use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A point in time, written `2009-06-15T13:45:30.0900000Z`. `[trace]`
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WireTime(pub Timestamp);

const PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(7));

impl From<Timestamp> for WireTime {
    fn from(time: Timestamp) -> Self {
        Self(time)
    }
}

impl fmt::Display for WireTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&PRINTER.timestamp_to_string(&self.0))
    }
}

impl Serialize for WireTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&PRINTER.timestamp_to_string(&self.0))
    }
}

impl<'de> Deserialize<'de> for WireTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Timestamp::deserialize(deserializer).map(Self)
    }
}

/// A time as HTTP headers write it: `Sun, 06 Nov 1994 08:49:37 GMT`.
pub fn http_date(time: Timestamp) -> String {
    jiff::fmt::rfc2822::DateTimePrinter::new()
        .timestamp_to_rfc9110_string(&time)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_seven_fractional_digits_and_a_z() {
        let check = |input: &str, expected: &str| {
            let time: Timestamp = input.parse().expect(input);
            assert_eq!(WireTime(time).to_string(), expected);
        };
        check("2026-01-01T00:00:00Z", "2026-01-01T00:00:00.0000000Z");
        check(
            "2026-01-01T00:00:00.123456789Z",
            "2026-01-01T00:00:00.1234567Z",
        );
    }

    #[test]
    fn header_dates_are_rfc_9110() {
        let time: Timestamp = "1994-11-06T08:49:37Z".parse().expect("a time");
        assert_eq!(http_date(time), "Sun, 06 Nov 1994 08:49:37 GMT");
    }
}
