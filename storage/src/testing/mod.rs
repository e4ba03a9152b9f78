//! Servers for tests, this crate's and other packages'. Behind the feature `testing`.
//!
//! What does *not* belong here: fakes of the stores. SQLite in memory is the fake.

pub mod postgres;

pub use postgres::{PostgresServer, TestDatabase};
