//! API keys: stored as digests, revoked, and one-time keys taken once.

use super::routes::{lead, remove};
use super::store::ControlTables;
use crate::audit;
use crate::directory::{RouteKind, to_api_key, to_json};
use crate::entity::api_keys;
use crate::error::from_orm;
use crate::scope::TenantTransaction;
use crate::vault::{KeyDigest, RootKey, hexadecimal};
use async_trait::async_trait;
use rookery_domain::api_key::ApiKey;
use rookery_domain::audit::AuditEntry;
use rookery_domain::id::{ApiKeyId, AuditId, TenantId};
use rookery_domain::ports::{ApiKeys, StoreError};
use rookery_domain::{Secret, Timestamp};
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue, ColumnTrait, Condition, QueryFilter};
use uuid::Uuid;

/// Revokes keys that are not yet revoked.
pub(super) async fn revoke_keys(
    transaction: &TenantTransaction,
    ids: &[ApiKeyId],
    at: Timestamp,
) -> Result<(), StoreError> {
    if ids.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = ids.iter().map(|id| id.as_uuid()).collect();
    transaction
        .update::<api_keys::Entity>()
        .col_expr(api_keys::Column::RevokedAt, Expr::value(at.as_millis()))
        .filter(api_keys::Column::Id.is_in(ids.clone()))
        .filter(api_keys::Column::RevokedAt.is_null())
        .exec(transaction.connection())
        .await
        .map_err(from_orm)?;
    remove(transaction, RouteKind::ApiKey, ids).await
}

/// Creates a key, or gives the one with its id another text, scopes and expiry.
pub(super) async fn replace_key(
    transaction: &TenantTransaction,
    key: ApiKey,
    digest: KeyDigest,
    at: Timestamp,
) -> Result<(), StoreError> {
    let id = key.id.as_uuid();
    let row = api_keys::ActiveModel {
        slug: ActiveValue::Set(key.slug),
        prefix: ActiveValue::Set(key.prefix),
        digest: ActiveValue::Set(digest.to_vec()),
        scopes: ActiveValue::Set(to_json(&key.scopes, "scopes")?),
        expires_at: ActiveValue::Set(key.expires_at.map(Timestamp::as_millis)),
        revoked_at: ActiveValue::Set(key.revoked_at.map(Timestamp::as_millis)),
        one_time: ActiveValue::Set(key.one_time),
        ..api_keys::ActiveModel::default()
    };
    let changed = transaction
        .update::<api_keys::Entity>()
        .set(row.clone())
        .filter(api_keys::Column::Id.eq(id))
        .exec(transaction.connection())
        .await
        .map_err(from_orm)?;
    if changed.rows_affected == 0 {
        let new = api_keys::ActiveModel {
            tenant_id: ActiveValue::Set(transaction.tenant().as_uuid()),
            id: ActiveValue::Set(id),
            created_at: ActiveValue::Set(at.as_millis()),
            ..row
        };
        transaction.insert(new).await?;
    }
    if key.revoked_at.is_some() {
        return remove(transaction, RouteKind::ApiKey, vec![id]).await;
    }
    lead(transaction, RouteKind::ApiKey, hexadecimal(&digest), id).await
}

impl ControlTables {
    /// Takes a one-time key that has this digest, if it is still good.
    async fn take(
        &self,
        root: &RootKey,
        text: &Secret,
        at: Timestamp,
    ) -> Result<Option<ApiKey>, StoreError> {
        let digest = root.digest(text);
        let name = hexadecimal(&digest);
        let route = RouteKind::ApiKey.find(&self.scope, &name);
        let Some((tenant, id)) = route.await? else {
            return Ok(None);
        };
        let transaction = self.scope.write(tenant).await?;
        let Some(row) = find(&transaction, id).await? else {
            return Ok(None);
        };
        if !root.verify(text, &row.digest) || !mark_taken(&transaction, &row, at).await? {
            return Ok(None);
        }
        remove(&transaction, RouteKind::ApiKey, vec![id]).await?;
        let key = to_api_key(&row)?;
        let entry = AuditEntry {
            id: AuditId::generate(self.ids.as_ref()),
            actor: key.id.to_string(),
            action: "api_key.redeemed".to_owned(),
            subject: key.slug.clone(),
            details: serde_json::json!({ "key": key.id }),
            at,
        };
        audit::append(&transaction, &[entry]).await?;
        transaction.commit().await?;
        self.directory.invalidate(tenant);
        Ok(Some(key))
    }
}

/// Revokes the one-time key as it was read. Of two who try at once, one changes the row and the
/// other finds it changed.
async fn mark_taken(
    transaction: &TenantTransaction,
    row: &api_keys::Model,
    at: Timestamp,
) -> Result<bool, StoreError> {
    use api_keys::Column;

    let unexpired =
        Condition::any().add(Column::ExpiresAt.is_null()).add(Column::ExpiresAt.gt(at.as_millis()));
    let changed = transaction
        .update::<api_keys::Entity>()
        .col_expr(Column::RevokedAt, Expr::value(at.as_millis()))
        .filter(Column::Id.eq(row.id))
        .filter(Column::Digest.eq(row.digest.clone()))
        .filter(Column::OneTime.eq(true))
        .filter(Column::RevokedAt.is_null())
        .filter(unexpired)
        .exec(transaction.connection())
        .await
        .map_err(from_orm)?;
    Ok(changed.rows_affected == 1)
}

async fn find(
    transaction: &TenantTransaction,
    id: Uuid,
) -> Result<Option<api_keys::Model>, StoreError> {
    transaction
        .find::<api_keys::Entity>()
        .filter(api_keys::Column::Id.eq(id))
        .one(transaction.connection())
        .await
        .map_err(from_orm)
}

#[async_trait]
impl ApiKeys for ControlTables {
    async fn redeem(&self, text: &Secret, at: Timestamp) -> Result<Option<ApiKey>, StoreError> {
        for root in self.root_keys.all() {
            if let Some(key) = self.take(root, text, at).await? {
                return Ok(Some(key));
            }
        }
        Ok(None)
    }

    async fn matches(
        &self,
        tenant: TenantId,
        id: ApiKeyId,
        text: &Secret,
    ) -> Result<bool, StoreError> {
        let transaction = self.scope.read(tenant).await?;
        let row = find(&transaction, id.as_uuid()).await?;
        transaction.commit().await?;
        Ok(row.is_some_and(|row| self.root_keys.all().any(|root| root.verify(text, &row.digest))))
    }
}
