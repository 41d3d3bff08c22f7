//! The command sends its traces, and the last of them before it ends.
#![cfg(unix)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;

/// A server that ends with its value.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already, which is what this is for.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_server_that_is_told_to_stop_sends_what_is_left_and_logs_nothing_of_it() {
    let collector = TcpListener::bind("127.0.0.1:0").expect("a port");
    let endpoint = format!("http://{}", collector.local_addr().expect("an address"));
    let collecting = thread::spawn(move || take_one(&collector));
    let child = Command::new(env!("CARGO_BIN_EXE_convoke"))
        .args(["serve", "--listen", "127.0.0.1:0", "--store", "memory"])
        .env_remove("RUST_LOG")
        .env("CONVOKE_TELEMETRY__OTLP_ENDPOINT", endpoint)
        .env("CONVOKE_TELEMETRY__SERVICE_NAME", "lobby-of-this-test")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut server = Server(child.expect("the command runs"));
    let address = address(&mut server);
    let answer = ask(&address, "GET /healthz");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");

    let id = server.0.id().to_string();
    let sent = Command::new("kill").args(["-TERM", &id]).status();
    assert!(sent.expect("kill runs").success());
    let mut logs = String::new();
    let stderr = server.0.stderr.as_mut().expect("piped");
    stderr.read_to_string(&mut logs).expect("text");
    assert!(server.0.wait().expect("a child").success(), "{logs}");
    assert!(logs.contains("stopped"), "{logs}");
    assert!(!logs.contains("request"), "{logs}");

    let (head, body) = collecting.join().expect("a message");
    assert!(head.starts_with("POST /v1/traces HTTP/1.1"), "{head}");
    for text in ["lobby-of-this-test", "GET /healthz"] {
        assert!(body.contains(text), "{body}");
    }
}

/// Waits until it listens.
fn address(server: &mut Server) -> String {
    let out = BufReader::new(server.0.stdout.take().expect("piped"));
    let mut lines = out.lines().map(|line| line.expect("text"));
    let line = lines.find_map(|line| Some(line.strip_prefix("listening on http://")?.to_owned()));
    line.expect("it listens")
}

fn ask(address: &str, line: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("a connection");
    write!(
        stream,
        "{line} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n"
    )
    .expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

/// Takes one message of a client, and gives its head and its body.
fn take_one(collector: &TcpListener) -> (String, String) {
    let (stream, _) = collector.accept().expect("a connection");
    let mut stream = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(stream.read_line(&mut head).expect("text"), 0, "{head}");
    }
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.expect("a length").parse().expect("a number")];
    stream.read_exact(&mut body).expect("a body");
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    stream.get_mut().write_all(answer).expect("sent");
    (head, String::from_utf8_lossy(&body).into_owned())
}
