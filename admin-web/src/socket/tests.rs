//! Web chat over real sockets.

use super::protocol::{ClientFrame, Hello};
use crate::testing::{CHAT_KEY, OTHER_KEY, READ_KEY, World, soon, tenant};
use futures::{SinkExt, StreamExt};
use http::StatusCode;
use rookery_domain::live::durable_seq;
use rookery_domain::message::Reply;
use rookery_domain::ports::IngestError;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use uuid::Uuid;

const OWN: &str = "https://bots.example.com";
const SHOP: &str = "https://shop.example.com";

struct Client(WebSocketStream<MaybeTlsStream<TcpStream>>);

async fn open(
    address: SocketAddr,
    target: &str,
    headers: &[(&str, &str)],
) -> Result<Client, StatusCode> {
    let mut request = format!("ws://{address}/ws/chat{target}").into_client_request().unwrap();
    for (name, value) in headers {
        let name: http::HeaderName = name.parse().unwrap();
        request.headers_mut().append(name, value.parse().unwrap());
    }
    match soon(connect_async(request)).await {
        Ok((socket, _)) => Ok(Client(socket)),
        Err(Error::Http(response)) => Err(response.status()),
        Err(error) => panic!("{error}"),
    }
}

async fn connect(address: SocketAddr) -> Client {
    open(address, "?agent=helper", &[("origin", OWN)]).await.ok().unwrap()
}

impl Client {
    async fn say(&mut self, frame: Value) {
        self.0.send(Message::text(frame.to_string())).await.unwrap();
    }

    /// The next text frame, or the code with which the server hung up.
    async fn hear(&mut self) -> Result<Value, u16> {
        loop {
            match soon(self.0.next()).await {
                Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(frame))) => {
                    return Err(frame.map_or(1005, |frame| frame.code.into()));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(1006),
            }
        }
    }

    async fn hello(&mut self, more: Value) -> Value {
        let mut frame = json!({"type": "hello", "token": CHAT_KEY});
        for (name, value) in more.as_object().unwrap() {
            frame[name] = value.clone();
        }
        self.say(frame).await;
        self.hear().await.unwrap()
    }

    async fn message(&mut self, client_id: &str, text: &str) {
        self.say(json!({"type": "message", "client_id": client_id, "text": text})).await;
    }

    async fn kinds(&mut self, count: usize) -> Vec<String> {
        let mut kinds = Vec::new();
        for _ in 0..count {
            kinds.push(self.hear().await.unwrap()["type"].as_str().unwrap().to_owned());
        }
        kinds
    }
}

#[tokio::test]
async fn a_conversation_from_hello_to_done() {
    let world = World::new();
    let mut client = connect(world.listen().await).await;
    let hello = client.hello(json!({})).await;
    assert_eq!(hello["type"], "hello");
    assert_eq!(hello["seq"], 0);
    assert_eq!(hello["agent"], json!({"slug": "helper", "name": "The helper"}));
    let session = hello["session_id"].as_str().unwrap().to_owned();
    assert!(session.starts_with("ses_"));
    client.message("c1", "hi").await;
    let run = world.backend.submitted(1).await.inbound.id;
    assert_eq!(
        client.hear().await.unwrap(),
        json!({"type": "accepted", "client_id": "c1", "run_id": run.to_string()})
    );
    world.backend.grow(run, "Hel");
    let delta = client.hear().await.unwrap();
    assert_eq!(
        delta,
        json!({"type": "delta", "seq": 1, "run_id": run.to_string(), "client_id": "c1", "text": "Hel"})
    );
    world.backend.answer(run, Reply::answer("Hello"));
    let message = client.hear().await.unwrap();
    assert_eq!((&message["text"], &message["client_id"]), (&json!("Hello"), &json!("c1")));
    assert_eq!(message["seq"], durable_seq(1));
    let done = client.hear().await.unwrap();
    assert_eq!((&done["type"], &done["client_id"]), (&json!("done"), &json!("c1")));
    let submission = world.backend.submissions().remove(0);
    assert_eq!(submission.idempotency_key, Some(format!("ws:{session}:c1")));
}

