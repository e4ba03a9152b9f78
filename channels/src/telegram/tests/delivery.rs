use super::connection::{TOKEN, open};
use super::scripted_api::{ScriptedApi, Step};
use rookery_domain::id::OutboxId;
use rookery_domain::message::{Reply, ReplyTarget};
use rookery_domain::ports::{DeliveryError, OpenConnection};
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

fn private() -> ReplyTarget {
    ReplyTarget(json!({"chat_id": 5042, "kind": "direct"}))
}

fn topic() -> ReplyTarget {
    ReplyTarget(json!({"chat_id": -100, "thread_id": 2, "reply_to": 41, "kind": "group"}))
}

fn part(connection: &OpenConnection, text: &str) -> Value {
    connection.delivery.render(&Reply::answer(text)).remove(0)
}

async fn send(
    connection: &OpenConnection,
    target: &ReplyTarget,
    text: &str,
) -> Result<Option<String>, DeliveryError> {
    let key = OutboxId::from_uuid(Uuid::from_u128(9));
    connection.delivery.send(target, &part(connection, text), key).await
}

/// A send against one scripted step, and its outcome.
async fn outcome(step: Step) -> Result<Option<String>, DeliveryError> {
    let api = ScriptedApi::start([step]).await;
    let connection = open(&api.url(), "webhook");
    send(&connection, &private(), "hello").await
}

