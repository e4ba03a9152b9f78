//! Who answers a call: the route, failover before the first visible token, bounded retries.
//!
//! `plan.rs` decides what is tried next (pure), `answer.rs` carries it out as one stream,
//! `language_model.rs` holds what all calls share. What does *not* belong here: a vendor's wire.

mod answer;
mod jitter;
mod language_model;
mod plan;
mod provider;
mod report;
mod route;

#[cfg(test)]
mod tests;

pub use language_model::{ProviderStatus, Router};
pub use plan::RetrySettings;
