//! The ownership port: who may write for a tenant, and which tenants have work.

use super::store::PathStore;
use crate::entity::{node, ownership, wake};
use crate::error::from_orm;
use async_trait::async_trait;
use rookery_domain::Timestamp;
use rookery_domain::id::TenantId;
use rookery_domain::ownership::{Epoch, Lease, NodeRecord};
use rookery_domain::ports::{Ownership, StoreError};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, Statement,
};

const CLAIM: &str =
    "UPDATE ownership SET owner = $1, epoch = epoch + 1 WHERE tenant_id = $2 RETURNING epoch";

/// Whatever still has to be done for a tenant, each answered from a partial index.
const HAS_WORK: &str = "SELECT CAST(CASE WHEN \
     EXISTS (SELECT 1 FROM inbox WHERE tenant_id = $1 AND outcome IS NULL) \
     OR EXISTS (SELECT 1 FROM turns WHERE tenant_id = $1 AND state = 'running') \
     OR EXISTS (SELECT 1 FROM outbox WHERE tenant_id = $1 AND status IN ('pending', 'sending')) \
     OR EXISTS (SELECT 1 FROM usage_events WHERE tenant_id = $1 AND NOT folded) \
     THEN 1 ELSE 0 END AS bigint) AS has_work";

#[async_trait]
impl Ownership for PathStore {
    async fn boot(&self, record: &NodeRecord) -> Result<(), StoreError> {
        let now = self.clock.now().as_millis();
        let transaction = self.database.begin_write().await?;
        let row = node::ActiveModel {
            id: Set(record.id.as_uuid()),
            address: Set(record.address.clone()),
            version: Set(record.version.clone()),
            heartbeat_at: Set(now),
            lease_until: Set(now),
            healthy_since: Set(now),
            revoked: Set(false),
            draining: Set(false),
            started_at: Set(now),
        };
        let keep = OnConflict::column(node::Column::Id).do_nothing().to_owned();
        node::Entity::insert(row)
            .on_conflict(keep)
            .exec_without_returning(&transaction)
            .await
            .map_err(from_orm)?;
        ownership::Entity::update_many()
            .col_expr(ownership::Column::Owner, Expr::value(None::<uuid::Uuid>))
            .col_expr(ownership::Column::Epoch, Expr::col(ownership::Column::Epoch).add(1_i64))
            .filter(ownership::Column::Owner.is_not_null())
            .exec(&transaction)
            .await
            .map_err(from_orm)?;
        transaction.commit().await.map_err(from_orm)?;
        self.booted_as(record.id);
        Ok(())
    }

    async fn claim(&self, tenant: TenantId) -> Result<Lease, StoreError> {
        let owner = self.node()?;
        let transaction = self.database.begin_write().await?;
        let statement = Statement::from_sql_and_values(
            transaction.get_database_backend(),
            CLAIM,
            [owner.as_uuid().into(), tenant.as_uuid().into()],
        );
        let row = transaction
            .query_one_raw(statement)
            .await
            .map_err(from_orm)?
            .ok_or_else(|| StoreError::NotFound(tenant.to_string()))?;
        let epoch: i64 = row.try_get("", "epoch").map_err(from_orm)?;
        transaction.commit().await.map_err(from_orm)?;
        Ok(Lease { tenant_id: tenant, owner, epoch: Epoch(epoch) })
    }

    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        let transaction = self.database.begin_write().await?;
        ownership::Entity::update_many()
            .col_expr(ownership::Column::Owner, Expr::value(None::<uuid::Uuid>))
            .filter(ownership::Column::TenantId.eq(lease.tenant_id.as_uuid()))
            .filter(ownership::Column::Owner.eq(lease.owner.as_uuid()))
            .filter(ownership::Column::Epoch.eq(lease.epoch.0))
            .exec(&transaction)
            .await
            .map_err(from_orm)?;
        transaction.commit().await.map_err(from_orm)
    }

    async fn awake(
        &self,
        before: Timestamp,
        after: Option<TenantId>,
        limit: u32,
    ) -> Result<Vec<TenantId>, StoreError> {
        let mut query = wake::Entity::find()
            .select_only()
            .column(wake::Column::TenantId)
            .filter(wake::Column::Since.lt(before.as_millis()))
            .order_by_asc(wake::Column::TenantId)
            .limit(u64::from(limit));
        if let Some(after) = after {
            query = query.filter(wake::Column::TenantId.gt(after.as_uuid()));
        }
        let tenants: Vec<uuid::Uuid> =
            query.into_tuple().all(self.database.reader()).await.map_err(from_orm)?;
        Ok(tenants.into_iter().map(TenantId::from_uuid).collect())
    }

    async fn quiesce(&self, lease: &Lease) -> Result<bool, StoreError> {
        let transaction = self.scope.fenced(lease).await?;
        let tenant = lease.tenant_id.as_uuid();
        // First the mark: this waits for whoever is just adding work, and the look that follows
        // sees what they added.
        wake::Entity::delete_by_id(tenant)
            .exec(transaction.connection())
            .await
            .map_err(from_orm)?;
        let statement = Statement::from_sql_and_values(
            transaction.connection().get_database_backend(),
            HAS_WORK,
            [tenant.into()],
        );
        let row = transaction.connection().query_one_raw(statement).await.map_err(from_orm)?;
        let has_work: i64 =
            row.map_or(Ok(1), |row| row.try_get("", "has_work")).map_err(from_orm)?;
        if has_work != 0 {
            return Ok(false);
        }
        transaction.commit().await?;
        Ok(true)
    }
}
