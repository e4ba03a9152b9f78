//! Two tenants on one server: what is the other's does not exist.

use crate::scene::Scene;
use rookery_tests::client::{Api, NewMessage};
use rookery_tests::system::Database;
use serde_json::json;

on_both_databases!(another_tenants_agents_runs_and_sessions_do_not_exist);

const RIVAL_KEY: &str = "rk_rival_0123456789abcdef";

async fn another_tenants_agents_runs_and_sessions_do_not_exist(database: Database) {
    let scene = Scene::on(database).await;
    let rival = format!(
        "[tenant]\nslug = \"rival\"\nname = \"Rival\"\n\n\
         [[agents]]\nslug = \"clerk\"\nname = \"Clerk\"\ninstructions = \"x\"\n\n\
         [[api_keys]]\nslug = \"k\"\nscopes = [\"chat\", \"read\"]\nvalue = {{ value = \"{RIVAL_KEY}\" }}\n"
    );
    scene.system.apply(&rival).await.unwrap();
    let ours = scene.system.api().unwrap();
    let theirs = Api::new(scene.system.base(), RIVAL_KEY).unwrap();
    let accepted = ours.send("helper", &NewMessage::text("hello"), "one").await.unwrap();
    ours.events(&accepted.run_id, None).await.unwrap();

    let agent = scene.system.applied["agents"]["helper"]["id"].as_str().unwrap().to_owned();
    for path in [
        format!("/api/v1/runs/{}/events", accepted.run_id),
        format!("/api/v1/sessions/{}/messages", accepted.session_id),
    ] {
        let (status, body) = theirs.get(&path).await.unwrap();
        assert_eq!(status, 404, "{path}: {body}");
    }
    for name in ["helper", agent.as_str()] {
        let response = theirs
            .request(reqwest::Method::POST, &format!("/api/v1/agents/{name}/messages"))
            .header("idempotency-key", "two")
            .json(&json!({ "text": "hello", "session": accepted.session_id }))
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 404, "{name}");
        let problem: serde_json::Value = response.json().await.unwrap();
        assert_eq!(problem["code"], "not_found", "{problem}");
    }
    let (_, agents) = theirs.get("/api/v1/agents").await.unwrap();
    assert_eq!(agents["data"].as_array().unwrap().len(), 1);
    assert_eq!(agents["data"][0]["slug"], "clerk");
    let stolen = NewMessage::text("hello").in_session(accepted.session_id);
    let refused = theirs.send("clerk", &stolen, "three").await;
    assert!(refused.is_err(), "a session of another tenant was taken");
}
