//! Sends of unknown outcome on a platform without idempotency keys.

use crate::scene::Scene;
use rookery_tests::fake::fault::{Fault, Rule, When};
use rookery_tests::system::{Database, Setup};

on_both_databases!(an_unknown_send_is_repeated_and_declared, a_silent_bot_does_not_repeat_it);

const DECLARED: &str = "select count(*) from audit_log where action = 'outbox.ambiguous'";

async fn an_unknown_send_is_repeated_and_declared(database: Database) {
    for fault in [Fault::ErrorAfter(500), Fault::CutAfter] {
        let scene = Scene::on(database).await;
        scene.system.telegram.fault(Rule::new("sendMessage", When::Nth(1), fault)).await;
        scene.say("hello").await;
        scene.sql_becomes("select count(*) from outbox where status = 'sent'", "1").await;
        assert_eq!(scene.texts().await, ["echo: hello", "echo: hello"]);
        assert_eq!(scene.system.sql(DECLARED).await.unwrap(), "1");
        let marked = "select count(*) from outbox where was_ambiguous";
        assert_eq!(scene.system.sql(marked).await.unwrap(), "1");
    }
}

async fn a_silent_bot_does_not_repeat_it(database: Database) {
    let setup = Setup::on(database).agent("on_ambiguous = \"stay-silent\"\n");
    let scene = Scene::with(setup).await;
    let cut = Rule::new("sendMessage", When::Nth(1), Fault::CutAfter);
    scene.system.telegram.fault(cut).await;
    scene.say("hello").await;
    scene.sql_becomes("select count(*) from outbox where status = 'ambiguous'", "1").await;
    scene.asks_and_reads("next", "echo: next").await;
    assert_eq!(scene.texts().await, ["echo: hello", "echo: next"]);
    assert_eq!(scene.system.sql(DECLARED).await.unwrap(), "1");
}

#[tokio::test]
async fn a_send_that_certainly_did_not_happen_is_repeated_without_a_declaration() {
    let scene = Scene::on(Database::Sqlite).await;
    let flood = Fault::TooManyRequests { retry_after: 1 };
    scene.system.telegram.fault(Rule::new("sendMessage", When::Nth(1), flood)).await;
    scene.asks_and_reads("hello", "echo: hello").await;
    scene.settles().await;
    assert_eq!(scene.texts().await, ["echo: hello"]);
    assert_eq!(scene.system.sql(DECLARED).await.unwrap(), "0");
}
