//! People who talk to a bot: every act becomes an update.

use super::bot::BotHandle;
use super::chat::{ChatKind, Person, Place};
use super::server::unix_seconds;
use super::state::Bot;
use super::webhook;
use anyhow::Context as _;
use serde_json::{Value, json};

/// An act of a person, as the vendor numbered it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Said {
    /// The update that tells the bot; 0 where the bot did not ask for such updates.
    pub update_id: i64,
    /// The message within its chat.
    pub message_id: i64,
}

impl BotHandle {
    /// Somebody says something.
    pub async fn say(&self, place: &Place, person: &Person, text: &str) -> anyhow::Result<Said> {
        self.post(place, person, json!({ "text": text })).await
    }

    /// Somebody replies to a message of the bot or of a person.
    pub async fn reply(
        &self,
        place: &Place,
        person: &Person,
        (to, text): (i64, &str),
    ) -> anyhow::Result<Said> {
        let quoted = {
            let state = self.inner.state.lock().await;
            let bot = state.bots.get(&self.token).context("the bot is gone")?;
            let chat = bot.chats.get(&place.chat_id).context("no such chat")?;
            let own = chat.sent.get(&to).map(|sent| {
                json!({
                    "message_id": to,
                    "from": bot.json(),
                    "chat": place.chat_json(&bot.people),
                    "date": unix_seconds(),
                    "text": sent.text,
                })
            });
            own.or_else(|| chat.received.get(&to).cloned())
                .context("the message to reply to does not exist")?
        };
        self.post(place, person, json!({ "text": text, "reply_to_message": quoted })).await
    }

    /// Somebody posts a message with any content: `photo`, `voice`, `location`, …
    pub async fn post(
        &self,
        place: &Place,
        person: &Person,
        content: Value,
    ) -> anyhow::Result<Said> {
        let said = self
            .with_bot(|bot| {
                let chat = bot.enter(place, person);
                let message_id = chat.take_message_id();
                let message = message_of(bot, place, person, (message_id, content));
                if let Some(chat) = bot.chats.get_mut(&place.chat_id) {
                    chat.received.insert(message_id, message.clone());
                }
                let queue = format!("chat:{}", place.chat_id);
                let update_id = bot.queue_update(queue, "message", &message);
                Said { update_id: update_id.unwrap_or(0), message_id }
            })
            .await?;
        webhook::deliver_pending(&self.inner, &self.token).await;
        Ok(said)
    }

    /// Somebody changes a message.
    pub async fn edit(
        &self,
        place: &Place,
        person: &Person,
        (message_id, text): (i64, &str),
    ) -> anyhow::Result<Said> {
        let content = json!({ "text": text, "edit_date": unix_seconds() });
        self.update(format!("chat:{}", place.chat_id), "edited_message", |bot| {
            message_of(bot, place, person, (message_id, content))
        })
        .await
        .map(|update_id| Said { update_id, message_id })
    }

    /// Somebody presses a button below a message of the bot. Returns the callback query's id.
    pub async fn press(
        &self,
        place: &Place,
        person: &Person,
        (message_id, data): (i64, &str),
    ) -> anyhow::Result<String> {
        // A queue of its own: a press overtakes messages of the same chat, as on Telegram.
        let queue = format!("callback:{}", person.id);
        let query_id = format!("{}{}", person.id, message_id);
        let id = query_id.clone();
        self.update(queue, "callback_query", |bot| {
            bot.open_callbacks.insert(id.clone());
            json!({
                "id": id,
                "from": person.json(),
                "chat_instance": "1",
                "data": data,
                "message": {
                    "message_id": message_id,
                    "from": bot.json(),
                    "chat": place.chat_json(&bot.people),
                    "date": unix_seconds(),
                    "text": "buttons",
                },
            })
        })
        .await?;
        Ok(query_id)
    }

    /// The bot is added to a group (`member`), removed (`kicked`, `left`) or blocked (`kicked`).
    pub async fn membership(
        &self,
        place: &Place,
        person: &Person,
        status: &str,
    ) -> anyhow::Result<i64> {
        let present = matches!(status, "member" | "administrator");
        self.update(format!("chat:{}", place.chat_id), "my_chat_member", |bot| {
            bot.enter(place, person).blocked = !present;
            let (old, new) = if present { ("left", status) } else { ("member", status) };
            let member = |status: &str| {
                let mut member = json!({ "status": status, "user": bot.me() });
                if let (true, Some(object)) = (status == "kicked", member.as_object_mut()) {
                    object.insert("until_date".to_owned(), json!(0));
                }
                member
            };
            json!({
                "chat": place.chat_json(&bot.people),
                "from": person.json(),
                "date": unix_seconds(),
                "old_chat_member": member(old),
                "new_chat_member": member(new),
            })
        })
        .await
    }

    /// A group becomes a supergroup with another id; sends to the old one are refused from now on.
    pub async fn migrate(&self, from: &Place, person: &Person, to: i64) -> anyhow::Result<Place> {
        let place = Place::supergroup(to, &from.title, None);
        self.with_bot(|bot| {
            bot.enter(&place, person);
            bot.enter(from, person).migrated_to = Some(to);
        })
        .await?;
        self.post(from, person, json!({ "migrate_to_chat_id": to })).await?;
        self.post(&place, person, json!({ "migrate_from_chat_id": from.chat_id })).await?;
        Ok(place)
    }

    /// Any update; `kind` is its field's name.
    pub async fn raw_update(&self, queue: &str, kind: &str, content: Value) -> anyhow::Result<i64> {
        self.update(queue.to_owned(), kind, |_| content).await
    }

    async fn update(
        &self,
        queue: String,
        kind: &str,
        content: impl FnOnce(&mut Bot) -> Value,
    ) -> anyhow::Result<i64> {
        let update_id = self
            .with_bot(|bot| {
                let content = content(bot);
                bot.queue_update(queue, kind, &content)
            })
            .await?;
        webhook::deliver_pending(&self.inner, &self.token).await;
        Ok(update_id.unwrap_or(0))
    }
}

fn message_of(bot: &Bot, place: &Place, person: &Person, (id, content): (i64, Value)) -> Value {
    let mut message = json!({
        "message_id": id,
        "from": person.json(),
        "chat": place.chat_json(&bot.people),
        "date": unix_seconds(),
    });
    let text = content.get("text").and_then(Value::as_str).map(str::to_owned);
    if let Some(object) = message.as_object_mut() {
        if let Value::Object(content) = content {
            object.extend(content);
        }
        if let (Some(topic), ChatKind::Supergroup) = (place.topic, place.kind) {
            object.insert("message_thread_id".to_owned(), json!(topic));
            object.insert("is_topic_message".to_owned(), json!(true));
        }
        let entities = text.map(|text| entities_of(&text)).unwrap_or_default();
        if !entities.is_empty() {
            object.insert("entities".to_owned(), json!(entities));
        }
    }
    message
}

/// What the vendor marks by itself: commands and mentions, in UTF-16 units.
fn entities_of(text: &str) -> Vec<Value> {
    let mut entities = Vec::new();
    let mut offset = 0;
    for word in text.split_inclusive(char::is_whitespace) {
        let bare = word.trim_end();
        let kind = match bare.chars().next() {
            Some('/') if bare.len() > 1 => Some("bot_command"),
            Some('@') if bare.len() > 1 => Some("mention"),
            _ => None,
        };
        if let Some(kind) = kind {
            let length = bare.encode_utf16().count();
            entities.push(json!({ "type": kind, "offset": offset, "length": length }));
        }
        offset += word.encode_utf16().count();
    }
    entities
}
