//! A call of the domain as the library's request.

use genai::chat::{
    ChatMessage, ChatRequest, ContentPart, MessageContent, Tool, ToolCall, ToolResponse,
};
use rookery_domain::model::{ModelMessage, ToolCall as DomainToolCall};
use rookery_domain::ports::ModelCall;
use serde_json::{Value, json};

/// Writes the request. Results of tools that were called together stay together: some vendors
/// insist on it.
pub(super) fn request(call: &ModelCall) -> ChatRequest {
    let mut messages = Vec::with_capacity(call.messages.len());
    let mut results: Vec<ToolResponse> = Vec::new();
    for message in &call.messages {
        if let ModelMessage::Tool { call_id, content, .. } = message {
            results.push(ToolResponse::new(call_id.clone(), content.clone()));
            continue;
        }
        flush(&mut results, &mut messages);
        if is_empty(message) {
            continue;
        }
        messages.push(match message {
            ModelMessage::System { text } => ChatMessage::system(text.as_str()),
            ModelMessage::User { text } => ChatMessage::user(text.as_str()),
            ModelMessage::Assistant { text, tool_calls } => {
                ChatMessage::assistant(assistant(text, tool_calls))
            }
            ModelMessage::Tool { .. } => continue,
        });
    }
    flush(&mut results, &mut messages);
    let mut request = ChatRequest::new(messages);
    if !call.system.is_empty() {
        request = request.with_system(call.system.as_str());
    }
    if !call.tools.is_empty() {
        request = request.with_tools(call.tools.iter().map(|tool| {
            Tool::new(tool.name.clone())
                .with_description(tool.description.clone())
                .with_schema(tool.parameters.clone())
        }));
    }
    request
}

/// Says nothing, and is refused by some vendors.
fn is_empty(message: &ModelMessage) -> bool {
    match message {
        ModelMessage::System { text } | ModelMessage::User { text } => text.is_empty(),
        ModelMessage::Assistant { text, tool_calls } => text.is_empty() && tool_calls.is_empty(),
        ModelMessage::Tool { .. } => false,
    }
}

fn flush(results: &mut Vec<ToolResponse>, messages: &mut Vec<ChatMessage>) {
    if !results.is_empty() {
        let content = MessageContent::from_tool_responses(std::mem::take(results));
        messages.push(ChatMessage::tool(content));
    }
}

fn assistant(text: &str, tool_calls: &[DomainToolCall]) -> MessageContent {
    let mut parts = Vec::with_capacity(tool_calls.len() + 1);
    // An empty text beside tool calls is refused by some vendors.
    if !text.is_empty() {
        parts.push(ContentPart::Text(text.to_owned()));
    }
    parts.extend(tool_calls.iter().map(|call| {
        ContentPart::ToolCall(ToolCall {
            call_id: call.id.clone(),
            fn_name: call.name.clone(),
            fn_arguments: object(&call.arguments),
            thought_signatures: None,
        })
    }));
    MessageContent::from_parts(parts)
}

/// Arguments that are no object were refused by the tool; sent back as they are, they would make
/// the whole request invalid.
fn object(arguments: &Value) -> Value {
    match arguments {
        Value::Object(_) => arguments.clone(),
        other => json!({ "invalid_arguments": other }),
    }
}
