//! The database goes away for a while.

use crate::hostile::post;
use crate::scene::Scene;
use rookery_tests::system::{Database, HOOK_SECRET, REPLY_LIMIT, Setup, System};
use serde_json::json;
use std::time::Duration;
use tokio::time::Instant;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_postgresql_is_gone_nothing_is_acknowledged_and_afterwards_nothing_is_missing() {
    let mut scene = Scene::with(Setup::on(Database::Postgres).own_server()).await;
    scene.asks_and_reads("before", "echo: before").await;
    let hook = scene.system.hook_url().unwrap();
    scene.system.postgres.as_ref().unwrap().crash().await.unwrap();
    let update = json!({ "update_id": 1 }).to_string().into_bytes();
    let status = post(&hook, Some(HOOK_SECRET), update).await;
    assert_eq!(status, 503);
    let during = scene.say("during").await;
    scene.system.bot.wait_for_calls(Duration::from_millis(1), |_| true).await.unwrap();
    let refused = wait_for_refusal(&scene, during).await;
    assert!(refused, "an update was acknowledged although nothing could store it");
    scene.system.postgres.as_ref().unwrap().resume().await.unwrap();
    let back = Instant::now();
    scene.system.bot.wait_for_acknowledgement(during, REPLY_LIMIT).await.unwrap();
    scene.reads("echo: during").await;
    assert!(back.elapsed() < Duration::from_secs(15), "{:?}", back.elapsed());
    scene.asks_and_reads("after", "echo: after").await;
    assert_eq!(scene.texts().await, ["echo: before", "echo: during", "echo: after"]);
    assert!(scene.system.process().unwrap().is_running());
}

async fn wait_for_refusal(scene: &Scene, update: i64) -> bool {
    let deadline = Instant::now() + REPLY_LIMIT;
    while Instant::now() < deadline {
        let mut attempts = scene.system.bot.deliveries().await;
        attempts.retain(|delivery| delivery.update_id == update);
        if !attempts.is_empty() {
            return attempts.iter().all(|attempt| attempt.status == Some(503));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    false
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_that_escapes_row_level_security_is_refused() {
    let mut system = System::prepare(Setup::on(Database::Postgres)).await.unwrap();
    let url = system.postgres.as_ref().unwrap().superuser_url().to_owned();
    system.launch.environment.push(("ROOKERY__STORAGE__URL".to_owned(), url));
    let refused = system.launch.serve_refused(Duration::from_secs(30)).await.unwrap();
    assert_eq!(refused.code, Some(1), "{}", refused.stderr);
    assert!(refused.stderr.to_lowercase().contains("superuser"), "{}", refused.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_does_not_sync_its_commits_is_refused() {
    let system = System::prepare(Setup::on(Database::Postgres).own_server()).await.unwrap();
    let server = system.postgres.as_ref().unwrap();
    server.query("alter role rookery_app set synchronous_commit = off").await.unwrap();
    let refused = system.launch.serve_refused(Duration::from_secs(30)).await.unwrap();
    assert_eq!(refused.code, Some(1), "{}", refused.stderr);
    assert!(refused.stderr.contains("synchronous_commit"), "{}", refused.stderr);
}
