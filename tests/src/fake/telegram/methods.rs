//! The methods of the Bot API that need no waiting: pure changes of one bot's state.

use super::call::ApiError;
use super::chat::{Chat, SentMessage};
use super::markdown::{Entity, MESSAGE_UNITS_MAX, parse_markdown, units};
use super::params::Params;
use super::state::{Bot, Webhook};
use serde_json::{Value, json};

/// When a call happens: since the Unix epoch, among all events, and since the server started.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub(super) unix_seconds: u64,
    pub(super) order: u64,
    pub(super) since_start: std::time::Duration,
}

const CHAT_ACTIONS: [&str; 11] = [
    "typing",
    "upload_photo",
    "record_video",
    "upload_video",
    "record_voice",
    "upload_voice",
    "upload_document",
    "choose_sticker",
    "find_location",
    "record_video_note",
    "upload_video_note",
];

/// Runs one method.
pub(super) fn execute(
    bot: &mut Bot,
    method: &str,
    params: &Params,
    moment: Moment,
) -> Result<Value, ApiError> {
    match method.to_ascii_lowercase().as_str() {
        "getme" => Ok(bot.me()),
        "logout" | "close" => Ok(json!(true)),
        "setwebhook" => set_webhook(bot, params),
        "deletewebhook" => Ok(delete_webhook(bot, params)),
        "getwebhookinfo" => Ok(webhook_info(bot)),
        "sendmessage" => send_message(bot, params, moment),
        "editmessagetext" => edit_message_text(bot, params, moment),
        "sendchataction" => send_chat_action(bot, params),
        "setmycommands" => set_my_commands(bot, params),
        "getmycommands" => Ok(bot.commands.clone()),
        "deletemycommands" => {
            bot.commands = json!([]);
            Ok(json!(true))
        }
        "answercallbackquery" => answer_callback_query(bot, params),
        "getchat" => get_chat(bot, params),
        _ => Err(ApiError::new(404, "Not Found: method not found")),
    }
}

/// The vendor's spelling of a method, for records.
pub(super) fn spelled(method: &str) -> String {
    const KNOWN: [&str; 15] = [
        "getMe",
        "getUpdates",
        "setWebhook",
        "deleteWebhook",
        "getWebhookInfo",
        "sendMessage",
        "editMessageText",
        "sendChatAction",
        "setMyCommands",
        "getMyCommands",
        "deleteMyCommands",
        "answerCallbackQuery",
        "getChat",
        "logOut",
        "close",
    ];
    KNOWN.into_iter().find(|known| known.eq_ignore_ascii_case(method)).unwrap_or(method).to_owned()
}

fn set_webhook(bot: &mut Bot, params: &Params) -> Result<Value, ApiError> {
    let url = params.text("url").unwrap_or_default();
    let secret = params.text("secret_token").filter(|secret| !secret.is_empty());
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if secret.as_ref().is_some_and(|text| text.len() > 256) {
        return Err(ApiError::bad_request("secret token is too long"));
    }
    if secret.as_ref().is_some_and(|text| !text.bytes().all(allowed)) {
        return Err(ApiError::bad_request("secret token contains unallowed characters"));
    }
    if url.is_empty() {
        return Ok(delete_webhook(bot, params));
    }
    if url::Url::parse(&url).is_err() {
        return Err(ApiError::bad_request("bad webhook: invalid url"));
    }
    remember_allowed_updates(bot, params)?;
    if params.boolean("drop_pending_updates") {
        bot.pending.clear();
    }
    bot.webhook = Some(Webhook {
        url,
        secret,
        connections_max: params.integer("max_connections").unwrap_or(40).clamp(1, 100),
    });
    Ok(json!(true))
}

/// The list is kept until another one is given; an empty list means the vendor's default.
pub(super) fn remember_allowed_updates(bot: &mut Bot, params: &Params) -> Result<(), ApiError> {
    if let Some(list) = params.json("allowed_updates")? {
        let kinds = serde_json::from_value::<Vec<String>>(list)
            .map_err(|_malformed| ApiError::bad_request("can't parse allowed_updates"))?;
        bot.allowed_updates = Some(kinds);
    }
    Ok(())
}

fn delete_webhook(bot: &mut Bot, params: &Params) -> Value {
    bot.webhook = None;
    if params.boolean("drop_pending_updates") {
        bot.pending.clear();
    }
    json!(true)
}

