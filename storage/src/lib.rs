//! Everything that remembers, behind the ports of `rookery-domain`: PostgreSQL or SQLite through
//! one set of entities and migrations, and what is remembered for a moment only.
//!
//! Start with [`Database::open`]; it hands out the stores. Tenant data is reached through the
//! crate's tenant scope and nowhere else. What does *not* belong here: decisions. The stores do
//! what they are told, or say why not.

mod audit;
pub mod control;
mod database;
pub mod directory;
mod entity;
mod error;
#[cfg(test)]
mod fixture;
pub mod live;
mod migration;
mod path;
mod scope;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod vault;
mod work_mark;

pub use database::{Database, DatabaseSettings};
pub use error::StorageError;
pub use path::PathStore;
