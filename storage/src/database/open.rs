//! The open database.

use super::single_node::{self, SingleNode};
use super::{DatabaseSettings, PostgresBackend, SqliteBackend, migrate};
use crate::error::{StorageError, from_orm, timed_out};
use crate::path::PathStore;
use crate::scope::TenantScope;
use rookery_domain::Clock;
use rookery_domain::ports::StoreError;
use sea_orm::DatabaseConnection;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long a readiness check waits for an answer.
const CHECK_LIMIT: Duration = Duration::from_secs(1);

/// An open database. Clones share it.
#[derive(Debug, Clone)]
pub struct Database {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    settings: DatabaseSettings,
    backend: Backend,
    tasks: TaskTracker,
    closing: CancellationToken,
    single_node: SingleNode,
}

#[derive(Debug)]
pub(crate) enum Backend {
    Postgres(Box<PostgresBackend>),
    Sqlite(SqliteBackend),
}

impl Database {
    /// Opens a database and checks that it keeps what it is given. Must run inside a tokio
    /// runtime. Does not migrate.
    pub async fn open(settings: DatabaseSettings) -> Result<Self, StorageError> {
        let text = settings.url.expose();
        let scheme = text.split(':').next().unwrap_or_default();
        let backend = match scheme {
            "postgres" | "postgresql" => {
                Backend::Postgres(Box::new(PostgresBackend::open(text, &settings).await?))
            }
            "sqlite" => Backend::Sqlite(SqliteBackend::open(text, &settings).await?),
            other => {
                return Err(StorageError::Url(format!(
                    "starts with {other:?}, which is not a known kind"
                )));
            }
        };
        Ok(Self {
            inner: Arc::new(Inner {
                settings,
                backend,
                tasks: TaskTracker::new(),
                closing: CancellationToken::new(),
                single_node: SingleNode::default(),
            }),
        })
    }

    /// Brings the schema up to date, under a lock; PostgreSQL: through `migrate_url` if there is
    /// one, with the grants that the role in `url` needs. Returns how many steps were applied.
    pub async fn migrate(&self) -> Result<usize, StorageError> {
        migrate::run(self).await
    }

    /// How many migrations this version knows and the database does not have.
    pub async fn pending_migrations(&self) -> Result<usize, StorageError> {
        migrate::pending(self.reader()).await
    }

    /// Keeps every other single node out for as long as this database is open: an operating-system
    /// lock beside a SQLite file, a session advisory lock on PostgreSQL. Refused at once if
    /// another process holds it (on PostgreSQL after the short while in which the server may not
    /// have noticed the death of an earlier one).
    pub async fn lock_single_node(&self) -> Result<(), StorageError> {
        single_node::lock(self).await
    }

    /// Waits until the lock of [`Self::lock_single_node`] is held by somebody else; for ever if
    /// that never happens. The process must then exit: what it still writes is fenced.
    pub async fn lock_lost(&self) {
        self.inner.single_node.lost().await;
    }

    /// The store of the path of a message; starts its writer lanes. Call it once and share it.
    pub fn path_store(&self, clock: Arc<dyn Clock>) -> Arc<PathStore> {
        Arc::new(PathStore::start(self, clock))
    }

    /// Whether the database answers, within a second.
    pub async fn check(&self) -> Result<(), StoreError> {
        match tokio::time::timeout(CHECK_LIMIT, self.reader().ping()).await {
            Ok(answer) => answer.map_err(from_orm),
            Err(_elapsed) => Err(timed_out(CHECK_LIMIT)),
        }
    }

    /// Takes no more writes, finishes those that are queued and closes every connection.
    pub async fn close(&self) {
        self.inner.closing.cancel();
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
        match &self.inner.backend {
            Backend::Postgres(backend) => backend.close().await,
            Backend::Sqlite(backend) => backend.close().await,
        }
        self.inner.single_node.release().await;
    }

    pub(crate) fn scope(&self) -> TenantScope {
        TenantScope::new(self.clone())
    }

    pub(crate) fn backend(&self) -> &Backend {
        &self.inner.backend
    }

    pub(crate) fn settings(&self) -> &DatabaseSettings {
        &self.inner.settings
    }

    pub(super) fn single_node(&self) -> &SingleNode {
        &self.inner.single_node
    }

    pub(crate) fn tasks(&self) -> &TaskTracker {
        &self.inner.tasks
    }

    pub(crate) fn closing(&self) -> &CancellationToken {
        &self.inner.closing
    }

    /// For reading.
    pub(crate) fn reader(&self) -> &DatabaseConnection {
        match &self.inner.backend {
            Backend::Postgres(backend) => &backend.orm,
            Backend::Sqlite(backend) => &backend.reader_orm,
        }
    }

    /// For transactions that write; on SQLite there is one at a time.
    pub(crate) fn writer(&self) -> &DatabaseConnection {
        match &self.inner.backend {
            Backend::Postgres(backend) => &backend.orm,
            Backend::Sqlite(backend) => &backend.writer_orm,
        }
    }
}
