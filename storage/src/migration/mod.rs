//! The schema, as steps that are only ever added to.
//!
//! One list serves PostgreSQL and SQLite; a step branches on the back-end where it must. A step
//! works with the code of the release before it (expand, then contract) and is never edited once
//! merged. What does *not* belong here: locks and grants, which the [`crate::database`] module
//! puts around a run, and data that a tenant owns.

mod m0001_path;

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

/// All steps, oldest first.
#[derive(Debug)]
pub(crate) struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(m0001_path::Migration)]
    }
}

/// What a step must know about the database.
#[derive(Debug, Clone, Copy)]
enum Dialect {
    Postgres,
    Sqlite,
}

impl Dialect {
    fn of(manager: &SchemaManager<'_>) -> Result<Self, DbErr> {
        match manager.get_database_backend() {
            DbBackend::Postgres => Ok(Self::Postgres),
            DbBackend::Sqlite => Ok(Self::Sqlite),
            other => Err(DbErr::Migration(format!("{other:?} is not supported"))),
        }
    }
}

/// How SQLite lays a table out; PostgreSQL has one way.
#[derive(Debug, Clone, Copy)]
enum Shape {
    /// Rows beside the key: large ones.
    Heap,
    /// Rows inside the key's tree: small ones, at half the writes.
    Clustered,
}

#[derive(Debug)]
struct TableDefinition {
    name: &'static str,
    shape: Shape,
    columns: &'static str,
}

fn create_table(dialect: Dialect, table: &TableDefinition) -> String {
    let (uuid, bytes) = match dialect {
        Dialect::Postgres => ("uuid", "bytea"),
        Dialect::Sqlite => ("blob", "blob"),
    };
    let columns = table.columns.replace("{uuid}", uuid).replace("{bytes}", bytes);
    let suffix = match (dialect, table.shape) {
        (Dialect::Sqlite, Shape::Clustered) => " WITHOUT ROWID",
        _ => "",
    };
    format!("CREATE TABLE {} ({columns}){suffix}", table.name)
}
