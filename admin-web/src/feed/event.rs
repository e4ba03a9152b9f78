//! The one event that SSE and WebSocket clients see, and its JSON.

use rookery_domain::id::InboxId;
use rookery_domain::live::{LiveBody, LiveEvent, durable_seq};
use rookery_domain::outbox::OutboxRow;
use serde::Serialize;

/// Something that happened in a session.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FeedEvent {
    /// Its number within the session; a client resumes after it.
    pub(crate) seq: i64,
    /// The runs it belongs to.
    pub(crate) runs: Vec<InboxId>,
    /// What happened.
    pub(crate) body: FeedBody,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum FeedBody {
    /// The answer grew.
    Delta { text: String },
    /// A whole reply; replaces the deltas before it.
    Message { text: String },
    /// The run ended with a notice.
    Error { code: String, text: String },
    /// The run ended. Token counts are known only to those who were there.
    Done { outcome: String, usage: Option<TokenCounts> },
}

/// Tokens of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct TokenCounts {
    /// Read by the model.
    pub(crate) input_tokens: u64,
    /// Written by it.
    pub(crate) output_tokens: u64,
}

impl FeedEvent {
    /// The durable event of a reply.
    pub(super) fn of_row(row: &OutboxRow) -> Self {
        let reply = &row.content.reply;
        let text = reply.text.clone();
        let body = match &reply.notice {
            Some(code) => FeedBody::Error { code: code.clone(), text },
            None => FeedBody::Message { text },
        };
        Self { seq: durable_seq(row.seq), runs: row.inbox_id.into_iter().collect(), body }
    }

    /// Whether nothing more comes for its runs.
    pub(crate) const fn is_end(&self) -> bool {
        matches!(self.body, FeedBody::Error { .. } | FeedBody::Done { .. })
    }

    /// Whether the store has it too.
    pub(super) const fn is_durable(&self) -> bool {
        matches!(self.body, FeedBody::Error { .. } | FeedBody::Message { .. })
    }
}

impl From<LiveEvent> for FeedEvent {
    fn from(event: LiveEvent) -> Self {
        let body = match event.body {
            LiveBody::Delta { text } => FeedBody::Delta { text },
            LiveBody::Message { text } => FeedBody::Message { text },
            LiveBody::Error { code, text } => FeedBody::Error { code, text },
            LiveBody::Done { outcome, input_tokens, output_tokens } => {
                let usage = TokenCounts { input_tokens, output_tokens };
                FeedBody::Done { outcome, usage: Some(usage) }
            }
        };
        Self { seq: event.seq, runs: event.runs, body }
    }
}

/// An event as JSON: the `data` of a server-sent event and a frame of a socket.
#[derive(Debug, Serialize)]
pub(crate) struct EventFrame<'a> {
    /// `delta`, `message`, `error` or `done`.
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    seq: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    run_id: Option<InboxId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<TokenCounts>,
}

impl<'a> EventFrame<'a> {
    /// The event as the client behind `run_id` sees it.
    pub(crate) fn new(
        event: &'a FeedEvent,
        run_id: Option<InboxId>,
        client_id: Option<&'a str>,
    ) -> Self {
        let frame = Self {
            kind: "done",
            seq: event.seq,
            run_id,
            client_id,
            code: None,
            text: None,
            outcome: None,
            usage: None,
        };
        match &event.body {
            FeedBody::Delta { text } => Self { kind: "delta", text: Some(text), ..frame },
            FeedBody::Message { text } => Self { kind: "message", text: Some(text), ..frame },
            FeedBody::Error { code, text } => {
                Self { kind: "error", code: Some(code), text: Some(text), ..frame }
            }
            FeedBody::Done { outcome, usage } => {
                Self { outcome: Some(outcome), usage: *usage, ..frame }
            }
        }
    }
}