fn webhook_info(bot: &Bot) -> Value {
    let mut info = json!({
        "url": bot.webhook.as_ref().map_or("", |webhook| webhook.url.as_str()),
        "has_custom_certificate": false,
        "pending_update_count": bot.pending.len(),
    });
    if let Some(object) = info.as_object_mut() {
        if let Some(webhook) = &bot.webhook {
            object.insert("max_connections".to_owned(), json!(webhook.connections_max));
        }
        if let Some(error) = &bot.last_webhook_error {
            object.insert("last_error_message".to_owned(), json!(error));
            object.insert("last_error_date".to_owned(), json!(1));
        }
        if let Some(kinds) = &bot.allowed_updates {
            object.insert("allowed_updates".to_owned(), json!(kinds));
        }
    }
    info
}

fn chat_of<'a>(bot: &'a mut Bot, params: &Params) -> Result<&'a mut Chat, ApiError> {
    let chat_id =
        params.integer("chat_id").ok_or_else(|| ApiError::bad_request("chat_id is empty"))?;
    let chat =
        bot.chats.get_mut(&chat_id).ok_or_else(|| ApiError::bad_request("chat not found"))?;
    if chat.blocked {
        return Err(ApiError::new(403, "Forbidden: bot was blocked by the user"));
    }
    if let Some(new_id) = chat.migrated_to {
        return Err(ApiError {
            parameters: json!({ "migrate_to_chat_id": new_id }),
            ..ApiError::bad_request("group chat was upgraded to a supergroup chat")
        });
    }
    Ok(chat)
}

/// Text and entities as the vendor would keep them.
fn formatted(params: &Params) -> Result<(String, Vec<Entity>), ApiError> {
    let raw = params.text("text").unwrap_or_default();
    let mode = params.text("parse_mode").unwrap_or_default();
    let (text, entities) = match mode.to_ascii_lowercase().as_str() {
        "" => (raw, Vec::new()),
        "markdownv2" => parse_markdown(&raw)
            .map_err(|error| ApiError::bad_request(format!("can't parse entities: {error}")))?,
        _ => return Err(ApiError::bad_request("unsupported parse_mode")),
    };
    let visible = text.trim_end();
    if visible.trim_start().is_empty() {
        return Err(ApiError::bad_request("message text is empty"));
    }
    if units(visible) > MESSAGE_UNITS_MAX {
        return Err(ApiError::bad_request("message is too long"));
    }
    Ok((visible.to_owned(), entities))
}

fn send_message(bot: &mut Bot, params: &Params, moment: Moment) -> Result<Value, ApiError> {
    let (me, people) = (bot.json(), bot.people.clone());
    let chat = chat_of(bot, params)?;
    let (text, entities) = formatted(params)?;
    let reply_to = replied_message(chat, params)?;
    let markup = params.json("reply_markup")?;
    let message_id = chat.take_message_id();
    let topic = params.integer("message_thread_id");
    let message = SentMessage {
        order: moment.order,
        at: moment.since_start,
        chat_id: chat.place.chat_id,
        topic,
        message_id,
        versions: vec![text.clone()],
        text,
        entities,
        reply_to,
    };
    let mut result = message_json(&message, &me, moment.unix_seconds);
    if let Some(object) = result.as_object_mut() {
        object.insert("chat".to_owned(), chat.place.chat_json(&people));
        if let Some(markup) = markup {
            object.insert("reply_markup".to_owned(), markup.clone());
            chat.reply_markups.insert(message_id, markup);
        }
        if let Some(replied) = reply_to.and_then(|id| chat.received.get(&id)) {
            object.insert("reply_to_message".to_owned(), replied.clone());
        }
    }
    chat.sent.insert(message_id, message);
    Ok(result)
}

fn replied_message(chat: &Chat, params: &Params) -> Result<Option<i64>, ApiError> {
    let given = params.json("reply_parameters")?;
    let id = given
        .as_ref()
        .and_then(|reply| reply.get("message_id"))
        .and_then(Value::as_i64)
        .or_else(|| params.integer("reply_to_message_id"));
    let Some(id) = id else { return Ok(None) };
    if chat.received.contains_key(&id) || chat.sent.contains_key(&id) {
        return Ok(Some(id));
    }
    let tolerated = given
        .as_ref()
        .and_then(|reply| reply.get("allow_sending_without_reply"))
        .and_then(Value::as_bool)
        .unwrap_or(false);
    if tolerated || params.boolean("allow_sending_without_reply") {
        return Ok(None);
    }
    Err(ApiError::bad_request("message to be replied not found"))
}

