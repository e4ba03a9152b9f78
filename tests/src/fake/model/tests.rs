use super::{FakeModel, Wire};
use crate::fake::fault::{Fault, Rule, When};
use crate::fake::http_client;
use serde_json::{Value, json};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(10);

async fn post(fake: &FakeModel, wire: Wire, body: Value) -> reqwest::Response {
    let path = match wire {
        Wire::OpenAi => "chat/completions",
        Wire::Anthropic => "v1/messages",
    };
    let request = http_client(LIMIT).unwrap().post(format!("{}/{path}", fake.base_url(wire)));
    let request = match wire {
        Wire::OpenAi => request.bearer_auth(fake.key()),
        Wire::Anthropic => {
            request.header("x-api-key", fake.key()).header("anthropic-version", "2023-06-01")
        }
    };
    request.json(&body).send().await.unwrap()
}

fn ask(text: &str, stream: bool) -> Value {
    json!({
        "model": "fake-1",
        "max_tokens": 100,
        "stream": stream,
        "stream_options": { "include_usage": true },
        "messages": [{ "role": "user", "content": text }],
    })
}

#[tokio::test]
async fn both_wires_echo_whole_and_streamed() {
    let fake = FakeModel::start().await.unwrap();
    for wire in Wire::ALL {
        let whole: Value = post(&fake, wire, ask("hello there", false)).await.json().await.unwrap();
        let text = match wire {
            Wire::OpenAi => whole["choices"][0]["message"]["content"].clone(),
            Wire::Anthropic => whole["content"][0]["text"].clone(),
        };
        assert_eq!(text, "echo: hello there");
        let streamed = post(&fake, wire, ask("hello there", true)).await.text().await.unwrap();
        let deltas: String = streamed
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line.strip_prefix("data: ")?).ok())
            .filter_map(|event| {
                let text = match wire {
                    Wire::OpenAi => event["choices"][0]["delta"]["content"].as_str(),
                    Wire::Anthropic => event["delta"]["text"].as_str(),
                };
                text.map(str::to_owned)
            })
            .collect();
        assert_eq!(deltas, "echo: hello there");
        assert!(streamed.contains(if wire == Wire::OpenAi { "[DONE]" } else { "message_stop" }));
        assert!(streamed.contains("_tokens"));
    }
    assert!(fake.calls().await.iter().all(super::ModelCall::ended));
}

#[tokio::test]
async fn a_wrong_key_is_refused_and_not_a_call() {
    let fake = FakeModel::start().await.unwrap();
    let response = http_client(LIMIT)
        .unwrap()
        .post(format!("{}/chat/completions", fake.base_url(Wire::OpenAi)))
        .bearer_auth("sk-other")
        .json(&ask("x", false))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 401);
    assert!(fake.calls().await.is_empty());
}

#[tokio::test]
async fn a_tool_is_asked_for_and_its_result_is_told() {
    let fake = FakeModel::start().await.unwrap();
    let first: Value = post(&fake, Wire::OpenAi, ask("sum [tool calculator {\"a\":1}]", false))
        .await
        .json()
        .await
        .unwrap();
    let call = &first["choices"][0]["message"]["tool_calls"][0];
    assert_eq!(call["function"]["name"], "calculator");
    assert_eq!(first["choices"][0]["finish_reason"], "tool_calls");
    let mut again = ask("sum [tool calculator {\"a\":1}]", false);
    again["messages"].as_array_mut().unwrap().extend([
        json!({ "role": "assistant", "content": null, "tool_calls": [call] }),
        json!({ "role": "tool", "tool_call_id": "call_0", "content": "42" }),
    ]);
    let second: Value = post(&fake, Wire::OpenAi, again).await.json().await.unwrap();
    assert_eq!(second["choices"][0]["message"]["content"], "echo: sum tool: 42");
}

#[tokio::test]
async fn an_anthropic_tool_result_is_not_something_the_person_said() {
    let fake = FakeModel::start().await.unwrap();
    let body = json!({
        "model": "fake-1", "max_tokens": 9,
        "messages": [
            { "role": "user", "content": "go [tool time {}]" },
            { "role": "assistant", "content": [{ "type": "tool_use", "id": "toolu_0", "name": "time", "input": {} }] },
            { "role": "user", "content": [{ "type": "tool_result", "tool_use_id": "toolu_0", "content": "noon" }] },
        ],
    });
    let answer: Value = post(&fake, Wire::Anthropic, body).await.json().await.unwrap();
    assert_eq!(answer["content"][0]["text"], "echo: go tool: noon");
}

#[tokio::test]
async fn faults_refuse_cut_and_forget_the_usage() {
    let fake = FakeModel::start().await.unwrap();
    fake.fault(Rule::new("openai", When::Nth(1), Fault::TooManyRequests { retry_after: 2 })).await;
    fake.fault(Rule::new("openai", When::Nth(2), Fault::CutMidStream(1))).await;
    fake.fault(Rule::new("openai", When::Nth(3), Fault::NoUsage)).await;
    fake.fault(Rule::new("anthropic", When::Nth(1), Fault::ErrorBefore(529))).await;

    let refused = post(&fake, Wire::OpenAi, ask("a b c", true)).await;
    assert_eq!(refused.status(), 429);
    assert_eq!(refused.headers()["retry-after"], "2");

    let mut cut = post(&fake, Wire::OpenAi, ask("a b c", true)).await;
    let mut got = String::new();
    let error = loop {
        match cut.chunk().await {
            Ok(Some(bytes)) => got.push_str(&String::from_utf8_lossy(&bytes)),
            Ok(None) => break false,
            Err(_) => break true,
        }
    };
    assert!(error, "the stream ended as if it were whole: {got}");
    assert!(!got.contains("[DONE]"));

    let silent = post(&fake, Wire::OpenAi, ask("a", true)).await.text().await.unwrap();
    assert!(!silent.contains("prompt_tokens"));

    let overloaded = post(&fake, Wire::Anthropic, ask("a", false)).await;
    assert_eq!(overloaded.status(), 529);
    let body: Value = overloaded.json().await.unwrap();
    assert_eq!(body["error"]["type"], "overloaded_error");
    let ended: Vec<bool> = fake.calls().await.iter().map(super::ModelCall::ended).collect();
    assert_eq!(ended, [false, false, true, false]);
}
