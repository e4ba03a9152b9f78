//! What holds for every request, seen from outside.

use super::idempotency;
use super::problem::Problem;
use super::render::whole_seconds;
use crate::testing::{CHAT_KEY, World, soon};
use axum::body::Body;
use bytes::Bytes;
use futures::StreamExt;
use http::{HeaderMap, Request, StatusCode};
use proptest::prelude::*;
use rookery_domain::ErrorKind;
use rookery_domain::ports::{IngestError, StoreError};
use serde_json::json;
use std::time::Duration;

const MESSAGES: &str = "/api/v1/agents/helper/messages";
const HOOK: &str = "/hooks/telegram/con_00000000000000000000000001";

fn chunked(size: usize, count: usize) -> Body {
    let chunk = Bytes::from(vec![b'x'; size]);
    let chunks =
        futures::stream::iter((0..count).map(move |_| Ok::<_, std::io::Error>(chunk.clone())));
    Body::from_stream(chunks)
}

#[tokio::test]
async fn a_problem_document_names_status_code_and_request() {
    let world = World::new();
    let request = World::request("GET", "/nowhere", "").header("x-request-id", "abc-1.2_3");
    let answer = world.call(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!(
        answer.json(),
        json!({
            "type": "urn:rookery:problem:not_found", "title": "Not found", "status": 404,
            "detail": "no such path", "code": "not_found", "request_id": "abc-1.2_3",
        })
    );
    assert_eq!(answer.header("x-request-id"), "abc-1.2_3");
}

#[tokio::test]
async fn a_request_id_that_could_do_harm_is_replaced() {
    let world = World::new();
    for id in ["", "a b", "<script>", &"x".repeat(65), "é"] {
        let request = Request::builder().uri("/").header("x-request-id", id.as_bytes());
        let answer = world.call(request.body(Body::empty()).unwrap()).await;
        let given = answer.header("x-request-id");
        assert_ne!(given, id);
        assert_eq!(given.len(), 32);
    }
}

#[tokio::test]
async fn every_response_forbids_sniffing_and_framing() {
    let world = World::new();
    for path in ["/", "/nowhere", "/v1/models", "/chat/helper", "/docs"] {
        let answer = world.get(path, "").await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
        assert_eq!(answer.header("x-frame-options"), "DENY", "{path}");
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'"), "{path}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
    }
}

#[tokio::test]
async fn a_known_path_with_another_method_says_which_it_takes() {
    let world = World::new();
    let request = World::request("DELETE", MESSAGES, CHAT_KEY).body(Body::empty()).unwrap();
    let answer = world.call(request).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.code(), "method_not_allowed");
    assert_eq!(answer.header("allow"), "POST");
}

#[tokio::test]
async fn a_path_that_is_not_utf8_is_a_problem_document_too() {
    let world = World::new();
    let answer = world.get("/api/v1/runs/%ff/events", CHAT_KEY).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(answer.code(), "invalid");
}

#[tokio::test]
async fn a_body_at_the_limit_is_read_and_one_byte_more_is_refused() {
    let world = World::with(|settings| settings.hook_body_bytes_max = 4_096);
    let cases = [
        (Body::from(vec![b'x'; 4_096]), StatusCode::OK),
        (Body::from(vec![b'x'; 4_097]), StatusCode::PAYLOAD_TOO_LARGE),
        (chunked(256, 16), StatusCode::OK),
        (chunked(241, 17), StatusCode::PAYLOAD_TOO_LARGE),
    ];
    for (body, status) in cases {
        let answer = world.call(World::request("POST", HOOK, "").body(body).unwrap()).await;
        assert_eq!(answer.status, status);
    }
    let read: Vec<_> = world.backend.hooks().iter().map(|(_, _, raw)| raw.body.len()).collect();
    assert_eq!(read, [4_096, 4_096]);
}

#[tokio::test]
async fn a_huge_chunked_body_without_a_length_is_refused_in_bounded_memory() {
    let world = World::new();
    let body = chunked(64 * 1024, 1_600);
    let answer = soon(world.call(World::request("POST", HOOK, "").body(body).unwrap())).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(answer.code(), "too_large");
    assert!(world.backend.hooks().is_empty());
}

#[tokio::test]
async fn a_body_announced_as_too_long_is_not_asked_for() {
    let world = World::new();
    let never = Body::from_stream(futures::stream::pending::<Result<Bytes, std::io::Error>>());
    let request = World::request("POST", HOOK, "")
        .header("content-length", "104857600")
        .header("expect", "100-continue");
    let answer = soon(world.call(request.body(never).unwrap())).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test(start_paused = true)]
