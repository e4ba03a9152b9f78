//! The vault over the tenant scope: reads secrets, and stores them in a caller's transaction.

use super::data_key::{DataKey, WrappedKey};
use super::error::VaultError;
use super::root_key::RootKeys;
use super::seal::Sealed;
use crate::database::Database;
use crate::entity::{data_keys, secrets};
use crate::error::from_orm;
use crate::scope::{TenantScope, TenantTransaction};
use async_trait::async_trait;
use ring::rand::SystemRandom;
use rookery_domain::id::TenantId;
use rookery_domain::ports::{SecretVault, StoreError};
use rookery_domain::{Clock, IdSource, Secret, Timestamp};
use sea_orm::sea_query::{Condition, Expr, ExprTrait, Func};
use sea_orm::{
    ActiveValue, ColumnTrait, EntityTrait, IntoActiveModel, JoinType, QueryFilter, QueryOrder,
    QuerySelect,
};
use std::sync::Arc;

/// Secrets at rest.
#[derive(Debug)]
pub struct Vault {
    pub(super) database: Database,
    pub(super) scope: TenantScope,
    pub(super) root_keys: RootKeys,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) ids: Arc<dyn IdSource>,
    pub(super) random: SystemRandom,
}

impl Vault {
    /// Over a database. New data keys are wrapped under the current root key.
    pub fn new(
        database: &Database,
        root_keys: RootKeys,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
    ) -> Self {
        Self {
            database: database.clone(),
            scope: database.scope(),
            root_keys,
            clock,
            ids,
            random: SystemRandom::new(),
        }
    }

    /// Stores secrets by name, replacing those that exist. The caller holds the tenant's row
    /// locked, so that no rotation runs at the same time.
    pub(crate) async fn store(
        &self,
        transaction: &TenantTransaction,
        named: &[(String, Secret)],
        at: Timestamp,
    ) -> Result<(), StoreError> {
        if named.is_empty() {
            return Ok(());
        }
        let key = match self.current_key(transaction).await? {
            Some(key) => key,
            None => self.new_key(transaction, at).await?,
        };
        for secret in named {
            self.put(transaction, &key, secret, at).await?;
        }
        Ok(())
    }

    /// Forgets secrets by name.
    pub(crate) async fn forget(
        &self,
        transaction: &TenantTransaction,
        names: &[String],
    ) -> Result<(), StoreError> {
        if names.is_empty() {
            return Ok(());
        }
        transaction
            .delete::<secrets::Entity>()
            .filter(secrets::Column::Name.is_in(names))
            .exec(transaction.connection())
            .await
            .map(|_| ())
            .map_err(from_orm)
    }

    /// Makes a data key that is newer than all others of the tenant.
    pub(super) async fn new_key(
        &self,
        transaction: &TenantTransaction,
        at: Timestamp,
    ) -> Result<DataKey, StoreError> {
        let tenant = transaction.tenant();
        let root = self.root_keys.current();
        let (key, wrapped) = DataKey::generate(tenant, self.ids.uuid(), root, &self.random)?;
        let row = data_keys::Model {
            tenant_id: tenant.as_uuid(),
            id: wrapped.id,
            wrapped: wrapped.sealed.ciphertext,
            nonce: wrapped.sealed.nonce,
            root_key_id: wrapped.root_key_id,
            created_at: at.as_millis(),
        };
        transaction.insert(row.into_active_model()).await?;
        Ok(key)
    }

    /// Seals one secret and replaces or adds it.
    pub(super) async fn put(
        &self,
        transaction: &TenantTransaction,
        key: &DataKey,
        (name, secret): &(String, Secret),
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let sealed = key.seal(name, secret, &self.random)?;
        let row = secrets::ActiveModel {
            tenant_id: ActiveValue::Set(transaction.tenant().as_uuid()),
            name: ActiveValue::Set(name.clone()),
            data_key_id: ActiveValue::Set(key.id()),
            nonce: ActiveValue::Set(sealed.nonce),
            ciphertext: ActiveValue::Set(sealed.ciphertext),
            updated_at: ActiveValue::Set(at.as_millis()),
        };
        let changed = transaction
            .update::<secrets::Entity>()
            .set(row.clone())
            .filter(secrets::Column::Name.eq(name.as_str()))
            .exec(transaction.connection())
            .await
            .map_err(from_orm)?;
        if changed.rows_affected == 0 {
            transaction.insert(row).await?;
        }
        Ok(())
    }

