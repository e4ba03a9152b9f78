use super::provider::{KIND, refine};
use crate::testing::{Fixtures, Play, VendorServer, WireSubject, http_client, one_provider, route};
use crate::{ProviderSettings, Router};
use rookery_domain::Secret;
use rookery_domain::model::{ModelEvent, ModelMessage, StopReason, ToolCall, Usage};
use rookery_domain::ports::ModelErrorKind;
use rookery_domain::testing::model_suite::{MARKER, ask, call, check, time_tool};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

const FIXTURES: Fixtures = Fixtures { kind: KIND, base_path: "", text, tool_call, refusal };

fn event(name: &str, data: &Value) -> String {
    format!("event: {name}\ndata: {data}\n\n")
}

fn start(input_tokens: Option<u64>) -> String {
    let usage = input_tokens.map_or_else(
        || json!(null),
        |tokens| json!({ "input_tokens": tokens, "output_tokens": 1 }),
    );
    event(
        "message_start",
        &json!({ "type": "message_start",
                 "message": { "id": "msg_1", "role": "assistant", "content": [], "usage": usage } }),
    )
}

fn end(reason: &str, output_tokens: Option<u64>) -> [String; 2] {
    let usage =
        output_tokens.map_or_else(|| json!(null), |tokens| json!({ "output_tokens": tokens }));
    [
        event(
            "message_delta",
            &json!({ "type": "message_delta", "delta": { "stop_reason": reason }, "usage": usage }),
        ),
        event("message_stop", &json!({ "type": "message_stop" })),
    ]
}

fn block(index: usize, opening: &Value, deltas: &[Value]) -> Vec<String> {
    let mut events = vec![event(
        "content_block_start",
        &json!({ "type": "content_block_start", "index": index, "content_block": opening }),
    )];
    events.extend(deltas.iter().map(|delta| {
        event(
            "content_block_delta",
            &json!({ "type": "content_block_delta", "index": index, "delta": delta }),
        )
    }));
    events.push(event(
        "content_block_stop",
        &json!({ "type": "content_block_stop", "index": index }),
    ));
    events
}

fn text(pieces: &[&str], usage: Option<(u64, u64)>) -> Vec<String> {
    let deltas: Vec<Value> =
        pieces.iter().map(|piece| json!({ "type": "text_delta", "text": piece })).collect();
    let mut events =
        vec![start(usage.map(|(input, _)| input)), event("ping", &json!({ "type": "ping" }))];
    events.extend(block(0, &json!({ "type": "text", "text": "" }), &deltas));
    events.extend(end("end_turn", usage.map(|(_, output)| output)));
    events
}

fn tool_call(name: &str, arguments: &Value) -> Vec<String> {
    let written = arguments.to_string();
    let (head, tail) = written.split_at(1);
    let deltas =
        [head, tail].map(|part| json!({ "type": "input_json_delta", "partial_json": part }));
    let opening = json!({ "type": "tool_use", "id": "toolu_1", "name": name, "input": {} });
    let mut events = vec![start(Some(9))];
    events.extend(block(0, &opening, &deltas));
    events.extend(end("tool_use", Some(4)));
    events
}

fn refusal(kind: ModelErrorKind) -> (u16, String) {
    let (status, class, message) = match kind {
        ModelErrorKind::RateLimited => (429, "rate_limit_error", "slow down"),
        ModelErrorKind::Unauthorized => (401, "authentication_error", "no"),
        ModelErrorKind::ContextTooLong => {
            (400, "invalid_request_error", "prompt is too long: 9 > 8")
        }
        ModelErrorKind::Filtered => {
            (400, "invalid_request_error", "Output blocked by content filtering policy")
        }
        ModelErrorKind::Refused => (400, "invalid_request_error", "max_tokens: wrong"),
        _ => (529, "overloaded_error", "Overloaded"),
    };
    let body = json!({ "type": "error",
                       "error": { "type": class, "message": format!("{message} {MARKER}") } });
    (status, body.to_string())
}

fn router(base_url: String) -> Router {
    let mut provider = ProviderSettings::new("main", KIND);
    provider.base_url = base_url;
    provider.api_key = Secret::new("sk-installation");
    one_provider(provider, http_client())
}

#[tokio::test]
async fn the_wire_passes_the_conformance_suite() {
    assert_eq!(check(&WireSubject::new(FIXTURES)).await, 11);
}

