//! Bringing a bot up: who it is, how updates reach us, which commands people see.

use super::api::BotApi;
use super::bot::{BotState, Identity};
use async_trait::async_trait;
use rookery_domain::Secret;
use rookery_domain::command::ChatCommand;
use rookery_domain::ports::{DeliveryError, Lifecycle};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use teloxide_core::payloads::{
    AnswerCallbackQuery, DeleteWebhook, GetMe, SetMyCommands, SetWebhook,
};
use teloxide_core::requests::Payload;
use teloxide_core::types::{AllowedUpdate, BotCommand, CallbackQueryId};
use url::Url;

/// Everything that the library can name is stored; reactions and membership come only if asked for.
pub(super) const ALLOWED_UPDATES: [AllowedUpdate; 23] = [
    AllowedUpdate::Message,
    AllowedUpdate::EditedMessage,
    AllowedUpdate::ChannelPost,
    AllowedUpdate::EditedChannelPost,
    AllowedUpdate::BusinessConnection,
    AllowedUpdate::BusinessMessage,
    AllowedUpdate::EditedBusinessMessage,
    AllowedUpdate::DeletedBusinessMessages,
    AllowedUpdate::MessageReaction,
    AllowedUpdate::MessageReactionCount,
    AllowedUpdate::InlineQuery,
    AllowedUpdate::ChosenInlineResult,
    AllowedUpdate::CallbackQuery,
    AllowedUpdate::ShippingQuery,
    AllowedUpdate::PreCheckoutQuery,
    AllowedUpdate::PurchasedPaidMedia,
    AllowedUpdate::Poll,
    AllowedUpdate::PollAnswer,
    AllowedUpdate::MyChatMember,
    AllowedUpdate::ChatMember,
    AllowedUpdate::ChatJoinRequest,
    AllowedUpdate::ChatBoost,
    AllowedUpdate::RemovedChatBoost,
];

/// How updates reach us.
pub(super) enum Arrival {
    /// Posted to this URL with this secret.
    Hook { url: String, secret: Secret, connections: u8 },
    /// Fetched.
    Fetched,
}

/// Starts one connection.
pub(super) struct TelegramLifecycle {
    api: Arc<BotApi>,
    bot: Arc<BotState>,
    arrival: Arrival,
    call_timeout: Duration,
}

impl std::fmt::Debug for TelegramLifecycle {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("TelegramLifecycle").finish_non_exhaustive()
    }
}

/// What the platform says the bot is; stored with the connection.
#[derive(Deserialize, Serialize)]
struct Me {
    id: i64,
    username: Option<String>,
    #[serde(rename(deserialize = "first_name"))]
    name: String,
    /// Without it the bot sees only what is addressed to it in groups.
    #[serde(default)]
    can_read_all_group_messages: bool,
}

impl TelegramLifecycle {
    pub(super) const fn new(
        api: Arc<BotApi>,
        bot: Arc<BotState>,
        arrival: Arrival,
        call_timeout: Duration,
    ) -> Self {
        Self { api, bot, arrival, call_timeout }
    }

    async fn call<P>(&self, payload: &P) -> Result<String, DeliveryError>
    where
        P: Payload + Serialize + Sync,
    {
        self.api
            .call(payload, self.call_timeout)
            .await
            .map(|result| result.get().to_owned())
            .map_err(|failure| failure.into_delivery_error(None))
    }

    async fn who_am_i(&self) -> Result<Me, DeliveryError> {
        let answer = self.call(&GetMe::new()).await?;
        serde_json::from_str(&answer)
            .map_err(|error| DeliveryError::Unknown(format!("not a description of a bot: {error}")))
    }

    async fn register(&self) -> Result<(), DeliveryError> {
        match &self.arrival {
            Arrival::Fetched => self.call(&DeleteWebhook::new()).await?,
            Arrival::Hook { url, secret, connections } => {
                let url = Url::parse(url)
                    .map_err(|error| DeliveryError::Refused(format!("the hook's URL: {error}")))?;
                let mut hook = SetWebhook::new(url);
                hook.secret_token = Some(secret.expose().to_owned());
                hook.allowed_updates = Some(ALLOWED_UPDATES.to_vec());
                hook.max_connections = Some(*connections);
                self.call(&hook).await?
            }
        };
        Ok(())
    }
}

#[async_trait]
impl Lifecycle for TelegramLifecycle {
    async fn start(&self) -> Result<serde_json::Value, DeliveryError> {
        let me = self.who_am_i().await?;
        self.bot.learn(Identity { id: Some(me.id), username: me.username.clone() });
        self.register().await?;
        let commands =
            ChatCommand::ALL.map(|command| BotCommand::new(command.name(), command.summary()));
        self.call(&SetMyCommands::new(commands)).await?;
        Ok(serde_json::json!(me))
    }

    async fn acknowledge(&self, acknowledgement: &str) -> Result<(), DeliveryError> {
        let id = CallbackQueryId(acknowledgement.to_owned());
        self.call(&AnswerCallbackQuery::new(id)).await?;
        Ok(())
    }
}
