//! One handshake: bounded in time, in the task of its connection.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::Tls;
use crate::auth::ClientCertificate;
use crate::connections::Progress;

/// Time for a handshake. Our own choice: two round trips, on any line that one can play over.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// What somebody is told who speaks HTTP where HTTPS is spoken.
const PLAIN_HTTP: &[u8] = b"HTTP/1.1 400 Bad Request\r\n\
    content-type: text/plain; charset=utf-8\r\n\
    content-length: 47\r\n\
    connection: close\r\n\r\n\
    this port speaks HTTPS; use https:// in the URL";

/// A connection after its handshake.
pub(crate) struct Accepted {
    pub(crate) stream: TlsStream<Progress<TcpStream>>,
    /// The certificate of the client, if it sent one.
    pub(crate) certificate: Option<Arc<ClientCertificate>>,
}

/// Why a connection ended before its first request.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HandshakeError {
    /// The client took too long.
    #[error("the handshake took longer than {} seconds", HANDSHAKE_TIMEOUT.as_secs())]
    TooSlow,
    /// The client spoke HTTP.
    #[error("the client spoke HTTP without TLS")]
    PlainHttp,
    /// The client's TLS is not ours, or it went away.
    #[error("the handshake failed: {0}")]
    Failed(#[from] io::Error),
}

impl Tls {
    /// Makes a connection secure, with the certificate of this moment.
    pub(crate) async fn accept(
        &self,
        stream: Progress<TcpStream>,
    ) -> Result<Accepted, HandshakeError> {
        tokio::select! {
            accepted = self.shake_hands(stream) => accepted,
            () = self.clock.sleep(HANDSHAKE_TIMEOUT) => Err(HandshakeError::TooSlow),
        }
    }

    async fn shake_hands(
        &self,
        mut stream: Progress<TcpStream>,
    ) -> Result<Accepted, HandshakeError> {
        // A TLS record starts with a control character, a request line with a letter.
        let mut first = [0];
        if 0 < stream.peek(&mut first).await? && first[0].is_ascii_alphabetic() {
            refuse_plain_http(&mut stream).await?;
            return Err(HandshakeError::PlainHttp);
        }
        let material = self.current.load_full();
        let stream = TlsAcceptor::from(Arc::clone(&material.server))
            .accept(stream)
            .await?;
        let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
        let certificate = material.client(chain, self.clock.now()).map(Arc::new);
        Ok(Accepted {
            stream,
            certificate,
        })
    }
}

async fn refuse_plain_http(stream: &mut Progress<TcpStream>) -> io::Result<()> {
    // What is not read would make the system reset the connection and lose the answer.
    let mut request = Vec::with_capacity(16 * 1024);
    let read = stream.read_buf(&mut request).await?;
    tracing::debug!(read, "plain HTTP where HTTPS is spoken");
    stream.write_all(PLAIN_HTTP).await?;
    stream.shutdown().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_to_plain_http_says_how_long_it_is() {
        let text = std::str::from_utf8(PLAIN_HTTP).expect("text");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .expect("a length");
        assert_eq!(length, body.len().to_string());
    }
}
