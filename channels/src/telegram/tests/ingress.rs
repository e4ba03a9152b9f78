use super::connection::{HEADER, SECRET, adapter, config, open};
use super::fixtures;
use bytes::Bytes;
use rookery_domain::message::InboundEvent;
use rookery_domain::ports::{Envelope, IngressError, OpenConnection, RawRequest};
use serde_json::json;

fn request(secrets: &[&str], body: &[u8]) -> RawRequest {
    RawRequest {
        headers: secrets
            .iter()
            .map(|secret| (HEADER.to_owned(), Bytes::copy_from_slice(secret.as_bytes())))
            .collect(),
        body: Bytes::copy_from_slice(body),
    }
}

fn connection() -> OpenConnection {
    open("http://127.0.0.1:1", "webhook")
}

fn accept(body: &[u8]) -> Vec<Envelope> {
    connection().ingress.accept(&request(&[SECRET], body)).unwrap()
}

#[test]
fn only_the_secret_itself_and_once_is_authentic() {
    let ingress = connection().ingress;
    let longer = format!("{SECRET}x");
    for secrets in [
        &[][..],
        &[""],
        &["wrong"],
        &["hook-secret_2"],
        &[&SECRET[1..]],
        &[longer.as_str()],
        &[SECRET, SECRET],
        &[SECRET, "wrong"],
    ] {
        let refused = ingress.accept(&request(secrets, b"{\"update_id\":1}"));
        assert_eq!(refused, Err(IngressError::Unauthorized), "{secrets:?}");
    }
    assert!(ingress.accept(&request(&[SECRET], b"{\"update_id\":1}")).is_ok());
}

#[test]
fn a_polled_connection_takes_nothing_by_its_hook() {
    let ingress = open("http://127.0.0.1:1", "polling").ingress;
    for secrets in [&[][..], &[""], &[SECRET]] {
        let refused = ingress.accept(&request(secrets, b"{\"update_id\":1}"));
        assert_eq!(refused, Err(IngressError::Unauthorized));
    }
}

#[test]
fn an_update_is_one_row_with_its_bytes_as_they_came() {
    for (name, raw) in fixtures::ALL {
        let envelopes = accept(raw.as_bytes());
        assert_eq!(envelopes.len(), 1, "{name}");
        assert_eq!(envelopes[0].raw, raw.as_bytes());
        assert!(envelopes[0].dedupe_key.starts_with("u:8801"), "{name}");
    }
}

#[test]
fn the_key_is_the_update_id_however_the_rest_is_written() {
    let first = accept(br#"{"update_id":7,"message":{"a":"\u00e9"}}"#);
    let again = accept("{ \"message\": {\"a\": \"é\"}, \"update_id\": 7 }".as_bytes());
    assert_eq!(first[0].dedupe_key, "u:7");
    assert_eq!(first[0].dedupe_key, again[0].dedupe_key);
}

#[test]
fn what_cannot_be_read_is_one_row_keyed_by_its_digest() {
    let deep = "[".repeat(100_000);
    let deep_inside = format!("{{\"x\":{}", "[".repeat(100_000));
    for hostile in [
        &b""[..],
        b"\0",
        b"not json",
        b"{}",
        b"[]",
        b"null",
        br#"{"update_id":"7"}"#,
        br#"{"update_id":1e400}"#,
        br#"{"update_id":7,"update_id":8}"#,
        br#"{"update_id":7,"#,
        b"{\"update_id\":7,\"\xff\":\xff}",
        deep.as_bytes(),
        deep_inside.as_bytes(),
    ] {
        let envelopes = accept(hostile);
        assert_eq!(envelopes.len(), 1);
        assert!(envelopes[0].dedupe_key.starts_with("x:"), "{}", envelopes[0].dedupe_key);
        assert_eq!(envelopes[0].dedupe_key.len(), 66);
        assert_eq!(envelopes, accept(hostile));
        assert!(connection().ingress.normalise(hostile).is_err());
    }
    let one = accept(b"a")[0].dedupe_key.clone();
    assert_ne!(one, accept(b"b")[0].dedupe_key);
}

#[test]
fn what_is_hostile_behind_a_readable_id_is_a_row_and_then_a_dead_letter() {
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    for value in [deep.as_str(), "1e400", r#""\ud800""#, r#""\u0000""#, r#"{"a":1,"a":2}"#] {
        let body = format!(r#"{{"update_id":7,"message":{value}}}"#);
        assert_eq!(accept(body.as_bytes())[0].dedupe_key, "u:7");
        let read = connection().ingress.normalise(body.as_bytes());
        assert!(matches!(read, Err(IngressError::Unreadable(_))), "{value:.20}");
    }
}

#[test]
fn a_stored_identity_tells_what_is_said_to_the_bot() {
    let mut config = config(json!({"mode": "webhook"}));
    config.connection.identity = Some(json!({"id": 7001, "username": "helper_rook_bot"}));
    let connection = adapter("http://127.0.0.1:1").open(&config).unwrap();
    let mention = connection.ingress.normalise(fixtures::bytes("message_group_mention"));
    assert!(mention.unwrap().addressed);
    let command = connection.ingress.normalise(fixtures::bytes("message_group_command"));
    assert!(matches!(command.unwrap().event, InboundEvent::Command { .. }));
}

#[test]
fn a_stored_identity_of_another_token_is_not_believed() {
    let mut config = config(json!({"mode": "webhook"}));
    config.connection.identity = Some(json!({"id": 9, "username": "helper_rook_bot"}));
    let connection = adapter("http://127.0.0.1:1").open(&config).unwrap();
    let addressed = |name| connection.ingress.normalise(fixtures::bytes(name)).unwrap().addressed;
    assert!(!addressed("message_group_mention"));
    assert!(addressed("message_group_reply_to_bot"));
}

#[test]
fn the_id_in_the_token_is_enough_to_know_a_reply_to_the_bot() {
    let reply = connection().ingress.normalise(fixtures::bytes("message_group_reply_to_bot"));
    assert!(reply.unwrap().addressed);
}
