//! Query strings: parameters found in them, and every route that looks for one.

use convoke_server::routes::query_string::{is_set, parameter};
use http::{Method, StatusCode, Uri};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::service::{self, SCID};

const NAMES: &[&str] = &[
    "nocommit",
    "include",
    "xuid",
    "take",
    "view",
    "startIndex",
    "maxItems",
];

/// A query string: what was put in front of it is found, what is behind it only where nothing of
/// that name was there before, and no route fails over it.
pub fn query_string(bytes: &[u8]) {
    let query = String::from_utf8_lossy(bytes);
    // A value of the fuzzer's choice, whatever characters it has.
    let value: String = query.chars().take(20).collect();
    let encoded = utf8_percent_encode(&value, NON_ALPHANUMERIC).to_string();
    for name in NAMES {
        let shouted = name.to_ascii_uppercase();
        let Some(uri) = uri_of("/x", &query) else {
            return;
        };
        let before = parameter(&uri, name);
        assert_eq!(before, parameter(&uri, &shouted), "{uri}");
        assert!(!is_set(&uri, name) || before.is_some(), "{uri}");
        if let Some(front) = uri_of("/x", &format!("{shouted}={encoded}&{query}")) {
            assert_eq!(
                parameter(&front, name).as_deref(),
                Some(value.as_str()),
                "{front}"
            );
        }
        if let Some(behind) = uri_of("/x", &format!("{query}&{name}={encoded}")) {
            let expected = before.as_deref().unwrap_or(&value);
            assert_eq!(
                parameter(&behind, name).as_deref(),
                Some(expected),
                "{behind}"
            );
        }
    }
    service::with(|service| {
        let session = format!("/serviceconfigs/{SCID}/sessiontemplates/lobby/sessions/q");
        let by_handle = "/handles/0badc0de-0000-4000-8000-00000000dead";
        let routes = [
            (Method::GET, "/users/me/people", ""),
            (
                Method::POST,
                "/handles/query",
                r#"{"type":"activity","owners":{"xuids":["1"]}}"#,
            ),
            (Method::POST, "/handles/query", r#"{"type":"activity"}"#),
            (Method::GET, by_handle, ""),
            (Method::GET, session.as_str(), ""),
            (Method::PUT, session.as_str(), "{}"),
        ];
        for (method, path, body) in routes {
            let Some(uri) = uri_of(path, &query) else {
                return;
            };
            let answer = service.call(&method, &uri, body.as_bytes().to_vec());
            assert!(
                answer.status.is_success() || answer.status.is_client_error(),
                "{method} {uri}: {}",
                answer.status
            );
            if path != by_handle
                && uri
                    .path_and_query()
                    .is_some_and(|it| it.as_str().len() < 8000)
            {
                let allowed = [
                    StatusCode::OK,
                    StatusCode::NO_CONTENT,
                    StatusCode::BAD_REQUEST,
                ];
                let own_view = answer.status == StatusCode::FORBIDDEN;
                assert!(
                    own_view || allowed.contains(&answer.status),
                    "{method} {uri}: {}",
                    answer.status
                );
            }
        }
    });
}

/// `None` where an HTTP library would not even take the text.
fn uri_of(path: &str, query: &str) -> Option<Uri> {
    let uri: Uri = format!("{path}?{query}").parse().ok()?;
    // `#` begins a fragment, which is not sent.
    (!query.contains('#')).then_some(uri)
}
