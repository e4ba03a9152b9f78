//! One change of a tenant's configuration, in one transaction.
//!
//! The tenant's row comes first: changing it holds it, so that two changes of one tenant, and a
//! change and a rotation of its keys, come one after the other.

use super::api_keys::{replace_key, revoke_keys};
use super::configuration::{put_agent, put_connection, require_agents};
use super::routes::lead;
use super::store::ControlTables;
use crate::audit;
use crate::directory::{RouteKind, to_json};
use crate::entity::{ownership, tenants};
use crate::error::from_orm;
use crate::scope::TenantTransaction;
use crate::work_mark;
use rookery_domain::Timestamp;
use rookery_domain::ports::StoreError;
use rookery_domain::ports::control::TenantChange;
use rookery_domain::tenant::Tenant;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ActiveValue, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};

pub(super) async fn save(tables: &ControlTables, change: TenantChange) -> Result<(), StoreError> {
    check_tenant(&change)?;
    let at = change.at;
    let transaction = tables.scope.write(change.tenant.id).await?;
    if change.tenant.version == 0 {
        create(&transaction, &change.tenant, at).await?;
    } else {
        replace(&transaction, &change.tenant).await?;
    }
    let target = change.tenant.id.as_uuid();
    lead(&transaction, RouteKind::TenantSlug, change.tenant.slug, target).await?;
    for agent in change.agents {
        put_agent(&transaction, agent, at).await?;
    }
    require_agents(&transaction, &change.connections).await?;
    for connection in change.connections {
        put_connection(&transaction, connection, at).await?;
    }
    revoke_keys(&transaction, &change.revoked_keys, at).await?;
    for (key, text) in change.api_keys {
        let digest = tables.root_keys.current().digest(&text);
        replace_key(&transaction, key, digest, at).await?;
    }
    tables.vault.forget(&transaction, &change.removed_secrets).await?;
    tables.vault.store(&transaction, &change.secrets, at).await?;
    // Mark before chain, as the writers on the path do: the other way round each could wait for
    // the other.
    work_mark::raise(&transaction, at).await?;
    audit::append(&transaction, &change.audit).await?;
    transaction.commit().await
}

/// Refuses a change that would put one tenant's things among another's.
fn check_tenant(change: &TenantChange) -> Result<(), StoreError> {
    let tenant = change.tenant.id;
    let foreign_connection = change.connections.iter().any(|own| own.tenant_id != tenant);
    let foreign_key = change.api_keys.iter().any(|(own, _)| own.tenant_id != tenant);
    if foreign_connection || foreign_key {
        return Err(StoreError::NotFound(format!("a thing of {tenant}")));
    }
    Ok(())
}

async fn create(
    transaction: &TenantTransaction,
    tenant: &Tenant,
    at: Timestamp,
) -> Result<(), StoreError> {
    let row = tenants::Model {
        tenant_id: tenant.id.as_uuid(),
        slug: tenant.slug.clone(),
        name: tenant.name.clone(),
        plan: tenant.plan.clone(),
        limits: to_json(&tenant.limits, "limits")?,
        version: 1,
        created_at: at.as_millis(),
    };
    transaction.insert(row.into_active_model()).await?;
    let unowned = ownership::ActiveModel {
        tenant_id: ActiveValue::Set(tenant.id.as_uuid()),
        owner: ActiveValue::Set(None),
        epoch: ActiveValue::Set(0),
    };
    let once = OnConflict::column(ownership::Column::TenantId).do_nothing().to_owned();
    ownership::Entity::insert(unowned)
        .on_conflict(once)
        .exec_without_returning(transaction.connection())
        .await
        .map(|_| ())
        .map_err(from_orm)
}

async fn replace(transaction: &TenantTransaction, tenant: &Tenant) -> Result<(), StoreError> {
    use tenants::Column;

    let changed = transaction
        .update::<tenants::Entity>()
        .col_expr(Column::Slug, Expr::value(tenant.slug.clone()))
        .col_expr(Column::Name, Expr::value(tenant.name.clone()))
        .col_expr(Column::Plan, Expr::value(tenant.plan.clone()))
        .col_expr(Column::Limits, Expr::value(to_json(&tenant.limits, "limits")?))
        .col_expr(Column::Version, Expr::col(Column::Version).add(1))
        .filter(Column::Version.eq(tenant.version))
        .exec(transaction.connection())
        .await
        .map_err(from_orm)?;
    if changed.rows_affected == 0 {
        return Err(StoreError::Conflict(format!(
            "{} has changed since version {}",
            tenant.id, tenant.version
        )));
    }
    Ok(())
}
