//! Every catalogue entry passes the domain's suite.

use crate::telegram::{TelegramSettings, tests as telegram};
use crate::{Catalogue, ChannelSettings};
use bytes::Bytes;
use proptest::prelude::*;
use rookery_domain::channel::ChannelKind;
use rookery_domain::message::WebMessage;
use rookery_domain::ports::{ChannelCatalogue, RawRequest};
use rookery_domain::testing::channel_suite::{self, Subject};
use serde_json::{Value, json};

fn catalogue() -> Catalogue {
    let settings = ChannelSettings { telegram: TelegramSettings::default() };
    let client = reqwest012::Client::builder().build().unwrap();
    Catalogue::new(settings, &client).unwrap()
}

/// The suite's subject for each entry; a new platform adds its own here.
fn subject(kind: &ChannelKind) -> Subject {
    let adapter = catalogue().find(kind).unwrap();
    match kind.as_str() {
        "telegram" => Subject {
            adapter,
            config: telegram::connection::config(json!({"mode": "webhook"})),
            sign: Some(|body| RawRequest {
                headers: vec![(
                    "x-telegram-bot-api-secret-token".to_owned(),
                    Bytes::from_static(telegram::connection::SECRET.as_bytes()),
                )],
                body: Bytes::copy_from_slice(body),
            }),
            samples: telegram::fixtures::ALL
                .iter()
                .map(|(_, raw)| Bytes::from_static(raw.as_bytes()))
                .collect(),
            fits: |part| {
                ["markdown", "plain"].iter().all(|form| {
                    let text = part[form].as_str().unwrap();
                    (1..=4_096).contains(&text.encode_utf16().count()) && !text.trim().is_empty()
                })
            },
        },
        "web" => {
            let mut config = telegram::connection::config(json!({"allowed_origins": []}));
            config.connection.channel = ChannelKind::web();
            config.secrets.clear();
            Subject {
                adapter,
                config,
                sign: None,
                samples: vec![web_message("hello"), web_message("/help")],
                fits: Value::is_null,
            }
        }
        other => panic!("no subject for {other}"),
    }
}

fn web_message(text: &str) -> Bytes {
    let message = WebMessage {
        conversation_key: "shop-7".to_owned(),
        contact: None,
        text: text.to_owned(),
        history: None,
    };
    serde_json::to_vec(&message).unwrap().into()
}

#[test]
fn every_entry_of_the_catalogue_conforms() {
    let kinds = catalogue().kinds();
    assert_eq!(kinds.iter().map(ChannelKind::as_str).collect::<Vec<_>>(), ["telegram", "web"]);
    for kind in kinds {
        channel_suite::check(&subject(&kind));
    }
    assert!(catalogue().find(&"pigeon".parse().unwrap()).is_none());
}

proptest! {
    #[test]
    fn every_entry_survives_any_bytes(body: Vec<u8>) {
        for kind in catalogue().kinds() {
            channel_suite::survives(&subject(&kind), &body);
        }
    }

    #[test]
    fn every_entry_survives_any_json(body in json_text()) {
        for kind in catalogue().kinds() {
            channel_suite::survives(&subject(&kind), body.as_bytes());
        }
    }

    #[test]
    fn every_entry_renders_any_reply(text in any::<String>()) {
        for kind in catalogue().kinds() {
            channel_suite::renders(&subject(&kind), &text);
        }
    }
}

/// JSON with the keys that adapters look for, in places where they do not expect them.
fn json_text() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    let key = prop::sample::select(vec![
        "update_id",
        "message",
        "chat",
        "id",
        "type",
        "text",
        "entities",
        "offset",
        "length",
        "from",
        "callback_query",
        "data",
        "photo",
        "file_id",
        "conversation_key",
        "date",
        "message_id",
        "reply_to_message",
        "my_chat_member",
        "new_chat_member",
        "status",
        "user",
    ]);
    leaf.prop_recursive(5, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(key.clone(), inner, 0..8)
                .prop_map(|entries| json!(entries)),
        ]
    })
    .prop_map(|value| value.to_string())
}
