//! What platforms get for an answer.

use crate::testing::{World, soon};
use axum::body::Body;
use http::StatusCode;
use rookery_domain::ports::IngestError;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const HOOK: &str = "/hooks/telegram/con_00000000000000000000000001";

#[tokio::test]
async fn a_delivery_reaches_ingestion_byte_for_byte_and_gets_an_empty_200() {
    let world = World::new();
    let body = b"{\"b\":1, \"a\":\"\xf0\x9f\x98\x80\\ud83d\"}\xff".to_vec();
    let request = World::request("POST", HOOK, "")
        .header("X-Platform-Secret", b"s\xe9cret".as_slice())
        .body(Body::from(body.clone()));
    let answer = world.call(request.unwrap()).await;
    assert_eq!((answer.status, answer.text.as_str()), (StatusCode::OK, ""));
    let hooks = world.backend.hooks();
    let (channel, connection, raw) = hooks.first().unwrap();
    assert_eq!(channel.as_str(), "telegram");
    assert_eq!(connection.to_string(), "con_00000000000000000000000001");
    assert_eq!(raw.body, body);
    assert_eq!(raw.header("x-platform-secret"), Some(b"s\xe9cret".as_slice()));
}

#[tokio::test]
async fn every_refusal_of_ingestion_has_its_status() {
    let world = World::new();
    let after = Duration::from_millis(2_500);
    for (refusal, status, retry_after) in [
        (IngestError::Unauthorized, StatusCode::UNAUTHORIZED, ""),
        (IngestError::UnknownConnection, StatusCode::NOT_FOUND, ""),
        (IngestError::Busy { retry_after: after }, StatusCode::SERVICE_UNAVAILABLE, "3"),
        (IngestError::Unavailable { retry_after: after }, StatusCode::SERVICE_UNAVAILABLE, "3"),
    ] {
        world.backend.refuse(Some(refusal.clone()));
        let answer =
            world.call(World::request("POST", HOOK, "").body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, status, "{refusal:?}");
        assert_eq!(answer.header("retry-after"), retry_after, "{refusal:?}");
    }
}

#[tokio::test]
async fn what_cannot_be_a_connection_is_not_found_without_being_asked_for() {
    let world = World::new();
    for path in [
        "/hooks/telegram/con_x",
        "/hooks/telegram/ten_00000000000000000000000001",
        "/hooks/Tele-Gram/con_00000000000000000000000001",
        "/hooks/telegram",
        "/hooks/telegram/con_00000000000000000000000001/more",
    ] {
        let answer =
            world.call(World::request("POST", path, "").body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert!(world.backend.hooks().is_empty());
}

#[tokio::test]
async fn a_length_beside_chunks_makes_one_request_and_never_two() {
    let world = World::new();
    let mut stream = TcpStream::connect(world.listen().await).await.unwrap();
    let smuggled = format!("POST {HOOK} HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n");
    let request = format!(
        "POST {HOOK} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 5\r\n\
         transfer-encoding: chunked\r\n\r\n{:x}\r\n{smuggled}\r\n0\r\n\r\n",
        smuggled.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    soon(stream.read_to_string(&mut answer)).await.unwrap();
    assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{answer}");
    let bodies: Vec<_> = world.backend.hooks().into_iter().map(|(_, _, raw)| raw.body).collect();
    assert!(bodies.is_empty() || bodies == [smuggled.as_bytes()], "{bodies:?}");
}
