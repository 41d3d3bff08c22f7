//! Bytes to a socket and the answers that come back, read without any library of HTTP.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// One answer as it was on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Response {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// Sends bytes on a connection of their own and reads all answers until the server closes it.
///
/// The last request has to ask for that, unless it is one after which the server closes anyway.
pub(crate) async fn converse(address: SocketAddr, bytes: &[u8]) -> Vec<Response> {
    let mut stream = TcpStream::connect(address).await.expect("connected");
    // The server may close before it has read everything, which is for it to decide.
    let _ = stream.write_all(bytes).await;
    let mut answers = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => break,
            Ok(length) => answers.extend_from_slice(&buffer[..length]),
        }
    }
    parse(&answers)
}

/// Takes a stream of answers apart; what does not look like one is an error of the test.
fn parse(mut bytes: &[u8]) -> Vec<Response> {
    let mut responses = Vec::new();
    while !bytes.is_empty() {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        let end = end.unwrap_or_else(|| panic!("no head in {:?}", String::from_utf8_lossy(bytes)));
        let head = std::str::from_utf8(&bytes[..end]).expect("heads are text");
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1));
        let status = status
            .and_then(|code| code.parse().ok())
            .expect("a status line");
        let headers: Vec<_> = lines
            .map(|line| line.split_once(": ").expect("a header"))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let mut response = Response {
            status,
            headers,
            body: String::new(),
        };
        bytes = &bytes[end + 4..];
        let length = response
            .header("content-length")
            .map_or(0, |it| it.parse().expect("a length"));
        let (body, rest) = bytes.split_at(length);
        response.body = String::from_utf8_lossy(body).into_owned();
        responses.push(response);
        bytes = rest;
    }
    responses
}
