//! Poison: stored, acknowledged, listed, replayable, and harmless to everybody else.

use crate::hostile::post;
use crate::scene::Scene;
use rookery_tests::system::{Database, HOOK_SECRET};
use serde_json::Value;

on_both_databases!(poison_is_listed_and_a_replay_has_one_effect);

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
    let replayed = scene.system.launch.run(&["dead-letters", "replay", id]).await.unwrap();
    assert_eq!(replayed.code, Some(0), "{}", replayed.stderr);
    scene.settles().await;
    assert_eq!(list(&scene).await.len(), 1, "what cannot be read stays unreadable");
    assert_eq!(scene.texts().await, ["echo: still there?"]);

    let unknown = id.replace(id.chars().last().unwrap(), "0");
    let refused = scene.system.launch.run(&["dead-letters", "replay", &unknown]).await.unwrap();
    assert!(refused.code == Some(1) || unknown == id, "{refused:?}");
}

async fn list(scene: &Scene) -> Vec<Value> {
    let listed = scene.system.launch.run(&["dead-letters", "list"]).await.unwrap();
    assert_eq!(listed.code, Some(0), "{}", listed.stderr);
    serde_json::from_str(&listed.stdout).unwrap()
}
