use super::connection::{SECRET, open};
use super::fixtures;
use super::scripted_api::{ScriptedApi, Step};
use rookery_domain::message::InboundEvent;
use rookery_domain::ports::DeliveryError;
use serde_json::json;

const ME: &str = r#"{"id":7001,"is_bot":true,"first_name":"Helper","username":"helper_rook_bot",
    "can_join_groups":true,"can_read_all_group_messages":false,"future_field":[1]}"#;

#[tokio::test]
async fn a_hook_is_set_with_its_secret_and_the_commands_are_registered() {
    let mut api =
        ScriptedApi::start([Step::result(ME), Step::result("true"), Step::result("true")]).await;
    let connection = open(&api.url(), "webhook");
    let identity = connection.lifecycle.unwrap().start().await.unwrap();
    assert_eq!(
        identity,
        json!({
            "id": 7001, "username": "helper_rook_bot", "name": "Helper",
            "can_read_all_group_messages": false,
        })
    );
    let (path, _) = api.call().await;
    assert_eq!(path, format!("/bot{}/getMe", super::connection::TOKEN));
    let (path, hook) = api.call().await;
    assert!(path.ends_with("/setWebhook"), "{path}");
    let url = hook["url"].as_str().unwrap();
    assert!(url.starts_with("https://bots.example.com/hooks/telegram/con_"), "{url}");
    assert_eq!(hook["secret_token"], SECRET);
    assert_eq!(hook["max_connections"], 40);
    assert!(hook["allowed_updates"].as_array().unwrap().contains(&json!("message_reaction")));
    let (path, commands) = api.call().await;
    assert!(path.ends_with("/setMyCommands"), "{path}");
    assert_eq!(
        commands["commands"][0],
        json!({"command": "start", "description": "What I can do"})
    );
    assert_eq!(commands["commands"].as_array().unwrap().len(), 7);
}

#[tokio::test]
async fn polling_removes_a_hook_first_and_keeps_what_waits_there() {
    let mut api =
        ScriptedApi::start([Step::result(ME), Step::result("true"), Step::result("true")]).await;
    let connection = open(&api.url(), "polling");
    connection.lifecycle.unwrap().start().await.unwrap();
    api.call().await;
    let (path, body) = api.call().await;
    assert!(path.ends_with("/deleteWebhook"), "{path}");
    assert_ne!(body["drop_pending_updates"], json!(true));
}

#[tokio::test]
async fn nothing_is_fetched_before_the_bots_name_is_known() {
    let mut api = ScriptedApi::start([
        Step::result(ME),
        Step::result("[]"),
        Step::result("[]"),
        Step::result("[]"),
    ])
    .await;
    let connection = open(&api.url(), "polling");
    let polling = connection.polling.unwrap();
    let fetch = polling.poll(None);
    let lifecycle = connection.lifecycle.unwrap();
    let (fetched, started) = tokio::join!(fetch, lifecycle.start());
    assert_eq!((fetched.unwrap(), started.is_ok()), ((Vec::new(), None), true));
    let (first, _) = api.call().await;
    assert!(first.ends_with("/getMe"), "{first}");
}

#[tokio::test]
async fn a_start_teaches_the_ingress_the_bots_name() {
    let api =
        ScriptedApi::start([Step::result(ME), Step::result("true"), Step::result("true")]).await;
    let connection = open(&api.url(), "webhook");
    let command = fixtures::bytes("message_group_command");
    assert!(!connection.ingress.normalise(command).unwrap().addressed);
    connection.lifecycle.unwrap().start().await.unwrap();
    let known = connection.ingress.normalise(command).unwrap();
    assert!(known.addressed);
    assert!(matches!(known.event, InboundEvent::Command { .. }));
}

#[tokio::test]
async fn a_start_that_fails_says_how() {
    let api = ScriptedApi::start([Step::refusal(401, "Unauthorized")]).await;
    let start = open(&api.url(), "webhook").lifecycle.unwrap();
    assert_eq!(start.start().await, Err(DeliveryError::Unauthorized));
    let api = ScriptedApi::start([
        Step::result(ME),
        Step::refusal(400, "Bad Request: bad webhook: HTTPS url must be provided for webhook"),
    ])
    .await;
    let start = open(&api.url(), "webhook").lifecycle.unwrap();
    let refused = start.start().await.unwrap_err();
    assert!(refused.to_string().contains("HTTPS url must be provided"), "{refused}");
}

#[tokio::test]
async fn a_pressed_button_is_acknowledged() {
    let mut api = ScriptedApi::start([Step::result("true")]).await;
    let lifecycle = open(&api.url(), "webhook").lifecycle.unwrap();
    lifecycle.acknowledge("4382bfdwdsb323b2d9").await.unwrap();
    let (path, body) = api.call().await;
    assert!(path.ends_with("/answerCallbackQuery"), "{path}");
    assert_eq!(body, json!({"callback_query_id": "4382bfdwdsb323b2d9"}));
}
