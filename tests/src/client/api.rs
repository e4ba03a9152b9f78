//! Calls of `/api/v1`.

use super::events::{ApiEvent, EventReader};
use crate::fake::http_client;
use anyhow::{Context as _, bail};
use futures::StreamExt as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The longest one request or one event stream may take.
const REQUEST_LIMIT: Duration = Duration::from_mins(2);

/// A caller with a key.
#[derive(Debug, Clone)]
pub struct Api {
    base: String,
    key: String,
    http: reqwest::Client,
    asked: Arc<AtomicU64>,
}

/// A message for an agent.
#[derive(Debug, Clone, Default, Serialize)]
pub struct NewMessage {
    /// What is said.
    pub text: String,
    /// In which conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// By whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
}

impl NewMessage {
    /// A text in a new conversation.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// The same in a conversation of this name.
    #[must_use]
    pub fn in_session(mut self, session: impl Into<String>) -> Self {
        self.session = Some(session.into());
        self
    }
}

/// What a 202 says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Accepted {
    /// The run.
    pub run_id: String,
    /// Its session.
    pub session_id: String,
}

impl Api {
    /// A caller of the server at `base`.
    pub fn new(base: &str, key: &str) -> anyhow::Result<Self> {
        Ok(Self {
            base: base.to_owned(),
            key: key.to_owned(),
            http: http_client(REQUEST_LIMIT)?,
            asked: Arc::default(),
        })
    }

    /// The same caller at another address, for instance after a restart.
    pub fn at(&mut self, base: &str) {
        base.clone_into(&mut self.base);
    }

    /// A request with the key, for everything that has no method of its own.
    pub fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.key)
    }

    /// Sends a message; anything but a 202 is an error.
    pub async fn send(
        &self,
        agent: &str,
        message: &NewMessage,
        idempotency_key: &str,
    ) -> anyhow::Result<Accepted> {
        let response = self
            .request(reqwest::Method::POST, &format!("/api/v1/agents/{agent}/messages"))
            .header("idempotency-key", idempotency_key)
            .json(message)
            .send()
            .await?;
        let status = response.status();
        let body = response.text().await?;
        if status != reqwest::StatusCode::ACCEPTED {
            bail!("not accepted: {status}: {body}");
        }
        serde_json::from_str(&body).with_context(|| format!("not what a 202 says: {body}"))
    }

    /// Reads a run's events after a number until the run has ended.
    pub async fn events(&self, run: &str, after: Option<&str>) -> anyhow::Result<Vec<ApiEvent>> {
        let mut request = self.request(reqwest::Method::GET, &format!("/api/v1/runs/{run}/events"));
        if let Some(after) = after {
            request = request.header("last-event-id", after);
        }
        let response = request.send().await?;
        let status = response.status();
        if !status.is_success() {
            bail!("no events: {status}: {}", response.text().await?);
        }
        let mut reader = EventReader::default();
        let mut events = Vec::new();
        let mut body = response.bytes_stream();
        while let Some(bytes) = body.next().await {
            for event in reader.feed(&bytes?)? {
                let end = event.is_end();
                events.push(event);
                if end {
                    return Ok(events);
                }
            }
        }
        bail!("the stream broke off after {events:?}")
    }

    /// Sends a message in a new conversation and returns the whole reply.
    pub async fn ask(&self, agent: &str, text: &str) -> anyhow::Result<String> {
        let key = format!("ask-{}", self.asked.fetch_add(1, Ordering::SeqCst));
        let accepted = self.send(agent, &NewMessage::text(text), &key).await?;
        let events = self.events(&accepted.run_id, None).await?;
        reply_of(&events).with_context(|| format!("no reply among {events:?}"))
    }

    /// A JSON answer of a GET.
    pub async fn get(&self, path: &str) -> anyhow::Result<(u16, Value)> {
        let response = self.request(reqwest::Method::GET, path).send().await?;
        let status = response.status().as_u16();
        let text = response.text().await?;
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::String(text))))
    }
}

/// The text of the last whole message among events.
fn reply_of(events: &[ApiEvent]) -> Option<String> {
    events
        .iter()
        .rev()
        .find(|event| event.kind == "message")
        .and_then(|event| event.data.get("text")?.as_str().map(str::to_owned))
}
