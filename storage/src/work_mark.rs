//! The mark that says that a tenant has work, raised in the transaction that makes the work.

use crate::entity::wake;
use crate::error::from_orm;
use crate::scope::TenantTransaction;
use rookery_domain::Timestamp;
use rookery_domain::ports::StoreError;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ActiveValue::Set, EntityTrait};

/// Marks the transaction's tenant as having work. The row is written even where it exists, so that
/// whoever takes the mark away waits for this transaction.
pub(crate) async fn raise(
    transaction: &TenantTransaction,
    at: Timestamp,
) -> Result<(), StoreError> {
    let mark = wake::ActiveModel {
        tenant_id: Set(transaction.tenant().as_uuid()),
        since: Set(at.as_millis()),
        version: Set(1),
    };
    let again = OnConflict::column(wake::Column::TenantId)
        .value(wake::Column::Version, Expr::col((wake::Entity, wake::Column::Version)).add(1))
        .to_owned();
    wake::Entity::insert(mark)
        .on_conflict(again)
        .exec_without_returning(transaction.connection())
        .await
        .map(|_rows| ())
        .map_err(from_orm)
}
