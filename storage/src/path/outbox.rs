//! The outbox port.

use super::store::PathStore;
use super::{prepare, stored};
use crate::entity::outbox;
use crate::error::from_orm;
use crate::scope::TenantTransaction;
use async_trait::async_trait;
use rookery_domain::Timestamp;
use rookery_domain::id::{OutboxId, SessionId, TenantId, TurnId};
use rookery_domain::outbox::{OutboxChange, OutboxRow};
use rookery_domain::ownership::Lease;
use rookery_domain::ports::{Outbox, StoreError};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect, Select};

/// As the partial index spells it.
const IS_UNSETTLED: &str = "status IN ('pending', 'sending')";

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
}

async fn read_rows(
    transaction: TenantTransaction,
    query: Select<outbox::Entity>,
) -> Result<Vec<OutboxRow>, StoreError> {
    let rows = query.all(transaction.connection()).await.map_err(from_orm)?;
    transaction.commit().await?;
    rows.into_iter().map(stored::outbox_row).collect()
}
