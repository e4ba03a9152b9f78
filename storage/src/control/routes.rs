//! Routes kept in step with what they lead to.

use crate::directory::RouteKind;
use crate::entity::routes;
use crate::error::from_orm;
use crate::scope::TenantTransaction;
use rookery_domain::ports::StoreError;
use sea_orm::{ColumnTrait, IntoActiveModel, QueryFilter};
use uuid::Uuid;

/// Makes a key lead to a target of the tenant, and nothing else lead there. `Conflict` if the key
/// is taken, by whomever.
pub(super) async fn lead(
    transaction: &TenantTransaction,
    kind: RouteKind,
    key: String,
    target: Uuid,
) -> Result<(), StoreError> {
    let existing = transaction
        .find::<routes::Entity>()
        .filter(routes::Column::Kind.eq(kind.as_str()))
        .filter(routes::Column::Target.eq(target))
        .all(transaction.connection())
        .await
        .map_err(from_orm)?;
    if existing.iter().any(|route| route.key != key) {
        remove(transaction, kind, vec![target]).await?;
    } else if !existing.is_empty() {
        return Ok(());
    }
    let row = routes::Model {
        kind: kind.as_str().to_owned(),
        key,
        tenant_id: transaction.tenant().as_uuid(),
        target,
    };
    transaction.insert(row.into_active_model()).await.map_err(|error| match error {
        StoreError::Conflict(_) => StoreError::Conflict(format!("{} is taken", what(kind))),
        other => other,
    })
}

/// Makes nothing lead to these targets of the tenant any more.
pub(super) async fn remove(
    transaction: &TenantTransaction,
    kind: RouteKind,
    targets: Vec<Uuid>,
) -> Result<(), StoreError> {
    transaction
        .delete::<routes::Entity>()
        .filter(routes::Column::Kind.eq(kind.as_str()))
        .filter(routes::Column::Target.is_in(targets))
        .exec(transaction.connection())
        .await
        .map(|_| ())
        .map_err(from_orm)
}

const fn what(kind: RouteKind) -> &'static str {
    match kind {
        RouteKind::Connection => "the connection's id",
        RouteKind::ApiKey => "the key's text",
        RouteKind::TenantSlug => "the tenant's slug",
    }
}
