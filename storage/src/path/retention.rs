//! Forgetting on purpose: raw payloads first, the rows and with them the dedupe keys later.
//!
//! A row without an outcome is never touched. Small steps, each a fenced transaction, so that a
//! purge stands in nobody's way.

use super::store::PathStore;
use crate::entity::inbox;
use crate::error::from_orm;
use rookery_domain::Timestamp;
use rookery_domain::id::InboxId;
use rookery_domain::ownership::Lease;
use rookery_domain::ports::StoreError;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

/// Up to when to forget what, and how much at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PurgeLimits {
    /// Rows received before this lose their raw payload (a dead letter can then no longer be
    /// replayed).
    pub raw_before: Timestamp,
    /// Rows received before this go altogether: a redelivery would count as new. Not after
    /// `raw_before`.
    pub rows_before: Timestamp,
    /// Rows looked at in one step.
    pub step_rows_max: u32,
}

/// How far a purge has come. Starts at the oldest row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PurgeCursor(Option<InboxId>);

impl PathStore {
    /// Purges one step of a tenant's inbox from the cursor on; the cursor for the next step, or
    /// `None` when all rows that are old enough were seen. Fenced.
    pub async fn purge(
        &self,
        lease: &Lease,
        limits: &PurgeLimits,
        cursor: PurgeCursor,
    ) -> Result<Option<PurgeCursor>, StoreError> {
        let transaction = self.scope.fenced(lease).await?;
        let mut query = transaction
            .find::<inbox::Entity>()
            .select_only()
            .column(inbox::Column::Id)
            .column(inbox::Column::ReceivedAt)
            .column(inbox::Column::Outcome)
            .order_by_asc(inbox::Column::Id)
            .limit(u64::from(limits.step_rows_max));
        if let Some(after) = cursor.0 {
            query = query.filter(inbox::Column::Id.gt(after.as_uuid()));
        }
        let page: Vec<(Uuid, i64, Option<String>)> =
            query.into_tuple().all(transaction.connection()).await.map_err(from_orm)?;
        let old = |before: Timestamp| {
            page.iter()
                .filter(move |(_, at, outcome)| outcome.is_some() && *at < before.as_millis())
                .map(|(id, ..)| *id)
        };
        transaction
            .delete::<inbox::Entity>()
            .filter(inbox::Column::Id.is_in(old(limits.rows_before.min(limits.raw_before))))
            .exec(transaction.connection())
            .await
            .map_err(from_orm)?;
        transaction
            .update::<inbox::Entity>()
            .col_expr(inbox::Column::Raw, Expr::value(Vec::<u8>::new()))
            .filter(inbox::Column::Id.is_in(old(limits.raw_before)))
            .filter(Expr::cust("length(raw) > 0"))
            .exec(transaction.connection())
            .await
            .map_err(from_orm)?;
        transaction.commit().await?;
        // Ids rise with time: behind the first row that is too young there is nothing to purge.
        let last = page.last().filter(|(_, at, _)| *at < limits.raw_before.as_millis());
        Ok(last.map(|(id, ..)| PurgeCursor(Some(InboxId::from_uuid(*id)))))
    }
}
