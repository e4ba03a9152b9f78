//! Clients of the HTTP API that wait for the first words of an answer.

use super::connection::Connection;
use crate::outside::{Board, mark};
use crate::statistics::{Sample, millis};
use anyhow::{Context as _, bail};
use futures::future::try_join_all;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::Instant;

/// The longest the first words, and the end of a run, may take.
const RUN_LIMIT: Duration = Duration::from_secs(30);

/// A caller of the API.
#[derive(Debug, Clone)]
pub struct ApiClient {
    /// The listener's base URL.
    pub base: String,
    /// A key with the scope `chat`.
    pub key: String,
    /// The agent's slug.
    pub agent: String,
}

/// Sends messages in conversations of their own, each after the end of the one before, and returns
/// the milliseconds from a message to the first words at the client, without the model's own.
pub async fn first_words(
    client: &ApiClient,
    board: &Arc<Board>,
    clients: usize,
    window: Duration,
) -> anyhow::Result<Sample> {
    let began = Instant::now();
    let spread = window / 8 / u32::try_from(clients.max(1))?;
    let talkers = (0..clients).map(|number| {
        let (client, board) = (client.clone(), Arc::clone(board));
        let start = began + spread.saturating_mul(u32::try_from(number).unwrap_or(0));
        tokio::spawn(async move {
            tokio::time::sleep_until(start).await;
            let mut added = Vec::new();
            while began.elapsed() < window {
                let run = format!("{number}-{}", added.len());
                added.push(client.run(&board, number, &run).await?);
            }
            Ok::<_, anyhow::Error>(added)
        })
    });
    let mut added = Vec::new();
    for talked in try_join_all(talkers).await? {
        added.extend(talked?);
    }
    Ok(Sample::of(added))
}

impl ApiClient {
    async fn run(&self, board: &Board, conversation: usize, name: &str) -> anyhow::Result<f64> {
        let mut connection = Connection::to(&self.base).await?;
        let mark = mark(conversation);
        let body = format!(
            "{{\"text\":\"{mark} good morning, when do you open today?\",\"session\":\"{mark}\"}}"
        );
        let unique = board.now().as_nanos();
        let headers = format!(
            "authorization: Bearer {}\r\nidempotency-key: bench-{name}-{unique}\r\n",
            self.key
        );
        let path = format!("/api/v1/agents/{}/messages", self.agent);
        let sent = board.now();
        let response = connection.post(&path, &headers, &body).await?;
        let text = String::from_utf8_lossy(&response.body).into_owned();
        if response.status != 202 {
            bail!("a message was answered with {}: {text}", response.status);
        }
        let accepted: serde_json::Value = serde_json::from_str(&text)?;
        let run = accepted.get("run_id").and_then(serde_json::Value::as_str);
        let run = run.with_context(|| format!("no run in {text}"))?;
        let first = tokio::time::timeout(RUN_LIMIT, self.watch(board, run))
            .await
            .with_context(|| format!("no end of {run} within {RUN_LIMIT:?}"))??;
        let moments = board.moments(conversation);
        let model = moments.first_words.saturating_sub(moments.asked);
        Ok(millis(first.saturating_sub(sent).saturating_sub(model)))
    }

    /// Follows a run to its end and returns the moment of its first words.
    async fn watch(&self, board: &Board, run: &str) -> anyhow::Result<Duration> {
        let host = self.base.trim_start_matches("http://");
        let mut stream = TcpStream::connect(host).await?;
        stream.set_nodelay(true)?;
        let request = format!(
            "GET /api/v1/runs/{run}/events HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {}\r\n\
             accept: text/event-stream\r\n\r\n",
            self.key
        );
        stream.write_all(request.as_bytes()).await?;
        let mut text = Vec::with_capacity(4_096);
        let mut first = None;
        loop {
            if stream.read_buf(&mut text).await? == 0 {
                bail!("the events of {run} broke off: {}", String::from_utf8_lossy(&text));
            }
            if first.is_none() && (holds(&text, b"event: delta") || holds(&text, b"event:delta")) {
                first = Some(board.now());
            }
            if holds(&text, b"event: done") || holds(&text, b"event:done") {
                return first.with_context(|| {
                    format!("no words before the end: {}", String::from_utf8_lossy(&text))
                });
            }
            if holds(&text, b"event: error") || holds(&text, b"event:error") {
                bail!("the run failed: {}", String::from_utf8_lossy(&text));
            }
        }
    }
}

fn holds(text: &[u8], needle: &[u8]) -> bool {
    text.windows(needle.len()).any(|part| part == needle)
}
