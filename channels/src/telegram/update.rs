//! The fields of an update that are used, as the platform spells them. All else is skipped; the
//! stored bytes keep it for a later version.
#![expect(clippy::struct_field_names, reason = "the fields have the platform's names")]

use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// An update cut into its fields, unread: its id and one field named after its kind.
pub(super) type Fields<'a> = BTreeMap<Cow<'a, str>, &'a RawValue>;

#[derive(Debug, Clone, Deserialize)]
pub(super) struct User {
    pub(super) id: i64,
    #[serde(default)]
    pub(super) is_bot: bool,
    #[serde(default)]
    pub(super) first_name: String,
    pub(super) last_name: Option<String>,
    pub(super) username: Option<String>,
    pub(super) language_code: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Chat {
    pub(super) id: i64,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) title: Option<String>,
    pub(super) username: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Message {
    pub(super) message_id: i64,
    pub(super) chat: Chat,
    /// Seconds since the epoch; 0 for a message that the bot cannot see any more.
    #[serde(default)]
    pub(super) date: i64,
    pub(super) edit_date: Option<i64>,
    pub(super) message_thread_id: Option<i64>,
    #[serde(default)]
    pub(super) is_topic_message: bool,
    pub(super) from: Option<User>,
    /// A channel or an anonymous administrator that speaks instead of a user.
    pub(super) sender_chat: Option<Chat>,
    pub(super) text: Option<String>,
    pub(super) caption: Option<String>,
    #[serde(default)]
    pub(super) entities: Vec<Entity>,
    #[serde(default)]
    pub(super) caption_entities: Vec<Entity>,
    pub(super) reply_to_message: Option<RepliedTo>,
    pub(super) quote: Option<Quote>,
    pub(super) migrate_to_chat_id: Option<i64>,
    pub(super) new_chat_members: Option<Vec<User>>,
    pub(super) left_chat_member: Option<User>,
}

/// What a message replies to; its own reply is never looked at.
#[derive(Debug, Deserialize)]
pub(super) struct RepliedTo {
    pub(super) message_id: i64,
    pub(super) from: Option<User>,
    pub(super) text: Option<String>,
    pub(super) caption: Option<String>,
}

/// The stretch of it that the sender picked.
#[derive(Debug, Deserialize)]
pub(super) struct Quote {
    pub(super) text: String,
}

/// A styled or meaningful stretch of text. Offset and length are in UTF-16 units.
#[derive(Debug, Deserialize)]
pub(super) struct Entity {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) offset: usize,
    pub(super) length: usize,
    pub(super) user: Option<User>,
}

/// What a message carries besides text: the same object, read a second time.
#[derive(Debug, Deserialize)]
pub(super) struct Media {
    #[serde(default)]
    pub(super) photo: Vec<File>,
    pub(super) voice: Option<File>,
    pub(super) audio: Option<File>,
    pub(super) video: Option<File>,
    pub(super) video_note: Option<File>,
    pub(super) animation: Option<File>,
    pub(super) document: Option<File>,
    pub(super) sticker: Option<File>,
    pub(super) location: Option<Location>,
    pub(super) venue: Option<Venue>,
    pub(super) contact: Option<Contact>,
    pub(super) poll: Option<Poll>,
    pub(super) dice: Option<Dice>,
}

#[derive(Debug, Deserialize)]
pub(super) struct File {
    pub(super) file_id: String,
    pub(super) file_name: Option<String>,
    pub(super) mime_type: Option<String>,
    pub(super) file_size: Option<u64>,
    #[serde(default)]
    pub(super) width: u64,
    #[serde(default)]
    pub(super) height: u64,
}

#[derive(Debug, Deserialize)]
pub(super) struct Location {
    pub(super) latitude: f64,
    pub(super) longitude: f64,
}

#[derive(Debug, Deserialize)]
pub(super) struct Venue {
    pub(super) title: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Contact {
    pub(super) phone_number: String,
    #[serde(default)]
    pub(super) first_name: String,
    pub(super) last_name: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Poll {
    pub(super) id: String,
    #[serde(default)]
    pub(super) question: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Dice {
    pub(super) emoji: String,
    pub(super) value: u64,
}

#[derive(Debug, Deserialize)]
pub(super) struct CallbackQuery {
    pub(super) id: String,
    pub(super) from: User,
    pub(super) message: Option<Message>,
    pub(super) data: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ChatMemberUpdated {
    pub(super) chat: Chat,
    pub(super) from: User,
    #[serde(default)]
    pub(super) date: i64,
    pub(super) new_chat_member: ChatMember,
}

#[derive(Debug, Deserialize)]
pub(super) struct ChatMember {
    pub(super) user: User,
    pub(super) status: String,
    /// Of a restricted member.
    #[serde(default)]
    pub(super) is_member: bool,
}

/// Who and where, of a kind with which nothing else is done.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Elsewhere {
    pub(super) chat: Option<Chat>,
    pub(super) from: Option<User>,
    pub(super) user: Option<User>,
    pub(super) actor_chat: Option<Chat>,
    pub(super) message_id: Option<i64>,
    pub(super) date: Option<i64>,
}
