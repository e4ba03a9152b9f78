//! The statements of the writer lanes, each over a set of input rows and each written once for
//! both dialects.
//!
//! `{input}` stands for the name under which the rows are known: `unnest` of one array per column
//! on PostgreSQL, so that the text never changes with the number of rows; `VALUES` on SQLite.
//! `{guard}` stands for the condition that a row belongs to a turn which this very statement ends.
//! A part that reports answers `(id, n)`.
//!
//! Rows are found by their whole key, whatever the planner believes about a table: on an empty one
//! it expects a single row per tenant, and keeps walking all of them as they become many. So what
//! is looked up stands in a scalar subquery, and what is updated is, on PostgreSQL, proposed for
//! insertion as it will be and meets itself at the unique index.

mod changes;
mod definition;
mod inserts;
mod lookups;

pub(super) use definition::{Definition, GUARD_COLUMN, Kind, Part};
