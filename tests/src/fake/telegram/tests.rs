use super::{FakeTelegram, Person, Place, Timing};
use crate::fake::fault::{Fault, Rule, When};
use crate::fake::http_client;
use axum::http::StatusCode;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

const TOKEN: &str = "123456:TEST-token";
const LIMIT: Duration = Duration::from_secs(10);

async fn call(fake: &FakeTelegram, method: &str, body: Value) -> (u16, Value) {
    let response = http_client(LIMIT)
        .unwrap()
        .post(format!("{}/bot{TOKEN}/{method}", fake.url()))
        .json(&body)
        .send()
        .await
        .unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

async fn fake_with_chat() -> (FakeTelegram, super::BotHandle, Person, Place) {
    let fake = FakeTelegram::start().await.unwrap();
    let bot = fake.bot(TOKEN, "acme_bot").await.unwrap();
    let ana = Person::new(7, "Ana");
    let place = Place::private(&ana);
    bot.say(&place, &ana, "hi").await.unwrap();
    (fake, bot, ana, place)
}

/// Update ids, each with the secret it came with.
type Received = Vec<(i64, Option<String>)>;

/// A webhook that answers with scripted statuses and keeps what it got.
struct Hook {
    url: String,
    got: Arc<Mutex<Received>>,
}

async fn hook(answers: Vec<(u16, Option<u64>)>) -> Hook {
    let got = Arc::new(Mutex::new(Vec::new()));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let state = (Arc::clone(&got), Arc::new(Mutex::new(answers)));
    let app = axum::Router::new().fallback(
        move |headers: axum::http::HeaderMap, body: axum::body::Bytes| {
            let (got, answers) = state.clone();
            async move {
                let update: Value = serde_json::from_slice(&body).unwrap();
                let secret = headers
                    .get("x-telegram-bot-api-secret-token")
                    .map(|value| value.to_str().unwrap().to_owned());
                got.lock().await.push((update["update_id"].as_i64().unwrap(), secret));
                let mut answers = answers.lock().await;
                let (status, retry) =
                    if answers.is_empty() { (200, None) } else { answers.remove(0) };
                let mut headers = axum::http::HeaderMap::new();
                if let Some(seconds) = retry {
                    headers.insert("retry-after", seconds.into());
                }
                (StatusCode::from_u16(status).unwrap(), headers)
            }
        },
    );
    tokio::spawn(async move { axum::serve(listener, app).await });
    Hook { url, got }
}

#[tokio::test]
async fn unknown_tokens_and_methods_are_refused_as_by_the_vendor() {
    let (fake, _bot, ..) = fake_with_chat().await;
    let client = http_client(LIMIT).unwrap();
    let status = |path: &str| {
        let request = client.get(format!("{}/{path}", fake.url()));
        async move { request.send().await.unwrap().status().as_u16() }
    };
    assert_eq!(status("bot999:none/getMe").await, 401);
    assert_eq!(status("elsewhere").await, 404);
    assert_eq!(call(&fake, "sendNothing", json!({})).await.0, 404);
    let (_, me) = call(&fake, "getme", json!({})).await;
    assert_eq!(me["result"]["username"], "acme_bot");
}

#[tokio::test]
async fn malformed_markup_is_refused_and_plain_text_is_not() {
    let (fake, bot, ..) = fake_with_chat().await;
    let marked = json!({ "chat_id": 7, "text": "Hello.", "parse_mode": "MarkdownV2" });
    let (status, body) = call(&fake, "sendMessage", marked).await;
    assert_eq!(status, 400);
    assert_eq!(
        body["description"],
        "Bad Request: can't parse entities: Character '.' is reserved and must be escaped with the preceding '\\'"
    );
    let (status, body) =
        call(&fake, "sendMessage", json!({ "chat_id": 7, "text": "Hello." })).await;
    assert_eq!(status, 200);
    assert_eq!(body["result"]["text"], "Hello.");
    assert_eq!(bot.sent().await.len(), 1);
}

#[tokio::test]
async fn the_limit_counts_utf16_units_after_parsing() {
    let (fake, ..) = fake_with_chat().await;
    let send = |text: String, mode: Option<&str>| {
        let mut body = json!({ "chat_id": 7, "text": text });
        if let Some(mode) = mode {
            body["parse_mode"] = json!(mode);
        }
        let fake = &fake;
        async move { call(fake, "sendMessage", body).await.0 }
    };
    assert_eq!(send("🦜".repeat(2048), None).await, 200);
    assert_eq!(send("🦜".repeat(2049), None).await, 400);
    assert_eq!(send("\\.".repeat(4096), Some("MarkdownV2")).await, 200);
    assert_eq!(send(" \n".to_owned(), None).await, 400);
}

#[tokio::test]
async fn an_edit_to_the_same_text_or_of_nothing_is_refused() {
    let (fake, bot, ..) = fake_with_chat().await;
    let (_, sent) = call(&fake, "sendMessage", json!({ "chat_id": 7, "text": "one" })).await;
    let id = sent["result"]["message_id"].as_i64().unwrap();
    let edit = |id: i64, text: &str| {
        let body = json!({ "chat_id": 7, "message_id": id, "text": text });
        let fake = &fake;
        async move {
            call(fake, "editMessageText", body).await.1["description"].as_str().map(str::to_owned)
        }
    };
    assert!(edit(id, "one").await.unwrap().contains("message is not modified"));
    assert_eq!(edit(id, "two").await, None);
    assert!(edit(999, "x").await.unwrap().contains("message to edit not found"));
    assert!(edit(1, "x").await.unwrap().contains("message can't be edited"));
    assert_eq!(bot.sent().await[0].versions, ["one", "two"]);
}

#[tokio::test]
async fn long_polling_confirms_by_offset_and_has_one_consumer() {
    let (fake, bot, ana, place) = fake_with_chat().await;
    let (_, first) = call(&fake, "getUpdates", json!({ "timeout": 0 })).await;
    let id = first["result"][0]["update_id"].as_i64().unwrap();
    let (_, again) = call(&fake, "getUpdates", json!({ "timeout": 0 })).await;
    assert_eq!(again["result"].as_array().unwrap().len(), 1, "unconfirmed updates come again");

    let waiting = call(&fake, "getUpdates", json!({ "offset": id + 1, "timeout": 30 }));
    let talk = async {
        let _second_call = bot.say(&place, &ana, "again").await.unwrap();
    };
    let ((status, got), ()) = tokio::join!(waiting, talk);
    assert_eq!((status, got["result"][0]["message"]["text"].as_str()), (200, Some("again")));

    let newest = got["result"][0]["update_id"].as_i64().unwrap();
    let long = call(&fake, "getUpdates", json!({ "offset": newest + 1, "timeout": 30 }));
    let usurper = async {
        bot.wait_for_calls(LIMIT, |_| true).await.unwrap();
        loop {
            let (_, body) = call(&fake, "getUpdates", json!({ "timeout": 0 })).await;
            if body["ok"] == true {
                return;
            }
        }
    };
    let ((status, body), ()) = tokio::join!(long, usurper);
    assert_eq!(status, 409, "{body}");
    assert!(body["description"].as_str().unwrap().contains("terminated by other getUpdates"));
}

#[tokio::test]
async fn a_webhook_excludes_long_polling_and_its_secret_is_checked() {
    let (fake, bot, ..) = fake_with_chat().await;
    let hook = hook(vec![]).await;
    let (status, _) =
        call(&fake, "setWebhook", json!({ "url": hook.url, "secret_token": "a b" })).await;
    assert_eq!(status, 400);
    let (status, _) =
        call(&fake, "setWebhook", json!({ "url": hook.url, "secret_token": "s3cret" })).await;
    assert_eq!(status, 200);
    let (status, body) = call(&fake, "getUpdates", json!({})).await;
    assert_eq!(status, 409);
    assert!(body["description"].as_str().unwrap().contains("webhook is active"));
    bot.wait_for_acknowledgement(100_000, LIMIT).await.unwrap();
    assert_eq!(hook.got.lock().await[0], (100_000, Some("s3cret".to_owned())));
    let (_, info) = call(&fake, "getWebhookInfo", json!({})).await;
    assert_eq!(info["result"]["url"], json!(hook.url));
}

#[tokio::test]
async fn a_refused_update_is_repeated_until_taken_and_holds_back_only_its_own_chat() {
    let (fake, bot, ana, place) = fake_with_chat().await;
    let hook = hook(vec![(500, None), (503, Some(2)), (500, None)]).await;
    let second = bot.say(&place, &ana, "second").await.unwrap();
    call(&fake, "setWebhook", json!({ "url": hook.url })).await;
    bot.wait_for_acknowledgement(second.update_id, LIMIT).await.unwrap();
    let order: Vec<i64> = hook.got.lock().await.iter().map(|(id, _)| *id).collect();
    assert_eq!(order, [100_000, 100_000, 100_000, 100_000, 100_001]);
    let deliveries = bot.deliveries().await;
    assert_eq!(deliveries[1].retry_after, Some(2));
    let pause = deliveries[2].at.saturating_sub(deliveries[1].at);
    assert!(pause >= 2 * Timing::default().second, "{pause:?}");
    assert_eq!(bot.pending_updates().await, 0);
}

#[tokio::test]
async fn duplicates_and_reordering_happen_when_told() {
    let (fake, bot, ana, place) = fake_with_chat().await;
    bot.say(&place, &ana, "second").await.unwrap();
    fake.fault(Rule::new("webhook", When::Nth(1), Fault::ReorderUpdates)).await;
    fake.fault(Rule::new("webhook", When::Nth(2), Fault::DuplicateUpdate)).await;
    let hook = hook(vec![]).await;
    call(&fake, "setWebhook", json!({ "url": hook.url })).await;
    bot.wait_for_acknowledgement(100_000, LIMIT).await.unwrap();
    let third = bot.say(&place, &ana, "third").await.unwrap();
    bot.wait_for_acknowledgement(third.update_id, LIMIT).await.unwrap();
    let order: Vec<i64> = hook.got.lock().await.iter().map(|(id, _)| *id).collect();
    assert_eq!(order, [100_001, 100_000, 100_000, 100_002]);
}

#[tokio::test]
async fn an_older_update_comes_again_after_a_newer_one_when_told() {
    let (fake, bot, ana, place) = fake_with_chat().await;
    let hook = hook(vec![]).await;
    call(&fake, "setWebhook", json!({ "url": hook.url })).await;
    bot.wait_for_acknowledgement(100_000, LIMIT).await.unwrap();
    let second = bot.say(&place, &ana, "second").await.unwrap();
    bot.wait_for_acknowledgement(second.update_id, LIMIT).await.unwrap();
    fake.fault(Rule::new("webhook", When::Nth(1), Fault::RepeatOlderUpdate)).await;
    bot.say(&place, &ana, "third").await.unwrap();
    let fourth = bot.say(&place, &ana, "fourth").await.unwrap();
    bot.wait_for_acknowledgement(fourth.update_id, LIMIT).await.unwrap();
    let order: Vec<i64> = hook.got.lock().await.iter().map(|(id, _)| *id).collect();
    assert_eq!(order, [100_000, 100_001, 100_002, 100_000, 100_003]);
}

#[tokio::test]
async fn faults_lie_about_what_was_committed() {
    let (fake, bot, ..) = fake_with_chat().await;
    let message = || json!({ "chat_id": 7, "text": "one" });
    for (fault, status) in [
        (Fault::TooManyRequests { retry_after: 3 }, 429),
        (Fault::ErrorBefore(502), 502),
        (Fault::ErrorAfter(500), 500),
    ] {
        fake.fault(Rule::new("sendMessage", When::Always, fault)).await;
        let (got, body) = call(&fake, "sendMessage", message()).await;
        assert_eq!(got, status);
        if status == 429 {
            assert_eq!(body["parameters"]["retry_after"], 3);
        }
        fake.clear_faults().await;
    }
    fake.fault(Rule::new("sendMessage", When::Always, Fault::CutAfter)).await;
    let cut = http_client(LIMIT)
        .unwrap()
        .post(format!("{}/bot{TOKEN}/sendMessage", fake.url()))
        .json(&message())
        .send()
        .await;
    let broken = match cut {
        Ok(response) => response.bytes().await.is_err(),
        Err(_) => true,
    };
    assert!(broken);
    assert_eq!(bot.sent().await.len(), 2, "two of the four calls had an effect");
    let committed: Vec<bool> = bot.calls().await.iter().map(|call| call.committed).collect();
    assert_eq!(committed, [false, false, true, true]);
}

#[tokio::test]
async fn a_blocked_bot_and_a_moved_group_are_refused_with_what_to_do() {
    let (fake, bot, ana, place) = fake_with_chat().await;
    bot.membership(&place, &ana, "kicked").await.unwrap();
    let (status, body) = call(&fake, "sendMessage", json!({ "chat_id": 7, "text": "x" })).await;
    assert_eq!(
        (status, body["description"].as_str()),
        (403, Some("Forbidden: bot was blocked by the user"))
    );

    let group = Place::group(-5, "Bakers");
    bot.say(&group, &ana, "hello").await.unwrap();
    bot.migrate(&group, &ana, -1_005).await.unwrap();
    let (status, body) = call(&fake, "sendMessage", json!({ "chat_id": -5, "text": "x" })).await;
    assert_eq!((status, body["parameters"]["migrate_to_chat_id"].as_i64()), (400, Some(-1_005)));
    let (status, _) = call(&fake, "sendMessage", json!({ "chat_id": -1_005, "text": "x" })).await;
    assert_eq!(status, 200);
    let (status, _) = call(&fake, "sendMessage", json!({ "chat_id": 404, "text": "x" })).await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn a_press_can_be_answered_once() {
    let (fake, bot, ana, place) = fake_with_chat().await;
    let id = bot.press(&place, &ana, (2, "yes")).await.unwrap();
    let answer = json!({ "callback_query_id": id });
    assert_eq!(call(&fake, "answerCallbackQuery", answer.clone()).await.0, 200);
    assert_eq!(call(&fake, "answerCallbackQuery", answer).await.0, 400);
}

#[tokio::test]
async fn commands_mentions_and_topics_are_marked_as_by_the_vendor() {
    let (fake, bot, ana, _) = fake_with_chat().await;
    let forum = Place::supergroup(-1_009, "Forum", Some(4));
    bot.say(&forum, &ana, "🦜 @acme_bot /help").await.unwrap();
    let (_, updates) = call(&fake, "getUpdates", json!({ "offset": -1 })).await;
    let message = &updates["result"][0]["message"];
    assert_eq!(message["message_thread_id"], 4);
    assert_eq!(
        message["entities"],
        json!([
            { "type": "mention", "offset": 3, "length": 9 },
            { "type": "bot_command", "offset": 13, "length": 5 },
        ])
    );
}