#[tokio::test]
async fn a_missing_or_foreign_origin_is_refused_before_the_upgrade() {
    let world = World::new();
    let address = world.listen().await;
    let target = "?agent=helper";
    let own_host = format!("http://{address}");
    for headers in [
        vec![],
        vec![("origin", "https://evil.example")],
        vec![("origin", "null")],
        vec![("origin", "")],
        vec![("origin", "http://bots.example.com")],
        vec![("origin", OWN), ("origin", OWN)],
        vec![("origin", "http://127.0.0.1:1")],
    ] {
        let refused = open(address, target, &headers).await.err();
        assert_eq!(refused, Some(StatusCode::FORBIDDEN), "{headers:?}");
    }
    for origin in [OWN, &own_host, SHOP] {
        assert!(open(address, target, &[("origin", origin)]).await.is_ok(), "{origin}");
    }
}

#[tokio::test]
async fn an_origin_is_good_for_the_agents_that_list_it_and_for_no_other() {
    let world = World::new();
    let address = world.listen().await;
    for (agent, key, origin, welcome) in [
        ("helper", CHAT_KEY, SHOP, true),
        ("second", CHAT_KEY, SHOP, false),
        ("helper", OTHER_KEY, SHOP, false),
        ("helper", OTHER_KEY, "https://other.example.com", true),
    ] {
        let target = format!("?agent={agent}");
        let mut client = open(address, &target, &[("origin", origin)]).await.ok().unwrap();
        let first = client.hello(json!({"token": key})).await;
        if welcome {
            assert_eq!(first["type"], "hello", "{agent} {origin}");
        } else {
            assert_eq!(first["code"], "origin_not_allowed", "{agent} {origin}");
            assert_eq!(client.hear().await, Err(1008));
        }
    }
}

#[tokio::test]
async fn a_token_that_is_no_key_ends_the_socket() {
    let world = World::new();
    let address = world.listen().await;
    for token in
        [json!("wrong"), json!(""), json!([CHAT_KEY]), json!("null"), json!(null), json!(1)]
    {
        let mut client = connect(address).await;
        let first = client.hello(json!({"token": token})).await;
        assert_eq!((&first["type"], &first["code"]), (&json!("error"), &json!("unauthorized")));
        assert_eq!(client.hear().await, Err(1008), "{token}");
    }
    let mut client = connect(address).await;
    client.say(json!({"type": "hello"})).await;
    assert_eq!(client.hear().await.unwrap()["code"], "unauthorized");
}

#[tokio::test]
async fn scopes_that_a_client_declares_are_nothing() {
    let world = World::new();
    let mut client = connect(world.listen().await).await;
    let first =
        client.hello(json!({"token": READ_KEY, "scopes": ["admin"], "role": "admin"})).await;
    assert_eq!(first["code"], "forbidden");
    assert_eq!(client.hear().await, Err(1008));
}

#[tokio::test]
async fn a_client_resumes_after_the_last_number_it_saw() {
    let world = World::new();
    let address = world.listen().await;
    let mut client = connect(address).await;
    let session = client.hello(json!({})).await["session_id"].clone();
    client.message("c1", "one").await;
    let one = world.backend.submitted(1).await.inbound.id;
    world.backend.answer(one, Reply::answer("1"));
    client.kinds(2).await;
    let seen = client.hear().await.unwrap()["seq"].clone();
    client.message("c2", "two").await;
    let two = world.backend.submitted(2).await.inbound.id;
    assert_eq!(client.kinds(1).await, ["accepted"]);
    drop(client);
    world.backend.answer(two, Reply::answer("2"));
    let mut client = connect(address).await;
    let hello = client.hello(json!({"session": session, "after": seen})).await;
    assert_eq!((&hello["session_id"], &hello["seq"]), (&session, &seen));
    let message = client.hear().await.unwrap();
    assert_eq!((&message["type"], &message["text"]), (&json!("message"), &json!("2")));
    assert_eq!(client.kinds(1).await, ["done"]);
    client.message("c3", "three").await;
    assert_eq!(client.kinds(1).await, ["accepted"]);
    let last = world.backend.submitted(3).await.inbound.id;
    world.backend.answer(last, Reply::answer("3"));
    assert_eq!(client.kinds(2).await, ["message", "done"]);
    assert_eq!(world.backend.submissions().len(), 3);
}

