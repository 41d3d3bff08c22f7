//! Requests whose end a proxy and we might read differently.
//!
//! Behind every first request hides a second one, which takes the treasure if we see it where a
//! proxy sees a body.

use crate::service::{ROBBERY, Service, head, request, session};

/// A PUT without a length of its own, and then these headers and this body.
fn put(service: &Service, headers: &[(&str, &str)], body: &str) -> String {
    let mut all = vec![("content-type", "application/json")];
    all.extend_from_slice(headers);
    head("PUT", &session("s1"), &service.attacker, &all, "") + body
}

fn hidden(service: &Service) -> String {
    request("PUT", &session("s1"), &service.victim, ROBBERY)
}

#[tokio::test]
async fn a_request_with_a_length_and_chunks_is_refused_and_nothing_behind_it_is_read() {
    let service = Service::new().await;
    let hidden = hidden(&service);
    let length = (hidden.len() + 5).to_string();
    for headers in [
        [
            ("content-length", length.as_str()),
            ("transfer-encoding", "chunked"),
        ],
        [
            ("transfer-encoding", "chunked"),
            ("content-length", length.as_str()),
        ],
        [("transfer-encoding", "chunked"), ("content-length", "5")],
    ] {
        let bytes = put(&service, &headers, "0\r\n\r\n") + &hidden;
        let answer = service.send_one(bytes).await;
        assert_eq!(answer.status, 400, "{headers:?}: {answer:?}");
    }
    service.assert_untouched().await;
}

#[tokio::test]
async fn lengths_that_contradict_each_other_or_are_no_numbers_are_refused() {
    let service = Service::new().await;
    let hidden = hidden(&service);
    for lengths in [
        &["0", "5"][..],
        &["5", "0"],
        &["+0"],
        &["-1"],
        &["0x0"],
        &["0,0"],
        &["0, 5"],
        &["1e1"],
        &[""],
        &["99999999999999999999999999"],
    ] {
        let headers: Vec<_> = lengths
            .iter()
            .map(|length| ("content-length", *length))
            .collect();
        let answer = service
            .send_one(put(&service, &headers, "") + &hidden)
            .await;
        assert_eq!(answer.status, 400, "{lengths:?}: {answer:?}");
    }
    service.assert_untouched().await;
}

#[tokio::test]
async fn transfer_encodings_other_than_chunked_are_refused() {
    let service = Service::new().await;
    let hidden = hidden(&service);
    for encoding in [
        "chunked, identity",
        "identity",
        "xchunked",
        "gzip",
        "chunked, gzip",
        "\u{b}chunked",
        "",
    ] {
        let bytes = put(&service, &[("transfer-encoding", encoding)], "0\r\n\r\n") + &hidden;
        let answer = service.send_one(bytes).await;
        assert_eq!(answer.status, 400, "{encoding:?}: {answer:?}");
    }
    let older = put(&service, &[("transfer-encoding", "chunked")], "0\r\n\r\n") + &hidden;
    let answer = service
        .send_one(older.replacen("HTTP/1.1", "HTTP/1.0", 1))
        .await;
    assert_eq!(answer.status, 400, "{answer:?}");
    service.assert_untouched().await;
}

#[tokio::test]
async fn header_lines_that_proxies_read_differently_are_refused() {
    let service = Service::new().await;
    let hidden = hidden(&service);
    for line in [
        "content-length : 0",
        " content-length: 0",
        "content-length\t: 0",
        "x-a: b\r\n content-length: 0",
        "x-a: b\rcontent-length: 0",
        "x-a\u{0}: b",
        "x-a: b\u{0}",
        ": b",
        "no colon",
    ] {
        let bytes = put(&service, &[], "").replacen("\r\n\r\n", &format!("\r\n{line}\r\n\r\n"), 1);
        let answer = service.send_one(bytes + &hidden).await;
        assert_eq!(answer.status, 400, "{line:?}: {answer:?}");
    }
    service.assert_untouched().await;
}

#[tokio::test]
async fn chunks_that_cannot_be_read_change_nothing() {
    let service = Service::new().await;
    let hidden = hidden(&service);
    let robbery = format!("{:x}\r\n{ROBBERY}", ROBBERY.len());
    for chunks in [
        format!("{robbery}\r\nX\r\n\r\n"),
        format!("{robbery}0\r\n\r\n"),
        format!("0x{robbery}\r\n0\r\n\r\n"),
        format!("-{robbery}\r\n0\r\n\r\n"),
        format!("FFFFFFFFFFFFFFFF1\r\n{ROBBERY}\r\n0\r\n\r\n"),
        format!("{robbery}\r\n0;{}\r\n\r\n", "a".repeat(100_000)),
    ] {
        // The body is the victim's own, so that only its chunks keep it from being good.
        let bytes = put(&service, &[("transfer-encoding", "chunked")], &chunks).replacen(
            &service.attacker,
            &service.victim,
            1,
        );
        let answers = service.send(bytes + &hidden).await;
        let shown: String = chunks.chars().take(60).collect();
        assert!(answers.len() <= 1, "{shown:?}: {answers:?}");
        assert!(
            answers
                .iter()
                .all(|answer| matches!(answer.status, 400 | 408)),
            "{shown:?}: {answers:?}"
        );
    }
    service.assert_untouched().await;
}

#[tokio::test]
async fn chunk_extensions_and_trailers_mean_nothing() {
    let service = Service::new().await;
    let body = format!(
        "2;a=b;c=\"d\"\r\n{{}}\r\n0\r\nauthorization: {}\r\n\r\n",
        service.victim
    );
    let headers = [
        ("transfer-encoding", "chunked"),
        ("content-type", "application/json"),
    ];
    let anonymous = head("PUT", &session("s1"), "", &headers, "") + &body;
    let next = request("GET", "/healthz", "", "");
    let answers = service.send(anonymous + &next).await;
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [401, 200], "{answers:?}");
    service.assert_untouched().await;
}
