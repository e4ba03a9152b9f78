//! Streams what the rules say.

use super::reply::{Reply, reply};
use crate::error::LlmError;
use crate::provider::{Attempt, Provider, ProviderStream, estimate_input, estimated_usage};
use crate::settings::ProviderSettings;
use crate::vendor::Parts;
use async_trait::async_trait;
use futures::StreamExt;
use rookery_domain::model::{ModelEvent, StopReason};
use rookery_domain::ports::ModelError;
use std::sync::Arc;

/// As it stands in config.
pub const KIND: &str = "offline";
/// The only model of this kind; any other name means the same.
pub const MODEL: &str = "rules";

#[derive(Debug)]
struct Offline;

/// There is nothing to get wrong: address and key are not used.
#[expect(clippy::unnecessary_wraps, reason = "the catalogue has one signature for all kinds")]
pub(crate) fn check(_settings: &ProviderSettings) -> Result<(), String> {
    Ok(())
}

/// Opens the rules.
#[expect(clippy::unnecessary_wraps, reason = "the catalogue has one signature for all kinds")]
pub(crate) fn open(
    _settings: &ProviderSettings,
    _parts: &Parts,
) -> Result<Arc<dyn Provider>, LlmError> {
    Ok(Arc::new(Offline))
}

#[async_trait]
impl Provider for Offline {
    async fn start(&self, attempt: Attempt<'_>) -> Result<ProviderStream, ModelError> {
        let call = attempt.call;
        let input_tokens = estimate_input(call);
        let events = match reply(call) {
            Reply::Call(tool_call) => {
                let output_bytes = tool_call.name.len() + tool_call.arguments.to_string().len();
                vec![
                    ModelEvent::ToolCall(tool_call),
                    ModelEvent::Stop {
                        reason: StopReason::ToolCalls,
                        usage: estimated_usage(input_tokens, output_bytes),
                    },
                ]
            }
            Reply::Text(text) => {
                let (kept, reason) = cut(&text, call.output_tokens_max);
                let mut events: Vec<ModelEvent> = kept
                    .split_inclusive(' ')
                    .map(|piece| ModelEvent::Text(piece.to_owned()))
                    .collect();
                events.push(ModelEvent::Stop {
                    reason,
                    usage: estimated_usage(input_tokens, kept.len()),
                });
                events
            }
        };
        Ok(futures::stream::iter(events.into_iter().map(Ok)).boxed())
    }
}

/// The limit binds these rules like any model: 4 bytes count as a token.
fn cut(text: &str, output_tokens_max: u32) -> (&str, StopReason) {
    let bytes_max = usize::try_from(output_tokens_max).unwrap_or(usize::MAX).saturating_mul(4);
    if text.len() <= bytes_max {
        return (text, StopReason::Finished);
    }
    let kept = text.get(..text.floor_char_boundary(bytes_max)).unwrap_or_default();
    (kept, StopReason::Length)
}