#[tokio::test]
async fn a_message_is_taken_once_per_client_id() {
    let world = World::new();
    let address = world.listen().await;
    let mut client = connect(address).await;
    let session = client.hello(json!({})).await["session_id"].clone();
    client.message("c1", "hi").await;
    let run = world.backend.submitted(1).await.inbound.id;
    world.backend.answer(run, Reply::answer("Hello"));
    assert_eq!(client.kinds(3).await, ["accepted", "message", "done"]);
    client.message("c1", "hi").await;
    client.message("c1", "something else").await;
    assert_eq!(client.hear().await.unwrap()["run_id"], json!(run.to_string()));
    let conflict = client.hear().await.unwrap();
    assert_eq!((&conflict["code"], &conflict["retryable"]), (&json!("conflict"), &json!(false)));
    assert_eq!(conflict["client_id"], "c1");
    // Whoever comes later and asks again is told what it missed.
    let mut late = connect(address).await;
    late.hello(json!({"session": session})).await;
    late.message("c1", "hi").await;
    assert_eq!(late.kinds(3).await, ["accepted", "message", "done"]);
    assert_eq!(world.backend.submissions().len(), 1);
}

#[tokio::test]
async fn a_session_is_found_before_it_has_a_row_and_never_another_tenants() {
    let world = World::new();
    let address = world.listen().await;
    let mut client = connect(address).await;
    let unused = client.hello(json!({})).await["session_id"].clone();
    let mut again = connect(address).await;
    assert_eq!(again.hello(json!({"session": unused})).await["session_id"], unused);

    client.message("c1", "waits in the inbox").await;
    world.backend.submitted(1).await;
    let mut other = connect(address).await;
    let refused = other.hello(json!({"session": unused, "token": OTHER_KEY})).await;
    assert_eq!((&refused["type"], &refused["code"]), (&json!("error"), &json!("not_found")));
    assert_eq!(other.hear().await, Err(1008));

    let named = connect(address).await.hello(json!({"session": "my talk"})).await;
    let theirs =
        connect(address).await.hello(json!({"session": "my talk", "token": OTHER_KEY})).await;
    assert_ne!(named["session_id"], theirs["session_id"]);
    for session in ["ses_x", "ses_0000000000000000000000zzzz", "", "a\u{0}b", &"x".repeat(129)] {
        let refused = connect(address).await.hello(json!({"session": session})).await;
        assert_eq!(refused["type"], "error", "{session}");
    }
}

#[tokio::test]
async fn a_waiting_session_survives_a_restart_of_this_process() {
    let world = World::new();
    let row = {
        let submission = rookery_domain::ports::Submission {
            tenant_id: tenant(1),
            agent_id: rookery_domain::id::AgentId::from_uuid(Uuid::from_u128(10)),
            session: Some("ws-before-the-restart".to_owned()),
            contact: None,
            text: "hi".to_owned(),
            idempotency_key: None,
            history: None,
        };
        world.state.ports.ingestion.submit(submission).await.unwrap()
    };
    let mut client = connect(world.listen().await).await;
    let session = row.session_id.to_string();
    let hello = client.hello(json!({"session": session, "after": 0})).await;
    assert_eq!(hello["session_id"], session);
    world.backend.answer(row.run_id, Reply::answer("Hello"));
    assert_eq!(client.kinds(2).await, ["message", "done"]);
    client.message("c1", "go on").await;
    world.backend.submitted(2).await;
    let submission = world.backend.submissions().pop().unwrap();
    assert_eq!(submission.session.as_deref(), Some("ws-before-the-restart"));
}

