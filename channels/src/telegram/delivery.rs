//! Sending, editing and the typing sign.

use super::api::BotApi;
use super::bot::BotState;
use super::failure::Failure;
use super::render::{self, Part};
use super::settings::TelegramSettings;
use super::target::Target;
use async_trait::async_trait;
use rookery_domain::channel::Capabilities;
use rookery_domain::id::OutboxId;
use rookery_domain::message::{Reply, ReplyTarget};
use rookery_domain::ports::{Delivery, DeliveryError, Edits, Typing};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::sync::Arc;
use std::time::Duration;
use teloxide_core::payloads::{EditMessageText, SendChatAction, SendMessage};
use teloxide_core::types::{ChatAction, LinkPreviewOptions, MessageId, ParseMode, ReplyParameters};

/// The outbound half of one connection. Sends and edits share one pace, typing has none.
#[derive(Debug)]
pub(super) struct TelegramDelivery {
    api: Arc<BotApi>,
    bot: Arc<BotState>,
    capabilities: Capabilities,
    call_timeout: Duration,
}

impl TelegramDelivery {
    pub(super) fn new(api: Arc<BotApi>, bot: Arc<BotState>, settings: &TelegramSettings) -> Self {
        Self {
            api,
            bot,
            capabilities: Capabilities {
                idempotent_send: false,
                pulled: false,
                typing_every: Some(settings.typing_every),
                edit_every: Some(settings.edit_every),
                honours_retry_after: true,
            },
            call_timeout: settings.call_timeout,
        }
    }

    /// While a chat is flooded, a call would only lengthen the wait.
    fn refuse_while_flooded(&self, target: Target) -> Result<(), DeliveryError> {
        match self.bot.pace.flooded_for(&target.chat_id) {
            Some(left) => Err(DeliveryError::RateLimited(left)),
            None => Ok(()),
        }
    }

    async fn post(
        &self,
        target: Target,
        text: &str,
        marks: Option<ParseMode>,
    ) -> Result<Box<RawValue>, Failure> {
        let mut message = SendMessage::new(target.recipient(), text);
        message.parse_mode = marks;
        message.message_thread_id = target.thread();
        message.link_preview_options = Some(no_preview());
        message.reply_parameters = target
            .reply_to
            .map(|id| ReplyParameters::new(MessageId(id)).allow_sending_without_reply());
        self.api.call(&message, self.call_timeout).await
    }

    async fn replace(
        &self,
        target: Target,
        message_id: MessageId,
        text: &str,
        marks: Option<ParseMode>,
    ) -> Result<Box<RawValue>, Failure> {
        let mut edit = EditMessageText::new(target.recipient(), message_id, text);
        edit.parse_mode = marks;
        edit.link_preview_options = Some(no_preview());
        self.api.call(&edit, self.call_timeout).await
    }

    fn failed(&self, failure: Failure, target: Target) -> DeliveryError {
        let error = failure.into_delivery_error(Some(&target));
        if let DeliveryError::RateLimited(wait) = error {
            self.bot.pace.flood(&target.chat_id, wait);
        }
        error
    }
}

#[async_trait]
impl Delivery for TelegramDelivery {
    fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    fn render(&self, reply: &Reply) -> Vec<Value> {
        let parts = render::render(&reply.text);
        parts.into_iter().map(|part| serde_json::json!(part)).collect()
    }

    fn render_preview(&self, text: &str) -> Value {
        serde_json::json!(render::render_preview(text))
    }

    async fn ready(&self, target: &ReplyTarget) {
        // A target that cannot be read is refused by the send itself.
        if let Ok(target) = Target::read(target) {
            self.bot.pace.ready(&target.chat_id, target.is_group()).await;
        }
    }

    async fn send(
        &self,
        target: &ReplyTarget,
        part: &Value,
        _key: OutboxId,
    ) -> Result<Option<String>, DeliveryError> {
        let target = Target::read(target)?;
        let part = read_part(part)?;
        self.refuse_while_flooded(target)?;
        let marked = self.post(target, &part.markdown, Some(ParseMode::MarkdownV2));
        let answer = match marked.await {
            Err(failure) if failure.is_about_marks() => {
                note_plain_text();
                self.post(target, &part.plain, None).await
            }
            answer => answer,
        };
        answer.map(|result| message_id(&result)).map_err(|failure| self.failed(failure, target))
    }
}

#[async_trait]
impl Edits for TelegramDelivery {
    async fn edit(
        &self,
        target: &ReplyTarget,
        platform_message_id: &str,
        part: &Value,
    ) -> Result<(), DeliveryError> {
        let target = Target::read(target)?;
        let part = read_part(part)?;
        let id = platform_message_id.parse().map(MessageId).map_err(|error| {
            DeliveryError::Refused(format!("not a message id of this channel: {error}"))
        })?;
        self.refuse_while_flooded(target)?;
        let marked = self.replace(target, id, &part.markdown, Some(ParseMode::MarkdownV2));
        let answer = match marked.await {
            Err(failure) if failure.is_about_marks() => {
                note_plain_text();
                self.replace(target, id, &part.plain, None).await
            }
            answer => answer,
        };
        match answer {
            Ok(_) => Ok(()),
            Err(failure) if failure.is_unchanged() => Ok(()),
            Err(failure) => Err(self.failed(failure, target)),
        }
    }
}

#[async_trait]
impl Typing for TelegramDelivery {
    async fn typing(&self, target: &ReplyTarget) -> Result<(), DeliveryError> {
        let target = Target::read(target)?;
        self.refuse_while_flooded(target)?;
        let mut action = SendChatAction::new(target.recipient(), ChatAction::Typing);
        action.message_thread_id = target.thread();
        match self.api.call(&action, self.call_timeout).await {
            Ok(_) => Ok(()),
            Err(failure) => Err(failure.into_delivery_error(Some(&target))),
        }
    }
}

fn read_part(part: &Value) -> Result<Part, DeliveryError> {
    Part::deserialize(part)
        .map_err(|error| DeliveryError::Refused(format!("not a part of this channel: {error}")))
}

fn note_plain_text() {
    tracing::warn!(
        channel.kind = "telegram",
        "the platform refused the marks of a message, it goes as plain text"
    );
}

/// A preview would fetch whatever address a model wrote.
const fn no_preview() -> LinkPreviewOptions {
    LinkPreviewOptions {
        is_disabled: true,
        url: None,
        prefer_small_media: false,
        prefer_large_media: false,
        show_above_text: false,
    }
}

/// The id of a sent message. The message is sent even if the rest of the answer is new to us.
fn message_id(result: &RawValue) -> Option<String> {
    #[derive(Deserialize)]
    struct Sent {
        message_id: i64,
    }
    let sent: Sent = serde_json::from_str(result.get()).ok()?;
    Some(sent.message_id.to_string())
}
