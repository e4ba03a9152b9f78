//! Chats, the people in them and the messages they hold.

use super::markdown::Entity;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What kind of chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChatKind {
    /// The bot and one person.
    Private,
    /// A small group.
    Group,
    /// A large group, perhaps with topics.
    Supergroup,
}

impl ChatKind {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Group => "group",
            Self::Supergroup => "supergroup",
        }
    }
}

/// Where something is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The chat.
    pub chat_id: i64,
    /// Its kind.
    pub kind: ChatKind,
    /// Its title, except in private chats.
    pub title: String,
    /// The forum topic.
    pub topic: Option<i64>,
}

impl Place {
    /// The private chat with a person.
    pub const fn private(person: &Person) -> Self {
        Self { chat_id: person.id, kind: ChatKind::Private, title: String::new(), topic: None }
    }

    /// A group; its id is negative.
    pub fn group(chat_id: i64, title: &str) -> Self {
        Self { chat_id, kind: ChatKind::Group, title: title.to_owned(), topic: None }
    }

    /// A supergroup, or one topic of a forum.
    pub fn supergroup(chat_id: i64, title: &str, topic: Option<i64>) -> Self {
        Self { chat_id, kind: ChatKind::Supergroup, title: title.to_owned(), topic }
    }

    pub(super) fn chat_json(&self, people: &BTreeMap<i64, Person>) -> Value {
        let mut chat = json!({ "id": self.chat_id, "type": self.kind.name() });
        if let Some(object) = chat.as_object_mut() {
            if self.kind == ChatKind::Private {
                let name = people
                    .get(&self.chat_id)
                    .map_or("Somebody", |person| person.first_name.as_str());
                object.insert("first_name".to_owned(), json!(name));
            } else {
                object.insert("title".to_owned(), json!(self.title));
            }
            if self.topic.is_some() {
                object.insert("is_forum".to_owned(), json!(true));
            }
        }
        chat
    }
}

/// A person on Telegram.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The user id, which is also the id of the private chat.
    pub id: i64,
    /// The first name.
    pub first_name: String,
    /// The language tag.
    pub language_code: String,
}

impl Person {
    /// Somebody who speaks English.
    pub fn new(id: i64, first_name: &str) -> Self {
        Self { id, first_name: first_name.to_owned(), language_code: "en".to_owned() }
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "id": self.id,
            "is_bot": false,
            "first_name": self.first_name,
            "language_code": self.language_code,
        })
    }
}

/// A message that a bot sent, as it stands now.
#[derive(Debug, Clone, PartialEq)]
pub struct SentMessage {
    /// Rises with every recorded event of the server: the order in which messages appeared.
    pub order: u64,
    /// When it appeared, since the server started.
    pub at: std::time::Duration,
    /// In which chat.
    pub chat_id: i64,
    /// In which topic.
    pub topic: Option<i64>,
    /// Its id within the chat.
    pub message_id: i64,
    /// The text after entity parsing, after all edits.
    pub text: String,
    /// Its formatting.
    pub entities: Vec<Entity>,
    /// Every text it had, the first one first.
    pub versions: Vec<String>,
    /// Which message it replies to.
    pub reply_to: Option<i64>,
}

#[derive(Debug)]
pub(super) struct Chat {
    pub(super) place: Place,
    pub(super) next_message_id: i64,
    pub(super) sent: BTreeMap<i64, SentMessage>,
    /// Messages of people: id, then the JSON that an update carries.
    pub(super) received: BTreeMap<i64, Value>,
    pub(super) blocked: bool,
    pub(super) migrated_to: Option<i64>,
    pub(super) reply_markups: BTreeMap<i64, Value>,
}

impl Chat {
    pub(super) const fn new(place: Place) -> Self {
        Self {
            place,
            next_message_id: 1,
            sent: BTreeMap::new(),
            received: BTreeMap::new(),
            blocked: false,
            migrated_to: None,
            reply_markups: BTreeMap::new(),
        }
    }

    pub(super) const fn take_message_id(&mut self) -> i64 {
        let id = self.next_message_id;
        self.next_message_id += 1;
        id
    }
}
