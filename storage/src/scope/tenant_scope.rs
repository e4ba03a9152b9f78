//! Transactions that are bound to one tenant.

use crate::database::{Backend, Database};
use crate::entity::{ownership, routes};
use crate::error::{from_orm, unreadable};
use rookery_domain::id::TenantId;
use rookery_domain::ownership::Lease;
use rookery_domain::ports::StoreError;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseConnection, DatabaseTransaction,
    DbBackend, DbErr, DeleteMany, EntityTrait, IntoActiveModel, QueryFilter, Select,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait, UpdateMany, Value,
};
use uuid::Uuid;

/// An entity whose rows belong to tenants.
pub(crate) trait TenantEntity: EntityTrait {
    /// The column that says to whom.
    const TENANT: Self::Column;
}

/// Hands out transactions that are bound to one tenant.
#[derive(Debug, Clone)]
pub(crate) struct TenantScope {
    pub(super) database: Database,
}

/// A transaction bound to one tenant. Dropped without [`Self::commit`] it has no effect.
#[derive(Debug)]
pub(crate) struct TenantTransaction {
    tenant: TenantId,
    transaction: DatabaseTransaction,
}

const NAME_TENANT: &str = "SELECT set_config('app.current_tenant', $1, true)";
const NAME_ROUTE: &str = "SELECT set_config('app.current_route', $1, true)";

/// Outside of a transaction, on a connection that one writer has for itself.
pub(crate) const NAME_TENANT_FOR_SESSION: &str =
    "SELECT set_config('app.current_tenant', $1, false)";

/// Names the tenant and holds its ownership row against a claim, in one statement.
pub(crate) const NAME_TENANT_AND_FENCE: &str = "SELECT set_config('app.current_tenant', $1, true), \
     owner, epoch FROM ownership WHERE tenant_id = $2 FOR SHARE";

impl TenantScope {
    pub(crate) const fn new(database: Database) -> Self {
        Self { database }
    }

    /// For reading. Nothing that it changes is kept on SQLite.
    pub(crate) async fn read(&self, tenant: TenantId) -> Result<TenantTransaction, StoreError> {
        let transaction = self.database.begin_read().await?;
        name_tenant(&transaction, tenant).await?;
        Ok(TenantTransaction { tenant, transaction })
    }

    /// For writing without a lease: configuration, and what any node may do.
    pub(crate) async fn write(&self, tenant: TenantId) -> Result<TenantTransaction, StoreError> {
        let transaction = self.database.begin_write().await?;
        name_tenant(&transaction, tenant).await?;
        Ok(TenantTransaction { tenant, transaction })
    }

    /// For writing as the tenant's owner; [`StoreError::Fenced`] if that has changed.
    pub(crate) async fn fenced(&self, lease: &Lease) -> Result<TenantTransaction, StoreError> {
        let transaction = self.database.begin_write().await?;
        let held = match transaction.get_database_backend() {
            DbBackend::Postgres => name_and_fence(&transaction, lease.tenant_id).await?,
            _ => ownership::Entity::find_by_id(lease.tenant_id.as_uuid())
                .one(&transaction)
                .await
                .map_err(from_orm)?
                .and_then(|row| Some((row.owner?, row.epoch))),
        };
        if held != Some((lease.owner.as_uuid(), lease.epoch.0)) {
            return Err(StoreError::Fenced(lease.tenant_id));
        }
        Ok(TenantTransaction { tenant: lease.tenant_id, transaction })
    }

    /// Looks up whose a key is, without knowing the tenant: `(tenant, target)`.
    pub(crate) async fn route(
        &self,
        kind: &str,
        key: &str,
    ) -> Result<Option<(TenantId, Uuid)>, StoreError> {
        let transaction = self.database.begin_read().await?;
        if transaction.get_database_backend() == DbBackend::Postgres {
            run_setting(&transaction, NAME_ROUTE, key.to_owned()).await?;
        }
        let row = routes::Entity::find_by_id((kind.to_owned(), key.to_owned()))
            .one(&transaction)
            .await
            .map_err(from_orm)?;
        transaction.commit().await.map_err(from_orm)?;
        Ok(row.map(|row| (TenantId::from_uuid(row.tenant_id), row.target)))
    }
}

impl TenantTransaction {
    /// Whose it is.
    pub(crate) const fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// What the queries run on.
    pub(crate) const fn connection(&self) -> &DatabaseTransaction {
        &self.transaction
    }