fn message_json(message: &SentMessage, me: &Value, unix_seconds: u64) -> Value {
    let mut json = json!({
        "message_id": message.message_id,
        "from": me,
        "date": unix_seconds,
        "text": message.text,
    });
    if let Some(object) = json.as_object_mut() {
        if !message.entities.is_empty() {
            let entities: Vec<_> = message.entities.iter().map(Entity::json).collect();
            object.insert("entities".to_owned(), json!(entities));
        }
        if let Some(topic) = message.topic {
            object.insert("message_thread_id".to_owned(), json!(topic));
            object.insert("is_topic_message".to_owned(), json!(true));
        }
    }
    json
}

fn edit_message_text(bot: &mut Bot, params: &Params, moment: Moment) -> Result<Value, ApiError> {
    let (me, people) = (bot.json(), bot.people.clone());
    let chat = chat_of(bot, params)?;
    let message_id = params
        .integer("message_id")
        .ok_or_else(|| ApiError::bad_request("message identifier is not specified"))?;
    if chat.received.contains_key(&message_id) {
        return Err(ApiError::bad_request("message can't be edited"));
    }
    let (text, entities) = formatted(params)?;
    let markup = params.json("reply_markup")?;
    let same_markup = markup.as_ref() == chat.reply_markups.get(&message_id);
    let place = chat.place.chat_json(&people);
    let message = chat
        .sent
        .get_mut(&message_id)
        .ok_or_else(|| ApiError::bad_request("message to edit not found"))?;
    if message.text == text && message.entities == entities && same_markup {
        return Err(ApiError::bad_request(
            "message is not modified: specified new message content and reply markup are exactly \
             the same as a current content and reply markup of the message",
        ));
    }
    message.text.clone_from(&text);
    message.entities = entities;
    message.versions.push(text);
    let mut result = message_json(message, &me, moment.unix_seconds);
    if let Some(object) = result.as_object_mut() {
        object.insert("chat".to_owned(), place);
        object.insert("edit_date".to_owned(), json!(moment.unix_seconds));
    }
    match markup {
        Some(markup) => drop(chat.reply_markups.insert(message_id, markup)),
        None => drop(chat.reply_markups.remove(&message_id)),
    }
    Ok(result)
}

fn send_chat_action(bot: &mut Bot, params: &Params) -> Result<Value, ApiError> {
    chat_of(bot, params)?;
    let action = params.text("action").unwrap_or_default();
    if CHAT_ACTIONS.contains(&action.as_str()) {
        Ok(json!(true))
    } else {
        Err(ApiError::bad_request("wrong parameter action in request"))
    }
}

fn set_my_commands(bot: &mut Bot, params: &Params) -> Result<Value, ApiError> {
    let commands = params
        .json("commands")?
        .and_then(|list| list.as_array().cloned())
        .ok_or_else(|| ApiError::bad_request("can't parse commands: expected an Array"))?;
    if commands.len() > 100 {
        return Err(ApiError::bad_request("too many commands"));
    }
    for command in &commands {
        let name = command.get("command").and_then(Value::as_str).unwrap_or_default();
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if name.is_empty() || name.len() > 32 || !name.bytes().all(plain) {
            return Err(ApiError::bad_request("BOT_COMMAND_INVALID"));
        }
        let description = command.get("description").and_then(Value::as_str).unwrap_or_default();
        if !(1..=256).contains(&units(description)) {
            return Err(ApiError::bad_request("BOT_COMMAND_DESCRIPTION_INVALID"));
        }
    }
    bot.commands = Value::Array(commands);
    Ok(json!(true))
}

fn answer_callback_query(bot: &mut Bot, params: &Params) -> Result<Value, ApiError> {
    let id = params.text("callback_query_id").unwrap_or_default();
    if bot.open_callbacks.remove(&id) {
        Ok(json!(true))
    } else {
        Err(ApiError::bad_request(
            "query is too old and response timeout expired or query ID is invalid",
        ))
    }
}

fn get_chat(bot: &mut Bot, params: &Params) -> Result<Value, ApiError> {
    let people = bot.people.clone();
    let chat = chat_of(bot, params)?;
    let mut json = chat.place.chat_json(&people);
    if let Some(object) = json.as_object_mut() {
        object.insert("accent_color_id".to_owned(), json!(0));
        object.insert("max_reaction_count".to_owned(), json!(11));
        object.insert(
            "accepted_gift_types".to_owned(),
            json!({
                "unlimited_gifts": false,
                "limited_gifts": false,
                "unique_gifts": false,
                "premium_subscription": false,
                "gifts_from_channels": false,
            }),
        );
    }
    Ok(json)
}
