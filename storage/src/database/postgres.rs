//! A PostgreSQL server, and what it must be before anything is trusted to it.

use super::DatabaseSettings;
use crate::error::StorageError;
use futures::FutureExt;
use sea_orm::{DatabaseConnection, SqlxPostgresConnector};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, Executor, PgConnection};
use std::str::FromStr;
use std::time::Duration;

const VERSION_MIN: i64 = 150_000;

/// A pooled connection that rested longer is asked for a sign of life before it is used.
const RESTED: Duration = Duration::from_millis(500);

/// Statements kept prepared per connection.
const PREPARED_MAX: usize = 256;

/// A writer touches rows by their keys alone. Its plans are made once, and never from statistics
/// of a table that was empty when the process started.
/// The server itself gives up a statement before the lane does, and one whose client is gone: a
/// statement that nobody waits for must not be written after its own repeat.
const WRITER_SESSION: &str = "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; \
     SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off; \
     SET statement_timeout = '15s'; SET client_connection_check_interval = '1s'";

#[derive(Debug)]
pub(crate) struct PostgresBackend {
    options: PgConnectOptions,
    connect_timeout: Duration,
    pool: PgPool,
    pub(crate) orm: DatabaseConnection,
}

impl PostgresBackend {
    pub(super) async fn open(url: &str, settings: &DatabaseSettings) -> Result<Self, StorageError> {
        let options = parse(url)?;
        let pool = PgPoolOptions::new()
            .max_connections(settings.connections_max)
            .acquire_timeout(settings.connect_timeout)
            .test_before_acquire(false)
            .before_acquire(|connection, meta| {
                async move { Ok(meta.idle_for < RESTED || connection.ping().await.is_ok()) }.boxed()
            })
            .connect_with(options.clone())
            .await
            .map_err(|source| StorageError::Open { target: target(&options), source })?;
        check_server(&pool).await?;
        check_role(&pool).await?;
        Ok(Self {
            options,
            connect_timeout: settings.connect_timeout,
            orm: SqlxPostgresConnector::from_sqlx_postgres_pool(pool.clone()),
            pool,
        })
    }

    /// A connection outside the pool, for a writer lane.
    pub(crate) async fn writer(&self) -> Result<PgConnection, sqlx::Error> {
        let mut connection = self.connect().await?;
        connection.execute(WRITER_SESSION).await?;
        Ok(connection)
    }

    /// A connection outside the pool.
    pub(crate) async fn connect(&self) -> Result<PgConnection, sqlx::Error> {
        match tokio::time::timeout(self.connect_timeout, self.options.connect()).await {
            Ok(connected) => connected,
            Err(_elapsed) => Err(sqlx::Error::PoolTimedOut),
        }
    }

    pub(super) const fn options(&self) -> &PgConnectOptions {
        &self.options
    }

    pub(super) fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Host and database, for messages.
    pub(super) fn target(&self) -> String {
        target(&self.options)
    }

    pub(super) async fn close(&self) {
        self.pool.close().await;
    }
}

pub(super) fn parse(url: &str) -> Result<PgConnectOptions, StorageError> {
    let options = PgConnectOptions::from_str(url)
        .map_err(|_error| StorageError::Url("cannot be read".to_owned()))?;
    Ok(options
        .application_name("rookery")
        .statement_cache_capacity(PREPARED_MAX)
        .disable_statement_logging())
}

pub(super) fn target(options: &PgConnectOptions) -> String {
    let database = options.get_database().unwrap_or(options.get_username());
    format!("{}:{}/{database}", options.get_host(), options.get_port())
}

async fn check_server(pool: &PgPool) -> Result<(), StorageError> {
    let (version, synchronous_commit, fsync): (i64, String, String) = sqlx::query_as(
        "SELECT current_setting('server_version_num')::bigint, \
         current_setting('synchronous_commit'), current_setting('fsync')",
    )
    .fetch_one(pool)
    .await
    .map_err(|source| StorageError::Statement { doing: "reading the server's settings", source })?;
    if version < VERSION_MIN {
        return Err(StorageError::Version {
            found: version / 10_000,
            needed: VERSION_MIN / 10_000,
        });
    }
    for (name, value) in [("synchronous_commit", synchronous_commit), ("fsync", fsync)] {
        if value == "off" {
            return Err(StorageError::NotDurable(format!("{name} is off"), "on"));
        }
    }
    Ok(())
}

async fn check_role(pool: &PgPool) -> Result<(), StorageError> {
    let (role, superuser, bypasses, owned): (String, bool, bool, i64) = sqlx::query_as(
        "SELECT rolname::text, rolsuper, rolbypassrls, \
         (SELECT count(*) FROM pg_tables WHERE tableowner = rolname \
          AND schemaname = current_schema()) FROM pg_roles WHERE rolname = current_user",
    )
    .fetch_one(pool)
    .await
    .map_err(|source| StorageError::Statement { doing: "reading the role's rights", source })?;
    let why = match (superuser, bypasses) {
        (true, _) => Some("is a superuser"),
        (false, true) => Some("has BYPASSRLS"),
        (false, false) => None,
    };
    if let Some(why) = why {
        return Err(StorageError::RoleTooStrong { role, why });
    }
    if owned > 0 {
        tracing::info!(
            db.role = role,
            "the role owns the tables; forced row security binds it too, and a second role in \
             storage.migrate_url would separate the two"
        );
    }
    Ok(())
}
