//! The schema, as steps that are only ever added to.
//!
//! One list serves PostgreSQL and SQLite; a step branches on the back-end where it must. A step
//! works with the code of the release before it (expand, then contract) and is never edited once
//! merged. What does *not* belong here: locks and grants, which the [`crate::database`] module
//! puts around a run, and data that a tenant owns.

mod m0001_path;
mod m0001_row_security;
mod migrator;
mod table;

pub(crate) use migrator::Migrator;
