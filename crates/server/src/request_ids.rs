//! The ids by which a request is found again: ours, and those that its sender gave it.
//!
//! Ours is on every answer and in every line of the log. The sender's are echoed and logged, but only
//! when they are short and printable; others are ignored, since no request is wrong because of them.

use convoke_wire::headers::{CORRELATION_ID, MS_CV, X_CORRELATION_ID};
use http::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

use crate::traceparent::Traceparent;

/// Longest id of a sender that is taken, in bytes. `Inferred:` correlation vectors end at 128
pub const MAX_LEN: usize = 128;

/// The ids that a sender gave to its request.
#[derive(Debug, Default)]
pub struct ClientIds {
    /// `MS-CV`
    vector: Option<HeaderValue>,
    /// `X-Correlation-Id`
    correlation: Option<HeaderValue>,
    traceparent: Option<Traceparent>,
}

impl ClientIds {
    /// Those of a request, as far as they are usable.
    pub fn of(headers: &HeaderMap) -> Self {
        let usable = |name| headers.get(name).filter(|value| is_usable(value)).cloned();
        Self {
            vector: usable(MS_CV),
            correlation: usable(X_CORRELATION_ID),
            traceparent: Traceparent::of(headers),
        }
    }

    /// The id by which the sender knows the request.
    pub fn trace_id(&self) -> Option<&str> {
        match self.correlation.as_ref().or(self.vector.as_ref()) {
            Some(id) => id.to_str().ok(),
            None => self.traceparent.as_ref().map(Traceparent::trace_id),
        }
    }

    /// The trace that the sender places it in.
    #[cfg(feature = "otlp")]
    pub(crate) fn traceparent(&self) -> Option<&Traceparent> {
        self.traceparent.as_ref()
    }

    /// Writes our id and the sender's into the head of the answer.
    pub fn answer(self, headers: &mut HeaderMap, ours: Uuid) {
        let mut text = Uuid::encode_buffer();
        let text = ours.hyphenated().encode_lower(&mut text);
        let ours = HeaderValue::from_str(text).expect("digits and hyphens");
        headers.insert(HeaderName::from_static(CORRELATION_ID), ours);
        if let Some(vector) = self.vector {
            headers.insert(HeaderName::from_static(MS_CV), vector);
        }
        if let Some(correlation) = self.correlation {
            headers.insert(HeaderName::from_static(X_CORRELATION_ID), correlation);
        }
    }
}

fn is_usable(value: &HeaderValue) -> bool {
    let bytes = value.as_bytes();
    (1..=MAX_LEN).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(pairs: &[(&'static str, &[u8])]) -> ClientIds {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            let value = HeaderValue::from_bytes(value).expect("a value");
            headers.insert(*name, value);
        }
        ClientIds::of(&headers)
    }

    #[test]
    fn ids_are_taken_when_short_and_printable() {
        let longest = [b'a'; MAX_LEN];
        let too_long = [b'a'; MAX_LEN + 1];
        for (value, taken) in [
            (&b"tul4PHXhk0+UbdaG.0"[..], true),
            (&longest, true),
            (&too_long, false),
            (b"", false),
            (b"a b", false),
            (b"a\tb", false),
            ("é".as_bytes(), false),
        ] {
            assert_eq!(
                ids(&[(MS_CV, value)]).trace_id().is_some(),
                taken,
                "{value:?}"
            );
        }
    }

    #[test]
    fn a_correlation_id_goes_before_a_vector() {
        let both = ids(&[(MS_CV, b"vector"), (X_CORRELATION_ID, b"id")]);
        assert_eq!(both.trace_id(), Some("id"));
    }

    #[test]
    fn a_trace_is_the_last_that_a_request_is_known_by() {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        let parent = format!("00-{trace}-00f067aa0ba902b7-01");
        let parent = ("traceparent", parent.as_bytes());
        assert_eq!(ids(&[parent]).trace_id(), Some(trace));
        let both = ids(&[parent, (MS_CV, b"vector")]);
        assert_eq!(both.trace_id(), Some("vector"));
        assert_eq!(ids(&[("traceparent", b"00-1-2-3")]).trace_id(), None);
    }

    #[test]
    fn an_answer_has_our_id_and_those_that_were_taken() {
        let mut headers = HeaderMap::new();
        let taken = ids(&[(MS_CV, b"vector"), (X_CORRELATION_ID, b"a b")]);
        taken.answer(&mut headers, Uuid::nil());
        let ours = "00000000-0000-0000-0000-000000000000";
        assert_eq!(headers[CORRELATION_ID], ours);
        assert_eq!(headers[MS_CV], "vector");
        assert!(!headers.contains_key(X_CORRELATION_ID));
    }
}
