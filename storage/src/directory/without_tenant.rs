//! What can be asked without knowing the tenant: whose a key is, and which tenants there are.

use crate::database::Database;
use crate::entity::ownership;
use crate::error::from_orm;
use crate::scope::TenantScope;
use rookery_domain::id::TenantId;
use rookery_domain::ports::StoreError;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

/// What a route leads from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RouteKind {
    /// A connection's id, in UUID form.
    Connection,
    /// The digest of an API key's text, in hexadecimal digits.
    ApiKey,
    /// A tenant's slug.
    TenantSlug,
}

impl RouteKind {
    /// As it is stored.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Connection => "connection",
            Self::ApiKey => "api_key",
            Self::TenantSlug => "tenant_slug",
        }
    }

    /// Whose a key is, and the id that it stands for.
    pub(crate) async fn find(
        self,
        scope: &TenantScope,
        key: &str,
    ) -> Result<Option<(TenantId, Uuid)>, StoreError> {
        scope.route(self.as_str(), key).await
    }
}

/// Ids of tenants after a given one, oldest first. Every tenant has an ownership row.
pub(crate) async fn tenant_page(
    database: &Database,
    after: Option<TenantId>,
    limit: u32,
) -> Result<Vec<TenantId>, StoreError> {
    let mut query = ownership::Entity::find()
        .select_only()
        .column(ownership::Column::TenantId)
        .order_by_asc(ownership::Column::TenantId)
        .limit(u64::from(limit));
    if let Some(after) = after {
        query = query.filter(ownership::Column::TenantId.gt(after.as_uuid()));
    }
    let ids: Vec<Uuid> = query.into_tuple().all(database.reader()).await.map_err(from_orm)?;
    Ok(ids.into_iter().map(TenantId::from_uuid).collect())
}
