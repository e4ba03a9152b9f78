//! The directory over the tenant scope, with its caches.

use super::cache::Cache;
use super::rows::to_api_key;
use super::snapshot::{TenantSnapshot, read_tenant};
use super::without_tenant::RouteKind;
use crate::database::Database;
use crate::entity::{api_keys, connections};
use crate::error::from_orm;
use crate::scope::TenantScope;
use crate::vault::{KeyDigest, RootKey, RootKeys, hexadecimal};
use async_trait::async_trait;
use rookery_domain::agent::Agent;
use rookery_domain::api_key::ApiKey;
use rookery_domain::connection::Connection;
use rookery_domain::id::{AgentId, ConnectionId, TenantId};
use rookery_domain::ports::{Directory, StoreError};
use rookery_domain::tenant::Tenant;
use rookery_domain::{Clock, Secret, Timestamp};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, QueryFilter};
use std::sync::Arc;
use std::time::Duration;

/// How much the directory remembers, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DirectorySettings {
    /// How long configuration that another process changed may be seen as it was.
    pub lifetime: Duration,
    /// How long a key that another process revoked may still be good.
    pub key_lifetime: Duration,
    /// How long something that does not exist is known not to.
    pub missing_lifetime: Duration,
    /// Most tenants remembered, each with its agents and connections.
    pub tenants_max: usize,
    /// Most connections whose tenant is remembered.
    pub routes_max: usize,
    /// Most keys remembered.
    pub keys_max: usize,
    /// Most things remembered as missing.
    pub missing_max: usize,
}

impl Default for DirectorySettings {
    fn default() -> Self {
        Self {
            lifetime: Duration::from_secs(10),
            key_lifetime: Duration::from_secs(1),
            missing_lifetime: Duration::from_secs(1),
            tenants_max: 1_024,
            routes_max: 16_384,
            keys_max: 8_192,
            missing_max: 8_192,
        }
    }
}

/// Something that was asked for and does not exist.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Missing {
    Tenant(TenantId),
    Connection(ConnectionId),
    Key(KeyDigest),
}

/// The configuration of all tenants, cached.
#[derive(Debug)]
pub struct CachedDirectory {
    scope: TenantScope,
    root_keys: RootKeys,
    clock: Arc<dyn Clock>,
    tenants: Cache<TenantId, Arc<TenantSnapshot>>,
    routes: Cache<ConnectionId, TenantId>,
    keys: Cache<KeyDigest, ApiKey>,
    missing: Cache<Missing, ()>,
}

impl CachedDirectory {
    /// Over a database; `root_keys` are those under which API keys were digested.
    pub fn new(
        database: &Database,
        root_keys: RootKeys,
        clock: Arc<dyn Clock>,
        settings: DirectorySettings,
    ) -> Self {
        Self {
            scope: database.scope(),
            root_keys,
            clock,
            tenants: Cache::new(settings.tenants_max, settings.lifetime),
            routes: Cache::new(settings.routes_max, settings.lifetime),
            keys: Cache::new(settings.keys_max, settings.key_lifetime),
            missing: Cache::new(settings.missing_max, settings.missing_lifetime),
        }
    }

    /// Forgets everything about a tenant, because it was changed.
    pub fn invalidate(&self, tenant: TenantId) {
        self.tenants.forget(|id, _| *id == tenant);
        self.routes.forget(|_, owner| *owner == tenant);
        self.keys.forget(|_, key| key.tenant_id == tenant);
        // What was missing may be what the tenant has got now.
        self.missing.forget(|_, ()| true);
    }

    #[cfg(test)]
    pub(super) fn remembered(&self) -> usize {
        self.tenants.len() + self.routes.len() + self.keys.len() + self.missing.len()
    }

    async fn snapshot(&self, id: TenantId) -> Result<Option<Arc<TenantSnapshot>>, StoreError> {
        let missing = Missing::Tenant(id);
        let read = async || {
            if self.missing.get(&missing).is_some() {
                return Ok(None);
            }
            let absent = self.missing.begin();
            let transaction = self.scope.read(id).await?;
            let found = read_tenant(&transaction).await?.map(Arc::new);
            transaction.commit().await?;
            if found.is_none() {
                self.missing.put(absent, missing.clone(), ());
            }
            Ok(found)
        };
        self.tenants.get_or_read(&id, read).await
    }

