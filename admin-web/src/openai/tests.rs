//! The endpoint as OpenAI's client libraries meet it.

use super::notice::problem_of_notice;
use crate::testing::{Answer, CHAT_KEY, OTHER_KEY, World, soon};
use http::StatusCode;
use rookery_domain::Timestamp;
use rookery_domain::inbox::Outcome;
use rookery_domain::message::Reply;
use rookery_domain::model::ModelMessage;
use rookery_domain::notice::Notice;
use serde_json::{Value, json};

const COMPLETIONS: &str = "/v1/chat/completions";

fn request(extra: &Value) -> Value {
    let mut body = json!({"model": "helper", "messages": [{"role": "user", "content": "hi"}]});
    for (name, value) in extra.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

/// A completion while the agent does what the script says once it was asked.
async fn complete(world: &World, body: Value, script: impl Future<Output = ()>) -> Answer {
    let calling = world.post(COMPLETIONS, CHAT_KEY, body);
    let (answer, ()) = soon(async { tokio::join!(calling, script) }).await;
    answer
}

async fn answering(world: &World, parts: &[&str], reply: Reply) {
    let run = world.backend.submitted(1).await.inbound.id;
    world.backend.subscribed(1).await;
    for part in parts {
        tokio::task::yield_now().await;
        world.backend.grow(run, part);
    }
    tokio::task::yield_now().await;
    world.backend.answer(run, reply);
}

#[tokio::test]
async fn a_completion_has_the_documented_shape() {
    let world = World::new();
    let script = answering(&world, &["Hel"], Reply::answer("Hello"));
    let answer = complete(&world, request(&json!({"temperature": 0.3, "seed": 1})), script).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let document = answer.json();
    assert!(document["id"].as_str().unwrap().starts_with("chatcmpl-"));
    assert_eq!(document["object"], "chat.completion");
    assert_eq!(document["created"], 1_700_000_000);
    assert_eq!(document["model"], "helper");
    let choice = &document["choices"][0];
    assert_eq!(
        choice["message"],
        json!({"role": "assistant", "content": "Hello", "refusal": null})
    );
    assert_eq!(choice["finish_reason"], "stop");
    assert_eq!(
        document["usage"],
        json!({"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12})
    );
}

#[tokio::test]
async fn a_stream_is_role_text_stop_usage_and_done() {
    let world = World::new();
    let script = answering(&world, &["Hel", "lo"], Reply::answer("Hello!"));
    let body = request(&json!({"stream": true, "stream_options": {"include_usage": true}}));
    let answer = complete(&world, body, script).await;
    assert_eq!(answer.header("content-type"), "text/event-stream");
    let events: Vec<_> = answer.events().into_iter().map(|(_, _, data)| data).collect();
    let (last, chunks) = events.split_last().unwrap();
    assert_eq!(last, "[DONE]");
    let (usage, chunks) = chunks.split_last().unwrap();
    assert_eq!(usage["choices"], json!([]));
    assert_eq!(usage["usage"]["total_tokens"], 12);
    let first = &chunks.first().unwrap()["choices"][0]["delta"];
    assert_eq!(first, &json!({"role": "assistant", "content": ""}));
    let text: String = chunks
        .iter()
        .filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str())
        .collect();
    assert_eq!(text, "Hello!");
    assert_eq!(chunks.last().unwrap()["choices"][0]["finish_reason"], "stop");
    assert!(chunks.iter().all(|chunk| chunk["object"] == "chat.completion.chunk"));
    assert!(chunks.iter().all(|chunk| chunk["id"] == usage["id"]));
}

#[tokio::test]
async fn without_the_option_there_is_no_usage_chunk() {
    let world = World::new();
    let script = answering(&world, &[], Reply::answer("Hello"));
    let answer = complete(&world, request(&json!({"stream": true})), script).await;
    assert!(!answer.text.contains("usage"), "{}", answer.text);
    assert!(answer.text.ends_with("data: [DONE]\n\n"));
}

#[tokio::test]
async fn the_clients_messages_are_the_history() {
    let world = World::new();
    let body = json!({"model": "helper", "user": "ann", "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "developer", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": "1"},
        {"role": "user", "content": [{"type": "text", "text": "two"}]},
    ]});
    complete(&world, body, answering(&world, &[], Reply::answer("2"))).await;
    let submission = world.backend.submissions().remove(0);
    assert_eq!(submission.text, "two");
    assert_eq!(submission.contact.as_deref(), Some("ann"));
    assert_eq!(submission.session, None);
    let text = |text: &str| text.to_owned();
    assert_eq!(
        submission.history.unwrap(),
        [
            ModelMessage::System { text: text("Be brief.") },
            ModelMessage::System { text: text("a\nb") },
            ModelMessage::User { text: text("one") },
            ModelMessage::Assistant { text: text("1"), tool_calls: Vec::new() },
        ]
    );
}

