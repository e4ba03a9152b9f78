//! Configuration as the running system reads it, cached and told when it changed.

use crate::agent::Agent;
use crate::api_key::ApiKey;
use crate::connection::Connection;
use crate::id::{AgentId, ConnectionId, TenantId};
use crate::ports::store::StoreError;
use crate::secret::Secret;
use crate::tenant::Tenant;
use async_trait::async_trait;

/// Tenants, agents and connections.
#[async_trait]
pub trait Directory: Send + Sync + std::fmt::Debug {
    /// The tenant of a connection, found without knowing the tenant.
    async fn connection_tenant(&self, id: ConnectionId) -> Result<Option<TenantId>, StoreError>;

    /// A tenant.
    async fn tenant(&self, id: TenantId) -> Result<Option<Tenant>, StoreError>;

    /// A connection of a tenant.
    async fn connection(
        &self,
        tenant: TenantId,
        id: ConnectionId,
    ) -> Result<Option<Connection>, StoreError>;

    /// All connections of a tenant.
    async fn connections(&self, tenant: TenantId) -> Result<Vec<Connection>, StoreError>;

    /// An agent of a tenant with its published revision.
    async fn agent(&self, tenant: TenantId, id: AgentId) -> Result<Option<Agent>, StoreError>;

    /// All agents of a tenant.
    async fn agents(&self, tenant: TenantId) -> Result<Vec<Agent>, StoreError>;

    /// The key with this text, whoever's it is; expired and revoked ones are not found.
    async fn api_key(&self, text: &Secret) -> Result<Option<ApiKey>, StoreError>;

    /// Stores what the platform said the bot is.
    async fn remember_identity(
        &self,
        tenant: TenantId,
        id: ConnectionId,
        identity: serde_json::Value,
    ) -> Result<(), StoreError>;
}
