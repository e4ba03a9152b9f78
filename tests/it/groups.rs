//! Groups, topics and buttons.

use crate::scene::Scene;
use rookery_tests::fake::telegram::{Person, Place};
use rookery_tests::system::{BOT_NAME, Database, REPLY_LIMIT, Setup};

#[tokio::test]
async fn in_a_group_only_what_is_addressed_is_answered_and_the_rest_is_context() {
    let scene = Scene::on(Database::Sqlite).await;
    let group = Place::group(-900, "Bakers");
    let ben = Person::new(502, "Ben");
    let bot = &scene.system.bot;
    bot.say(&group, &ben, "I like rye").await.unwrap();
    let mention = format!("@{BOT_NAME} what do I like?");
    let asked = bot.say(&group, &ben, &mention).await.unwrap();
    let reply = bot
        .wait_for_sent(REPLY_LIMIT, |sent| sent.iter().find(|m| m.chat_id == -900).cloned())
        .await
        .unwrap();
    assert!(reply.text.contains("what do I like?"), "{}", reply.text);
    assert_eq!(reply.reply_to, Some(asked.message_id));

    let again = bot.reply(&group, &scene.ana, (reply.message_id, "and me?")).await.unwrap();
    bot.wait_for_acknowledgement(again.update_id, REPLY_LIMIT).await.unwrap();
    bot.wait_for_sent(REPLY_LIMIT, |sent| {
        let in_group = sent.iter().filter(|message| message.chat_id == -900);
        (in_group.count() == 2).then_some(())
    })
    .await
    .unwrap();
    let calls = scene.system.model.calls().await;
    assert_eq!(calls.len(), 2, "one message was not addressed to the bot");
    let heard: Vec<_> = calls[0].ask.messages.iter().map(|said| said.text.clone()).collect();
    assert!(heard.iter().any(|text| text.contains("I like rye")), "{heard:?}");
}

#[tokio::test]
async fn a_command_for_another_bot_is_left_alone() {
    let scene = Scene::on(Database::Sqlite).await;
    let group = Place::group(-901, "Bakers");
    let bot = &scene.system.bot;
    let other = bot.say(&group, &scene.ana, "/help@other_bot").await.unwrap();
    bot.wait_for_acknowledgement(other.update_id, REPLY_LIMIT).await.unwrap();
    bot.say(&group, &scene.ana, &format!("/help@{BOT_NAME}")).await.unwrap();
    bot.wait_for_sent(REPLY_LIMIT, |sent| sent.iter().find(|m| m.chat_id == -901).cloned())
        .await
        .unwrap();
    scene.settles().await;
    assert_eq!(bot.sent_to(-901).await.len(), 1);
}

#[tokio::test]
async fn an_agent_can_be_set_to_answer_everything_in_a_group() {
    let setup = Setup::on(Database::Sqlite).agent("group_activation = \"always\"\n");
    let scene = Scene::with(setup).await;
    let group = Place::group(-902, "Bakers");
    scene.system.bot.say(&group, &scene.ana, "anybody?").await.unwrap();
    let found = scene.system.bot.wait_for_sent(REPLY_LIMIT, |sent| {
        sent.iter().find(|message| message.chat_id == -902).cloned()
    });
    assert!(found.await.unwrap().text.contains("anybody?"));
}

#[tokio::test]
async fn every_topic_of_a_forum_is_a_conversation_of_its_own() {
    let scene = Scene::on(Database::Sqlite).await;
    let bot = &scene.system.bot;
    for topic in [4, 5] {
        let place = Place::supergroup(-1_000_900, "Forum", Some(topic));
        bot.say(&place, &scene.ana, &format!("@{BOT_NAME} topic {topic}")).await.unwrap();
    }
    bot.wait_for_sent(REPLY_LIMIT, |sent| (sent.len() == 2).then_some(())).await.unwrap();
    for message in bot.sent().await {
        let topic = message.topic.unwrap();
        assert!(message.text.contains(&format!("topic {topic}")), "{message:?}");
    }
    assert_eq!(scene.system.sql("select count(*) from sessions").await.unwrap(), "2");
}

#[tokio::test]
async fn a_pressed_button_is_acknowledged() {
    let scene = Scene::on(Database::Sqlite).await;
    let sent = scene.asks_and_reads("hello", "echo: hello").await;
    scene.system.bot.press(&scene.chat, &scene.ana, (sent.message_id, "yes")).await.unwrap();
    let answered = scene.system.bot.wait_for_calls(REPLY_LIMIT, |calls| {
        calls.iter().any(|call| call.method == "answerCallbackQuery" && call.status == 200)
    });
    answered.await.unwrap();
}

#[tokio::test]
async fn a_group_that_became_a_supergroup_is_answered_under_its_new_id() {
    let scene = Scene::on(Database::Sqlite).await;
    let bot = &scene.system.bot;
    let group = Place::group(-903, "Bakers");
    bot.say(&group, &scene.ana, &format!("@{BOT_NAME} before")).await.unwrap();
    bot.wait_for_sent(REPLY_LIMIT, |sent| (!sent.is_empty()).then_some(())).await.unwrap();
    let place = bot.migrate(&group, &scene.ana, -1_000_903).await.unwrap();
    bot.say(&place, &scene.ana, &format!("@{BOT_NAME} after")).await.unwrap();
    let reply = bot.wait_for_sent(REPLY_LIMIT, |sent| {
        sent.iter().find(|message| message.chat_id == -1_000_903).cloned()
    });
    assert!(reply.await.unwrap().text.contains("after"));
}
