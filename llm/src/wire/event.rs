//! The library's events as the domain's, and what counts as the end of a stream.

use super::dialect::Dialect;
use super::failure::{Failure, classify};
use super::quiet::Quiet;
use crate::provider::{ProviderStream, estimated_usage};
use futures::StreamExt;
use genai::chat::{ChatStream, ChatStreamEvent, StopReason as WireStop, StreamEnd};
use rookery_domain::Clock;
use rookery_domain::model::{ModelEvent, ModelRef, StopReason, ToolCall, Usage};
use rookery_domain::ports::{ModelError, ModelErrorKind};
use serde_json::{Map, Value};
use std::collections::VecDeque;
use std::sync::Arc;

/// The most that one answer may hold, reasoning and tool arguments included. A token limit is
/// always sent, so only a provider that ignores it gets here.
pub(super) const OUTPUT_BYTES_MAX: usize = 1024 * 1024;
/// The most tools that one answer may call.
pub(super) const TOOL_CALLS_MAX: usize = 64;

/// What an answer needs to be understood.
pub(super) struct Answer {
    pub(super) model: ModelRef,
    pub(super) dialect: &'static Dialect,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) input_estimate: u64,
}

/// Translates a stream; nothing is sent before it is first polled.
pub(super) fn translate(stream: ChatStream, answer: Answer) -> ProviderStream {
    let translation = Translation {
        inner: Quiet::new(stream),
        answer,
        pending: VecDeque::new(),
        output_bytes: 0,
        ended: false,
    };
    futures::stream::unfold(translation, |mut translation| async move {
        let item = translation.next().await?;
        Some((item, translation))
    })
    .boxed()
}

struct Translation {
    inner: Quiet<ChatStream>,
    answer: Answer,
    pending: VecDeque<ModelEvent>,
    output_bytes: usize,
    ended: bool,
}

impl Translation {
    async fn next(&mut self) -> Option<Result<ModelEvent, ModelError>> {
        loop {
            if let Some(event) = self.pending.pop_front() {
                return Some(Ok(event));
            }
            if self.ended {
                return None;
            }
            let outcome = match self.inner.next().await {
                Some(Ok(event)) => self.take(event),
                Some(Err(error)) => {
                    Err(classify(&error, self.answer.dialect, self.answer.clock.now()))
                }
                None => Err(Failure::of(ModelErrorKind::BrokenOff)),
            };
            if let Err(failure) = outcome {
                self.ended = true;
                self.pending.clear();
                return Some(Err(failure.of_model(&self.answer.model)));
            }
        }
    }

    fn take(&mut self, event: ChatStreamEvent) -> Result<(), Failure> {
        match event {
            ChatStreamEvent::Chunk(chunk) => {
                self.count(chunk.content.len())?;
                if !chunk.content.is_empty() {
                    self.pending.push_back(ModelEvent::Text(chunk.content));
                }
            }
            ChatStreamEvent::ReasoningChunk(chunk) => {
                self.count(chunk.content.len())?;
                if !chunk.content.is_empty() {
                    self.pending.push_back(ModelEvent::Reasoning(chunk.content));
                }
            }
            ChatStreamEvent::ToolCallChunk(chunk) => {
                // A snapshot of a call that grows: only its size matters before the end.
                let size_bytes = chunk.tool_call.fn_arguments.as_str().map_or(0, str::len);
                if size_bytes > OUTPUT_BYTES_MAX {
                    return Err(Failure::of(ModelErrorKind::BrokenOff));
                }
            }
            ChatStreamEvent::End(end) => self.end(end)?,
            ChatStreamEvent::Start
            | ChatStreamEvent::ThoughtSignatureChunk(_)
            | ChatStreamEvent::Heartbeat => {}
        }
        Ok(())
    }

    fn count(&mut self, bytes: usize) -> Result<(), Failure> {
        self.output_bytes = self.output_bytes.saturating_add(bytes);
        if self.output_bytes > OUTPUT_BYTES_MAX {
            return Err(Failure::of(ModelErrorKind::BrokenOff));
        }
        Ok(())
    }

    fn end(&mut self, end: StreamEnd) -> Result<(), Failure> {
        let StreamEnd { captured_usage, captured_stop_reason, captured_content, .. } = end;
        let cut = matches!(captured_stop_reason, Some(WireStop::MaxTokens(_)));
        let calls = match captured_content {
            // A call that was cut by the limit has half its arguments.
            Some(content) if !cut => self.tool_calls(content.into_tool_calls())?,
            _ => Vec::new(),
        };
        let reason = match captured_stop_reason {
            Some(WireStop::MaxTokens(_)) => StopReason::Length,
            Some(WireStop::ContentFilter(_)) => StopReason::Filtered,
            _ if !calls.is_empty() => StopReason::ToolCalls,
            // A gateway that lost its upstream may close the stream in good order.
            None if self.output_bytes == 0 => {
                return Err(Failure::of(ModelErrorKind::BrokenOff));
            }
            _ => StopReason::Finished,
        };
        self.pending.extend(calls.into_iter().map(ModelEvent::ToolCall));
        let usage = self.usage(captured_usage.as_ref());
        self.pending.push_back(ModelEvent::Stop { reason, usage });
        self.ended = true;
        Ok(())
    }

    fn tool_calls(&mut self, calls: Vec<genai::chat::ToolCall>) -> Result<Vec<ToolCall>, Failure> {
        if calls.len() > TOOL_CALLS_MAX {
            return Err(Failure::of(ModelErrorKind::BrokenOff));
        }
        let mut translated = Vec::with_capacity(calls.len());
        for (index, call) in calls.into_iter().enumerate() {
            if call.fn_name.is_empty() {
                return Err(Failure::of(ModelErrorKind::BrokenOff));
            }
            let arguments = match call.fn_arguments {
                Value::Null => Value::Object(Map::new()),
                Value::String(text) if text.trim().is_empty() => Value::Object(Map::new()),
                other => other,
            };
            self.count(call.fn_name.len() + arguments.to_string().len())?;
            let id = if call.call_id.is_empty() { format!("call_{index}") } else { call.call_id };
            translated.push(ToolCall { id, name: call.fn_name, arguments });
        }
        Ok(translated)
    }

    fn usage(&self, reported: Option<&genai::chat::Usage>) -> Usage {
        let count = |tokens: Option<i32>| tokens.and_then(|tokens| u64::try_from(tokens).ok());
        let own = estimated_usage(self.answer.input_estimate, self.output_bytes);
        let input = reported.and_then(|usage| count(usage.prompt_tokens));
        let output = reported.and_then(|usage| count(usage.completion_tokens));
        Usage {
            input_tokens: input.unwrap_or(own.input_tokens),
            output_tokens: output.unwrap_or(own.output_tokens),
            estimated: input.is_none() || output.is_none(),
        }
    }
}
