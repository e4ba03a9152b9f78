//! Forgetting on purpose: raw payloads first, the rows and with them the dedupe keys later.
//!
//! A row without an outcome is never touched. Small steps, each a fenced transaction, so that a
//! purge stands in nobody's way.

use super::store::PathStore;
use crate::entity::inbox;
use crate::error::from_orm;
use async_trait::async_trait;
use rookery_domain::Timestamp;
use rookery_domain::id::InboxId;
use rookery_domain::inbox::Purge;
use rookery_domain::ownership::Lease;
use rookery_domain::ports::{Retention, StoreError};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

#[async_trait]
impl Retention for PathStore {
    async fn purge(&self, lease: &Lease, purge: Purge) -> Result<Option<InboxId>, StoreError> {
        let transaction = self.scope.fenced(lease).await?;
        let mut query = transaction
            .find::<inbox::Entity>()
            .select_only()
            .column(inbox::Column::Id)
            .column(inbox::Column::ReceivedAt)
            .column(inbox::Column::Outcome)
            .order_by_asc(inbox::Column::Id)
            .limit(u64::from(purge.step_rows_max));
        if let Some(after) = purge.after {
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
            .filter(inbox::Column::Id.is_in(old(purge.rows_before.min(purge.raw_before))))
            .exec(transaction.connection())
            .await
            .map_err(from_orm)?;
        transaction
            .update::<inbox::Entity>()
            .col_expr(inbox::Column::Raw, Expr::value(Vec::<u8>::new()))
            .filter(inbox::Column::Id.is_in(old(purge.raw_before)))
            .filter(Expr::cust("length(raw) > 0"))
            .exec(transaction.connection())
            .await
            .map_err(from_orm)?;
        transaction.commit().await?;
        // Ids rise with time: behind the first row that is too young there is nothing to purge.
        let last = page.last().filter(|(_, at, _)| *at < purge.raw_before.as_millis());
        Ok(last.map(|(id, ..)| InboxId::from_uuid(*id)))
    }
}