    /// The tenant's rows of a table.
    pub(crate) fn find<E: TenantEntity>(&self) -> Select<E> {
        E::find().filter(E::TENANT.eq(self.tenant.as_uuid()))
    }

    /// A change of the tenant's rows.
    pub(crate) fn update<E: TenantEntity>(&self) -> UpdateMany<E> {
        E::update_many().filter(E::TENANT.eq(self.tenant.as_uuid()))
    }

    /// A removal of the tenant's rows.
    pub(crate) fn delete<E: TenantEntity>(&self) -> DeleteMany<E> {
        E::delete_many().filter(E::TENANT.eq(self.tenant.as_uuid()))
    }

    /// Adds a row of the tenant; another tenant's is refused.
    pub(crate) async fn insert<A>(&self, row: A) -> Result<(), StoreError>
    where
        A: ActiveModelTrait + Send,
        A::Entity: TenantEntity,
        <A::Entity as EntityTrait>::Model: IntoActiveModel<A>,
    {
        let named = row.get(<A::Entity as TenantEntity>::TENANT).into_value();
        if named != Some(Value::from(self.tenant.as_uuid())) {
            return Err(unreadable("tenant_id"));
        }
        A::Entity::insert(row).exec_without_returning(&self.transaction).await.map_err(from_orm)?;
        Ok(())
    }

    /// Makes it so.
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        self.transaction.commit().await.map_err(from_orm)
    }
}

async fn name_tenant(
    transaction: &DatabaseTransaction,
    tenant: TenantId,
) -> Result<(), StoreError> {
    if transaction.get_database_backend() == DbBackend::Postgres {
        run_setting(transaction, NAME_TENANT, tenant.as_uuid().to_string()).await?;
    }
    Ok(())
}

async fn run_setting(
    transaction: &DatabaseTransaction,
    sql: &'static str,
    value: String,
) -> Result<(), StoreError> {
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, [value.into()]);
    transaction.query_one_raw(statement).await.map(|_row| ()).map_err(from_orm)
}

async fn name_and_fence(
    transaction: &DatabaseTransaction,
    tenant: TenantId,
) -> Result<Option<(Uuid, i64)>, StoreError> {
    let uuid = tenant.as_uuid();
    let statement = Statement::from_sql_and_values(
        DbBackend::Postgres,
        NAME_TENANT_AND_FENCE,
        [uuid.to_string().into(), uuid.into()],
    );
    let Some(row) = transaction.query_one_raw(statement).await.map_err(from_orm)? else {
        return Ok(None);
    };
    let owner: Option<Uuid> = row.try_get("", "owner").map_err(from_orm)?;
    let epoch: i64 = row.try_get("", "epoch").map_err(from_orm)?;
    Ok(owner.map(|owner| (owner, epoch)))
}

impl Database {
    async fn begin_read(&self) -> Result<DatabaseTransaction, StoreError> {
        begin(self.reader(), TransactionOptions::default()).await
    }

    /// A write transaction. SQLite: immediate, on the one writer.
    pub(crate) async fn begin_write(&self) -> Result<DatabaseTransaction, StoreError> {
        let is_sqlite = matches!(self.backend(), Backend::Sqlite(_));
        let options = TransactionOptions {
            sqlite_transaction_mode: is_sqlite.then_some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        begin(self.writer(), options).await
    }
}

/// Broken connections that may be found in a row before the database counts as unavailable.
const BROKEN_MAX: u32 = 16;

/// A pooled connection that broke while it rested is no reason to refuse: nothing was sent on it.
/// It has left the pool, so the next attempt gets another one.
async fn begin(
    connection: &DatabaseConnection,
    options: TransactionOptions,
) -> Result<DatabaseTransaction, StoreError> {
    // A file that is locked has been waited for already.
    let attempts = match connection.get_database_backend() {
        DbBackend::Postgres => BROKEN_MAX,
        _ => 0,
    };
    let mut broken = 0;
    loop {
        match connection.begin_with_options(options).await {
            Ok(transaction) => return Ok(transaction),
            Err(error) if broken < attempts && !matches!(error, DbErr::ConnectionAcquire(_)) => {
                tracing::debug!(%error, "a connection was gone; taking another one");
                broken += 1;
            }
            Err(error) => return Err(from_orm(error)),
        }
    }
}
