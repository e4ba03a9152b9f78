//! The REST API from outside.

use crate::testing::{Answer, CHAT_KEY, READ_KEY, World, soon, tenant};
use axum::body::Body;
use http::StatusCode;
use rookery_domain::Timestamp;
use rookery_domain::id::{InboxId, MessageId, SessionId};
use rookery_domain::live::durable_seq;
use rookery_domain::message::{Author, Reply};
use rookery_domain::ports::IngestError;
use rookery_domain::session::Message;
use rookery_domain::testing::samples;
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

const MESSAGES: &str = "/api/v1/agents/helper/messages";

async fn send(world: &World, key: Option<&str>, body: Value) -> Answer {
    let mut request =
        World::request("POST", MESSAGES, CHAT_KEY).header("content-type", "application/json");
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    world.call(request.body(Body::from(body.to_string())).unwrap()).await
}

async fn stream(world: &World, run: InboxId, after: Option<i64>) -> Answer {
    let mut request = World::request("GET", &format!("/api/v1/runs/{run}/events"), CHAT_KEY);
    if let Some(after) = after {
        request = request.header("last-event-id", after.to_string());
    }
    soon(world.call(request.body(Body::empty()).unwrap())).await
}

#[tokio::test]
async fn a_message_is_accepted_with_its_run_and_session() {
    let world = World::new();
    let answer = send(&world, None, json!({"text": "hi", "contact": "ann"})).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    let run = answer.json()["run_id"].as_str().unwrap().to_owned();
    assert!(run.starts_with("run_"));
    assert!(answer.json()["session_id"].as_str().unwrap().starts_with("ses_"));
    assert_eq!(answer.header("location"), format!("/api/v1/runs/{run}/events"));
    let submission = world.backend.submissions().remove(0);
    assert_eq!(submission.text, "hi");
    assert_eq!(submission.contact.as_deref(), Some("ann"));
    assert_eq!(submission.history, None);
}

#[tokio::test]
async fn an_agent_is_known_by_slug_and_by_id() {
    let world = World::new();
    let agents = world.get("/api/v1/agents", CHAT_KEY).await.json();
    let id = agents["data"][0]["id"].as_str().unwrap().to_owned();
    for (name, status) in [
        ("helper", StatusCode::ACCEPTED),
        (id.as_str(), StatusCode::ACCEPTED),
        ("nobody", StatusCode::NOT_FOUND),
        ("agt_00000000000000000000000zzz", StatusCode::NOT_FOUND),
        ("Helper", StatusCode::NOT_FOUND),
    ] {
        let path = format!("/api/v1/agents/{name}/messages");
        let answer = world.post(&path, CHAT_KEY, json!({"text": "hi"})).await;
        assert_eq!(answer.status, status, "{name}");
    }
}

#[tokio::test]
async fn the_same_key_is_the_same_run_and_another_text_under_it_a_conflict() {
    let world = World::new();
    let first = send(&world, Some("k-1"), json!({"text": "hi"})).await;
    let again = send(&world, Some("k-1"), json!({"text": "hi"})).await;
    assert_eq!(first.json(), again.json());
    assert_eq!(first.header("idempotent-replayed"), "false");
    assert_eq!(again.header("idempotent-replayed"), "true");
    let other = send(&world, Some("k-1"), json!({"text": "ho"})).await;
    assert_eq!(other.status, StatusCode::CONFLICT);
    assert_eq!(other.code(), "conflict");
    let bad = send(&world, Some("a b"), json!({"text": "hi"})).await;
    assert_eq!(bad.status, StatusCode::BAD_REQUEST);
    assert_eq!(world.backend.inbox_len(), 1);
}

#[tokio::test]
async fn a_full_lane_is_told_when_to_come_back() {
    let world = World::new();
    world.backend.refuse(Some(IngestError::Busy { retry_after: Duration::from_secs(4) }));
    let answer = send(&world, None, json!({"text": "hi"})).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.header("retry-after"), "4");
}

#[tokio::test]
async fn a_body_over_the_limit_of_the_api_is_too_large() {
    let world = World::new();
    let limit = world.state.settings.api_body_bytes_max;
    let frame = json!({"text": ""}).to_string().len();
    for (size, status) in
        [(limit, StatusCode::ACCEPTED), (limit + 1, StatusCode::PAYLOAD_TOO_LARGE)]
    {
        let text = "x".repeat(size - frame);
        assert_eq!(send(&world, None, json!({"text": text})).await.status, status);
    }
}

