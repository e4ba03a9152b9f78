//! Databases for this crate's tests: SQLite in memory and as a file, and a private PostgreSQL.

use crate::database::{Database, DatabaseSettings};
use crate::entity::{ownership, tenants};
use crate::path::PathStore;
use crate::testing::{PostgresServer, TestDatabase};
use async_trait::async_trait;
use rookery_domain::Timestamp;
use rookery_domain::id::TenantId;
use rookery_domain::testing::store_suite::{Store, StoreFixture};
use rookery_domain::testing::{ManualClock, SequentialIds};
use sea_orm::{ActiveValue::Set, EntityTrait};
use std::sync::Arc;
use tempfile::TempDir;

pub(crate) struct Fixture {
    pub(crate) database: Database,
    pub(crate) store: Arc<PathStore>,
    pub(crate) ids: SequentialIds,
    pub(crate) postgres: Option<TestDatabase>,
    _directory: Option<TempDir>,
}

pub(crate) fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(Timestamp::from_millis(1_700_000_000_000)))
}

impl Fixture {
    pub(crate) async fn over(settings: DatabaseSettings) -> Self {
        let database = Database::open(settings).await.unwrap();
        database.migrate().await.unwrap();
        Self {
            store: database.path_store(clock()),
            database,
            ids: SequentialIds::default(),
            postgres: None,
            _directory: None,
        }
    }

    pub(crate) fn stamp(&self) -> TenantId {
        TenantId::generate(&self.ids)
    }
}

pub(crate) async fn sqlite_memory() -> Fixture {
    Fixture::over(DatabaseSettings::new("sqlite::memory:")).await
}

pub(crate) async fn sqlite_file() -> Fixture {
    let directory = TempDir::new().unwrap();
    let url = format!("sqlite://{}", directory.path().join("rookery.db").display());
    Fixture { _directory: Some(directory), ..Fixture::over(DatabaseSettings::new(url)).await }
}

pub(crate) fn settings_of(database: &TestDatabase) -> DatabaseSettings {
    DatabaseSettings {
        migrate_url: Some(rookery_domain::Secret::new(database.owner_url.clone())),
        ..DatabaseSettings::new(database.app_url.clone())
    }
}

pub(crate) async fn postgres() -> Fixture {
    let server = PostgresServer::shared().await.unwrap();
    let database = server.create_database().await.unwrap();
    Fixture { postgres: Some(database.clone()), ..Fixture::over(settings_of(&database)).await }
}

#[async_trait]
impl StoreFixture for Fixture {
    fn store(&self) -> &dyn Store {
        self.store.as_ref()
    }

    fn ids(&self) -> &SequentialIds {
        &self.ids
    }

    async fn tenant(&self) -> TenantId {
        let tenant = self.stamp();
        let transaction = self.database.scope().write(tenant).await.unwrap();
        transaction
            .insert(tenants::ActiveModel {
                tenant_id: Set(tenant.as_uuid()),
                slug: Set(tenant.to_string()),
                name: Set("A tenant".to_owned()),
                plan: Set("free".to_owned()),
                limits: Set("{}".to_owned()),
                version: Set(1),
                created_at: Set(0),
            })
            .await
            .unwrap();
        ownership::Entity::insert(ownership::ActiveModel {
            tenant_id: Set(tenant.as_uuid()),
            owner: Set(None),
            epoch: Set(0),
        })
        .exec_without_returning(transaction.connection())
        .await
        .unwrap();
        transaction.commit().await.unwrap();
        tenant
    }
}
