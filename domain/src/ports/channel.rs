//! A chat platform as the host sees it: halves, not one fat trait. The host owns key material,
//! dedupe, order, retry, persistence and secrets; an adapter maps bytes to domain types and makes
//! the call.

use crate::channel::{Capabilities, ChannelKind};
use crate::connection::ConnectionConfig;
use crate::error::ErrorKind;
use crate::id::OutboxId;
use crate::message::{Inbound, Reply, ReplyTarget};
use async_trait::async_trait;
use bytes::Bytes;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

/// A request as the listener read it: bounded, not interpreted.
#[derive(Debug, Clone, Default)]
pub struct RawRequest {
    /// Header names in lower case, with their bytes.
    pub headers: Vec<(String, Bytes)>,
    /// The body as it arrived.
    pub body: Bytes,
}

impl RawRequest {
    /// The only value of a header; `None` if it is absent or repeated.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        let mut values = self.headers.iter().filter(|(key, _)| key == name);
        match (values.next(), values.next()) {
            (Some((_, value)), None) => Some(value),
            _ => None,
        }
    }
}

/// One inbound row cut from a verified request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// Equal for every redelivery; at most 200 bytes.
    pub dedupe_key: String,
    /// The bytes to store and to normalise later.
    pub raw: Bytes,
}

/// Why inbound bytes were not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IngressError {
    /// Signature or secret missing or wrong. Nothing is stored.
    #[error("the request is not authentic")]
    Unauthorized,
    /// Stored bytes that this version cannot read: a dead letter.
    #[error("the payload cannot be read: {0}")]
    Unreadable(String),
}

impl IngressError {
    /// Its kind.
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::Unauthorized => ErrorKind::Unauthorized,
            Self::Unreadable(_) => ErrorKind::Invalid,
        }
    }
}

/// Inbound half: pure functions over bytes.
pub trait Ingress: Send + Sync + Debug {
    /// Checks the signature over the raw bytes in constant time and cuts the body into rows. An
    /// authentic body that cannot be parsed is one row keyed by its digest, never an error.
    fn accept(&self, request: &RawRequest) -> Result<Vec<Envelope>, IngressError>;

    /// Reads a stored row.
    fn normalise(&self, raw: &[u8]) -> Result<Inbound, IngressError>;
}

/// Why an outbound call did not certainly succeed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum DeliveryError {
    /// It certainly did not happen: no connection, or the platform said so.
    #[error("not delivered: {0}")]
    NotDelivered(String),
    /// The platform wants us to wait.
    #[error("rate limited for {0:?}")]
    RateLimited(Duration),
    /// It may have happened: a time-out or a 5xx after the request was written.
    #[error("outcome unknown: {0}")]
    Unknown(String),
    /// It can never happen: blocked, chat gone, text refused even as plain text.
    #[error("refused: {0}")]
    Refused(String),
    /// The conversation has another name now; send it there.
    #[error("the conversation has moved")]
    Moved(ReplyTarget),
    /// The token is no longer valid.
    #[error("the platform refuses the token")]
    Unauthorized,
}

impl DeliveryError {
    /// Its kind.
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::NotDelivered(_) | Self::Moved(_) => ErrorKind::Unavailable,
            Self::RateLimited(_) => ErrorKind::RateLimited,
            Self::Unknown(_) => ErrorKind::Upstream,
            Self::Refused(_) => ErrorKind::Invalid,
            Self::Unauthorized => ErrorKind::Unauthorized,
        }
    }
}

/// Outbound half.
#[async_trait]
pub trait Delivery: Send + Sync + Debug {
    /// What the platform can do.
    fn capabilities(&self) -> Capabilities;

    /// Renders a reply into the parts that the platform takes, in order, losing nothing. Pure.
    fn render(&self, reply: &Reply) -> Vec<serde_json::Value>;

    /// Renders a growing reply as one part: the newest that fits. Pure.
    fn render_preview(&self, text: &str) -> serde_json::Value;

