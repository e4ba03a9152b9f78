use super::provider::{KIND, refine};
use crate::testing::{Fixtures, Play, VendorServer, WireSubject, http_client, one_provider, route};
use crate::{ProviderSettings, Router};
use rookery_domain::Secret;
use rookery_domain::model::{ModelMessage, StopReason, ToolCall};
use rookery_domain::ports::ModelErrorKind;
use rookery_domain::testing::model_suite::{MARKER, ask, call, check, time_tool};
use serde_json::{Value, json};

const FIXTURES: Fixtures = Fixtures { kind: KIND, base_path: "/v1", text, tool_call, refusal };

fn data(chunk: &Value) -> String {
    format!("data: {chunk}\n\n")
}

fn delta(delta: &Value, finish: Option<&str>) -> String {
    data(&json!({
        "id": "c-1", "object": "chat.completion.chunk", "model": "model-1",
        "choices": [{ "index": 0, "delta": delta, "finish_reason": finish }]
    }))
}

fn text(pieces: &[&str], usage: Option<(u64, u64)>) -> Vec<String> {
    let mut events = vec![delta(&json!({ "role": "assistant", "content": "" }), None)];
    events.extend(pieces.iter().map(|piece| delta(&json!({ "content": piece }), None)));
    events.push(delta(&json!({}), Some("stop")));
    if let Some((input, output)) = usage {
        events.push(data(&json!({
            "id": "c-1", "choices": [],
            "usage": { "prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output }
        })));
    }
    events.push("data: [DONE]\n\n".to_owned());
    events
}

fn tool_call(name: &str, arguments: &Value) -> Vec<String> {
    let written = arguments.to_string();
    let (head, tail) = written.split_at(1);
    let part = |value: Value| delta(&json!({ "tool_calls": [value] }), None);
    vec![
        part(json!({ "index": 0, "id": "call_9", "type": "function",
                     "function": { "name": name, "arguments": "" } })),
        part(json!({ "index": 0, "function": { "arguments": head } })),
        part(json!({ "index": 0, "function": { "arguments": tail } })),
        delta(&json!({}), Some("tool_calls")),
        "data: [DONE]\n\n".to_owned(),
    ]
}

fn refusal(kind: ModelErrorKind) -> (u16, String) {
    let (status, code) = match kind {
        ModelErrorKind::RateLimited => (429, "rate_limit_exceeded"),
        ModelErrorKind::Unauthorized => (401, "invalid_api_key"),
        ModelErrorKind::ContextTooLong => (400, "context_length_exceeded"),
        ModelErrorKind::Filtered => (400, "content_filter"),
        ModelErrorKind::Refused => (400, "unsupported_parameter"),
        _ => (503, "server_error"),
    };
    let body =
        json!({ "error": { "message": format!("about {MARKER}"), "type": "x", "code": code } });
    (status, body.to_string())
}

fn router(base_url: String) -> Router {
    let mut provider = ProviderSettings::new("main", KIND);
    provider.base_url = base_url;
    provider.api_key = Secret::new("sk-test\n");
    one_provider(provider, http_client())
}

#[tokio::test]
async fn the_wire_passes_the_conformance_suite() {
    assert_eq!(check(&WireSubject::new(FIXTURES)).await, 11);
}

#[tokio::test]
async fn the_request_is_what_the_vendor_documents() {
    let server = VendorServer::start(vec![Play::events(text(&["ok"], Some((1, 1))))]);
    // With a slash at the end; the suite runs without one.
    let router = router(format!("http://{}/v1/", server.address));
    let mut asked = call(route());
    asked.tools = vec![time_tool()];
    let tool_calls = ["a", "b"].map(|id| ToolCall {
        id: id.to_owned(),
        name: "time".to_owned(),
        arguments: json!({}),
    });
    asked
        .messages
        .push(ModelMessage::Assistant { text: String::new(), tool_calls: tool_calls.to_vec() });
    asked.messages.extend(["a", "b"].map(|id| ModelMessage::Tool {
        call_id: id.to_owned(),
        name: "time".to_owned(),
        content: "noon".to_owned(),
    }));
    let transcript = ask(&router, asked).await;
    assert_eq!(transcript.text(), "ok");

    let request = server.request();
    assert_eq!(request.path, "/v1/chat/completions");
    assert_eq!(request.headers["authorization"], "Bearer sk-test");
    let body = request.body;
    assert_eq!(body["model"], "model-1");
    assert_eq!(body["stream"], true);
    assert_eq!(body["stream_options"]["include_usage"], true);
    assert_eq!(body["max_tokens"], 500);
    assert_eq!(body["tools"][0]["function"]["name"], "time");
    let roles: Vec<&str> = body["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| message["role"].as_str().unwrap())
        .collect();
    assert_eq!(roles, ["system", "user", "assistant", "tool", "tool"]);
    assert_eq!(body["messages"][2]["tool_calls"][1]["id"], "b");
    assert_eq!(body["messages"][4]["tool_call_id"], "b");
}

#[tokio::test]
async fn newer_models_get_their_own_name_for_the_output_limit() {
    let server = VendorServer::start(vec![Play::events(text(&["ok"], None))]);
    let router = router(format!("http://{}/v1", server.address));
    let transcript = ask(&router, call(vec!["main/gpt-5-mini".parse().unwrap()])).await;
    assert_eq!(transcript.error, None);
    let body = server.request().body;
    assert_eq!(body["max_completion_tokens"], 500);
    assert_eq!(body["max_tokens"], Value::Null);
}

#[tokio::test]
async fn a_model_name_is_sent_as_it_stands() {
    for name in ["mistral-medium", "o3-mini-high", "some-max", "ns::model-low", "org/model"] {
        let server = VendorServer::start(vec![Play::events(text(&["ok"], None))]);
        let router = router(format!("http://{}/v1", server.address));
        let model = format!("main/{name}").parse().unwrap();
        assert_eq!(ask(&router, call(vec![model])).await.error, None);
        let body = server.request().body;
        assert_eq!(body["model"], name);
        assert_eq!(body["reasoning_effort"], Value::Null, "{name}");
    }
}

#[tokio::test]
async fn a_server_without_keys_gets_no_authorization() {
    let server = VendorServer::start(vec![Play::events(text(&["ok"], None))]);
    let mut provider = ProviderSettings::new("main", KIND);
    provider.base_url = format!("http://{}/v1", server.address);
    let router = one_provider(provider, http_client());
    assert_eq!(ask(&router, call(route())).await.error, None);
    assert!(!server.request().headers.contains_key("authorization"));
}

#[tokio::test]
async fn the_output_limit_and_the_filter_are_ends_and_not_errors() {
    for (finish, expected) in
        [("length", StopReason::Length), ("content_filter", StopReason::Filtered)]
    {
        let script = vec![
            delta(&json!({ "content": "half" }), None),
            delta(&json!({}), Some(finish)),
            "data: [DONE]\n\n".to_owned(),
        ];
        let server = VendorServer::start(vec![Play::events(script)]);
        let router = router(format!("http://{}/v1", server.address));
        let transcript = ask(&router, call(route())).await;
        assert_eq!(transcript.stop().unwrap().0, expected);
    }
}

#[tokio::test]
async fn a_tool_call_that_the_output_limit_cut_is_not_passed_on() {
    let mut script = tool_call("time", &json!({ "utc_offset": "+02:00" }));
    script.truncate(2);
    script.push(delta(&json!({}), Some("length")));
    script.push("data: [DONE]\n\n".to_owned());
    let server = VendorServer::start(vec![Play::events(script)]);
    let router = router(format!("http://{}/v1", server.address));
    let transcript = ask(&router, call(route())).await;
    assert_eq!(transcript.tool_calls(), Vec::new());
    assert_eq!(transcript.stop().unwrap().0, StopReason::Length);
}

#[tokio::test]
async fn an_error_within_the_stream_is_classified() {
    let event = data(&json!({ "error": { "message": MARKER, "code": "rate_limit_exceeded" } }));
    let server = VendorServer::start(vec![Play::events(vec![event])]);
    let router = router(format!("http://{}/v1", server.address));
    let error = ask(&router, call(route())).await.error.unwrap();
    assert_eq!(error.kind, ModelErrorKind::RateLimited);
    assert!(!format!("{error:?}").contains(MARKER));
}

#[test]
fn bodies_of_compatible_servers_are_understood() {
    for (body, expected) in [
        (
            json!({ "error": { "code": 400, "message": "This model's maximum context length is 8192 tokens." } }),
            Some(ModelErrorKind::ContextTooLong),
        ),
        (
            json!({ "error": { "type": "exceed_context_size_error", "message": "" } }),
            Some(ModelErrorKind::ContextTooLong),
        ),
        (
            json!({ "error": { "type": "insufficient_quota", "message": "" } }),
            Some(ModelErrorKind::Unauthorized),
        ),
        (json!({ "error": "text" }), None),
        (json!([1, 2]), None),
        (json!({}), None),
    ] {
        assert_eq!(refine(&body), expected, "{body}");
    }
}
