//! Bodies that grow, nest, repeat, or lie about themselves.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::service::{ROBBERY, Service, head, session};

const CLOSE: (&str, &str) = ("connection", "close");

/// The robbery, with something in front of it that has to keep it from happening.
fn robbery_after(junk: &str) -> String {
    format!(r#"{{"properties":{{"custom":{{"junk":{junk},"treasure":0}}}}}}"#)
}

#[tokio::test]
async fn json_that_nests_repeats_or_overflows_is_refused_whole() {
    let service = Service::new().await;
    for (case, body) in [
        (
            "lists",
            robbery_after(&format!("{}{}", "[".repeat(100_000), "]".repeat(100_000))),
        ),
        ("open lists", "[".repeat(200_000)),
        (
            "objects",
            robbery_after(&format!(
                "{}1{}",
                r#"{"a":"#.repeat(40_000),
                "}".repeat(40_000)
            )),
        ),
        ("a key twice", robbery_after(r#"1,"junk":2"#)),
        ("a key twice, escaped", robbery_after(r#"1,"\u006aunk":2"#)),
        (
            "the treasure twice",
            r#"{"properties":{"custom":{"treasure":1,"treasure":0}}}"#.to_owned(),
        ),
        ("a number beyond", robbery_after("1e999")),
        ("a lone surrogate", robbery_after(r#""\ud800""#)),
        ("a surrogate in a key", robbery_after(r#"1,"\udc00":2"#)),
        ("not a number", robbery_after("NaN")),
        ("hexadecimal", robbery_after("0x10")),
        ("a comment", robbery_after("1/**/")),
        ("a trailing comma", robbery_after("[1,]")),
        ("two documents", format!("{ROBBERY}{ROBBERY}")),
        (
            "a prototype",
            r#"{"__proto__":{"custom":{}},"properties":{"custom":{"treasure":0}}}"#.to_owned(),
        ),
    ] {
        let answer = service
            .ask("PUT", &session("s1"), &service.victim, &body)
            .await;
        assert_eq!(answer.status, 400, "{case}: {answer:?}");
        assert!(
            answer.body.len() < 2000,
            "{case}: the answer repeats the request"
        );
    }
    service.assert_untouched().await;
}

#[tokio::test]
async fn a_body_beyond_its_size_is_refused_however_its_size_is_told() {
    let service = Service::new().await;
    let large = robbery_after(&format!("\"{}\"", "a".repeat(300 * 1024)));
    let path = session("s1");
    let answers = service
        .send(head("PUT", &path, &service.victim, &[CLOSE], &large))
        .await;
    assert!(
        answers.iter().all(|answer| answer.status == 413),
        "{answers:?}"
    );
    // One that only says so is refused before it comes.
    let told = [
        CLOSE,
        ("content-type", "application/json"),
        ("content-length", "99999999999"),
    ];
    let answer = service
        .send_one(head("PUT", &path, &service.victim, &told, ""))
        .await;
    assert_eq!(answer.status, 413, "{answer:?}");
    let chunked = [
        CLOSE,
        ("content-type", "application/json"),
        ("transfer-encoding", "chunked"),
    ];
    let chunks = format!("{:x}\r\n{large}\r\n0\r\n\r\n", large.len());
    let answers = service
        .send(head("PUT", &path, &service.victim, &chunked, "") + &chunks)
        .await;
    assert!(
        answers.iter().all(|answer| answer.status == 413),
        "{answers:?}"
    );
    // Nobody is asked to send what will not be read.
    let expecting = [
        CLOSE,
        ("expect", "100-continue"),
        ("content-length", "99999999999"),
    ];
    let answer = service
        .send_one(head("PUT", &path, &service.victim, &expecting, ""))
        .await;
    assert_eq!(answer.status, 413, "{answer:?}");
    service.assert_untouched().await;
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).expect("memory");
    encoder.finish().expect("memory")
}

#[tokio::test]
async fn a_compressed_body_is_no_way_around_the_limit() {
    let service = Service::new().await;
    let robbery = gzip(ROBBERY.as_bytes());
    let bomb = robbery_after(&format!("\"{}\"", "a".repeat(64 * 1024 * 1024)));
    let packed = gzip(bomb.as_bytes());
    assert!(packed.len() < 256 * 1024, "{}", packed.len());
    for (case, encoding, body, status) in [
        ("a bomb", "gzip", packed.clone(), 413),
        ("a bomb in a bomb", "gzip", gzip(&packed), 400),
        ("two layers", "gzip, gzip", gzip(&robbery), 415),
        (
            "truncated",
            "gzip",
            robbery[..robbery.len() - 9].to_vec(),
            400,
        ),
        (
            "a wrong sum",
            "gzip",
            flipped(&robbery, robbery.len() - 6),
            400,
        ),
        ("not compressed", "gzip", ROBBERY.as_bytes().to_vec(), 400),
        ("another encoding", "br", robbery.clone(), 415),
        ("deflate", "deflate", robbery.clone(), 415),
        (
            "two members",
            "gzip",
            [robbery.clone(), robbery.clone()].concat(),
            400,
        ),
        (
            "something behind it",
            "gzip",
            [&robbery[..], b"{}"].concat(),
            400,
        ),
    ] {
        let length = body.len().to_string();
        let headers = [
            CLOSE,
            ("content-type", "application/json"),
            ("content-encoding", encoding),
            ("content-length", &length),
        ];
        let head = head("PUT", &session("s1"), &service.victim, &headers, "");
        let answer = service.send_one([head.as_bytes(), &body].concat()).await;
        assert_eq!(answer.status, status, "{case}: {answer:?}");
    }
    service.assert_untouched().await;
}

fn flipped(bytes: &[u8], at: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at] ^= 1;
    bytes
}

#[tokio::test]
async fn a_body_that_never_comes_whole_changes_nothing() {
    let service = Service::new().await;
    let length = (ROBBERY.len() + 1).to_string();
    let headers = [
        CLOSE,
        ("content-type", "application/json"),
        ("content-length", &length),
    ];
    let bytes = head("PUT", &session("s1"), &service.victim, &headers, "") + ROBBERY;
    service.send_half(bytes, 408).await;
    service.assert_untouched().await;
}

#[tokio::test]
async fn a_body_of_another_type_is_not_taken_for_json() {
    let service = Service::new().await;
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=a",
        "application/jsonx",
        "application/json, text/plain",
        "text/plain; application/json",
    ] {
        let length = ROBBERY.len().to_string();
        let headers = [CLOSE, ("content-type", kind), ("content-length", &length)];
        let bytes = head("PUT", &session("s1"), &service.victim, &headers, "") + ROBBERY;
        let answer = service.send_one(bytes).await;
        assert_eq!(answer.status, 415, "{kind}: {answer:?}");
    }
    service.assert_untouched().await;
}