    /// Opens the tenant's secrets that a condition selects, each with its name. One statement reads
    /// secrets and keys, so that a rotation in between is seen whole or not at all.
    pub(super) async fn open(
        &self,
        transaction: &TenantTransaction,
        condition: Condition,
    ) -> Result<Vec<(String, Secret)>, StoreError> {
        use data_keys::Column as Key;
        use secrets::Column as Stored;

        let under = secrets::Entity::belongs_to(data_keys::Entity)
            .from((Stored::TenantId, Stored::DataKeyId))
            .to((Key::TenantId, Key::Id));
        let rows = transaction
            .find::<secrets::Entity>()
            .join(JoinType::LeftJoin, under.into())
            .select_also(data_keys::Entity)
            .filter(condition)
            .order_by_asc(Stored::Name)
            .all(transaction.connection())
            .await
            .map_err(from_orm)?;
        let mut opened = Vec::with_capacity(rows.len());
        let mut last: Option<DataKey> = None;
        for (row, key) in rows {
            let key = match last.take().filter(|key| key.id() == row.data_key_id) {
                Some(key) => key,
                None => self.unwrap(key.ok_or(VaultError::Unreadable)?)?,
            };
            let sealed = Sealed { nonce: row.nonce, ciphertext: row.ciphertext };
            opened.push((row.name.clone(), key.open(&row.name, sealed)?));
            last = Some(key);
        }
        Ok(opened)
    }

    fn unwrap(&self, row: data_keys::Model) -> Result<DataKey, VaultError> {
        let wrapped = to_wrapped(row);
        let root = self.root_keys.find(&wrapped.root_key_id)?;
        DataKey::unwrap(wrapped, root)
    }

    async fn current_key(
        &self,
        transaction: &TenantTransaction,
    ) -> Result<Option<DataKey>, StoreError> {
        let newest = transaction
            .find::<data_keys::Entity>()
            .order_by_desc(data_keys::Column::CreatedAt)
            .order_by_desc(data_keys::Column::Id)
            .one(transaction.connection())
            .await
            .map_err(from_orm)?;
        Ok(newest.map(|row| self.unwrap(row)).transpose()?)
    }

    async fn read(
        &self,
        tenant: TenantId,
        condition: Condition,
    ) -> Result<Vec<(String, Secret)>, StoreError> {
        let transaction = self.scope.read(tenant).await?;
        let opened = self.open(&transaction, condition).await?;
        transaction.commit().await?;
        Ok(opened)
    }
}

#[async_trait]
impl SecretVault for Vault {
    async fn get(&self, tenant: TenantId, name: &str) -> Result<Option<Secret>, StoreError> {
        let named = Condition::all().add(secrets::Column::Name.eq(name));
        let mut found = self.read(tenant, named).await?;
        Ok(found.pop().map(|(_, secret)| secret))
    }

    async fn with_prefix(
        &self,
        tenant: TenantId,
        prefix: &str,
    ) -> Result<Vec<(String, Secret)>, StoreError> {
        // Not LIKE: names hold underscores, which it takes for any character.
        let length = i32::try_from(prefix.chars().count()).unwrap_or(i32::MAX);
        let start = Func::cust("substr")
            .arg(Expr::col((secrets::Entity, secrets::Column::Name)))
            .arg(1)
            .arg(length);
        let starts = Expr::expr(start).eq(prefix);
        self.read(tenant, Condition::all().add(starts)).await
    }
}

pub(super) fn to_wrapped(row: data_keys::Model) -> WrappedKey {
    WrappedKey {
        tenant: TenantId::from_uuid(row.tenant_id),
        id: row.id,
        root_key_id: row.root_key_id,
        sealed: Sealed { nonce: row.nonce, ciphertext: row.wrapped },
    }
}
