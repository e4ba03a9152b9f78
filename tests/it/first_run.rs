//! A fresh machine without any configuration.

use futures::StreamExt as _;
use rookery_tests::build::binary;
use rookery_tests::client::{Api, Socket};
use rookery_tests::fake::http_client;
use rookery_tests::launch::{Launch, Rookery, free_port};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

async fn fresh(directory: &Path) -> (Launch, Rookery) {
    let listen = format!("127.0.0.1:{}", free_port().unwrap());
    let launch = Launch {
        binary: binary().await.unwrap(),
        config: None,
        data_dir: directory.join("data"),
        directory: directory.to_owned(),
        environment: vec![
            ("ROOKERY__HTTP__LISTEN".to_owned(), listen),
            ("ROOKERY__OPS__LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
        ],
    };
    let rookery = launch.serve(None).await.unwrap();
    (launch, rookery)
}

/// The n-th one-time link among what the process and its predecessors printed.
async fn link(rookery: &Rookery, number: usize) -> (String, String) {
    let is_link = |word: &&str| {
        word.starts_with("http://") && word.contains("/chat/") && word.contains("token=")
    };
    let printed = async {
        loop {
            let log = rookery.log();
            if let Some(found) = log.split_whitespace().filter(is_link).nth(number - 1) {
                let (page, token) = found.split_once("?token=").unwrap();
                return (page.to_owned(), token.to_owned());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let limit = Duration::from_secs(10);
    let found = tokio::time::timeout(limit, printed).await;
    found.unwrap_or_else(|_| panic!("no link in {}", rookery.log()))
}

#[tokio::test]
async fn one_command_prints_a_link_and_the_chat_page_answers_through_the_offline_model() {
    let directory = tempfile::tempdir().unwrap();
    let (_launch, rookery) = fresh(directory.path()).await;
    let (page, token) = link(&rookery, 1).await;
    let client = http_client(Duration::from_secs(30)).unwrap();
    let shown = client.get(format!("{page}?token={token}")).send().await.unwrap();
    assert_eq!(shown.status(), 200);
    assert!(shown.text().await.unwrap().contains("<form"), "a prefetch must not use the link up");

    let form = format!("token={token}");
    let sign_in = || {
        let request = client.post(format!("{page}/sign-in")).body(form.clone());
        request.header("content-type", "application/x-www-form-urlencoded").send()
    };
    let signed_in = sign_in().await.unwrap();
    let cookie = signed_in
        .headers()
        .get("set-cookie")
        .map(|value| value.to_str().unwrap().split(';').next().unwrap().to_owned());
    assert_eq!(signed_in.status(), 303);
    let cookie = cookie.expect("a sign-in sets a cookie");
    assert!(cookie.contains('='));
    let again = sign_in().await.unwrap();
    assert_eq!(again.status(), 401, "a link works once");
}

#[tokio::test]
async fn a_made_key_talks_to_the_offline_model_which_says_what_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let (launch, rookery) = fresh(directory.path()).await;
    let made = launch.run(&["key", "create", "test", "--scopes", "chat,read"]).await.unwrap();
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    let made: Value = serde_json::from_str(&made.stdout).unwrap();
    let api = Api::new(&rookery.http, made["value"].as_str().unwrap()).unwrap();
    let reply = api.ask("helper", "hello there").await.unwrap();
    assert!(reply.to_lowercase().contains("offline"), "{reply}");
    let sum = api.ask("helper", "what is 12*7").await.unwrap();
    assert!(sum.contains("84"), "{sum}");

    let origin = rookery.http.clone();
    let mut socket = Socket::open(&rookery.http, "helper", Some(&origin)).await.unwrap();
    socket.send(&json!({ "type": "hello", "token": made["value"] })).await.unwrap();
    socket.until("hello").await.unwrap();
    socket.send(&json!({ "type": "message", "client_id": "1", "text": "hi" })).await.unwrap();
    let frames = socket.until("done").await.unwrap();
    assert!(frames.iter().any(|frame| frame["type"] == "message"), "{frames:?}");
}

#[tokio::test]
async fn the_second_start_keeps_everything_and_is_fast() {
    let directory = tempfile::tempdir().unwrap();
    let (launch, mut rookery) = fresh(directory.path()).await;
    let made = launch.run(&["key", "create", "test"]).await.unwrap();
    let made: Value = serde_json::from_str(&made.stdout).unwrap();
    let first = link(&rookery, 1).await;
    rookery.terminate().unwrap();
    assert!(rookery.ended(Duration::from_secs(30)).await.unwrap().success());
    let rookery = launch.serve(None).await.unwrap();
    assert_ne!(link(&rookery, 2).await.1, first.1, "every start prints a link of its own");
    let api = Api::new(&rookery.http, made["value"].as_str().unwrap()).unwrap();
    assert!(!api.ask("helper", "hello").await.unwrap().is_empty());
    let second = rookery.ready_after;
    assert!(second < Duration::from_secs(5), "{second:?} in an unoptimised build");
}

#[tokio::test]
async fn the_private_listener_tells_health_and_metrics_and_the_public_one_does_not() {
    let directory = tempfile::tempdir().unwrap();
    let (_launch, rookery) = fresh(directory.path()).await;
    let client = http_client(Duration::from_secs(10)).unwrap();
    for (path, part) in [("livez", ""), ("readyz", ""), ("metrics", "rookery_")] {
        let private = client.get(format!("{}/{path}", rookery.ops)).send().await.unwrap();
        assert_eq!(private.status(), 200, "{path}");
        assert!(private.text().await.unwrap().contains(part));
        let public = client.get(format!("{}/{path}", rookery.http)).send().await.unwrap();
        assert_eq!(public.status(), 404, "{path}");
    }
    let mut page = client.get(format!("{}/", rookery.http)).send().await.unwrap().bytes_stream();
    assert!(page.next().await.is_some());
}
