//! Too much at once, and models that never answer.

use crate::scene::{Scene, answers};
use rookery_tests::fake::fault::{Fault, Rule, When};
use rookery_tests::fake::model::Answer;
use rookery_tests::fake::telegram::{Person, Place};
use rookery_tests::system::{Database, REPLY_LIMIT, Setup};
use std::time::{Duration, Instant};

on_both_databases!(a_full_lane_answers_503_and_when_to_come_back_and_loses_nothing);

async fn a_full_lane_answers_503_and_when_to_come_back_and_loses_nothing(database: Database) {
    let setup = Setup::on(database).setting("LIMITS__LANE_ROWS_MAX", "4");
    let scene = Scene::with(setup).await;
    answers(&scene.system.model, |ask| Answer {
        pause: Duration::from_millis(20),
        ..Answer::text(&format!("echo: {}", ask.last_user()))
    })
    .await;
    let people: Vec<Person> =
        (0..24).map(|number| Person::new(600 + number, &format!("Person {number}"))).collect();
    for person in &people {
        scene.system.bot.say(&Place::private(person), person, "hello").await.unwrap();
    }
    let all = scene
        .system
        .bot
        .wait_for_sent(REPLY_LIMIT, |sent| (sent.len() >= people.len()).then(|| sent.to_vec()));
    let all = all.await.unwrap();
    assert_eq!(all.len(), people.len(), "everybody is answered once");
    let deliveries = scene.system.bot.deliveries().await;
    let refused: Vec<_> = deliveries.iter().filter(|found| !found.acknowledged()).collect();
    assert!(!refused.is_empty(), "24 messages fit a lane of 4");
    for delivery in refused {
        assert_eq!(delivery.status, Some(503));
        assert!(delivery.retry_after.is_some_and(|seconds| seconds >= 1), "{delivery:?}");
    }
}

#[tokio::test]
async fn a_model_that_never_answers_is_told_to_people_in_time() {
    let setup = Setup::on(Database::Sqlite)
        .setting("LLM__FIRST_BYTE_MAX", "1s")
        .setting("LLM__IDLE_MAX", "1s");
    let scene = Scene::with(setup).await;
    scene.system.model.fault(Rule::new("openai", When::Always, Fault::Hang)).await;
    let began = Instant::now();
    scene.say("hello").await;
    scene.reads_part("(E-10").await;
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    scene.settles().await;
    assert_eq!(scene.texts().await.len(), 1, "one clear message");
}

#[tokio::test]
async fn one_stuck_conversation_does_not_hold_up_the_others() {
    let scene = Scene::on(Database::Sqlite).await;
    answers(&scene.system.model, |ask| Answer {
        pause: if ask.last_user() == "stuck" { Duration::from_mins(1) } else { Duration::ZERO },
        ..Answer::text(&format!("echo: {}", ask.last_user()))
    })
    .await;
    scene.say("stuck").await;
    scene.system.model.wait_for_calls(REPLY_LIMIT, |calls| calls.len() == 1).await.unwrap();
    for number in 0..5 {
        let person = Person::new(700 + number, "Ben");
        let place = Place::private(&person);
        let began = Instant::now();
        scene.system.bot.say(&place, &person, "hello").await.unwrap();
        let limit = Duration::from_secs(5);
        scene.system.bot.wait_for_text(place.chat_id, "echo: hello", limit).await.unwrap();
        assert!(began.elapsed() < limit);
    }
}
