//! A SQLite file: write-ahead log, full sync, one writer beside a few readers.

use super::DatabaseSettings;
use crate::error::StorageError;
use futures::FutureExt;
use sea_orm::{DatabaseConnection, SqlxSqliteConnector};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

/// How long a writer waits for another process (the command line beside a running server).
const BUSY_LIMIT: Duration = Duration::from_secs(5);

/// Statements kept prepared per connection: each table's, in each of its batch sizes.
const PREPARED_MAX: usize = 256;

/// Each reader costs a thread and a page cache.
const READERS_MAX: u32 = 4;

/// `PRAGMA synchronous` as a number: every commit reaches the disk before it returns.
const SYNCHRONOUS_FULL: i64 = 2;

#[derive(Debug)]
pub(crate) struct SqliteBackend {
    /// The file; none in memory.
    pub(crate) file: Option<PathBuf>,
    /// At most one connection: holding it is the right to write.
    pub(crate) writer: SqlitePool,
    pub(crate) writer_orm: DatabaseConnection,
    reader: SqlitePool,
    pub(crate) reader_orm: DatabaseConnection,
}

impl SqliteBackend {
    pub(super) async fn open(url: &str, settings: &DatabaseSettings) -> Result<Self, StorageError> {
        let parsed = SqliteConnectOptions::from_str(url)
            .map_err(|error| StorageError::Url(format!("cannot be read ({error})")))?;
        let in_memory = url.contains(":memory:") || url.contains("mode=memory");
        let options = parsed
            .create_if_missing(true)
            .foreign_keys(true)
            .busy_timeout(BUSY_LIMIT)
            .synchronous(SqliteSynchronous::Full)
            .statement_cache_capacity(PREPARED_MAX)
            .disable_statement_logging();
        if in_memory {
            return Self::open_memory(options).await;
        }
        let file = options.get_filename().to_path_buf();
        let options = options.journal_mode(SqliteJournalMode::Wal);
        let only = pool(1, settings).idle_timeout(None).max_lifetime(None);
        let writer = connect(only, options.clone(), &file).await?;
        assert_durable(&writer, &file).await?;
        let readers = settings.connections_max.clamp(1, READERS_MAX);
        let reader = connect(pool(readers, settings), options, &file).await?;
        Ok(Self {
            file: Some(file),
            writer_orm: SqlxSqliteConnector::from_sqlx_sqlite_pool(writer.clone()),
            writer,
            reader_orm: SqlxSqliteConnector::from_sqlx_sqlite_pool(reader.clone()),
            reader,
        })
    }

    /// One connection for everything: a second one would be another database.
    async fn open_memory(options: SqliteConnectOptions) -> Result<Self, StorageError> {
        let only = SqlitePoolOptions::new()
            .max_connections(1)
            .min_connections(1)
            .idle_timeout(None)
            .max_lifetime(None);
        let only = connect(only, options, Path::new(":memory:")).await?;
        let orm = SqlxSqliteConnector::from_sqlx_sqlite_pool(only.clone());
        Ok(Self {
            file: None,
            writer: only.clone(),
            writer_orm: orm.clone(),
            reader: only,
            reader_orm: orm,
        })
    }

    pub(super) async fn close(&self) {
        self.reader.close().await;
        self.writer.close().await;
    }
}

fn pool(connections: u32, settings: &DatabaseSettings) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(settings.connect_timeout)
        .test_before_acquire(false)
        .before_acquire(|connection, _meta| outside_of_a_transaction(connection).boxed())
}

/// After some faults, a full disk among them, SQLite leaves a transaction by itself, and the driver
/// counts it as open: a connection that cannot be brought back is made anew.
async fn outside_of_a_transaction(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    if connection.is_in_transaction() {
        connection.ping().await?;
    }
    Ok(!connection.is_in_transaction())
}

async fn connect(
    pool: SqlitePoolOptions,
    options: SqliteConnectOptions,
    file: &Path,
) -> Result<SqlitePool, StorageError> {
    pool.connect_with(options)
        .await
        .map_err(|source| StorageError::Open { target: file.display().to_string(), source })
}

/// What was asked for is read back: a file system may not give it.
async fn assert_durable(writer: &SqlitePool, file: &Path) -> Result<(), StorageError> {
    let failed =
        |source| StorageError::Statement { doing: "reading the durability settings", source };
    let synchronous: i64 =
        sqlx::query_scalar("PRAGMA synchronous").fetch_one(writer).await.map_err(failed)?;
    let journal: String =
        sqlx::query_scalar("PRAGMA journal_mode").fetch_one(writer).await.map_err(failed)?;
    let file = file.display();
    if synchronous != SYNCHRONOUS_FULL {
        let found = format!("synchronous of {file} is {synchronous}");
        return Err(StorageError::NotDurable(found, "FULL"));
    }
    if journal != "wal" {
        let found = format!("the journal of {file} is {journal}");
        return Err(StorageError::NotDurable(found, "wal, on a local file system"));
    }
    Ok(())
}