#[tokio::test]
async fn a_stream_carries_each_event_with_its_number_and_its_json() {
    let world = World::new();
    let run = world.say("hi", None).await;
    let streaming = stream(&world, run, None);
    let script = async {
        world.backend.subscribed(1).await;
        tokio::task::yield_now().await;
        world.backend.grow(run, "Hel");
        tokio::task::yield_now().await;
        world.backend.answer(run, Reply::answer("Hello"));
    };
    let (answer, ()) = tokio::join!(streaming, script);
    assert_eq!(answer.header("content-type"), "text/event-stream");
    assert_eq!(answer.header("cache-control"), "no-store");
    let events = answer.events();
    let run = run.to_string();
    assert_eq!(
        events,
        [
            (
                1,
                "delta".to_owned(),
                json!({"type": "delta", "seq": 1, "run_id": run, "text": "Hel"})
            ),
            (
                durable_seq(1),
                "message".to_owned(),
                json!({"type": "message", "seq": durable_seq(1), "run_id": run, "text": "Hello"})
            ),
            (
                durable_seq(1) + 1,
                "done".to_owned(),
                json!({
                    "type": "done", "seq": durable_seq(1) + 1, "run_id": run,
                    "outcome": "answered", "usage": {"input_tokens": 7, "output_tokens": 5},
                })
            ),
        ]
    );
}

#[tokio::test]
async fn a_reconnect_resumes_and_never_starts_a_generation() {
    let world = World::new();
    let run = world.say("hi", None).await;
    world.backend.answer(run, Reply::answer("Hello"));
    let whole = stream(&world, run, None).await;
    assert_eq!(whole.event_names(), ["message", "done"]);
    let resumed = stream(&world, run, Some(durable_seq(1))).await;
    assert_eq!(resumed.event_names(), ["done"]);
    let after_all = stream(&world, run, Some(durable_seq(1) + 1)).await;
    assert_eq!(after_all.event_names(), ["done"]);
    assert_eq!(world.backend.inbox_len(), 1);
    assert_eq!(world.backend.submissions().len(), 1);
}

#[tokio::test]
async fn a_last_event_id_of_somebody_else_is_a_bad_request() {
    let world = World::new();
    let run = world.say("hi", None).await;
    for id in ["abc", "-1", "99999999999999999999", ""] {
        let request = World::request("GET", &format!("/api/v1/runs/{run}/events"), CHAT_KEY)
            .header("last-event-id", id);
        let answer = world.call(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{id}");
    }
}

#[tokio::test]
async fn a_stream_ends_when_the_process_drains_and_one_too_many_is_refused() {
    let world = World::with(|settings| settings.streams_max = 1);
    let run = world.say("hi", None).await;
    let script = async {
        world.backend.subscribed(1).await;
        let refused = stream(&world, run, None).await;
        assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(refused.header("retry-after"), "2");
        world.draining.send_replace(true);
    };
    let (answer, ()) = tokio::join!(stream(&world, run, None), script);
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.events().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_with_the_key_that_opened_it() {
    let world = World::new();
    let run = world.say("hi", None).await;
    let script = async {
        world.backend.subscribed(1).await;
        world.configuration.remove_key(CHAT_KEY);
        tokio::time::sleep(Duration::from_secs(1)).await;
        world.backend.answer(run, Reply::answer("secret"));
    };
    let (answer, ()) = tokio::join!(stream(&world, run, None), script);
    assert!(answer.events().is_empty(), "{}", answer.text);
}

#[tokio::test]
async fn agents_are_listed_by_slug_page_by_page() {
    let world = World::new();
    let first = world.get("/api/v1/agents?limit=1", CHAT_KEY).await.json();
    assert_eq!(first["data"][0]["slug"], "helper");
    assert_eq!(first["data"][0]["name"], "The helper");
    let cursor = first["next_cursor"].as_str().unwrap();
    let path = format!("/api/v1/agents?limit=1&cursor={cursor}");
    let second = world.get(&path, CHAT_KEY).await.json();
    assert_eq!(second["data"][0]["slug"], "second");
    assert_eq!(second["next_cursor"], Value::Null);
    for limit in ["0", "201", "x", "-1"] {
        let answer = world.get(&format!("/api/v1/agents?limit={limit}"), CHAT_KEY).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{limit}");
    }
}

#[tokio::test]
async fn a_transcript_is_read_with_the_scope_for_it() {
    let world = World::new();
    let run = world.say("hi", Some("talk")).await;
    world.backend.begin(run);
    let row = world.backend.submitted(1).await;
    let session = SessionId::derived(tenant(1), row.inbound.connection_id, "talk");
    world.backend.add_message(Message {
        id: MessageId::from_uuid(Uuid::from_u128(5)),
        session_id: session,
        seq: 1,
        author: Author::User,
        text: "hi".to_owned(),
        attachments: Vec::new(),
        sender_name: None,
        inbox_id: None,
        turn_id: None,
        created_at: Timestamp::EPOCH,
    });
    let path = format!("/api/v1/sessions/{session}/messages");
    let answer = world.get(&path, READ_KEY).await.json();
    let line = &answer["data"][0];
    assert_eq!((line["author"].as_str(), line["text"].as_str()), (Some("user"), Some("hi")));
    assert_eq!(line["created_at"], "1970-01-01T00:00:00.000Z");
    let foreign = samples::session(
        tenant(2),
        row.inbound.connection_id,
        rookery_domain::id::AgentId::from_uuid(Uuid::from_u128(20)),
        "theirs",
    );
    world.backend.add_session(tenant(2), foreign.clone());
    let answer = world.get(&format!("/api/v1/sessions/{}/messages", foreign.id), READ_KEY).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}
