//! A stored update into the one form of all platforms.

use super::addressed::{is_addressed, is_own_name};
use super::attachments::{attachments, full_name};
use super::bot::Identity;
use super::target::Target;
use super::update::{
    CallbackQuery, Chat, ChatMember, ChatMemberUpdated, Elsewhere, Fields, Message, User,
};
use crate::strict_json;
use rookery_domain::Timestamp;
use rookery_domain::command::split_command;
use rookery_domain::message::{
    Conversation, ConversationKind, Inbound, InboundEvent, ReplyTarget, Sender,
};
use rookery_domain::ports::IngressError;
use serde::Deserialize;
use serde_json::value::RawValue;

/// Longest name of a kind that is kept, in characters.
const KIND_CHARACTERS_MAX: usize = 64;

/// Fields of a message that say nothing about what kind of message it is.
const FRAME_FIELDS: [&str; 14] = [
    "message_id",
    "chat",
    "date",
    "edit_date",
    "from",
    "sender_chat",
    "sender_tag",
    "sender_boost_count",
    "author_signature",
    "message_thread_id",
    "is_topic_message",
    "reply_to_message",
    "has_protected_content",
    "business_connection_id",
];

/// Reads a stored update.
pub(super) fn normalise(raw: &[u8], identity: &Identity) -> Result<Inbound, IngressError> {
    let text = strict_json::checked(raw).map_err(IngressError::Unreadable)?;
    let fields: Fields<'_> = serde_json::from_str(text).map_err(|error| unreadable(&error))?;
    let id = fields.get("update_id").map(|id| read::<i64>(id));
    id.ok_or_else(|| IngressError::Unreadable("an update without an id".to_owned()))??;
    let (kind, value) = fields
        .iter()
        .find(|(name, _)| name.as_ref() != "update_id")
        .ok_or_else(|| IngressError::Unreadable("an update without a kind".to_owned()))?;
    match kind.as_ref() {
        "message" | "channel_post" => message(value, identity),
        "edited_message" | "edited_channel_post" => edited(value, identity),
        "callback_query" => button(value),
        "my_chat_member" | "chat_member" => membership(value, identity),
        other => Ok(elsewhere(other, value)),
    }
}

fn unreadable(error: &serde_json::Error) -> IngressError {
    IngressError::Unreadable(error.to_string())
}

fn read<'a, T: Deserialize<'a>>(value: &'a RawValue) -> Result<T, IngressError> {
    serde_json::from_str(value.get()).map_err(|error| unreadable(&error))
}

fn message(value: &RawValue, identity: &Identity) -> Result<Inbound, IngressError> {
    let message: Message = read(value)?;
    let event = message_event(&message, value, identity)?;
    Ok(inbound(&message, event, identity))
}

fn message_event(
    message: &Message,
    value: &RawValue,
    identity: &Identity,
) -> Result<InboundEvent, IngressError> {
    if let Some(id) = message.migrate_to_chat_id {
        let to_key = conversation_key(id, topic(message));
        return Ok(InboundEvent::Migrated { to_key });
    }
    if let Some(event) = service_membership(message, identity) {
        return Ok(event);
    }
    let text = message.text.as_ref().or(message.caption.as_ref());
    let attachments = attachments(&read(value)?);
    if text.is_none() && attachments.is_empty() {
        let kind = service_kind(value)?;
        return Ok(InboundEvent::Other { kind });
    }
    let text = text.cloned().unwrap_or_default();
    if attachments.is_empty()
        && let Some((name, bot, arguments)) = split_command(&text)
        && bot.is_none_or(|bot| is_own_name(bot, identity))
    {
        let arguments = arguments.to_owned();
        return Ok(InboundEvent::Command { name, arguments });
    }
    Ok(InboundEvent::Message { text, attachments, quoted: quoted(message) })
}

fn edited(value: &RawValue, identity: &Identity) -> Result<Inbound, IngressError> {
    let message: Message = read(value)?;
    let event = match message.text.as_ref().or(message.caption.as_ref()) {
        Some(text) => InboundEvent::Edited { text: text.clone() },
        None => InboundEvent::Other { kind: "edited_message".to_owned() },
    };
    Ok(inbound(&message, event, identity))
}

/// What the sender replies to: the stretch that was picked, or all of it.
fn quoted(message: &Message) -> Option<String> {
    if let Some(quote) = &message.quote {
        return Some(quote.text.clone());
    }
    let replied_to = message.reply_to_message.as_ref()?;
    replied_to.text.clone().or_else(|| replied_to.caption.clone())
}

fn service_membership(message: &Message, identity: &Identity) -> Option<InboundEvent> {
    let is_bot = |user: &User| identity.id == Some(user.id);
    let bot_present = if let Some(joined) = &message.new_chat_members {
        joined.iter().any(is_bot).then_some(true)
    } else {
        let left = message.left_chat_member.as_ref()?;
        is_bot(left).then_some(false)
    };
    Some(InboundEvent::Membership { bot_present })
}

/// The name of a service message: its first field that every message does not have.
fn service_kind(value: &RawValue) -> Result<String, IngressError> {
    let fields: Fields<'_> = read(value)?;
    let kind = fields
        .keys()
        .find(|name| !FRAME_FIELDS.contains(&name.as_ref()))
        .map_or("message", |name| name.as_ref());
    Ok(short_kind(kind))
}

fn short_kind(kind: &str) -> String {
    kind.chars().take(KIND_CHARACTERS_MAX).collect()
}

