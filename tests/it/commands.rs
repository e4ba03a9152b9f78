//! In-chat commands and what arrives while a turn runs.

use crate::scene::{Scene, answers};
use rookery_tests::fake::model::Answer;
use rookery_tests::system::{Database, REPLY_LIMIT, Setup};
use std::time::Duration;

on_both_databases!(
    commands_are_answered_without_the_model,
    a_fresh_conversation_forgets_what_was_said_before,
    a_fresh_conversation_may_begin_with_the_wish_for_one,
    a_running_answer_is_stopped,
    an_edit_of_a_waiting_message_survives_a_kill,
);

async fn commands_are_answered_without_the_model(database: Database) {
    let scene = Scene::on(database).await;
    for (command, part) in
        [("/start", "/help"), ("/help", "/privacy"), ("/usage", "0"), ("/privacy", "keep")]
    {
        let before = scene.texts().await.len();
        scene.say(command).await;
        let bot = &scene.system.bot;
        let chat = scene.chat.chat_id;
        let reply = bot.wait_for_sent(REPLY_LIMIT, |sent| {
            sent.iter().filter(|message| message.chat_id == chat).nth(before).cloned()
        });
        let text = reply.await.unwrap().text;
        assert!(text.to_lowercase().contains(part), "{command} said {text}");
    }
    assert!(scene.system.model.calls().await.is_empty());
    scene.settles().await;
    let outcomes = scene.system.sql("select distinct outcome from inbox").await.unwrap();
    assert_eq!(outcomes, "command");
}

async fn a_fresh_conversation_forgets_what_was_said_before(database: Database) {
    let scene = Scene::on(database).await;
    scene.asks_and_reads("my name is Ana", "echo: my name is Ana").await;
    scene.asks_and_reads("more", "echo: more").await;
    scene.say("/new").await;
    scene.settles().await;
    scene.asks_and_reads("and now", "echo: and now").await;
    let calls = scene.system.model.calls().await;
    let heard =
        |index: usize| calls[index].ask.messages.iter().any(|said| said.text == "my name is Ana");
    assert!(heard(1), "a running conversation remembers");
    assert!(!heard(2), "a fresh one does not");
}

async fn a_fresh_conversation_may_begin_with_the_wish_for_one(database: Database) {
    let scene = Scene::on(database).await;
    scene.say("/new").await;
    scene.asks_and_reads("hello", "echo: hello").await;
    scene.settles().await;
    let outcomes = "select count(*) from inbox where outcome in ('command', 'answered')";
    assert_eq!(scene.system.sql(outcomes).await.unwrap(), "2");
}

async fn a_running_answer_is_stopped(database: Database) {
    let scene = Scene::on(database).await;
    answers(&scene.system.model, |ask| match ask.last_user() {
        "slow" => Answer {
            pieces: vec!["w ".to_owned(); 400],
            pause: Duration::from_millis(100),
            ..Answer::default()
        },
        other => Answer::text(&format!("echo: {other}")),
    })
    .await;
    scene.say("slow").await;
    scene.system.model.wait_for_calls(REPLY_LIMIT, |calls| calls.len() == 1).await.unwrap();
    scene.say("/stop").await;
    scene.sql_becomes("select count(*) from turns where state = 'cancelled'", "1").await;
    scene.asks_and_reads("next", "echo: next").await;
    assert!(!scene.system.model.calls().await[0].ended(), "the model was not read to its end");
}

async fn an_edit_of_a_waiting_message_survives_a_kill(database: Database) {
    let mut scene = Scene::on(database).await;
    answers(&scene.system.model, |ask| match ask.last_user() {
        "slow" => Answer {
            pieces: vec!["done".to_owned()],
            pause: Duration::from_secs(3),
            ..Answer::default()
        },
        other => Answer::text(&format!("echo: {other}")),
    })
    .await;
    scene.say("slow").await;
    scene.system.model.wait_for_calls(REPLY_LIMIT, |calls| calls.len() == 1).await.unwrap();
    let (chat, ana) = (scene.chat.clone(), scene.ana.clone());
    let waiting = scene.system.bot.say(&chat, &ana, "a cake, please").await.unwrap();
    let change = (waiting.message_id, "two cakes, please");
    scene.system.bot.edit(&chat, &ana, change).await.unwrap();
    scene.sql_becomes("select count(*) from inbox where outcome is null", "3").await;
    scene.system.process().unwrap().kill().await.unwrap();
    scene.system.serve(None).await.unwrap();
    scene.reads("echo: two cakes, please").await;
    scene.settles().await;
    let merged = scene.system.sql("select count(*) from inbox where outcome = 'merged'").await;
    assert_eq!(merged.unwrap(), "1");
}

#[tokio::test]
async fn messages_within_the_debounce_window_become_one_turn() {
    let setup = Setup::on(Database::Sqlite).agent("while_busy = \"debounce\"\n");
    let scene = Scene::with(setup).await;
    for text in ["one", "two", "three"] {
        scene.say(text).await;
    }
    scene.reads_part("three").await;
    scene.settles().await;
    let answered = scene.system.model.calls().await.len();
    assert!(answered < 3, "{answered} turns for three messages at once");
    let counts = "select count(*) from inbox where outcome in ('answered', 'merged')";
    assert_eq!(scene.system.sql(counts).await.unwrap(), "3");
}

#[tokio::test]
async fn a_newer_message_interrupts_a_running_answer() {
    let setup = Setup::on(Database::Sqlite).agent("while_busy = \"interrupt\"\n");
    let scene = Scene::with(setup).await;
    answers(&scene.system.model, |ask| Answer {
        pieces: vec![format!("echo: {}", ask.last_user()); 1],
        pause: if ask.last_user() == "first" { Duration::from_secs(20) } else { Duration::ZERO },
        ..Answer::default()
    })
    .await;
    scene.say("first").await;
    scene.system.model.wait_for_calls(REPLY_LIMIT, |calls| calls.len() == 1).await.unwrap();
    scene.asks_and_reads("second", "echo: second").await;
    scene.settles().await;
    assert_eq!(scene.texts().await, ["echo: second"]);
}

#[tokio::test]
async fn a_used_up_day_is_told_once_with_its_end_and_commands_still_work() {
    let mut setup = Setup::on(Database::Sqlite);
    setup.tables = "[limits]\nmessages_per_day = 2\n".to_owned();
    let scene = Scene::with(setup).await;
    scene.asks_and_reads("one", "echo: one").await;
    scene.asks_and_reads("two", "echo: two").await;
    scene.say("three").await;
    scene.reads_part("(E-201)").await;
    scene.say("/help").await;
    scene.reads_part("/privacy").await;
    assert_eq!(scene.system.model.calls().await.len(), 2);
}
