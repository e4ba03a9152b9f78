//! The OpenAI-compatible wire.

use super::ask::{Ask, Role, Said, text_of};
use super::script::Answer;
use super::server::Frame;
use serde_json::{Value, json};

pub(super) fn read(body: Value) -> Result<Ask, String> {
    let model = body.get("model").and_then(Value::as_str).unwrap_or_default().to_owned();
    let list = body
        .get("messages")
        .and_then(Value::as_array)
        .filter(|list| !list.is_empty())
        .ok_or("Missing required parameter: 'messages'.")?;
    if model.is_empty() {
        return Err("you must provide a model parameter".to_owned());
    }
    let messages = list.iter().map(read_message).collect::<Result<_, _>>()?;
    let tools = body
        .get("tools")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|tool| tool.pointer("/function/name")?.as_str().map(str::to_owned))
        .collect();
    Ok(Ask {
        model,
        stream: body.get("stream").and_then(Value::as_bool).unwrap_or(false),
        stream_usage: body
            .pointer("/stream_options/include_usage")
            .and_then(Value::as_bool)
            .unwrap_or(false),
        messages,
        tools,
        body,
    })
}

fn read_message(message: &Value) -> Result<Said, String> {
    let role = match message.get("role").and_then(Value::as_str).unwrap_or_default() {
        "system" | "developer" => Role::System,
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "tool" => Role::Tool,
        other => return Err(format!("Invalid value: '{other}'.")),
    };
    if role == Role::Tool && message.get("tool_call_id").and_then(Value::as_str).is_none() {
        return Err("Missing parameter 'tool_call_id'.".to_owned());
    }
    Ok(Said { role, text: text_of(message.get("content").unwrap_or(&Value::Null)) })
}

pub(super) fn error(status: u16, message: &str) -> Value {
    let (kind, code) = match status {
        401 => ("invalid_request_error", json!("invalid_api_key")),
        429 => ("requests", json!("rate_limit_exceeded")),
        400 if message.contains("context") => {
            ("invalid_request_error", json!("context_length_exceeded"))
        }
        400..=499 => ("invalid_request_error", Value::Null),
        _ => ("server_error", Value::Null),
    };
    json!({ "error": { "message": message, "type": kind, "param": null, "code": code } })
}

fn tool_calls(answer: &Answer, streamed: bool) -> Vec<Value> {
    let uses = answer.tools.iter().enumerate();
    uses.map(|(index, tool)| {
        let mut call = json!({
            "id": format!("call_{index}"),
            "type": "function",
            "function": { "name": tool.name, "arguments": tool.arguments.to_string() },
        });
        if let (true, Some(object)) = (streamed, call.as_object_mut()) {
            object.insert("index".to_owned(), json!(index));
        }
        call
    })
    .collect()
}

fn finish_reason(answer: &Answer) -> &'static str {
    if answer.tools.is_empty() { "stop" } else { "tool_calls" }
}

fn usage(ask: &Ask, answer: &Answer) -> Value {
    let (input, output) = (ask.input_tokens(), answer.output_tokens());
    json!({ "prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output })
}

pub(super) fn whole(ask: &Ask, answer: &Answer, with_usage: bool) -> Value {
    let mut message = json!({ "role": "assistant", "content": answer.whole(), "refusal": null });
    if let (false, Some(object)) = (answer.tools.is_empty(), message.as_object_mut()) {
        object.insert("tool_calls".to_owned(), json!(tool_calls(answer, false)));
    }
    let mut body = json!({
        "id": "chatcmpl-fake",
        "object": "chat.completion",
        "created": 1,
        "model": ask.model,
        "choices": [{
            "index": 0,
            "message": message,
            "logprobs": null,
            "finish_reason": finish_reason(answer),
        }],
    });
    if let (true, Some(object)) = (with_usage, body.as_object_mut()) {
        object.insert("usage".to_owned(), usage(ask, answer));
    }
    body
}

pub(super) fn frames(ask: &Ask, answer: &Answer, with_usage: bool) -> Vec<Frame> {
    let chunk = |delta: Value, finish: Value| {
        json!({
            "id": "chatcmpl-fake",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": ask.model,
            "choices": [{ "index": 0, "delta": delta, "logprobs": null, "finish_reason": finish }],
        })
    };
    let data = |value: &Value| format!("data: {value}\n\n");
    let mut frames = vec![Frame::around(data(&chunk(
        json!({ "role": "assistant", "content": "" }),
        Value::Null,
    )))];
    for piece in &answer.pieces {
        frames.push(Frame::piece(data(&chunk(json!({ "content": piece }), Value::Null))));
    }
    for call in tool_calls(answer, true) {
        frames.push(Frame::piece(data(&chunk(json!({ "tool_calls": [call] }), Value::Null))));
    }
    frames.push(Frame::around(data(&chunk(json!({}), json!(finish_reason(answer))))));
    if with_usage && ask.stream_usage {
        let mut last = chunk(json!({}), Value::Null);
        if let Some(object) = last.as_object_mut() {
            object.insert("choices".to_owned(), json!([]));
            object.insert("usage".to_owned(), usage(ask, answer));
        }
        frames.push(Frame::around(data(&last)));
    }
    frames.push(Frame::around("data: [DONE]\n\n".to_owned()));
    frames
}
