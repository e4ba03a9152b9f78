//! Rotation of root and data keys, while everything runs.

use super::root_key::RootKey;
use super::store::{Vault, to_wrapped};
use crate::audit;
use crate::directory::tenant_page;
use crate::entity::{data_keys, tenants};
use crate::error::from_orm;
use crate::scope::TenantTransaction;
use rookery_domain::audit::AuditEntry;
use rookery_domain::id::{AuditId, TenantId};
use rookery_domain::ports::StoreError;
use sea_orm::sea_query::Condition;
use sea_orm::{ActiveValue, ColumnTrait, IntoActiveModel, QueryFilter, QuerySelect};

/// Tenants looked at between two reads of the list.
const TENANTS_PER_PAGE: u32 = 256;

impl Vault {
    /// Wraps every data key that is under `old` under `new`, a tenant at a time, and returns how
    /// many. Every process that reads or stores secrets must hold both keys until it is done; may
    /// be repeated. Digests of API keys stay under the root key that they were made with.
    pub async fn rotate_root(&self, old: &RootKey, new: &RootKey) -> Result<u64, StoreError> {
        let (mut after, mut rewrapped) = (None, 0);
        loop {
            let page = tenant_page(&self.database, after, TENANTS_PER_PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(rewrapped);
            };
            after = Some(*last);
            for tenant in page {
                rewrapped += self.rewrap(tenant, old, new).await?;
            }
        }
    }

    /// Gives a tenant a new data key, seals all its secrets under it and forgets the old ones.
    pub async fn rotate_data_key(&self, tenant: TenantId) -> Result<(), StoreError> {
        let at = self.clock.now();
        let transaction = self.scope.write(tenant).await?;
        if !lock_tenant(&transaction).await? {
            return Err(StoreError::NotFound(tenant.to_string()));
        }
        let opened = self.open(&transaction, Condition::all()).await?;
        let key = self.new_key(&transaction, at).await?;
        for secret in &opened {
            self.put(&transaction, &key, secret, at).await?;
        }
        transaction
            .delete::<data_keys::Entity>()
            .filter(data_keys::Column::Id.ne(key.id()))
            .exec(transaction.connection())
            .await
            .map_err(from_orm)?;
        let details = serde_json::json!({ "secrets": opened.len() });
        self.record(&transaction, "data_key.rotated", details).await?;
        transaction.commit().await
    }

    async fn rewrap(
        &self,
        tenant: TenantId,
        old: &RootKey,
        new: &RootKey,
    ) -> Result<u64, StoreError> {
        let transaction = self.scope.write(tenant).await?;
        if !lock_tenant(&transaction).await? {
            return Ok(0);
        }
        let rows = transaction
            .find::<data_keys::Entity>()
            .filter(data_keys::Column::RootKeyId.eq(old.id()))
            .all(transaction.connection())
            .await
            .map_err(from_orm)?;
        let mut count = 0;
        for row in rows {
            self.rewrap_one(&transaction, row, old, new).await?;
            count += 1;
        }
        if count > 0 {
            let details = serde_json::json!({ "from": old.id(), "to": new.id() });
            self.record(&transaction, "root_key.rotated", details).await?;
        }
        transaction.commit().await?;
        Ok(count)
    }

    async fn rewrap_one(
        &self,
        transaction: &TenantTransaction,
        row: data_keys::Model,
        old: &RootKey,
        new: &RootKey,
    ) -> Result<(), StoreError> {
        let mut changed = row.clone().into_active_model();
        let rewrapped = to_wrapped(row).rewrap(old, new, &self.random)?;
        changed.wrapped = ActiveValue::Set(rewrapped.sealed.ciphertext);
        changed.nonce = ActiveValue::Set(rewrapped.sealed.nonce);
        changed.root_key_id = ActiveValue::Set(rewrapped.root_key_id);
        transaction
            .update::<data_keys::Entity>()
            .set(changed)
            .filter(data_keys::Column::Id.eq(rewrapped.id))
            .exec(transaction.connection())
            .await
            .map(|_| ())
            .map_err(from_orm)
    }

    async fn record(
        &self,
        transaction: &TenantTransaction,
        action: &str,
        details: serde_json::Value,
    ) -> Result<(), StoreError> {
        let entry = AuditEntry {
            id: AuditId::generate(self.ids.as_ref()),
            actor: "runtime".to_owned(),
            action: action.to_owned(),
            subject: transaction.tenant().to_string(),
            details,
            at: self.clock.now(),
        };
        audit::append(transaction, &[entry]).await
    }
}

/// Whoever stores secrets changes the tenant's row first: holding it keeps them out. `false` if
/// there is no such tenant, and so nobody to keep out.
async fn lock_tenant(transaction: &TenantTransaction) -> Result<bool, StoreError> {
    let row = transaction
        .find::<tenants::Entity>()
        .lock_exclusive()
        .one(transaction.connection())
        .await
        .map_err(from_orm)?;
    Ok(row.is_some())
}
