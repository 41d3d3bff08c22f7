//! Line breaks in names, on their way into headers of the answer.

use serde_json::json;

use crate::service::{SCID, Service, TITLE, head, request, session};
use crate::socket::Response;

/// What every attempt tries to add.
const INJECTED: &str = "x-injected";

#[track_caller]
fn assert_clean(answer: &Response) {
    assert_eq!(answer.header(INJECTED), None, "{answer:?}");
    assert_eq!(answer.header("set-cookie"), None, "{answer:?}");
}

#[tokio::test]
async fn line_breaks_in_paths_stay_out_of_headers() {
    let service = Service::new().await;
    let injection = "%0d%0aX-Injected:%201%0d%0aSet-Cookie:%20a=b%0d%0a%0d%0a";
    let base = format!("/serviceconfigs/{SCID}/sessiontemplates");
    for (path, status) in [
        (session(injection), 404),
        (session("%0aX-Injected:%201"), 404),
        (session("%0dX-Injected:%201"), 404),
        (session("%e5%98%8a%e5%98%8dX-Injected:%201"), 404),
        (format!("{base}/{injection}"), 404),
        (format!("/handles/{injection}"), 404),
        (format!("/handles/{injection}/session"), 404),
        (format!("/users/gt({injection})/people"), 404),
        (format!("/users/{injection}/people"), 400),
        (format!("/users/me/people/{injection}"), 400),
        (format!("{}/servers/{injection}", session("s1")), 204),
        (format!("{}?x={injection}", session("s1")), 200),
        (format!("/users/me/people?view={injection}"), 400),
    ] {
        let answer = service.ask("GET", &path, &service.victim, "").await;
        assert_eq!(answer.status, status, "{path}: {answer:?}");
        assert_clean(&answer);
    }
    service.assert_untouched().await;
}

#[tokio::test]
async fn line_breaks_in_bodies_stay_out_of_headers() {
    let service = Service::new().await;
    let name = "a\r\nX-Injected: 1";
    let reference = json!({"scid": SCID, "templateName": "lobby", "name": name});
    for body in [
        json!({"type": "correlation", "version": 1, "sessionRef": reference}),
        json!({"type": name, "version": 1, "sessionRef": {"scid": SCID, "templateName": "lobby"}}),
        json!({"type": "correlation", "sessionRef": {"scid": name, "templateName": "lobby"}}),
        json!({"type": "correlation", "sessionRef": {"scid": SCID, "templateName": name}}),
    ] {
        let answer = service
            .ask("POST", "/handles", &service.victim, &body.to_string())
            .await;
        assert_eq!(answer.status, 400, "{body}: {answer:?}");
        assert_clean(&answer);
    }
    // A key of the body is repeated in the explanation, which is no header.
    let keyed = json!({"properties": {"system": {name: 1}}}).to_string();
    let answer = service
        .ask("PUT", &session("s1"), &service.victim, &keyed)
        .await;
    assert_eq!(answer.status, 400, "{answer:?}");
    assert_clean(&answer);
    service.assert_untouched().await;
}

#[tokio::test]
async fn a_gamertag_with_line_breaks_is_given_to_nobody() {
    let service = Service::new().await;
    let body = json!({"xuid": "7", "titleId": TITLE, "gamertag": "a\r\nX-Injected: 1"});
    let answer = service
        .ask("POST", "/dev/token", "", &body.to_string())
        .await;
    assert_eq!(answer.status, 400, "{answer:?}");
    assert_clean(&answer);
    service.assert_untouched().await;
}

/// `MS-CV` is the one header that comes back as it was sent.
#[tokio::test]
async fn a_header_that_is_repeated_cannot_hold_a_line_break() {
    let service = Service::new().await;
    for value in [
        "a\rX-Injected: 1",
        "a\r X-Injected: 1",
        "a\u{0}b",
        "a\u{7f}b",
    ] {
        let bytes = head(
            "GET",
            "/healthz",
            "",
            &[("connection", "close"), ("ms-cv", value)],
            "",
        );
        let answer = service.send_one(bytes).await;
        assert_eq!(answer.status, 400, "{value:?}: {answer:?}");
        assert_clean(&answer);
    }
    let bytes =
        request("GET", "/healthz", "", "").replacen("\r\n\r\n", "\r\nms-cv: a.1\r\n\r\n", 1);
    let answer = service.send_one(bytes).await;
    assert_eq!(answer.header("ms-cv"), Some("a.1"), "{answer:?}");
    service.assert_untouched().await;
}