    /// The good key with this text, if it was digested under this root key.
    async fn key_under(&self, root: &RootKey, text: &Secret) -> Result<Option<ApiKey>, StoreError> {
        let digest = root.digest(text);
        let missing = Missing::Key(digest);
        let read = async || {
            if self.missing.get(&missing).is_some() {
                return Ok(None);
            }
            let absent = self.missing.begin();
            let found = self.read_key(root, text, &digest).await?;
            let good = found.filter(|key| is_good(key, self.clock.now()));
            if good.is_none() {
                self.missing.put(absent, missing.clone(), ());
            }
            Ok::<_, StoreError>(good)
        };
        let found = self.keys.get_or_read(&digest, read).await?;
        Ok(found.filter(|key| is_good(key, self.clock.now())))
    }

    /// The key behind a digest, as it is stored now.
    async fn read_key(
        &self,
        root: &RootKey,
        text: &Secret,
        digest: &KeyDigest,
    ) -> Result<Option<ApiKey>, StoreError> {
        let name = hexadecimal(digest);
        let route = RouteKind::ApiKey.find(&self.scope, &name);
        let Some((tenant, target)) = route.await? else {
            return Ok(None);
        };
        let transaction = self.scope.read(tenant).await?;
        let row = transaction
            .find::<api_keys::Entity>()
            .filter(api_keys::Column::Id.eq(target))
            .one(transaction.connection())
            .await
            .map_err(from_orm)?;
        transaction.commit().await?;
        match row {
            Some(row) if root.verify(text, &row.digest) => to_api_key(&row).map(Some),
            _ => Ok(None),
        }
    }
}

/// Whether a key opens anything now. One-time keys are taken by `ApiKeys::redeem` only.
fn is_good(key: &ApiKey, now: Timestamp) -> bool {
    let expired = key.expires_at.is_some_and(|at| at <= now);
    key.revoked_at.is_none() && !key.one_time && !expired
}

#[async_trait]
impl Directory for CachedDirectory {
    async fn connection_tenant(&self, id: ConnectionId) -> Result<Option<TenantId>, StoreError> {
        let missing = Missing::Connection(id);
        let read = async || {
            if self.missing.get(&missing).is_some() {
                return Ok(None);
            }
            let absent = self.missing.begin();
            let key = id.as_uuid().to_string();
            let route = RouteKind::Connection.find(&self.scope, &key).await?;
            if route.is_none() {
                self.missing.put(absent, missing.clone(), ());
            }
            Ok(route.map(|(tenant, _)| tenant))
        };
        self.routes.get_or_read(&id, read).await
    }

    async fn tenant(&self, id: TenantId) -> Result<Option<Tenant>, StoreError> {
        let snapshot = self.snapshot(id).await?;
        Ok(snapshot.map(|snapshot| snapshot.tenant.clone()))
    }

    async fn connection(
        &self,
        tenant: TenantId,
        id: ConnectionId,
    ) -> Result<Option<Connection>, StoreError> {
        let snapshot = self.snapshot(tenant).await?;
        let all = snapshot.as_ref().map_or(&[][..], |all| &all.connections);
        Ok(all.iter().find(|connection| connection.id == id).cloned())
    }

    async fn connections(&self, tenant: TenantId) -> Result<Vec<Connection>, StoreError> {
        let snapshot = self.snapshot(tenant).await?;
        Ok(snapshot.map_or_else(Vec::new, |all| all.connections.clone()))
    }

    async fn agent(&self, tenant: TenantId, id: AgentId) -> Result<Option<Agent>, StoreError> {
        let snapshot = self.snapshot(tenant).await?;
        let all = snapshot.as_ref().map_or(&[][..], |all| &all.agents);
        Ok(all.iter().find(|agent| agent.id == id).cloned())
    }

    async fn agents(&self, tenant: TenantId) -> Result<Vec<Agent>, StoreError> {
        let snapshot = self.snapshot(tenant).await?;
        Ok(snapshot.map_or_else(Vec::new, |all| all.agents.clone()))
    }

    async fn api_key(&self, text: &Secret) -> Result<Option<ApiKey>, StoreError> {
        for root in self.root_keys.all() {
            if let Some(key) = self.key_under(root, text).await? {
                return Ok(Some(key));
            }
        }
        Ok(None)
    }

    async fn remember_identity(
        &self,
        tenant: TenantId,
        id: ConnectionId,
        identity: serde_json::Value,
    ) -> Result<(), StoreError> {
        let transaction = self.scope.write(tenant).await?;
        let changed = transaction
            .update::<connections::Entity>()
            .col_expr(connections::Column::Identity, Expr::value(identity.to_string()))
            .filter(connections::Column::Id.eq(id.as_uuid()))
            .exec(transaction.connection())
            .await
            .map_err(from_orm)?;
        if changed.rows_affected == 0 {
            return Err(StoreError::NotFound(id.to_string()));
        }
        transaction.commit().await?;
        self.invalidate(tenant);
        Ok(())
    }
}
