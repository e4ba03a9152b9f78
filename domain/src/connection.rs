//! One bot token, workspace or number of a tenant.

use crate::channel::ChannelKind;
use crate::id::{AgentId, ConnectionId, TenantId};
use crate::secret::Secret;
use std::collections::BTreeMap;

/// A connection as it is stored; its secrets stay in the vault.
#[derive(Debug, Clone, PartialEq)]
pub struct Connection {
    /// Whose it is.
    pub tenant_id: TenantId,
    /// Its id, part of the hook's URL.
    pub id: ConnectionId,
    /// Unique within the tenant.
    pub slug: String,
    /// The platform.
    pub channel: ChannelKind,
    /// The agent that answers.
    pub agent_id: AgentId,
    /// The adapter's own settings, already checked by it; no secrets.
    pub settings: serde_json::Value,
    /// What the platform says the bot is (user name, id), once known.
    pub identity: Option<serde_json::Value>,
    /// Disabled connections refuse their hook as unknown.
    pub enabled: bool,
}

impl Connection {
    /// The vault's name of one of this connection's secrets, such as `token`.
    pub fn secret_name(&self, field: &str) -> String {
        connection_secret_name(self.id, field)
    }
}

/// The vault's name of a connection's secret.
pub fn connection_secret_name(id: ConnectionId, field: &str) -> String {
    format!("connection/{id}/{field}")
}

/// A connection with its secrets, ready for an adapter to open.
#[derive(Debug, Clone)]
pub struct ConnectionConfig {
    /// The stored part.
    pub connection: Connection,
    /// The secrets, by field name (`token`, `webhook_secret`).
    pub secrets: BTreeMap<String, Secret>,
    /// The base URL under which platforms reach our hooks, without a trailing slash.
    pub public_url: String,
}

impl ConnectionConfig {
    /// Where the platform delivers to.
    pub fn hook_url(&self) -> String {
        format!("{}/hooks/{}/{}", self.public_url, self.connection.channel, self.connection.id)
    }
}
