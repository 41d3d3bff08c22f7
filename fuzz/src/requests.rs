//! Whole requests with any body, through the router of a service in memory.

use http::{Method, StatusCode, Uri};

use super::service::{self, SCID};

/// Where the body goes, chosen by the first byte.
const ROUTES: &[(&str, &str)] = &[
    (
        "PUT",
        "/serviceconfigs/{scid}/sessiontemplates/lobby/sessions/f",
    ),
    (
        "PUT",
        "/serviceconfigs/{scid}/sessiontemplates/lfg/sessions/f",
    ),
    (
        "PUT",
        "/serviceconfigs/{scid}/sessiontemplates/lobby/sessions/f/properties",
    ),
    (
        "PUT",
        "/handles/0badc0de-0000-4000-8000-00000000dead/session",
    ),
    ("POST", "/handles"),
    ("POST", "/handles/query"),
    ("POST", "/user/authenticate"),
    ("POST", "/device/authenticate"),
    ("POST", "/title/authenticate"),
    ("POST", "/xsts/authorize"),
    ("POST", "/dev/token"),
    ("PUT", "/users/me/people/xuid(1002)"),
];

/// A request: it is answered, by anything but a failure of the service, and nothing of its body gets
/// into a header.
pub fn request(bytes: &[u8]) {
    let Some((first, body)) = bytes.split_first() else {
        return;
    };
    let (method, path) = ROUTES[usize::from(*first) % ROUTES.len()];
    let uri: Uri = path.replace("{scid}", SCID).parse().expect("a URI");
    let method: Method = method.parse().expect("a method");
    service::with(|service| {
        let answer = service.call(&method, &uri, body.to_vec());
        let known = answer.status.is_success() || answer.status.is_client_error();
        assert!(
            known,
            "{method} {uri}: {} {}",
            answer.status,
            String::from_utf8_lossy(&answer.body)
        );
        for name in ["x-injected", "set-cookie", "transfer-encoding"] {
            assert!(
                !answer.headers.contains_key(name),
                "{method} {uri}: {:?}",
                answer.headers
            );
        }
        if answer.status == StatusCode::OK || answer.status == StatusCode::CREATED {
            assert!(
                answer.body.is_empty() || is_json(&answer.body),
                "{method} {uri}"
            );
        }
        if let Some(location) = answer.headers.get("location") {
            let there: Uri = location.to_str().expect("text").parse().expect("a path");
            assert!(
                service
                    .call(&Method::GET, &there, Vec::new())
                    .status
                    .is_success(),
                "{there}"
            );
        }
        if path.starts_with("/serviceconfigs") {
            // The session ends, so that inputs do not depend on those before.
            service.call(&Method::PUT, &uri, br#"{"members":{"me":null}}"#.to_vec());
        }
    });
}

fn is_json(body: &[u8]) -> bool {
    serde_json::from_slice::<&serde_json::value::RawValue>(body).is_ok()
}
