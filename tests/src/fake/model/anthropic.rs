//! The Anthropic wire.

use super::ask::{Ask, Role, Said, text_of};
use super::script::Answer;
use super::server::Frame;
use serde_json::{Value, json};

pub(super) fn read(body: Value) -> Result<Ask, String> {
    let model = body.get("model").and_then(Value::as_str).unwrap_or_default().to_owned();
    if model.is_empty() {
        return Err("model: Field required".to_owned());
    }
    if body.get("max_tokens").and_then(Value::as_u64).unwrap_or(0) == 0 {
        return Err("max_tokens: Field required".to_owned());
    }
    let list = body
        .get("messages")
        .and_then(Value::as_array)
        .filter(|list| !list.is_empty())
        .ok_or("messages: at least one message is required")?;
    let mut messages = Vec::new();
    let system = text_of(body.get("system").unwrap_or(&Value::Null));
    if !system.is_empty() {
        messages.push(Said { role: Role::System, text: system });
    }
    for message in list {
        read_message(message, &mut messages)?;
    }
    let tools = body
        .get("tools")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|tool| tool.get("name")?.as_str().map(str::to_owned))
        .collect();
    Ok(Ask {
        model,
        stream: body.get("stream").and_then(Value::as_bool).unwrap_or(false),
        stream_usage: true,
        messages,
        tools,
        body,
    })
}

/// A user's message may hold tool results beside text; they become messages of their own.
fn read_message(message: &Value, messages: &mut Vec<Said>) -> Result<(), String> {
    let role = match message.get("role").and_then(Value::as_str).unwrap_or_default() {
        "user" => Role::User,
        "assistant" => Role::Assistant,
        other => return Err(format!("messages: unexpected role \"{other}\"")),
    };
    let content = message.get("content").unwrap_or(&Value::Null);
    for block in content.as_array().into_iter().flatten() {
        if block.get("type").and_then(Value::as_str) == Some("tool_result") {
            let text = text_of(block.get("content").unwrap_or(&Value::Null));
            messages.push(Said { role: Role::Tool, text });
        }
    }
    let text = text_of(content);
    if !text.is_empty() || role == Role::Assistant {
        messages.push(Said { role, text });
    }
    Ok(())
}

pub(super) fn error(status: u16, message: &str) -> Value {
    let kind = match status {
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        529 => "overloaded_error",
        400..=499 => "invalid_request_error",
        _ => "api_error",
    };
    json!({ "type": "error", "error": { "type": kind, "message": message } })
}

fn stop_reason(answer: &Answer) -> &'static str {
    if answer.tools.is_empty() { "end_turn" } else { "tool_use" }
}

fn tool_block(index: usize, answer: &Answer, input: &Value) -> Value {
    let name = answer.tools.get(index).map_or("", |tool| tool.name.as_str());
    json!({ "type": "tool_use", "id": format!("toolu_{index}"), "name": name, "input": input })
}

pub(super) fn whole(ask: &Ask, answer: &Answer, with_usage: bool) -> Value {
    let mut content = Vec::new();
    if !answer.pieces.is_empty() {
        content.push(json!({ "type": "text", "text": answer.whole() }));
    }
    for (index, tool) in answer.tools.iter().enumerate() {
        content.push(tool_block(index, answer, &tool.arguments));
    }
    let mut body = json!({
        "id": "msg_fake",
        "type": "message",
        "role": "assistant",
        "model": ask.model,
        "content": content,
        "stop_reason": stop_reason(answer),
        "stop_sequence": null,
    });
    if let (true, Some(object)) = (with_usage, body.as_object_mut()) {
        object.insert(
            "usage".to_owned(),
            json!({ "input_tokens": ask.input_tokens(), "output_tokens": answer.output_tokens() }),
        );
    }
    body
}

fn event(value: &Value) -> String {
    let name = value.get("type").and_then(Value::as_str).unwrap_or_default();
    format!("event: {name}\ndata: {value}\n\n")
}

pub(super) fn frames(ask: &Ask, answer: &Answer, with_usage: bool) -> Vec<Frame> {
    let mut start = json!({
        "id": "msg_fake",
        "type": "message",
        "role": "assistant",
        "model": ask.model,
        "content": [],
        "stop_reason": null,
        "stop_sequence": null,
    });
    if let (true, Some(object)) = (with_usage, start.as_object_mut()) {
        object.insert(
            "usage".to_owned(),
            json!({ "input_tokens": ask.input_tokens(), "output_tokens": 1 }),
        );
    }
    let mut frames = vec![
        Frame::around(event(&json!({ "type": "message_start", "message": start }))),
        Frame::around(event(&json!({ "type": "ping" }))),
    ];
    let mut block = 0_usize;
    if !answer.pieces.is_empty() {
        let opening = json!({ "type": "text", "text": "" });
        let deltas =
            answer.pieces.iter().map(|piece| json!({ "type": "text_delta", "text": piece }));
        push_block(&mut frames, block, &opening, deltas);
        block += 1;
    }
    for (index, tool) in answer.tools.iter().enumerate() {
        let opening = tool_block(index, answer, &json!({}));
        let arguments = json!({
            "type": "input_json_delta",
            "partial_json": tool.arguments.to_string(),
        });
        push_block(&mut frames, block, &opening, std::iter::once(arguments));
        block += 1;
    }
    let mut delta = json!({
        "type": "message_delta",
        "delta": { "stop_reason": stop_reason(answer), "stop_sequence": null },
    });
    if let (true, Some(object)) = (with_usage, delta.as_object_mut()) {
        object.insert("usage".to_owned(), json!({ "output_tokens": answer.output_tokens() }));
    }
    frames.push(Frame::around(event(&delta)));
    frames.push(Frame::around(event(&json!({ "type": "message_stop" }))));
    frames
}

fn push_block(
    frames: &mut Vec<Frame>,
    index: usize,
    opening: &Value,
    deltas: impl Iterator<Item = Value>,
) {
    frames.push(Frame::around(event(&json!({
        "type": "content_block_start",
        "index": index,
        "content_block": opening,
    }))));
    for delta in deltas {
        frames.push(Frame::piece(event(&json!({
            "type": "content_block_delta",
            "index": index,
            "delta": delta,
        }))));
    }
    frames.push(Frame::around(event(&json!({ "type": "content_block_stop", "index": index }))));
}
