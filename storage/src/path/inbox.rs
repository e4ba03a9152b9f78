//! The inbox port.

use super::operation::Answer;
use super::store::{PathStore, misanswered};
use super::{prepare, stored};
use crate::entity::inbox;
use crate::error::from_orm;
use crate::scope::TenantTransaction;
use crate::work_mark;
use async_trait::async_trait;
use rookery_domain::id::{InboxId, TenantId};
use rookery_domain::inbox::{Appended, InboxRow, NewInbound};
use rookery_domain::ownership::Lease;
use rookery_domain::ports::{Inbox, StoreError};
use rookery_domain::turn::InboxSettle;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect, Select};

/// As the partial index spells it; with a bound value the index would not be used.
const IS_UNDONE: &str = "outcome IS NULL";
const IS_DEAD: &str = "outcome = 'dead'";

#[async_trait]
impl Inbox for PathStore {
    async fn append(&self, row: NewInbound) -> Result<Appended, StoreError> {
        match self.submit(prepare::append(row)).await? {
            Answer::Appended(appended) => Ok(appended),
            other => Err(misanswered(&other)),
        }
    }

    async fn undone(
        &self,
        tenant: TenantId,
        after: Option<InboxId>,
        limit: u32,
    ) -> Result<Vec<InboxRow>, StoreError> {
        let transaction = self.scope.read(tenant).await?;
        let mut query = transaction
            .find::<inbox::Entity>()
            .filter(Expr::cust(IS_UNDONE))
            .order_by_asc(inbox::Column::Id)
            .limit(u64::from(limit));
        if let Some(after) = after {
            query = query.filter(inbox::Column::Id.gt(after.as_uuid()));
        }
        read_rows(transaction, query).await
    }

    async fn find(&self, tenant: TenantId, id: InboxId) -> Result<Option<InboxRow>, StoreError> {
        let transaction = self.scope.read(tenant).await?;
        let query = transaction.find::<inbox::Entity>().filter(inbox::Column::Id.eq(id.as_uuid()));
        Ok(read_rows(transaction, query).await?.pop())
    }

    async fn settle(&self, lease: &Lease, settle: InboxSettle) -> Result<(), StoreError> {
        self.submit_plain(prepare::settle(lease, settle)?).await
    }

    async fn count_attempt(&self, lease: &Lease, id: InboxId) -> Result<u32, StoreError> {
        let transaction = self.scope.fenced(lease).await?;
        transaction
            .update::<inbox::Entity>()
            .col_expr(inbox::Column::Attempts, Expr::col(inbox::Column::Attempts).add(1_i64))
            .filter(inbox::Column::Id.eq(id.as_uuid()))
            .exec(transaction.connection())
            .await
            .map_err(from_orm)?;
        let attempts: Option<i64> = transaction
            .find::<inbox::Entity>()
            .select_only()
            .column(inbox::Column::Attempts)
            .filter(inbox::Column::Id.eq(id.as_uuid()))
            .into_tuple()
            .one(transaction.connection())
            .await
            .map_err(from_orm)?;
        transaction.commit().await?;
        let attempts = attempts.ok_or_else(|| StoreError::NotFound(id.to_string()))?;
        stored::from_count("attempts", attempts)
    }

    async fn dead_letters(
        &self,
        tenant: TenantId,
        before: Option<InboxId>,
        limit: u32,
    ) -> Result<Vec<InboxRow>, StoreError> {
        let transaction = self.scope.read(tenant).await?;
        let mut query = transaction
            .find::<inbox::Entity>()
            .filter(Expr::cust(IS_DEAD))
            .order_by_desc(inbox::Column::Id)
            .limit(u64::from(limit));
        if let Some(before) = before {
            query = query.filter(inbox::Column::Id.lt(before.as_uuid()));
        }
        read_rows(transaction, query).await
    }

    async fn replay(&self, tenant: TenantId, id: InboxId) -> Result<bool, StoreError> {
        let transaction = self.scope.write(tenant).await?;
        work_mark::raise(&transaction, self.clock.now()).await?;
        let revived = transaction
            .update::<inbox::Entity>()
            .col_expr(inbox::Column::Outcome, Expr::value(None::<String>))
            .col_expr(inbox::Column::Error, Expr::value(None::<String>))
            .col_expr(inbox::Column::TurnId, Expr::value(None::<uuid::Uuid>))
            .col_expr(inbox::Column::DoneAt, Expr::value(None::<i64>))
            .col_expr(inbox::Column::Attempts, Expr::value(0_i64))
            .filter(inbox::Column::Id.eq(id.as_uuid()))
            .filter(Expr::cust(IS_DEAD))
            // A payload that retention has taken cannot be played again.
            .filter(Expr::cust("length(raw) > 0"))
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
    query: Select<inbox::Entity>,
) -> Result<Vec<InboxRow>, StoreError> {
    let rows = query.all(transaction.connection()).await.map_err(from_orm)?;
    transaction.commit().await?;
    rows.into_iter().map(stored::inbox_row).collect()
}
