//! Our own surfaces: REST with events, the chat socket, the OpenAI-compatible endpoint.

use crate::scene::Scene;
use rookery_tests::client::{NewMessage, Socket};
use rookery_tests::system::{API_KEY, Database, WEB_ORIGIN};
use serde_json::{Value, json};

on_both_databases!(
    a_message_streams_its_reply_and_a_reconnect_misses_nothing_and_starts_nothing,
    the_socket_talks_and_resumes_by_number,
    the_openai_endpoint_answers_whole_and_streamed,
);

async fn a_message_streams_its_reply_and_a_reconnect_misses_nothing_and_starts_nothing(
    database: Database,
) {
    let scene = Scene::on(database).await;
    let api = scene.system.api().unwrap();
    let message = NewMessage::text("hello there").in_session("talk");
    let accepted = api.send("helper", &message, "key-1").await.unwrap();
    let again = api.send("helper", &message, "key-1").await.unwrap();
    assert_eq!(accepted, again, "the same key is the same run");
    let events = api.events(&accepted.run_id, None).await.unwrap();
    let kinds: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds.last(), Some(&"done"), "{kinds:?}");
    let whole = events.iter().find(|event| event.kind == "message").unwrap();
    assert_eq!(whole.data["text"], "echo: hello there");
    let grown: String = events
        .iter()
        .filter(|event| event.kind == "delta")
        .filter_map(|event| event.data["text"].as_str())
        .collect();
    assert!(grown.is_empty() || grown == "echo: hello there", "{grown}");

    let replayed = api.events(&accepted.run_id, None).await.unwrap();
    assert!(replayed.iter().any(|event| event.kind == "message"));
    let after = api.events(&accepted.run_id, Some(&whole.id)).await.unwrap();
    assert!(after.iter().all(|event| event.kind != "message"), "{after:?}");
    assert_eq!(scene.system.model.calls().await.len(), 1);

    let next =
        api.send("helper", &NewMessage::text("more").in_session("talk"), "key-2").await.unwrap();
    assert_eq!(next.session_id, accepted.session_id);
    api.events(&next.run_id, None).await.unwrap();
    let heard = &scene.system.model.calls().await[1].ask.messages;
    assert!(heard.iter().any(|said| said.text == "hello there"), "{heard:?}");
}

async fn the_socket_talks_and_resumes_by_number(database: Database) {
    let scene = Scene::on(database).await;
    let base = scene.system.base();
    let mut socket = Socket::open(base, "helper", Some(WEB_ORIGIN)).await.unwrap();
    socket.send(&json!({ "type": "hello", "token": API_KEY, "session": "talk" })).await.unwrap();
    let hello = socket.until("hello").await.unwrap().pop().unwrap();
    socket.send(&json!({ "type": "message", "client_id": "c1", "text": "one" })).await.unwrap();
    let frames = socket.until("done").await.unwrap();
    let message = frames.iter().find(|frame| frame["type"] == "message").unwrap();
    assert_eq!(
        (message["text"].as_str(), message["client_id"].as_str()),
        (Some("echo: one"), Some("c1"))
    );
    let seen = message["seq"].as_i64().unwrap();
    socket.send(&json!({ "type": "message", "client_id": "c2", "text": "two" })).await.unwrap();
    socket.until("done").await.unwrap();
    drop(socket);

    let mut socket = Socket::open(base, "helper", Some(WEB_ORIGIN)).await.unwrap();
    let resume =
        json!({ "type": "hello", "token": API_KEY, "session": hello["session_id"], "after": seen });
    socket.send(&resume).await.unwrap();
    socket.until("hello").await.unwrap();
    let missed = socket.until("message").await.unwrap().pop().unwrap();
    assert_eq!(missed["text"], "echo: two");
    socket.send(&json!({ "type": "message", "client_id": "c2", "text": "two" })).await.unwrap();
    socket.send(&json!({ "type": "message", "client_id": "c3", "text": "three" })).await.unwrap();
    loop {
        let message = socket.until("message").await.unwrap().pop().unwrap();
        if message["text"] == "echo: three" {
            break;
        }
    }
    assert_eq!(scene.system.model.calls().await.len(), 3, "a repeated client_id starts nothing");
}

async fn the_openai_endpoint_answers_whole_and_streamed(database: Database) {
    let scene = Scene::on(database).await;
    let api = scene.system.api().unwrap();
    let ask = |stream: bool| {
        let body = json!({
            "model": "helper",
            "stream": stream,
            "messages": [
                { "role": "user", "content": "my name is Ana" },
                { "role": "assistant", "content": "Hello Ana" },
                { "role": "user", "content": "hello there" },
            ],
        });
        api.request(reqwest::Method::POST, "/v1/chat/completions").json(&body).send()
    };
    let whole: Value = ask(false).await.unwrap().json().await.unwrap();
    assert_eq!(whole["choices"][0]["message"]["content"], "echo: hello there", "{whole}");
    assert_eq!(whole["choices"][0]["finish_reason"], "stop");
    let streamed = ask(true).await.unwrap().text().await.unwrap();
    let text: String = streamed
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line.strip_prefix("data: ")?).ok())
        .filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(text, "echo: hello there");
    assert!(streamed.trim_end().ends_with("[DONE]"));
    let heard = &scene.system.model.calls().await[0].ask.messages;
    assert!(
        heard.iter().any(|said| said.text == "Hello Ana"),
        "the client's history is the history"
    );
}

#[tokio::test]
async fn strangers_and_malformed_requests_get_problem_documents() {
    let scene = Scene::on(Database::Sqlite).await;
    let api = scene.system.api().unwrap();
    let stranger =
        rookery_tests::client::Api::new(scene.system.base(), "rk_nobody_0123456789").unwrap();
    let (status, problem) = stranger.get("/api/v1/agents").await.unwrap();
    assert_eq!((status, problem["code"].as_str()), (401, Some("unauthorized")));
    let (status, problem) = api.get("/api/v1/runs/run_nonsense/events").await.unwrap();
    assert_eq!((status, problem["code"].as_str()), (404, Some("not_found")));
    for body in ["{", "[]", "{\"text\":7}", "{\"text\":\"a\",\"admin\":true}"] {
        let response = api
            .request(reqwest::Method::POST, "/api/v1/agents/helper/messages")
            .header("content-type", "application/json")
            .header("idempotency-key", "k")
            .body(body)
            .send()
            .await
            .unwrap();
        let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
        assert_eq!(
            (response.status().as_u16(), kind.as_str()),
            (400, "application/problem+json"),
            "{body}"
        );
    }
    assert!(
        Socket::open(scene.system.base(), "helper", Some("https://evil.example")).await.is_err()
            || refused_after_hello(&scene).await
    );
}

async fn refused_after_hello(scene: &Scene) -> bool {
    let mut socket =
        Socket::open(scene.system.base(), "helper", Some("https://evil.example")).await.unwrap();
    let sent = socket.send(&json!({ "type": "hello", "token": API_KEY })).await;
    sent.is_err() || socket.until("hello").await.is_err()
}
