//! The documents as OpenAI's client libraries read them.

use crate::feed::TokenCounts;
use rookery_domain::Timestamp;
use rookery_domain::id::InboxId;
use serde_json::{Value, json};

/// What all documents of one completion share.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    id: String,
    created: i64,
    model: String,
}

impl Identity {
    pub(super) fn new(run: InboxId, now: Timestamp, model: String) -> Self {
        let run = run.to_string();
        let body = run.strip_prefix("run_").unwrap_or(&run);
        Self { id: format!("chatcmpl-{body}"), created: now.as_millis().div_euclid(1_000), model }
    }

    pub(super) fn completion(&self, text: &str, usage: TokenCounts) -> Value {
        json!({
            "id": self.id,
            "object": "chat.completion",
            "created": self.created,
            "model": self.model,
            "choices": [{
                "index": 0,
                "message": {"role": "assistant", "content": text, "refusal": null},
                "logprobs": null,
                "finish_reason": "stop",
            }],
            "usage": usage_of(usage),
        })
    }

    pub(super) fn role_chunk(&self) -> Value {
        self.chunk(&json!({"role": "assistant", "content": ""}), None)
    }

    pub(super) fn text_chunk(&self, text: &str) -> Value {
        self.chunk(&json!({"content": text}), None)
    }

    pub(super) fn last_chunk(&self) -> Value {
        self.chunk(&json!({}), Some("stop"))
    }

    pub(super) fn usage_chunk(&self, usage: TokenCounts) -> Value {
        json!({
            "id": self.id,
            "object": "chat.completion.chunk",
            "created": self.created,
            "model": self.model,
            "choices": [],
            "usage": usage_of(usage),
        })
    }

    fn chunk(&self, delta: &Value, finish_reason: Option<&str>) -> Value {
        json!({
            "id": self.id,
            "object": "chat.completion.chunk",
            "created": self.created,
            "model": self.model,
            "choices": [{
                "index": 0,
                "delta": delta,
                "logprobs": null,
                "finish_reason": finish_reason,
            }],
        })
    }
}

fn usage_of(counts: TokenCounts) -> Value {
    json!({
        "prompt_tokens": counts.input_tokens,
        "completion_tokens": counts.output_tokens,
        "total_tokens": counts.input_tokens.saturating_add(counts.output_tokens),
    })
}
