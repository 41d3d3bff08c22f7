//! The other end of a real-time socket, for the cases that have many.

use anyhow::{Context, bail, ensure};
use convoke_wire::rta::{ConnectionData, SUB_PROTOCOL, TapEvent};
use futures_util::{SinkExt as _, StreamExt as _};
use http::header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL};
use serde_json::value::RawValue;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{WebSocketStream, client_async};
use uuid::Uuid;

const SUBSCRIBE: &str = r#"[1,1,"https://sessiondirectory.xboxlive.com/connections/"]"#;

/// An open socket.
#[derive(Debug)]
pub(super) struct Socket(WebSocketStream<TcpStream>);

impl Socket {
    /// Opens one of a player.
    pub(super) async fn open(address: &str, path: &str, player: &str) -> anyhow::Result<Self> {
        let mut request = format!("ws://{address}{path}").into_client_request()?;
        let headers = request.headers_mut();
        headers.insert(AUTHORIZATION, player.parse()?);
        headers.insert(SEC_WEBSOCKET_PROTOCOL, SUB_PROTOCOL.parse()?);
        let stream = TcpStream::connect(address)
            .await
            .with_context(|| format!("failed to connect to {address}"))?;
        stream.set_nodelay(true)?;
        let (socket, _) = client_async(request, stream)
            .await
            .context("the handshake of a socket failed")?;
        Ok(Self(socket))
    }

    /// Subscribes to connections; the id of this one.
    pub(super) async fn connection(&mut self) -> anyhow::Result<Uuid> {
        self.0.send(Message::text(SUBSCRIBE)).await?;
        let frame = self.frame().await?.context("a socket was closed")?;
        let (kind, _, code, _, data): (u8, u32, u32, u32, ConnectionData) =
            serde_json::from_str(&frame).with_context(|| format!("unexpected: {frame}"))?;
        ensure!(kind == 1 && code == 0, "no subscription: {frame}");
        Ok(data.connection_id)
    }

    /// The next taps; none when the socket is closed.
    pub(super) async fn taps(&mut self) -> anyhow::Result<Option<TapEvent>> {
        while let Some(frame) = self.frame().await? {
            let (kind, _, data): (u8, u32, &RawValue) = match serde_json::from_str(&frame) {
                Ok(event) => event,
                // `[4]` asks to read everything again.
                Err(_) if frame.trim() == "[4]" => continue,
                Err(error) => bail!("{error}: {frame}"),
            };
            if kind == 3 {
                return Ok(Some(serde_json::from_str(data.get())?));
            }
        }
        Ok(None)
    }

    /// The next text. Questions whether anybody is here are answered meanwhile.
    async fn frame(&mut self) -> anyhow::Result<Option<String>> {
        while let Some(message) = self.0.next().await {
            match message? {
                Message::Text(text) => return Ok(Some(text.to_string())),
                Message::Close(_) => return Ok(None),
                _ => {}
            }
        }
        Ok(None)
    }
}