fn inbound(message: &Message, event: InboundEvent, identity: &Identity) -> Inbound {
    let kind = conversation_kind(&message.chat);
    let addressed = kind == ConversationKind::Direct
        || matches!(event, InboundEvent::Command { .. })
        || is_addressed(message, identity);
    Inbound {
        conversation: conversation(&message.chat, topic(message)),
        sender: sender(message.from.as_ref(), message.sender_chat.as_ref()),
        platform_message_id: Some(message.message_id.to_string()),
        sent_at: timestamp(message.edit_date.unwrap_or(message.date)),
        addressed,
        event,
        reply_target: target(message, kind),
        history: None,
    }
}

fn button(value: &RawValue) -> Result<Inbound, IngressError> {
    let query: CallbackQuery = read(value)?;
    let (Some(data), Some(message)) = (query.data, query.message) else {
        return Ok(elsewhere("callback_query", value));
    };
    let kind = conversation_kind(&message.chat);
    Ok(Inbound {
        conversation: conversation(&message.chat, topic(&message)),
        sender: sender(Some(&query.from), None),
        platform_message_id: Some(message.message_id.to_string()),
        sent_at: None,
        addressed: true,
        event: InboundEvent::ButtonPressed { data, acknowledgement: query.id },
        reply_target: target(&message, kind),
        history: None,
    })
}

fn membership(value: &RawValue, identity: &Identity) -> Result<Inbound, IngressError> {
    let change: ChatMemberUpdated = read(value)?;
    let member = &change.new_chat_member;
    let bot_present = (identity.id == Some(member.user.id)).then(|| is_present(member));
    Ok(Inbound {
        conversation: conversation(&change.chat, None),
        sender: sender(Some(&change.from), None),
        platform_message_id: None,
        sent_at: timestamp(change.date),
        addressed: false,
        event: InboundEvent::Membership { bot_present },
        reply_target: chat_target(&change.chat),
        history: None,
    })
}

fn is_present(member: &ChatMember) -> bool {
    match member.status.as_str() {
        "creator" | "administrator" | "member" => true,
        "restricted" => member.is_member,
        _ => false,
    }
}

/// A kind with which nothing is done: who and where, as far as it says so.
fn elsewhere(kind: &str, value: &RawValue) -> Inbound {
    let found: Elsewhere = serde_json::from_str(value.get()).unwrap_or_default();
    let user = found.from.as_ref().or(found.user.as_ref());
    let (conversation, reply_target) = match (&found.chat, user) {
        (Some(chat), _) => (conversation(chat, None), chat_target(chat)),
        (None, user) => {
            let key = user.map_or_else(|| "bot".to_owned(), |user| format!("user:{}", user.id));
            let place = Conversation { key, kind: ConversationKind::Direct, title: None };
            (place, ReplyTarget(serde_json::Value::Null))
        }
    };
    Inbound {
        conversation,
        sender: sender(user, found.actor_chat.as_ref()),
        platform_message_id: found.message_id.map(|id| id.to_string()),
        sent_at: found.date.and_then(timestamp),
        addressed: false,
        event: InboundEvent::Other { kind: short_kind(kind) },
        reply_target,
        history: None,
    }
}

fn conversation_kind(chat: &Chat) -> ConversationKind {
    if chat.kind == "private" { ConversationKind::Direct } else { ConversationKind::Group }
}

fn conversation(chat: &Chat, topic: Option<i64>) -> Conversation {
    Conversation {
        key: conversation_key(chat.id, topic),
        kind: conversation_kind(chat),
        title: chat.title.clone(),
    }
}

fn conversation_key(chat_id: i64, topic: Option<i64>) -> String {
    match topic {
        Some(topic) => format!("chat:{chat_id}:topic:{topic}"),
        None => format!("chat:{chat_id}"),
    }
}

/// The forum topic. A thread id outside of a topic is only a chain of replies.
fn topic(message: &Message) -> Option<i64> {
    message.message_thread_id.filter(|_| message.is_topic_message)
}

fn sender(user: Option<&User>, chat: Option<&Chat>) -> Sender {
    // Behind a chat that speaks stands a service account, which would look like a bot.
    if let Some(chat) = chat {
        return Sender {
            platform_user_id: chat.id.to_string(),
            display_name: chat.title.clone().or_else(|| chat.username.clone()),
            locale: None,
            is_bot: false,
        };
    }
    user.map(|user| Sender {
        platform_user_id: user.id.to_string(),
        display_name: full_name(&user.first_name, user.last_name.as_deref())
            .or_else(|| user.username.clone()),
        locale: user.language_code.clone(),
        is_bot: user.is_bot,
    })
    .unwrap_or_default()
}

fn target(message: &Message, kind: ConversationKind) -> ReplyTarget {
    let reply_to = match kind {
        ConversationKind::Direct => None,
        ConversationKind::Group => i32::try_from(message.message_id).ok(),
    };
    Target {
        chat_id: message.chat.id,
        thread_id: topic(message).and_then(|id| i32::try_from(id).ok()),
        reply_to,
        kind,
    }
    .to_reply_target()
}

fn chat_target(chat: &Chat) -> ReplyTarget {
    Target { chat_id: chat.id, thread_id: None, reply_to: None, kind: conversation_kind(chat) }
        .to_reply_target()
}

/// From the platform's seconds; 0 is how it says that it does not know.
fn timestamp(seconds: i64) -> Option<Timestamp> {
    (seconds != 0).then(|| Timestamp::from_millis(seconds.saturating_mul(1_000)))
}