#[tokio::test]
async fn a_message_goes_with_marks_without_preview_to_its_topic_as_a_reply() {
    let mut api = ScriptedApi::start([Step::result(r#"{"message_id":77,"hologram":1}"#)]).await;
    let connection = open(&api.url(), "webhook");
    let sent = send(&connection, &topic(), "**Hi** there.").await;
    assert_eq!(sent, Ok(Some("77".to_owned())));
    let (path, body) = api.call().await;
    assert_eq!(path, format!("/bot{TOKEN}/sendMessage"));
    assert_eq!(
        body,
        json!({
            "chat_id": -100,
            "text": "*Hi* there\\.",
            "parse_mode": "MarkdownV2",
            "message_thread_id": 2,
            "link_preview_options": {"is_disabled": true},
            "reply_parameters": {"message_id": 41, "allow_sending_without_reply": true},
        })
    );
}

#[tokio::test]
async fn refused_marks_go_as_plain_text_at_once() {
    let mut api = ScriptedApi::start([
        Step::refusal(400, "Bad Request: can't parse entities: Character '.' is reserved"),
        Step::result(r#"{"message_id":78}"#),
    ])
    .await;
    let connection = open(&api.url(), "webhook");
    let sent = send(&connection, &private(), "**Hi** there.").await;
    assert_eq!(sent, Ok(Some("78".to_owned())));
    api.call().await;
    let (_, plain) = api.call().await;
    assert_eq!(plain["text"], "Hi there.");
    assert_eq!(plain.get("parse_mode"), None);
    assert_eq!(plain["link_preview_options"]["is_disabled"], true);
}

#[tokio::test]
async fn a_sent_message_with_an_unreadable_id_is_still_sent() {
    assert_eq!(outcome(Step::result(r#"{"message_id":"new"}"#)).await, Ok(None));
}

#[tokio::test]
async fn what_may_have_happened_is_unknown() {
    for step in [
        Step::Answer(500, r#"{"ok":false,"error_code":500,"description":"Internal"}"#.to_owned()),
        Step::Answer(502, "<html>Bad Gateway</html>".to_owned()),
        Step::Answer(200, "{".to_owned()),
        Step::Answer(200, r#"{"ok":true}"#.to_owned()),
        Step::refusal(500, "Internal Server Error"),
        Step::Answer(200, r#"{"ok":false,"error_code":502}"#.to_owned()),
        Step::Cut,
        Step::CutMidAnswer,
        Step::Silence,
    ] {
        let error = outcome(step).await.unwrap_err();
        assert!(matches!(error, DeliveryError::Unknown(_)), "{error:?}");
        assert!(!error.to_string().contains("canary"), "{error}");
    }
}

#[tokio::test]
async fn without_a_connection_nothing_was_delivered() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let connection = open(&format!("http://{address}"), "webhook");
    let error = send(&connection, &private(), "hello").await.unwrap_err();
    assert!(matches!(error, DeliveryError::NotDelivered(_)), "{error:?}");
    assert!(!error.to_string().contains("canary"), "{error}");
    let proxy = outcome(Step::Answer(404, "<html>no such host</html>".to_owned())).await;
    assert!(matches!(proxy, Err(DeliveryError::NotDelivered(_))), "{proxy:?}");
}

#[tokio::test]
async fn what_can_never_happen_is_refused_with_the_platforms_reason() {
    for (code, description) in [
        (403, "Forbidden: bot was blocked by the user"),
        (403, "Forbidden: bot was kicked from the supergroup chat"),
        (400, "Bad Request: chat not found"),
        (400, "Bad Request: message thread not found"),
        (413, "Request Entity Too Large"),
    ] {
        let error = outcome(Step::refusal(code, description)).await.unwrap_err();
        assert_eq!(error, DeliveryError::Refused(format!("{code}: {description}")));
    }
}

#[tokio::test]
async fn a_dead_token_is_unauthorized() {
    for code in [401, 404] {
        let error = outcome(Step::refusal(code, "Unauthorized")).await;
        assert_eq!(error, Err(DeliveryError::Unauthorized));
    }
}

#[tokio::test]
async fn a_group_that_became_a_supergroup_is_named() {
    let step = Step::refusal_with(
        400,
        "Bad Request: group chat was upgraded to a supergroup chat",
        &json!({"migrate_to_chat_id": -100_999}),
    );
    let api = ScriptedApi::start([step]).await;
    let connection = open(&api.url(), "webhook");
    assert_eq!(
        send(&connection, &topic(), "hello").await,
        Err(DeliveryError::Moved(ReplyTarget(
            json!({"chat_id": -100_999, "thread_id": 2, "kind": "group"})
        )))
    );
}

#[tokio::test]
async fn after_a_flood_answer_the_chat_is_not_called_again_and_others_are() {
    let mut api = ScriptedApi::start([
        Step::refusal_with(429, "Too Many Requests: retry after 35", &json!({"retry_after": 35})),
        Step::result(r#"{"message_id":1}"#),
    ])
    .await;
    let connection = open(&api.url(), "webhook");
    let flood = send(&connection, &private(), "hello").await;
    assert_eq!(flood, Err(DeliveryError::RateLimited(Duration::from_secs(35))));
    let edit = connection.edits.as_ref().unwrap();
    for again in [
        send(&connection, &private(), "hello").await.map(|_| ()),
        edit.edit(&private(), "5", &part(&connection, "hello")).await,
        connection.typing.as_ref().unwrap().typing(&private()).await,
    ] {
        let Err(DeliveryError::RateLimited(left)) = again else {
            panic!("{again:?}");
        };
        assert!(left > Duration::from_secs(30) && left <= Duration::from_secs(35));
    }
    assert!(send(&connection, &topic(), "hello").await.is_ok());
    api.call().await;
    assert_eq!(api.call().await.1["chat_id"], -100);
    assert_eq!(api.calls_left(), 0);
}

#[tokio::test]
async fn a_flood_answer_without_a_time_still_waits() {
    let named = outcome(Step::refusal(429, "Too Many Requests")).await;
    let html = outcome(Step::Answer(429, "slow down".to_owned())).await;
    for error in [named, html] {
        assert_eq!(error, Err(DeliveryError::RateLimited(Duration::from_secs(5))));
    }
}

#[tokio::test]
async fn an_edit_replaces_the_text_and_an_equal_one_is_a_success() {
    let mut api = ScriptedApi::start([
        Step::result(r#"{"message_id":77}"#),
        Step::refusal(400, "Bad Request: message is not modified: specified new message content"),
        Step::refusal(400, "Bad Request: can't parse entities: x"),
        Step::refusal(400, "Bad Request: message is not modified: specified new message content"),
        Step::refusal(400, "Bad Request: message to edit not found"),
    ])
    .await;
    let connection = open(&api.url(), "webhook");
    let edits = connection.edits.as_ref().unwrap();
    let preview = connection.delivery.render_preview("growing **te");
    for _ in 0..3 {
        edits.edit(&private(), "77", &preview).await.unwrap();
    }
    let gone = edits.edit(&private(), "77", &preview).await.unwrap_err();
    assert!(matches!(gone, DeliveryError::Refused(_)), "{gone:?}");
    let foreign = edits.edit(&private(), "abc", &preview).await.unwrap_err();
    assert!(matches!(foreign, DeliveryError::Refused(_)), "{foreign:?}");
    let (path, body) = api.call().await;
    assert!(path.ends_with("/editMessageText"), "{path}");
    assert_eq!(
        body,
        json!({
            "chat_id": 5042,
            "message_id": 77,
            "text": "growing \\*\\*te",
            "parse_mode": "MarkdownV2",
            "link_preview_options": {"is_disabled": true},
        })
    );
}

#[tokio::test]
async fn typing_is_shown_in_its_topic() {
    let mut api = ScriptedApi::start([Step::result("true")]).await;
    let connection = open(&api.url(), "webhook");
    connection.typing.unwrap().typing(&topic()).await.unwrap();
    let (path, body) = api.call().await;
    assert!(path.ends_with("/sendChatAction"), "{path}");
    assert_eq!(body, json!({"chat_id": -100, "action": "typing", "message_thread_id": 2}));
}

#[tokio::test]
async fn a_foreign_target_or_part_is_refused_without_a_call() {
    let connection = open("http://127.0.0.1:1", "webhook");
    let foreign = ReplyTarget(json!({"channel": "C1"}));
    let error = send(&connection, &foreign, "hello").await.unwrap_err();
    assert!(matches!(error, DeliveryError::Refused(_)), "{error:?}");
    let key = OutboxId::from_uuid(Uuid::from_u128(9));
    let error = connection.delivery.send(&private(), &Value::Null, key).await.unwrap_err();
    assert!(matches!(error, DeliveryError::Refused(_)), "{error:?}");
    connection.delivery.ready(&foreign).await;
}

#[tokio::test(start_paused = true)]
async fn ready_keeps_the_pace_of_a_chat_over_two_openings_of_its_connection() {
    let adapter = super::connection::adapter("http://127.0.0.1:1");
    let config = super::connection::config(json!({"mode": "webhook"}));
    let (one, two) = (adapter.open(&config).unwrap(), adapter.open(&config).unwrap());
    let start = tokio::time::Instant::now();
    for _ in 0..4 {
        one.delivery.ready(&private()).await;
        two.delivery.ready(&private()).await;
    }
    assert!(start.elapsed() >= Duration::from_millis(4_900), "{:?}", start.elapsed());
}
