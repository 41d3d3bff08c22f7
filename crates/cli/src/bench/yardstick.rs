//! The servers that the service is measured against: the least that can be done with the same bytes.

mod broadcast;
mod scan;

use std::fs::File;
use std::io::Write as _;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::{CONTENT_LENGTH, DATE};
use axum::http::{HeaderMap, HeaderName, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use clap::ValueEnum;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

use super::process::{LISTENING, Process};
use crate::{input, output};

/// A server to measure against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Yardstick {
    /// Reads the body as JSON and answers with a document.
    Echo,
    /// The same, after the document was appended to a file and is on the disk.
    Append,
    /// Sends a frame to all sockets of a group, and answers with a document.
    Broadcast,
    /// Has search handles, and looks at each of them for every query.
    Scan,
}

/// Most documents that reach the disk together.
const MAX_BATCH: usize = 1024;

/// Headers that every server writes for itself.
const OWN: [HeaderName; 2] = [CONTENT_LENGTH, DATE];

/// Bytes after which the file is begun anew.
const MAX_FILE: u64 = 256 * 1024 * 1024;

impl Yardstick {
    /// Starts one that answers with the same bytes as the service did: head and document.
    pub(super) async fn start(self, folder: &Path, answer: &Sample) -> anyhow::Result<Process> {
        let kind = self.to_possible_value().context("a kind without a name")?;
        let folder_name = folder.to_str().context("the folder's name is not text")?;
        let head = serde_json::to_string(&answer.head)?;
        let input = format!("{folder_name}\t{head}\t{}\n", answer.body);
        Process::start(
            &["bench", "--yardstick", kind.get_name()],
            Some(&input),
            folder,
        )
        .await
    }
}

/// An answer of the service.
#[derive(Debug)]
pub(super) struct Sample {
    /// Names and values of its headers.
    pub(super) head: Vec<(String, String)>,
    pub(super) body: String,
}

struct Served {
    head: HeaderMap,
    document: Bytes,
    journal: Option<mpsc::Sender<oneshot::Sender<()>>>,
}

/// Serves on a free port until the standard input ends.
///
/// Its first line has, with tabs between, a folder for the file to append to, the headers of the
/// answer, and the document.
pub(super) async fn run(kind: Yardstick) -> anyhow::Result<()> {
    let mut line = String::new();
    std::io::stdin()
        .read_line(&mut line)
        .context("no document on the standard input")?;
    let mut parts = line.trim_end().splitn(3, '\t');
    let mut part = || parts.next().context("no folder, head and document");
    let folder = part()?;
    let head = head(part()?)?;
    let document = Bytes::from(part()?.to_owned());
    let journal = match kind {
        Yardstick::Echo | Yardstick::Broadcast | Yardstick::Scan => None,
        Yardstick::Append => {
            let path = Path::new(folder).join("journal");
            let file = File::create(&path).context("no file to append to")?;
            let (sender, receiver) = mpsc::channel(4096);
            let document = document.clone();
            std::thread::spawn(move || append(file, &path, &document, receiver));
            Some(sender)
        }
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    output::print(&format!("{LISTENING}{}", listener.local_addr()?))?;
    let served = Arc::new(Served {
        head,
        document,
        journal,
    });
    let app = match kind {
        Yardstick::Broadcast => broadcast::routes(served),
        Yardstick::Scan => scan::routes(std::str::from_utf8(&served.document)?)?,
        _ => Router::new().fallback(answer).with_state(served),
    };
    tokio::select! {
        served = axum::serve(tokio_nodelay(listener), app) => Ok(served?),
        () = input::ended() => Ok(()),
    }
}

fn tokio_nodelay(listener: TcpListener) -> impl axum::serve::Listener<Addr: std::fmt::Debug> {
    use axum::serve::ListenerExt as _;
    listener.tap_io(|stream| {
        // Without it a yardstick would only be slower.
        let _ = stream.set_nodelay(true);
    })
}

async fn answer(State(served): State<Arc<Served>>, method: Method, body: Bytes) -> Response {
    if method != Method::GET {
        if serde_json::from_slice::<serde_json::Value>(&body).is_err() {
            return StatusCode::BAD_REQUEST.into_response();
        }
        if let Some(journal) = &served.journal {
            let (sender, done) = oneshot::channel();
            if journal.send(sender).await.is_err() || done.await.is_err() {
                return StatusCode::SERVICE_UNAVAILABLE.into_response();
            }
        }
    }
    (served.head.clone(), served.document.clone()).into_response()
}

/// The headers that the answers have.
fn head(text: &str) -> anyhow::Result<HeaderMap> {
    let pairs: Vec<(String, String)> = serde_json::from_str(text)?;
    let mut head = HeaderMap::new();
    for (name, value) in pairs {
        head.insert(HeaderName::try_from(name)?, value.try_into()?);
    }
    for own in OWN {
        head.remove(own);
    }
    Ok(head)
}

/// Appends one document for each who waits, all of them with one trip to the disk.
fn append(
    mut file: File,
    path: &Path,
    document: &[u8],
    mut receiver: mpsc::Receiver<oneshot::Sender<()>>,
) {
    let mut length = 0;
    let mut waiting = Vec::new();
    let mut bytes = Vec::new();
    while 0 < receiver.blocking_recv_many(&mut waiting, MAX_BATCH) {
        bytes.clear();
        for _ in &waiting {
            bytes.extend_from_slice(document);
        }
        if MAX_FILE <= length {
            let Ok(anew) = File::create(path) else { return };
            (file, length) = (anew, 0);
        }
        length += bytes.len() as u64;
        if file
            .write_all(&bytes)
            .and_then(|()| file.sync_data())
            .is_err()
        {
            return;
        }
        for done in waiting.drain(..) {
            // Who is gone does not want to know.
            let _ = done.send(());
        }
    }
}
