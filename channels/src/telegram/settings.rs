//! What the operator sets for all bots, and what a tenant sets for one connection.

use crate::error::ChannelsError;
use crate::pace::{Allowance, PaceLimits};
use crate::unknown_key::unknown_keys;
use rookery_domain::Secret;
use rookery_domain::connection::ConnectionConfig;
use rookery_domain::ports::channel::SettingsError;
use serde_json::{Map, Value};
use std::num::NonZeroU32;
use std::time::Duration;
use url::Url;

/// The connection's secrets by name.
pub(super) const SECRET_FIELDS: [&str; 2] = ["token", "webhook_secret"];
const SETTING_FIELDS: [&str; 1] = ["mode"];
/// Longest secret that the platform takes.
const WEBHOOK_SECRET_CHARACTERS_MAX: usize = 256;

/// What the operator sets (`channels.telegram`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TelegramSettings {
    /// Base URL of the Bot API, without the bot's token.
    pub api_url: String,
    /// Flood control.
    pub limits: TelegramLimits,
    /// Total time of one call, fetching excepted.
    pub call_timeout: Duration,
    /// How long one fetch waits for updates; the platform takes up to 50 s.
    pub poll_timeout: Duration,
    /// How often a typing sign is renewed; the platform shows it for 5 s.
    pub typing_every: Duration,
    /// Least time between two edits of a streamed message.
    pub edit_every: Duration,
    /// How many deliveries the platform makes to a hook at once, 1 to 100.
    pub hook_connections: u8,
}

impl Default for TelegramSettings {
    fn default() -> Self {
        Self {
            api_url: "https://api.telegram.org".to_owned(),
            limits: TelegramLimits::default(),
            call_timeout: Duration::from_secs(15),
            poll_timeout: Duration::from_secs(50),
            typing_every: Duration::from_secs(4),
            edit_every: Duration::from_millis(1_500),
            hook_connections: 40,
        }
    }
}

/// Flood control. The platform publishes no exact numbers; these are its own advice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TelegramLimits {
    /// Sends and edits per second in one chat.
    pub per_chat_per_second: NonZeroU32,
    /// How many of them may come at once after a quiet time.
    pub chat_burst: NonZeroU32,
    /// Sends and edits in any minute in one group or channel.
    pub per_group_per_minute: NonZeroU32,
    /// Sends and edits in any second of one bot.
    pub per_bot_per_second: NonZeroU32,
}

impl Default for TelegramLimits {
    fn default() -> Self {
        const fn count(count: u32) -> NonZeroU32 {
            match NonZeroU32::new(count) {
                Some(count) => count,
                None => NonZeroU32::MIN,
            }
        }
        Self {
            per_chat_per_second: count(1),
            chat_burst: count(3),
            per_group_per_minute: count(20),
            per_bot_per_second: count(30),
        }
    }
}

impl TelegramLimits {
    pub(super) const fn pace(self) -> PaceLimits {
        let second = Duration::from_secs(1);
        PaceLimits {
            conversation: Allowance {
                count: self.per_chat_per_second,
                per: second,
                burst: Some(self.chat_burst),
            },
            group: Allowance {
                count: self.per_group_per_minute,
                per: Duration::from_mins(1),
                burst: None,
            },
            bot: Allowance { count: self.per_bot_per_second, per: second, burst: None },
        }
    }
}

/// The base URL, checked.
pub(super) fn api_url(text: &str) -> Result<Url, ChannelsError> {
    let fault =
        |reason: &str| ChannelsError::ApiUrl { channel: "telegram", reason: reason.to_owned() };
    let url = Url::parse(text).map_err(|error| fault(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") || url.cannot_be_a_base() {
        return Err(fault("must start with http:// or https://"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(fault("must have no query and no fragment"));
    }
    Ok(url)
}

/// How updates reach us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Mode {
    /// The platform posts to our hook.
    #[default]
    Webhook,
    /// We ask for them.
    Polling,
}

/// A connection's own settings as they are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub(super) struct BotSettings {
    #[serde(default)]
    pub(super) mode: Mode,
}

impl BotSettings {
    /// From an apply file; every fault is reported.
    pub(super) fn check(
        settings: &Map<String, Value>,
        secrets_given: &[&str],
    ) -> Result<Self, Vec<SettingsError>> {
        let mut faults = unknown_keys(settings, &SETTING_FIELDS);
        let mode = match settings.get("mode") {
            None => Mode::default(),
            Some(value) => read_mode(value).unwrap_or_else(|fault| {
                faults.push(fault);
                Mode::default()
            }),
        };
        if !secrets_given.contains(&"token") {
            faults.push(fault("token", "is required: the bot's token from @BotFather"));
        }
        let mode_is_known = faults.iter().all(|fault| fault.field != "mode");
        if mode_is_known && mode == Mode::Webhook && !secrets_given.contains(&"webhook_secret") {
            faults.push(missing_webhook_secret());
        }
        if faults.is_empty() { Ok(Self { mode }) } else { Err(faults) }
    }

    /// From a stored connection.
    pub(super) fn stored(config: &ConnectionConfig) -> Result<Self, SettingsError> {
        match config.connection.settings.get("mode") {
            None => Ok(Self::default()),
            Some(value) => read_mode(value).map(|mode| Self { mode }),
        }
    }
}

fn read_mode(value: &Value) -> Result<Mode, SettingsError> {
    match value.as_str() {
        Some("webhook") => Ok(Mode::Webhook),
        Some("polling") => Ok(Mode::Polling),
        _ => Err(fault("mode", "must be \"webhook\" or \"polling\"")),
    }
}

/// The bot's token. It becomes part of a URL, so its characters are checked.
pub(super) fn token(config: &ConnectionConfig) -> Result<Secret, SettingsError> {
    let secret = config
        .secrets
        .get("token")
        .filter(|secret| !secret.is_empty())
        .ok_or_else(|| fault("token", "is required: the bot's token from @BotFather"))?;
    let plain =
        secret.expose().bytes().all(|byte| byte.is_ascii_alphanumeric() || b":_-".contains(&byte));
    if plain {
        Ok(secret.clone())
    } else {
        Err(fault("token", "holds a character that no bot token has"))
    }
}

/// The secret that guards the hook. Without a good one a webhook connection does not open.
pub(super) fn webhook_secret(config: &ConnectionConfig) -> Result<Secret, SettingsError> {
    let secret = config
        .secrets
        .get("webhook_secret")
        .filter(|secret| !secret.is_empty())
        .ok_or_else(missing_webhook_secret)?;
    let text = secret.expose();
    let plain = text.len() <= WEBHOOK_SECRET_CHARACTERS_MAX
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    if plain {
        Ok(secret.clone())
    } else {
        Err(fault("webhook_secret", "must be 1 to 256 characters of A-Z, a-z, 0-9, _ and -"))
    }
}

fn missing_webhook_secret() -> SettingsError {
    fault(
        "webhook_secret",
        "is required in webhook mode: without it anybody could post to the hook",
    )
}

fn fault(field: &str, reason: &str) -> SettingsError {
    SettingsError { field: field.to_owned(), reason: reason.to_owned() }
}
