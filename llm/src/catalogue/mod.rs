//! What is known about models: how much they read and write, and what that costs.
//!
//! The table is data (`config/models.toml`, compiled in). What does *not* belong here: which model
//! is used for what, and any computation of money.

mod table;

#[cfg(test)]
mod tests;

pub use table::{ModelCatalogue, ModelFacts, Price, UNKNOWN_CONTEXT_TOKENS, UNKNOWN_OUTPUT_TOKENS};
