//! Query strings: names in any case, unknown ones ignored. `Inferred:` auth-http 13.5

use std::borrow::Cow;

use http::Uri;

/// The decoded value of a parameter; the first one counts.
pub fn parameter<'a>(uri: &'a Uri, wanted: &str) -> Option<Cow<'a, str>> {
    uri.query()?.split('&').find_map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = percent_encoding::percent_decode_str(name)
            .decode_utf8()
            .ok()?;
        if !name.eq_ignore_ascii_case(wanted) {
            return None;
        }
        Some(percent_encoding::percent_decode_str(value).decode_utf8_lossy())
    })
}

/// Whether a boolean parameter is true.
pub fn is_set(uri: &Uri, wanted: &str) -> bool {
    parameter(uri, wanted).is_some_and(|value| value.eq_ignore_ascii_case("true") || value == "1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_found_in_any_case_and_decoded() {
        let uri: Uri = "/x?NoCommit=TRUE&include=a%2Cb&flag&include=c"
            .parse()
            .expect("a URI");
        assert!(is_set(&uri, "nocommit"));
        assert_eq!(parameter(&uri, "include").as_deref(), Some("a,b"));
        assert_eq!(parameter(&uri, "flag").as_deref(), Some(""));
        assert_eq!(parameter(&uri, "none"), None);
    }
}
