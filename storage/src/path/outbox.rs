//! The outbox port.

use super::store::PathStore;
use super::{prepare, stored};
use crate::entity::outbox;
use crate::error::from_orm;
use crate::scope::TenantTransaction;
use crate::work_mark;
use async_trait::async_trait;
use rookery_domain::Timestamp;
use rookery_domain::id::{OutboxId, SessionId, TenantId, TurnId};
use rookery_domain::outbox::{OutboxChange, OutboxRow, OutboxStatus};
use rookery_domain::ownership::Lease;
use rookery_domain::ports::{Outbox, StoreError};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect, Select};

/// As the partial indexes spell them.
const IS_UNSETTLED: &str = "status IN ('pending', 'sending')";
const IS_DEAD: &str = "status = 'dead'";

#[async_trait]
impl Outbox for PathStore {
    async fn change(
        &self,
        lease: &Lease,
        change: OutboxChange,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.submit_plain(prepare::change(lease, change, at)).await
    }

    async fn unsettled(
        &self,
        tenant: TenantId,
        after: Option<OutboxId>,
        limit: u32,
    ) -> Result<Vec<OutboxRow>, StoreError> {
        let transaction = self.scope.read(tenant).await?;
        let mut query = transaction
            .find::<outbox::Entity>()
            .filter(Expr::cust(IS_UNSETTLED))
            .order_by_asc(outbox::Column::Id)
            .limit(u64::from(limit));
        if let Some(after) = after {
            query = query.filter(outbox::Column::Id.gt(after.as_uuid()));
        }
        // Pages follow the ids, which rise with the sequence; order within a page is the session's.
        let mut rows = read_rows(transaction, query).await?;
        rows.sort_by_key(|row| (row.session_id, row.seq));
        Ok(rows)
    }

    async fn of_session(
        &self,
        tenant: TenantId,
        session: SessionId,
        after_seq: i64,
        limit: u32,
    ) -> Result<Vec<OutboxRow>, StoreError> {
        let transaction = self.scope.read(tenant).await?;
        let query = transaction
            .find::<outbox::Entity>()
            .filter(outbox::Column::SessionId.eq(session.as_uuid()))
            .filter(outbox::Column::Seq.gt(after_seq))
            .order_by_asc(outbox::Column::Seq)
            .limit(u64::from(limit));
        read_rows(transaction, query).await
    }

    async fn of_turn(&self, tenant: TenantId, turn: TurnId) -> Result<Vec<OutboxRow>, StoreError> {
        let transaction = self.scope.read(tenant).await?;
        let query = transaction
            .find::<outbox::Entity>()
            .filter(outbox::Column::TurnId.eq(turn.as_uuid()))
            .order_by_asc(outbox::Column::Seq);
        read_rows(transaction, query).await
    }

    async fn dead_letters(
        &self,
        tenant: TenantId,
        before: Option<OutboxId>,
        limit: u32,
    ) -> Result<Vec<OutboxRow>, StoreError> {
        let transaction = self.scope.read(tenant).await?;
        let mut query = transaction
            .find::<outbox::Entity>()
            .filter(Expr::cust(IS_DEAD))
            .order_by_desc(outbox::Column::Id)
            .limit(u64::from(limit));
        if let Some(before) = before {
            query = query.filter(outbox::Column::Id.lt(before.as_uuid()));
        }
        read_rows(transaction, query).await
    }

    async fn replay(&self, tenant: TenantId, id: OutboxId) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let transaction = self.scope.write(tenant).await?;
        work_mark::raise(&transaction, now).await?;
        let revived = transaction
            .update::<outbox::Entity>()
            .col_expr(outbox::Column::Status, Expr::value(OutboxStatus::Pending.as_str()))
            .col_expr(outbox::Column::Attempts, Expr::value(0_i64))
            .col_expr(outbox::Column::NextAttemptAt, Expr::value(now.as_millis()))
            .col_expr(outbox::Column::Error, Expr::value(None::<String>))
            .filter(outbox::Column::Id.eq(id.as_uuid()))
            .filter(Expr::cust(IS_DEAD))
            .exec(transaction.connection())
            .await
            .map_err(from_orm)?;
        if revived.rows_affected == 0 {
            return Ok(false);
        }
        transaction.commit().await?;
        Ok(true)
    }
}

async fn read_rows(
    transaction: TenantTransaction,
    query: Select<outbox::Entity>,
) -> Result<Vec<OutboxRow>, StoreError> {
    let rows = query.all(transaction.connection()).await.map_err(from_orm)?;
    transaction.commit().await?;
    rows.into_iter().map(stored::outbox_row).collect()
}
