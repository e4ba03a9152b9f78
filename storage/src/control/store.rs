//! The control plane's store over the tenant scope.

use super::save::save;
use crate::database::Database;
use crate::directory::{CachedDirectory, RouteKind, read_tenant, tenant_page, to_api_key};
use crate::entity::api_keys;
use crate::error::from_orm;
use crate::scope::TenantScope;
use crate::vault::{RootKeys, Vault};
use async_trait::async_trait;
use rookery_domain::IdSource;
use rookery_domain::id::TenantId;
use rookery_domain::ports::control::{TenantChange, TenantState};
use rookery_domain::ports::{ControlStore, StoreError};
use sea_orm::QueryOrder;
use std::sync::Arc;

/// Configuration at rest: the control plane's tables, and the digests of API keys.
#[derive(Debug, Clone)]
pub struct ControlTables {
    pub(super) scope: TenantScope,
    pub(super) vault: Arc<Vault>,
    pub(super) directory: Arc<CachedDirectory>,
    pub(super) root_keys: RootKeys,
    pub(super) ids: Arc<dyn IdSource>,
    database: Database,
}

impl ControlTables {
    /// Over a database. What is changed here is forgotten by `directory` at once.
    pub fn new(
        database: &Database,
        vault: Arc<Vault>,
        directory: Arc<CachedDirectory>,
        root_keys: RootKeys,
        ids: Arc<dyn IdSource>,
    ) -> Self {
        Self {
            scope: database.scope(),
            vault,
            directory,
            root_keys,
            ids,
            database: database.clone(),
        }
    }
}

#[async_trait]
impl ControlStore for ControlTables {
    async fn tenant_by_slug(&self, slug: &str) -> Result<Option<TenantState>, StoreError> {
        let route = RouteKind::TenantSlug.find(&self.scope, slug);
        let Some((tenant, _)) = route.await? else {
            return Ok(None);
        };
        let transaction = self.scope.read(tenant).await?;
        let Some(snapshot) = read_tenant(&transaction).await? else {
            return Ok(None);
        };
        let keys = transaction
            .find::<api_keys::Entity>()
            .order_by_asc(api_keys::Column::Slug)
            .all(transaction.connection())
            .await
            .map_err(from_orm)?;
        transaction.commit().await?;
        Ok(Some(TenantState {
            tenant: snapshot.tenant,
            agents: snapshot.agents,
            connections: snapshot.connections,
            api_keys: keys.iter().map(to_api_key).collect::<Result<_, _>>()?,
        }))
    }

    async fn tenants(
        &self,
        after: Option<TenantId>,
        limit: u32,
    ) -> Result<Vec<TenantId>, StoreError> {
        tenant_page(&self.database, after, limit).await
    }

    async fn save(&self, change: TenantChange) -> Result<(), StoreError> {
        let tenant = change.tenant.id;
        save(self, change).await?;
        self.directory.invalidate(tenant);
        Ok(())
    }
}