#[tokio::test]
async fn a_frame_of_the_wrong_kind_is_told_and_the_socket_goes_on() {
    let world = World::new();
    let mut client = connect(world.listen().await).await;
    client.hello(json!({})).await;
    let long = "x".repeat(65);
    for frame in [
        json!([]),
        json!({"type": "wizard"}),
        json!({"type": "hello", "token": CHAT_KEY}),
        json!({"type": "message", "text": "no id"}),
        json!({"type": "message", "client_id": "", "text": "x"}),
        json!({"type": "message", "client_id": long, "text": "x"}),
        json!({"type": "message", "client_id": "a b", "text": "x"}),
        json!({"type": "message", "client_id": "a", "text": "nul \u{0}"}),
        json!({"type": "message", "client_id": "a", "text": "  "}),
    ] {
        client.say(frame.clone()).await;
        let answer = client.hear().await.unwrap();
        assert_eq!(
            (&answer["type"], &answer["code"]),
            (&json!("error"), &json!("invalid")),
            "{frame}"
        );
    }
    client.message("c1", "still here").await;
    assert_eq!(client.kinds(1).await, ["accepted"]);
}

#[tokio::test]
async fn what_comes_before_hello_ends_the_socket() {
    let world = World::new();
    let address = world.listen().await;
    let mut client = connect(address).await;
    client.message("c1", "hi").await;
    assert_eq!(client.hear().await.unwrap()["code"], "invalid");
    assert_eq!(client.hear().await, Err(1008));
    let mut client = connect(address).await;
    client.0.send(Message::binary(vec![1, 2])).await.unwrap();
    assert_eq!(client.hear().await.unwrap()["code"], "invalid");
    assert_eq!(client.hear().await, Err(1008));
}

#[tokio::test]
async fn a_client_that_says_nothing_is_shown_out() {
    let world = World::with(|settings| settings.socket_hello_timeout = Duration::from_millis(20));
    let mut client = connect(world.listen().await).await;
    assert_eq!(client.hear().await.unwrap()["code"], "timeout");
    assert_eq!(client.hear().await, Err(1008));
}

#[tokio::test]
async fn a_client_that_answers_no_ping_is_gone() {
    let world = World::with(|settings| settings.socket_ping_every = Duration::from_millis(20));
    let address = world.listen().await;
    let mut client = connect(address).await;
    client.hello(json!({})).await;
    assert_eq!(
        world.state.memory.sockets.available_permits(),
        world.state.settings.sockets_max - 1
    );
    // A client that does not read does not answer either.
    let sockets = world.state.memory.sockets.clone();
    let all = u32::try_from(world.state.settings.sockets_max).unwrap();
    drop(soon(sockets.acquire_many(all)).await.unwrap());
}

#[tokio::test]
async fn a_frame_at_the_limit_is_taken_and_a_larger_one_ends_the_socket() {
    let world = World::with(|settings| settings.socket_frame_bytes_max = 1_024);
    let address = world.listen().await;
    let empty = json!({"type": "message", "client_id": "c1", "text": ""}).to_string().len();
    let mut client = connect(address).await;
    client.hello(json!({})).await;
    client.message("c1", &"x".repeat(1_024 - empty)).await;
    assert_eq!(client.kinds(1).await, ["accepted"]);
    client.message("c2", &"x".repeat(1_025 - empty)).await;
    assert!(client.hear().await.is_err());
    assert_eq!(world.backend.inbox_len(), 1);
}

#[tokio::test]
async fn so_many_messages_may_wait_and_not_one_more() {
    let world = World::with(|settings| settings.socket_pending_max = 2);
    let mut client = connect(world.listen().await).await;
    client.hello(json!({})).await;
    for id in ["c1", "c2"] {
        client.message(id, id).await;
        assert_eq!(client.kinds(1).await, ["accepted"]);
    }
    client.message("c3", "c3").await;
    let refused = client.hear().await.unwrap();
    assert_eq!(
        (&refused["code"], &refused["client_id"]),
        (&json!("too_many_pending"), &json!("c3"))
    );
    assert_eq!(refused["retryable"], true);
    let first = world.backend.submitted(1).await.inbound.id;
    world.backend.answer(first, Reply::answer("1"));
    assert_eq!(client.kinds(2).await, ["message", "done"]);
    client.message("c3", "c3").await;
    assert_eq!(client.kinds(1).await, ["accepted"]);
}

