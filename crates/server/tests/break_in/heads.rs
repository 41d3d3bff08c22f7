//! Heads of requests that are too large, of another protocol, or say strange things of the host.

use crate::service::{ROBBERY, SCID, Service, head, request, session};

#[tokio::test]
async fn a_head_beyond_its_size_is_refused_and_the_connection_closed() {
    let service = Service::new().await;
    let path = session("s1");
    let with = |headers: &[(&str, &str)]| head("GET", &path, &service.attacker, headers, "");
    let value = "a".repeat(33 * 1024);
    let answer = service
        .send_one(with(&[("connection", "close"), ("x-a", &value)]))
        .await;
    assert_eq!(answer.status, 431, "{answer:?}");
    assert!(
        answer.header("x-xbl-correlation-id").is_some()
            || answer.header("content-length").is_some()
    );
    // Beyond what is kept in memory of a head, no more of it is read.
    for (name, value) in [
        ("x-a", "a".repeat(1024 * 1024)),
        (&*"a".repeat(100_000), "b".to_owned()),
    ] {
        let answers = service.send(with(&[(name, &value)])).await;
        assert!(
            answers.iter().all(|answer| answer.status == 431),
            "{answers:?}"
        );
    }
    let numbered: Vec<String> = (0..80).map(|number| format!("x-{number}")).collect();
    let many: Vec<_> = numbered.iter().map(|name| (name.as_str(), "1")).collect();
    let answer = service.send_one(with(&many)).await;
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (431, ""),
        "{answer:?}"
    );
    service.assert_untouched().await;
}

#[tokio::test]
async fn a_request_target_beyond_its_size_is_refused() {
    let service = Service::new().await;
    for length in [9 * 1024, 40 * 1024] {
        let path = format!("/{}", "a".repeat(length));
        let answer = service.ask("GET", &path, "", "").await;
        assert_eq!(answer.status, 414, "{length}: {answer:?}");
    }
    let path = format!("/{}", "a".repeat(1024 * 1024));
    let answers = service.send(request("GET", &path, "", "")).await;
    assert!(
        answers
            .iter()
            .all(|answer| matches!(answer.status, 414 | 431)),
        "{answers:?}"
    );
    service.assert_untouched().await;
}

#[tokio::test]
async fn other_protocols_are_refused_and_http_1_0_is_answered_and_closed() {
    let service = Service::new().await;
    for bytes in [
        &b"GET /healthz\r\n\r\n"[..],
        b"GET /healthz HTTP/0.9\r\n\r\n",
        b"GET /healthz HTTP/1.2\r\n\r\n",
        b"GET /healthz HTTP/2.0\r\n\r\n",
        b"GET /healthz HTTP/1.1 x\r\n\r\n",
        b"GET /healthz http/1.1\r\n\r\n",
        b"GET  /healthz HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"\x00\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.9\r\n\r\n",
        b"helo there\r\n\r\n",
    ] {
        let answer = service.send_one(bytes).await;
        let shown = String::from_utf8_lossy(bytes);
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (400, ""),
            "{shown:?}: {answer:?}"
        );
    }
    // Who speaks HTTP/2 without asking first hears nothing that could be taken for it.
    let answers = service.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    assert_eq!(answers, []);
    let answer = service.send_one("GET /healthz HTTP/1.0\r\n\r\n").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    service.assert_untouched().await;
}

#[tokio::test]
async fn requests_sent_together_are_answered_in_order_each_on_its_own_credentials() {
    let service = Service::new().await;
    let get = |token: &str| head("GET", &session("s1"), token, &[], "");
    let bytes = [
        get(&service.victim),
        get(""),
        head("PUT", &session("s1"), "", &[], ROBBERY),
        get(&service.victim),
        request("GET", "/none", &service.victim, ""),
        get(&service.victim),
    ]
    .concat();
    let answers = service.send(bytes).await;
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    // After the one that asked for the end, nothing is read.
    assert_eq!(statuses, [200, 401, 401, 200, 404]);
    service.assert_untouched().await;
}

#[tokio::test]
async fn methods_that_nobody_knows_are_refused_by_name_of_those_that_are() {
    let service = Service::new().await;
    let path = session("s1");
    for verb in [
        "TRACE", "PATCH", "PROPFIND", "get", "POST", "OPTIONS", "M-SEARCH",
    ] {
        let answers = service
            .send(request(verb, &path, &service.attacker, ""))
            .await;
        // An answer to HEAD says how long the body would have been.
        let answer = answers.first().expect("an answer");
        assert_eq!(answer.status, 405, "{verb}: {answer:?}");
        assert_eq!(answer.header("allow"), Some("GET, PUT"), "{verb}");
        assert!(
            !answer.body.contains(&service.attacker),
            "{verb} repeats the request"
        );
    }
    let long = "A".repeat(10_000);
    for verb in [long.as_str(), "G\u{0}T", "GE T", "\"GET\"", "GET\t"] {
        let answers = service
            .send(request(verb, &path, &service.attacker, ""))
            .await;
        assert!(
            answers
                .iter()
                .all(|answer| matches!(answer.status, 400 | 405)),
            "{answers:?}"
        );
    }
    // A proxy this is not.
    for target in ["evil.example:443", "localhost:80"] {
        let answer = service.ask("CONNECT", target, &service.attacker, "").await;
        assert_eq!(answer.status, 404, "{target}: {answer:?}");
    }
    service.assert_untouched().await;
}

#[tokio::test]
async fn a_host_opens_no_service_that_another_name_closes() {
    let service = Service::new().await;
    let path = session("s1");
    let get = |host: &str| {
        request("GET", &path, &service.victim, "").replacen("host: localhost", host, 1)
    };
    for (host, status) in [
        ("host: sessiondirectory.xboxlive.com", 200),
        ("host: SESSIONDIRECTORY.xboxlive.com:443", 200),
        ("host: social.xboxlive.com", 404),
        ("host: user.auth.xboxlive.com", 404),
        ("host: anything.xboxlive.com", 404),
        ("host: social.xboxlive.com.", 404),
        ("host: evil.example", 200),
        ("host: localhost@social.xboxlive.com", 404),
        ("host: ", 200),
        ("host: a\r\nhost: b", 400),
        ("host: localhost\r\nhost: localhost", 400),
    ] {
        let answer = service.send_one(get(host)).await;
        assert_eq!(answer.status, status, "{host}: {answer:?}");
        assert!(!answer.body.contains("evil.example"), "{host}");
        assert!(
            answer
                .headers
                .iter()
                .all(|(_, value)| !value.contains("evil.example")),
            "{host}"
        );
    }
    // An address in the request line counts, and not the header beside it.
    for (target, status) in [
        (format!("http://social.xboxlive.com{path}"), 404),
        (format!("http://sessiondirectory.xboxlive.com{path}"), 200),
        (format!("http://localhost{path}"), 200),
        (format!("https://user:pass@localhost{path}"), 200),
        (format!("//social.xboxlive.com{path}"), 404),
        ("http://localhost".to_owned(), 404),
        ("*".to_owned(), 404),
        (format!("ftp://localhost/{SCID}"), 404),
    ] {
        let answer = service.ask("GET", &target, &service.victim, "").await;
        assert_eq!(answer.status, status, "{target}: {answer:?}");
    }
    service.assert_untouched().await;
}
