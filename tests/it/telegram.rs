//! From a Telegram update to its reply.

use crate::scene::{Scene, answers};
use rookery_tests::fake::fault::{Fault, Rule, When};
use rookery_tests::fake::model::{Answer, Wire};
use rookery_tests::fake::telegram::{Delivery, Place};
use rookery_tests::system::{BOT_NAME, Database, HOOK_SECRET, REPLY_LIMIT, Setup};
use serde_json::json;
use std::time::Duration;

on_both_databases!(
    an_update_gets_its_reply_over_the_openai_wire,
    an_update_gets_its_reply_over_the_anthropic_wire,
    a_bot_that_fetches_its_updates_replies,
    messages_of_one_chat_are_answered_in_order_once_each,
    a_redelivered_update_has_one_effect,
);

async fn an_update_gets_its_reply_over_the_openai_wire(database: Database) {
    replies_over(database, Wire::OpenAi).await;
}

async fn an_update_gets_its_reply_over_the_anthropic_wire(database: Database) {
    replies_over(database, Wire::Anthropic).await;
}

async fn replies_over(database: Database, wire: Wire) {
    let scene = Scene::with(Setup::on(database).wire(wire)).await;
    let update = scene.say("hello there").await;
    scene.reads("echo: hello there").await;
    let attempts = scene.system.bot.wait_for_acknowledgement(update, REPLY_LIMIT).await.unwrap();
    assert_eq!(attempts.len(), 1);
    assert_eq!((attempts[0].status, attempts[0].body_bytes), (Some(200), 0));
    let calls = scene.system.model.calls().await;
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].wire, wire);
    assert!(calls[0].ask.system().contains("customers of a bakery"));
    let (url, secret) = scene.system.bot.webhook().await.unwrap();
    assert_eq!((url, secret.as_deref()), (scene.system.hook_url().unwrap(), Some(HOOK_SECRET)));
}

async fn a_bot_that_fetches_its_updates_replies(database: Database) {
    let scene = Scene::with(Setup::on(database).polling()).await;
    scene.asks_and_reads("hello", "echo: hello").await;
    scene.asks_and_reads("again", "echo: again").await;
    assert!(scene.system.bot.webhook().await.is_none());
    assert_eq!(scene.texts().await.len(), 2);
}

async fn messages_of_one_chat_are_answered_in_order_once_each(database: Database) {
    let scene = Scene::on(database).await;
    for number in 1..=12 {
        scene.say(&format!("number {number}")).await;
    }
    scene.reads("echo: number 12").await;
    scene.settles().await;
    let expected: Vec<String> = (1..=12).map(|number| format!("echo: number {number}")).collect();
    assert_eq!(scene.texts().await, expected);
}

async fn a_redelivered_update_has_one_effect(database: Database) {
    let scene = Scene::on(database).await;
    let every = Rule::new("webhook", When::Always, Fault::DuplicateUpdate);
    scene.system.telegram.fault(every).await;
    for number in 1..=5 {
        scene.say(&format!("number {number}")).await;
    }
    scene.reads("echo: number 5").await;
    scene.settles().await;
    let deliveries = scene.system.bot.deliveries().await;
    assert!(deliveries.len() > 5 && deliveries.iter().all(Delivery::acknowledged));
    assert_eq!(scene.texts().await.len(), 5);
}

#[tokio::test]
async fn formatting_arrives_as_the_platforms_own() {
    let scene = Scene::on(Database::Sqlite).await;
    let markdown = "**Bold.** and `code` (1.5 > 1)\n\n```rust\nlet a = 1;\n```";
    answers(&scene.system.model, move |_| Answer::text(markdown)).await;
    scene.say("format").await;
    let message = scene.reads_part("Bold.").await;
    let kinds: Vec<_> = message.entities.iter().map(|entity| entity.kind).collect();
    assert_eq!(kinds, ["bold", "code", "pre"], "{message:?}");
    assert_eq!(message.entities[2].argument.as_deref(), Some("rust"));
    assert!(message.text.starts_with("Bold. and code (1.5 > 1)"), "{}", message.text);
    let refused = scene.system.bot.calls().await;
    assert!(refused.iter().all(|call| call.status == 200), "nothing had to be sent twice");
}

#[tokio::test]
async fn a_long_answer_arrives_whole_in_several_messages() {
    let scene = Scene::on(Database::Sqlite).await;
    let words: Vec<String> = (0..2_500).map(|number| format!("word{number}")).collect();
    let whole = words.join(" ");
    let said = whole.clone();
    answers(&scene.system.model, move |_| Answer {
        pieces: vec![said.clone()],
        ..Answer::default()
    })
    .await;
    scene.say("long").await;
    scene.reads_part("word2499").await;
    scene.settles().await;
    let texts = scene.texts().await;
    assert!(texts.len() > 4);
    assert!(texts.iter().all(|text| text.encode_utf16().count() <= 4096));
    let read: Vec<&str> = texts.iter().flat_map(|text| text.split_whitespace()).collect();
    assert_eq!(read, words);
}

