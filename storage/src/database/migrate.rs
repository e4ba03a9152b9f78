//! Runs the migrations under a lock and grants what the serving role needs.

use super::postgres::{PostgresBackend, parse, target};
use super::sqlite::SqliteBackend;
use super::{Backend, Database};
use crate::error::StorageError;
use crate::migration::Migrator;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, SqlxPostgresConnector, Statement};
use sea_orm_migration::MigratorTrait;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection};
use std::fs::File;
use std::path::Path;

/// Any process that migrates holds this advisory lock.
const MIGRATION_LOCK: i64 = 0x726f_6f6b_6d69_6772;

pub(super) async fn run(database: &Database) -> Result<usize, StorageError> {
    match database.backend() {
        Backend::Postgres(backend) => {
            let owner = match &database.settings().migrate_url {
                Some(url) => Some(parse(url.expose())?),
                None => None,
            };
            run_postgres(backend, owner).await
        }
        Backend::Sqlite(backend) => run_sqlite(backend).await,
    }
}

pub(super) async fn pending(connection: &DatabaseConnection) -> Result<usize, StorageError> {
    Migrator::get_pending_migrations_read_only(connection)
        .await
        .map(|pending| pending.len())
        .map_err(StorageError::Migration)
}

async fn run_sqlite(backend: &SqliteBackend) -> Result<usize, StorageError> {
    let _lock = match &backend.file {
        Some(file) => Some(hold_file(&file.with_added_extension("migrate.lock")).await?),
        None => None,
    };
    apply(&backend.writer_orm).await
}

/// Waits for the lock: whoever holds it is migrating the same file.
async fn hold_file(path: &Path) -> Result<File, StorageError> {
    let shown = path.display().to_string();
    let path = path.to_path_buf();
    let locked = tokio::task::spawn_blocking(move || {
        let file = File::create(path)?;
        file.lock()?;
        Ok(file)
    })
    .await;
    match locked {
        Ok(locked) => locked,
        Err(stopped) => Err(std::io::Error::other(stopped)),
    }
    .map_err(|source| StorageError::LockFile { path: shown, source })
}

async fn run_postgres(
    backend: &PostgresBackend,
    owner: Option<PgConnectOptions>,
) -> Result<usize, StorageError> {
    if owner.is_none() {
        refuse_if_it_cannot_create(backend).await?;
    }
    let options = owner.clone().unwrap_or_else(|| backend.options().clone());
    let unreachable = |source| StorageError::Open { target: target(&options), source };
    let mut lock = options.connect().await.map_err(unreachable)?;
    sqlx::query("SELECT pg_advisory_lock($1)")
        .bind(MIGRATION_LOCK)
        .execute(&mut lock)
        .await
        .map_err(failed("waiting for the migration lock"))?;
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .connect_with(options.clone())
        .await
        .map_err(unreachable)?;
    let orm = SqlxPostgresConnector::from_sqlx_postgres_pool(pool.clone());
    let applied = apply(&orm).await?;
    if owner.is_some() {
        grant(backend, &orm).await?;
    }
    pool.close().await;
    lock.close().await.map_err(failed("leaving the migration lock"))?;
    Ok(applied)
}

async fn refuse_if_it_cannot_create(backend: &PostgresBackend) -> Result<(), StorageError> {
    if pending(&backend.orm).await? == 0 {
        return Ok(());
    }
    let (role, may_create): (String, bool) = sqlx::query_as(
        "SELECT current_user::text, \
         has_schema_privilege(coalesce(current_schema(), 'public'), 'CREATE')",
    )
    .fetch_one(backend.pool())
    .await
    .map_err(failed("reading the role's rights"))?;
    if may_create { Ok(()) } else { Err(StorageError::CannotCreate(role)) }
}

async fn apply(connection: &DatabaseConnection) -> Result<usize, StorageError> {
    let waiting = pending(connection).await?;
    if waiting > 0 {
        Migrator::up(connection, None).await.map_err(StorageError::Migration)?;
        tracing::info!(db.migrations = waiting, "migrated the database");
    }
    Ok(waiting)
}

/// The audit log is append-only for the serving role, and so is its knowledge of the schema.
async fn grant(backend: &PostgresBackend, owner: &DatabaseConnection) -> Result<(), StorageError> {
    let role: String = sqlx::query_scalar("SELECT quote_ident(current_user)")
        .fetch_one(backend.pool())
        .await
        .map_err(failed("reading the role's name"))?;
    let query =
        Statement::from_string(DbBackend::Postgres, "SELECT quote_ident(current_schema()) AS name");
    let schema: String = owner
        .query_one_raw(query)
        .await
        .and_then(|row| row.map_or(Ok("public".to_owned()), |row| row.try_get("", "name")))
        .map_err(StorageError::Migration)?;
    for statement in [
        format!("GRANT USAGE ON SCHEMA {schema} TO {role}"),
        format!("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role}"),
        format!("REVOKE UPDATE, DELETE ON audit_log FROM {role}"),
        format!("REVOKE INSERT, UPDATE, DELETE ON seaql_migrations FROM {role}"),
    ] {
        owner.execute_unprepared(&statement).await.map_err(StorageError::Migration)?;
    }
    Ok(())
}

fn failed(doing: &'static str) -> impl Fn(sqlx::Error) -> StorageError {
    move |source| StorageError::Statement { doing, source }
}
