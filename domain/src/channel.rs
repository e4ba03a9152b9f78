//! Platforms, and what each can do, as data that the renderer enforces.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A platform's name as it stands in config, in URLs and in SQL: `[a-z0-9_]{1,32}`.
///
/// Which platforms exist is the channel catalogue's business, so this is a checked text and not
/// an enum: a new platform touches no other crate.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(try_from = "String", into = "String")]
pub struct ChannelKind(String);

/// A text that cannot name a platform.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a channel name: use 1 to 32 of a-z, 0-9 and _")]
pub struct ChannelKindError;

impl ChannelKind {
    /// The built-in channel that people and programs reach over our own HTTP API.
    pub fn web() -> Self {
        Self("web".to_owned())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ChannelKind {
    type Err = ChannelKindError;

    fn from_str(text: &str) -> Result<Self, ChannelKindError> {
        let fits = (1..=32).contains(&text.len());
        let plain = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if fits && plain { Ok(Self(text.to_owned())) } else { Err(ChannelKindError) }
    }
}

impl TryFrom<String> for ChannelKind {
    type Error = ChannelKindError;

    fn try_from(text: String) -> Result<Self, ChannelKindError> {
        text.parse()
    }
}

impl From<ChannelKind> for String {
    fn from(kind: ChannelKind) -> Self {
        kind.0
    }
}

impl fmt::Display for ChannelKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// What a platform can do. The host reads it, adapters only state it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// The platform takes an idempotency key, so that a repeated send has one effect.
    pub idempotent_send: bool,
    /// Clients fetch from us (web chat, API): committing the outbox row *is* the delivery.
    pub pulled: bool,
    /// How often a typing indicator must be renewed; `None` if there is none.
    pub typing_every: Option<Duration>,
    /// Least time between two edits of a streamed message; `None` if messages cannot be edited.
    pub edit_every: Option<Duration>,
    /// The platform honours `Retry-After` on a refused delivery.
    pub honours_retry_after: bool,
}
