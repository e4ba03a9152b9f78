//! The chat socket.

use anyhow::{Context as _, bail};
use futures::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// How long a frame may take to come.
const FRAME_LIMIT: Duration = Duration::from_secs(30);

/// An open chat socket.
#[derive(Debug)]
pub struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    /// Opens a socket to an agent of the server at `base`, as a page of `origin` would.
    pub async fn open(base: &str, agent: &str, origin: Option<&str>) -> anyhow::Result<Self> {
        let address = base.replacen("http", "ws", 1);
        let mut request = format!("{address}/ws/chat?agent={agent}").into_client_request()?;
        if let Some(origin) = origin {
            request.headers_mut().insert("origin", origin.parse()?);
        }
        let (stream, _) =
            tokio_tungstenite::connect_async(request).await.context("the socket was refused")?;
        Ok(Self(stream))
    }

    /// Sends a frame.
    pub async fn send(&mut self, frame: &Value) -> anyhow::Result<()> {
        self.0.send(Message::text(frame.to_string())).await?;
        Ok(())
    }

    /// The next frame; an error when the server closes the socket.
    pub async fn next(&mut self) -> anyhow::Result<Value> {
        loop {
            let message = tokio::time::timeout(FRAME_LIMIT, self.0.next())
                .await
                .with_context(|| format!("no frame within {FRAME_LIMIT:?}"))?
                .context("the socket ended")??;
            match message {
                Message::Text(text) => {
                    return serde_json::from_str(&text)
                        .with_context(|| format!("not JSON: {text}"));
                }
                Message::Close(frame) => bail!("the socket was closed: {frame:?}"),
                _ => {}
            }
        }
    }

    /// Reads frames up to and with the first one of a type.
    pub async fn until(&mut self, kind: &str) -> anyhow::Result<Vec<Value>> {
        let mut frames = Vec::new();
        loop {
            let frame = self.next().await.with_context(|| format!("so far: {frames:?}"))?;
            let found = frame.get("type").and_then(Value::as_str) == Some(kind);
            frames.push(frame);
            if found {
                return Ok(frames);
            }
        }
    }
}