    /// Waits until the platform's rate limits allow one call to this target. Before each send and
    /// each edit, which share the limits.
    async fn ready(&self, target: &ReplyTarget);

    /// Sends one part and returns the platform's message id.
    async fn send(
        &self,
        target: &ReplyTarget,
        part: &serde_json::Value,
        key: OutboxId,
    ) -> Result<Option<String>, DeliveryError>;
}

/// Shows that somebody is writing.
#[async_trait]
pub trait Typing: Send + Sync + Debug {
    /// Shows it once; renewed by the host as often as the capabilities say.
    async fn typing(&self, target: &ReplyTarget) -> Result<(), DeliveryError>;
}

/// Changes a sent message.
#[async_trait]
pub trait Edits: Send + Sync + Debug {
    /// Replaces a message's content; an equal content is a success.
    async fn edit(
        &self,
        target: &ReplyTarget,
        platform_message_id: &str,
        part: &serde_json::Value,
    ) -> Result<(), DeliveryError>;
}

/// Fetches inbound events where the platform does not push them.
#[async_trait]
pub trait Polling: Send + Sync + Debug {
    /// Waits for events after the cursor (what the last call returned, `None` at first). The next
    /// call's cursor confirms them to the platform, so they are stored before it is made.
    async fn poll(
        &self,
        cursor: Option<i64>,
    ) -> Result<(Vec<Envelope>, Option<i64>), DeliveryError>;
}

/// Brings a connection up.
#[async_trait]
pub trait Lifecycle: Send + Sync + Debug {
    /// Asks the platform who the bot is, registers hook and commands, and returns the identity to
    /// store. May be repeated.
    async fn start(&self) -> Result<serde_json::Value, DeliveryError>;

    /// Acknowledges a pressed button.
    async fn acknowledge(&self, acknowledgement: &str) -> Result<(), DeliveryError>;
}

/// An open connection: the halves a platform has.
#[derive(Debug, Clone)]
pub struct OpenConnection {
    /// Reads what arrives.
    pub ingress: Arc<dyn Ingress>,
    /// Sends.
    pub delivery: Arc<dyn Delivery>,
    /// Shows typing.
    pub typing: Option<Arc<dyn Typing>>,
    /// Edits.
    pub edits: Option<Arc<dyn Edits>>,
    /// Fetches; present only where the connection's mode asks for it.
    pub polling: Option<Arc<dyn Polling>>,
    /// Starts.
    pub lifecycle: Option<Arc<dyn Lifecycle>>,
}

/// Why a connection's settings cannot work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct SettingsError {
    /// Which setting.
    pub field: String,
    /// What is wrong, and the fix.
    pub reason: String,
}

/// A catalogue entry: one platform.
pub trait Adapter: Send + Sync + Debug {
    /// Its name.
    fn kind(&self) -> ChannelKind;

    /// The names of the secrets it needs or takes, for instance `token`.
    fn secret_fields(&self) -> &'static [&'static str];

    /// Checks settings as they stand in an apply file (without `slug`, `channel`, `agent` and the
    /// secrets) and returns their stored form. Reports every fault.
    fn check_settings(
        &self,
        settings: &serde_json::Map<String, serde_json::Value>,
        secrets_given: &[&str],
    ) -> Result<serde_json::Value, Vec<SettingsError>>;

    /// Opens a connection. No I/O. Refuses when a secret that guards the hook is missing.
    fn open(&self, config: &ConnectionConfig) -> Result<OpenConnection, SettingsError>;
}

/// The platforms of this installation.
pub trait ChannelCatalogue: Send + Sync + Debug {
    /// The adapter of a platform.
    fn find(&self, kind: &ChannelKind) -> Option<Arc<dyn Adapter>>;

    /// Every platform's name, sorted.
    fn kinds(&self) -> Vec<ChannelKind>;
}
