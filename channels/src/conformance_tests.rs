//! Every catalogue entry passes the domain's suite.

use crate::telegram::tests as telegram;
use crate::web::tests as web;
use crate::{Catalogue, ChannelSettings};
use proptest::prelude::*;
use rookery_domain::channel::ChannelKind;
use rookery_domain::ports::ChannelCatalogue;
use rookery_domain::testing::channel_suite::{self, Subject};
use serde_json::{Value, json};

fn catalogue() -> Catalogue {
    let client = reqwest012::Client::builder().build().unwrap();
    Catalogue::new(ChannelSettings::default(), &client).unwrap()
}

/// The suite's subject for each entry; a new platform adds its own here.
fn subjects() -> Vec<Subject> {
    let find = |kind: &str| catalogue().find(&kind.parse().unwrap()).unwrap();
    let subjects = vec![telegram::connection::subject(find("telegram")), web::subject(find("web"))];
    let named: Vec<ChannelKind> = subjects.iter().map(|subject| subject.adapter.kind()).collect();
    assert_eq!(named, catalogue().kinds(), "every entry has its subject");
    subjects
}

#[test]
fn every_entry_of_the_catalogue_conforms() {
    for subject in subjects() {
        channel_suite::check(&subject);
    }
    assert!(catalogue().find(&"pigeon".parse().unwrap()).is_none());
}

proptest! {
    #[test]
    fn every_entry_survives_any_bytes(body: Vec<u8>) {
        for subject in subjects() {
            channel_suite::survives(&subject, &body);
        }
    }

    #[test]
    fn every_entry_survives_any_json(body in json_text()) {
        for subject in subjects() {
            channel_suite::survives(&subject, body.as_bytes());
        }
    }

    #[test]
    fn every_entry_renders_any_reply(text in any::<String>()) {
        for subject in subjects() {
            channel_suite::renders(&subject, &text);
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
