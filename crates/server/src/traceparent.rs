//! The `traceparent` of a request, by which its sender places it in a trace (W3C Trace Context).
//!
//! Not here: what becomes of it (`request_ids` for the log, `telemetry` for traces).

use http::{HeaderMap, HeaderName, HeaderValue};

/// The header's name.
pub(crate) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Longest value that is taken, in bytes. Ours: version 00 has 55, and later ones may append.
const MAX_LEN: usize = 128;

/// Bytes of a value of version 00: `00-<trace id>-<parent id>-<flags>`.
const LEN: usize = 55;

/// A valid `traceparent`.
#[derive(Debug, Clone)]
pub(crate) struct Traceparent(HeaderValue);

impl Traceparent {
    /// That of a request; none when it is not valid, or when there are several.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let mut all = headers.get_all(TRACEPARENT).iter();
        let value = all.next()?;
        let valid = all.next().is_none() && is_valid(value.as_bytes());
        valid.then(|| Self(value.clone()))
    }

    /// The trace: 32 hexadecimal digits.
    pub(crate) fn trace_id(&self) -> &str {
        self.part(3, 35)
    }

    fn part(&self, from: usize, to: usize) -> &str {
        let text = self.0.to_str().expect("only printable ASCII is valid");
        &text[from..to]
    }
}

#[cfg(feature = "otlp")]
impl Traceparent {
    /// The trace as a number.
    pub(crate) fn trace_number(&self) -> u128 {
        u128::from_str_radix(self.trace_id(), 16).expect("32 hexadecimal digits")
    }

    /// The span of the sender: 16 hexadecimal digits.
    pub(crate) fn parent_id(&self) -> &str {
        self.part(36, 52)
    }

    /// Whether the sender records the trace.
    pub(crate) fn is_sampled(&self) -> bool {
        let flags = u8::from_str_radix(self.part(53, LEN), 16);
        flags.expect("two hexadecimal digits") & 1 == 1
    }
}

/// Whether this is a value of version 00, or begins like one and is of a later version.
fn is_valid(value: &[u8]) -> bool {
    let Some((head, rest)) = value.split_at_checked(LEN) else {
        return false;
    };
    let (version, trace, parent, flags) = (&head[..2], &head[3..35], &head[36..52], &head[53..]);
    let longer = version != b"00" && value.len() <= MAX_LEN && rest.starts_with(b"-");
    let parts = [version, trace, parent, flags];
    head[2] == b'-'
        && head[35] == b'-'
        && head[52] == b'-'
        && parts.into_iter().all(is_hexadecimal)
        && version != b"ff"
        && [trace, parent].into_iter().all(|id| !is_zero(id))
        && (rest.is_empty() || longer)
        && rest.iter().all(u8::is_ascii_graphic)
}

/// Capital letters are not valid.
fn is_hexadecimal(text: &[u8]) -> bool {
    text.iter()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_zero(id: &[u8]) -> bool {
    id.iter().all(|byte| *byte == b'0')
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const PARENT: &str = "00f067aa0ba902b7";

    fn of(values: &[&str]) -> Option<Traceparent> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(TRACEPARENT, value.parse().expect("a value"));
        }
        Traceparent::of(&headers)
    }

    #[test]
    fn values_of_the_first_version_and_the_beginnings_of_later_ones_are_taken() {
        for value in [
            format!("00-{TRACE}-{PARENT}-01"),
            format!("00-{TRACE}-{PARENT}-ff"),
            format!("01-{TRACE}-{PARENT}-00"),
            format!("cc-{TRACE}-{PARENT}-00-what-is-new"),
        ] {
            let taken = of(&[&value]).unwrap_or_else(|| panic!("{value}"));
            assert_eq!(taken.trace_id(), TRACE);
        }
    }

    #[test]
    fn all_else_is_ignored() {
        let zeros = "0".repeat(32);
        for value in [
            String::new(),
            format!("00-{TRACE}-{PARENT}"),
            format!("00-{TRACE}-{PARENT}-1"),
            format!("00-{TRACE}-{PARENT}-01-more"),
            format!("00-{TRACE}-{PARENT}-01-"),
            format!("01-{TRACE}-{PARENT}-01.more"),
            format!("01-{TRACE}-{PARENT}-01-mo re"),
            format!("01-{TRACE}-{PARENT}-01-{}", "x".repeat(MAX_LEN)),
            format!("ff-{TRACE}-{PARENT}-01"),
            format!("00-{zeros}-{PARENT}-01"),
            format!("00-{TRACE}-0000000000000000-01"),
            format!("00-{}-{PARENT}-01", TRACE.to_uppercase()),
            format!("00-{TRACE}-{PARENT}-0x"),
            format!("0-{TRACE}-{PARENT}-001"),
            format!("00 {TRACE}-{PARENT}-01"),
            format!("00-{TRACE}_{PARENT}-01"),
            format!("00-{TRACE}-{PARENT}_01"),
        ] {
            assert!(of(&[&value]).is_none(), "{value}");
        }
        let value = format!("00-{TRACE}-{PARENT}-01");
        assert!(of(&[&value, &value]).is_none(), "two of them");
        assert!(of(&[]).is_none());
    }

    #[cfg(feature = "otlp")]
    #[test]
    fn the_parts_are_found() {
        for (flags, sampled) in [("00", false), ("01", true), ("fe", false), ("ff", true)] {
            let taken = of(&[&format!("00-{TRACE}-{PARENT}-{flags}")]).expect("valid");
            assert_eq!(taken.parent_id(), PARENT);
            assert_eq!(
                taken.trace_number(),
                0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736
            );
            assert_eq!(taken.is_sampled(), sampled, "{flags}");
        }
    }
}
