//! A socket with limits: frames leave in time or the socket ends.

use super::protocol::ServerFrame;
use crate::frame::Problem;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use serde::Serialize;
use std::time::Duration;
use tokio::time::timeout;

/// The client broke a rule (RFC 6455 §7.4.1); the frame before says which.
const POLICY_VIOLATION: u16 = 1008;

/// The process is going away; another one will answer.
const SERVICE_RESTART: u16 = 1012;

/// The socket is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Gone;

/// One client's socket.
#[derive(Debug)]
pub(super) struct Line {
    socket: WebSocket,
    write_timeout: Duration,
}

impl Line {
    pub(super) const fn new(socket: WebSocket, write_timeout: Duration) -> Self {
        Self { socket, write_timeout }
    }

    /// The next text frame; `Ok(None)` for frames that only show that the client is there.
    /// May be dropped without losing anything.
    pub(super) async fn receive(&mut self) -> Result<Option<Utf8Bytes>, Gone> {
        match self.socket.recv().await {
            Some(Ok(Message::Text(text))) => Ok(Some(text)),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(None),
            Some(Ok(Message::Binary(_))) => {
                self.refuse(&Problem::invalid("frames are text"), 0).await?;
                Err(Gone)
            }
            Some(Ok(Message::Close(_)) | Err(_)) | None => Err(Gone),
        }
    }

    pub(super) async fn say<T: Serialize>(&mut self, frame: &T) -> Result<(), Gone> {
        let text = serde_json::to_string(frame).map_err(|error| {
            tracing::error!(error = %error, "a frame did not serialise");
            Gone
        })?;
        self.send(Message::Text(text.into())).await
    }

    pub(super) async fn ping(&mut self) -> Result<(), Gone> {
        self.send(Message::Ping(bytes::Bytes::new())).await
    }

    /// Says why and hangs up.
    pub(super) async fn refuse(&mut self, problem: &Problem, seq: i64) -> Result<(), Gone> {
        self.say(&ServerFrame::refusal(problem, seq, None)).await?;
        self.close(POLICY_VIOLATION, problem.code()).await
    }

    pub(super) async fn restart(&mut self) -> Result<(), Gone> {
        self.close(SERVICE_RESTART, "restarting").await
    }

    async fn close(&mut self, code: u16, reason: &str) -> Result<(), Gone> {
        let frame = CloseFrame { code, reason: reason.into() };
        self.send(Message::Close(Some(frame))).await
    }

    async fn send(&mut self, message: Message) -> Result<(), Gone> {
        match timeout(self.write_timeout, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Gone),
        }
    }
}