#[tokio::test]
async fn what_this_version_does_not_do_is_refused_by_name() {
    let world = World::new();
    let image =
        json!([{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]);
    let tool = json!([{"role": "tool", "content": "x", "tool_call_id": "1"}, {"role": "user", "content": "x"}]);
    let last = json!([{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}]);
    for (extra, parameter, code) in [
        (json!({"tools": [{}]}), "tools", "unsupported_parameter"),
        (json!({"functions": [{}]}), "functions", "unsupported_parameter"),
        (json!({"n": 2}), "n", "unsupported_parameter"),
        (json!({"messages": image}), "messages[0].content", "unsupported_parameter"),
        (json!({"messages": tool}), "messages[0].role", "unsupported_parameter"),
        (json!({"messages": last}), "messages", "invalid_value"),
        (json!({"messages": []}), "messages", "invalid_value"),
        (
            json!({"messages": [{"role": "wizard", "content": "x"}]}),
            "messages[0].role",
            "invalid_value",
        ),
    ] {
        let answer = world.post(COMPLETIONS, CHAT_KEY, request(&extra)).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{extra}");
        let error = &answer.json()["error"];
        assert_eq!(error["type"], "invalid_request_error", "{extra}");
        assert_eq!(error["param"], parameter, "{extra}");
        assert_eq!(error["code"], code, "{extra}");
    }
    let answer = world.post(COMPLETIONS, CHAT_KEY, request(&json!({"tools": [], "n": 1, "x": 1})));
    let (answer, ()) = tokio::join!(answer, answering(&world, &[], Reply::answer("ok")));
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(world.backend.inbox_len(), 1);
}

#[tokio::test]
async fn errors_have_openais_shape_everywhere_under_v1() {
    let world = World::new();
    let answer = world.post(COMPLETIONS, "wrong", request(&json!({}))).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(answer.json()["error"]["code"], "invalid_api_key");
    let answer = world.post(COMPLETIONS, CHAT_KEY, request(&json!({"model": "gpt-5"}))).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert_eq!(answer.json()["error"]["code"], "model_not_found");
    assert_eq!(answer.json()["error"]["param"], "model");
    let answer = world.get("/v1/nothing", CHAT_KEY).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert!(answer.json()["error"]["message"].is_string());
    let answer = world.post(COMPLETIONS, CHAT_KEY, json!({"model": "helper"})).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(answer.header("content-type"), "application/json");
}

#[tokio::test]
async fn a_notice_is_an_error_with_a_status_and_is_not_retried_by_the_library() {
    let notice = Notice::TokensUsedUp { resets_at: Timestamp::EPOCH };
    let reply = Reply { text: notice.text(), notice: Some(notice.code().to_owned()) };
    for stream in [false, true] {
        let world = World::new();
        let script = answering(&world, &[], reply.clone());
        let answer = complete(&world, request(&json!({"stream": stream})), script).await;
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(answer.json()["error"]["code"], "insufficient_quota");
        assert_eq!(answer.header("x-should-retry"), "false");
    }
    let world = World::new();
    let script = answering(&world, &["Hel"], reply);
    let answer = complete(&world, request(&json!({"stream": true})), script).await;
    assert_eq!(answer.status, StatusCode::OK);
    let (_, _, last) = answer.events().pop().unwrap();
    assert_eq!(last["error"]["code"], "insufficient_quota");
    assert!(!answer.text.contains("[DONE]"));
}

#[test]
fn every_notice_has_an_error_of_its_own() {
    let notices = [
        (Notice::ModelBusy, 503),
        (Notice::ModelInterrupted, 502),
        (Notice::ModelUnavailable, 503),
        (Notice::ContextTooLong, 400),
        (Notice::Filtered, 400),
        (Notice::TookTooLong, 504),
        (Notice::MessagesUsedUp { resets_at: Timestamp::EPOCH }, 429),
        (Notice::TokensUsedUp { resets_at: Timestamp::EPOCH }, 429),
        (Notice::Unprocessable, 500),
        (Notice::MediaNotRead, 400),
        (Notice::MessageTooLong { characters_max: 1 }, 400),
    ];
    for (notice, status) in notices {
        let problem = problem_of_notice(notice.code(), &notice.text());
        let response = axum::response::IntoResponse::into_response(problem.clone());
        assert_eq!(response.status().as_u16(), status, "{notice:?}");
        assert!(!problem.is_transient(), "{notice:?}");
    }
}

#[tokio::test]
async fn a_message_that_killed_its_turns_is_an_error_and_not_an_empty_answer() {
    let world = World::new();
    let script = async {
        let run = world.backend.submitted(1).await.inbound.id;
        world.backend.end_silently(run, Outcome::Dead);
    };
    let answer = complete(&world, request(&json!({})), script).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(answer.json()["error"]["code"], "run_failed");
}

#[tokio::test(start_paused = true)]
async fn without_live_events_the_answer_comes_from_the_store_with_estimated_usage() {
    let world = World::new();
    world.backend.lose_live_events(true);
    let script = answering(&world, &["lost"], Reply::answer("Hello!!!"));
    let answer = complete(&world, request(&json!({})), script).await;
    let document = answer.json();
    assert_eq!(document["choices"][0]["message"]["content"], "Hello!!!");
    assert_eq!(
        document["usage"],
        json!({"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3})
    );
}

#[tokio::test(start_paused = true)]
async fn a_slow_model_gets_its_status_line_out_before_its_first_word() {
    let world = World::new();
    let script = async {
        let run = world.backend.submitted(1).await.inbound.id;
        tokio::time::sleep(std::time::Duration::from_secs(16)).await;
        world.backend.answer(
            run,
            Reply { text: "Cut. (E-102)".to_owned(), notice: Some("E-102".to_owned()) },
        );
    };
    let answer = complete(&world, request(&json!({"stream": true})), script).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.text.contains("model_interrupted"), "{}", answer.text);
}

#[tokio::test]
async fn models_are_the_agents_of_the_key() {
    let world = World::new();
    let list = world.get("/v1/models", CHAT_KEY).await.json();
    assert_eq!(list["object"], "list");
    let ids: Vec<_> = list["data"].as_array().unwrap().iter().map(|model| &model["id"]).collect();
    assert_eq!(ids, ["helper", "second"]);
    let one = world.get("/v1/models/second", CHAT_KEY).await.json();
    assert_eq!(one["object"], "model");
    let foreign = world.get("/v1/models/second", OTHER_KEY).await;
    assert_eq!(foreign.status, StatusCode::NOT_FOUND);
}