#[tokio::test]
async fn a_slow_answer_shows_typing_and_grows_by_edits_into_exactly_the_final_text() {
    let scene = Scene::on(Database::Sqlite).await;
    let pieces: Vec<String> = (0..60).map(|number| format!("w{number} ")).collect();
    let whole = pieces.concat().trim_end().to_owned();
    answers(&scene.system.model, move |_| Answer {
        pieces: pieces.clone(),
        pause: Duration::from_millis(100),
        ..Answer::default()
    })
    .await;
    let message = scene.asks_and_reads("slow", &whole).await;
    assert!(message.versions.len() >= 2, "{:?}", message.versions);
    assert_eq!(scene.texts().await, [whole], "one message, whatever its versions");
    let calls = scene.system.bot.calls().await;
    assert!(calls.iter().any(|call| call.method == "sendChatAction"));
    let edits: Vec<_> = calls.iter().filter(|call| call.method == "editMessageText").collect();
    for pair in edits.windows(2).rev().skip(1) {
        let pause = pair[1].at.saturating_sub(pair[0].at);
        assert!(pause >= Duration::from_millis(1_300), "edits {pause:?} apart");
    }
}

#[tokio::test]
async fn a_flood_wait_is_honoured_and_nothing_is_lost() {
    let scene = Scene::on(Database::Sqlite).await;
    let flood = Fault::TooManyRequests { retry_after: 2 };
    scene.system.telegram.fault(Rule::new("sendMessage", When::Nth(1), flood)).await;
    scene.asks_and_reads("one", "echo: one").await;
    let calls = scene.system.bot.calls_of("sendMessage").await;
    assert_eq!(calls.iter().map(|call| call.status).collect::<Vec<_>>(), [429, 200]);
    let pause = calls[1].at.saturating_sub(calls[0].at);
    assert!(pause >= Duration::from_secs(2), "{pause:?}");
    assert_eq!(scene.texts().await, ["echo: one"]);
}

#[tokio::test]
async fn markup_that_the_platform_refuses_is_sent_as_plain_text() {
    let scene = Scene::on(Database::Sqlite).await;
    answers(&scene.system.model, |_| {
        Answer::text("*_[]()~`>#+-=|{}.! \\ **a_ [x](javascript:alert(1)) <b>")
    })
    .await;
    scene.say("hostile").await;
    let message = scene.reads_part("a x <b>").await;
    let links: Vec<_> =
        message.entities.iter().filter(|entity| entity.kind == "text_link").collect();
    assert!(links.is_empty(), "{links:?}");
    scene.settles().await;
    assert_eq!(scene.texts().await.len(), 1);
}

#[tokio::test]
async fn every_other_kind_of_update_is_taken_and_stored_without_an_answer() {
    let scene = Scene::on(Database::Sqlite).await;
    let bot = &scene.system.bot;
    let poll = json!({ "id": "1", "question": "?", "options": [], "total_voter_count": 0,
        "is_closed": false, "is_anonymous": true, "type": "regular", "allows_multiple_answers": false });
    bot.raw_update("poll", "poll", poll).await.unwrap();
    let said = bot.say(&scene.chat, &scene.ana, "hello").await.unwrap();
    scene.reads("echo: hello").await;
    bot.edit(&scene.chat, &scene.ana, (said.message_id, "hello, edited")).await.unwrap();
    bot.membership(&Place::group(-77, "Bakers"), &scene.ana, "member").await.unwrap();
    scene.settles().await;
    assert_eq!(scene.texts().await, ["echo: hello"]);
    let outcomes = "select outcome from inbox order by id";
    let outcomes = scene.system.sql(outcomes).await.unwrap();
    assert!(
        outcomes.lines().all(|outcome| outcome == "answered" || outcome == "ignored"),
        "{outcomes}"
    );
}

#[tokio::test]
async fn a_photo_without_words_is_answered_with_what_to_do() {
    let scene = Scene::on(Database::Sqlite).await;
    let photo = json!({ "photo": [
        { "file_id": "small", "file_unique_id": "s", "width": 90, "height": 90, "file_size": 900 },
        { "file_id": "large", "file_unique_id": "l", "width": 900, "height": 900, "file_size": 90000 },
    ] });
    scene.system.bot.post(&scene.chat, &scene.ana, photo).await.unwrap();
    scene.reads_part("(E-302)").await;
    assert!(scene.system.model.calls().await.is_empty());
}

#[tokio::test]
async fn the_commands_are_registered_with_the_platform() {
    let scene = Scene::on(Database::Sqlite).await;
    scene
        .system
        .bot
        .wait_for_calls(REPLY_LIMIT, |calls| {
            calls.iter().any(|call| call.method == "setMyCommands")
        })
        .await
        .unwrap();
    let commands = scene.system.bot.commands().await;
    let names: Vec<_> = commands.as_array().unwrap().iter().map(|c| c["command"].clone()).collect();
    for name in ["start", "help", "new", "reset", "stop", "usage", "privacy"] {
        assert!(names.contains(&json!(name)), "{name} is not among {names:?}");
    }
    assert!(BOT_NAME.ends_with("bot"));
}
