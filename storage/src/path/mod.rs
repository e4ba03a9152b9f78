//! The store of the path of a message: inbox, turns, outbox, usage, and who may write.
//!
//! Writes of the path are prepared in the caller's task, queued in a lane and committed in groups:
//! one transaction, per tenant one fence and one statement for all tables. Rare writes and all
//! reads go through the tenant scope directly. What does *not* belong here: configuration, keys
//! and secrets, and any decision about a message.
//!
//! | file | holds |
//! |---|---|
//! | `store`, `inbox`, `turns`, `outbox`, `ownership`, `usage` | the ports |
//! | `operation`, `prepare`, `effect` | a write and its rows |
//! | `lane`, `batch`, `conclude` | group commit, and each caller's answer |
//! | `part`, `rows`, `statement`, `postgres`, `sqlite` | the SQL |

mod batch;
mod conclude;
mod effect;
mod inbox;
mod lane;
mod operation;
mod outbox;
mod ownership;
mod part;
mod postgres;
mod prepare;
mod retention;
mod rows;
mod sqlite;
mod statement;
mod store;
mod stored;
#[cfg(test)]
mod tests;
mod turns;
mod usage;

pub use store::PathStore;