async fn a_body_of_one_byte_per_second_is_cut_off_after_its_time() {
    let world = World::new();
    let drip = futures::stream::repeat(()).then(|()| async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        Ok::<_, std::io::Error>(Bytes::from_static(b"x"))
    });
    let request = World::request("POST", HOOK, "").body(Body::from_stream(drip)).unwrap();
    let began = tokio::time::Instant::now();
    let answer = world.call(request).await;
    assert_eq!(answer.status, StatusCode::REQUEST_TIMEOUT);
    assert_eq!(answer.code(), "body_timeout");
    assert_eq!(began.elapsed().as_secs(), 10);
}

#[tokio::test]
async fn compressed_bodies_are_refused_and_never_unpacked() {
    let world = World::new();
    for (path, key) in [(HOOK, ""), (MESSAGES, CHAT_KEY), ("/v1/chat/completions", CHAT_KEY)] {
        let request = World::request("POST", path, key)
            .header("content-encoding", "gzip")
            .header("content-type", "application/json")
            .body(Body::from(vec![0x1f, 0x8b]));
        let answer = world.call(request.unwrap()).await;
        assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{path}");
    }
}

#[tokio::test]
async fn hostile_json_is_a_bad_request_and_never_a_panic() {
    let world = World::new();
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let cases = [
        deep.clone(),
        format!("{{\"text\":{deep}}}"),
        r#"{"text":"a","text":"b"}"#.to_owned(),
        r#"{"text":1e400}"#.to_owned(),
        r#"{"text":"\ud800"}"#.to_owned(),
        r#"{"text":"a\u0000b"}"#.to_owned(),
        r#"{"text":"a","session":"\u0000"}"#.to_owned(),
        "{".to_owned(),
        String::new(),
        "null".to_owned(),
        r#"{"text":"  "}"#.to_owned(),
    ];
    for body in cases {
        let request = World::request("POST", MESSAGES, CHAT_KEY)
            .header("content-type", "application/json")
            .body(Body::from(body.clone()));
        let answer = world.call(request.unwrap()).await;
        let start: String = body.chars().take(40).collect();
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{start}");
        assert_eq!(answer.code(), "invalid", "{start}");
    }
    assert_eq!(world.backend.inbox_len(), 0);
}

#[tokio::test]
async fn a_cross_site_form_or_plain_text_is_not_json() {
    let world = World::new();
    for media_type in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"] {
        let request = World::request("POST", MESSAGES, CHAT_KEY)
            .header("content-type", media_type)
            .body(Body::from(r#"{"text":"hi"}"#));
        let answer = world.call(request.unwrap()).await;
        assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{media_type}");
    }
    assert_eq!(world.backend.inbox_len(), 0);
}

#[tokio::test]
async fn what_a_store_says_about_itself_stays_inside() {
    let world = World::new();
    world.configuration.set_reachable(false);
    let answer = world.get("/api/v1/agents", CHAT_KEY).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.code(), "unavailable");
    assert_eq!(answer.header("retry-after"), "2");
    assert!(!answer.text.contains("secret-host"), "{}", answer.text);
}

#[test]
fn every_kind_of_error_becomes_its_status_and_code() {
    for kind in ErrorKind::ALL {
        let problem = Problem::new(kind, "detail");
        assert_eq!(problem.status.as_u16(), kind.http_status());
        assert_eq!(problem.code(), kind.code());
    }
    let busy = Problem::from(IngestError::Busy { retry_after: Duration::from_millis(1_200) });
    assert_eq!(busy.retry_after, Some(Duration::from_millis(1_200)));
    assert!(busy.is_transient());
    assert_eq!(Problem::from(IngestError::Conflict).status, StatusCode::CONFLICT);
    assert_eq!(Problem::from(StoreError::Full).status, StatusCode::SERVICE_UNAVAILABLE);
}

#[test]
fn retry_after_is_rounded_up_and_never_zero() {
    for (millis, seconds) in [(0, 1), (1, 1), (1_000, 1), (1_001, 2), (2_500, 3)] {
        assert_eq!(whole_seconds(Duration::from_millis(millis)), seconds);
    }
}

proptest! {
    #[test]
    fn an_idempotency_key_is_one_to_128_visible_characters(key in "[ -~]{0,140}") {
        let mut headers = HeaderMap::new();
        headers.insert("idempotency-key", key.parse().unwrap());
        let good = (1..=128).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
        prop_assert_eq!(idempotency::read(&headers).ok().flatten(), good.then_some(key));
    }
}

#[test]
fn two_idempotency_keys_are_none() {
    let mut headers = HeaderMap::new();
    headers.append("idempotency-key", "a".parse().unwrap());
    headers.append("idempotency-key", "b".parse().unwrap());
    assert!(idempotency::read(&headers).is_err());
}
