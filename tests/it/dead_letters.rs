//! Poison, and what a platform refuses for good: stored, listed, replayable, and harmless to
//! everybody else.

use crate::hostile::post;
use crate::scene::Scene;
use rookery_tests::fake::fault::{Fault, Rule, When};
use rookery_tests::launch::Finished;
use rookery_tests::system::{Database, HOOK_SECRET};
use serde_json::Value;

const GIVEN_UP: &str = "select count(*) from outbox where status = 'dead'";

on_both_databases!(
    poison_is_listed_and_a_replay_has_one_effect,
    a_reply_that_was_refused_for_good_is_listed_and_a_replay_sends_it_once,
);

async fn poison_is_listed_and_a_replay_has_one_effect(database: Database) {
    let scene = Scene::on(database).await;
    let hook = scene.system.hook_url().unwrap();
    assert_eq!(post(&hook, Some(HOOK_SECRET), b"\x00 not json".to_vec()).await, 200);
    scene.sql_becomes("select count(*) from inbox where outcome = 'dead'", "1").await;
    scene.asks_and_reads("still there?", "echo: still there?").await;

    let letters = list(&scene).await;
    assert_eq!(letters.len(), 1);
    let id = letters[0]["id"].as_str().unwrap();
    assert!(letters[0]["error"].is_string(), "{letters:?}");
    let replayed = replay(&scene, id).await;
    assert_eq!(replayed.code, Some(0), "{}", replayed.stderr);
    scene.settles().await;
    assert_eq!(list(&scene).await.len(), 1, "what cannot be read stays unreadable");
    assert_eq!(scene.texts().await, ["echo: still there?"]);

    let unknown = id.replace(id.chars().last().unwrap(), "0");
    let refused = replay(&scene, &unknown).await;
    assert!(refused.code == Some(1) || unknown == id, "{refused:?}");
}

async fn a_reply_that_was_refused_for_good_is_listed_and_a_replay_sends_it_once(
    database: Database,
) {
    let scene = Scene::on(database).await;
    scene
        .system
        .telegram
        .fault(Rule::new("sendMessage", When::First(2), Fault::ErrorBefore(403)))
        .await;
    scene.say("one").await;
    scene.sql_becomes(GIVEN_UP, "1").await;
    scene.say("two").await;
    scene.sql_becomes(GIVEN_UP, "2").await;
    scene.asks_and_reads("three", "echo: three").await;

    let letters = list(&scene).await;
    assert_eq!(letters.len(), 2, "{letters:?}");
    for letter in &letters {
        assert_eq!(letter["direction"], "outbound");
        assert_eq!((&letter["attempts"], &letter["size_bytes"]), (&1.into(), &9.into()));
        assert!(letter["error"].is_string() && letter["created_at"].is_string(), "{letter}");
        assert!(!letter.to_string().contains("echo"), "{letter}");
    }
    let two = letters[0]["id"].as_str().unwrap();
    assert!(two.starts_with("out_"), "{two}");
    let replayed = replay(&scene, two).await;
    assert_eq!(replayed.code, Some(0), "{}", replayed.stderr);
    assert!(replayed.stdout.contains(two), "{}", replayed.stdout);
    scene.reads("echo: two").await;
    scene.settles().await;

    let again = replay(&scene, two).await;
    assert_eq!(again.code, Some(1), "{again:?}");
    assert!(again.stderr.contains("is not a dead letter"), "{}", again.stderr);
    scene.asks_and_reads("four", "echo: four").await;
    scene.settles().await;
    assert_eq!(scene.texts().await, ["echo: three", "echo: two", "echo: four"]);
    assert_eq!(list(&scene).await, letters[1..]);
}

async fn replay(scene: &Scene, id: &str) -> Finished {
    scene.system.launch.run(&["dead-letters", "replay", id]).await.unwrap()
}

async fn list(scene: &Scene) -> Vec<Value> {
    let listed = scene.system.launch.run(&["dead-letters", "list"]).await.unwrap();
    assert_eq!(listed.code, Some(0), "{}", listed.stderr);
    serde_json::from_str(&listed.stdout).unwrap()
}
