//! Tables in the spelling of each back-end.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

/// What a step must know about the database.
#[derive(Debug, Clone, Copy)]
pub(super) enum Dialect {
    Postgres,
    Sqlite,
}

impl Dialect {
    pub(super) fn of(manager: &SchemaManager<'_>) -> Result<Self, DbErr> {
        match manager.get_database_backend() {
            DbBackend::Postgres => Ok(Self::Postgres),
            DbBackend::Sqlite => Ok(Self::Sqlite),
            other => Err(DbErr::Migration(format!("{other:?} is not supported"))),
        }
    }
}

/// How SQLite lays a table out; PostgreSQL has one way.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    /// Rows beside the key: large ones.
    Heap,
    /// Rows inside the key's tree: small ones, at half the writes.
    Clustered,
}

#[derive(Debug)]
pub(super) struct TableDefinition {
    pub(super) name: &'static str,
    pub(super) shape: Shape,
    pub(super) columns: &'static str,
}

pub(super) fn create_table(dialect: Dialect, table: &TableDefinition) -> String {
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
