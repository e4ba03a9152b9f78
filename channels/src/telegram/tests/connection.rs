//! A connection to a scripted Bot API, and which settings make one.

use super::fixtures;
use crate::catalogue::{Catalogue, ChannelSettings};
use crate::telegram::TelegramSettings;
use bytes::Bytes;
use rookery_domain::Secret;
use rookery_domain::connection::{Connection, ConnectionConfig};
use rookery_domain::id::{AgentId, ConnectionId, TenantId};
use rookery_domain::ports::channel::SettingsError;
use rookery_domain::ports::{Adapter, ChannelCatalogue, OpenConnection, RawRequest};
use rookery_domain::testing::channel_suite::Subject;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

pub(super) const TOKEN: &str = "7001:AAcanary-token_for_tests";
pub(super) const SECRET: &str = "hook-secret_1";
pub(super) const HEADER: &str = "x-telegram-bot-api-secret-token";

/// The catalogue's adapter over a Bot API at this URL.
pub(super) fn adapter(api_url: &str) -> Arc<dyn Adapter> {
    let settings = ChannelSettings {
        telegram: TelegramSettings {
            api_url: api_url.to_owned(),
            call_timeout: Duration::from_millis(400),
            poll_timeout: Duration::from_secs(1),
            ..TelegramSettings::default()
        },
    };
    let client = reqwest012::Client::builder().build().unwrap();
    let catalogue = Catalogue::new(settings, &client).unwrap();
    catalogue.find(&"telegram".parse().unwrap()).unwrap()
}

pub(super) fn config(settings: Value) -> ConnectionConfig {
    let id = |number| Uuid::from_u128(number);
    ConnectionConfig {
        connection: Connection {
            tenant_id: TenantId::from_uuid(id(1)),
            id: ConnectionId::from_uuid(id(2)),
            slug: "tg".to_owned(),
            channel: "telegram".parse().unwrap(),
            agent_id: AgentId::from_uuid(id(3)),
            settings,
            identity: None,
            enabled: true,
        },
        secrets: [("token", TOKEN), ("webhook_secret", SECRET)]
            .map(|(name, text)| (name.to_owned(), Secret::new(text)))
            .into(),
        public_url: "https://bots.example.com".to_owned(),
    }
}

pub(super) fn open(api_url: &str, mode: &str) -> OpenConnection {
    adapter(api_url).open(&config(json!({ "mode": mode }))).unwrap()
}

/// Fetching, for a bot that was started before.
pub(super) fn open_known(api_url: &str) -> OpenConnection {
    let mut config = config(json!({"mode": "polling"}));
    let (id, _) = TOKEN.split_once(':').unwrap();
    let id: i64 = id.parse().unwrap();
    config.connection.identity = Some(json!({"id": id, "username": "helper_rook_bot"}));
    adapter(api_url).open(&config).unwrap()
}

/// What the conformance suite runs on.
pub(crate) fn subject(adapter: Arc<dyn Adapter>) -> Subject {
    Subject {
        adapter,
        config: config(json!({"mode": "webhook"})),
        sign: Some(|body| RawRequest {
            headers: vec![(HEADER.to_owned(), Bytes::from_static(SECRET.as_bytes()))],
            body: Bytes::copy_from_slice(body),
        }),
        samples: fixtures::ALL.iter().map(|(_, raw)| Bytes::from_static(raw.as_bytes())).collect(),
        fits: |part| {
            ["markdown", "plain"].iter().all(|form| {
                let text = part[form].as_str().unwrap();
                (1..=4_096).contains(&text.encode_utf16().count()) && !text.trim().is_empty()
            })
        },
    }
}

fn check(settings: Value, secrets: &[&str]) -> Result<Value, Vec<SettingsError>> {
    let Value::Object(settings) = settings else { panic!("not an object") };
    adapter("http://127.0.0.1:1").check_settings(&settings, secrets)
}

fn fields(result: Result<Value, Vec<SettingsError>>) -> Vec<String> {
    result.unwrap_err().into_iter().map(|fault| fault.field).collect()
}

#[test]
fn settings_are_stored_with_their_defaults() {
    let both = ["token", "webhook_secret"];
    assert_eq!(check(json!({}), &both), Ok(json!({"mode": "webhook"})));
    assert_eq!(check(json!({"mode": "polling"}), &["token"]), Ok(json!({"mode": "polling"})));
}

#[test]
fn every_fault_of_the_settings_is_reported_at_once() {
    let faults = check(json!({"mdoe": "webhook", "colour": 1, "mode": "push"}), &[]).unwrap_err();
    let named: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
    assert_eq!(named, ["colour", "mdoe", "mode", "token"]);
    assert_eq!(faults[1].reason, "unknown setting, did you mean `mode`?");
    assert_eq!(faults[0].reason, "unknown setting, this channel takes: mode");
}

#[test]
fn a_hook_without_a_secret_is_refused_by_the_settings() {
    assert_eq!(fields(check(json!({}), &["token"])), ["webhook_secret"]);
}

#[test]
fn a_hook_without_a_good_secret_does_not_open() {
    let adapter = adapter("http://127.0.0.1:1");
    for secret in [
        None,
        Some(String::new()),
        Some("a b".to_owned()),
        Some("é".to_owned()),
        Some("a".repeat(257)),
    ] {
        let mut config = config(json!({"mode": "webhook"}));
        config.secrets.remove("webhook_secret");
        if let Some(secret) = &secret {
            config.secrets.insert("webhook_secret".to_owned(), Secret::new(secret.as_str()));
        }
        assert_eq!(adapter.open(&config).unwrap_err().field, "webhook_secret", "{secret:?}");
    }
    let mut longest = config(json!({"mode": "webhook"}));
    longest.secrets.insert("webhook_secret".to_owned(), Secret::new("a".repeat(256)));
    assert!(adapter.open(&longest).is_ok());
}

#[test]
fn polling_needs_no_hook_secret_and_every_mode_needs_a_token() {
    let adapter = adapter("http://127.0.0.1:1");
    let mut polling = config(json!({"mode": "polling"}));
    polling.secrets.remove("webhook_secret");
    assert!(adapter.open(&polling).unwrap().polling.is_some());
    for token in ["", "7001:a/../b", "7001:a b"] {
        polling.secrets.insert("token".to_owned(), Secret::new(token));
        assert_eq!(adapter.open(&polling).unwrap_err().field, "token");
    }
    assert!(open("http://127.0.0.1:1", "webhook").polling.is_none());
}

#[test]
fn a_base_url_that_cannot_be_one_is_refused() {
    let client = reqwest012::Client::builder().build().unwrap();
    for url in ["", "api.telegram.org", "ftp://x", "data:text", "http://x/?a=b"] {
        let settings = ChannelSettings {
            telegram: TelegramSettings { api_url: url.to_owned(), ..TelegramSettings::default() },
        };
        assert!(Catalogue::new(settings, &client).is_err(), "{url}");
    }
}

#[test]
fn nothing_that_is_printed_holds_a_secret() {
    let adapter = adapter("http://127.0.0.1:1");
    let connection = adapter.open(&config(json!({"mode": "webhook"}))).unwrap();
    let printed = format!("{adapter:?} {connection:?}");
    assert!(!printed.contains("canary"), "{printed}");
    assert!(!printed.contains(SECRET), "{printed}");
}
