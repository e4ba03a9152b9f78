use super::connection::open_known;
use super::fixtures;
use super::scripted_api::{ScriptedApi, Step};
use rookery_domain::ports::DeliveryError;
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn a_fetch_returns_each_update_as_its_own_bytes_and_the_next_cursor() {
    let (_, text) = fixtures::ALL.iter().find(|(name, _)| *name == "message_text").unwrap();
    let odd = r#"{ "update_id" : 990 ,"x":"\u00e9" }"#;
    let mut api =
        ScriptedApi::start([Step::result(&format!("[{text}, {odd}]")), Step::result("[]")]).await;
    let polling = open_known(&api.url()).polling.unwrap();
    let (envelopes, cursor) = polling.poll(None).await.unwrap();
    assert_eq!(envelopes[0].raw, text.trim().as_bytes());
    assert_eq!(envelopes[1].raw, odd.as_bytes());
    assert_eq!(envelopes[1].dedupe_key, "u:990");
    assert_eq!(cursor, Some(880_102));
    assert_eq!(polling.poll(cursor).await.unwrap(), (Vec::new(), cursor));

    let (path, first) = api.call().await;
    assert!(path.ends_with("/getUpdates"), "{path}");
    assert_eq!(first.get("offset"), None);
    assert_eq!(first["limit"], 100);
    assert_eq!(first["timeout"], 1);
    let allowed = first["allowed_updates"].as_array().unwrap();
    for kind in ["message", "message_reaction", "chat_member", "callback_query"] {
        assert!(allowed.contains(&json!(kind)), "{kind}");
    }
    assert_eq!(api.call().await.1["offset"], 880_102);
}

#[tokio::test]
async fn an_update_without_an_id_is_kept_and_does_not_move_the_cursor() {
    let api = ScriptedApi::start([Step::result(r#"[{"message":{}}]"#)]).await;
    let polling = open_known(&api.url()).polling.unwrap();
    let (envelopes, cursor) = polling.poll(Some(5)).await.unwrap();
    assert!(envelopes[0].dedupe_key.starts_with("x:"));
    assert_eq!(cursor, Some(5));
}

#[tokio::test]
async fn a_second_consumer_a_flood_and_a_bad_token_are_told_apart() {
    let api = ScriptedApi::start([
        Step::refusal(409, "Conflict: terminated by other getUpdates request"),
        Step::refusal_with(429, "Too Many Requests: retry after 7", &json!({"retry_after": 7})),
        Step::refusal(401, "Unauthorized"),
        Step::result("{}"),
    ])
    .await;
    let polling = open_known(&api.url()).polling.unwrap();
    let conflict = polling.poll(None).await.unwrap_err();
    assert!(matches!(conflict, DeliveryError::NotDelivered(_)), "{conflict:?}");
    let flood = polling.poll(None).await.unwrap_err();
    assert_eq!(flood, DeliveryError::RateLimited(Duration::from_secs(7)));
    assert_eq!(polling.poll(None).await.unwrap_err(), DeliveryError::Unauthorized);
    let odd = polling.poll(None).await.unwrap_err();
    assert!(matches!(odd, DeliveryError::Unknown(_)), "{odd:?}");
}