#[tokio::test]
async fn one_socket_too_many_is_refused_before_the_upgrade() {
    let world = World::with(|settings| settings.sockets_max = 1);
    let address = world.listen().await;
    let held = connect(address).await;
    let refused = open(address, "?agent=helper", &[("origin", OWN)]).await.err();
    assert_eq!(refused, Some(StatusCode::SERVICE_UNAVAILABLE));
    drop(held);
    let permits = world.state.memory.sockets.clone();
    drop(soon(permits.acquire()).await.unwrap());
    assert!(open(address, "?agent=helper", &[("origin", OWN)]).await.is_ok());
}

#[tokio::test]
async fn a_refused_message_names_itself_and_says_whether_to_try_again() {
    let world = World::new();
    let mut client = connect(world.listen().await).await;
    client.hello(json!({})).await;
    world.backend.refuse(Some(IngestError::Busy { retry_after: Duration::from_secs(1) }));
    client.message("c1", "hi").await;
    let refused = client.hear().await.unwrap();
    assert_eq!((&refused["client_id"], &refused["code"]), (&json!("c1"), &json!("unavailable")));
    assert_eq!(refused["retryable"], true);
    world.backend.refuse(None);
    client.message("c1", "hi").await;
    assert_eq!(client.kinds(1).await, ["accepted"]);
}

#[tokio::test]
async fn a_draining_process_hangs_up_so_that_clients_come_back() {
    let world = World::new();
    let mut client = connect(world.listen().await).await;
    client.hello(json!({})).await;
    world.draining.send_replace(true);
    assert_eq!(client.hear().await, Err(1012));
}

#[tokio::test]
async fn a_signed_in_page_needs_no_token_and_another_sites_page_gets_nothing_for_the_cookie() {
    let world = World::new();
    let address = world.listen().await;
    let now = rookery_domain::Timestamp::from_millis(1_700_000_000_000);
    let statement = world.state.memory.sign_ins.issue(tenant(1), Uuid::from_u128(3), now);
    let cookie = format!("__Host-rookery_sign_in={statement}");
    for (origin, welcome) in [(OWN, "hello"), (SHOP, "error")] {
        let headers = [("origin", origin), ("cookie", cookie.as_str())];
        let mut client = open(address, "?agent=helper", &headers).await.ok().unwrap();
        let first = client.hello(json!({"token": ""})).await;
        assert_eq!(first["type"], welcome, "{origin}");
    }
    let headers = [("origin", OWN), ("cookie", cookie.as_str())];
    let mut client = open(address, "?agent=helper", &headers).await.ok().unwrap();
    let first = client.hello(json!({"token": "wrong"})).await;
    assert_eq!(first["code"], "unauthorized", "a wrong token is not made good by a cookie");
}

#[tokio::test]
async fn a_revoked_key_ends_its_open_socket() {
    let world = World::with(|settings| settings.socket_ping_every = Duration::from_millis(300));
    let mut client = connect(world.listen().await).await;
    client.hello(json!({})).await;
    world.configuration.remove_key(CHAT_KEY);
    assert_eq!(client.hear().await.unwrap()["code"], "unauthorized");
    assert_eq!(client.hear().await, Err(1008));
}

#[tokio::test]
async fn the_path_speaks_websocket_only_and_wants_an_agent() {
    let world = World::new();
    let answer = world.get("/ws/chat?agent=helper", CHAT_KEY).await;
    assert_eq!(answer.status, StatusCode::UPGRADE_REQUIRED);
    assert_eq!(answer.code(), "upgrade_required");
    let address = world.listen().await;
    let refused = open(address, "", &[("origin", OWN)]).await.err();
    assert_eq!(refused, Some(StatusCode::BAD_REQUEST));
    let mut client = open(address, "?agent=nobody", &[("origin", OWN)]).await.ok().unwrap();
    assert_eq!(client.hello(json!({})).await["code"], "not_found");
}

#[test]
fn a_hello_of_any_token_type_is_a_hello() {
    for token in ["1", "[]", "{}", "true", "null"] {
        let text = format!(r#"{{"type":"hello","token":{token},"more":1}}"#);
        let frame: ClientFrame = serde_json::from_str(&text).unwrap();
        assert!(matches!(frame, ClientFrame::Hello(Hello { session: None, .. })), "{token}");
    }
}
