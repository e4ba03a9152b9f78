//! The port inside this crate: one call to one model of one provider.

use async_trait::async_trait;
use futures::stream::BoxStream;
use rookery_domain::Secret;
use rookery_domain::model::{ModelEvent, ModelMessage, ModelRef, Usage, estimate_tokens};
use rookery_domain::ports::{ModelCall, ModelError};
use std::fmt;

/// What a message costs beside its text: its role and its frame.
const MESSAGE_OVERHEAD_TOKENS: u64 = 4;

/// Events of one attempt, without `Started`: text, reasoning, complete tool calls, one `Stop`.
pub(crate) type ProviderStream = BoxStream<'static, Result<ModelEvent, ModelError>>;

/// One call to one model.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attempt<'call> {
    /// Which model.
    pub(crate) model: &'call ModelRef,
    /// The tenant's own key, if it has one for this provider.
    pub(crate) tenant_key: Option<&'call Secret>,
    /// What is asked.
    pub(crate) call: &'call ModelCall,
}

/// Starts calls. Routing, retries and circuits are not its business.
#[async_trait]
pub(crate) trait Provider: Send + Sync + fmt::Debug {
    /// Starts one call. The stream ends after `Stop` or after its first error; a stream that ends
    /// otherwise was broken off.
    async fn start(&self, attempt: Attempt<'_>) -> Result<ProviderStream, ModelError>;
}

/// Rough count of what a call makes a model read.
pub(crate) fn estimate_input(call: &ModelCall) -> u64 {
    let messages: u64 =
        call.messages.iter().map(|message| MESSAGE_OVERHEAD_TOKENS + message_tokens(message)).sum();
    let tools: u64 = call
        .tools
        .iter()
        .map(|tool| {
            estimate_tokens(&tool.name)
                + estimate_tokens(&tool.description)
                + estimate_tokens(&tool.parameters.to_string())
        })
        .sum();
    estimate_tokens(&call.system) + messages + tools
}

fn message_tokens(message: &ModelMessage) -> u64 {
    match message {
        ModelMessage::System { text } | ModelMessage::User { text } => estimate_tokens(text),
        ModelMessage::Assistant { text, tool_calls } => {
            let calls: u64 = tool_calls
                .iter()
                .map(|call| {
                    estimate_tokens(&call.name) + estimate_tokens(&call.arguments.to_string())
                })
                .sum();
            estimate_tokens(text) + calls
        }
        ModelMessage::Tool { content, .. } => estimate_tokens(content),
    }
}

/// Counts of our own, for a provider that does not say.
pub(crate) fn estimated_usage(input_tokens: u64, output_bytes: usize) -> Usage {
    Usage {
        input_tokens,
        output_tokens: u64::try_from(output_bytes.div_ceil(4)).unwrap_or(u64::MAX),
        estimated: true,
    }
}
