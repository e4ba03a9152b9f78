//! The catalogue entry.

use super::api::BotApi;
use super::bot::{BotState, Identity};
use super::delivery::TelegramDelivery;
use super::ingress::TelegramIngress;
use super::lifecycle::{Arrival, TelegramLifecycle};
use super::polling::TelegramPolling;
use super::settings::{self, BotSettings, Mode, TelegramSettings};
use crate::digest::sha256;
use crate::error::ChannelsError;
use dashmap::DashMap;
use reqwest012::Client;
use rookery_domain::Secret;
use rookery_domain::channel::ChannelKind;
use rookery_domain::connection::ConnectionConfig;
use rookery_domain::id::ConnectionId;
use rookery_domain::ports::channel::SettingsError;
use rookery_domain::ports::{Adapter, Ingress, OpenConnection, Polling};
use serde_json::{Map, Value};
use std::sync::{Arc, Weak};
use url::Url;

/// A connection and the digest of its token: a changed token is another bot.
type BotKey = (ConnectionId, [u8; 32]);

/// The platform over one shared client.
#[derive(Debug)]
pub(crate) struct TelegramAdapter {
    kind: ChannelKind,
    settings: TelegramSettings,
    base: Url,
    client: Client,
    /// The bots that are open: whoever opens the same connection shares its pace and identity.
    bots: DashMap<BotKey, Weak<BotState>>,
}

impl TelegramAdapter {
    /// Checks the base URL and keeps the client.
    pub(crate) fn new(settings: TelegramSettings, client: Client) -> Result<Self, ChannelsError> {
        let base = settings::api_url(&settings.api_url)?;
        Ok(Self { kind: "telegram".parse()?, settings, base, client, bots: DashMap::new() })
    }

    fn bot(&self, config: &ConnectionConfig, token: &Secret) -> Arc<BotState> {
        let key = (config.connection.id, sha256(token.expose().as_bytes()));
        let known = self.bots.get(&key).and_then(|bot| bot.upgrade());
        let bot = known.unwrap_or_else(|| {
            self.bots.retain(|_, bot| bot.strong_count() > 0);
            let bot = Arc::new(BotState::new(token, self.settings.limits.pace()));
            self.bots.insert(key, Arc::downgrade(&bot));
            bot
        });
        bot.recall(Identity::stored(config.connection.identity.as_ref()));
        bot
    }
}

impl Adapter for TelegramAdapter {
    fn kind(&self) -> ChannelKind {
        self.kind.clone()
    }

    fn secret_fields(&self) -> &'static [&'static str] {
        &settings::SECRET_FIELDS
    }

    fn check_settings(
        &self,
        settings: &Map<String, Value>,
        secrets_given: &[&str],
    ) -> Result<Value, Vec<SettingsError>> {
        BotSettings::check(settings, secrets_given).map(|settings| serde_json::json!(settings))
    }

    fn open(&self, config: &ConnectionConfig) -> Result<OpenConnection, SettingsError> {
        let mode = BotSettings::stored(config)?.mode;
        let token = settings::token(config)?;
        let arrival = match mode {
            Mode::Polling => Arrival::Fetched,
            Mode::Webhook => Arrival::Hook {
                url: config.hook_url(),
                secret: settings::webhook_secret(config)?,
                connections: self.settings.hook_connections.clamp(1, 100),
            },
        };
        let bot = self.bot(config, &token);
        let secret = match &arrival {
            Arrival::Hook { secret, .. } => Some(secret),
            Arrival::Fetched => None,
        };
        let ingress: Arc<dyn Ingress> = Arc::new(TelegramIngress::new(secret, Arc::clone(&bot)));
        let api = Arc::new(BotApi::new(self.client.clone(), self.base.clone(), token));
        let delivery =
            Arc::new(TelegramDelivery::new(Arc::clone(&api), Arc::clone(&bot), &self.settings));
        let polling: Option<Arc<dyn Polling>> = match mode {
            Mode::Webhook => None,
            Mode::Polling => {
                let wait = self.settings.poll_timeout;
                Some(Arc::new(TelegramPolling::new(Arc::clone(&api), Arc::clone(&bot), wait)))
            }
        };
        let lifecycle = TelegramLifecycle::new(api, bot, arrival, self.settings.call_timeout);
        Ok(OpenConnection {
            ingress,
            delivery: Arc::<TelegramDelivery>::clone(&delivery),
            typing: Some(Arc::<TelegramDelivery>::clone(&delivery)),
            edits: Some(delivery),
            polling,
            lifecycle: Some(Arc::new(lifecycle)),
        })
    }
}
