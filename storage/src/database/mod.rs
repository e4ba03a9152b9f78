//! Opening a database, refusing one that would break a promise, and guarding it.
//!
//! PostgreSQL: server version, durable commits, a role that row security binds. SQLite:
//! write-ahead log, full sync, one writer. Both: migrations under a lock, and a lock that keeps a
//! second single node out. What does *not* belong here: queries on the tables.

mod migrate;
mod open;
mod postgres;
mod settings;
mod single_node;
mod sqlite;
#[cfg(test)]
mod tests;

pub use open::Database;
pub use settings::DatabaseSettings;

pub(crate) use open::Backend;
pub(crate) use postgres::PostgresBackend;
pub(crate) use sqlite::SqliteBackend;
