//! What the control plane changes.

use crate::agent::{Agent, AgentProfile};
use crate::api_key::ApiKey;
use crate::audit::AuditEntry;
use crate::connection::Connection;
use crate::id::{AgentId, ApiKeyId, RevisionId, TenantId};
use crate::ports::store::StoreError;
use crate::secret::Secret;
use crate::tenant::Tenant;
use crate::time::Timestamp;
use async_trait::async_trait;

/// A tenant with everything configured for it.
#[derive(Debug, Clone, PartialEq)]
pub struct TenantState {
    /// The tenant.
    pub tenant: Tenant,
    /// Its agents.
    pub agents: Vec<Agent>,
    /// Its connections, disabled ones included.
    pub connections: Vec<Connection>,
    /// Its keys, revoked ones included.
    pub api_keys: Vec<ApiKey>,
}

/// A change of a tenant's configuration, made in one transaction.
#[derive(Debug, Clone)]
pub struct TenantChange {
    /// The tenant as it should be. `version` is the one that was read (0 for a new tenant); the
    /// store refuses with `Conflict` if it has risen since, and raises it by one.
    pub tenant: Tenant,
    /// Agents to create or to give a new published revision.
    pub agents: Vec<AgentChange>,
    /// Connections to create or replace, by id.
    pub connections: Vec<Connection>,
    /// Keys to create or, under an id that exists, to replace: text, scopes and expiry, and a
    /// revoked one is good again. The text is kept as a digest only.
    pub api_keys: Vec<(ApiKey, Secret)>,
    /// Keys to revoke.
    pub revoked_keys: Vec<ApiKeyId>,
    /// Secrets to store, by name.
    pub secrets: Vec<(String, Secret)>,
    /// Secrets to forget, by name.
    pub removed_secrets: Vec<String>,
    /// What an auditor should see.
    pub audit: Vec<AuditEntry>,
    /// When.
    pub at: Timestamp,
}

/// An agent to create or to give a new published revision.
#[derive(Debug, Clone, PartialEq)]
pub struct AgentChange {
    /// Which agent.
    pub id: AgentId,
    /// Its slug.
    pub slug: String,
    /// The new revision's id.
    pub revision_id: RevisionId,
    /// Its number.
    pub revision: i64,
    /// Its content.
    pub profile: AgentProfile,
}

/// The control plane's store.
#[async_trait]
pub trait ControlStore: Send + Sync + std::fmt::Debug {
    /// A tenant by its slug, with everything configured for it.
    async fn tenant_by_slug(&self, slug: &str) -> Result<Option<TenantState>, StoreError>;

    /// Every tenant's id, oldest first, after the given one, at most `limit`.
    async fn tenants(
        &self,
        after: Option<TenantId>,
        limit: u32,
    ) -> Result<Vec<TenantId>, StoreError>;

    /// Makes a change and marks the tenant as having work, so that its overseer reads it.
    async fn save(&self, change: TenantChange) -> Result<(), StoreError>;
}

/// Key digests.
#[async_trait]
pub trait ApiKeys: Send + Sync + std::fmt::Debug {
    /// Takes a one-time key: the key if it was good, and it is revoked in the same transaction.
    async fn redeem(&self, text: &Secret, at: Timestamp) -> Result<Option<ApiKey>, StoreError>;

    /// Whether a stored key has this text.
    async fn matches(
        &self,
        tenant: TenantId,
        id: ApiKeyId,
        text: &Secret,
    ) -> Result<bool, StoreError>;
}

/// Secrets at rest: enveloped under a data key per tenant, bound to tenant and name.
#[async_trait]
pub trait SecretVault: Send + Sync + std::fmt::Debug {
    /// A secret.
    async fn get(&self, tenant: TenantId, name: &str) -> Result<Option<Secret>, StoreError>;

    /// All secrets whose name starts with a prefix, by full name.
    async fn with_prefix(
        &self,
        tenant: TenantId,
        prefix: &str,
    ) -> Result<Vec<(String, Secret)>, StoreError>;
}
