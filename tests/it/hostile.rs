//! Hostile input at the hook and at the API: a clear refusal, or stored and set aside. Never a
//! panic, never a second effect, never something acknowledged that is not stored.

use crate::scene::Scene;
use rookery_tests::fake::http_client;
use rookery_tests::system::{Database, HOOK_SECRET, Setup, System};
use serde_json::json;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

on_both_databases!(
    only_the_right_secret_stores_anything,
    an_exact_replay_has_no_second_effect_not_even_after_a_restart,
    unreadable_bodies_with_a_good_secret_are_acknowledged_and_set_aside,
);

pub(crate) const SECRET_HEADER: &str = "x-telegram-bot-api-secret-token";
const STORED: &str = "select count(*) from inbox";

/// Posts bytes to a hook as the platform would.
pub(crate) async fn post(url: &str, secret: Option<&str>, body: Vec<u8>) -> u16 {
    let mut request = http_client(Duration::from_secs(30))
        .unwrap()
        .post(url)
        .header("content-type", "application/json")
        .body(body);
    if let Some(secret) = secret {
        request = request.header(SECRET_HEADER, secret);
    }
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let body = response.bytes().await.unwrap();
    assert!(status != 200 || body.is_empty(), "a hook's 200 has an empty body");
    status
}

fn update(id: i64, text: &str) -> Vec<u8> {
    update_in(501, id, text)
}

/// A text of a person in their private chat, as the platform delivers it.
pub(crate) fn update_in(person: i64, id: i64, text: &str) -> Vec<u8> {
    json!({ "update_id": id, "message": {
        "message_id": id, "date": 1, "text": text,
        "from": { "id": person, "is_bot": false, "first_name": "Ana" },
        "chat": { "id": person, "type": "private", "first_name": "Ana" },
    } })
    .to_string()
    .into_bytes()
}

async fn only_the_right_secret_stores_anything(database: Database) {
    let scene = Scene::on(database).await;
    let hook = scene.system.hook_url().unwrap();
    for secret in
        [None, Some(""), Some("wrong"), Some("acme-hook-secret_"), Some("acme-hook-secret_12")]
    {
        assert_eq!(post(&hook, secret, update(1, "x")).await, 401, "{secret:?}");
    }
    let twice = http_client(Duration::from_secs(30))
        .unwrap()
        .post(&hook)
        .header(SECRET_HEADER, HOOK_SECRET)
        .header(SECRET_HEADER, HOOK_SECRET)
        .body(update(1, "x"))
        .send()
        .await
        .unwrap();
    assert_eq!(twice.status(), 401, "a repeated header is no signature");
    let (start, id) = hook.rsplit_once('/').unwrap();
    let last = if id.ends_with('0') { '1' } else { '0' };
    let stranger = format!("{start}/{}{last}", &id[..id.len() - 1]);
    assert_eq!(post(&stranger, Some(HOOK_SECRET), update(1, "x")).await, 404);
    assert_eq!(post(&format!("{start}/nonsense"), Some(HOOK_SECRET), update(1, "x")).await, 404);
    let other = hook.replace("/telegram/", "/slack/");
    assert_eq!(post(&other, Some(HOOK_SECRET), update(1, "x")).await, 404);
    assert_eq!(scene.system.sql(STORED).await.unwrap(), "0");
}

async fn an_exact_replay_has_no_second_effect_not_even_after_a_restart(database: Database) {
    let mut scene = Scene::on(database).await;
    scene.asks_and_reads("hello", "echo: hello").await;
    let hook = scene.system.hook_url().unwrap();
    let body = update(424_242, "once");
    assert_eq!(post(&hook, Some(HOOK_SECRET), body.clone()).await, 200);
    assert_eq!(post(&hook, Some(HOOK_SECRET), body.clone()).await, 200);
    scene.reads("echo: once").await;
    // A send that is not recorded yet would be repeated: that is another test's subject.
    scene.settles().await;
    scene.system.process().unwrap().kill().await.unwrap();
    scene.system.serve(None).await.unwrap();
    assert_eq!(post(&hook, Some(HOOK_SECRET), body).await, 200);
    scene.settles().await;
    assert_eq!(scene.texts().await, ["echo: hello", "echo: once"]);
    assert_eq!(scene.system.sql(STORED).await.unwrap(), "2");
}

async fn unreadable_bodies_with_a_good_secret_are_acknowledged_and_set_aside(database: Database) {
    let scene = Scene::on(database).await;
    scene.asks_and_reads("hello", "echo: hello").await;
    let hook = scene.system.hook_url().unwrap();
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let bodies: [Vec<u8>; 8] = [
        b"".to_vec(),
        b"\x00".to_vec(),
        b"\xff\xfe\xfd".to_vec(),
        deep.into_bytes(),
        b"{\"update_id\":1e400}".to_vec(),
        b"{\"update_id\":5,\"update_id\":6,\"message\":7}".to_vec(),
        b"{\"update_id\":7,\"message\":{\"text\":\"\\ud800\"}}".to_vec(),
        b"[1,2,3]".to_vec(),
    ];
    let count = bodies.len();
    for body in bodies {
        let shown = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
        assert_eq!(post(&hook, Some(HOOK_SECRET), body).await, 200, "{shown}");
    }
    let settled = "select count(*) from inbox where outcome in ('dead', 'ignored')";
    scene.sql_becomes(settled, &count.to_string()).await;
    scene.asks_and_reads("still there?", "echo: still there?").await;
}

