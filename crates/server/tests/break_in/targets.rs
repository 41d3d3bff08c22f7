//! Paths that a proxy, a file server or a careless router would read as another.

use crate::service::{ROBBERY, SCID, Service, head, session};

/// Every way to write the path of the session that is not the path of the session.
#[tokio::test]
async fn a_path_that_only_resembles_one_leads_nowhere() {
    let service = Service::new().await;
    let base = format!("/serviceconfigs/{SCID}/sessiontemplates/lobby/sessions");
    for path in [
        format!("{base}/s1/."),
        format!("{base}/s1/.."),
        format!("{base}/./s1"),
        format!("{base}/x/../s1"),
        format!("{base}/x/%2e%2e/s1"),
        format!("{base}/x/%2E./s1"),
        format!("{base}/x%2f..%2fs1"),
        format!("{base}/x%5c..%5cs1"),
        format!("{base}/..;/s1"),
        format!("{base};v=1/s1"),
        format!("{base}/s1;v=1"),
        format!("{base}/s1%00"),
        format!("{base}/s1%20"),
        format!("{base}/%20s1"),
        format!("{base}/s1%3f"),
        format!("{base}/s1%23"),
        format!("{base}/s%311%2f"),
        format!("{base}/s%2531"),
        format!("{base}/s%u0031"),
        format!("{base}/s%c0%b1"),
        format!("{base}/s%ef%bc%91"),
        format!("{base}/s%"),
        format!("{base}/s%3"),
        format!("{base}/{}", "s".repeat(101)),
        format!("{base}%2fs1"),
        format!("/api{base}/s1"),
        format!("/healthz/..{base}/s1"),
        format!("/healthz/%2e%2e{base}/s1"),
    ] {
        for verb in ["GET", "PUT", "DELETE"] {
            let body = if verb == "PUT" { ROBBERY } else { "" };
            let answer = service.ask(verb, &path, &service.victim, body).await;
            assert_eq!(answer.status, 404, "{verb} {path}: {answer:?}");
        }
    }
    service.assert_untouched().await;
}

#[tokio::test]
async fn other_spellings_of_the_same_path_need_the_same_credentials() {
    let service = Service::new().await;
    let path = session("s1");
    for path in [
        path.replace('/', "//"),
        format!("{path}/"),
        path.to_uppercase(),
        path.replace("serviceconfigs", "%53erviceConfigs"),
        path.replace("/s1", "/%73%31"),
        path.replace("/s1", "/S1"),
        format!("{path}?nocommit=false&x=/../"),
        format!("http://localhost{path}"),
    ] {
        let answer = service.ask("GET", &path, &service.victim, "").await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        let answer = service.ask("GET", &path, "", "").await;
        assert_eq!(answer.status, 401, "{path}: {answer:?}");
        let answer = service.ask("PUT", &path, "", ROBBERY).await;
        assert_eq!(answer.status, 401, "{path}: {answer:?}");
    }
    service.assert_untouched().await;
}

#[tokio::test]
async fn bytes_that_are_no_request_target_are_refused() {
    let service = Service::new().await;
    let path = session("s1");
    for target in [
        &b"\0"[..],
        b"/\0",
        b"/handles/\x00x",
        b"/handles/\x7f",
        b"/a b",
        b"/a\tb",
        b"handles",
        b"\\handles",
        b"/handles/\x0b",
    ] {
        let text = head("GET", "@", &service.victim, &[("connection", "close")], "");
        let at = text.find('@').expect("a target");
        let bytes = [&text.as_bytes()[..at], target, &text.as_bytes()[at + 1..]].concat();
        let answer = service.send_one(&bytes).await;
        let shown = String::from_utf8_lossy(target);
        assert!(matches!(answer.status, 400 | 404), "{shown:?}: {answer:?}");
    }
    // Bytes outside of ASCII are let in by the HTTP library and belong to no name of ours.
    for name in [&b"\xff"[..], b"\xc3\xa9", b"\xed\xa0\x80"] {
        let text = head(
            "GET",
            &path,
            &service.victim,
            &[("connection", "close")],
            "",
        );
        let at = text.find("/s1").expect("a name");
        let bytes = [&text.as_bytes()[..=at], name, &text.as_bytes()[at + 3..]].concat();
        let answer = service.send_one(&bytes).await;
        assert!(matches!(answer.status, 400 | 404), "{name:?}: {answer:?}");
    }
    service.assert_untouched().await;
}
