//! What people see when models fail, call tools or do not say what they cost.

use crate::scene::{Scene, answers};
use rookery_tests::fake::fault::{Fault, Rule, When};
use rookery_tests::fake::model::{Answer, Wire};
use rookery_tests::system::{Database, REPLY_LIMIT, Setup, System};
use std::time::{Duration, Instant};

on_both_databases!(
    a_tool_runs_and_its_result_is_in_the_answer,
    a_second_provider_takes_over_within_two_seconds,
);

async fn a_tool_runs_and_its_result_is_in_the_answer(database: Database) {
    for wire in Wire::ALL {
        let scene = Scene::with(Setup::on(database).wire(wire)).await;
        scene
            .asks_and_reads("sum [tool calculator {\"expression\":\"6*7\"}]", "echo: sum tool: 42")
            .await;
        let steps = "select count(*) from turn_steps";
        assert_ne!(
            scene.system.sql(steps).await.unwrap(),
            "0",
            "the journal has the tool's result"
        );
    }
}

/// A system whose first provider is on the OpenAI wire and whose second is on the other one.
async fn with_spare(database: Database) -> Scene {
    let mut system = System::prepare(Setup::on(database)).await.unwrap();
    let spare = [
        ("KIND", "anthropic".to_owned()),
        ("BASE_URL", system.model.base_url(Wire::Anthropic)),
        ("API_KEY", system.model.key()),
    ];
    for (name, value) in spare {
        let name = format!("ROOKERY__LLM__PROVIDERS__SPARE__{name}");
        system.launch.environment.push((name, value));
    }
    let route = "main/fake-1,spare/fake-1".to_owned();
    system.launch.environment.push(("ROOKERY__LLM__ROLES__CHAT".to_owned(), route));
    system.serve(None).await.unwrap();
    system.applied = system.apply(&system.apply_file()).await.unwrap();
    system.wait_until_connected().await.unwrap();
    let ana = rookery_tests::fake::telegram::Person::new(501, "Ana");
    let chat = rookery_tests::fake::telegram::Place::private(&ana);
    Scene { system, ana, chat }
}

async fn a_second_provider_takes_over_within_two_seconds(database: Database) {
    for fault in
        [Fault::TooManyRequests { retry_after: 30 }, Fault::ErrorBefore(500), Fault::CutBefore]
    {
        let scene = with_spare(database).await;
        scene.system.model.fault(Rule::new("openai", When::Always, fault)).await;
        let began = Instant::now();
        scene.asks_and_reads("hello", "echo: hello").await;
        let calls = scene.system.model.calls().await;
        let first = calls.iter().find(|call| call.wire == Wire::OpenAi).unwrap();
        let second = calls.iter().find(|call| call.wire == Wire::Anthropic).unwrap();
        let gap = second.at.saturating_sub(first.at);
        assert!(gap <= Duration::from_secs(2), "{fault:?}: {gap:?}");
        assert!(began.elapsed() < Duration::from_secs(10));
    }
}

#[tokio::test]
async fn a_model_that_breaks_off_leads_to_one_clear_message_and_one_charge() {
    let scene = Scene::on(Database::Sqlite).await;
    let cut = Rule::new("openai", When::Always, Fault::CutMidStream(2));
    scene.system.model.fault(cut).await;
    scene.say("a b c d e f").await;
    scene.reads_part("(E-10").await;
    scene.settles().await;
    let texts = scene.texts().await;
    let notices = texts.iter().filter(|text| text.contains("(E-")).count();
    assert_eq!(notices, 1, "{texts:?}");
    assert!(texts.iter().all(|text| !text.contains("127.0.0.1")), "no details for people");
}

#[tokio::test]
async fn a_busy_model_without_a_spare_is_told_to_people_without_details() {
    let scene = Scene::on(Database::Sqlite).await;
    let busy = Rule::new("openai", When::Always, Fault::ErrorBefore(500));
    scene.system.model.fault(busy).await;
    scene.say("hello").await;
    let notice = scene.reads_part("(E-101)").await;
    assert!(!notice.text.contains("server had an error"), "{}", notice.text);
}

#[tokio::test]
async fn a_cost_that_the_provider_does_not_say_is_estimated_and_marked() {
    let scene = Scene::on(Database::Sqlite).await;
    let query = "select estimated from usage_events where kind = 'completion' order by id";
    scene.asks_and_reads("known", "echo: known").await;
    scene.system.model.fault(Rule::new("openai", When::Always, Fault::NoUsage)).await;
    scene.asks_and_reads("unknown", "echo: unknown").await;
    scene.sql_becomes(query, "0\n1").await;
}

#[tokio::test]
async fn the_runtime_adds_little_to_the_prompt() {
    let scene = Scene::on(Database::Sqlite).await;
    scene.asks_and_reads("hello", "echo: hello").await;
    let call = scene.system.model.calls().await.remove(0);
    let ours = "You answer customers of a bakery in two sentences.".len() + "hello".len();
    let all: usize = call.ask.messages.iter().map(|said| said.text.len()).sum();
    let added = (all - ours).div_ceil(4);
    assert!(added <= 300, "{added} tokens: {:?}", call.ask.messages);
}

#[tokio::test]
async fn an_empty_answer_is_not_sent_as_an_empty_message() {
    let scene = Scene::on(Database::Sqlite).await;
    answers(&scene.system.model, |_| Answer::text("")).await;
    let update = scene.say("hello").await;
    scene.system.bot.wait_for_acknowledgement(update, REPLY_LIMIT).await.unwrap();
    scene.settles().await;
    let calls = scene.system.bot.calls_of("sendMessage").await;
    assert!(calls.iter().all(|call| call.status == 200), "{calls:?}");
}
