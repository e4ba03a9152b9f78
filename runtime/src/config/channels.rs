//! `[channels.*]`: what holds for all connections of a platform. Base URLs are the operator's
//! alone; a tenant cannot point a platform elsewhere.

use super::keys::Keys;
use rookery_channels::{TelegramLimits, TelegramSettings};
use rookery_domain::Secret;
use url::Url;

/// All platforms.
#[derive(Debug, Clone)]
pub struct ChannelsConfig {
    /// Telegram.
    pub telegram: TelegramSettings,
    /// Slack's app shared by many tenants.
    pub slack: SharedAppConfig,
    /// WhatsApp's app shared by many tenants.
    pub whatsapp: SharedAppConfig,
    /// Base URLs of platforms that this version does not have yet; checked, and not called.
    pub later_api_urls: Vec<Option<Url>>,
}

/// One app of a platform that many tenants share.
#[derive(Debug, Clone)]
pub struct SharedAppConfig {
    secrets: Vec<Secret>,
}

impl SharedAppConfig {
    fn read(keys: &mut Keys<'_>, paths: &[&str]) -> Self {
        Self { secrets: paths.iter().map(|path| keys.secret(path)).collect() }
    }

    /// Whether anything of it is configured.
    pub fn is_set(&self) -> bool {
        self.secrets.iter().any(|secret| !secret.is_empty())
    }
}

impl ChannelsConfig {
    pub(super) fn read(keys: &mut Keys<'_>) -> Self {
        Self {
            telegram: telegram(keys),
            slack: SharedAppConfig::read(
                keys,
                &[
                    "channels.slack.client_id",
                    "channels.slack.client_secret",
                    "channels.slack.signing_secret",
                ],
            ),
            whatsapp: SharedAppConfig::read(
                keys,
                &["channels.whatsapp.app_secret", "channels.whatsapp.verify_token"],
            ),
            later_api_urls: vec![
                keys.read("channels.discord.api_url"),
                keys.read("channels.slack.api_url"),
                keys.read("channels.whatsapp.api_url"),
            ],
        }
    }
}

fn telegram(keys: &mut Keys<'_>) -> TelegramSettings {
    let api_url: Option<Url> = keys.read("channels.telegram.api_url");
    if api_url.is_none() {
        keys.faults.push("channels.telegram.api_url", "must not be empty");
    }
    let settings = TelegramSettings {
        api_url: api_url
            .map(|url| url.as_str().trim_end_matches('/').to_owned())
            .unwrap_or_default(),
        limits: TelegramLimits {
            per_chat_per_second: keys.read("channels.telegram.per_chat_per_second"),
            chat_burst: keys.read("channels.telegram.chat_burst"),
            per_group_per_minute: keys.read("channels.telegram.per_group_per_minute"),
            per_bot_per_second: keys.read("channels.telegram.per_bot_per_second"),
        },
        call_timeout: keys.read("channels.telegram.call_timeout"),
        poll_timeout: keys.read("channels.telegram.poll_timeout"),
        typing_every: keys.read("channels.telegram.typing_every"),
        edit_every: keys.read("channels.telegram.edit_every"),
        hook_connections: keys.read("channels.telegram.hook_connections"),
    };
    if !(1..=100).contains(&settings.hook_connections) {
        keys.faults.push("channels.telegram.hook_connections", "must be from 1 to 100");
    }
    settings
}