#[tokio::test]
async fn one_tenants_secret_is_worth_nothing_at_anothers_hook() {
    let scene = Scene::on(Database::Sqlite).await;
    let other = "[tenant]\nslug = \"rival\"\nname = \"Rival\"\n\n\
        [[agents]]\nslug = \"helper\"\nname = \"Helper\"\ninstructions = \"x\"\n\n\
        [[connections]]\nslug = \"tg\"\nchannel = \"telegram\"\nagent = \"helper\"\nmode = \"webhook\"\n\
        token = { value = \"700009:rival\" }\nwebhook_secret = { value = \"rival-secret\" }\n";
    let applied = scene.system.apply(other).await.unwrap();
    let rival = applied["connections"]["tg"]["hook_url"].as_str().unwrap();
    assert_eq!(post(rival, Some(HOOK_SECRET), update(9, "x")).await, 401);
    assert_eq!(
        post(rival, Some("rival-secret"), update(9, "x")).await,
        200,
        "a refused getMe stops no ingress"
    );
}

#[tokio::test]
async fn oversize_bodies_are_refused_with_bounded_memory() {
    let scene = Scene::on(Database::Sqlite).await;
    let hook = scene.system.hook_url().unwrap();
    let client = http_client(Duration::from_secs(60)).unwrap();
    let piece = bytes::Bytes::from(vec![b'x'; 1 << 16]);
    let endless = futures::stream::repeat_with(move || Ok::<_, std::io::Error>(piece.clone()));
    let chunked = futures::StreamExt::take(endless, 1_600);
    let sent = client
        .post(&hook)
        .header(SECRET_HEADER, HOOK_SECRET)
        .body(reqwest::Body::wrap_stream(chunked))
        .send()
        .await;
    // The listener may close the connection before the client has sent everything.
    if let Ok(response) = sent {
        assert_eq!(response.status(), 413);
    }
    let announced = client
        .post(&hook)
        .header(SECRET_HEADER, HOOK_SECRET)
        .body(vec![b'x'; 2 << 20])
        .send()
        .await;
    if let Ok(response) = announced {
        assert_eq!(response.status(), 413);
    }
    assert_eq!(scene.system.sql(STORED).await.unwrap(), "0");
    scene.asks_and_reads("still there?", "echo: still there?").await;
}

#[tokio::test]
async fn packed_bodies_are_refused() {
    let scene = Scene::on(Database::Sqlite).await;
    let packed = http_client(Duration::from_secs(30))
        .unwrap()
        .post(scene.system.hook_url().unwrap())
        .header(SECRET_HEADER, HOOK_SECRET)
        .header("content-encoding", "gzip")
        .body(vec![0x1f, 0x8b, 8, 0])
        .send()
        .await
        .unwrap();
    assert_eq!(packed.status(), 415);
    assert_eq!(scene.system.sql(STORED).await.unwrap(), "0");
}

#[tokio::test]
async fn a_body_with_two_lengths_is_never_two_requests() {
    let scene = Scene::on(Database::Sqlite).await;
    let hook = scene.system.hook_url().unwrap();
    let (_, path) = hook.split_once("//").unwrap().1.split_once('/').unwrap();
    let address = scene.system.base().trim_start_matches("http://").to_owned();
    let smuggled = format!(
        "POST /{path} HTTP/1.1\r\nhost: x\r\n{SECRET_HEADER}: {HOOK_SECRET}\r\ncontent-length: 2\r\n\r\n{{}}"
    );
    let request = format!(
        "POST /{path} HTTP/1.1\r\nhost: x\r\n{SECRET_HEADER}: wrong\r\ncontent-length: 4\r\n\
         transfer-encoding: chunked\r\n\r\n0\r\n\r\n{smuggled}"
    );
    let mut stream = TcpStream::connect(&address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    drop(tokio::time::timeout(Duration::from_secs(3), stream.read_to_end(&mut answer)).await);
    let answer = String::from_utf8_lossy(&answer);
    let first = answer.lines().next().unwrap_or_default();
    // Refused at once, or read as chunked: then what follows is a request of its own, openly.
    assert!(first.contains("401") || first.contains("400"), "{answer}");
    let other = format!(
        "POST /{path} HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\ncontent-length: 9\r\n\r\n{{}}{{}}"
    );
    let mut stream = TcpStream::connect(&address).await.unwrap();
    stream.write_all(other.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    drop(tokio::time::timeout(Duration::from_secs(3), stream.read_to_end(&mut answer)).await);
    assert!(String::from_utf8_lossy(&answer).starts_with("HTTP/1.1 400"));
}

#[tokio::test]
async fn a_slow_body_is_given_up() {
    let scene = Scene::on(Database::Sqlite).await;
    let hook = scene.system.hook_url().unwrap();
    let (_, path) = hook.split_once("//").unwrap().1.split_once('/').unwrap();
    let address = scene.system.base().trim_start_matches("http://").to_owned();
    let head = format!(
        "POST /{path} HTTP/1.1\r\nhost: x\r\n{SECRET_HEADER}: {HOOK_SECRET}\r\ncontent-length: 900\r\n\r\n"
    );
    let mut stream = TcpStream::connect(&address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let (mut reader, mut writer) = stream.into_split();
    let drip = tokio::spawn(async move {
        while writer.write_all(b" ").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    });
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(40), reader.read_to_end(&mut answer));
    drop(read.await.expect("the listener ends a slow request"));
    drip.abort();
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
}

#[tokio::test]
async fn a_connection_without_a_secret_does_not_start() {
    let system = System::prepare(Setup::on(Database::Sqlite)).await.unwrap();
    let empty =
        system.apply_file().replace("{ env = \"ACME_TELEGRAM_SECRET\" }", "{ value = \"\" }");
    let refused = system.try_apply(&empty).await.unwrap();
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("webhook_secret"), "{}", refused.stderr);
}