#[tokio::test]
async fn the_request_is_what_the_vendor_documents() {
    for base in ["", "/", "/v1", "/v1/"] {
        let server = VendorServer::start(vec![Play::events(text(&["ok"], Some((1, 1))))]);
        let router = router(format!("http://{}{base}", server.address));
        let mut asked = call(route());
        asked.tools = vec![time_tool()];
        asked
            .messages
            .push(ModelMessage::Assistant { text: String::new(), tool_calls: Vec::new() });
        asked.messages.push(ModelMessage::User { text: String::new() });
        let tool_calls = ["a", "b"].map(|id| ToolCall {
            id: id.to_owned(),
            name: "time".to_owned(),
            arguments: json!("not an object"),
        });
        asked
            .messages
            .push(ModelMessage::Assistant { text: String::new(), tool_calls: tool_calls.to_vec() });
        asked.messages.extend(["a", "b"].map(|id| ModelMessage::Tool {
            call_id: id.to_owned(),
            name: "time".to_owned(),
            content: "noon".to_owned(),
        }));
        assert_eq!(ask(&router, asked).await.text(), "ok");

        let request = server.request();
        assert_eq!(request.path, "/v1/messages");
        assert_eq!(request.headers["x-api-key"], "sk-installation");
        assert_eq!(request.headers["anthropic-version"], "2023-06-01");
        let body = request.body;
        assert_eq!(body["model"], "model-1");
        assert_eq!(body["stream"], true);
        assert_eq!(body["max_tokens"], 500);
        assert_eq!(body["system"], "Answer in one sentence.");
        assert_eq!(body["tools"][0]["name"], "time");
        assert_eq!(body["thinking"], Value::Null);
        let messages = body["messages"].as_array().unwrap();
        assert_eq!(messages.len(), 3, "both results are one message, and empty ones are none");
        assert!(messages[1]["content"][0]["input"].is_object());
        assert_eq!(messages[2]["content"][1]["tool_use_id"], "b");
    }
}

#[tokio::test]
async fn a_tenant_key_takes_the_place_of_the_installation_key() {
    let server = VendorServer::start(vec![Play::events(text(&["ok"], None))]);
    let router = router(format!("http://{}", server.address));
    let mut asked = call(route());
    let keys = [
        ("main".to_owned(), Secret::new("sk-tenant")),
        ("spare".to_owned(), Secret::new("sk-other")),
    ];
    asked.keys = Arc::new(BTreeMap::from(keys));
    assert_eq!(ask(&router, asked).await.error, None);
    assert_eq!(server.request().headers["x-api-key"], "sk-tenant");
}

#[tokio::test]
async fn a_model_name_is_sent_as_it_stands_and_turns_no_thinking_on() {
    let server = VendorServer::start(vec![Play::events(text(&["ok"], None))]);
    let router = router(format!("http://{}", server.address));
    let model = "main/other-family-max".parse().unwrap();
    assert_eq!(ask(&router, call(vec![model])).await.error, None);
    let body = server.request().body;
    assert_eq!(body["model"], "other-family-max");
    assert_eq!(body["thinking"], Value::Null);
    assert_eq!(body["output_config"], Value::Null);
}

#[tokio::test]
async fn thinking_is_reasoning_and_never_text() {
    let mut script = vec![start(Some(3))];
    let thought = [
        json!({ "type": "thinking_delta", "thinking": "hm" }),
        json!({ "type": "signature_delta", "signature": "sig" }),
    ];
    let opening = json!({ "type": "thinking", "thinking": "", "signature": "" });
    script.extend(block(0, &opening, &thought));
    let spoken = [json!({ "type": "text_delta", "text": "yes" })];
    script.extend(block(1, &json!({ "type": "text", "text": "" }), &spoken));
    script.extend(end("end_turn", Some(7)));
    let server = VendorServer::start(vec![Play::events(script)]);
    let router = router(format!("http://{}", server.address));
    let transcript = ask(&router, call(route())).await;
    assert_eq!(transcript.text(), "yes");
    assert!(transcript.events.contains(&ModelEvent::Reasoning("hm".to_owned())));
    let usage = Usage { input_tokens: 3, output_tokens: 7, estimated: false };
    assert_eq!(transcript.stop(), Some((StopReason::Finished, usage)));
}

#[tokio::test]
async fn an_error_within_the_stream_is_classified() {
    let error = json!({ "type": "error",
                        "error": { "type": "overloaded_error", "message": MARKER } });
    let server =
        VendorServer::start(vec![Play::events(vec![start(Some(3)), event("error", &error)])]);
    let router = router(format!("http://{}", server.address));
    let error = ask(&router, call(route())).await.error.unwrap();
    assert_eq!(error.kind, ModelErrorKind::Unavailable);
    assert!(!format!("{error:?}").contains(MARKER));
}

#[test]
fn bodies_are_understood_by_class_and_message() {
    let body =
        |class: &str, message: &str| json!({ "error": { "type": class, "message": message } });
    for (body, expected) in [
        (
            body(
                "invalid_request_error",
                "input length and `max_tokens` exceed context limit: 9 + 8 > 10",
            ),
            Some(ModelErrorKind::ContextTooLong),
        ),
        (
            body("invalid_request_error", "Your credit balance is too low"),
            Some(ModelErrorKind::Unauthorized),
        ),
        (body("not_found_error", "model: x"), Some(ModelErrorKind::Refused)),
        (body("api_error", ""), Some(ModelErrorKind::Unavailable)),
        (body("rate_limit_error", ""), Some(ModelErrorKind::RateLimited)),
        (json!("text"), None),
    ] {
        assert_eq!(refine(&body), expected, "{body}");
    }
}
